/**
 * Lock-like waiting that is no lock: journal handles and commit waits, folio and entry bits. The kernel annotates some of
 * them for lockdep (`rwsem_acquire_read(&journal->j_trans_commit_map)`), the simulator annotates all, so that they show in
 * traces, in the wait-for graph and in the lock order. The waiting itself is the caller's.
 */

import type { Kernel } from './kernel.ts'
import type { LockMode, SimLock } from './locks.ts'

/** The running task asks for it. */
export function wants(kernel: Kernel, lock: SimLock, mode: LockMode): void {
  const task = kernel.current
  kernel.sink.lockAcquire(task, lock, mode, false)
  task.waitingMode = mode
  task.waitingSince = kernel.now
}

/** It has to wait; call before each sleep. */
export function waits(kernel: Kernel, lock: SimLock): void {
  const task = kernel.current
  if (task.waitingOn === lock) return
  task.waitingOn = lock
  kernel.sink.lockContended(task, lock)
}

export function got(kernel: Kernel, lock: SimLock, mode: LockMode, layer = 'fs'): void {
  const task = kernel.current
  task.waitingOn = undefined
  task.held.push({ lock, mode, layer, since: kernel.now })
  kernel.sink.lockAcquired(task, lock)
}

export function letGo(kernel: Kernel, lock: SimLock): void {
  const held = kernel.current.held
  for (let i = held.length - 1; i >= 0; i--) {
    if (held[i].lock !== lock) continue
    held.splice(i, 1)
    kernel.sink.lockRelease(kernel.current, lock)
    return
  }
  kernel.report('V12', `${kernel.current.comm} lets go of ${lock.className} which it does not hold`)
}

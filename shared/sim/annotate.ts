/**
 * Lock-like waiting that is no lock: journal handles and commit waits, folio and entry bits. The kernel annotates some of
 * them for lockdep (`rwsem_acquire_read(&journal->j_trans_commit_map)`), the simulator annotates all, so that they show in
 * traces, in the wait-for graph and in the lock order. The waiting itself is the caller's.
 */

import { lockMistake } from './finding.ts'
import type { Kernel } from './kernel.ts'
import type { LockMode, SimLock } from './locks.ts'
import { heldAt, type SimTask } from './task.ts'

/** The running task asks for it. */
export function wants(kernel: Kernel, lock: SimLock, mode: LockMode): void {
  const task = kernel.current
  kernel.sink.lockAcquire(task, lock, mode, false)
  task.waitingMode = mode
  task.waitingSince = kernel.now
}

/** It has to wait for what `tasks` do; call before each sleep. */
export function waits(kernel: Kernel, lock: SimLock, tasks: () => Iterable<SimTask>): void {
  const task = kernel.current
  if (task.waitingOn !== lock) kernel.sink.lockContended(task, lock)
  task.waitingOn = lock
  task.waitsForTasks = tasks
}

export function got(kernel: Kernel, lock: SimLock, mode: LockMode, layer = 'fs'): void {
  const task = kernel.current
  task.waitingOn = undefined
  task.waitsForTasks = undefined
  lock.enter(task, { mode, layer, since: kernel.now })
  lock.granted(kernel.now - task.waitingSince)
  kernel.sink.lockAcquired(task, lock)
}

export function letGo(kernel: Kernel, lock: SimLock): void {
  const task = kernel.current
  const at = heldAt(task, lock)
  if (at === -1) {
    kernel.report('V12', () => lockMistake(task, `lets go of ${lock.className} which it does not hold`, lock))
    return
  }
  lock.leave(task, at, kernel.now)
  kernel.sink.lockRelease(task, lock)
}

/** The wait is over without taking it: it was seen free. Shown as taken and let go at once. */
export function sawFree(kernel: Kernel, lock: SimLock): void {
  const task = kernel.current
  task.waitingOn = undefined
  task.waitsForTasks = undefined
  lock.granted(kernel.now - task.waitingSince)
  kernel.sink.lockAcquired(task, lock)
  kernel.sink.lockRelease(task, lock)
}

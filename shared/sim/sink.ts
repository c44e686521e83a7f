/**
 * What a running kernel tells the world: the same happenings a trace of a real kernel has, each with the kernel's clock
 * and the task's CPU. A recorder turns them into a trace, an explorer ignores most of them, a test collects them.
 */

import type { LockMode, SimLock } from './locks.ts'
import type { SimTask } from './task.ts'

export interface SimSink {
  lockAcquire(task: SimTask, lock: SimLock, mode: LockMode, trylock: boolean): void
  lockContended(task: SimTask, lock: SimLock): void
  lockAcquired(task: SimTask, lock: SimLock): void
  lockRelease(task: SimTask, lock: SimLock): void
  phaseBegin(task: SimTask, phase: number): void
  phaseEnd(task: SimTask, phase: number): void
  opBegin(task: SimTask, kind: string, inode: number, offset: number, length: number): void
  opEnd(task: SimTask, result: number): void
  /** `next` undefined: the CPU goes idle. */
  switch(cpu: number, previous: SimTask | undefined, next: SimTask | undefined): void
  /** `by` undefined: a timer or a device. */
  wakeup(task: SimTask, by: SimTask | undefined): void
  /** An invariant was seen violated, by what `task` just did. */
  finding(task: SimTask | undefined, invariant: string): void
}

/** Hears nothing. */
export const silent: SimSink = {
  lockAcquire: () => undefined,
  lockContended: () => undefined,
  lockAcquired: () => undefined,
  lockRelease: () => undefined,
  phaseBegin: () => undefined,
  phaseEnd: () => undefined,
  opBegin: () => undefined,
  opEnd: () => undefined,
  switch: () => undefined,
  wakeup: () => undefined,
  finding: () => undefined,
}

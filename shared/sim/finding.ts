/**
 * A violation as it was found: the invariant, who has a part in it, what it is about, when, and a sentence that names them.
 * What the invariants are stands in invariants/invariants.ts; whoever judges them builds the sentence only if it is told.
 */

import type { Ns } from '../model/trace.ts'
import type { SimLock } from './locks.ts'
import { heldNames, type SimTask } from './task.ts'

export interface Finding {
  /** V1 … V20 (invariants/invariants.ts). */
  readonly invariant: string
  readonly message: string
  /** Everybody who has a part in it, and what it is about: the sentence names them all. */
  readonly tasks: readonly string[]
  readonly objects: readonly string[]
  /** In whose move it showed. */
  readonly task: SimTask
  readonly at: Ns
}

/** A violation in words. Of the tasks it names none is left out; who is at fault alone goes without saying. */
export interface Told {
  readonly message: string
  readonly objects: readonly string[]
  readonly tasks?: readonly string[]
}

/** A task does something to a lock that it may not. */
export function lockMistake(task: SimTask, does: string, lock: SimLock): Told {
  return { message: `${task.comm} ${does}`, objects: [lock.className] }
}

/** It does something while it holds locks, or because of that. */
export function holding(task: SimTask, does: string): Told {
  return { message: `${task.comm} ${does} ${heldNames(task)}`, objects: task.held.map(({ lock }) => lock.className) }
}

/** A page as sentences call it. */
export function pageName(inode: { readonly number: number }, index: number): string {
  return `page ${index} of inode ${inode.number}`
}

/** Whose code runs, as number plus 1; 0: nobody's has yet, the world is being set up. */
export function actorIn({ stepsTaken, current }: { readonly stepsTaken: number; readonly current: SimTask }): number {
  return stepsTaken === 0 ? 0 : current.id + 1
}

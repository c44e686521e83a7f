/**
 * Who waits for whom. An edge goes from a waiting task to each task that must move first: the holders of the lock it wants,
 * and for lock-like waiting (handles, commits, entry bits, ranges) whomever the waiting code names. Every edge must be
 * served, so any circle is a deadlock.
 */

import type { Ns } from '../model/trace.ts'
import type { Told } from './finding.ts'
import { heldNames, type SimTask } from './task.ts'

/** Tasks that wait for each other: each for what the next one holds (or stands in the queue for). */
export interface Deadlock {
  readonly at: Ns
  readonly cycle: readonly SimTask[]
}

/**
 * Whose move a waiting task needs. Those queued before it for the same lock wait for the same holders: they add nothing, in
 * no mode (a reader behind a queued writer needs what the writer needs).
 */
export function blockersOf(task: SimTask): Iterable<SimTask> {
  return task.waitingFor === undefined ? (task.waitsForTasks?.() ?? []) : task.waitingFor.holders()
}

export function waitsNow(task: SimTask): boolean {
  return task.state === 'blocked' || task.state === 'spinning'
}

/** Owners looked at one after the other before what was seen is written down. */
const LONG_WAY = 8

/**
 * A wait ends with somebody who waits for nobody, or for a lock that nobody has: so it is nearly always, at every wait, and
 * from owner to owner there is one way only. True: it does. A circle goes on and on, and is not followed for long.
 */
function leadsOut(start: SimTask): boolean {
  let task = start
  for (let hops = 0; hops < LONG_WAY; hops++) {
    const lock = task.waitingFor
    if (lock === undefined || lock.readers > 0) return false
    const { owner } = lock
    if (owner === undefined || !waitsNow(owner)) return true
    task = owner
  }
  return false
}

/** The circle a wait of `start` closes, `start` first; undefined if none. */
export function circleFrom(start: SimTask): readonly SimTask[] | undefined {
  if (leadsOut(start)) return undefined
  const seen = new Set<SimTask>()
  const path: SimTask[] = []
  const visit = (task: SimTask): boolean => {
    path.push(task)
    for (const next of blockersOf(task)) {
      if (next === start) return true
      // Hundreds may have a handle when a commit begins, and hundreds wait for them: few are worth writing down.
      if (!waitsNow(next) || leadsOut(next) || seen.has(next)) continue
      seen.add(next)
      if (visit(next)) return true
    }
    path.pop()
    return false
  }
  return visit(start) ? path : undefined
}

/** What a task waits for, as sentences call it. */
export function awaited(task: SimTask): string {
  return (task.waitingFor ?? task.waitingOn)?.className ?? 'a wake-up'
}

export function describeWait(task: SimTask): string {
  const what = awaited(task)
  const held = heldNames(task)
  return `${task.comm} waits for ${what}${held === '' ? '' : ` and holds ${held}`}`
}

/** A circle in words. */
export function circleTold(cycle: readonly SimTask[]): Told {
  return {
    message: cycle.map((one) => describeWait(one)).join('; '),
    tasks: cycle.map(({ comm }) => comm),
    objects: [...new Set(cycle.map((one) => awaited(one)))],
  }
}

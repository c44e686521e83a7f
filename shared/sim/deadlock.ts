/**
 * Who waits for whom. An edge goes from a waiting task to each task that must move first: the holders of the lock it wants,
 * those queued before it (a queued writer keeps readers out), and for lock-like waiting (handles, commits, entry bits,
 * ranges) whomever the waiting code names. Every edge must be served, so any circle is a deadlock.
 *
 * Readers are not listed per lock (a release would have to search the list): the rare question "who holds it shared" is
 * answered by looking through all tasks.
 */

import type { Ns } from '../model/trace.ts'
import type { SimLock } from './locks.ts'
import type { SimTask } from './task.ts'

export interface Finding {
  /** V1 … V20 of DOMAIN.md 5.1. */
  readonly invariant: string
  readonly message: string
  readonly task: SimTask | undefined
  readonly at: Ns
}

/** Tasks that wait for each other: each for what the next one holds (or stands in the queue for). */
export interface Deadlock {
  readonly at: Ns
  readonly cycle: readonly SimTask[]
}

export function holdersOf(lock: SimLock, tasks: readonly SimTask[]): SimTask[] {
  if (lock.owner !== undefined) return [lock.owner]
  if (lock.readers === 0) return []
  return tasks.filter((task) => task.held.some((held) => held.lock === lock))
}

export function blockersOf(task: SimTask, tasks: readonly SimTask[]): SimTask[] {
  const lock = task.waitingFor
  if (lock === undefined) return task.waitsForTasks === undefined ? [] : [...task.waitsForTasks()]
  // Those queued before it wait for the same owner: they add nothing.
  if (lock.owner !== undefined) return [lock.owner]
  const found = holdersOf(lock, tasks)
  for (const other of lock.queue) {
    if (other === task) break
    if (other.waitingMode === 'exclusive' || task.waitingMode === 'exclusive') found.push(other)
  }
  return found
}

export function waitsNow(task: SimTask): boolean {
  return task.state === 'blocked' || task.state === 'spinning'
}

/** The circle a wait of `start` closes, `start` first; undefined if none. */
export function waitCycle(start: SimTask, tasks: readonly SimTask[]): readonly SimTask[] | undefined {
  const seen = new Set<SimTask>()
  const path: SimTask[] = []
  const visit = (task: SimTask): boolean => {
    path.push(task)
    for (const next of blockersOf(task, tasks)) {
      if (next === start) return true
      if (seen.has(next) || !waitsNow(next)) continue
      seen.add(next)
      if (visit(next)) return true
    }
    path.pop()
    return false
  }
  return visit(start) ? path : undefined
}

export function describeWait(task: SimTask): string {
  const what = (task.waitingFor ?? task.waitingOn)?.className ?? 'a wake-up'
  const held = task.held.map((one) => one.lock.className).join(', ')
  return `${task.comm} waits for ${what}${held === '' ? '' : ` and holds ${held}`}`
}

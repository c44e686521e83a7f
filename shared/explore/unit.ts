/**
 * What a search is given and what it hands back: units of the tree of schedules, each a prefix and everything below it, and the
 * points of the path that a search stands on.
 */

import type { OrderWatch } from './order-watch.ts'
import { Asks, type Seen } from './seen.ts'

/** A task that a sibling has covered, with what it did there. */
export interface Sleeper {
  readonly task: number
  readonly codes: readonly number[]
}

export interface UnitSpec {
  readonly prefix: readonly number[]
  /** Asleep at the last point of the prefix, before its last move. */
  readonly sleepers: readonly Sleeper[]
}

export interface SearchOptions {
  /** Most preemptions of a schedule; undefined: no bound. */
  readonly preemptions: number | undefined
  /** Most moves of an execution. */
  readonly depth: number
  /** False: every choice at every point, for measuring and testing. */
  readonly reduce: boolean
  /** Watches the lock order; circles are violations then. */
  readonly watch?: OrderWatch
  /** With a bound: turns that have been searched before, by whoever searched this subject. */
  readonly seen?: Seen
  /** Which of several it is that go through the same tree with one memory, from 0. */
  readonly lane?: number
}

/** A point of the path with what is left to do there. */
export interface OpenPoint {
  /** Moves before it. */
  readonly depth: number
  /** Tasks gone into, the current one included; with their footprints where known. */
  readonly done: number
  readonly doneCodes: readonly Sleeper[]
  /** Tasks on the list, as bits. */
  readonly todo: number
  readonly sleepers: readonly Sleeper[]
  /** Whose going on is no preemption, -1 any; and preemptions before it. */
  readonly continues: number
  readonly preemptions: number
}

export interface UnitResult {
  readonly executions: number
  /** Those that ended early because what was left had been covered. */
  readonly redundant: number
  readonly steps: number
  /** Executions that were too long. */
  readonly cut: number
  /** Some move was over the bound. */
  readonly bounded: boolean
  /** Points above the unit (moves before) and tasks asked for there, as bits. */
  readonly escapes: readonly { readonly depth: number; readonly tasks: number }[]
  /** The last execution's moves, and its points below the unit's prefix; empty where the unit has ended. */
  readonly path: readonly number[]
  readonly open: readonly OpenPoint[]
  readonly found: readonly Found[]
}

export interface Found {
  readonly key: string
  readonly moves: readonly number[]
}

export class Point {
  enabled = 0
  backtrack = 0
  done = 0
  chosen = -1
  /** Task whose continuing is no preemption; -1: any choice is free. */
  continues = -1
  preemptions = 0
  /** Footprint of the chosen move. */
  codes: number[] = []
  sleepers: Sleeper[] = []
  doneCodes: Sleeper[] = []
  /** With a bound: what the orders seen below ask for above. */
  readonly asks = new Asks()
}

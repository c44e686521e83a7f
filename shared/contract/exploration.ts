/**
 * What exploring says over the contract: all schedules of a scenario (or a race) under a strategy within a bound, and one
 * schedule played back. `complete` is said only when nothing was left out within the bound. `null` is "cannot be known" or
 * "not asked for", never 0.
 */

import * as z from 'zod'
import { limits } from '../base/limits.ts'
import type { ExploredFinding, WaitLink } from '../explore/execution.ts'
import type { FilmStep } from '../explore/film.ts'
import type { OpenedFile } from './files.ts'

export const EXPLORE_MODES = ['dfs', 'random', 'pct'] as const
export type ExploreMode = (typeof EXPLORE_MODES)[number]

/** Every race of the catalogue needs at most two preemptions. */
export const DEFAULT_PREEMPTIONS = 2

export const exploreSchema = z.strictObject({
  /** A scenario, or a race of the catalogue. */
  scenario: z.string().min(1).max(64),
  /** `F`, or with overrides `F,tx=tx-before-locks`. Left out: the scenario's first. */
  strategy: z.string().min(1).max(4096).optional(),
  /** Slots and switches that replace the strategy's own. */
  slots: z.record(z.string().max(64), z.string().max(64)).default({}),
  fs: z.string().max(16).optional(),
  /** Parameters that differ from the scenario's size for a search. */
  set: z.record(z.string().max(64), z.union([z.string().max(200), z.number(), z.boolean()])).default({}),
  /** How often each actor goes round its loop. */
  rounds: z.int().min(1).max(100).default(1),
  /** Of the scenario's own choices, and of the random modes. */
  seed: z.int().nonnegative().default(1),
  /** dfs: every schedule within the bound; random: each move drawn; pct: priorities with few changes. */
  mode: z.enum(EXPLORE_MODES).default('dfs'),
  /** Switches away from a task that could go on; null: no bound. */
  preemptions: z.int().min(0).max(20).nullable().default(DEFAULT_PREEMPTIONS),
  /** Most moves of one schedule. */
  depth: z.int().min(1).max(limits.exploreDepth).default(limits.exploreDepth),
  /** Most schedules. */
  budget: z.int().min(1).max(limits.exploreBudget).default(limits.exploreBudgetDefault),
  /** Leave out schedules that differ in the order of independent moves only. */
  reduce: z.boolean().default(true),
  /** Threads; left out: as many as the machine has, all but the first once a search within a bound is no short one. */
  workers: z.int().min(1).max(64).optional(),
})

export const replaySchema = z.strictObject({
  schedule: z.string().min(1).max(limits.scheduleChars),
  /** Play the same moves' beginning under another strategy, as far as they can be made. */
  strategy: z.string().min(1).max(4096).optional(),
})

/** A schedule as a trace: what happens on it, in the order in which it does. */
export const recordSchema = z.strictObject({ schedule: z.string().min(1).max(limits.scheduleChars) })

export interface RecordedSchedule {
  readonly schedule: string
  readonly opened: OpenedFile
}

export interface OrderEdgeRow {
  readonly from: string
  readonly to: string
  /** Who showed it first, and in which move of its schedule. */
  readonly by: string
  readonly move: number
}

export interface LockOrderResult {
  /** `[held, wanted, who]`. */
  readonly edges: readonly (readonly [string, string, string])[]
  /** Classes round each circle, beginning with the first in the alphabet. */
  readonly cycles: readonly (readonly string[])[]
}

export interface ExploreViolation {
  readonly invariant: string
  readonly severity: string
  /** The race that was explored; null for a scenario. */
  readonly race: string | null
  readonly message: string
  /** Who and what the sentence names, and what had just happened. */
  readonly tasks: readonly string[]
  readonly objects: readonly string[]
  readonly event: string
  readonly task: string | null
  readonly preemptions: number
  readonly schedule: string
  readonly steps: readonly FilmStep[]
  /** State before the first step, by name; steps say what changes. */
  readonly initialState: Readonly<Record<string, string>>
  /** The circle of waiting it ends in; null: none. */
  readonly deadlock: readonly WaitLink[] | null
}

export interface ExploreResult {
  readonly scenario: string
  /** What was explored, with its size, as schedules name it. */
  readonly subject: string
  readonly strategy: string
  readonly slots: Readonly<Record<string, string>>
  readonly fs: string
  readonly mode: ExploreMode
  readonly tasks: readonly string[]
  readonly executions: number
  /** Executions that ended early, because what was left had been covered. */
  readonly redundant: number
  readonly steps: number
  readonly complete: boolean
  /** Why not, in a sentence; null where it is complete. */
  readonly incomplete: string | null
  readonly bound: {
    /** null: no bound. */
    readonly preemptions: number | null
    readonly depth: number
    readonly budget: number
  }
  /** No violation was seen. */
  readonly safe: boolean
  readonly violations: readonly ExploreViolation[]
  /** All there were, those without a film included. */
  readonly violationCount: number
  readonly lockOrder: LockOrderResult
  /** Power cuts; null: not asked for. */
  readonly crash: null
  readonly workers: number
  /** Of each of these threads. */
  readonly byWorker: readonly { readonly executions: number; readonly steps: number }[]
  readonly wallMs: number
}

export interface ReplayResult {
  /** As it was given, or with the strategy asked for. */
  readonly schedule: string
  /** The scenario's or race's id. */
  readonly scenario: string
  readonly subject: string
  readonly strategy: string
  readonly slots: Readonly<Record<string, string>>
  readonly fs: string
  /** `violated`, or `held`. */
  readonly outcome: 'violated' | 'held'
  readonly invariants: readonly string[]
  readonly findings: readonly ExploredFinding[]
  readonly deadlock: readonly WaitLink[] | null
  readonly tasks: readonly string[]
  readonly preemptions: number
  readonly steps: readonly FilmStep[]
  readonly initialState: Readonly<Record<string, string>>
  readonly lockOrder: LockOrderResult
  readonly wallMs: number
}

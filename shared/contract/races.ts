/**
 * What the race catalogue says over the contract: which races there are, one race under one strategy with its film, and the
 * matrix of all. Outcomes are computed by running; `expected` is what the literature says, for comparison only. `null` is "cannot
 * be known", never 0.
 */

import * as z from 'zod'
import type { ExploredFinding, WaitLink } from '../explore/execution.ts'
import type { FilmStep } from '../explore/film.ts'
import type { RaceOutcome } from '../races/index.ts'

export type { ExploredFinding, WaitLink } from '../explore/execution.ts'
export type { FilmStep } from '../explore/film.ts'
export type { RaceOutcome } from '../races/index.ts'

const raceId = z.string().min(1).max(16)
/** `F`, or with overrides `F,tx=tx-before-locks`. */
const strategy = z.string().min(1).max(4096)

export const raceSchema = z.object({
  race: raceId,
  strategy,
  /** Slots and switches that replace the strategy's own. */
  slots: z.record(z.string().max(64), z.string().max(64)).default({}),
  /** Film this script of the race, whatever decided: the same one beside another strategy's. */
  script: z.int().nonnegative().max(100).optional(),
})

export const verdictsSchema = z.strictObject({
  /** Left out: every race. */
  races: z.array(raceId).max(200).default([]),
  /** Left out: every preset. */
  strategies: z.array(strategy).max(64).default([]),
  /** Compute what has been computed before, too. */
  fresh: z.boolean().default(false),
})

export interface RaceInfo {
  readonly id: string
  readonly title: string
  readonly about: string
  readonly severity: string
  readonly invariants: readonly string[]
  readonly sources: readonly string[]
  /** Of a race that is any of several others. */
  readonly parts: readonly string[] | null
  /** Its scripts: the bad interleavings it drives. */
  readonly scripts: readonly string[]
}

export interface VerdictRow {
  readonly race: string
  readonly strategy: string
  readonly outcome: RaceOutcome
  /** What the literature says; null where nobody does. */
  readonly expected: RaceOutcome | null
  readonly invariants: readonly string[]
  /** What was seen, or why the race does not apply. */
  readonly why: string | null
  readonly schedule: string | null
  /** The race that decided: of a group one of its parts. */
  readonly decidedBy: string
  /** Executions of the search behind `held`, and whether it left nothing out within two preemptions. */
  readonly executions: number
  readonly complete: boolean
  /** Preemptions within which the search left nothing out; null: it did, or there was none. */
  readonly within: number | null
}

export interface RaceResult extends VerdictRow {
  readonly title: string
  readonly fs: string
  /** Slots and switches as they were run. */
  readonly slots: Readonly<Record<string, string>>
  /** Number of the filmed script; null: the search found the schedule, or nothing ran. */
  readonly script: number | null
  /** Of its lines: was the point reached, or did the actor have to wait? Empty where no script is filmed. */
  readonly reached: readonly boolean[]
  /** The film of `schedule`; empty where the race does not apply. */
  readonly steps: readonly FilmStep[]
  /** State before the first step, by name; steps say what changes. */
  readonly initialState: Readonly<Record<string, string>>
  /** What was found violated on the way, each with its sentence and the moves made before it. */
  readonly findings: readonly ExploredFinding[]
  /** The circle of waiting it ended in; null: everybody came through. */
  readonly deadlock: readonly WaitLink[] | null
  /** The film's own, not the search's: in which order locks were asked for, and the circles in that. */
  readonly lockOrder: FilmLockOrder
  readonly wallMs: number
}

/** Shown first by a task in a move; modes are of what was held and of what was asked for. */
export interface FilmOrderEdge {
  readonly from: string
  readonly to: string
  readonly modes: readonly (readonly ['exclusive' | 'shared', 'exclusive' | 'shared'])[]
  readonly task: string
  readonly move: number
}

export interface FilmLockOrder {
  readonly edges: readonly FilmOrderEdge[]
  readonly cycles: readonly {
    readonly classes: readonly string[]
    /** Places in `edges`, the one that closed it first. */
    readonly edges: readonly number[]
    readonly lockdepSees: boolean
    readonly needsQueuedWriter: boolean
  }[]
}

export interface VerdictsResult {
  readonly rows: readonly VerdictRow[]
  readonly wallMs: number
}

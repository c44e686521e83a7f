/**
 * Sweeps over the contract: a plan is a list of independent jobs, each one run of a scenario or one replay of a trace; a
 * job's result is a file of its own, named after what the job is; merging makes one file of them. Any machine may run any
 * job in any order: nothing but the job's own line decides what comes out.
 */

import * as z from 'zod'
import { limits } from '../base/limits.ts'
import type { Ci95, MostlyFailed } from './simulation.ts'

const word = z.string().min(1).max(4096)
const value = z.union([z.string().max(200), z.number(), z.boolean()])
const slots = z.record(z.string().max(64), z.string().max(64)).default({})
const seed = z.int().nonnegative()

export const sweepPlanSchema = z.strictObject({
  subject: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('scenario'),
      scenario: word,
      /** Left out: the scenario's own. */
      fs: z.string().max(16).optional(),
      slots,
      /** Every combination of these values. */
      set: z.record(z.string().max(64), z.array(value).min(1).max(1_000)).default({}),
    }),
    z.strictObject({ kind: z.literal('trace'), path: word, trace: z.int().positive().default(1) }),
  ]),
  strategies: z.array(word).max(64).default([]),
  /** What others are measured against, and what a trace was recorded under. */
  baseline: word.optional(),
  seeds: z.int().positive().max(10_000).default(8),
  seed: seed.default(1),
})

/** One line of a plan. */
export const sweepJobSchema = z.strictObject({
  /** Its line. */
  job: z.int().positive(),
  /** Of everything that decides the result; the result's file is named after it. */
  id: z.string().regex(/^[0-9a-f]{12}$/),
  /** Faultline's own. */
  version: z.string().max(64),
  work: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('scenario'),
      scenario: word,
      fs: z.string().max(16).optional(),
      slots,
      set: z.record(z.string().max(64), value),
    }),
    /** `sha256` of the file, its first 16 digits. */
    z.strictObject({
      kind: z.literal('trace'),
      path: word,
      trace: z.int().positive(),
      sha256: z.string().regex(/^[0-9a-f]{16}$/),
    }),
  ]),
  strategy: word,
  /** Strategies of the user's own that the job runs: the file when it was planned, and the id it must have. */
  own: z
    .array(z.strictObject({ path: word, id: word }))
    .max(2)
    .optional(),
  baseline: word,
  seed,
})
export type SweepJob = z.infer<typeof sweepJobSchema>

const jobs = z.array(sweepJobSchema).min(1).max(limits.sweepJobs)

export const sweepRunSchema = z.strictObject({
  jobs,
  /** Folder of the results; made if it is not there. */
  out: word,
  /** How often a job that failed is tried again. */
  retries: z.int().min(0).max(10).default(1),
  workers: z.int().min(1).max(256).optional(),
})

export const sweepMergeSchema = z.strictObject({
  jobs,
  from: word,
  out: word,
  force: z.boolean().default(false),
  /** Merge what is there although results are missing. */
  partial: z.boolean().default(false),
})

export interface SweepFailure {
  readonly job: number
  readonly what: string
  readonly why: string
  readonly tries: number
}

export interface SweepRun {
  readonly total: number
  readonly done: number
  /** Their results were there already. */
  readonly skipped: number
  readonly failed: readonly SweepFailure[]
  /** In files of strategies of the user's own, with their lines. */
  readonly mistakes: readonly string[]
  readonly wallMs: number
}

/** All seeds of one strategy with one set of parameters. */
export interface SweepRow {
  readonly subject: string
  readonly set: Readonly<Record<string, string | number | boolean>>
  readonly strategy: string
  readonly runs: number
  readonly opsPerSecond: number
  readonly ci95: Ci95
  readonly baseline: boolean
  /**
   * Against the baseline with the same parameters and seeds, over the runs that did not end in a deadlock; null: it is the
   * baseline, or there are no such runs, or they mostly failed.
   */
  readonly ratio: number | null
  readonly ratioCi95: Ci95
  readonly enough: boolean
  readonly deadlocks: number
  /** Operations that failed, of all runs. */
  readonly failed: number
  readonly mostlyFailed: MostlyFailed | null
  readonly violations: number
  /** In files of strategies of the user's own, with their lines. */
  readonly mistakes: readonly string[]
}

export interface SweepMerge {
  readonly file: string
  readonly traces: number
  /** Jobs without a result, by number. */
  readonly missing: readonly number[]
  readonly rows: readonly SweepRow[]
  readonly wallMs: number
}

const tally = z.int().nonnegative()

/** What came out of a run, kept in its file as the diagnostic `sweep-result`: read from a file that may be a stranger's. */
export const sweepResultSchema = z.object({
  opsPerSecond: z.number().nonnegative(),
  ops: tally,
  digest: z.string(),
  deadlock: z.boolean(),
  /** By kind: how often, and how often in vain. Results of before this was kept have none. */
  tried: z.array(z.object({ op: z.string(), count: tally, failed: tally })).optional(),
  truncated: z.boolean(),
  violations: z.record(z.string(), tally),
  mistakes: z.array(z.string()).readonly(),
})
export type SweepResult = Readonly<z.infer<typeof sweepResultSchema>>

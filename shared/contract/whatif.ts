/**
 * What-if over the contract: a recorded trace replayed under other strategies, with how well the replay matches the
 * recording. Times are ns; an error is replayed over recorded, minus one.
 */

import * as z from 'zod'
import type { Workload } from '../whatif/workload.ts'
import { limits } from '../base/limits.ts'
import type { OpenedFile } from './files.ts'
import { place, workloadSchema, type Ci95, type ComparedStrategy, type CompareResult } from './simulation.ts'

const arrival = z.enum(['closed', 'open'])
const id = z.string().min(1).max(4096)
/** Left out: chosen per task by evidence. For all tasks, or by a task's name or pid. */
const arrivals = z.union([arrival, z.record(id, arrival)]).optional()

export const whatIfSchema = z.object({
  file: id,
  /** Id of the trace in the file. */
  trace: z.int().nonnegative(),
  strategies: z.array(id).min(1).max(26),
  /** What the trace was made under; left out: what it says, and of a recorded one K, today's kernels. */
  baseline: id.optional(),
  seeds: z.int().positive().max(100).default(8),
  seed: z.int().nonnegative().default(1),
  arrival: arrivals,
  /** Prices of the machine or of a step, ns, instead of what was calibrated. */
  set: z.record(id, z.int().nonnegative()).default({}),
  /** Most schedules searched per strategy, of the small worlds where operations of these kinds meet; 0: none. */
  explore: z.int().nonnegative().max(limits.exploreBudget).default(limits.compareSchedules),
  ...place,
})

export interface FidelityRow {
  /** Operation kind or lock. */
  readonly of: string
  /** `p50`, `p90`, `p99`, `waitTotal`. */
  readonly figure: string
  readonly count: number
  readonly recordedNs: number | null
  readonly replayedNs: number | null
  /** Lowest and highest of one seed's replay; null: fewer than two say anything. */
  readonly seedsNs: SeedRange
  readonly error: number | null
}

/** Lowest and highest of one seed alone; null: fewer than two. */
export type SeedRange = readonly [number, number] | null

/** A simulated trace made again from what its run was given. */
export interface SimulatedAgain {
  readonly strategy: string
  readonly seed: number
  readonly digest: string
  /** The trace has that digest. */
  readonly identical: boolean
  /** Prices taken from the trace's phases, by id, for the run of the next figure. */
  readonly prices: Readonly<Record<string, number>>
  /** Of the means and medians of its kinds of operation, the farthest from the trace's; null: too few operations. */
  readonly fittedError: number | null
  /** The same of a run with the next seed: what chance is. Null too where the run was given prices. */
  readonly otherSeedError: number | null
  /**
   * The same of runs with 2 % more or less in the prices that were fitted, the farthest: a run that this moves by more
   * than 3 % is chaotic, and what it came to is one draw of many. Null: fitted prices came within 3 %, so it was not asked.
   */
  readonly nudgedError: number | null
}

export interface Fidelity {
  readonly rows: readonly FidelityRow[]
  readonly medianErrorP50: number | null
  readonly medianErrorP99: number | null
  readonly medianErrorWaits: number | null
  /** The same three of one seed's replay alone: how far an error is chance. */
  readonly seeds: { readonly p50: SeedRange; readonly p99: SeedRange; readonly waits: SeedRange }
  /** Of a simulated trace that knows what its run was given. */
  readonly again?: SimulatedAgain
}

/** A workload without its operations: what it says of itself. */
export interface WorkloadSummary extends Omit<Workload, 'tasks' | 'files' | 'background'> {
  readonly kind: 'trace'
  readonly trace: string
  readonly ops: number
  readonly tasks: readonly {
    readonly comm: string
    readonly ops: number
    readonly arrival: 'closed' | 'open'
    readonly evidence: string
  }[]
}

/** What `compare --trace` answers. */
export interface WhatIfResult {
  readonly workload: WorkloadSummary
  readonly baseline: string
  readonly seeds: readonly number[]
  readonly strategies: readonly ComparedStrategy[]
  readonly fidelity: Fidelity
  readonly assumptions: readonly string[]
  /** With the recorded trace and, as its children, the first seed's replays; null: nothing was stored. */
  readonly file: string | null
  readonly opened: OpenedFile | null
  readonly wallMs: number
}

const recordedSchema = z.object({ file: id, trace: z.int().nonnegative() })

export const backtestSchema = z.object({
  from: recordedSchema,
  to: recordedSchema,
  /** What B was made under; left out: what it says, and of a recorded one K with exclusive locks. */
  strategy: id.optional(),
  /** What A was made under; left out: what it says, and of a recorded one K. */
  baseline: id.optional(),
  /** Other recordings of the same workload on A's kernel and on B's, in the same order: what noise is. */
  repeats: z
    .object({ from: z.array(recordedSchema).max(100), to: z.array(recordedSchema).max(100) })
    .default({ from: [], to: [] }),
  /** Prices of the machine or of a step, ns, instead of what was calibrated. */
  set: z.record(id, z.int().nonnegative()).default({}),
  seeds: z.int().positive().max(100).default(8),
  seed: z.int().nonnegative().default(1),
})

/** How much recordings of one kernel differ among themselves. */
export interface RepeatNoise {
  /** Standard deviation over mean, of A's recordings and of B's; null: there is one. */
  readonly before: number | null
  readonly actual: number | null
  /** Smallest and largest ratio of a pair of recordings. */
  readonly ratioLow: number
  readonly ratioHigh: number
  readonly pairs: number
}

/** How a figure moved: what was predicted, what happened. */
export interface BacktestRatio {
  /** Operation kind; empty for the run as a whole. */
  readonly op: string
  /** Predicted over actual, minus one. */
  readonly error: number
  readonly errorCi95: Ci95
  readonly predictedRatio: number
  readonly predictedCi95: Ci95
  readonly actualRatio: number
  /** Null: no repetitions were given. */
  readonly noise: RepeatNoise | null
  /** Is the predicted ratio one that repetitions gave? Null: too few to say. */
  readonly inside: boolean | null
}

export interface BacktestRow extends BacktestRatio {
  /** `mean`, `p50`, `p90`, `p99`, `duration`. */
  readonly percentile: string
  readonly beforeNs: number
  readonly predictedNs: number
  readonly actualNs: number
}

/** Operations of a kind per second, from its first begin to its last end. */
export interface BacktestRate extends BacktestRatio {
  readonly beforePerSecond: number
  readonly predictedPerSecond: number
  readonly actualPerSecond: number
}

/** What `backtest` answers. */
export interface BacktestResult {
  readonly from: string
  readonly to: string
  readonly strategy: string
  readonly baseline: string
  readonly seeds: readonly number[]
  readonly rows: readonly BacktestRow[]
  readonly throughput: readonly BacktestRate[]
  /** In the file of a strategy of the user's own, with its line. */
  readonly mistakes: readonly string[]
  /** Names of the repetitions. */
  readonly repeats: { readonly from: readonly string[]; readonly to: readonly string[] }
  readonly fidelity: Fidelity
  readonly workload: Pick<WorkloadSummary, 'fromTrace' | 'defaults' | 'missing'>
  readonly assumptions: readonly string[]
  readonly wallMs: number
}

/** What an experiment is about: a scenario with its parameters, or a recorded trace. */
const subjectSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('scenario'), ...workloadSchema }),
  z.object({
    kind: z.literal('trace'),
    file: id,
    trace: z.int().nonnegative(),
    /** What the trace was made under; left out: what it says, and of a recorded one K. */
    baseline: id.optional(),
    arrival: arrivals,
  }),
])
export type ExperimentSubject = z.infer<typeof subjectSchema>

export const sensitivitySchema = z.object({
  subject: subjectSchema,
  /** Left out: the scenario's first, or what the trace was recorded under. */
  strategy: id.optional(),
  seeds: z.int().positive().max(100).default(6),
  seed: z.int().nonnegative().default(1),
  /** Most pairs of lock and phase; those with most work under the lock are asked about. */
  top: z.int().positive().max(100).default(12),
})

export interface SensitivityPoint {
  /** -1: the work is gone; 0: as it is; 1: twice as long. */
  readonly change: number
  readonly opsPerSecond: number
  readonly p50Ns: number | null
  readonly p99Ns: number | null
  /** Of `opsPerSecond`. */
  readonly ci95: Ci95
  /** Throughput against the run as it is, with the same seeds. */
  readonly ratio: number | null
  readonly ratioCi95: Ci95
  /** Runs that ended in a deadlock; ratios are of the others, and so are rates unless all did. */
  readonly deadlocks: number
}

export interface SensitivityRow {
  readonly class: string
  readonly mode: 'exclusive' | 'shared'
  /** `(whole hold)`: everything under the lock. */
  readonly phase: string
  /** Other locks held over the same work. */
  readonly alsoUnder: readonly string[]
  /**
   * Relative change of throughput per doubling of the phase's work, where the curve is nearly straight; of seeds none of
   * whose runs ended in a deadlock. Null: there is none.
   */
  readonly slope: number | null
  readonly slopeCi95: Ci95
  /** False: the sample cannot tell the slope from none. */
  readonly enough: boolean
  /** The same of the mean latency of `op`. */
  readonly latencySlope: number | null
  readonly curve: readonly SensitivityPoint[]
}

/** A lock's place by slope (the list's order) and by waiting. */
export interface SensitivityLock {
  readonly class: string
  readonly mode: 'exclusive' | 'shared'
  readonly slope: number | null
  readonly enough: boolean
  readonly waitTotalNs: number
  /** 1: waited for most; null: nobody waited for it. */
  readonly waitRank: number | null
}

/** What `sensitivity` answers. */
export interface SensitivityResult {
  /** Scenario id or trace name. */
  readonly subject: string
  readonly strategy: string
  readonly seeds: readonly number[]
  /** The most frequent operation: latencies are its. */
  readonly op: string | null
  readonly rows: readonly SensitivityRow[]
  readonly locks: readonly SensitivityLock[]
  /** One sentence per row. */
  readonly words: readonly string[]
  readonly runs: number
  /** Of them, those that ended in a deadlock. */
  readonly deadlocks: number
  readonly assumptions: readonly string[]
  readonly fidelity: Fidelity | null
  /** In the file of a strategy of the user's own, with its line. */
  readonly mistakes: readonly string[]
  readonly wallMs: number
}

export const scalingSchema = z.object({
  subject: subjectSchema,
  strategies: z.array(id).max(26).default([]),
  cpus: z.array(z.int().min(1).max(512)).min(3).max(32).default([1, 2, 4, 8, 16, 32, 64, 128, 256, 512]),
  seeds: z.int().positive().max(100).default(6),
  seed: z.int().nonnegative().default(1),
})

/** Universal scalability law fitted to the points: throughput = unit·N / (1 + contention·(N-1) + coherency·N·(N-1)). */
export interface ScalabilityFit {
  readonly unit: number
  readonly contention: number
  readonly coherency: number
  /** CPUs at which the fitted curve is highest; null: it rises without end. */
  readonly peak: number | null
  /** Root of the mean squared relative distance of the points from the curve. */
  readonly error: number
}

export interface ScalingPoint {
  readonly cpus: number
  /** Of the workload. */
  readonly tasks: number
  readonly opsPerSecond: number
  readonly ci95: Ci95
  /** False: runs of a recording ended at a budget with operations left, so this is the rate of their beginning alone. */
  readonly whole: boolean
  /** Runs that ended in a deadlock: the rate is of the others. */
  readonly deadlocks: number
  /** All did: the rate is of what came before, and nothing is concluded from it. */
  readonly stuck: boolean
}

export interface ScalingStrategy {
  readonly id: string
  readonly points: readonly ScalingPoint[]
  /** CPUs beyond which more buy little; null: none up to the largest, or too few runs came to their end to say. */
  readonly knee: number | null
  /** 95 % over seeds; the far end null: beyond the largest. Null of fewer than six seeds. */
  readonly kneeCi95: readonly [low: number, high: number | null] | null
  readonly fit: ScalabilityFit | null
  /** The finding in a sentence. */
  readonly words: string
}

/** `faultline scaling`. */
export interface ScalingResult {
  readonly subject: string
  readonly cpus: readonly number[]
  readonly seeds: readonly number[]
  readonly strategies: readonly ScalingStrategy[]
  readonly method: string
  readonly assumptions: readonly string[]
  /** In files of strategies of the user's own, with their lines. */
  readonly mistakes: readonly string[]
  readonly wallMs: number
}

export const tracesSchema = z.object({
  /** The first is what the others are measured against. */
  traces: z
    .array(z.object({ file: id, trace: z.int().nonnegative() }))
    .min(2)
    .max(8),
})

/** Recordings side by side, nothing replayed; `strategies` are the recordings, and their runs are parts of their time. */
export interface TracesResult {
  readonly workload: { readonly kind: 'traces'; readonly names: readonly string[] }
  readonly baseline: string
  readonly seeds: readonly number[]
  readonly strategies: readonly ComparedStrategy[]
  readonly assumptions: readonly string[]
  readonly wallMs: number
}

/** Whatever is laid side by side. */
export type AnyComparison = CompareResult | WhatIfResult | TracesResult

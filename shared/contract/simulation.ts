/**
 * What simulating says over the contract: the catalogue of scenarios, strategies and slots, one run, and a comparison of
 * strategies over seeds. Names and ids are the model's; which ones exist is in the catalogue, never here. Times are ns of
 * simulated time. `null` is "cannot be known", never 0.
 */

import * as z from 'zod'
import type { ContentionRow } from '../analysis/parts/contention-row.ts'
import type { LatencyRow } from '../analysis/latency.ts'
import { limits } from '../base/limits.ts'
import type { OpenedFile } from './files.ts'

const id = z.string().min(1).max(4096)
/** Scenario parameters and named costs by name; text is read as the parameter's type. */
const settings = z.record(z.string().max(64), z.union([z.string().max(200), z.number(), z.boolean()]))
const seed = z.int().nonnegative()

/** What a run depends on; the seed and the strategy come on top. */
export const workloadSchema = {
  scenario: id,
  /** Slots and switches that replace the strategy's own, in every strategy of a comparison. */
  slots: z.record(z.string().max(64), z.string().max(64)).default({}),
  fs: z.string().max(16).optional(),
  set: settings.default({}),
}

/** Where the recorded runs go: to a path (the command line), into Faultline's own folder and open at once, or nowhere. */
export const place = {
  out: z.string().optional(),
  force: z.boolean().default(false),
  keep: z.boolean().default(false),
}

export const runSchema = z.object({
  ...workloadSchema,
  /** `F`, or with overrides `F,tx=tx-before-locks`. Left out: the scenario's first. */
  strategy: id.optional(),
  seed: seed.default(1),
  ...place,
})

export const compareSchema = z.object({
  ...workloadSchema,
  /** Left out: those the scenario is about. */
  strategies: z.array(id).max(26).default([]),
  /** One of `strategies`; left out, the first. */
  baseline: id.optional(),
  /** Runs per strategy, with the seeds seed … seed + seeds - 1, the same for every strategy. */
  seeds: z.int().positive().max(100).default(8),
  seed: seed.default(1),
  /** Runs that vary one parameter (SC1: `threads`): the throughput curve. */
  sweep: z
    .object({
      param: z.string().max(64),
      values: z.array(z.number()).min(1).max(32),
      seeds: z.int().positive().max(20).default(3),
    })
    .optional(),
  /** Most schedules searched per strategy, in the scenario's size for a search, for the verdict; 0: none. */
  explore: z.int().nonnegative().max(limits.exploreBudget).default(limits.compareSchedules),
  ...place,
})

export interface ParamInfo {
  readonly name: string
  readonly title: string
  readonly type: 'number' | 'choice' | 'switch'
  /** `ns`, `pages`, `threads` …; null where it has none. */
  readonly unit: string | null
  readonly min: number | null
  readonly max: number | null
  readonly default: number | string | boolean
  /** Of a choice. */
  readonly options: readonly string[] | null
  /** What it changes, or where its default comes from. */
  readonly about: string
}

export interface ScenarioInfo {
  readonly id: string
  readonly title: string
  readonly question: string
  /** Who does what, in a sentence. */
  readonly about: string
  readonly params: readonly ParamInfo[]
  /** Parameters of the size in which all its schedules can be searched, where they differ from the defaults. */
  readonly search: Readonly<Record<string, number | string | boolean>>
  /** Worth comparing here, the baseline first. */
  readonly strategies: readonly string[]
  readonly filesystems: readonly string[]
  /** Its number of threads, where a throughput curve over it makes sense. */
  readonly threadParam: string | null
  /** What is expected to come out, in sentences; tests hold the model to them. */
  readonly expected: readonly string[]
}

export interface StrategyInfo {
  readonly id: string
  readonly title: string
  /** When it existed, or that it never was merged. */
  readonly era: string
  /** What it does, in a sentence. */
  readonly about: string
  readonly history: string
  readonly protects: string
  readonly costs: string
  readonly sources: readonly string[]
  /** Option per slot, and switches it sets. */
  readonly slots: Readonly<Record<string, string>>
}

export interface SlotInfo {
  readonly id: string
  readonly title: string
  /** `P1` … `P7`; null for a switch. */
  readonly slot: string | null
  /** Of a switch; every strategy names an option of every slot. */
  readonly default: string | null
  readonly options: readonly { readonly id: string; readonly title: string; readonly about: string }[]
}

export interface SimCatalog {
  readonly scenarios: readonly ScenarioInfo[]
  readonly strategies: readonly StrategyInfo[]
  readonly slots: readonly SlotInfo[]
  readonly filesystems: readonly { readonly id: string; readonly title: string; readonly about: string }[]
  /** What runs are checked for. */
  readonly invariants: readonly {
    readonly id: string
    readonly title: string
    readonly about: string
    readonly severity: string
  }[]
  /** Prices every scenario can be run with; `set` takes their names too. */
  readonly costs: readonly ParamInfo[]
  /** What the model does not model, and what it assumes. */
  readonly assumptions: readonly string[]
}

/** A violated invariant. */
export interface ViolationInfo {
  readonly invariant: string
  readonly message: string
  /** How often in the run. */
  readonly count: number
  /** When it showed first. */
  readonly atNs: number
  readonly seed: number
}

/** What `simulate` answers. */
export interface RunSummary {
  readonly file: string | null
  readonly scenario: string
  readonly strategy: string
  readonly slots: Readonly<Record<string, string>>
  readonly fs: string
  readonly params: Readonly<Record<string, number | string | boolean>>
  readonly seed: number
  readonly digest: string
  readonly events: number
  readonly ops: number
  readonly simulatedNs: number
  readonly wallMs: number
  readonly violations: readonly ViolationInfo[]
  /** What the model counts beside operations: blocks left beyond the end of file, retries, yields. */
  readonly counters: Readonly<Record<string, number>>
  /** Tasks that waited for each other when nothing could go on; null: none. */
  readonly deadlock: { readonly atNs: number; readonly cycle: string } | null
  /** The run used up its budget of happenings and stopped before its end. */
  readonly truncated?: boolean
  /** Counts, sums and maxima; percentiles as a recorded run gives them, to within 1 % beyond a million operations of a kind. */
  readonly opCounts: readonly {
    readonly op: string
    readonly count: number
    readonly failed: number
    readonly meanNs: number
    readonly p50Ns: number
    readonly p99Ns: number
    readonly maxNs: number
  }[]
}

export interface RunResult extends RunSummary {
  /** With `keep`. */
  readonly opened: OpenedFile | null
}

export type Ci95 = readonly [low: number, high: number] | null

export interface EstimateInfo {
  readonly mean: number
  readonly ci95: Ci95
}

/**
 * Latency over all runs of a strategy: counts and sums of all of them, the smallest minimum and the largest maximum, and
 * percentiles as the mean of the runs' own. Times are those of operations that succeeded; waits are of all.
 */
export interface ComparedOp extends Omit<LatencyRow, 'task' | 'inode' | 'unfinished'> {
  readonly ci95: { readonly p50Ns: Ci95; readonly p99Ns: Ci95; readonly p999Ns: Ci95 }
}

/** A lock over all runs of a strategy, in the same way. */
export type ComparedLock = Omit<ContentionRow, 'classId' | 'lock' | 'address' | 'op' | 'task' | 'mostlyIn'>

/** Mean time of an operation: waiting for each lock class, sleeping in other ways and working. Adds up to the mean. */
export interface Breakdown {
  readonly op: string
  readonly meanNs: number
  readonly waits: readonly { readonly class: string; readonly ns: number }[]
  readonly restNs: number
}

/** Share of operations that took at most `ns[i]`, of all runs, in steps of less than 1 %. */
export interface Cdf {
  readonly op: string
  readonly ns: Float64Array
  readonly share: Float64Array
  /** Smallest and largest share of any single run; null: there is one run. */
  readonly low: Float64Array | null
  readonly high: Float64Array | null
}

/** Something violated: in timed runs, or found by searching schedules or power cuts. */
export interface VerdictViolation extends Omit<ViolationInfo, 'atNs' | 'seed'> {
  /** Of timed runs: when and with which seed it showed first. */
  readonly atNs: number | null
  readonly seed: number | null
  /** Of a search: the schedule that shows it, for `faultline replay` and the Races page. */
  readonly schedule: string | null
}

/** One world whose schedules were searched. */
export interface Searched {
  /** Scenario, with its size, as schedules name it. */
  readonly subject: string
  readonly executions: number
  /** Nothing was left out within the bound. */
  readonly complete: boolean
  readonly incomplete: string | null
  readonly bound: { readonly preemptions: number | null; readonly depth: number; readonly budget: number }
  readonly crash: {
    readonly points: number
    readonly states: number
    readonly complete: boolean
    readonly violations: number
  }
}

export interface Verdict {
  /** true: everything within the bounds was searched and held; false: something was violated; null: neither is known. */
  readonly safe: boolean | null
  readonly complete: boolean
  readonly executions: number
  /** One entry per invariant of timed runs, counted over all of them; one per finding of a search. */
  readonly violations: readonly VerdictViolation[]
  readonly searched: readonly Searched[]
}

export interface VersusBaseline {
  /**
   * `opsPerSecond`, `write_fault.p50Ns` …; lock-normalised, so that locks of different names compare: `lockWaitPerOpNs`,
   * `lockHoldPerOpNs`, `lockAcquisitionsPerOp`, `lockWaitPerAcquisitionNs`.
   */
  readonly metric: string
  readonly ratio: number | null
  readonly ci95: Ci95
  /** Wilcoxon signed-rank, two-sided. */
  readonly p: number
  /** Matched-pairs rank-biserial correlation: 1 every pair is larger, -1 every pair is smaller. */
  readonly effect: number
  /** False: the sample cannot tell. */
  readonly enough: boolean
}

/** Who waited longest, for what, and who was in the way. */
export interface WorstChain {
  readonly seed: number
  /** Row of the waiting span in that seed's run: what `faultline chain --wait` takes. */
  readonly waitId: number
  readonly task: string
  readonly op: string | null
  readonly class: string
  readonly waitNs: number
  readonly startNs: number
  readonly links: readonly {
    readonly task: string
    readonly op: string | null
    readonly phase: string | null
    readonly class: string
    readonly mode: 'exclusive' | 'shared'
    readonly overlapNs: number
  }[]
  readonly rootTask: string | null
  readonly rootOp: string | null
}

/** More than half of a kind of operation failed. */
export interface MostlyFailed {
  /** In the strategy's own runs, or in the baseline's. */
  readonly in: 'runs' | 'baseline'
  readonly op: string
  readonly failed: number
  readonly count: number
}

export interface ComparedStrategy {
  readonly id: string
  readonly title: string
  readonly slots: Readonly<Record<string, string>>
  readonly runs: number
  /**
   * Loads, stores and system calls that succeeded; a load or store counts once, whatever faults it took. Of replays and
   * recordings: recorded operations that succeeded.
   */
  readonly opsPerSecond: EstimateInfo
  /** Operations that failed, faults among them, of all runs; null: a recording that does not say how any ended. */
  readonly failed: number | null
  /** What keeps the runs from being compared with the baseline's; null: nothing mostly failed. */
  readonly mostlyFailed: MostlyFailed | null
  readonly ops: readonly ComparedOp[]
  readonly locks: readonly ComparedLock[]
  readonly breakdown: readonly Breakdown[]
  readonly verdict: Verdict
  readonly versusBaseline: readonly VersusBaseline[]
  readonly cdf: readonly Cdf[]
  /** The longest wait of all runs, to its root; null: nobody waited. */
  readonly worstChain: WorstChain | null
  /** Of the first seed's run. */
  readonly digest: string
  /** Its trace in `opened` or `file`. */
  readonly trace: number | null
  /** The model's own counts, mean per run. */
  readonly counters: Readonly<Record<string, number>>
  /** Runs that ended early because everything waited for everything. */
  readonly deadlocks: number
}

export interface Curve {
  readonly param: string
  readonly unit: string | null
  readonly values: readonly number[]
  /** Runs of each point: the first of the comparison's seeds, mostly fewer than it has. */
  readonly seeds?: number
  readonly strategies: readonly { readonly id: string; readonly points: readonly EstimateInfo[] }[]
}

/** What `compare` answers. */
export interface CompareResult {
  readonly workload: {
    readonly kind: 'scenario'
    readonly scenario: string
    readonly title: string
    readonly question: string
    readonly fs: string
    readonly params: Readonly<Record<string, number | string | boolean>>
  }
  readonly baseline: string
  readonly seeds: readonly number[]
  readonly strategies: readonly ComparedStrategy[]
  readonly curve: Curve | null
  readonly assumptions: readonly string[]
  readonly file: string | null
  readonly opened: OpenedFile | null
  readonly wallMs: number
}

/** A comparison as far as it is: in Progress now and then, so that the first row is there at once. */
export interface PartialComparison {
  readonly baseline: string
  readonly seeds: readonly number[]
  readonly strategies: readonly ComparedStrategy[]
  /** A first look: only so many operations were replayed, one run each; left out: whole runs. */
  readonly firstOps?: number
}

/** How far the runs of each strategy are; in Progress of `sim.compare`. */
export interface StrategyProgress {
  readonly id: string
  readonly done: number
  readonly total: number
  /** Of the runs that are done. */
  readonly opsPerSecond: EstimateInfo | null
}

/**
 * What-if over the contract: a recorded trace replayed under other strategies, with how well the replay matches the
 * recording. Times are ns; an error is replayed over recorded, minus one.
 */

import * as z from 'zod'
import type { Workload } from '../whatif/workload.ts'
import type { Ci95, ComparedStrategy } from './simulation.ts'

const id = z.string().min(1).max(4096)

export const whatIfSchema = z.object({
  file: id,
  /** Id of the trace in the file. */
  trace: z.int().nonnegative(),
  strategies: z.array(id).min(1).max(26),
  /** What the trace was recorded under; today's kernels are K. */
  baseline: id.default('K'),
  seeds: z.int().positive().max(100).default(8),
  seed: z.int().nonnegative().default(1),
  /** Left out: chosen per task by evidence. */
  arrival: z.enum(['closed', 'open']).optional(),
})

export interface FidelityRow {
  /** Operation kind or lock. */
  readonly of: string
  /** `p50`, `p90`, `p99`, `waitTotal`. */
  readonly figure: string
  readonly count: number
  readonly recordedNs: number | null
  readonly replayedNs: number | null
  readonly error: number | null
}

export interface Fidelity {
  readonly rows: readonly FidelityRow[]
  readonly medianErrorP50: number | null
  readonly medianErrorP99: number | null
  readonly medianErrorWaits: number | null
}

/** A workload without its operations: what it says of itself. */
export interface WorkloadSummary extends Omit<Workload, 'tasks' | 'files'> {
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

/** CONTRACT.md `compare` with `--trace`. */
export interface WhatIfResult {
  readonly workload: WorkloadSummary
  readonly baseline: string
  readonly seeds: readonly number[]
  readonly strategies: readonly Omit<ComparedStrategy, 'digest' | 'trace' | 'counters'>[]
  readonly fidelity: Fidelity
  readonly assumptions: readonly string[]
  readonly wallMs: number
}

export const backtestSchema = z.object({
  from: z.object({ file: id, trace: z.int().nonnegative() }),
  to: z.object({ file: id, trace: z.int().nonnegative() }),
  /** What B was recorded under. */
  strategy: id,
  /** What A was recorded under. */
  baseline: id.default('K'),
  seeds: z.int().positive().max(100).default(8),
  seed: z.int().nonnegative().default(1),
})

export interface BacktestRow {
  /** Operation kind; empty for the run as a whole. */
  readonly op: string
  /** `mean`, `p50`, `p90`, `p99`, `duration`. */
  readonly percentile: string
  readonly beforeNs: number
  readonly predictedNs: number
  readonly actualNs: number
  /** Predicted over actual, minus one. */
  readonly error: number
  readonly predictedRatio: number
  readonly predictedCi95: Ci95
  readonly actualRatio: number
}

/** CONTRACT.md `backtest`. */
export interface BacktestResult {
  readonly from: string
  readonly to: string
  readonly strategy: string
  readonly baseline: string
  readonly seeds: readonly number[]
  readonly rows: readonly BacktestRow[]
  readonly fidelity: Fidelity
  readonly assumptions: readonly string[]
  readonly wallMs: number
}

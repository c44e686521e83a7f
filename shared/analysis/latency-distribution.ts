/** Histogram and CDF of latency: everything in scope, and a brushed part of it (time × latency box). */
import * as z from 'zod'
import { analysis, scopeSchema } from './analysis.ts'

export const brushSchema = z.object({
  fromNs: z.number().nonnegative(),
  toNs: z.number().nonnegative(),
  /** Latency bounds; a missing one is open. */
  minNs: z.number().nonnegative().optional(),
  maxNs: z.number().nonnegative().optional(),
})
export type LatencyBrush = z.infer<typeof brushSchema>

export interface DistributionSide {
  readonly count: number
  /** Operations per bucket, parallel to `bucketNs` (but its last). */
  readonly counts: Uint32Array
  readonly p50Ns: number | null
  readonly p90Ns: number | null
  readonly p99Ns: number | null
  /** Lock waiting inside these operations, and its share of all waiting in scope (0…1); null unknown. */
  readonly waitNs: number | null
  readonly shareOfWaiting: number | null
}

export interface LatencyDistributionResult {
  /** Bucket bounds, ascending, an eighth of an octave apart; one longer than the counts. */
  readonly bucketNs: Float64Array
  readonly all: DistributionSide
  readonly brushed?: DistributionSide
}

export const latencyDistribution = analysis({
  id: 'latency-distribution',
  title: 'Latency distribution',
  about: 'Histogram and CDF of latency, a brushed part against all.',
  params: z.object({ scope: scopeSchema.default({}), brush: brushSchema.optional() }),
  run(): LatencyDistributionResult {
    throw new Error('assertion failed: being written')
  },
})

/**
 * Histogram and CDF of latency: everything in scope, and a brushed part of it (a box of the time × latency heat map).
 * Operations that were not seen to end have no latency and are in neither.
 */

import * as z from 'zod'
import { bucketOf, bucketStart, quantiles } from '../base/quantiles.ts'
import type { Trace } from '../model/trace.ts'
import { analysis, scopeSchema } from './analysis.ts'
import { brushed, brushSchema, LATENCY_SUB, measuredOps, type LatencyBrush } from './parts/ops.ts'
import { waitsOfOps } from './parts/waits.ts'
import { known } from './parts/words.ts'

export { brushSchema, type LatencyBrush }

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
  run(trace, { scope, brush }): LatencyDistributionResult {
    const ops = measuredOps(trace, scope)
    const waits = waitsOfOps(trace, scope)
    const buckets = bucketRange(trace, ops)
    const allWaitNs = sumOf(waits, ops)
    const all = side(trace, { ops, buckets, waitNs: allWaitNs, allWaitNs })
    if (brush === undefined) return { bucketNs: buckets.bounds, all }
    const inside = brushed(trace, { rows: ops, scope, brush })
    const part = side(trace, { ops: inside, buckets, waitNs: sumOf(waits, inside), allWaitNs })
    return { bucketNs: buckets.bounds, all, brushed: part }
  },
})

interface Buckets {
  readonly least: number
  readonly bounds: Float64Array
}

function bucketRange(trace: Trace, ops: Uint32Array): Buckets {
  const { durationNs } = trace.op.cols
  let least = Infinity
  let most = -1
  for (const row of ops) {
    const bucket = bucketOf(durationNs[row], LATENCY_SUB)
    if (bucket < least) least = bucket
    if (bucket > most) most = bucket
  }
  if (most < 0) return { least: 0, bounds: new Float64Array(1) }
  const bounds = Float64Array.from({ length: most - least + 2 }, (_, i) => bucketStart(least + i, LATENCY_SUB))
  return { least, bounds }
}

/** Sum of the known waits of these operations; NaN where none is known. */
function sumOf(waitNs: Float64Array, ops: Uint32Array): number {
  let sum = NaN
  for (const row of ops) if (waitNs[row] >= 0) sum = (sum >= 0 ? sum : 0) + waitNs[row]
  return sum
}

interface SideOf {
  readonly ops: Uint32Array
  readonly buckets: Buckets
  readonly waitNs: number
  readonly allWaitNs: number
}

function side(trace: Trace, { ops, buckets, waitNs, allWaitNs }: SideOf): DistributionSide {
  const { durationNs } = trace.op.cols
  const counts = new Uint32Array(buckets.bounds.length - 1)
  const durations = new Float64Array(ops.length)
  for (let i = 0; i < ops.length; i++) {
    durations[i] = durationNs[ops[i]]
    counts[bucketOf(durations[i], LATENCY_SUB) - buckets.least]++
  }
  const [p50, p90, p99] = quantiles(durations, durations.length, [0.5, 0.9, 0.99])
  return {
    count: ops.length,
    counts,
    p50Ns: known(p50),
    p90Ns: known(p90),
    p99Ns: known(p99),
    waitNs: known(waitNs),
    shareOfWaiting: allWaitNs > 0 && waitNs >= 0 ? waitNs / allWaitNs : null,
  }
}

/**
 * Time × latency heat map of the operations in scope: counts per cell, latency in eighths of an octave. What was already
 * running when the window begins stands in the first column, so that the counts add up to those of the latency table.
 */

import * as z from 'zod'
import { analysis, scopeSchema } from './analysis.ts'
import { bucketOf, bucketStart, quantiles } from '../base/quantiles.ts'
import { binOf, timeAxis } from './parts/bins.ts'
import { LATENCY_SUB, measuredOps, standsAt } from './parts/ops.ts'
import { known } from './parts/words.ts'

export interface LatencyHeatmapResult {
  readonly fromNs: number
  readonly binNs: number
  readonly columns: number
  /** Lower latency bound of each row, ascending; row r spans [rowNs[r], rowNs[r+1]); one longer than `rows`. */
  readonly rowNs: Float64Array
  readonly rows: number
  /** counts[row * columns + column]. */
  readonly counts: Uint32Array
  readonly max: number
  readonly count: number
  readonly p50Ns: number | null
  readonly p99Ns: number | null
}

export const latencyHeatmap = analysis({
  id: 'latency-heatmap',
  title: 'Time × latency',
  about: 'When operations were slow: counts per time bin and latency band.',
  params: z.object({ scope: scopeSchema.default({}), columns: z.int().positive().max(4096).default(120) }),
  run(trace, { scope, columns }): LatencyHeatmapResult {
    const { durationNs } = trace.op.cols
    const axis = timeAxis(trace, scope, columns)
    const ops = measuredOps(trace, scope)
    const durations = new Float64Array(ops.length)
    let least = Infinity
    let most = -1
    for (let i = 0; i < ops.length; i++) {
      const bucket = bucketOf((durations[i] = durationNs[ops[i]]), LATENCY_SUB)
      if (bucket < least) least = bucket
      if (bucket > most) most = bucket
    }
    const rows = most < 0 ? 0 : most - least + 1
    const counts = new Uint32Array(rows * axis.bins)
    let max = 0
    for (let i = 0; i < ops.length; i++) {
      const row = bucketOf(durations[i], LATENCY_SUB) - least
      const cell = row * axis.bins + binOf(axis, standsAt(trace, ops[i], scope))
      if (++counts[cell] > max) max = counts[cell]
    }
    const [p50, p99] = quantiles(durations, durations.length, [0.5, 0.99])
    return {
      fromNs: axis.fromNs,
      binNs: axis.binNs,
      columns: axis.bins,
      rowNs: Float64Array.from({ length: rows + 1 }, (_, row) =>
        rows === 0 ? 0 : bucketStart(least + row, LATENCY_SUB),
      ),
      rows,
      counts,
      max,
      count: ops.length,
      p50Ns: known(p50),
      p99Ns: known(p99),
    }
  },
})

/** Time × latency heat map of one operation kind: counts per cell, latency in eighths of an octave. */
import * as z from 'zod'
import { analysis, scopeSchema } from './analysis.ts'

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
  run(): LatencyHeatmapResult {
    throw new Error('assertion failed: being written')
  },
})

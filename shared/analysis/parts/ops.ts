/**
 * Operations on a time × latency plane, the same way for the heat map, its brush and the lists beside it: an operation
 * stands where it began, or at the window's left edge if it was already running there, at the height of its duration.
 * One that was not seen to end has no height and stands nowhere.
 */

import * as z from 'zod'
import type { Trace } from '../../model/trace.ts'
import type { Scope } from '../analysis.ts'
import { opsIn } from './scope.ts'

export const brushSchema = z.object({
  fromNs: z.number().nonnegative(),
  toNs: z.number().nonnegative(),
  /** Latency bounds; a missing one is open. */
  minNs: z.number().nonnegative().optional(),
  maxNs: z.number().nonnegative().optional(),
})
export type LatencyBrush = z.infer<typeof brushSchema>

/** Sub-buckets of a latency octave in charts: 2^3. */
export const LATENCY_SUB = 3

/** Rows of finished operations in scope, ascending. */
export function measuredOps(trace: Trace, scope: Scope): Uint32Array {
  const { durationNs } = trace.op.cols
  return opsIn(trace, scope).filter((row) => durationNs[row] >= 0)
}

/** Time at which an operation stands on the plane. */
export function standsAt(trace: Trace, row: number, scope: Scope): number {
  return Math.max(trace.op.cols.startNs[row], scope.fromNs ?? 0)
}

/** Of `rows` those inside the box [fromNs, toNs) × [minNs, maxNs). */
export function brushed(
  trace: Trace,
  { rows, scope, brush }: { rows: Uint32Array; scope: Scope; brush: LatencyBrush },
): Uint32Array {
  const { durationNs } = trace.op.cols
  const { fromNs, toNs, minNs = 0, maxNs = Infinity } = brush
  return rows.filter((row) => {
    const at = standsAt(trace, row, scope)
    return at >= fromNs && at < toNs && durationNs[row] >= minNs && durationNs[row] < maxNs
  })
}

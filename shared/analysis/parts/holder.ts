/**
 * What a holder did while somebody waited for it: the longest of its segments in the overlap. The builder's word on the
 * edge (found while the trace was read, before phases that were still open had their final names) is used where segments
 * say nothing.
 */

import type { Trace } from '../../model/trace.ts'
import { edgeBreakdown } from './breakdown.ts'
import { labelName, otherLabel } from './segments.ts'

/** Label of what the holder of this edge spent most of the overlap in; -1 unknown. */
export function holderLabel(trace: Trace, edge: number): number {
  const breakdown = edgeBreakdown(trace)
  let best = -1
  for (let e = breakdown.starts[edge]; e < breakdown.starts[edge + 1]; e++) {
    if (best === -1 || breakdown.ns[e] > breakdown.ns[best]) best = e
  }
  const label = best === -1 ? -1 : breakdown.label(breakdown.cell[best])
  if (label !== -1 && label !== otherLabel(trace)) return label
  const phase = trace.waitEdge.cols.phase[edge]
  if (phase !== -1) return phase
  // A trace without phases cannot say that the holder was in none.
  return trace.phase.length > 0 ? label : -1
}

/** The same as a word: a phase, `wait:CLASS`, `interrupt` or `other`; null unknown. */
export function holderPhase(trace: Trace, edge: number): string | null {
  const label = holderLabel(trace, edge)
  return label === -1 ? null : labelName(trace, label)
}

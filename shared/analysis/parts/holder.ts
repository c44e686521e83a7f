/** What a holder did while somebody waited for it: the phase the trace's builder found, else the longest segment there. */

import type { Trace } from '../../model/trace.ts'
import { edgeBreakdown } from './breakdown.ts'
import { labelName, otherLabel } from './segments.ts'

/** Label of what the holder of this edge spent most of the overlap in; -1 unknown. */
export function holderLabel(trace: Trace, edge: number): number {
  const phase = trace.waitEdge.cols.phase[edge]
  if (phase !== -1) return phase
  const breakdown = edgeBreakdown(trace)
  let best = -1
  for (let e = breakdown.starts[edge]; e < breakdown.starts[edge + 1]; e++) {
    if (breakdown.label(breakdown.cell[e]) === otherLabel(trace)) continue
    if (best === -1 || breakdown.ns[e] > breakdown.ns[best]) best = e
  }
  return best === -1 ? -1 : breakdown.label(breakdown.cell[best])
}

/** The same as a word: a phase or `wait:CLASS`; null unknown. */
export function holderPhase(trace: Trace, edge: number): string | null {
  const label = holderLabel(trace, edge)
  return label === -1 ? null : labelName(trace, label)
}

/**
 * Hold time of a scope by what the holder did, summed over the breakdown of every hold: the common part of the
 * hold-phases table and of the "mostly in" column of the contention table.
 */

import type { Trace } from '../../model/trace.ts'
import { heldRows, holdBreakdown } from './breakdown.ts'
import { overlaps, SpanFilter } from './scope.ts'
import type { Scope } from '../analysis.ts'

export interface HoldSums {
  /** ns per cell of `holdBreakdown`. */
  readonly ns: Float64Array
  /** Holds with time in each cell; only filled on request. */
  readonly spans: Uint32Array
}

export function sumHolds(trace: Trace, scope: Scope, countSpans: boolean): HoldSums {
  const breakdown = holdBreakdown(trace)
  const rows = heldRows(trace)
  const filter = new SpanFilter(trace, scope)
  const { window } = filter
  const { acquiredNs, releasedNs } = trace.lockSpan.cols
  const ns = new Float64Array(breakdown.cells.size)
  const spans = new Uint32Array(breakdown.cells.size)
  const before = new Float64Array(countSpans ? breakdown.cells.size : 0)
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]
    if (!overlaps(acquiredNs[row], releasedNs[row], window) || !filter.keeps(row)) continue
    if (countSpans) {
      for (let e = breakdown.starts[i]; e < breakdown.starts[i + 1]; e++)
        before[breakdown.cell[e]] = ns[breakdown.cell[e]]
    }
    breakdown.addTo(ns, i, window)
    if (countSpans) {
      for (let e = breakdown.starts[i]; e < breakdown.starts[i + 1]; e++) {
        if (ns[breakdown.cell[e]] > before[breakdown.cell[e]]) spans[breakdown.cell[e]]++
      }
    }
  }
  return { ns, spans }
}

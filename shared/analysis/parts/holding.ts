/** Hold time of a scope by what the holder did, summed over the breakdown of every hold. */

import type { Trace } from '../../model/trace.ts'
import type { Scope } from '../analysis.ts'
import { holdBreakdown } from './breakdown.ts'
import { SpanFilter } from './scope.ts'

export interface HoldSums {
  /** ns per cell of `holdBreakdown`. */
  readonly ns: Float64Array
  /** Holds with time in each cell. */
  readonly spans: Uint32Array
}

export function sumHolds(trace: Trace, scope: Scope): HoldSums {
  const breakdown = holdBreakdown(trace)
  const { starts } = breakdown
  const filter = new SpanFilter(trace, scope)
  const ns = new Float64Array(breakdown.cells.size)
  const spans = new Uint32Array(breakdown.cells.size)
  const adding = { window: filter.window, times: spans }
  for (let row = 0; row < trace.lockSpan.length; row++) {
    if (starts[row] !== starts[row + 1] && filter.keeps(row)) breakdown.addTo(ns, row, adding)
  }
  return { ns, spans }
}

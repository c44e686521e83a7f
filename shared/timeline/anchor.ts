/** Moments two traces can be aligned at: the nth operation or phase of a name, in order of begin. */

import type { Trace } from '../model/trace.ts'
import type { TimelineAnchor } from './answers.ts'

export interface AnchorParams {
  readonly by: 'op' | 'phase'
  readonly name: string
  /** From 0; negative ones count from the end. */
  readonly nth: number
}

export function spanAnchor(trace: Trace, { by, name, nth }: AnchorParams): TimelineAnchor {
  const id = (by === 'op' ? trace.opKinds : trace.phaseNames).indexOf(name)
  const names = by === 'op' ? trace.op.cols.kind : trace.phase.cols.name
  const starts = trace[by].cols.startNs.filter((_, span) => names[span] === id).sort()
  return { ns: starts.at(nth) ?? null, total: starts.length }
}

/** Words for sentences: durations (`1.93 ms`; for clocks that count something else, `1 930 ticks`) and what a holder did. */

import { timeText } from '../base/time.ts'
import type { Trace } from '../model/trace.ts'

export function lasting(trace: Trace, ns: number): string {
  return timeText(ns, trace.meta.clockUnit)
}

/** What somebody was doing, from an operation and a label of the segments analysis; '' where nothing is known. */
export function doing(op: string | null, label: string | null): string {
  const waits = label?.startsWith('wait:') === true
  const phase = label === null || waits || label === 'other' || label === 'interrupt' ? [] : [label]
  const inside = [...(op === null ? [] : [op]), ...phase].join(', ')
  const parts = [
    ...(inside === '' ? [] : [`in ${inside}`]),
    ...(waits ? [`waiting for ${label.slice('wait:'.length)} itself`] : []),
    ...(label === 'interrupt' ? ['in an interrupt'] : []),
  ]
  return parts.join(', ')
}

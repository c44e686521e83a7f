/** Durations in sentences: `1.93 ms`; for clocks that count something else, `1 930 ticks`. */

import { formatCount, formatNs } from '../base/time.ts'
import type { Trace } from '../model/trace.ts'

export function lasting(trace: Trace, ns: number): string {
  if (trace.meta.clockUnit === 'tick') return `${formatCount(ns)} ticks`
  const { value, unit } = formatNs(ns)
  return `${value} ${unit}`
}

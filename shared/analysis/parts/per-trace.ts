/**
 * What is derived from a trace once and used by every later question: a trace never changes, so each such thing is
 * computed at the first question that needs it and kept for as long as the trace itself is.
 */

import type { Trace } from '../../model/trace.ts'

export function perTrace<T extends object>(compute: (trace: Trace) => T): (trace: Trace) => T {
  const known = new WeakMap<Trace, T>()
  return (trace) => {
    let value = known.get(trace)
    if (value === undefined) {
      value = compute(trace)
      known.set(trace, value)
    }
    return value
  }
}

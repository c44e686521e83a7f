/** What one lock is called on the timeline, its rows, spans, figures and paths alike. */

import { NAMED_BY_USER, NAMINGS } from '../model/kinds.ts'
import type { Trace } from '../model/trace.ts'

/** Its own label, else its class's name. A label that says where that name comes from is no name; a deduced name says so. */
export function lockName(trace: Trace, lock: number): string {
  const { label, lockClass } = trace.locks[lock]
  const { name } = trace.lockClasses[lockClass]
  if (label === undefined || label === NAMED_BY_USER) return name
  return NAMINGS.includes(label) ? `${name} (inferred)` : label
}

/**
 * The classes most waited for, and what their holders did meanwhile. A wait's time is shared out over the edges that
 * explain it: the part covered by any holder in proportion to their overlaps (several readers may have blocked at once);
 * time in which nobody held the lock, because whoever was next had yet to run, is `wakeup`; the rest is `unknown`. So
 * the parts of a class add up to exactly what was waited for it.
 */

import type { Trace } from '../../model/trace.ts'
import type { Scope } from '../analysis.ts'
import { edgeBreakdown } from './breakdown.ts'
import { clipped, lockFacts, overlaps, SpanFilter, windowOf } from './scope.ts'
import { labelName } from './segments.ts'
import { isOpenWait, waitEnds } from './wait-ends.ts'
import { contendedRows, edges, explainedNs, wakeupNs } from './waits.ts'

export interface OverviewLock {
  readonly class: string
  readonly classId: number
  readonly waitTotalNs: number
  readonly contended: number
  /** Of these, waits that still went on when the trace ended. */
  readonly openWaits: number
  /**
   * What the holders did while others waited, most first; they add up to waitTotalNs. `other`: in no known phase;
   * `wait:CLASS`: they waited themselves; `wakeup`: nobody held it, whoever was next had yet to run; `unknown`: no holder
   * is known.
   */
  readonly phases: readonly { readonly phase: string; readonly ns: number }[]
}

/** Every class waited for in scope, worst first; `waits` are the measured waits of the scope. */
export function worstLocks(trace: Trace, scope: Scope, waits: Uint32Array): OverviewLock[] {
  const { lock, requestedNs } = trace.lockSpan.cols
  const endNs = waitEnds(trace)
  const { classOf } = lockFacts(trace)
  const window = windowOf(scope)
  const total = new Float64Array(trace.lockClasses.length)
  const open = new Uint32Array(trace.lockClasses.length)
  for (const row of waits) {
    total[classOf[lock[row]]] += clipped(requestedNs[row], endNs[row], window)
    if (isOpenWait(trace, row)) open[classOf[lock[row]]]++
  }
  const contended = contendedPerClass(trace, scope)
  const phases = phasesOfHolders(trace, scope, waits)
  const classes = Array.from(total, (_, id) => id).filter((id) => contended[id] > 0)
  classes.sort((a, b) => total[b] - total[a] || contended[b] - contended[a] || a - b)
  return classes.map((id) => ({
    class: trace.lockClasses[id].name,
    classId: id,
    waitTotalNs: total[id],
    contended: contended[id],
    openWaits: open[id],
    phases: rounded(phases.get(id) ?? new Map(), total[id]),
  }))
}

function contendedPerClass(trace: Trace, scope: Scope): Uint32Array {
  const { lock, requestedNs } = trace.lockSpan.cols
  const endNs = waitEnds(trace)
  const { classOf } = lockFacts(trace)
  const filter = new SpanFilter(trace, scope)
  const out = new Uint32Array(trace.lockClasses.length)
  for (const row of contendedRows(trace)) {
    const end = endNs[row] >= 0 ? endNs[row] : requestedNs[row]
    if (overlaps(requestedNs[row], end, filter.window) && filter.keeps(row)) out[classOf[lock[row]]]++
  }
  return out
}

/** Class to what its holders did to ns; not rounded, without what is unknown. */
function phasesOfHolders(trace: Trace, scope: Scope, waits: Uint32Array): Map<number, Map<string, number>> {
  const window = windowOf(scope)
  const { byWaiter, from, to } = edges(trace)
  const breakdown = edgeBreakdown(trace)
  const sums = new Float64Array(breakdown.cells.size)
  const wakeup = new Float64Array(trace.lockClasses.length)
  const { classOf } = lockFacts(trace)
  for (const wait of waits) {
    const first = byWaiter.starts[wait]
    const last = byWaiter.starts[wait + 1]
    if (first === last) continue
    wakeup[classOf[trace.lockSpan.cols.lock[wait]]] += wakeupNs(trace, wait, window)
    let all = 0
    for (let i = first; i < last; i++) all += clipped(from[byWaiter.rows[i]], to[byWaiter.rows[i]], window)
    if (all === 0) continue
    const factor = last - first === 1 ? 1 : explainedNs(trace, wait, window) / all
    for (let i = first; i < last; i++) breakdown.addTo(sums, byWaiter.rows[i], { window, factor })
  }
  return byName(trace, sums, wakeup)
}

function byName(trace: Trace, sums: Float64Array, wakeup: Float64Array): Map<number, Map<string, number>> {
  const breakdown = edgeBreakdown(trace)
  const out = new Map<number, Map<string, number>>()
  wakeup.forEach((ns, id) => {
    if (ns > 0) out.set(id, new Map([['wakeup', ns]]))
  })
  for (let cell = 0; cell < sums.length; cell++) {
    if (sums[cell] === 0) continue
    const phases = out.get(breakdown.group(cell)) ?? new Map<string, number>()
    out.set(breakdown.group(cell), phases)
    const name = labelName(trace, breakdown.label(cell))
    phases.set(name, (phases.get(name) ?? 0) + sums[cell])
  }
  return out
}

/** Whole ns, most first, `unknown` making up the total. */
function rounded(phases: ReadonlyMap<string, number>, totalNs: number): OverviewLock['phases'] {
  const parts = [...phases].map(([phase, ns]) => ({ phase, ns: Math.round(ns) })).filter(({ ns }) => ns > 0)
  const rest = totalNs - parts.reduce((sum, { ns }) => sum + ns, 0)
  // Rounding alone can leave a few ns: they are no unknown.
  if (rest > parts.length) parts.push({ phase: 'unknown', ns: rest })
  else if (parts.length > 0) parts[0].ns += rest
  return parts.sort((a, b) => b.ns - a.ns || (a.phase < b.phase ? -1 : 1))
}

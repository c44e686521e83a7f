/**
 * Waits and their wait edges, prepared once per trace. A wait is the part of a lock span between the contended request
 * and the acquisition; of one that was never seen to end wait-ends.ts tells what is known. An edge says that a holder's span
 * overlapped a wait; here each gets the interval of that overlap, so that it can be clipped and looked into.
 */

import { EDGE_KINDS, SPAN_CONTENDED, SPAN_HOLD_KNOWN } from '../../model/kinds.ts'
import type { Trace } from '../../model/trace.ts'
import { groupRows, orderGroups } from './grouping.ts'
import { perTrace } from './per-trace.ts'
import { clipped, lockFacts, namesLocks, SpanFilter, type Window } from './scope.ts'
import { waitEnds, waitOver } from './wait-ends.ts'
import type { Scope } from '../analysis.ts'

export const QUEUED = EDGE_KINDS.indexOf('queued-writer')

/** Rows of contended lock spans, ascending; annotation classes are no locks. */
export const contendedRows = perTrace((trace) => {
  const { flags, lock } = trace.lockSpan.cols
  const { listed } = lockFacts(trace)
  return rowsWhere(trace.lockSpan.length, (row) => (flags[row] & SPAN_CONTENDED) !== 0 && listed[lock[row]] === 1)
})

function rowsWhere(length: number, test: (row: number) => boolean): Uint32Array {
  const rows = new Uint32Array(length)
  let count = 0
  for (let row = 0; row < length; row++) if (test(row)) rows[count++] = row
  return rows.slice(0, count)
}

/** ns a span waited until it got the lock or gave up; NaN where it did not wait, or its end was not seen. */
export function waitOf(trace: Trace, row: number): number {
  const { flags, requestedNs } = trace.lockSpan.cols
  return (flags[row] & SPAN_CONTENDED) === 0 ? NaN : lasted(requestedNs[row], waitOver(trace, row))
}

/** ns a span held its lock; NaN where the trace cannot tell. */
export function holdOf(trace: Trace, row: number): number {
  const { flags, acquiredNs, releasedNs } = trace.lockSpan.cols
  return (flags[row] & SPAN_HOLD_KNOWN) === 0 ? NaN : lasted(acquiredNs[row], releasedNs[row])
}

/** A duration is never negative, whatever clocks of two CPUs say. */
export function lasted(fromNs: number, toNs: number): number {
  const ns = toNs - fromNs
  return ns < 0 ? 0 : ns
}

/** Waits of a scope that overlap its window, as far as they are known to have lasted; ascending. */
export function waitsIn(trace: Trace, scope: Scope): Uint32Array {
  const filter = new SpanFilter(trace, scope)
  const { fromNs, toNs } = filter.window
  const { requestedNs } = trace.lockSpan.cols
  const endNs = waitEnds(trace)
  const all = contendedRows(trace)
  const rows = new Uint32Array(all.length)
  let count = 0
  for (const row of all) {
    const from = requestedNs[row]
    const to = endNs[row]
    // False for NaN: what is not known to have lasted any time is not measured.
    if (!(from < toNs && to >= from && (to > fromNs || from >= fromNs))) continue
    if (filter.keeps(row)) rows[count++] = row
  }
  return rows.subarray(0, count)
}

/** Can this trace show waiting at all? Only then is "no wait" an answer. */
export const showsWaits = perTrace((trace) => {
  const { waitNs } = trace.op.cols
  let shows = contendedRows(trace).length > 0
  for (let row = 0; row < trace.op.length && !shows; row++) shows = waitNs[row] >= 0
  return { shows }
})

/**
 * Lock waiting inside each operation (whole, not clipped), NaN unknown: as the trace says, or, where the scope names
 * locks, only for those.
 */
export function waitsOfOps(trace: Trace, scope: Scope): Float64Array {
  if (!namesLocks(scope)) return trace.op.cols.waitNs
  const filter = new SpanFilter(trace, scope)
  const { op } = trace.lockSpan.cols
  const out = new Float64Array(trace.op.length)
  if (!showsWaits(trace).shows) return out.fill(NaN)
  for (const row of contendedRows(trace)) {
    if (op[row] === -1 || !filter.keeps(row)) continue
    const wait = waitOf(trace, row)
    if (wait >= 0) out[op[row]] += wait
  }
  return out
}

/** Contended spans by the operation they lie in. */
export const waitsByOp = perTrace((trace) => groupRows(trace.lockSpan.cols.op, trace.op.length, contendedRows(trace)))

/**
 * Contended spans by task, in order of time, and up to each place the latest end so far: how far back a search must go.
 * Those of interrupts are among them; callers that ask what the task did leave them out.
 */
export const waitsByTask = perTrace((trace) => {
  const { task, requestedNs } = trace.lockSpan.cols
  const endNs = waitEnds(trace)
  const { starts, rows } = groupRows(task, trace.tasks.length, contendedRows(trace))
  orderGroups({ starts, rows }, requestedNs)
  const latestEnd = new Float64Array(rows.length)
  for (let id = 0; id < trace.tasks.length; id++) {
    let latest = -Infinity
    for (let i = starts[id]; i < starts[id + 1]; i++) {
      const end = endNs[rows[i]]
      if (end > latest) latest = end
      latestEnd[i] = latest
    }
  }
  return { starts, rows, latestEnd }
})

/** Edges by waiting span in order of time, and the interval in which each edge's holder stood in the waiter's way. */
export const edges = perTrace((trace) => {
  const { waiter, holder, overlapNs, kind } = trace.waitEdge.cols
  const { requestedNs, acquiredNs, releasedNs, flags } = trace.lockSpan.cols
  const from = new Float64Array(trace.waitEdge.length)
  const to = new Float64Array(trace.waitEdge.length)
  for (let edge = 0; edge < trace.waitEdge.length; edge++) {
    const w = waiter[edge]
    const h = holder[edge]
    const start = requestedNs[w]
    const over = waitOver(trace, w)
    const end = Number.isNaN(over) ? Math.max(start, trace.meta.durationNs) : over
    const queued = kind[edge] === QUEUED
    // Of a writer that stood in the queue an edge says the part that no holder explains; it ends when that one's turn came.
    const blockedFrom = queued ? acquiredNs[h] - overlapNs[edge] : acquiredNs[h]
    const blockedTo = queued ? acquiredNs[h] : releasedNs[h]
    if (!queued && (flags[h] & SPAN_HOLD_KNOWN) === 0) {
      // The hold itself was not recorded: it ended when its holder woke the waiter, or at the latest when that one got it.
      to[edge] = blockedTo >= start && blockedTo < end ? blockedTo : end
      from[edge] = Math.max(start, to[edge] - overlapNs[edge])
    } else {
      from[edge] = blockedFrom > start ? Math.min(blockedFrom, end) : start
      to[edge] = Math.max(from[edge], blockedTo < end ? blockedTo : end)
    }
  }
  const byWaiter = groupRows(waiter, trace.lockSpan.length)
  orderGroups(byWaiter, from)
  return { byWaiter, from, to }
})

/** Part of a wait, within the window, in which at least one known holder stood in its way. */
export function explainedNs(trace: Trace, waiter: number, window: Window): number {
  const { byWaiter, from, to } = edges(trace)
  let covered = -Infinity
  let sum = 0
  for (let i = byWaiter.starts[waiter]; i < byWaiter.starts[waiter + 1]; i++) {
    const edge = byWaiter.rows[i]
    const start = from[edge] > covered ? from[edge] : covered
    if (to[edge] > start) {
      sum += clipped(start, to[edge], window)
      covered = to[edge]
    }
  }
  return sum
}

/**
 * Part of a wait, within the window, in which nobody held the lock: the next in line had been let in and had yet to run.
 * That is the time after the last known holder let go (or woke this waiter), and before each holder that had itself been
 * waiting since an earlier one let go. 0 where no holder is known at all, or events were lost: that is unknown.
 */
export function wakeupNs(trace: Trace, waiter: number, window: Window): number {
  if ((trace.meta.lostEvents ?? 0) > 0) return 0
  const { byWaiter, from, to } = edges(trace)
  const { requestedNs, flags } = trace.lockSpan.cols
  const { holder, kind } = trace.waitEdge.cols
  const waited = SPAN_CONTENDED | SPAN_HOLD_KNOWN
  let covered = requestedNs[waiter]
  let sum = 0
  let known = false
  for (let i = byWaiter.starts[waiter]; i < byWaiter.starts[waiter + 1]; i++) {
    const edge = byWaiter.rows[i]
    const next = holder[edge]
    if (kind[edge] !== QUEUED && (flags[next] & waited) === waited && from[edge] > covered) {
      sum += clipped(Math.max(covered, requestedNs[next]), from[edge], window)
    }
    if (to[edge] > covered) covered = to[edge]
    known = true
  }
  return known ? sum + clipped(covered, waitEnds(trace)[waiter], window) : 0
}

/**
 * The edge of a wait with the largest part of it inside the window, -1 none; ties go to the earlier one. With `holder`,
 * only edges to that task.
 */
export function mainEdge(trace: Trace, waiter: number, window: Window, holder?: number): number {
  const { byWaiter, from, to } = edges(trace)
  const { task } = trace.lockSpan.cols
  let best = -1
  let most = -1
  for (let i = byWaiter.starts[waiter]; i < byWaiter.starts[waiter + 1]; i++) {
    const edge = byWaiter.rows[i]
    if (from[edge] >= window.toNs || to[edge] < window.fromNs) continue
    if (holder !== undefined && task[trace.waitEdge.cols.holder[edge]] !== holder) continue
    const ns = clipped(from[edge], to[edge], window)
    if (ns > most) {
      most = ns
      best = edge
    }
  }
  return best
}

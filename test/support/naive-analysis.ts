/**
 * The definitions of the analyses, written for the reader and not for speed: plain objects, filters and sorts. Property
 * tests hold the fast passes over columns to these.
 */

import type { Scope } from '#shared/analysis/analysis.ts'
import {
  FAULT_KINDS,
  MODES,
  SPAN_CONTENDED,
  SPAN_HOLD_KNOWN,
  SPAN_INFERRED,
  SPAN_IRQ,
  TASK_STATES,
  type LockMode,
} from '#shared/model/kinds.ts'
import type { Trace } from '#shared/model/trace.ts'

export interface NaiveSpan {
  readonly id: number
  readonly lock: number
  readonly lockClass: number
  readonly annotation: boolean
  readonly task: number
  readonly op: number
  readonly mode: LockMode
  readonly contended: boolean
  readonly holdKnown: boolean
  readonly inferred: boolean
  readonly irq: boolean
  readonly requestedNs: number
  readonly acquiredNs: number
  readonly releasedNs: number
  /** When the wait ended, the end of the trace if it never did; NaN not known. */
  readonly waitEndNs: number
  /** Whole wait and hold; NaN where not measured. */
  readonly waitNs: number
  readonly holdNs: number
}

export interface NaiveOp {
  readonly id: number
  readonly task: number
  readonly kind: string
  readonly startNs: number
  readonly durationNs: number
  readonly endNs: number
  readonly waitNs: number
  readonly inode: number
  readonly result: number
}

export function naiveSpans(trace: Trace): NaiveSpan[] {
  const { cols } = trace.lockSpan
  const ends = naiveWaitEnds(trace)
  return Array.from({ length: trace.lockSpan.length }, (_, id) => {
    const flags = cols.flags[id]
    const lockClass = trace.locks[cols.lock[id]].lockClass
    const contended = (flags & SPAN_CONTENDED) !== 0
    const holdKnown = (flags & SPAN_HOLD_KNOWN) !== 0
    return {
      id,
      lock: cols.lock[id],
      lockClass,
      annotation: trace.lockClasses[lockClass].kind === 'annotation',
      task: cols.task[id],
      op: cols.op[id],
      mode: MODES[cols.mode[id]],
      contended,
      holdKnown,
      inferred: (flags & SPAN_INFERRED) !== 0,
      irq: (flags & SPAN_IRQ) !== 0,
      requestedNs: cols.requestedNs[id],
      acquiredNs: cols.acquiredNs[id],
      releasedNs: cols.releasedNs[id],
      waitEndNs: ends[id],
      waitNs: contended && !open(trace, id) ? ends[id] - cols.requestedNs[id] : NaN,
      holdNs: holdKnown ? cols.releasedNs[id] - cols.acquiredNs[id] : NaN,
    }
  })
}

/** A wait without an end went on to the end of the trace, unless its task did afterwards what no waiting task does. */
/** Neither got nor given up. */
function open({ lockSpan: { cols } }: Trace, id: number): boolean {
  return Number.isNaN(cols.acquiredNs[id]) && Number.isNaN(cols.releasedNs[id])
}

function naiveWaitEnds(trace: Trace): number[] {
  const { lock, task, op, flags, requestedNs, acquiredNs, releasedNs } = trace.lockSpan.cols
  const rows = Array.from({ length: trace.lockSpan.length }, (_, row) => row)
  const kind = (row: number) => trace.lockClasses[trace.locks[lock[row]].lockClass].kind
  const ops = naiveOps(trace)
  return rows.map((row) => {
    if ((flags[row] & SPAN_CONTENDED) === 0 || kind(row) === 'annotation') return acquiredNs[row]
    if (!Number.isNaN(acquiredNs[row])) return acquiredNs[row]
    // Given up, or the end was lost.
    if (!Number.isNaN(releasedNs[row])) return releasedNs[row] > requestedNs[row] ? releasedNs[row] : NaN
    const asked = rows.some(
      (other) =>
        task[other] === task[row] &&
        requestedNs[other] > requestedNs[row] &&
        (flags[other] & SPAN_IRQ) === 0 &&
        (kind(row) === 'spinlock' || kind(other) === 'rwsem'),
    )
    const began = ops.some((other) => other.task === task[row] && other.startNs > requestedNs[row])
    const own = ops[op[row]]
    const left = own !== undefined && own.startNs + own.durationNs > requestedNs[row]
    const died = Array.from({ length: trace.taskState.length }, (_, at) => at).some(
      (at) =>
        trace.taskState.cols.task[at] === task[row] &&
        TASK_STATES[trace.taskState.cols.state[at]] === 'dead' &&
        trace.taskState.cols.startNs[at] > requestedNs[row],
    )
    return asked || began || left || died ? NaN : trace.meta.durationNs
  })
}

/** An operation whose end was not seen is over when its task begins one that cannot be inside it, or dies. */
function naiveOpOver(trace: Trace, id: number): number {
  const { task, kind, startNs } = trace.op.cols
  const inside = (one: number): boolean =>
    FAULT_KINDS.has(trace.opKinds[kind[one]]) || /^(writeback|commit|invalidate)$/.test(trace.opKinds[kind[one]])
  const later = Array.from({ length: trace.op.length }, (_, one) => one).filter(
    (one) => one > id && task[one] === task[id] && (!inside(one) || kind[one] === kind[id]),
  )
  const states = trace.taskState.cols
  const deaths = Array.from(states.startNs.slice(0, trace.taskState.length)).filter(
    (_, at) => states.task[at] === task[id] && TASK_STATES[states.state[at]] === 'dead',
  )
  const died = Math.max(...deaths)
  return Math.min(...later.map((one) => Math.max(startNs[id], startNs[one])), died >= startNs[id] ? died : Infinity)
}

export function naiveOps(trace: Trace): NaiveOp[] {
  const { cols } = trace.op
  return Array.from({ length: trace.op.length }, (_, id) => ({
    id,
    task: cols.task[id],
    kind: trace.opKinds[cols.kind[id]],
    startNs: cols.startNs[id],
    durationNs: cols.durationNs[id],
    endNs: Number.isNaN(cols.durationNs[id]) ? naiveOpOver(trace, id) : cols.startNs[id] + cols.durationNs[id],
    waitNs: cols.waitNs[id],
    inode: cols.inode[id],
    result: cols.result[id],
  }))
}

export const from = (scope: Scope): number => scope.fromNs ?? -Infinity
export const to = (scope: Scope): number => scope.toNs ?? Infinity

export function inWindow(startNs: number, endNs: number, scope: Scope): boolean {
  return startNs < to(scope) && (endNs > from(scope) || startNs >= from(scope))
}

/** ns of [startNs, endNs) inside the window. */
export function inside(startNs: number, endNs: number, scope: Scope): number {
  return Math.max(0, Math.min(endNs, to(scope)) - Math.max(startNs, from(scope)))
}

/** Everything of the scope but the window; locks only. */
export function spanMatches(trace: Trace, span: NaiveSpan, scope: Scope): boolean {
  const op = span.op === -1 ? undefined : naiveOps(trace)[span.op]
  if (span.annotation) return false
  if (scope.lockClass !== undefined && span.lockClass !== scope.lockClass) return false
  if (scope.lock !== undefined && span.lock !== scope.lock) return false
  if (scope.mode !== undefined && span.mode !== scope.mode) return false
  if (scope.task !== undefined && span.task !== scope.task) return false
  if (scope.op !== undefined && (op?.kind ?? 'none') !== scope.op) return false
  if (scope.inode === undefined) return true
  return trace.locks[span.lock].inode === scope.inode || op?.inode === scope.inode
}

export function opMatches(trace: Trace, op: NaiveOp, scope: Scope): boolean {
  if (scope.task !== undefined && op.task !== scope.task) return false
  if (scope.op !== undefined && op.kind !== scope.op) return false
  if (scope.inode !== undefined && op.inode !== scope.inode) return false
  const { lock, lockClass, mode } = scope
  const locks = { lock, lockClass, mode }
  const namesLocks = lock !== undefined || lockClass !== undefined || mode !== undefined
  const took = naiveSpans(trace).some((span) => span.op === op.id && spanMatches(trace, span, locks))
  return (!namesLocks || took) && inWindow(op.startNs, op.endNs, scope)
}

/** As far as they are known to have lasted: one that never ended is got at the end of the trace here. */
export function measuredWaits(trace: Trace, scope: Scope): (NaiveSpan & { readonly open: boolean })[] {
  return naiveSpans(trace)
    .filter((span) => span.contended && spanMatches(trace, span, scope))
    .map((span) => ({
      ...span,
      acquiredNs: span.waitEndNs,
      waitNs: span.waitEndNs - span.requestedNs,
      open: open(trace, span.id),
    }))
    .filter((span) => span.waitNs >= 0 && inWindow(span.requestedNs, span.acquiredNs, scope))
}

/** Lock waiting inside each operation: as recorded, or of the scope's locks only. */
export function naiveOpWait(trace: Trace, op: NaiveOp, scope: Scope): number {
  if (scope.lock === undefined && scope.lockClass === undefined && scope.mode === undefined) return op.waitNs
  const anyKnown =
    naiveOps(trace).some(({ waitNs }) => waitNs >= 0) ||
    naiveSpans(trace).some((span) => span.contended && !span.annotation)
  const { fromNs: _from, toNs: _to, ...anywhere } = scope
  const waits = naiveSpans(trace).filter(
    (span) => span.op === op.id && span.waitNs >= 0 && spanMatches(trace, span, anywhere),
  )
  return anyKnown ? sum(waits.map(({ waitNs }) => waitNs)) : NaN
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

export function nearestRank(values: readonly number[], q: number): number | null {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted.length === 0 ? null : sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]
}

/**
 * What the task was doing in the ns after `at`: its wait that began last (unless it began before `since`), else its phase
 * that began last, else `other`.
 */
export function naiveLabel(trace: Trace, { task, at, since }: { task: number; at: number; since: number }): string {
  const waits = naiveSpans(trace).filter(
    (span) => span.task === task && !span.annotation && !span.irq && span.requestedNs <= at && span.waitEndNs > at,
  )
  const wait = latest(
    waits
      .filter(({ contended, waitEndNs, requestedNs }) => contended && waitEndNs > requestedNs)
      .map((span) => ({ ...span, startNs: span.requestedNs })),
  )
  if (wait !== undefined && wait.startNs >= since) return `wait:${trace.lockClasses[wait.lockClass].name}`
  const { cols } = trace.phase
  const phases = Array.from({ length: trace.phase.length }, (_, id) => id).filter(
    (id) => cols.task[id] === task && cols.startNs[id] <= at && cols.startNs[id] + cols.durationNs[id] > at,
  )
  const phase = latest(phases.map((id) => ({ id, startNs: cols.startNs[id] })))
  return phase === undefined ? 'other' : trace.phaseNames[cols.name[phase.id]]
}

function latest<T extends { readonly id: number; readonly startNs: number }>(all: readonly T[]): T | undefined {
  return [...all].sort((a, b) => b.startNs - a.startNs || b.id - a.id)[0]
}

/** ns per label of an interval of a task, tick by tick. */
export function naiveDivision(
  trace: Trace,
  { task, irq, since, fromNs, toNs }: { task: number; irq: boolean; since: number; fromNs: number; toNs: number },
): Map<string, number> {
  const out = new Map<string, number>()
  for (let at = fromNs; at < toNs; at++) {
    const label = irq ? 'interrupt' : naiveLabel(trace, { task, at, since })
    out.set(label, (out.get(label) ?? 0) + 1)
  }
  return out
}

/** The interval in which an edge's holder stood in the waiter's way. */
export function naiveEdge(
  trace: Trace,
  edge: number,
): { queued: boolean; fromNs: number; toNs: number; waiter: number; holder: number } {
  const { waiter, holder, kind, overlapNs } = trace.waitEdge.cols
  const spans = naiveSpans(trace)
  const w = spans[waiter[edge]]
  const h = spans[holder[edge]]
  const over = Number.isNaN(w.acquiredNs) && w.releasedNs > w.requestedNs ? w.releasedNs : w.acquiredNs
  const end = Number.isNaN(over) ? trace.meta.durationNs : over
  const ids = { waiter: w.id, holder: h.id, queued: kind[edge] === 1 }
  if (kind[edge] === 0 && !h.holdKnown) {
    const toNs = h.releasedNs >= w.requestedNs && h.releasedNs < end ? h.releasedNs : end
    return { ...ids, fromNs: Math.max(w.requestedNs, toNs - overlapNs[edge]), toNs }
  }
  const blockedFrom = kind[edge] === 1 ? h.acquiredNs - overlapNs[edge] : h.acquiredNs
  const blockedTo = kind[edge] === 1 ? h.acquiredNs : h.releasedNs
  const fromNs = Number.isNaN(blockedFrom) ? w.requestedNs : Math.max(w.requestedNs, Math.min(blockedFrom, end))
  const toNs = Number.isNaN(blockedTo) ? end : Math.min(end, blockedTo)
  return { ...ids, fromNs, toNs: Math.max(fromNs, toNs) }
}

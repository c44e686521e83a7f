/**
 * Intervals of tasks (holds, overlaps of wait edges) divided among the segments they cover, per trace and once: each
 * interval has a short list of (cell, ns), a cell being a group (say class, mode and operation) and a label. A question
 * about any part of a trace is then a sum over lists; only intervals that a window cuts are divided anew.
 */

import { GrowingTable } from '../../base/columns.ts'
import { SPAN_HOLD_KNOWN, SPAN_IRQ } from '../../model/kinds.ts'
import type { Trace } from '../../model/trace.ts'
import { PairIds } from './grouping.ts'
import { perTrace } from './per-trace.ts'
import { lockFacts, overlaps, type Window } from './scope.ts'
import { interruptLabel, labelCount, otherLabel, segmentAt, segments, type Segments } from './segments.ts'
import { edges } from './waits.ts'

const entrySchema = { cell: 'u32', ns: 'f64' } as const

/** The intervals to divide, by row: `rows` says which. */
interface Intervals {
  readonly rows: Uint32Array
  readonly fromNs: Float64Array
  readonly toNs: Float64Array
  task(row: number): number
  /** Lived through in interrupt context. */
  irq(row: number): boolean
  /** Dense, below `groups`. */
  group(row: number): number
  readonly groups: number
}

/** Adds up per label, keeping the order in which labels first appeared. */
class LabelSums {
  readonly labels: number[] = []
  readonly ns: Float64Array

  constructor(count: number) {
    this.ns = new Float64Array(count)
  }

  add(label: number, ns: number): void {
    if (this.ns[label] === 0) this.labels.push(label)
    this.ns[label] += ns
  }

  clear(): void {
    for (const label of this.labels) this.ns[label] = 0
    this.labels.length = 0
  }
}

export class Breakdown {
  /** Entries of interval i are starts[i] … starts[i + 1). */
  readonly starts: Uint32Array
  readonly cell: Uint32Array
  readonly ns: Float64Array
  readonly cells: PairIds
  readonly #trace: Trace
  readonly #of: Intervals
  readonly #all: Segments
  readonly #sums: LabelSums

  constructor(trace: Trace, of: Intervals) {
    const labels = labelCount(trace)
    this.#trace = trace
    this.#of = of
    this.#all = segments(trace)
    this.#sums = new LabelSums(labels)
    this.cells = new PairIds(of.groups, labels)
    this.starts = new Uint32Array(of.rows.length + 1)
    const entries = new GrowingTable(entrySchema, of.rows.length + 1024)
    for (let i = 0; i < of.rows.length; i++) {
      const row = of.rows[i]
      this.#divide(row, of.fromNs[row], of.toNs[row])
      for (const label of this.#sums.labels) {
        const at = entries.add()
        entries.cols.cell[at] = this.cells.id(of.group(row), label)
        entries.cols.ns[at] = this.#sums.ns[label]
      }
      this.starts[i + 1] = entries.length
    }
    const { cols } = entries.take()
    this.cell = cols.cell
    this.ns = cols.ns
  }

  group(cell: number): number {
    return this.cells.first(cell)
  }

  label(cell: number): number {
    return this.cells.second(cell)
  }

  /** Add interval i's ns per cell to `sums`, `factor` times, as far as it lies in the window. */
  addTo(sums: Float64Array, i: number, window: Window, factor = 1): void {
    const row = this.#of.rows[i]
    const fromNs = this.#of.fromNs[row]
    const toNs = this.#of.toNs[row]
    if (fromNs >= window.fromNs && toNs <= window.toNs) {
      for (let e = this.starts[i]; e < this.starts[i + 1]; e++) sums[this.cell[e]] += this.ns[e] * factor
      return
    }
    if (!overlaps(fromNs, toNs, window)) return
    this.#divide(row, Math.max(fromNs, window.fromNs), Math.min(toNs, window.toNs))
    for (let e = this.starts[i]; e < this.starts[i + 1]; e++) {
      sums[this.cell[e]] += this.#sums.ns[this.label(this.cell[e])] * factor
    }
  }

  #divide(row: number, fromNs: number, toNs: number): void {
    const sums = this.#sums
    sums.clear()
    if (!(toNs > fromNs)) return
    if (this.#of.irq(row)) {
      sums.add(interruptLabel(this.#trace), toNs - fromNs)
      return
    }
    const task = this.#of.task(row)
    const all = this.#all
    const last = all.starts[task + 1]
    let rest = toNs - fromNs
    for (let s = segmentAt(all, task, fromNs); s < last && all.fromNs[s] < toNs; s++) {
      const from = all.fromNs[s] > fromNs ? all.fromNs[s] : fromNs
      const to = all.toNs[s] < toNs ? all.toNs[s] : toNs
      sums.add(all.label[s], to - from)
      rest -= to - from
    }
    if (rest > 0) sums.add(otherLabel(this.#trace), rest)
  }
}

/** Rows of lock spans whose hold is measured, ascending. */
export const heldRows = perTrace((trace) => {
  const { flags, lock, acquiredNs, releasedNs } = trace.lockSpan.cols
  const { listed } = lockFacts(trace)
  const rows = new Uint32Array(trace.lockSpan.length)
  let count = 0
  for (let row = 0; row < trace.lockSpan.length; row++) {
    // The comparison is false where either end is not known.
    if ((flags[row] & SPAN_HOLD_KNOWN) === 0 || listed[lock[row]] === 0 || !(releasedNs[row] >= acquiredNs[row]))
      continue
    rows[count++] = row
  }
  return rows.slice(0, count)
})

/** Groups of `holdBreakdown`: class and mode, and the operation the lock was taken in (0: none, else kind + 1). */
export function holdGroup(trace: Trace, classAndMode: number, opKind: number): number {
  return classAndMode * (trace.opKinds.length + 1) + opKind + 1
}

/** Holds (by index into heldRows) divided among what the holder did. */
export const holdBreakdown = perTrace((trace) => {
  const rows = heldRows(trace)
  const { lock, task, op, mode, flags, acquiredNs, releasedNs } = trace.lockSpan.cols
  const { classOf } = lockFacts(trace)
  const { kind } = trace.op.cols
  return new Breakdown(trace, {
    rows,
    fromNs: acquiredNs,
    toNs: releasedNs,
    task: (row) => task[row],
    irq: (row) => (flags[row] & SPAN_IRQ) !== 0,
    groups: trace.lockClasses.length * 2 * (trace.opKinds.length + 1),
    group: (row) => holdGroup(trace, classOf[lock[row]] * 2 + mode[row], op[row] === -1 ? -1 : kind[op[row]]),
  })
})

/** Overlaps of wait edges divided among what the holder did meanwhile; groups are the classes waited for. */
export const edgeBreakdown = perTrace((trace) => {
  const { from, to } = edges(trace)
  const { waiter, holder } = trace.waitEdge.cols
  const { lock, task, flags } = trace.lockSpan.cols
  const { classOf } = lockFacts(trace)
  return new Breakdown(trace, {
    rows: Uint32Array.from({ length: trace.waitEdge.length }, (_, edge) => edge),
    fromNs: from,
    toNs: to,
    task: (edge) => task[holder[edge]],
    irq: (edge) => (flags[holder[edge]] & SPAN_IRQ) !== 0,
    groups: trace.lockClasses.length,
    group: (edge) => classOf[lock[waiter[edge]]],
  })
})

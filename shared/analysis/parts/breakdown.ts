/**
 * Intervals of tasks (holds, overlaps of wait edges) divided among the segments they cover, per trace and once: each
 * row has a short list of (cell, ns), a cell being a group (say class, mode and operation) and a label. A question
 * about any part of a trace is then a sum over lists; only what a window cuts is divided anew.
 */

import { GrowingTable } from '../../base/columns.ts'
import { SPAN_HOLD_KNOWN, SPAN_IRQ } from '../../model/kinds.ts'
import type { Trace } from '../../model/trace.ts'
import { PairIds } from './grouping.ts'
import { perTrace } from './per-trace.ts'
import { lockFacts, type Window } from './scope.ts'
import { interruptLabel, labelCount, otherLabel, segmentAt, segments, type Segments } from './segments.ts'
import { edges, QUEUED } from './waits.ts'

const entrySchema = { cell: 'u32', ns: 'f64' } as const

/** The intervals to divide, one per row of a table. */
interface Intervals {
  readonly fromNs: Float64Array
  readonly toNs: Float64Array
  /** Rows for which this is false have no entries; neither have those with an unknown end. */
  counts(row: number): boolean
  task(row: number): number
  /** When what the row looks at began: of waits before that the phase beneath counts. */
  since(row: number): number
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

interface Adding {
  readonly window: Window
  readonly factor?: number
  readonly times?: Uint32Array | undefined
}

export class Breakdown {
  /** Entries of row r are starts[r] … starts[r + 1). */
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
    const count = of.fromNs.length
    this.starts = new Uint32Array(count + 1)
    const entries = new GrowingTable(entrySchema, count + 1024)
    for (let row = 0; row < count; row++) {
      if (of.counts(row)) this.#divide(row, of.fromNs[row], of.toNs[row])
      else this.#sums.clear()
      for (const label of this.#sums.labels) {
        const at = entries.add()
        entries.cols.cell[at] = this.cells.id(of.group(row), label)
        entries.cols.ns[at] = this.#sums.ns[label]
      }
      this.starts[row + 1] = entries.length
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

  /**
   * Add a row's ns per cell to `sums`, `factor` times, as far as they lie in the window; `times`, where given, counts the
   * rows that had time in each cell.
   */
  addTo(sums: Float64Array, row: number, { window, factor = 1, times }: Adding): void {
    const { starts, cell, ns } = this
    const last = starts[row + 1]
    if (starts[row] === last) return
    const fromNs = this.#of.fromNs[row]
    const toNs = this.#of.toNs[row]
    if (fromNs >= window.fromNs && toNs <= window.toNs) {
      for (let e = starts[row]; e < last; e++) {
        sums[cell[e]] += ns[e] * factor
        if (times !== undefined) times[cell[e]]++
      }
      return
    }
    if (fromNs >= window.toNs || toNs <= window.fromNs) return
    this.#divide(row, Math.max(fromNs, window.fromNs), Math.min(toNs, window.toNs))
    for (let e = starts[row]; e < last; e++) {
      const part = this.#sums.ns[this.label(cell[e])]
      sums[cell[e]] += part * factor
      if (times !== undefined && part > 0) times[cell[e]]++
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
    const since = this.#of.since(row)
    let rest = toNs - fromNs
    for (let s = segmentAt(all, task, fromNs); s < last && all.fromNs[s] < toNs; s++) {
      const from = all.fromNs[s] > fromNs ? all.fromNs[s] : fromNs
      const to = all.toNs[s] < toNs ? all.toNs[s] : toNs
      sums.add(all.sinceNs[s] < since ? all.beneath[s] : all.label[s], to - from)
      rest -= to - from
    }
    if (rest > 0) sums.add(otherLabel(this.#trace), rest)
  }
}

/** Groups of `holdBreakdown`: class and mode, and the operation the lock was taken in (0: none, else kind + 1). */
function holdGroup(trace: Trace, classAndMode: number, opKind: number): number {
  return classAndMode * (trace.opKinds.length + 1) + opKind + 1
}

/** Holds, by row of lockSpan, divided among what the holder did. */
export const holdBreakdown = perTrace((trace) => {
  const { lock, task, op, mode, flags, acquiredNs, releasedNs } = trace.lockSpan.cols
  const { classOf, listed } = lockFacts(trace)
  const { kind } = trace.op.cols
  return new Breakdown(trace, {
    fromNs: acquiredNs,
    toNs: releasedNs,
    counts: (row) => (flags[row] & SPAN_HOLD_KNOWN) !== 0 && listed[lock[row]] === 1,
    task: (row) => task[row],
    since: (row) => acquiredNs[row],
    irq: (row) => (flags[row] & SPAN_IRQ) !== 0,
    groups: trace.lockClasses.length * 2 * (trace.opKinds.length + 1),
    group: (row) => holdGroup(trace, classOf[lock[row]] * 2 + mode[row], op[row] === -1 ? -1 : kind[op[row]]),
  })
})

/** Overlaps of wait edges, by row of waitEdge, divided among what the holder did meanwhile; groups are the classes waited for. */
export const edgeBreakdown = perTrace((trace) => {
  const { from, to } = edges(trace)
  const { waiter, holder, kind } = trace.waitEdge.cols
  const { lock, task, flags, acquiredNs } = trace.lockSpan.cols
  const { classOf } = lockFacts(trace)
  return new Breakdown(trace, {
    fromNs: from,
    toNs: to,
    counts: () => true,
    task: (edge) => task[holder[edge]],
    since: (edge) => (kind[edge] === QUEUED ? -Infinity : acquiredNs[holder[edge]]),
    irq: (edge) => (flags[holder[edge]] & SPAN_IRQ) !== 0,
    groups: trace.lockClasses.length,
    group: (edge) => classOf[lock[waiter[edge]]],
  })
})

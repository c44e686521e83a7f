/**
 * How a trace is laid out for viewers that draw tracks (Chrome's, Perfetto's), the same for both:
 *
 *     a process per thread group
 *       a thread's track          operations ⊃ phases ⊃ waits for locks, nested
 *       behind it, its locks      what it holds; a second lane where holds do not nest
 *     CPUs                        who runs where, where the trace shows it
 *     waiting for locks           how many tasks wait, a counter per class, the most waited for first
 *
 * and an arrow from each wait to the hold that was in its way. What has no known end is drawn until the next of its kind and
 * says so. Tracks are walked one after another, so no more than one task's spans are in memory beside the trace itself.
 */

import type { Ns, Trace } from '../model/trace.ts'
import { SPAN_CONTENDED, SPAN_HOLD_KNOWN, SPAN_IRQ, TASK_STATES } from '../model/kinds.ts'
import { grouped, type Groups } from './groups.ts'
import { lanesOf, nested } from './nesting.ts'
import { words, type Args } from './span-args.ts'
import { ROWS_PER_STEP, type Exported, type Window } from './writer.ts'
import type { Slice } from './slice.ts'

export interface Track {
  /** `cpu` and `counter` tracks belong to no task. */
  readonly kind: 'thread' | 'locks' | 'cpu' | 'counter'
  readonly task: number
  /** Lane of a task's locks, number of a CPU, rank of a counter. */
  readonly index: number
  readonly name: string
}

/** Where a layout goes. Slices of a track come outer before inner, in order of their begins. */
export interface TrackSink {
  track(track: Track): void
  slice(slice: Slice, args: Args, leaving: readonly number[]): void
  /** An arrow (its edge's row) ends in the slice that is open on the track then. */
  arrives(edge: number, at: Ns, name: string): void
  counter(at: Ns, value: number): void
  /** The track is complete. */
  done(): void
}

/** Counters drawn: more classes than this nobody looks at. */
const COUNTERS = 12
const RUNNING = TASK_STATES.indexOf('running')

interface Layout {
  readonly trace: Trace
  readonly window: Window
  readonly sink: TrackSink
  readonly waitEnds: Float64Array
  /** Rows of a table by task. */
  readonly ops: Groups
  readonly phases: Groups
  readonly spans: Groups
  /** Edges by waiter's and by holder's span. */
  readonly leaving: Groups
  readonly arriving: Groups
}

export function* layOut(source: Exported, sink: TrackSink): Generator<number, void, void> {
  const { trace, window, waitEnds } = source
  const { op, phase, lockSpan, waitEdge, tasks } = trace
  const layout: Layout = {
    trace,
    window: { from: window.from, to: Math.min(window.to, trace.meta.durationNs) },
    sink,
    waitEnds,
    ops: grouped(op.cols.task, op.length, tasks.length),
    phases: grouped(phase.cols.task, phase.length, tasks.length),
    spans: grouped(lockSpan.cols.task, lockSpan.length, tasks.length),
    leaving: grouped(waitEdge.cols.waiter, waitEdge.length, lockSpan.length),
    arriving: grouped(waitEdge.cols.holder, waitEdge.length, lockSpan.length),
  }
  // Arrows go from waits to holds. Viewers put events in order of time and leave those of one time as they come; an arrow
  // whose end they meet before its begin they drop.
  for (let task = 0; task < tasks.length; task++) yield* thread(layout, task)
  for (let task = 0; task < tasks.length; task++) yield* locks(layout, task)
  yield* cpus(layout)
  yield* counters(layout)
}

function* thread(layout: Layout, task: number): Generator<number, void, void> {
  const { trace, sink, leaving } = layout
  const slices = nested([...opSlices(layout, task), ...phaseSlices(layout, task), ...waitSlices(layout, task)])
  if (slices.length === 0) return
  sink.track({ kind: 'thread', task, index: 0, name: trace.tasks[task].comm })
  for (const slice of slices) {
    const edges = slice.category === 'wait' ? leaving.of(slice.row) : []
    sink.slice(
      slice,
      words(trace, slice),
      edges.filter((edge) => held(layout, trace.waitEdge.cols.holder[edge])),
    )
  }
  sink.done()
  yield slices.length
}

function* opSlices({ trace, ops, window }: Layout, task: number): Generator<Slice> {
  const { cols } = trace.op
  const rows = ops.of(task)
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]
    const start = cols.startNs[row]
    const known = start + cols.durationNs[row]
    // Of unknown length: until the task does something else.
    const next = i + 1 < rows.length ? cols.startNs[rows[i + 1]] : window.to
    const end = Number.isNaN(known) ? Math.max(start, next) : known
    const name = trace.opKinds[cols.kind[row]]
    yield* clipped({ category: 'op', row, name, start, end }, window)
  }
}

function* phaseSlices({ trace, phases, window }: Layout, task: number): Generator<Slice> {
  const { cols } = trace.phase
  for (const row of phases.of(task)) {
    const start = cols.startNs[row]
    const known = start + cols.durationNs[row]
    const name = trace.phaseNames[cols.name[row]]
    yield* clipped({ category: 'phase', row, name, start, end: Number.isNaN(known) ? start : known }, window)
  }
}

function* waitSlices({ trace, spans, window, waitEnds }: Layout, task: number): Generator<Slice> {
  const { cols } = trace.lockSpan
  for (const row of spans.of(task)) {
    if ((cols.flags[row] & SPAN_CONTENDED) === 0 || (cols.flags[row] & SPAN_IRQ) !== 0) continue
    const start = cols.requestedNs[row]
    if (Number.isNaN(start)) continue
    const end = Number.isNaN(waitEnds[row]) ? start : waitEnds[row]
    yield* clipped({ category: 'wait', row, name: `wait ${className(trace, row)}`, start, end }, window)
  }
}

function* holdSlices({ trace, spans, window }: Layout, task: number): Generator<Slice> {
  const { cols } = trace.lockSpan
  for (const row of spans.of(task)) {
    const start = cols.acquiredNs[row]
    if ((cols.flags[row] & SPAN_HOLD_KNOWN) === 0 || Number.isNaN(start) || isAnnotation(trace, row)) continue
    const end = Number.isNaN(cols.releasedNs[row]) ? window.to : cols.releasedNs[row]
    yield* clipped({ category: 'hold', row, name: className(trace, row), start, end: Math.max(start, end) }, window)
  }
}

/** The part that lies in the window, if any does. */
function* clipped(slice: Slice, { from, to }: Window): Generator<Slice> {
  if (slice.start > to || slice.end < from) return
  yield { ...slice, start: Math.max(from, slice.start), end: Math.min(to, slice.end) }
}

/** Is this span's hold among the slices? */
function held({ trace, window }: Layout, span: number): boolean {
  const { flags, acquiredNs, releasedNs } = trace.lockSpan.cols
  if ((flags[span] & SPAN_HOLD_KNOWN) === 0 || Number.isNaN(acquiredNs[span]) || isAnnotation(trace, span)) return false
  return acquiredNs[span] <= window.to && !(releasedNs[span] < window.from)
}

function className(trace: Trace, span: number): string {
  return trace.lockClasses[trace.locks[trace.lockSpan.cols.lock[span]].lockClass].name
}

/** lockdep's own bookkeeping: spans, but no locks. */
function isAnnotation(trace: Trace, span: number): boolean {
  return trace.lockClasses[trace.locks[trace.lockSpan.cols.lock[span]].lockClass].kind === 'annotation'
}

function* locks(layout: Layout, task: number): Generator<number, void, void> {
  const { trace, sink } = layout
  const lanes = lanesOf([...holdSlices(layout, task)])
  for (const [index, slices] of lanes.entries()) {
    sink.track({ kind: 'locks', task, index, name: `${trace.tasks[task].comm} locks` })
    const arrivals = arrivalsAt(layout, slices)
    let next = 0
    for (const slice of slices) {
      for (; next < arrivals.length && arrivals[next].at < slice.start; next++) arrive(layout, arrivals[next])
      sink.slice(slice, words(trace, slice), [])
    }
    for (; next < arrivals.length; next++) arrive(layout, arrivals[next])
    sink.done()
    yield slices.length
  }
}

interface Arrival {
  readonly edge: number
  readonly at: Ns
}

/** Where the arrows to a lane's holds end: when the wait was on and the lock was held. */
function arrivalsAt(layout: Layout, slices: readonly Slice[]): readonly Arrival[] {
  const { trace, arriving } = layout
  const { waiter } = trace.waitEdge.cols
  const { requestedNs } = trace.lockSpan.cols
  const out: Arrival[] = []
  for (let i = 0; i < slices.length; i++) {
    const edges = [...arriving.of(slices[i].row)].filter((edge) => drawn(layout, waiter[edge]))
    edges.sort((a, b) => requestedNs[waiter[a]] - requestedNs[waiter[b]])
    const bare = new BareMoments(slices, i)
    for (const edge of edges) out.push({ edge, at: bare.from(requestedNs[waiter[edge]]) })
  }
  return out.sort((a, b) => a.at - b.at || a.edge - b.edge)
}

/**
 * Moments at which a slice is the innermost: viewers end an arrow in the innermost slice there is, and one that is just ending is
 * none any more for some of them, and still one for others. Asked in ascending order, it goes over the inner slices once.
 */
class BareMoments {
  readonly #slices: readonly Slice[]
  readonly #of: Slice
  #inner: number
  /** Up to here inner slices reach. */
  #covered = -Infinity

  constructor(slices: readonly Slice[], index: number) {
    this.#slices = slices
    this.#of = slices[index]
    this.#inner = index + 1
  }

  /** The first such moment from `asked` on; without one, when it was asked: no arrow goes back in time. */
  from(asked: Ns): Ns {
    const { start, end } = this.#of
    for (let at = Math.max(start, asked, this.#covered + 1); at < end; at = Math.max(at, this.#covered + 1)) {
      const next = this.#slices.at(this.#inner)
      if (next === undefined || next.start > at) return at
      this.#covered = Math.max(this.#covered, next.end)
      this.#inner++
    }
    return Math.min(end, Math.max(start, asked))
  }
}

/** Is this span's wait among the slices? Arrows need both ends. */
function drawn({ trace, waitEnds, window: { from, to } }: Layout, span: number): boolean {
  const { flags, requestedNs } = trace.lockSpan.cols
  const shown = (flags[span] & SPAN_CONTENDED) !== 0 && (flags[span] & SPAN_IRQ) === 0
  // Without a known end it is a moment, as waitSlices draws it.
  const end = Number.isNaN(waitEnds[span]) ? requestedNs[span] : waitEnds[span]
  return shown && requestedNs[span] <= to && !(end < from)
}

function arrive({ trace, sink }: Layout, { edge, at }: Arrival): void {
  const waiter = trace.waitEdge.cols.waiter[edge]
  const { comm, pid } = trace.tasks[trace.lockSpan.cols.task[waiter]]
  sink.arrives(edge, at, `${comm}-${pid} waits`)
}

/** Who ran where, from sched_switch. */
function* cpus({ trace, sink, window }: Layout): Generator<number, void, void> {
  const { cols, length } = trace.taskState
  const last = cols.cpu.reduce((most, cpu) => Math.max(most, cpu), -1)
  const byCpu = grouped(cols.cpu, length, last + 1)
  for (let cpu = 0; cpu <= last; cpu++) {
    const slices: Slice[] = []
    for (const row of byCpu.of(cpu)) {
      if (cols.state[row] !== RUNNING || Number.isNaN(cols.durationNs[row])) continue
      const { comm, pid } = trace.tasks[cols.task[row]]
      const start = cols.startNs[row]
      const slice: Slice = {
        category: 'running',
        row,
        name: `${comm}-${pid}`,
        start,
        end: start + cols.durationNs[row],
      }
      slices.push(...clipped(slice, window))
    }
    if (slices.length === 0) continue
    sink.track({ kind: 'cpu', task: -1, index: cpu, name: `CPU ${cpu}` })
    for (const slice of nested(slices)) sink.slice(slice, {}, [])
    sink.done()
    yield slices.length
  }
}

/** How many tasks wait for a class of lock, over time. */
function* counters(layout: Layout): Generator<number, void, void> {
  const { trace, sink, window, waitEnds } = layout
  const { cols, length } = trace.lockSpan
  const waited = new Float64Array(trace.lockClasses.length)
  const rows: number[][] = trace.lockClasses.map(() => [])
  for (let row = 0; row < length; row++) {
    const wait = waitEnds[row] - cols.requestedNs[row]
    if (!(wait > 0) || !drawn(layout, row)) continue
    const { lockClass } = trace.locks[cols.lock[row]]
    waited[lockClass] += wait
    rows[lockClass].push(row)
  }
  const most = [...waited.keys()].filter((id) => waited[id] > 0).sort((a, b) => waited[b] - waited[a] || a - b)
  for (const [index, lockClass] of most.slice(0, COUNTERS).entries()) {
    const steps = rows[lockClass]
      .flatMap((row) => [
        { at: Math.max(window.from, cols.requestedNs[row]), by: 1 },
        { at: Math.min(window.to, waitEnds[row]), by: -1 },
      ])
      .sort((a, b) => a.at - b.at)
    sink.track({ kind: 'counter', task: -1, index, name: trace.lockClasses[lockClass].name })
    let waiting = 0
    for (let i = 0; i < steps.length; i++) {
      waiting += steps[i].by
      if (i + 1 === steps.length || steps[i + 1].at > steps[i].at) sink.counter(steps[i].at, waiting)
      if (i % ROWS_PER_STEP === 0) yield 0
    }
    sink.done()
    yield rows[lockClass].length
  }
}

/**
 * Which slices belong to which row: for each section and family the spans by row, in order of time, each with the lane
 * it is drawn in. Lanes are first fit: what begins while something else lasts goes one lane down, so nesting shows as
 * nesting and two readers of a lock as two. Built once per trace and family, in one pass over its spans.
 *
 * A span whose end was never seen lasts to the end of the trace, unless what follows shows that it was over: a task is
 * in one system call at a time, a lock has one writer, who waits does nothing else. Annotation classes are lockdep's
 * book-keeping and not locks.
 */

import { groupRows, type RowGroups } from '../analysis/parts/grouping.ts'
import { opCloses, opEnds } from '../analysis/parts/op-ends.ts'
import { perTrace } from '../analysis/parts/per-trace.ts'
import { lockFacts } from '../analysis/parts/scope.ts'
import { waitEnds, waitOver } from '../analysis/parts/wait-ends.ts'
import { limits } from '../base/limits.ts'
import { SPAN_CONTENDED, SPAN_HOLD_KNOWN, SPAN_INFERRED, SPAN_IRQ, TASK_STATES } from '../model/kinds.ts'
import type { Trace } from '../model/trace.ts'
import { orderRows } from './order.ts'
import { SLICE_FAILED, SLICE_INFERRED, SLICE_IRQ, SLICE_SHARED, type RowSection, type TrackFamily } from './types.ts'

/** Families whose slices are rows of a span table. `blocking` is made from `hold`, ticks and counters from elsewhere. */
export type SpanFamily = Exclude<TrackFamily, 'blocking' | 'tick' | 'counter'>

export interface FamilySource {
  readonly family: SpanFamily
  /** Rows of the section. */
  readonly keys: Uint32Array | Int32Array
  readonly rows: number
  /** Spans that count; undefined: all. */
  readonly among: Uint32Array | undefined
  readonly start: Float64Array
  /** NaN: never seen. */
  readonly end: (span: number) => number
  /** How far one may have lasted whose end was not seen; left out: to the end of the trace. */
  readonly openTo?: (span: number) => number
  /** Index into `words`, below `nameCount`. */
  readonly name: (span: number) => number
  readonly nameCount: number
  readonly words: (name: number) => string
  readonly flags: (span: number) => number
  /** The later span shows that the earlier one, whose end was not seen, was over. */
  readonly closes: (earlier: number, later: number) => boolean
  readonly waited: ((span: number) => number) | undefined
  /** Only one lasts at a time: what begins shows that the one before was over, whatever its end says. */
  readonly oneAtATime: boolean
}

export interface FamilyRows extends RowGroups {
  readonly source: FamilySource
  /** Parallel to `rows`. */
  readonly lane: Uint8Array
  /** Per row of the section. */
  readonly lanes: Uint8Array
  /** ns in which at least one slice lasts, and the sum over slices; of those whose end was seen. */
  readonly covered: Float64Array
  readonly total: Float64Array
  /** First begin and last end; Infinity and -Infinity where there is nothing. */
  readonly firstNs: Float64Array
  readonly lastNs: Float64Array
}

const SECTION_FAMILIES: Readonly<Record<RowSection, readonly SpanFamily[]>> = {
  task: ['state', 'op', 'phase', 'hold', 'wait'],
  cpu: ['run', 'op'],
  lock: ['hold', 'wait'],
  inode: ['op'],
  counter: [],
}

/** How far a span is drawn: to its end, or as far as it may have lasted where that was not seen. */
export function drawnEnd(trace: Trace, { start, end, openTo }: FamilySource, span: number): number {
  const seen = end(span)
  return Math.max(start[span], Number.isNaN(seen) ? (openTo?.(span) ?? trace.meta.durationNs) : seen)
}

export function familiesOf(section: RowSection): readonly SpanFamily[] {
  return SECTION_FAMILIES[section]
}

/** Built when first asked for and kept with the trace. */
export function familyRows(trace: Trace, section: RowSection, family: SpanFamily): FamilyRows {
  const known = built(trace)
  const key = `${section} ${family}`
  let rows = known.get(key)
  if (rows === undefined) {
    rows = placed(trace, sourceOf(trace, section, family))
    known.set(key, rows)
  }
  return rows
}

const built = perTrace(() => new Map<string, FamilyRows>())

/** CPUs with anything on them: one more than the highest number seen. */
export const cpuCount = perTrace((trace) => {
  let count = trace.meta.cpus ?? 0
  for (const column of [trace.taskState.cols.cpu, trace.op.cols.cpu]) {
    for (const cpu of column) if (cpu >= count) count = cpu + 1
  }
  return { count: Math.min(count, limits.cpus) }
})

/** Locks that are locks: rows of the lock section. */
export const listedLocks = perTrace((trace) => {
  const { listed } = lockFacts(trace)
  const ids = trace.locks.flatMap((_, id) => (listed[id] === 1 ? [id] : []))
  return Uint32Array.from(ids)
})

function sourceOf(trace: Trace, section: RowSection, family: SpanFamily): FamilySource {
  switch (family) {
    case 'op':
      return opSource(trace, section)
    case 'phase':
      return phaseSource(trace)
    case 'hold':
    case 'wait':
      return lockSource(trace, section, family)
    case 'state':
    case 'run':
      return stateSource(trace, family)
  }
}

function opSource(trace: Trace, section: RowSection): FamilySource {
  const { startNs, durationNs, kind, task, cpu, inode, inferred, result, waitNs } = trace.op.cols
  const ends = opEnds(trace)
  const closes = opCloses(trace)
  return {
    family: 'op',
    keys: section === 'task' ? task : section === 'cpu' ? cpu : inode,
    rows: section === 'task' ? trace.tasks.length : section === 'cpu' ? cpuCount(trace).count : trace.inodes.length,
    // Where sched events say what a CPU runs, operations that merely began on it would only hide that.
    among: section === 'cpu' && trace.taskState.length > 0 ? new Uint32Array(0) : undefined,
    start: startNs,
    end: (op) => startNs[op] + durationNs[op],
    openTo: (op) => Math.min(ends[op], trace.meta.durationNs),
    name: (op) => kind[op],
    words: (name) => trace.opKinds[name],
    nameCount: trace.opKinds.length,
    flags: (op) => (inferred[op] === 1 ? SLICE_INFERRED : 0) | (result[op] < 0 ? SLICE_FAILED : 0),
    closes: (earlier, later) => task[earlier] === task[later] && closes(kind[earlier], kind[later]),
    waited: (op) => (waitNs[op] >= 0 ? waitNs[op] : 0),
    oneAtATime: false,
  }
}

function phaseSource(trace: Trace): FamilySource {
  const { startNs, durationNs, name, task, op } = trace.phase.cols
  return {
    family: 'phase',
    keys: task,
    rows: trace.tasks.length,
    among: undefined,
    start: startNs,
    end: (phase) => startNs[phase] + durationNs[phase],
    name: (phase) => name[phase],
    words: (word) => trace.phaseNames[word],
    nameCount: trace.phaseNames.length,
    flags: () => 0,
    closes: (earlier, later) => name[earlier] === name[later] || op[earlier] !== op[later],
    waited: undefined,
    oneAtATime: false,
  }
}

function lockSource(trace: Trace, section: RowSection, family: 'hold' | 'wait'): FamilySource {
  const { lock, task, mode, flags, requestedNs, acquiredNs } = trace.lockSpan.cols
  const { classOf, listed } = lockFacts(trace)
  const start = family === 'hold' ? acquiredNs : requestedNs
  const needed = family === 'hold' ? SPAN_HOLD_KNOWN : SPAN_CONTENDED
  const byLock = section === 'lock'
  return {
    family,
    keys: byLock ? lock : task,
    rows: byLock ? trace.locks.length : trace.tasks.length,
    among: spansWhere(
      trace.lockSpan.length,
      (span) => (flags[span] & needed) !== 0 && listed[lock[span]] === 1 && start[span] >= 0,
    ),
    start,
    ...(family === 'hold' ? holdEnd(trace) : waitEnd(trace)),
    name: byLock ? (span) => task[span] : (span) => classOf[lock[span]],
    nameCount: byLock ? trace.tasks.length : trace.lockClasses.length,
    words: byLock ? (name) => trace.tasks[name].comm : (name) => trace.lockClasses[name].name,
    flags: (span) =>
      ((flags[span] & SPAN_INFERRED) !== 0 ? SLICE_INFERRED : 0) |
      ((flags[span] & SPAN_IRQ) !== 0 ? SLICE_IRQ : 0) |
      (mode[span] === 1 ? SLICE_SHARED : 0),
    closes:
      family === 'wait'
        ? (earlier, later) => task[earlier] === task[later]
        : (earlier, later) =>
            lock[earlier] === lock[later] &&
            (task[earlier] === task[later] || (mode[earlier] === 0 && mode[later] === 0)),
    waited: undefined,
    oneAtATime: false,
  }
}

type Ends = Pick<FamilySource, 'end' | 'openTo'>

/** One that did not get its lock ended when it was given up; where that is not in the trace no time at all is claimed. */
function waitEnd(trace: Trace): Ends {
  const ends = waitEnds(trace)
  const { requestedNs } = trace.lockSpan.cols
  return {
    end: (span) => waitOver(trace, span),
    openTo: (span) => (ends[span] >= 0 ? ends[span] : requestedNs[span]),
  }
}

function holdEnd(trace: Trace): Ends {
  const { releasedNs } = trace.lockSpan.cols
  const next = nextTaken(trace)
  return { end: (span) => releasedNs[span], openTo: (span) => next.get(span) ?? trace.meta.durationNs }
}

/** Of exclusive holds that were not seen to end: when somebody next took the lock exclusively, on whatever row that is. */
const nextTaken = perTrace((trace): ReadonlyMap<number, number> => {
  const { lock, mode, flags, acquiredNs, releasedNs } = trace.lockSpan.cols
  const isTaken = (span: number) => mode[span] === 0 && (flags[span] & SPAN_HOLD_KNOWN) !== 0 && acquiredNs[span] >= 0
  const next = new Map<number, number>()
  const taken = spansWhere(trace.lockSpan.length, isTaken)
  if (!taken.some((span) => Number.isNaN(releasedNs[span]))) return next
  orderRows(taken, (a, b) => (acquiredNs[a] === acquiredNs[b] ? a < b : acquiredNs[a] < acquiredNs[b]))
  const latest = new Map<number, number>()
  for (let i = taken.length - 1; i >= 0; i--) {
    const span = taken[i]
    const after = latest.get(lock[span])
    if (after !== undefined && Number.isNaN(releasedNs[span])) next.set(span, after)
    latest.set(lock[span], acquiredNs[span])
  }
  return next
})

const RUNNING = TASK_STATES.indexOf('running')

function stateSource(trace: Trace, family: 'state' | 'run'): FamilySource {
  const { startNs, durationNs, state, task, cpu } = trace.taskState.cols
  const run = family === 'run'
  return {
    family,
    keys: run ? cpu : task,
    rows: run ? cpuCount(trace).count : trace.tasks.length,
    among: run
      ? spansWhere(trace.taskState.length, (span) => state[span] === RUNNING && trace.tasks[task[span]].pid !== 0)
      : undefined,
    start: startNs,
    end: (span) => startNs[span] + durationNs[span],
    name: run ? (span) => task[span] : (span) => state[span],
    nameCount: run ? trace.tasks.length : TASK_STATES.length,
    words: run ? (name) => trace.tasks[name].comm : (name) => TASK_STATES[name],
    flags: () => 0,
    closes: () => true,
    waited: undefined,
    oneAtATime: run,
  }
}

function spansWhere(length: number, test: (span: number) => boolean): Uint32Array {
  const spans = new Uint32Array(length)
  let count = 0
  for (let span = 0; span < length; span++) if (test(span)) spans[count++] = span
  return spans.slice(0, count)
}

/** By row, in order of begin; of those that begin together the longer one first, because it is the outer one. */
function placed(trace: Trace, source: FamilySource): FamilyRows {
  const groups = groupRows(source.keys, source.rows, source.among)
  const { starts, rows } = groups
  const out: FamilyRows = {
    ...groups,
    source,
    lane: new Uint8Array(rows.length),
    lanes: new Uint8Array(source.rows),
    covered: new Float64Array(source.rows),
    total: new Float64Array(source.rows),
    firstNs: new Float64Array(source.rows).fill(Infinity),
    lastNs: new Float64Array(source.rows).fill(-Infinity),
  }
  const fit = new FirstFit(trace, source)
  for (let row = 0; row < source.rows; row++) {
    if (starts[row] === starts[row + 1]) continue
    order(rows.subarray(starts[row], starts[row + 1]), source)
    fit.place(out, row)
  }
  return out
}

function order(rows: Uint32Array, { start, end }: FamilySource): void {
  const inOrder = (a: number, b: number) => {
    if (start[a] !== start[b]) return start[a] < start[b]
    const endA = end(a)
    const endB = end(b)
    if (endA === endB) return a < b
    // NaN, not seen to end, is the longest.
    return Number.isNaN(endA) ? !Number.isNaN(endB) || a < b : endA > endB
  }
  orderRows(rows, inOrder)
}

class FirstFit {
  readonly #trace: Trace
  readonly #source: FamilySource
  readonly #end = new Float64Array(limits.timelineLanes)
  /** Last span of each lane whose end was not seen, else -1. */
  readonly #open = new Float64Array(limits.timelineLanes)

  constructor(trace: Trace, source: FamilySource) {
    this.#trace = trace
    this.#source = source
  }

  place(out: FamilyRows, row: number): void {
    const { start, end } = this.#source
    let lanes = 0
    let latest = -Infinity
    let last = -Infinity
    for (let i = out.starts[row]; i < out.starts[row + 1]; i++) {
      const span = out.rows[i]
      const from = start[span]
      const seen = end(span)
      const to = drawnEnd(this.#trace, this.#source, span)
      const lane = this.#laneFor(span, from, lanes)
      if (lane === lanes) lanes++
      this.#end[lane] = to
      this.#open[lane] = Number.isNaN(seen) ? span : -1
      out.lane[i] = lane
      last = Math.max(last, to)
      if (!(seen > from)) continue
      out.total[row] += seen - from
      if (seen > latest) {
        out.covered[row] += seen - Math.max(from, latest)
        latest = seen
      }
    }
    out.lanes[row] = lanes
    out.firstNs[row] = start[out.rows[out.starts[row]]]
    out.lastNs[row] = last
  }

  #laneFor(span: number, from: number, lanes: number): number {
    if (this.#source.oneAtATime) return 0
    for (let lane = 0; lane < lanes; lane++) {
      if (this.#end[lane] <= from) return lane
      if (this.#open[lane] >= 0 && this.#source.closes(this.#open[lane], span)) return lane
    }
    return Math.min(lanes, limits.timelineLanes - 1)
  }
}

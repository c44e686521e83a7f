/**
 * Builds a trace as a stream: importers and the simulator append events and spans, the builder batches them into
 * columns and hands full batches to a sink, so memory does not grow with the trace. It knows columns and dictionaries,
 * not what events mean (that is shared/spans), and it never sorts: rows keep the order they were given in.
 *
 * Times are given relative to a start chosen by the first event; if an earlier event turns up later, `end` tells the
 * sink by how much everything has to be moved, so that a trace always starts at 0.
 */

import { assert } from '../base/assert.ts'
import { ByteInterner, decodeUtf8, encodeUtf8 } from '../base/bytes.ts'
import { GrowingTable, type Columns } from '../base/columns.ts'
import { limits } from '../base/limits.ts'
import { CpuWatch } from './cpu-watch.ts'
import { DELTA_TIMES, TOO_MANY_NAMES } from './diagnostics.ts'
import type { LockReport, LockStat, TraceExtras } from './extras.ts'
import { EventColumns, RateCounter } from './events.ts'
import {
  EVENT_AFTER_ANY_LOSS,
  EVENT_AFTER_LOSS,
  EVENT_BOUNDARY,
  OP_KINDS,
  type LockKind,
  type Severity,
} from './kinds.ts'
import {
  SPAN_TABLES,
  spanSchemas,
  type Annotation,
  type Diagnostic,
  type EventChunk,
  type GrowingSpans,
  type Lock,
  type LockClass,
  type Ns,
  type RecordFormat,
  type SpanTable,
  type TraceMeta,
  type TraceSink,
} from './trace.ts'

/** A set of strings that get dense ids in order of first appearance. */
export class Names {
  readonly list: string[] = []
  readonly #ids = new Map<string, number>()
  /** Asked for last: mostly it is asked for again. */
  #last: string | undefined = undefined
  #lastId = -1

  constructor(initial: readonly string[] = []) {
    for (const name of initial) this.id(name)
  }

  id(name: string): number {
    if (name === this.#last) return this.#lastId
    this.#last = name
    return (this.#lastId = this.#idOf(name))
  }

  #idOf(name: string): number {
    let id = this.#ids.get(name)
    if (id === undefined) {
      id = this.list.length
      this.#ids.set(name, id)
      this.list.push(name)
    }
    return id
  }

  find(name: string): number {
    return this.#ids.get(name) ?? -1
  }
}

interface MutableTask {
  pid: number
  tgid: number | undefined
  comm: string
}

const EMPTY = new Uint8Array(0)

/** Rows a table has room for to begin with: a short trace has no batch of any. */
const FEW_ROWS = 256

/** One table's rows since the last batch, and the ids given so far. */
class SpanRows<K extends SpanTable> {
  readonly growing: GrowingSpans[K]
  /** Of the rows there is room for. */
  ids = new Uint32Array(FEW_ROWS)
  nextId = 0

  constructor(table: K) {
    this.growing = new GrowingTable(spanSchemas[table], FEW_ROWS) as GrowingSpans[K]
  }

  widen(): void {
    const { ids } = this
    this.ids = new Uint32Array(Math.min(ids.length * 4, limits.spansPerBatch))
    this.ids.set(ids)
    this.growing.reserve(this.ids.length)
  }
}

export class TraceBuilder {
  readonly opKinds = new Names(OP_KINDS)
  readonly phaseNames = new Names()
  readonly inodes = new Names()
  readonly stacks = new Names()
  readonly eventNames = new ByteInterner('event names', limits.names)
  readonly lockClasses: LockClass[] = []
  readonly locks: Lock[] = []
  readonly tasks: MutableTask[] = []
  /** Everything but the counts, which the builder knows. Set by the reader before `end`. */
  readonly meta: { -readonly [K in Exclude<keyof TraceMeta, 'durationNs' | 'eventCount'>]: TraceMeta[K] }

  /** The columns that `row` gives rows of: other arrays after it has made room. */
  readonly cols: { readonly [K in SpanTable]: GrowingSpans[K]['cols'] }

  readonly #sink: TraceSink
  readonly #events: EventColumns
  readonly #rate = new RateCounter()
  readonly #cpus = new CpuWatch()
  readonly #tables: { readonly [K in SpanTable]: SpanRows<K> }
  readonly #eventIds = new Map<string, number>()
  readonly #taskByPid = new Map<number, number>()
  readonly #classByName = new Map<string, number>()
  readonly #lockByKey = new Map<string, number>()
  readonly #diagnostics = new Map<string, { -readonly [K in keyof Diagnostic]: Diagnostic[K] }>()
  #lastDiagnosed: { count: number; readonly code: string } | undefined = undefined
  readonly #annotations: Annotation[] = []
  #minTs = Infinity
  #maxTs = -Infinity
  #ended = false

  constructor(sink: TraceSink, name: string, sourceFormat: string) {
    this.#sink = sink
    this.#events = new EventColumns((chunk) => this.#passOn(chunk), sink.spareEvents?.bind(sink))
    this.#tables = {
      op: new SpanRows('op'),
      phase: new SpanRows('phase'),
      lockSpan: new SpanRows('lockSpan'),
      waitEdge: new SpanRows('waitEdge'),
      taskState: new SpanRows('taskState'),
    }
    this.cols = {
      op: this.#tables.op.growing.cols,
      phase: this.#tables.phase.growing.cols,
      lockSpan: this.#tables.lockSpan.growing.cols,
      waitEdge: this.#tables.waitEdge.growing.cols,
      taskState: this.#tables.taskState.growing.cols,
    }
    this.meta = {
      name,
      sourceFormat,
      clock: 'unknown',
      clockUnit: 'ns',
      startClock: '0',
      startUnixNs: undefined,
      lostEvents: undefined,
      kernel: undefined,
      machine: undefined,
      cpus: undefined,
      scenario: undefined,
      strategy: undefined,
      seed: undefined,
      digest: undefined,
    }
    sink.begin?.({ opKinds: this.opKinds.list, phaseNames: this.phaseNames.list, inodes: this.inodes.list })
  }

  /** False: events are counted and set the trace's length, but are not kept. For callers that want spans only. */
  keepsEvents = true
  #notKept = 0

  get eventCount(): number {
    return this.#events.count + this.#notKept
  }

  /** Latest time seen, relative to the first event; 0 before any. */
  get lastNs(): Ns {
    return Math.max(0, this.#maxTs)
  }

  /** Flags the next event gets, and CPUs whose next event follows a loss. */
  #before = 0
  readonly #lossOn = new Set<number>()

  /** The recorder lost events of a CPU (undefined: of any) before its next event. */
  lossBefore(cpu: number | undefined): void {
    if (cpu === undefined) this.#before |= EVENT_AFTER_ANY_LOSS
    else this.#lossOn.add(cpu)
  }

  /** Another trace of the same input begins with the next event. */
  boundaryBefore(): void {
    this.#before |= EVENT_BOUNDARY
  }

  /** A /proc/lock_stat table. */
  lockStat: LockStat | undefined
  readonly lockReports: LockReport[] = []
  readonly #recordFormats: RecordFormat[] = []
  readonly #stackSpans: number[] = []
  readonly #spanStacks: number[] = []

  /** The call stack (an id of `stacks`) in which the lock of a lock span was asked for. */
  spanStack(span: number, stack: number): void {
    this.#stackSpans.push(span)
    this.#spanStacks.push(stack)
  }

  /** Records of such events are kept as they are. False: the sink takes text only, or others have that name. */
  recordFormat(format: RecordFormat): boolean {
    const formats = this.#recordFormats
    if (this.#sink.keepsRecords !== true || this.eventNames.full) return false
    if (formats.some(({ name }) => name === format.name)) return false
    formats.push(format)
    return true
  }

  #extras(): { readonly extras?: TraceExtras } {
    const order = this.#stackSpans.map((_, i) => i).sort((a, b) => this.#stackSpans[a] - this.#stackSpans[b])
    const span = Uint32Array.from(order, (i) => this.#stackSpans[i])
    const stack = Uint32Array.from(order, (i) => this.#spanStacks[i])
    const extras: TraceExtras = {
      ...(span.length === 0 ? {} : { spanStacks: { span, stack } }),
      ...(this.lockStat === undefined ? {} : { lockStat: this.lockStat }),
      ...(this.lockReports.length === 0 ? {} : { lockReports: this.lockReports }),
    }
    return Object.keys(extras).length === 0 ? {} : { extras }
  }

  /** The trace lasts at least until `ts`: a span can be known to end after the last event. */
  reaches(ts: Ns): void {
    if (ts > this.#maxTs) this.#maxTs = ts
  }

  /** The id of the event name bytes[from, to). A name beyond what a trace may have becomes the first one, and it is said. */
  eventName(bytes: Uint8Array, from: number, to: number, line?: number): number {
    const known = this.eventNames.find(bytes, from, to)
    return known === -1 ? this.#newEventName(decodeUtf8(bytes, from, to), line) : known
  }

  /** By its text: bytes that are no UTF-8 differ and read the same. */
  #newEventName(name: string, line: number | undefined): number {
    const names = this.eventNames
    const bytes = encodeUtf8(name)
    if (!names.full) return names.intern(bytes, 0, bytes.length)
    const known = names.find(bytes, 0, bytes.length)
    if (known !== -1) return known
    this.diagnose('warning', TOO_MANY_NAMES, `event names beyond ${limits.names} are kept as the first one`, line)
    return 0
  }

  /** `eventName` of a string, remembered. */
  eventNamed(name: string): number {
    const known = this.#eventIds.get(name)
    if (known !== undefined) return known
    const bytes = encodeUtf8(name)
    const id = this.eventName(bytes, 0, bytes.length)
    // Once they are full the id may stand for another name: each such event is counted.
    if (!this.eventNames.full) this.#eventIds.set(name, id)
    return id
  }

  /** One raw event; bytes[from, to) is its payload text and is copied. `flags` are EVENT_* bits, its context. */
  event(ts: Ns, cpu: number, task: number, name: number, bytes: Uint8Array, from: number, to: number, flags = 0): void {
    if (to - from > limits.eventArgsBytes) {
      this.diagnose('warning', 'event-args-cut', `event payload longer than ${limits.eventArgsBytes} bytes was cut`)
      to = from + limits.eventArgsBytes
    }
    if (ts < this.#minTs) this.#minTs = ts
    if (ts > this.#maxTs) this.#maxTs = ts
    if (!this.keepsEvents) {
      this.#notKept++
      return
    }
    this.#events.add(ts, cpu, task, name, bytes, from, to, flags | this.#preceded(cpu))
  }

  /** What a chunk says of rate and CPUs is read off it as a whole: that is many times faster than event by event. */
  #passOn(chunk: EventChunk): void {
    this.#rate.addAll(chunk.ts)
    if (this.#watchesCpus) this.#cpus.addAll(chunk.ts, chunk.cpu)
    this.#sink.events(chunk)
  }

  #preceded(cpu: number): number {
    if (this.#before === 0 && this.#lossOn.size === 0) return 0
    const flags = this.#before | (this.#lossOn.delete(cpu) ? EVENT_AFTER_LOSS : 0)
    this.#before = 0
    return flags
  }

  /** An event without payload bytes (the simulator's). */
  eventOf(ts: Ns, cpu: number, task: number, name: string, payload: string): void {
    const bytes = payload === '' ? EMPTY : encodeUtf8(payload)
    this.event(ts, cpu, task, this.eventNamed(name), bytes, 0, bytes.length)
  }

  /** Frames of a stack trace (innermost first, newline-separated) of the last event of `task`. False: it has none here. */
  stackOfLast(task: number, frames: string): boolean {
    return this.#events.stackOfLast(task, this.stacks.id(frames))
  }

  /** The task of a pid. pid 0 is the idle task of each CPU: pass the CPU there. */
  task(pid: number, cpu: number): number {
    const key = pid === 0 ? -1 - cpu : pid
    let id = this.#taskByPid.get(key)
    if (id === undefined) {
      id = this.tasks.length
      this.tasks.push({ pid, tgid: undefined, comm: pid === 0 ? '<idle>' : '<...>' })
      this.#taskByPid.set(key, id)
    }
    return id
  }

  nameTask(task: number, comm: string): void {
    if (comm !== '<...>' && comm !== '') this.tasks[task].comm = comm
  }

  lockClass(name: string, kind: LockKind): number {
    let id = this.#classByName.get(name)
    if (id === undefined) {
      id = this.lockClasses.length
      assert(id < limits.entities, 'too many lock classes')
      this.lockClasses.push({ name, kind })
      this.#classByName.set(name, id)
    }
    return id
  }

  /** The lock of a class at an address, or of an inode; with neither, the one its label names in the class. */
  lock(lockClass: number, address: string | undefined, inode = -1, label?: string): number {
    const key = `${lockClass} ${inode} ${address ?? `/${label ?? ''}`}`
    let id = this.#lockByKey.get(key)
    if (id === undefined) {
      id = this.locks.length
      this.locks.push({ lockClass, address, label, inode })
      this.#lockByKey.set(key, id)
    }
    return id
  }

  /** A lock its caller knows to be new: nothing is looked up, nothing is remembered to look up later. */
  newLock(lock: Lock): number {
    return this.locks.push(lock) - 1
  }

  /** The id of a span that begins now. Every id taken must be finished with `row` before `end`. */
  begin(table: SpanTable): number {
    return this.#rows(table).nextId++
  }

  /** The row of `cols[table]` to fill for the span `id`, now that it is finished. Every column must be filled. */
  row(table: SpanTable, id: number): number {
    const rows = this.#rows(table)
    if (rows.growing.length === rows.ids.length) this.#makeRoom(table)
    const at = rows.growing.add()
    rows.ids[at] = id
    return at
  }

  #makeRoom(table: SpanTable): void {
    const rows = this.#tables[table]
    if (rows.ids.length === limits.spansPerBatch) {
      this.#flush(table)
      return
    }
    rows.widen()
    Object.assign(this.cols, { [table]: rows.growing.cols })
  }

  /** Comparing five words is many times faster than a look-up by a word that is another one each time. */
  #rows(table: SpanTable): SpanRows<SpanTable> {
    if (table === 'phase') return this.#tables.phase
    if (table === 'lockSpan') return this.#tables.lockSpan
    if (table === 'waitEdge') return this.#tables.waitEdge
    if (table === 'op') return this.#tables.op
    return this.#tables.taskState
  }

  diagnose(severity: Severity, code: string, message: string, line?: number, count = 1): void {
    // A recording of faults alone says the same of every one of them.
    const known = this.#lastDiagnosed?.code === code ? this.#lastDiagnosed : this.#diagnostics.get(code)
    this.#lastDiagnosed = known
    if (known !== undefined) {
      known.count += count
      return
    }
    if (this.#diagnostics.size >= limits.diagnostics) return
    this.#diagnostics.set(code, { severity, code, message, firstLine: line, count })
  }

  /** A mark on the time axis, relative to the first event like every time. */
  annotate(annotation: Annotation): void {
    if (this.#annotations.length < limits.annotations) this.#annotations.push(annotation)
    else this.diagnose('warning', 'annotations-cut', `more than ${limits.annotations} marks: the rest was left out`)
  }

  end(): void {
    assert(!this.#ended, 'a trace ends once')
    this.#ended = true
    this.#events.flush()
    for (const table of SPAN_TABLES) this.#flush(table)
    const shiftNs = this.#minTs < 0 ? -this.#minTs : 0
    const empty = this.#minTs > this.#maxTs
    const startNs = empty ? 0 : Math.min(0, this.#minTs)
    if (!empty) this.#watchCpus(startNs)
    this.#sink.end({
      meta: {
        ...this.meta,
        startClock: shiftNs === 0 ? this.meta.startClock : String(BigInt(this.meta.startClock) - BigInt(shiftNs)),
        durationNs: empty ? 0 : this.#maxTs - startNs,
        eventCount: this.eventCount,
      },
      diagnostics: [...this.#diagnostics.values()],
      ...(this.#annotations.length === 0 ? {} : { annotations: this.#annotations.map((one) => shifted(one, shiftNs)) }),
      ...(this.#recordFormats.length === 0 ? {} : { recordFormats: this.#recordFormats }),
      ...this.#extras(),
      rate: this.#rate.finish(shiftNs),
      shiftNs,
      rows: {
        op: this.#tables.op.nextId,
        phase: this.#tables.phase.nextId,
        lockSpan: this.#tables.lockSpan.nextId,
        waitEdge: this.#tables.waitEdge.nextId,
        taskState: this.#tables.taskState.nextId,
      },
      tasks: this.tasks,
      lockClasses: this.lockClasses,
      locks: this.locks,
      inodes: this.inodes.list,
      eventNames: Array.from({ length: this.eventNames.size }, (_, id) => this.eventNames.text(id)),
      eventCounts: this.#events.countsByName(this.eventNames.size),
      opKinds: this.opKinds.list,
      phaseNames: this.phaseNames.list,
      stacks: this.stacks.list,
    })
  }

  /** A recording's remarks about itself; a simulation has none, and differences instead of times say nothing. */
  get #watchesCpus(): boolean {
    return this.meta.sourceFormat !== 'simulation' && !this.#diagnostics.has(DELTA_TIMES)
  }

  #watchCpus(startNs: Ns): void {
    if (!this.#watchesCpus) return
    for (const { code, severity, message, count } of this.#cpus.findings(startNs, this.#maxTs, this.meta.clockUnit)) {
      this.diagnose(severity, code, message, undefined, count)
    }
  }

  #flush(table: SpanTable): void {
    const { growing, ids } = this.#tables[table]
    if (growing.length === 0) return
    const taken = ids.slice(0, growing.length)
    const rows: Columns<(typeof spanSchemas)[SpanTable]> = growing.take()
    this.#sink.spans({ table, ids: taken, rows })
  }
}

function shifted({ kind, startNs, endNs, text }: Annotation, by: Ns): Annotation {
  return { kind, startNs: startNs + by, endNs: endNs === undefined ? undefined : endNs + by, text }
}

/**
 * The reader behind tracefs text and trace-cmd report: lines to events. A line is first tried against the columns of the
 * line before it (one pass, no string, no object); when it differs anywhere, the general parser of event-line.ts takes
 * it and the columns are learned anew. Both ways give the same events, which the tests compare. What is no event line is
 * the dialect's business (headers, loss markers); what nobody understands is counted with its first line number.
 *
 * It refuses input that is not its format: no event in the first thousand lines that are no header, or hardly any in the
 * whole, is an ApiError and not an empty trace.
 */

import { decodeUtf8 } from '../base/bytes.ts'
import { ApiError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { Recorder } from '../spans/recorder.ts'
import * as code from '../model/diagnostics.ts'
import { applyCarried, CARRIED_LINE, expectCarried, readCarried } from './carried-meta.ts'
import {
  BODY_FUNCTION,
  BODY_NAMED,
  BODY_NONE,
  BODY_STACK,
  BODY_UNNAMED,
  BODY_USER_STACK,
  EventBody,
  behindDifference,
  constantName,
} from './event-body.ts'
import { ColumnReader } from './event-columns.ts'
import { EventLine, TIME_TICKS } from './event-line.ts'
import type { FormatReader } from './format.ts'
import { LineSplitter, type LineHandler } from './lines.ts'
import { StackLines, isFrame } from './stack-lines.ts'
import { COMM_BYTES, LONG_NAMES, TaskPrefixes } from './task-prefixes.ts'

/** What a line that is no event was. */
export type OtherLine = 'header' | 'loss' | 'unknown'

/** What differs between the text formats that consist of event lines. */
export interface Dialect {
  readonly what: string
  /** Event names are padded to a column, and `(+12)` may stand before them. */
  readonly padded: boolean
  /** A line (its first 512 bytes) that is not empty, no event and no stack frame. */
  other(line: string, reader: EventTextReader): OtherLine
  /** After the last line, where times are numbers without a unit. */
  ticks?(reader: EventTextReader): void
  /** After the last line. */
  end?(): void
}

/** Lines that are no events before the first event is found, after which the input is refused. */
const PATIENCE = 1000
/** More skipped lines than this per event at the end: this was another format. */
const SKIPPED_PER_EVENT = 9
/** Names of buffers or files before tasks that are told of. */
const SOURCES_TOLD = 8
/** Nanoseconds of a trace: beyond this, times are damage (104 days). */
const LONGEST = Number.MAX_SAFE_INTEGER

export class EventTextReader implements FormatReader, LineHandler {
  readonly recorder: Recorder
  readonly #dialect: Dialect
  readonly #lines = new LineSplitter(this, { logs: true })
  readonly #line = new EventLine()
  readonly #body = new EventBody()
  readonly #tasks: TaskPrefixes
  readonly #columns: ColumnReader | undefined
  readonly #stack: StackLines
  readonly #sources = new Set<string>()
  /** Time of the first event. */
  #hi0 = 0
  #lo0 = 0
  #ticks = false
  #mixed = false
  #last = -Infinity
  /** First event of this trace of several in a row, and the times of those before it. */
  #from = 0
  #earliest = Infinity
  #latest = -Infinity
  #boundaryLine = 0
  events = 0
  /** Lines that were neither events nor skipped: headers, blank lines, loss markers, stack frames. */
  others = 0
  skipped = 0
  /** Events the recorder is known to have lost; undefined while nothing was said about it. */
  lost: number | undefined
  #lostUncounted = false
  #carried: ReturnType<typeof readCarried>
  /** Highest number of CPUs a header named. */
  cpus: number | undefined
  kernel: string | undefined
  /** Of a tracer whose lines are functions: one without a name for an event is one. */
  traced = false

  /** `columns: false` leaves the one-pass reading of repeated columns out: the tests compare both ways. */
  constructor(recorder: Recorder, dialect: Dialect, options: { readonly columns?: boolean } = {}) {
    this.recorder = recorder
    this.#dialect = dialect
    this.#tasks = new TaskPrefixes(recorder.builder)
    this.#columns =
      options.columns === false ? undefined : new ColumnReader(this.#tasks, recorder.builder.eventNames, dialect.padded)
    this.#stack = new StackLines(recorder)
  }

  get lines(): number {
    return this.#lines.lines
  }

  push(bytes: Uint8Array): void {
    this.#lines.push(bytes)
  }

  end(): void {
    this.#lines.end()
    this.#stack.close()
    this.#closeSection()
    const builder = this.recorder.builder
    this.#refuseOther(this.events === 0 || this.skipped > SKIPPED_PER_EVENT * this.events)
    if (this.events === 0) builder.diagnose('warning', code.NO_EVENTS, `${this.#dialect.what} without a single event`)
    this.#lines.sayRest(builder)
    if (this.#ticks) this.#dialect.ticks?.(this)
    this.#dialect.end?.()
    this.#saySources()
    const meta = builder.meta
    meta.startClock = String(BigInt(this.#hi0) * 1_000_000_000n + BigInt(this.#lo0))
    meta.clockUnit = this.#ticks ? 'tick' : 'ns'
    meta.clock = this.#ticks && this.#countsEvents() ? 'counter' : 'unknown'
    meta.cpus = this.cpus
    meta.kernel = this.kernel
    // A number that is known to be too low is better than none, but nothing counted is not "none lost".
    meta.lostEvents = this.#lostUncounted && this.lost === 0 ? undefined : this.lost
    if (this.#carried !== undefined) applyCarried(this.recorder, this.#carried)
  }

  // Dialects call these.

  /** What Faultline wrote of a trace it exported. */
  carry(text: string): void {
    if (this.events > 0) return
    this.#carried = readCarried(text)
    if (this.#carried !== undefined) expectCarried(this.recorder, this.#carried)
  }

  /** Another trace begins here, if this one has events already. */
  boundary(): void {
    if (this.events === 0) return
    this.#stack.close()
    this.recorder.boundary()
    this.#closeSection()
    this.#boundaryLine = this.lines + 1
    // No event is later: the next one goes the long way, which sees that it is the first.
    this.#last = Infinity
    this.diagnose('warning', code.SEVERAL_TRACES, 'another trace begins here: the file is several traces in a row')
  }

  /** A trace of several in a row ends: is it of the same time as one before it? */
  #closeSection(): void {
    const [from, to] = [this.#from, this.#last]
    if (to === Infinity) return
    if (from < this.#latest && to > this.#earliest) {
      const what =
        'the traces in a row are of the same time, as those of per_cpu are, so what goes from one to the other is cut: import the files beside each other (faultline import FILE FILE)'
      this.recorder.builder.diagnose('warning', code.OVERLAPPING_TRACES, what, this.#boundaryLine)
    }
    this.#earliest = Math.min(this.#earliest, from)
    this.#latest = Math.max(this.#latest, to)
  }

  /** Events were lost on a CPU before this line. */
  lostHere(cpu: number | undefined, count: number | undefined): void {
    this.recorder.lost(cpu, count)
    if (count === undefined) this.#lostUncounted = true
    else this.lost = (this.lost ?? 0) + count
    const known = count === undefined ? ' (how many is not known)' : ''
    this.diagnose('warning', code.LOST_EVENTS, `the recorder lost events before this line${known}`)
  }

  diagnose(severity: 'info' | 'warning', what: string, message: string): void {
    this.recorder.builder.diagnose(severity, what, message, this.#lines.lines + 1)
  }

  // LineHandler

  fast(bytes: Uint8Array, at: number, end: number): number {
    const columns = this.#columns
    if (columns === undefined || this.#stack.open) return -1
    const next = columns.read(bytes, at, end)
    if (next === -1) return -1
    const ts = (columns.hi - this.#hi0) * 1e9 + (columns.lo - this.#lo0)
    if (ts < this.#last || ts > LONGEST) return -1
    this.#last = ts
    this.events++
    this.recorder.event(
      ts,
      columns.cpu,
      columns.task,
      columns.context,
      columns.name,
      bytes,
      columns.payloadFrom,
      columns.payloadTo,
    )
    return next
  }

  line(bytes: Uint8Array, from: number, to: number): void {
    if (this.#stack.open && isFrame(bytes, from, to)) {
      this.#stack.frame(bytes, from, to)
      this.others++
    } else if (from === to) {
      this.#stack.close()
      this.others++
    } else if (!isComment(bytes, from, to) && this.#line.parse(bytes, from, to)) this.#event(bytes, from, to)
    else this.#other(bytes, from, to)
  }

  tooLong(): void {
    this.#stack.close()
    this.#skip(code.LINE_TOO_LONG, `lines longer than ${limits.lineBytes} bytes were skipped`)
  }

  #event(bytes: Uint8Array, from: number, to: number): void {
    const line = this.#line
    const bodyFrom = this.#dialect.padded ? behindDifference(bytes, line.bodyFrom, to) : line.bodyFrom
    let kind = this.#body.parse(bytes, bodyFrom, to, this.#dialect.padded)
    if (this.traced && bodyFrom < to && (kind === BODY_NONE || kind === BODY_UNNAMED)) kind = BODY_FUNCTION
    if (kind !== BODY_USER_STACK) this.#stack.close()
    if (kind === BODY_NONE) {
      this.#unparsed(bytes, from, to)
      return
    }
    if (kind === BODY_STACK || kind === BODY_USER_STACK) {
      this.others++
      this.#stack.begin(this.#tasks.of(bytes, from, line), kind === BODY_USER_STACK)
      return
    }
    const ts = this.#time(line)
    if (!(Math.abs(ts) <= LONGEST)) {
      this.#skip(code.TIME_OUT_OF_RANGE, 'times more than 104 days from the first event were taken for damage')
      return
    }
    if (this.#last === Infinity) this.#from = ts
    else if (ts < this.#last) {
      this.diagnose('info', code.OUT_OF_ORDER, 'events earlier than the event on the line before')
    }
    const body = this.#body
    const task = this.#tasks.of(bytes, from, line)
    const constant = constantName(kind)
    const { builder } = this.recorder
    const name =
      kind === BODY_NAMED
        ? builder.eventName(bytes, body.nameFrom, body.nameTo, this.lines + 1)
        : builder.eventName(constant, 0, constant.length, this.lines + 1)
    if (line.commTo - line.commFrom > COMM_BYTES && this.#carried === undefined) {
      this.diagnose('warning', code.LONG_TASK_NAMES, LONG_NAMES)
    }
    this.events++
    this.#last = ts
    this.#columns?.learn(from, line)
    if (line.sourceTo > line.sourceFrom && this.#sources.size <= SOURCES_TOLD) {
      this.#sources.add(decodeUtf8(bytes, line.sourceFrom, line.sourceTo))
    }
    this.recorder.event(ts, line.cpu, task, line.context, name, bytes, body.payloadFrom, body.payloadTo)
  }

  /** Tasks and locks of several machines would be told apart by nothing. */
  #saySources(): void {
    if (this.#sources.size === 0) return
    const told = [...this.#sources].slice(0, SOURCES_TOLD).join(', ')
    const more = this.#sources.size > SOURCES_TOLD ? ' and more' : ''
    const message = `events of several buffers or files (${told}${more}) are taken for those of one machine`
    this.recorder.builder.diagnose('info', code.SEVERAL_BUFFERS, message)
  }

  #time(line: EventLine): number {
    const ticks = line.time === TIME_TICKS
    if (this.events === 0) {
      this.#hi0 = line.hi
      this.#lo0 = line.lo
      this.#ticks = ticks
    } else if (ticks !== this.#ticks && !this.#mixed) {
      this.#mixed = true
      this.diagnose('warning', code.MIXED_CLOCKS, 'times in seconds and times in clock ticks in one input')
    }
    return (line.hi - this.#hi0) * 1e9 + (line.lo - this.#lo0)
  }

  #other(bytes: Uint8Array, from: number, to: number): void {
    this.#stack.close()
    if (isFrame(bytes, from, to)) {
      this.#skip(code.ORPHAN_FRAME, 'stack frames that follow no stack trace')
      return
    }
    const kind = this.#dialect.other(decodeUtf8(bytes, from, Math.min(to, from + CARRIED_LINE)), this)
    if (kind === 'unknown') this.#unparsed(bytes, from, to)
    else this.others++
  }

  #unparsed(bytes: Uint8Array, from: number, to: number): void {
    const sample = this.skipped === 0 ? decodeUtf8(bytes, from, Math.min(to, from + 80)) : ''
    this.#skip(code.UNPARSED_LINE, `lines that are no ${this.#dialect.what}, first: ${JSON.stringify(sample)}`)
    this.#refuseOther(this.events === 0 && this.skipped >= PATIENCE)
  }

  #skip(reason: string, message: string): void {
    this.skipped++
    this.diagnose('warning', reason, message)
  }

  #refuseOther(mostlyOther: boolean): void {
    if (!mostlyOther || this.skipped === 0) return
    const lines = this.lines === 1 ? 'the only line' : `${this.skipped} of the ${this.lines} lines read`
    throw new ApiError(
      'bad-input',
      `this is no ${this.#dialect.what}: ${lines} could not be understood (${this.events} events were found)`,
      'leave the format to be recognised, or record and convert again: trace-cmd report, or cat /sys/kernel/tracing/trace (its options raw, hex and bin off, context-info on)',
    )
  }

  /** The `counter` clock counts events: its ticks are about as many as the events. Other tick clocks run far faster. */
  #countsEvents(): boolean {
    return this.events > 1 && this.recorder.builder.lastNs <= 4 * this.events
  }
}

/** `# …`, `#` and `##### …`: headers. A comm can begin with `#` only where it is not padded. */
function isComment(bytes: Uint8Array, from: number, to: number): boolean {
  return bytes[from] === 35 && (from + 1 >= to || bytes[from + 1] === 32 || bytes[from + 1] === 35)
}

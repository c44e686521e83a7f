/**
 * Text of the function_graph tracer, in every layout its options give: with or without absolute time, CPU, task, latency
 * flags, length, tail. Every entry, leaf call, exit and event in a comment is an event: calls as `funcgraph_entry` and
 * `funcgraph_exit` (trace-cmd's names) with the text from the length's column on, comments as the event they hold. Task
 * switch blocks, marks of interrupts and headers are none. Without the absolute time column times are made from lengths
 * and order (function-graph-clock.ts), and the trace says so.
 *
 * It refuses input in which hardly a line is of this tracer.
 */

import { ByteInterner, decodeUtf8, encodeUtf8 } from '../base/bytes.ts'
import { ApiError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import * as code from '../model/diagnostics.ts'
import type { Ns } from '../model/trace.ts'
import { parseGraph } from '../spans/decode-graph.ts'
import type { Recorder } from '../spans/recorder.ts'
import { BODY_FUNCTION, BODY_NAMED, BODY_NONE, BODY_STACK, BODY_USER_STACK, EventBody } from './event-body.ts'
import type { FormatReader, StreamFormat } from './format.ts'
import { GraphClock, type GraphItem } from './function-graph-clock.ts'
import { GRAPH_CALL, GRAPH_COMMENT, GRAPH_MARK, GRAPH_NONE, GRAPH_SWITCH, GraphLine } from './function-graph-line.ts'
import { LatencyHeader } from './latency-header.ts'
import { LineSplitter, type LineHandler } from './lines.ts'
import { isFrame } from './stack-lines.ts'

const PATIENCE = 1000
const SKIPPED_PER_EVENT = 9
const LONGEST = Number.MAX_SAFE_INTEGER
/** Beyond every pid (include/linux/threads.h: PID_MAX_LIMIT): whoever ran on a CPU whose tasks the trace never names. */
const UNKNOWN_PIDS = 4_194_304
/** TASK_COMM_LEN - 1 is 15; the tracer prints this many. */
const COMM_SHOWN = 7
const FRAMES = 512

const ENTRY = encodeUtf8('funcgraph_entry')
const EXIT = encodeUtf8('funcgraph_exit')
/** A trace_printk prints its text only. */
const PRINT = encodeUtf8('print')
const FUNCTION = encodeUtf8('function')

class FunctionGraphReader implements FormatReader, LineHandler {
  readonly #recorder: Recorder
  readonly #lines = new LineSplitter(this, { logs: true })
  readonly #line = new GraphLine()
  readonly #body = new EventBody()
  readonly #header: LatencyHeader
  readonly #tasks = new ByteInterner('task names', limits.entities)
  readonly #taskIds: number[] = []
  /** Per CPU the task that runs, as switches tell. */
  readonly #running: number[] = []
  #clock: GraphClock | undefined
  #timed: boolean | undefined
  #hi0 = 0
  #lo0 = 0
  #last = -Infinity
  #frames: string[] | undefined
  #stackTask = -1
  events = 0
  others = 0
  skipped = 0
  #lost: number | undefined
  #lostUncounted = false

  constructor(recorder: Recorder) {
    this.#recorder = recorder
    this.#header = new LatencyHeader(recorder)
  }

  get lines(): number {
    return this.#lines.lines
  }

  push(bytes: Uint8Array): void {
    this.#lines.push(bytes)
  }

  end(): void {
    this.#lines.end()
    this.#closeStack()
    this.#clock?.flush()
    const { builder } = this.#recorder
    this.#refuse(this.events === 0 || this.skipped > SKIPPED_PER_EVENT * this.events)
    if (this.events === 0) builder.diagnose('warning', code.NO_EVENTS, 'function_graph text without a single event')
    this.#lines.sayRest(builder)
    if (this.#timed === false) {
      builder.diagnose(
        'warning',
        code.TIMES_INFERRED,
        'the text has no times: they were made from the lengths of calls and the order of lines, so pauses are missing and begins are inferred (record with: echo funcgraph-abstime > /sys/kernel/tracing/trace_options)',
      )
    }
    const meta = builder.meta
    meta.startClock = String(BigInt(this.#hi0) * 1_000_000_000n + BigInt(this.#lo0))
    meta.clock = this.#timed === false ? 'inferred' : 'unknown'
    meta.cpus = this.#header.cpus ?? (this.#running.length === 0 ? undefined : this.#running.length)
    meta.kernel = this.#header.kernel
    meta.lostEvents = this.#lostUncounted && this.#lost === 0 ? undefined : (this.#lost ?? this.#header.lost)
    this.#header.end(this.#timed === false)
  }

  // LineHandler

  fast(): number {
    return -1
  }

  tooLong(): void {
    this.#skip(code.LINE_TOO_LONG, `lines longer than ${limits.lineBytes} bytes were skipped`)
  }

  line(bytes: Uint8Array, from: number, to: number): void {
    if (this.#frames !== undefined && isFrame(bytes, from, to)) {
      if (this.#frames.length < FRAMES) {
        this.#frames.push(
          decodeUtf8(bytes, from, to)
            .replace(/^ *=> +/, '')
            .replace(/( \*\/)? *$/, ''),
        )
      }
      this.others++
      return
    }
    this.#closeStack()
    if (from === to || bytes[from] === 35) this.#notEvent(bytes, from, to)
    else this.#graph(bytes, from, to)
  }

  #graph(bytes: Uint8Array, from: number, to: number): void {
    const line = this.#line
    const kind = line.parse(bytes, from, to)
    if (kind === GRAPH_CALL) this.#call(bytes, to)
    else if (kind === GRAPH_COMMENT) this.#comment(bytes, from, to)
    else if (kind === GRAPH_SWITCH) {
      this.others++
      const { cpu } = line
      if (this.#running[cpu] === undefined) this.#clock?.was(cpu, this.#task(bytes, line.taskFrom, line.taskTo))
      this.#running[cpu] = this.#task(bytes, line.nextFrom, line.nextTo)
    } else if (kind === GRAPH_MARK) this.others++
    else this.#notEvent(bytes, from, to)
  }

  #call(bytes: Uint8Array, to: number): void {
    const { contentFrom, contentTo } = this.#line
    const graph = parseGraph(decodeUtf8(bytes, contentFrom, contentTo))
    if (graph.shape === 'unknown') {
      this.#unparsed(bytes, contentFrom, to)
      return
    }
    const name = this.#name(graph.shape === 'exit' ? EXIT : ENTRY)
    this.#event({ name, shape: graph.shape, lengthNs: graph.lengthNs }, bytes, contentFrom, contentTo)
  }

  #comment(bytes: Uint8Array, from: number, to: number): void {
    const { contentFrom, contentTo } = this.#line
    const body = this.#body
    const kind = body.parse(bytes, contentFrom, contentTo, false)
    const plain = { shape: 'other', lengthNs: NaN } as const
    if (kind === BODY_STACK || kind === BODY_USER_STACK) {
      this.others++
      this.#frames = []
      this.#stackTask = this.#currentTask(bytes)
    } else if (kind === BODY_NAMED) {
      this.#rename(bytes, body.nameFrom, body.nameTo)
      const name = this.#recorder.builder.eventName(bytes, body.nameFrom, body.nameTo, this.lines + 1)
      this.#event({ name, ...plain }, bytes, body.payloadFrom, body.payloadTo)
    } else if (kind === BODY_NONE && contentFrom === contentTo) this.#unparsed(bytes, from, to)
    else {
      const name = this.#name(kind === BODY_FUNCTION ? FUNCTION : PRINT)
      this.#event({ name, ...plain }, bytes, contentFrom, contentTo)
    }
  }

  #event(what: Pick<GraphItem, 'name' | 'shape' | 'lengthNs'>, bytes: Uint8Array, from: number, to: number): void {
    const line = this.#line
    if (this.#timed === undefined) this.#begin(line.hasTime)
    if (line.hasTime !== this.#timed) {
      this.#skip(code.MIXED_CLOCKS, 'lines with a time among lines without one, or the other way round')
      return
    }
    const task = this.#currentTask(bytes)
    if (this.#clock !== undefined) {
      this.events++
      const payload = bytes.slice(from, Math.min(to, from + limits.eventArgsBytes))
      this.#clock.add({ ...what, cpu: line.cpu, task, context: line.context, payload, stack: undefined })
      return
    }
    if (this.events === 0) {
      this.#hi0 = line.hi
      this.#lo0 = line.lo
    }
    const ts = (line.hi - this.#hi0) * 1e9 + (line.lo - this.#lo0)
    if (!(Math.abs(ts) <= LONGEST)) {
      this.#skip(code.TIME_OUT_OF_RANGE, 'times more than 104 days from the first event were taken for damage')
      return
    }
    if (ts < this.#last) this.#diagnose('info', code.OUT_OF_ORDER, 'events earlier than the event on the line before')
    this.#last = ts
    this.events++
    const known = task === -1 ? this.#unknownTask(line.cpu) : task
    this.#recorder.event(ts, line.cpu, known, line.context, what.name, bytes, from, to)
  }

  /** The first event decides whether the text has times. */
  #begin(timed: boolean): void {
    this.#timed = timed
    if (timed) return
    this.#recorder.spans.graph.timesInferred = true
    this.#clock = new GraphClock(
      (item, ts) => this.#give(item, ts),
      (cpu) => this.#unknownTask(cpu),
    )
  }

  #give({ cpu, task, context, name, payload, stack }: GraphItem, ts: Ns): void {
    this.#recorder.event(ts, cpu, task, context, name, payload, 0, payload.length)
    if (stack !== undefined) this.#recorder.stack(task, stack)
  }

  #currentTask(bytes: Uint8Array): number {
    const { taskFrom, taskTo, cpu } = this.#line
    return taskFrom < taskTo ? this.#task(bytes, taskFrom, taskTo) : (this.#running[cpu] ?? -1)
  }

  /** COMM-PID to a task, once per spelling. Every CPU has its own idle task. */
  #task(bytes: Uint8Array, from: number, to: number): number {
    const { builder } = this.#recorder
    const { cpu } = this.#line
    const id = this.#tasks.intern(bytes, from, to)
    if (id < this.#taskIds.length) return this.#taskIds[id] === -1 ? builder.task(0, cpu) : this.#taskIds[id]
    const text = decodeUtf8(bytes, from, to)
    const dash = text.lastIndexOf('-')
    const pid = Number(text.slice(dash + 1))
    const task = builder.task(pid, cpu)
    if (pid !== 0) builder.nameTask(task, text.slice(0, dash).trimEnd())
    this.#taskIds.push(pid === 0 ? -1 : task)
    return task
  }

  #unknownTask(cpu: number): number {
    const { builder } = this.#recorder
    const task = builder.task(UNKNOWN_PIDS + cpu, cpu)
    builder.nameTask(task, `<cpu ${cpu}>`)
    const what = 'the text never says which task ran on a CPU: its calls stand under the CPU'
    builder.diagnose('info', code.TASK_UNKNOWN, what)
    return task
  }

  /** Scheduler events spell out the comms that the tracer's column cuts. */
  #rename(bytes: Uint8Array, from: number, to: number): void {
    if (to - from < 6 || bytes[from] !== 115 || bytes[from + 1] !== 99 || bytes[from + 2] !== 104) return
    const { builder } = this.#recorder
    const text = decodeUtf8(bytes, to, this.#line.contentTo)
    for (const [, comm, pid] of text.matchAll(/(?:^|[ _])comm=(.{1,15}?) (?:prev_|next_)?pid=(\d+)/g)) {
      if (pid === '0') continue
      const task = builder.task(Number(pid), this.#line.cpu)
      const shown = builder.tasks[task].comm
      if (shown === '<...>' || comm.slice(0, COMM_SHOWN).trimEnd() === shown) builder.nameTask(task, comm)
    }
  }

  #name(bytes: Uint8Array): number {
    return this.#recorder.builder.eventName(bytes, 0, bytes.length, this.lines + 1)
  }

  #closeStack(): void {
    const frames = this.#frames
    this.#frames = undefined
    if (frames === undefined || frames.length === 0) return
    const text = frames.join('\n')
    const last = this.#clock?.last
    if (last !== undefined) last.stack = text
    else if (this.#stackTask !== -1) this.#recorder.stack(this.#stackTask, text)
  }

  /** Headers, loss marks, blank lines. */
  #notEvent(bytes: Uint8Array, from: number, to: number): void {
    const text = decodeUtf8(bytes, from, Math.min(to, from + 512))
    if (text.trim() === '') {
      this.others++
      return
    }
    const lost = /^CPU:(\d+) \[LOST (?:(\d+) )?EVENTS\]$/.exec(text)
    const started = /^##### CPU (\d+) buffer started ####/.exec(text)
    if (lost !== null) this.#lostHere(Number(lost[1]), lost[2] === undefined ? undefined : Number(lost[2]))
    else if (started !== null) this.#recorder.lost(Number(started[1]), undefined)
    else if (text.startsWith('#')) {
      if (text.startsWith('# tracer:') && this.events > 0) this.#boundary()
      this.#header.line(text, this.lines + 1)
    } else {
      this.#unparsed(bytes, from, to)
      return
    }
    this.others++
  }

  #boundary(): void {
    this.#clock?.boundary()
    this.#recorder.boundary()
    this.#running.length = 0
    this.#last = -Infinity
    this.#diagnose('warning', code.SEVERAL_TRACES, 'another trace begins here: the file is several traces in a row')
  }

  #lostHere(cpu: number, count: number | undefined): void {
    this.#clock?.flush()
    this.#recorder.lost(cpu, count)
    if (count === undefined) this.#lostUncounted = true
    this.#lost = (this.#lost ?? 0) + (count ?? 0)
    const known = count === undefined ? ' (how many is not known)' : ''
    this.#diagnose('warning', code.LOST_EVENTS, `the recorder lost events before this line${known}`)
  }

  #unparsed(bytes: Uint8Array, from: number, to: number): void {
    const sample = this.skipped === 0 ? decodeUtf8(bytes, from, Math.min(to, from + 80)) : ''
    this.#skip(code.UNPARSED_LINE, `lines that are no function_graph text, first: ${JSON.stringify(sample)}`)
    this.#refuse(this.events === 0 && this.skipped >= PATIENCE)
  }

  #skip(reason: string, message: string): void {
    this.skipped++
    this.#diagnose('warning', reason, message)
  }

  #diagnose(severity: 'info' | 'warning', what: string, message: string): void {
    this.#recorder.builder.diagnose(severity, what, message, this.lines + 1)
  }

  #refuse(mostlyOther: boolean): void {
    if (!mostlyOther || this.skipped === 0) return
    const lines = this.lines === 1 ? 'the only line' : `${this.skipped} of the ${this.lines} lines read`
    throw new ApiError(
      'bad-input',
      `this is no function_graph text: ${lines} could not be understood (${this.events} events were found)`,
      'leave the format to be recognised, or record again: echo function_graph > /sys/kernel/tracing/current_tracer',
    )
  }
}

/** Lines looked at when a format is recognised. */
const SNIFF_LINES = 400

/** Share of the content lines that are calls, and whether the header names the tracer. */
function looks(head: Uint8Array): { readonly named: boolean; readonly content: number; readonly calls: number } {
  const line = new GraphLine()
  let named = false
  let content = 0
  let calls = 0
  let seen = 0
  const splitter = new LineSplitter(
    {
      fast: () => -1,
      tooLong() {
        content++
      },
      line(bytes, from, to) {
        if (++seen > SNIFF_LINES || from === to) return
        if (bytes[from] === 35) {
          named ||= decodeUtf8(bytes, from, Math.min(to, from + 64)) === '# tracer: function_graph'
          return
        }
        const kind = line.parse(bytes, from, to)
        if (kind === GRAPH_SWITCH || kind === GRAPH_MARK || isFrame(bytes, from, to)) return
        content++
        if (kind !== GRAPH_NONE) calls++
      },
    },
    { logs: true },
  )
  splitter.push(head.length > limits.sniffBytes ? head.subarray(0, limits.sniffBytes) : head)
  if (seen === 0) splitter.end()
  return { named, content, calls: content === 0 ? 0 : calls / content }
}

export const functionGraph: StreamFormat = {
  input: 'stream',
  id: 'function-graph',
  title: 'function_graph text',
  extensions: ['txt', 'trace', 'log'],
  sniff(head) {
    const seen = looks(head)
    if (seen.named) return seen.content === 0 ? 0.9 : 0.5 + 0.48 * seen.calls
    return 0.92 * seen.calls
  },
  reader: (recorder) => new FunctionGraphReader(recorder),
}

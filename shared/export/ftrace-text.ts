/**
 * A trace's raw events as tracefs prints them (kernel/trace/trace_output.c), so that Faultline and any other reader of
 * ftrace text take them. What makes spans is all there: contexts in the flags column, losses as trace_pipe prints them,
 * stacks under their events, the trace's own facts in one comment. Times have nanoseconds where microseconds would not do.
 *
 * Not in it: the other flag letters (nobody kept them), earlier names of a task that was renamed, line ends and blanks at
 * the edges of a name or payload, spans of a cut that begin before it, that a CPU is not known (it stands as 0), and the inodes
 * of a simulated run's locks.
 */

import { encodeUtf8 } from '../base/bytes.ts'
import { CARRIED_COMMENT, carriedMeta } from '../formats/carried-meta.ts'
import { EventBody } from '../formats/event-body.ts'
import { EVENT_AFTER_ANY_LOSS, EVENT_AFTER_LOSS, EVENT_BOUNDARY, EVENT_CONTEXT } from '../model/kinds.ts'
import type { EventChunk, Trace } from '../model/trace.ts'
import type { ByteOut } from './out.ts'
import { ROWS_PER_STEP, startOf, type Exported, type Window } from './writer.ts'

/** By CONTEXT_*: the third letter of the flags. */
const FLAGS = ['.....', '..s..', '..h..', '..z..'].map((flags) => encodeUtf8(`${flags} `))
const SPACE = 32
const SECOND = 1_000_000_000n
/** Names whose printers have a spelling of their own; what they would not give back is printed like the others. */
const ODD = /^(function|raw_data|\(unnamed\)|sys_.*)$/

export function* writeFtraceText({ trace, events, window }: Exported, out: ByteOut): Generator<number, void, void> {
  header(trace, out)
  const lines = new Lines(trace, out)
  let rows = 0
  for (const chunk of events()) {
    for (let row = 0; row < chunk.length; row++) {
      if (!inside(chunk, row, window)) continue
      lines.event(chunk, row)
      if (++rows % ROWS_PER_STEP === 0) yield ROWS_PER_STEP
    }
  }
  yield rows % ROWS_PER_STEP
}

function inside({ ts }: EventChunk, row: number, { from, to }: Window): boolean {
  return ts[row] >= from && ts[row] < to
}

/** The lines a reader knows the text by, and what the trace knows of itself. */
function header(trace: Trace, out: ByteOut): void {
  const { cpus, kernel } = trace.meta
  const tgid = showsTgid(trace)
  const gap = tgid ? '              ' : ''
  out.text('# tracer: nop\n#\n')
  if (kernel !== undefined) out.text(`# nop latency trace v1.1.5 on ${kernel}\n#\n`)
  if (cpus !== undefined) out.text(`#                                          #P:${cpus}\n#\n`)
  out.text(`${CARRIED_COMMENT}${carriedMeta(trace, laterOf(trace))}\n#\n`)
  out.text(`#                                ${gap}_-----=> irqs-off/BH-disabled\n`)
  out.text(`#                               ${gap}/ _----=> need-resched\n`)
  out.text(`#                              ${gap}| / _---=> hardirq/softirq\n`)
  out.text(`#                              ${gap}|| / _--=> preempt-depth\n`)
  out.text(`#                              ${gap}||| / _-=> migrate-disable\n`)
  out.text(`#                              ${gap}|||| /     delay\n`)
  out.text(`#           TASK-PID     ${tgid ? '    TGID      ' : ''}CPU#  |||||  TIMESTAMP  FUNCTION\n`)
  out.text(`#              | |       ${tgid ? '      |       ' : ''}  |   |||||     |         |\n`)
}

/** By how much times are later than the clock of a trace that begins before its zero: whole seconds, 0 of any other. */
function laterOf({ meta: { startClock } }: Trace): bigint {
  const before = -BigInt(startClock)
  return before <= 0n ? 0n : ((before + SECOND - 1n) / SECOND) * SECOND
}

function showsTgid(trace: Trace): boolean {
  return trace.tasks.some(({ tgid }) => tgid !== undefined)
}

class Lines {
  readonly #out: ByteOut
  readonly #trace: Trace
  /** Made at first sight: `COMM-PID (TGID) ` per task, and how each event name is written. */
  readonly #prefixes: (Uint8Array | undefined)[] = []
  readonly #names: (Uint8Array | undefined)[] = []
  readonly #odd: readonly boolean[]
  readonly #tgid: boolean
  readonly #hi: number
  readonly #lo: number
  readonly #ticks: boolean
  readonly #startTicks: bigint
  readonly #body = new EventBody()

  constructor(trace: Trace, out: ByteOut) {
    this.#trace = trace
    this.#out = out
    this.#tgid = showsTgid(trace)
    this.#ticks = trace.meta.clockUnit === 'tick'
    this.#startTicks = BigInt(trace.meta.startClock) + laterOf(trace)
    const { hi, lo } = startOf(String(this.#startTicks))
    this.#hi = hi
    this.#lo = lo
    this.#odd = trace.eventNames.map((name) => ODD.test(name))
  }

  event(chunk: EventChunk, row: number): void {
    const flags = chunk.flags === undefined ? 0 : chunk.flags[row]
    if (flags > EVENT_CONTEXT) this.#before(flags, chunk.cpu[row])
    this.#head(chunk, row, flags)
    const name = chunk.name[row]
    if (!this.#odd[name] || !this.#oddly(chunk, row)) {
      this.#out.copy((this.#names[name] ??= spelled(this.#trace.eventNames[name])))
      this.#payload(chunk, row)
    }
    this.#out.byte(10)
    if (chunk.stack[row] >= 0) this.#stack(chunk, row, flags)
  }

  /** What the input said before this event. */
  #before(flags: number, cpu: number): void {
    if ((flags & EVENT_BOUNDARY) !== 0) this.#out.text('# tracer: nop\n')
    if ((flags & EVENT_AFTER_ANY_LOSS) !== 0) {
      for (let other = 0; other < (this.#trace.meta.cpus ?? 1); other++) this.#out.text(`CPU:${other} [LOST EVENTS]\n`)
    }
    if ((flags & EVENT_AFTER_LOSS) !== 0) this.#out.text(`CPU:${Math.max(0, cpu)} [LOST EVENTS]\n`)
  }

  /** Everything up to the name. */
  #head(chunk: EventChunk, row: number, flags: number): void {
    const out = this.#out
    const task = chunk.task[row]
    out.copy((this.#prefixes[task] ??= this.#prefix(task)))
    out.byte(91).number(Math.max(0, chunk.cpu[row]), 3).byte(93).byte(SPACE)
    out.copy(FLAGS[flags & EVENT_CONTEXT])
    this.#time(chunk.ts[row])
    out.byte(58).byte(SPACE)
  }

  #prefix(task: number): Uint8Array {
    const { pid, tgid, comm } = this.#trace.tasks[task]
    const group = !this.#tgid ? '' : tgid === undefined ? '(-------) ' : `(${String(tgid).padStart(7)}) `
    // A line break or a NUL would end the line or the comm.
    const name = comm.replace(/[\n\r\0]/g, ' ')
    return encodeUtf8(`${name.padStart(16)}-${String(pid).padEnd(7)} ${group}`)
  }

  #time(ts: number): void {
    const out = this.#out
    if (this.#ticks) {
      out.text(String(this.#startTicks + BigInt(ts)).padStart(12))
      return
    }
    const low = this.#lo + ts
    const seconds = Math.floor(low / 1e9)
    const ns = low - seconds * 1e9
    out.number(this.#hi + seconds, 5, SPACE).byte(46)
    const micros = Math.floor(ns / 1000)
    if (ns === micros * 1000) out.number(micros, 6)
    else out.number(ns, 9)
  }

  #payload({ args, argsEnd }: EventChunk, row: number): void {
    const out = this.#out
    const from = row === 0 ? 0 : argsEnd[row - 1]
    const start = out.length
    out.copy(args, from, argsEnd[row])
    const { bytes, length } = out
    for (let i = start; i < length; i++) if (bytes[i] === 10 || bytes[i] === 13) bytes[i] = SPACE
  }

  /** `sys_write(…)`, `sys_write -> 0x1`, `func <-parent`: only if it is read back as what it is. */
  #oddly(chunk: EventChunk, row: number): boolean {
    const out = this.#out
    const name = this.#trace.eventNames[chunk.name[row]]
    const { args, argsEnd } = chunk
    const from = row === 0 ? 0 : argsEnd[row - 1]
    const start = out.length
    const call = name.startsWith('sys_')
    const returns = call && args[from] === 45 && args[from + 1] === 62
    if (call) out.text(name).byte(returns ? SPACE : 40)
    const payloadFrom = out.length
    this.#payload(chunk, row)
    const payloadTo = out.length
    if (call && !returns) out.byte(41)
    const body = this.#body
    const kind = body.parse(out.bytes, start, out.length, false)
    const same = body.payloadFrom === payloadFrom && body.payloadTo === payloadTo
    if (same && kind === (call ? 1 : { function: 2, raw_data: 3, '(unnamed)': 4 }[name])) return true
    out.length = start
    return false
  }

  #stack(chunk: EventChunk, row: number, flags: number): void {
    this.#head(chunk, row, flags)
    this.#out.text('<stack trace>\n')
    for (const frame of this.#trace.stacks[chunk.stack[row]].split('\n')) {
      // What stands in brackets at the end is taken for an address, so one has to be there.
      this.#out.text(` => ${frame}${/[)>]$/.test(frame) ? ' <0000000000000000>' : ''}\n`)
    }
  }
}

/** `NAME: `, with nothing in it that would end the name early. */
function spelled(name: string): Uint8Array {
  const plain = name.replace(/[\s(]/g, '_').replace(/^[<#]/, '_').replace(/:$/, '_')
  return encodeUtf8(`${plain === '' ? '_' : plain}: `)
}

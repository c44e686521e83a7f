/**
 * trace.dat of trace-cmd, versions 6 and 7: the kernel's own ring buffer pages, one stream per CPU, with the format of every
 * event beside them. The streams are merged by time (equal times: lower CPU first, as trace-cmd does), each record's text is
 * written by its compiled print format, and what comes out is what the text formats give: the same names, the same
 * payloads, the same spans; only pointers are values here and hashes in tracefs text.
 *
 * It refuses files of other versions and files whose description is damaged; data that ends early or does not decompress
 * gives the events before that place and a diagnostic.
 */

import { limits } from '../../base/limits.ts'
import type { TraceMeta } from '../../model/trace.ts'
import { CONTEXT_HARDIRQ, CONTEXT_NMI, CONTEXT_SOFTIRQ, CONTEXT_TASK, type Recorder } from '../../spans/recorder.ts'
import type { LaterText } from '../../spans/fields.ts'
import * as code from '../../model/diagnostics.ts'
import type { FileFormat, FileReader, FormatHost } from '../format.ts'
import type { RandomFile } from '../random-file.ts'
import { ByteWriter } from './byte-writer.ts'
import { clockOf, isTraceDat, readContainer, type TraceDat } from './container.ts'
import { parseEventFormat } from './event-format.ts'
import { graphRecord, isLeaf, writeGraph, type GraphFormat } from './graph-records.ts'
import { COMMON_BYTES, isKept } from './kept-records.ts'
import { CpuPages } from './pages.ts'
import { EventPrinters, type Printer } from './printers.ts'
import { Symbols } from './symbols.ts'

/** Events per step: a few milliseconds. */
const STEP = 8192
/** Places of tasks that were asked for lately: a power of two. */
const LATE = 1024
/** include/linux/trace_events.h: TRACE_FLAG_* */
const HARDIRQ = 0x08
const SOFTIRQ = 0x10
const NMI = 0x40
/** kernel/trace/trace.c: clocks that do not count nanoseconds. */
const TICKS: ReadonlySet<string> = new Set(['counter', 'x86-tsc', 'uptime', 'ppc-tb'])
const LONGEST = Number.MAX_SAFE_INTEGER

/** What the first fields of every record are; the same for all events of a kernel. */
interface CommonFields {
  readonly type: number
  readonly flags: number
  readonly pid: number
  /** Of all of them together. */
  readonly bytes: number
}

/** The text of the record printers were asked for last. */
class RecordText implements LaterText {
  printer: Printer | undefined
  readonly #writer: ByteWriter

  constructor(writer: ByteWriter) {
    this.#writer = writer
  }

  text(): ByteWriter {
    this.#writer.reset()
    this.printer?.write(this.#writer)
    return this.#writer
  }
}

class TraceDatReader implements FileReader {
  readonly #recorder: Recorder
  readonly #dat: TraceDat
  readonly #cpus: CpuPages[]
  /** CPUs that still have a record, by time of that record. */
  readonly #heads: CpuPages[] = []
  readonly #printers: EventPrinters
  readonly #symbols: Symbols
  readonly #writer = new ByteWriter()
  readonly #later = new RecordText(this.#writer)
  readonly #common: CommonFields
  readonly #taskOf = new Map<number, number>()
  /** Tasks that were asked for lately, at the lower bits of their keys; no key is 0. */
  readonly #lateKeys = new Int32Array(LATE)
  readonly #lateTasks = new Int32Array(LATE)
  readonly #comms: ReadonlyMap<number, string>
  /** Set by an event that has looked at the record behind it: whether there is one. */
  #moved: boolean | undefined
  #seconds0 = 0
  #nanos0 = 0
  #events = 0
  #skipped = 0
  #lost = 0
  #lostUncounted = false

  constructor(file: RandomFile, recorder: Recorder, host: FormatHost | undefined) {
    this.#recorder = recorder
    this.#dat = readContainer(file)
    // As `uname -a` has it, the machine last.
    recorder.builder.meta.machine = this.#dat.uname?.split(' ').at(-1)
    const own = this.#dat.kallsyms
    const given = own.length > 0 ? undefined : host?.kernelSymbols(undefined)
    this.#symbols = new Symbols(given?.kallsyms ?? own, this.#dat.printk)
    this.#printers = new EventPrinters(this.#dat, this.#symbols, recorder, { keeps: true })
    this.#common = commonFields(this.#dat)
    this.#comms = commsOf(this.#dat.cmdlines)
    this.#cpus = this.#dat.buffers.flatMap((buffer) =>
      buffer.cpus.map((data) => new CpuPages(file, this.#dat, buffer, data)),
    )
    for (const cpu of this.#cpus) if (cpu.next()) this.#insert(cpu)
  }

  get done(): number {
    return this.#cpus.reduce((sum, cpu) => sum + cpu.done, 0)
  }

  step(): boolean {
    const heads = this.#heads
    for (let left = STEP; left > 0; left--) {
      if (heads.length === 0) return false
      const first = heads[0]
      this.#moved = undefined
      this.#event(first)
      if (!(this.#moved ?? first.next())) heads.shift()
      else if (heads.length > 1 && isAfter(first, heads[1])) this.#sinks(first)
    }
    return true
  }

  /** The first of the heads goes to its place among the others. */
  #sinks(first: CpuPages): void {
    const heads = this.#heads
    let at = 0
    for (; at + 1 < heads.length && isAfter(first, heads[at + 1]); at++) heads[at] = heads[at + 1]
    heads[at] = first
  }

  end(): void {
    const { builder } = this.#recorder
    const { cut } = this.#dat
    if (cut !== undefined) {
      const message = `read ${this.#events} events up to byte ${cut.at}, then: ${cut.why}; they are numbered as they come`
      builder.diagnose('warning', code.DAMAGED_DATA, message)
    }
    for (const { broken } of this.#cpus) {
      if (broken === undefined) continue
      builder.diagnose('warning', code.DAMAGED_DATA, `${broken}: what came before it was read`)
    }
    if (this.#dat.badFormats > 0) {
      builder.diagnose(
        'warning',
        code.BAD_EVENT_FORMAT,
        'event formats that could not be read',
        undefined,
        this.#dat.badFormats,
      )
    }
    if (this.#events === 0) builder.diagnose('warning', code.NO_EVENTS, 'trace.dat without a single event')
    const clock = this.#dat.buffers[0]?.clock || clockOf(this.#dat.clock)
    const meta: { -readonly [K in keyof TraceMeta]?: TraceMeta[K] } = builder.meta
    meta.clock = clock === '' ? 'unknown' : clock
    meta.clockUnit = TICKS.has(clock) && this.#dat.tsc === undefined ? 'tick' : 'ns'
    meta.startClock = String(BigInt(this.#seconds0) * 1_000_000_000n + BigInt(this.#nanos0))
    meta.cpus = this.#dat.cpuCount
    meta.kernel = this.#dat.uname?.split(' ')[2]
    meta.lostEvents = this.#lostInAll()
  }

  /**
   * Pages say what was lost before them, where they have room for it; nothing says what was lost behind the last. The kernel's
   * statistics count both, where the file has them.
   */
  #lostInAll(): number | undefined {
    const lost = Math.max(this.#lost, this.#dat.overrun)
    return lost === 0 && this.#lostUncounted ? undefined : lost
  }

  /** Into the heads, by time. */
  #insert(cpu: CpuPages): void {
    const heads = this.#heads
    let at = heads.length
    while (at > 0 && isAfter(heads[at - 1], cpu)) at--
    heads.splice(at, 0, cpu)
  }

  #event(cpu: CpuPages): void {
    const { record } = cpu
    if (cpu.lost !== 0) this.#lostHere(cpu)
    const common = this.#common
    const { at, view, little } = record
    // Through `number` each field would be checked and its size looked at again, of every event there is.
    const whole = record.end - at >= common.bytes
    const type = whole ? view.getUint16(at + common.type, little) : record.number(common.type, 2, false)
    const printer = this.#printers.of(type, record)
    if (printer === undefined) {
      this.#skip(code.UNKNOWN_EVENT_TYPE, `events of type ${type}, whose format the file does not have`)
      return
    }
    const ts = this.#time(cpu)
    if (!(Math.abs(ts) <= LONGEST)) {
      this.#skip(code.TIME_OUT_OF_RANGE, 'times more than 104 days from the first event were taken for damage')
      return
    }
    const pid = whole ? view.getInt32(at + common.pid, little) : record.number(common.pid, 4, true)
    const task = this.#task(pid, cpu.cpu)
    if (printer.stack) {
      this.#recorder.stack(task, this.#printers.frames(printer, record))
      return
    }
    if (printer.graph === undefined) this.#write(printer, cpu, ts, task)
    else this.#call(printer, printer.graph, cpu, { ts, task })
  }

  /** Since the first record. */
  #time({ seconds, nanos }: CpuPages): number {
    const { tsc } = this.#dat
    if (tsc !== undefined) {
      const time = ((BigInt(seconds) * 1_000_000_000n + BigInt(nanos)) * tsc.mult) >> tsc.shift
      seconds = Number(time / 1_000_000_000n)
      nanos = Number(time % 1_000_000_000n)
    }
    if (this.#events === 0 && this.#skipped === 0) {
      this.#seconds0 = seconds
      this.#nanos0 = nanos
    }
    return (seconds - this.#seconds0) * 1e9 + (nanos - this.#nanos0)
  }

  /** An entry or exit of function_graph; an entry takes the record behind it along where that is its exit. */
  #call(
    printer: Printer,
    graph: GraphFormat,
    cpu: CpuPages,
    { ts, task }: { readonly ts: number; readonly task: number },
  ): void {
    const writer = this.#writer
    const { record } = cpu
    const common = this.#common
    const what = graphRecord(record, graph)
    const context = contextOf(record.number(common.flags, 1, false))
    const pid = record.number(common.pid, 4, true)
    const name = printer.nameOf()
    let leafNs: number | undefined
    if (what.shape === 'entry') {
      this.#moved = cpu.next()
      // Something that happened on another CPU meanwhile stays between the two, as trace-cmd report prints it.
      const leads = this.#moved && cpu.lost === 0 && !(this.#heads.length > 1 && isAfter(cpu, this.#heads[1]))
      const next = leads ? this.#printers.of(record.number(common.type, 2, false), record) : undefined
      if (next?.graph !== undefined && record.number(common.pid, 4, true) === pid) {
        const exit = graphRecord(record, next.graph)
        if (isLeaf(what, exit)) {
          leafNs = exit.lengthNs
          this.#moved = undefined
        }
      }
    }
    writer.reset()
    writeGraph(writer, this.#symbols, what, leafNs)
    this.#events++
    this.#recorder.event(ts, cpu.cpu, task, context, name, writer.bytes, 0, writer.at)
  }

  #write(printer: Printer, cpu: CpuPages, ts: number, task: number): void {
    const { kept } = printer
    if (kept !== undefined && isKept(kept, cpu.record)) {
      this.#keep(printer, kept.end, cpu, ts, task)
      return
    }
    const writer = this.#writer
    writer.reset()
    printer.write(writer)
    if (writer.cut) {
      const { builder } = this.#recorder
      builder.diagnose(
        'info',
        code.LINE_TOO_LONG,
        `events whose text is longer than ${limits.lineBytes} bytes were cut`,
      )
    }
    const context = contextOf(cpu.record.number(this.#common.flags, 1, false))
    this.#events++
    const name = printer.nameOf()
    this.#recorder.event(ts, cpu.cpu, task, context, name, writer.bytes, 0, writer.at, printer.numbers)
  }

  /** The record goes where its text would; the text is for a decoder that needs more than numbers. */
  #keep(printer: Printer, end: number, { cpu, record }: CpuPages, ts: number, task: number): void {
    const { bytes, at } = record
    const context = contextOf(record.number(this.#common.flags, 1, false))
    this.#events++
    this.#later.printer = printer
    const [from, to] = [at + COMMON_BYTES, at + end]
    this.#recorder.record(ts, cpu, task, context, printer.nameOf(), bytes, from, to, printer.numbers, this.#later)
  }

  #task(pid: number, cpu: number): number {
    // There is an idle task on every CPU.
    const key = pid === 0 ? -1 - cpu : pid
    const slot = key & (LATE - 1)
    if (this.#lateKeys[slot] === key) return this.#lateTasks[slot]
    const task = this.#taskOf.get(key) ?? this.#newTask(key, pid, cpu)
    this.#lateKeys[slot] = key
    this.#lateTasks[slot] = task
    return task
  }

  #newTask(key: number, pid: number, cpu: number): number {
    const { builder } = this.#recorder
    const task = builder.task(Math.max(0, pid), cpu)
    builder.nameTask(task, pid === 0 ? '<idle>' : (this.#comms.get(pid) ?? '<...>'))
    this.#taskOf.set(key, task)
    return task
  }

  #lostHere({ cpu, lost }: CpuPages): void {
    const { builder } = this.#recorder
    const count = lost === -1 ? undefined : lost
    this.#recorder.lost(cpu, count)
    if (count === undefined) this.#lostUncounted = true
    else this.#lost += count
    const known = count === undefined ? ' (how many is not known)' : ''
    builder.diagnose('warning', code.LOST_EVENTS, `the recorder lost events${known}`)
  }

  #skip(reason: string, message: string): void {
    this.#skipped++
    this.#recorder.builder.diagnose('warning', reason, message)
  }
}

function contextOf(flags: number): number {
  if ((flags & (HARDIRQ | SOFTIRQ | NMI)) === 0) return CONTEXT_TASK
  if ((flags & NMI) !== 0) return CONTEXT_NMI
  return (flags & HARDIRQ) !== 0 ? CONTEXT_HARDIRQ : CONTEXT_SOFTIRQ
}

function isAfter(a: CpuPages, b: CpuPages): boolean {
  if (a.seconds !== b.seconds) return a.seconds > b.seconds
  return a.nanos !== b.nanos ? a.nanos > b.nanos : a.cpu > b.cpu
}

function commonFields({ formats }: TraceDat): CommonFields {
  const first = formats.length === 0 ? undefined : parseEventFormat(formats[0])
  const fields = first?.fields ?? []
  const offset = (name: string, otherwise: number) => fields.find((field) => field.name === name)?.offset ?? otherwise
  const [type, flags, pid] = [offset('common_type', 0), offset('common_flags', 2), offset('common_pid', 4)]
  return { type, flags, pid, bytes: Math.max(type + 2, flags + 1, pid + 4) }
}

/** `1234 comm` per line. */
function commsOf(text: string): ReadonlyMap<number, string> {
  const comms = new Map<number, string>()
  for (const line of text.split('\n')) {
    const match = /^(\d+) (.+)$/.exec(line)
    if (match !== null && comms.size < limits.entities) comms.set(Number(match[1]), match[2])
  }
  return comms
}

export const traceDat: FileFormat = {
  input: 'file',
  id: 'trace-dat',
  title: 'trace.dat of trace-cmd',
  extensions: ['dat'],
  sniff: (head) => (isTraceDat(head) ? 1 : 0),
  magic: true,
  open: (file, recorder, host) => new TraceDatReader(file, recorder, host),
}

/**
 * perf.data with tracepoint samples: the raw record of each sample is the same as in the kernel's ring buffer, so its text
 * comes from the same compiled print formats as a trace.dat's, under the name `perf script` gives it (`ext4:ext4_sync_…`).
 * Samples are put in order of time round by round; call chains are kept; other samples (cycles, page faults as software
 * events) are events without payload under the name perf has for them (event-names.ts).
 *
 * Compressed records (`perf record -z`) are one zstd stream cut into pieces; they are put together before they are undone.
 * What `perf record -o -` writes has its description among its records (pipe.ts).
 */

import { ApiError } from '../../base/errors.ts'
import { decodeUtf8 } from '../../base/bytes.ts'
import { limits } from '../../base/limits.ts'
import { CONTEXT_HARDIRQ, CONTEXT_NMI, CONTEXT_SOFTIRQ, CONTEXT_TASK, type Recorder } from '../../spans/recorder.ts'
import * as code from '../../model/diagnostics.ts'
import type { FileFormat, FileReader, FormatHost, GivenSymbols } from '../format.ts'
import type { RandomFile } from '../random-file.ts'
import { ByteWriter } from '../trace-dat/byte-writer.ts'
import { EventPrinters } from '../trace-dat/printers.ts'
import { RecordView } from '../trace-dat/record.ts'
import { Symbols } from '../trace-dat/symbols.ts'
import { Addresses } from './addresses.ts'
import { isPerfData, readPerfHeader } from './header.ts'
import type { PerfHeader } from './perf-header.ts'
import { Rounds } from './rounds.ts'
import { Sample } from './sample.ts'

/** include/uapi/linux/perf_event.h and tools/lib/perf/include/perf/event.h */
const RECORD = {
  mmap: 1,
  lost: 2,
  comm: 3,
  fork: 7,
  sample: 9,
  mmap2: 10,
  lostSamples: 13,
  ksymbol: 17,
  finishedRound: 68,
  compressed: 81,
  compressed2: 83,
} as const
/** What is put in order of time: those below are how the file is written. */
const ORDERED: ReadonlySet<number> = new Set(Object.values(RECORD).filter((type) => type < RECORD.finishedRound))
const TRACEPOINT = 2
/** Bytes of data read at once, and records between two looks at whether the import was cancelled. */
const READ = 4 * 1024 * 1024
const HARDIRQ = 0x08
const SOFTIRQ = 0x10
const NMI = 0x40
/** perf itself looks symbols up when it prints, on the machine that recorded. */
const KALLSYMS =
  'before that machine reboots: sudo cat /proc/kallsyms > kallsyms, then import the file with --kallsyms kallsyms'
/** Nanoseconds of a trace: beyond this, times are damage. */
const LONGEST = Number.MAX_SAFE_INTEGER
/** Frames of one call chain that are kept. */
const FRAMES = 512

class PerfDataReader implements FileReader {
  readonly #file: RandomFile
  readonly #recorder: Recorder
  readonly #header: PerfHeader
  readonly #sample: Sample
  readonly #record: RecordView
  readonly #printers: EventPrinters | undefined
  /** From elsewhere: the file itself has none. */
  readonly #given: GivenSymbols | undefined
  readonly #addresses: Addresses
  readonly #symbols: Symbols
  readonly #writer = new ByteWriter()
  readonly #rounds = new Rounds()
  readonly #packed: Uint8Array[] = []
  #packedBytes = 0
  readonly #taskOf = new Map<number, number>()
  /** Names of tasks that were forked and have not been seen yet. */
  readonly #inherited = new Map<number, string>()
  #at: number
  readonly #end: number
  #first: number | undefined
  #events = 0
  #lost = 0
  #broken: string | undefined

  constructor(file: RandomFile, recorder: Recorder, host: FormatHost | undefined) {
    this.#file = file
    this.#recorder = recorder
    const header = readPerfHeader(file)
    this.#header = header
    recorder.builder.meta.machine = header.machine
    this.#at = header.data.offset
    // A recorder that was killed left a size of 0: then the data ends with the file.
    this.#end = Math.min(file.size, header.data.size === 0 ? file.size : header.data.offset + header.data.size)
    this.#sample = new Sample(header)
    this.#record = new RecordView(header.little)
    const { tracing } = header
    const none = new Uint8Array(0)
    const own = tracing?.kallsyms ?? none
    this.#given = own.length > 0 ? undefined : host?.kernelSymbols(header.kernelBuildId)
    this.#symbols = new Symbols(this.#given?.kallsyms ?? own, tracing?.printk ?? none)
    this.#addresses = new Addresses(this.#symbols)
    if (tracing !== undefined) {
      this.#printers = new EventPrinters(tracing, this.#symbols, recorder, {
        named: ({ system, name }) => `${system}:${name}`,
      })
    }
  }

  get done(): number {
    return this.#at
  }

  step(): boolean {
    if (this.#at + 8 <= this.#end && this.#broken === undefined) {
      const bytes = this.#file.read(this.#at, Math.min(READ, this.#end - this.#at))
      const used = this.#records(new Uint8Array(bytes), this.#at)
      if (used > 0) {
        this.#at += used
        return true
      }
      this.#broken ??= 'a record that runs over the end of the data'
    }
    this.#unpack()
    this.#rounds.flush((time, from, start, to) => this.#give(time, from, start, to))
    return false
  }

  end(): void {
    const { builder } = this.#recorder
    const why = [this.#broken, this.#cut()].filter((one) => one !== undefined).join('; ')
    if (why !== '')
      builder.diagnose('warning', code.DAMAGED_DATA, `read ${this.#events} events up to byte ${this.#at}, then: ${why}`)
    if (this.#events === 0) builder.diagnose('warning', code.NO_EVENTS, 'perf.data without a single sample')
    this.#saySymbols()
    const { meta } = builder
    meta.startClock = String(this.#first ?? 0)
    meta.cpus = this.#header.cpus
    meta.kernel = this.#header.kernel
    meta.lostEvents = this.#lost
  }

  /** What a file lacks that was cut, or whose recorder was killed, and what that costs. */
  #cut(): string | undefined {
    const { cut, tracing } = this.#header
    return cut === undefined || tracing !== undefined
      ? cut
      : `${cut}; events have times, tasks and call chains, no names`
  }

  /** Whose names functions have, or how they would get some. */
  #saySymbols(): void {
    const { builder } = this.#recorder
    const given = this.#given
    const { foreign, unnamed } = this.#addresses
    const { known, moved } = this.#symbols
    if (foreign && given !== undefined)
      builder.diagnose('warning', code.FOREIGN_SYMBOLS, `${given.from} is of another kernel than this recording`)
    if (known && !foreign && given !== undefined) {
      const shifted =
        moved === 0 ? '' : ', which was loaded elsewhere: functions of its modules are named by module and offset'
      builder.diagnose('info', code.SYMBOLS_FROM, `functions of the kernel are named by ${given.from}${shifted}`)
    } else if (unnamed > 0 || this.#header.tracing !== undefined) {
      const why = given === undefined || foreign ? 'the file has no kernel symbols' : `${given.from} has no addresses`
      builder.diagnose('info', code.NO_SYMBOLS, `${why}: functions are addresses (${KALLSYMS})`)
    }
  }

  /** Bytes of whole records at the start of `bytes`. */
  #records(bytes: Uint8Array, base: number): number {
    return this.#walk(bytes, base, (type, from, to) => this.#one(type, bytes.subarray(from, to)))
  }

  #walk(bytes: Uint8Array, base: number, each: (type: number, from: number, to: number) => void): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const { little } = this.#header
    let at = 0
    while (at + 8 <= bytes.length) {
      const size = view.getUint16(at + 6, little)
      if (size < 8) {
        this.#broken ??= `a record of ${size} bytes at byte ${base + at}`
        break
      }
      if (at + size > bytes.length) break
      each(view.getUint32(at, little), at, at + size)
      at += size
    }
    return at
  }

  #one(type: number, record: Uint8Array): void {
    if (ORDERED.has(type)) return this.#keep(type, record)
    switch (type) {
      case RECORD.finishedRound:
        this.#rounds.finish((time, bytes, from, to) => this.#give(time, bytes, from, to))
        break
      case RECORD.compressed:
      case RECORD.compressed2:
        this.#pack(new Uint8Array(record.subarray(type === RECORD.compressed ? 8 : 16)))
        break
      default:
    }
  }

  #keep(type: number, record: Uint8Array): void {
    if (this.#rounds.bytes + record.length > limits.perfRoundBytes) {
      // A file without rounds, or with a giant one: order what there is.
      this.#rounds.flush((time, bytes, from, to) => this.#give(time, bytes, from, to))
    }
    this.#rounds.add(this.#sample.timeOf(type === RECORD.sample, record), record)
  }

  #pack(bytes: Uint8Array): void {
    this.#packed.push(bytes)
    this.#packedBytes += bytes.length
    if (this.#packedBytes > limits.perfPackedBytes) {
      throw new ApiError(
        'limit',
        `more than ${limits.perfPackedBytes} bytes of compressed records`,
        'print it instead: perf script > FILE.txt',
      )
    }
  }

  /** All pieces of the stream together. */
  #unpack(): void {
    if (this.#packed.length === 0) return
    const whole = new Uint8Array(this.#packedBytes)
    let at = 0
    for (const part of this.#packed) {
      whole.set(part, at)
      at += part.length
    }
    this.#packed.length = 0
    // What was ordered so far came before the first compressed record.
    this.#rounds.flush((time, bytes, from, to) => this.#give(time, bytes, from, to))
    let plain: Uint8Array
    try {
      plain = this.#file.inflateOpen(whole, limits.perfPlainBytes)
    } catch {
      this.#broken ??= 'compressed records that do not decompress, or to more than can be put in order'
      return
    }
    this.#rounds.over(plain)
    const used = this.#walk(plain, 0, (type, from, to) => {
      if (ORDERED.has(type)) {
        this.#rounds.place(this.#sample.timeOf(type === RECORD.sample, plain.subarray(from, to)), from, to)
      }
    })
    if (used < plain.length) this.#broken ??= 'compressed records that end in the middle of one'
  }

  /** One record, in order. */
  #give(time: number, bytes: Uint8Array, from: number, to: number): void {
    this.#record.over(bytes)
    const record = this.#record
    record.at = from
    record.end = to
    const type = record.word(0)
    switch (type) {
      case RECORD.sample:
        return this.#event(time, bytes)
      case RECORD.comm:
        return this.#named()
      case RECORD.mmap:
      case RECORD.mmap2:
        return this.#addresses.mapped(record, type === RECORD.mmap2)
      case RECORD.fork:
        this.#addresses.forked(record)
        return this.#born()
      case RECORD.ksymbol:
        return this.#addresses.made(record)
      default:
        return this.#lostHere(type)
    }
  }

  #named(): void {
    const record = this.#record
    this.#addresses.named(record)
    const tid = record.word(12)
    let end = record.at + 16
    while (end < record.end && record.bytes[end] !== 0) end++
    const comm = decodeUtf8(record.bytes, record.at + 16, end)
    const { builder } = this.#recorder
    if (tid !== 0) builder.nameTask(this.#task(tid, record.word(8), 0), comm)
  }

  /** A new task has its parent's name until it gets its own. It is one of the trace's only once it does something. */
  #born(): void {
    const [tid, parent] = [this.#record.word(16), this.#record.word(20)]
    if (tid === parent) return
    const comm = this.#commOf(parent)
    const known = this.#taskOf.get(tid)
    if (comm === undefined) this.#inherited.delete(tid)
    else if (known !== undefined) this.#recorder.builder.nameTask(known, comm)
    else if (this.#inherited.size < limits.entities) this.#inherited.set(tid, comm)
  }

  #commOf(tid: number): string | undefined {
    const known = this.#taskOf.get(tid)
    return known === undefined ? this.#inherited.get(tid) : this.#recorder.builder.tasks[known].comm
  }

  #lostHere(type: number): void {
    const count = this.#record.number(type === RECORD.lost ? 16 : 8, 8, false)
    this.#lost += count
    this.#recorder.lost(undefined, count)
    this.#recorder.builder.diagnose('warning', code.LOST_EVENTS, 'the recorder lost events')
  }

  #event(time: number, bytes: Uint8Array): void {
    const sample = this.#sample
    const attr = sample.read(this.#record)
    if (attr === undefined || sample.cpu > limits.cpus) {
      const what = 'samples that end before what they say they hold, or name a CPU that cannot be'
      this.#recorder.builder.diagnose('warning', code.DAMAGED_DATA, what)
      return
    }
    this.#first ??= time
    const ts = time - this.#first
    if (!(Math.abs(ts) <= LONGEST)) {
      this.#recorder.builder.diagnose(
        'warning',
        code.TIME_OUT_OF_RANGE,
        'times more than 104 days from the first event were taken for damage',
      )
      return
    }
    const task = this.#task(sample.tid, sample.pid, sample.cpu)
    const writer = this.#writer
    writer.reset()
    let name: number
    let context = CONTEXT_TASK
    const printer = attr.type === TRACEPOINT && sample.rawTo > sample.rawFrom ? this.#tracepoint(bytes) : undefined
    if (printer === undefined) name = this.#recorder.builder.eventNamed(attr.name)
    else {
      printer.write(writer)
      name = printer.nameOf()
      const flags = this.#record.number(2, 1, false)
      if ((flags & (HARDIRQ | SOFTIRQ | NMI)) !== 0) {
        context = (flags & NMI) !== 0 ? CONTEXT_NMI : (flags & HARDIRQ) !== 0 ? CONTEXT_HARDIRQ : CONTEXT_SOFTIRQ
      }
    }
    this.#events++
    this.#recorder.event(ts, sample.cpu, task, context, name, writer.bytes, 0, writer.at)
    if (sample.chainCount > 0) this.#stack(task, sample.pid)
  }

  /** The printer of the sample's raw record, which becomes the current one. */
  #tracepoint(bytes: Uint8Array) {
    const record = this.#record
    record.bytes = bytes
    record.at = this.#sample.rawFrom
    record.end = this.#sample.rawTo
    return this.#printers?.of(record.number(0, 2, false), record)
  }

  #stack(task: number, pid: number): void {
    const { chainFrom, chainCount } = this.#sample
    const record = this.#record
    record.at = 0
    record.end = record.bytes.length
    const frames: string[] = []
    for (let i = 0; i < Math.min(chainCount, FRAMES); i++) {
      const [high, low] = [record.high(chainFrom + i * 8), record.low(chainFrom + i * 8)]
      // PERF_CONTEXT_KERNEL and its like: what follows is of the kernel, of the user …
      if (high === 0xffff_ffff && low >= 0xffff_f000) continue
      frames.push(this.#addresses.frame(pid, high, low))
    }
    if (frames.length > 0) this.#recorder.stack(task, frames.join('\n'))
  }

  #task(tid: number, tgid: number, cpu: number): number {
    const idle = tid === 0 || tid === 0xffff_ffff
    const key = idle ? -1 - cpu : tid
    const known = this.#taskOf.get(key)
    if (known !== undefined) return known
    const { builder } = this.#recorder
    const task = builder.task(idle ? 0 : tid, cpu)
    if (idle) builder.nameTask(task, '<idle>')
    else {
      builder.tasks[task].tgid = tgid
      builder.nameTask(task, this.#inherited.get(tid) ?? '')
      this.#inherited.delete(tid)
    }
    this.#taskOf.set(key, task)
    return task
  }
}

export const perfData: FileFormat = {
  input: 'file',
  id: 'perf-data',
  title: 'perf.data',
  extensions: ['data'],
  sniff: (head) => (isPerfData(head) ? 1 : 0),
  magic: true,
  open: (file, recorder, host) => new PerfDataReader(file, recorder, host),
}

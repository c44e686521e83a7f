/**
 * What `perf script` prints, with any of -F, --ns, --reltime, --deltatime, --header, --show-*-events, and with call chains:
 * tab-indented frames, innermost first, up to a blank line. Event names keep their system (`ext4:ext4_sync_file_enter`), as
 * perf prints them. Times of --deltatime are differences; they are added up, and the trace says so, because every one was
 * cut to microseconds.
 *
 * Records that are no samples (PERF_RECORD_MMAP …) are headers here; PERF_RECORD_LOST is lost events.
 */

import { ByteInterner, decodeUtf8 } from '../base/bytes.ts'
import { ApiError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { CONTEXT_TASK, type Recorder } from '../spans/recorder.ts'
import * as code from '../model/diagnostics.ts'
import type { FormatReader, StreamFormat } from './format.ts'
import { LineSplitter, type LineHandler } from './lines.ts'
import { COMM_BYTES, LONG_NAMES } from './task-prefixes.ts'
import { PerfLine } from './perf-script-line.ts'

const TAB = 9
const BLANK = 32
const HASH = 35
const LF = 10
/** Bytes that are looked at to tell differences from times. */
const LOOK = 65_536
/** Lines without an event before the input is refused. */
const PATIENCE = 1000
const LONGEST = Number.MAX_SAFE_INTEGER
/** Frames of one call chain, as text. */
const STACK_BYTES = 65_536

export class PerfScriptReader implements FormatReader, LineHandler {
  readonly #recorder: Recorder
  readonly #lines = new LineSplitter(this, { logs: true })
  readonly #line = new PerfLine()
  readonly #prefixes = new ByteInterner('task names', limits.entities)
  readonly #taskOf: number[] = []
  /** Per task: the prefix it was last found by. */
  readonly #prefixOf: number[] = []
  readonly #stacks = new ByteInterner('call stacks', limits.entities)
  readonly #stackTexts: string[] = []
  readonly #frames = new Uint8Array(STACK_BYTES)
  #frameBytes = 0
  /** The task whose call chain the next lines may be; -1 none. */
  #stackTask = -1
  /** What came before it was known whether times are differences. */
  #early: Uint8Array[] | undefined = []
  #earlyBytes = 0
  #deltas = false
  #seconds0 = 0
  #nanos0 = 0
  #now = 0
  #last = -Infinity
  #events = 0
  #skipped = 0
  #lost: number | undefined
  #cpus = 0

  constructor(recorder: Recorder) {
    this.#recorder = recorder
  }

  get lines(): number {
    return this.#lines.lines
  }

  push(bytes: Uint8Array): void {
    if (this.#early === undefined) {
      this.#lines.push(bytes)
      return
    }
    this.#early.push(Uint8Array.from(bytes))
    this.#earlyBytes += bytes.length
    if (this.#earlyBytes >= LOOK) this.#begin()
  }

  end(): void {
    this.#begin()
    this.#lines.end()
    this.#closeStack()
    const { builder } = this.#recorder
    this.#refuse(this.#events === 0 || this.#skipped > 9 * this.#events)
    if (this.#events === 0) builder.diagnose('warning', code.NO_EVENTS, 'perf script text without a single event')
    this.#lines.sayRest(builder)
    if (this.#deltas) {
      builder.diagnose('info', code.DELTA_TIMES, 'times are sums of the printed differences, each cut to a microsecond')
    }
    const { meta } = builder
    meta.startClock = String(BigInt(this.#seconds0) * 1_000_000_000n + BigInt(this.#nanos0))
    meta.cpus = this.#cpus === 0 ? undefined : this.#cpus
    meta.lostEvents = this.#lost
  }

  // LineHandler

  fast(): number {
    return -1
  }

  tooLong(): void {
    this.#closeStack()
    this.#skip(code.LINE_TOO_LONG, `lines longer than ${limits.lineBytes} bytes were skipped`)
  }

  line(bytes: Uint8Array, from: number, to: number): void {
    if (from === to) {
      this.#closeStack()
      return
    }
    if (bytes[from] === TAB || (this.#stackTask !== -1 && isFrame(bytes, from, to))) {
      this.#frame(bytes, from, to)
      return
    }
    this.#closeStack()
    // The parser first: a task's name can begin with #.
    if (this.#line.parse(bytes, from, to)) this.#event(bytes, from, to)
    else if (bytes[from] === HASH) this.#header(decodeUtf8(bytes, from, Math.min(to, from + 256)))
    else this.#other(bytes, from, to)
  }

  /** Are times differences? Then they go back all the time, from a first one that is 0. */
  #begin(): void {
    const early = this.#early
    if (early === undefined) return
    this.#early = undefined
    const look = new PerfTimes()
    // No more than that of the last one: the answer may not depend on how the bytes were cut.
    let left = LOOK
    for (const bytes of early) {
      look.push(bytes.subarray(0, left))
      left = Math.max(0, left - bytes.length)
    }
    this.#deltas = look.areDifferences
    for (const bytes of early) this.#lines.push(bytes)
  }

  #event(bytes: Uint8Array, from: number, to: number): void {
    const line = this.#line
    const ts = this.#time()
    if (!(Math.abs(ts) <= LONGEST)) {
      this.#skip(code.TIME_OUT_OF_RANGE, 'times more than 104 days from the first event were taken for damage')
      return
    }
    const { builder } = this.#recorder
    if (ts < this.#last) {
      builder.diagnose('info', code.OUT_OF_ORDER, 'events earlier than the event on the line before', this.lines + 1)
    }
    this.#last = ts
    const task = this.#task(bytes, from)
    const name = this.#recorder.builder.eventName(bytes, this.#line.nameFrom, this.#line.nameTo, this.lines + 1)
    this.#events++
    if (line.cpu >= this.#cpus) this.#cpus = line.cpu + 1
    // Without a CPU everything is on one that nobody numbered.
    this.#recorder.event(ts, line.cpu, task, CONTEXT_TASK, name, bytes, line.payloadFrom, to)
    this.#stackTask = task
  }

  #time(): number {
    const { seconds, nanos } = this.#line
    if (this.#deltas) {
      this.#now += seconds * 1e9 + nanos
      return this.#now
    }
    if (this.#events === 0) {
      this.#seconds0 = seconds
      this.#nanos0 = nanos
    }
    return (seconds - this.#seconds0) * 1e9 + (nanos - this.#nanos0)
  }

  #task(bytes: Uint8Array, from: number): number {
    const { pid, cpu, commFrom, commTo, tgid } = this.#line
    const { builder } = this.#recorder
    if (pid === 0) {
      const idle = builder.task(0, cpu)
      if (builder.tasks[idle].comm === '<...>') builder.nameTask(idle, '<idle>')
      return idle
    }
    // The number is part of the prefix: `COMM PID`.
    let end = commTo
    while (bytes[end] === BLANK) end++
    while (bytes[end] > BLANK) end++
    const prefix = this.#prefixes.intern(bytes, from, end)
    if (prefix < this.#taskOf.length) {
      const known = this.#taskOf[prefix]
      // Its name is the last it had: a task can go back to an earlier one.
      if (this.#prefixOf[known] !== prefix) {
        this.#prefixOf[known] = prefix
        builder.nameTask(known, nameIn(decodeUtf8(bytes, commFrom, commTo)))
      }
      return known
    }
    const task = builder.task(pid, cpu)
    const comm = decodeUtf8(bytes, commFrom, commTo)
    if (commTo - commFrom > COMM_BYTES) builder.diagnose('warning', code.LONG_TASK_NAMES, LONG_NAMES, this.lines + 1)
    builder.nameTask(task, nameIn(comm))
    this.#prefixOf[task] = prefix
    if (tgid !== -1) builder.tasks[task].tgid = tgid
    this.#taskOf.push(task)
    return task
  }

  /** `\tffffffff821f5340 exc_page_fault+0x2f0 ([kernel.kallsyms])` */
  #frame(bytes: Uint8Array, from: number, to: number): void {
    if (this.#stackTask === -1) {
      this.#skip(code.ORPHAN_FRAME, 'stack frames that follow no event')
      return
    }
    let i = from
    while (i < to && bytes[i] <= BLANK) i++
    const address = i
    while (i < to && bytes[i] !== BLANK) i++
    let start = i + 1
    let end = start
    while (end < to && bytes[end] !== BLANK) end++
    // Without a symbol the address is all there is.
    if (start >= to || bytes[start] === 91) [start, end] = [address, i]
    if (this.#frameBytes + (end - start) + 1 > STACK_BYTES) return
    if (this.#frameBytes > 0) this.#frames[this.#frameBytes++] = LF
    for (let k = start; k < end; k++) this.#frames[this.#frameBytes++] = bytes[k]
  }

  #closeStack(): void {
    if (this.#stackTask !== -1 && this.#frameBytes > 0) {
      const id = this.#stacks.intern(this.#frames, 0, this.#frameBytes)
      this.#recorder.stack(this.#stackTask, (this.#stackTexts[id] ??= this.#stacks.text(id)))
    }
    this.#stackTask = -1
    this.#frameBytes = 0
  }

  #header(text: string): void {
    const kernel = /^# os release : (\S+)/.exec(text)
    if (kernel !== null) this.#recorder.builder.meta.kernel = kernel[1]
    const machine = /^# arch : (\S+)/.exec(text)
    if (machine !== null) this.#recorder.builder.meta.machine = machine[1]
    const cpus = /^# nrcpus online : (\d+)/.exec(text)
    if (cpus !== null) this.#cpus = Math.max(this.#cpus, Number(cpus[1]))
  }

  #other(bytes: Uint8Array, from: number, to: number): void {
    const text = decodeUtf8(bytes, from, Math.min(to, from + 512))
    const lost = /PERF_RECORD_LOST(?:_SAMPLES)? lost (\d+)/.exec(text)
    if (lost !== null) {
      this.#lost = (this.#lost ?? 0) + Number(lost[1])
      const cpu = /\[(\d+)\]/.exec(text)
      this.#recorder.lost(cpu === null ? undefined : Number(cpu[1]), Number(lost[1]))
      this.#recorder.builder.diagnose(
        'warning',
        code.LOST_EVENTS,
        'the recorder lost events before this line',
        this.lines + 1,
      )
      return
    }
    if (/(?:^| )PERF_RECORD_\w+/.test(text)) return
    this.#skip(code.UNPARSED_LINE, `lines that are no perf script text, first: ${JSON.stringify(text.slice(0, 80))}`)
    this.#refuse(this.#events === 0 && this.#skipped >= PATIENCE)
  }

  #skip(reason: string, message: string): void {
    this.#skipped++
    this.#recorder.builder.diagnose('warning', reason, message, this.lines + 1)
  }

  #refuse(mostlyOther: boolean): void {
    if (!mostlyOther || this.#skipped === 0) return
    throw new ApiError(
      'bad-input',
      `this is no perf script text: ${this.#skipped} of the ${this.lines} lines read could not be understood (${this.#events} events were found)`,
      'leave the format to be recognised, or print it again: perf script > FILE.txt',
    )
  }
}

/** `:15453 15453` is a task perf never saw the name of. */
function nameIn(comm: string): string {
  return /^:-?\d+$/.test(comm) ? '' : comm
}

/** Looks at the times of the first lines only. */
class PerfTimes {
  readonly #line = new PerfLine()
  readonly #lines: LineSplitter
  events = 0
  #back = 0
  #first = NaN
  #last = NaN

  constructor() {
    this.#lines = new LineSplitter(
      {
        fast: () => -1,
        tooLong: () => undefined,
        line: (bytes, from, to) => {
          if (from === to || bytes[from] === TAB || !this.#line.parse(bytes, from, to)) return
          const time = this.#line.seconds + this.#line.nanos / 1e9
          if (this.events === 0) this.#first = time
          else if (time < this.#last) this.#back++
          this.#last = time
          this.events++
        },
      },
      { logs: true },
    )
  }

  push(bytes: Uint8Array): void {
    this.#lines.push(bytes)
  }

  /** Differences fall as often as they rise; times of one ordered stream do not. */
  get areDifferences(): boolean {
    return this.#first === 0 && this.#back * 10 > this.events
  }
}

/** `          1cb0 _start+0x0 (…)`: some versions indent with blanks. */
function isFrame(bytes: Uint8Array, from: number, to: number): boolean {
  let i = from
  while (i < to && bytes[i] === BLANK) i++
  if (i - from < 4) return false
  const start = i
  while (i < to && ((bytes[i] >= 48 && bytes[i] <= 57) || (bytes[i] >= 97 && bytes[i] <= 102))) i++
  return i - start >= 4 && i < to && bytes[i] === BLANK && bytes[to - 1] === 41
}

function sniffPerf(head: Uint8Array): number {
  const line = new PerfLine()
  let events = 0
  let records = 0
  let others = 0
  const lines = new LineSplitter(
    {
      fast: () => -1,
      tooLong: () => void others++,
      line(bytes, from, to) {
        if (from === to || bytes[from] === TAB || events + others > 400) return
        if (line.parse(bytes, from, to)) {
          events++
          return
        }
        const text = decodeUtf8(bytes, from, Math.min(to, from + 200))
        if (/\d\.\d{6,9}: PERF_RECORD_/.test(text)) records++
        else if (!/PERF_RECORD_|^#|^\s+[0-9a-f]+ \S/.test(text)) others++
      },
    },
    { logs: true },
  )
  lines.push(head)
  // With --show-mmap-events the records of all tasks there were come first: more than is looked at.
  const known = events === 0 ? records : events
  return known === 0 ? 0 : 0.95 * (known / (known + others))
}

export const perfScript: StreamFormat = {
  input: 'stream',
  id: 'perf-script',
  title: 'perf script text',
  extensions: ['txt', 'script'],
  sniff: sniffPerf,
  reader: (recorder) => new PerfScriptReader(recorder),
}

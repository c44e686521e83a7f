/**
 * The raw-event half of a trace builder: events go into fixed-size column chunks (payload text in one byte arena per
 * chunk), and a counter keeps the event rate at a resolution that halves whenever the trace outgrows it.
 */

import { limits } from '../base/limits.ts'
import { EVENT_RECORD } from './kinds.ts'
import type { EventChunk, EventRate, Ns, EventArrays } from './trace.ts'

/** Events among which the owner of a stack is looked for. */
const NEAR = 64
/** Room for counts of event names to begin with. */
const FEW_NAMES = 64
/** Buffers of payloads that are remembered. */
const SOURCES = 4
/** Events a trace has room for to begin with: one of a few lines takes no six megabytes. */
const FEW_EVENTS = 256

function newArrays(capacity: number): EventArrays {
  return {
    ts: new Float64Array(capacity),
    cpu: new Int32Array(capacity),
    task: new Uint32Array(capacity),
    name: new Uint16Array(capacity),
    stack: new Int32Array(capacity),
    argsEnd: new Uint32Array(capacity),
    args: new Uint8Array(capacity * 64),
  }
}

export class EventColumns {
  count = 0
  readonly #send: (chunk: EventChunk) => void
  readonly #spare: (() => EventArrays | undefined) | undefined
  #length = 0
  /** Events the arrays have room for. */
  #room = 0
  /** Bytes of the arena that payloads fill. */
  #used = 0
  #ts: Float64Array = new Float64Array(0)
  #cpu: Int32Array = new Int32Array(0)
  #task: Uint32Array = new Uint32Array(0)
  #name: Uint16Array = new Uint16Array(0)
  #stack: Int32Array = new Int32Array(0)
  #flags = new Uint8Array(0)
  #flagged = false
  /** Bytes of text all payloads have at most. */
  #text = 0
  #argsEnd: Uint32Array = new Uint32Array(0)
  #args: Uint8Array = new Uint8Array(0)
  #argsView = new DataView(this.#args.buffer)
  #source = viewed(new Uint8Array(0))
  /** Those of late, and which of them goes next. */
  readonly #sources: Viewed[] = Array.from({ length: SOURCES }, () => this.#source)
  #oldest = 0
  #byName = new Float64Array(FEW_NAMES)
  /** Row in the current chunk of each task's last event. */
  readonly #lastOfTask = new Map<number, number>()
  #stacks = false

  /** `spare`: chunks are given away whole, and arrays that came back are had from it. Left out, chunks are copies. */
  constructor(send: (chunk: EventChunk) => void, spare: (() => EventArrays | undefined) | undefined) {
    this.#send = send
    this.#spare = spare
    this.#use(newArrays(FEW_EVENTS))
  }

  add(
    ts: Ns,
    cpu: number,
    task: number,
    name: number,
    bytes: Uint8Array,
    from: number,
    to: number,
    flags: number,
  ): void {
    const record = (flags & EVENT_RECORD) !== 0
    const most = record ? limits.recordTextBytes : to - from
    if (this.#length === this.#room || this.#full(most)) this.#makeRoom(most)
    this.#text += most
    const row = this.#length++
    this.count++
    const used = this.#used
    this.#copy(bytes, from, to, used)
    this.#argsEnd[row] = this.#used = used + (to - from)
    this.#ts[row] = ts
    this.#cpu[row] = cpu
    this.#task[row] = task
    this.#name[row] = name
    if (flags !== 0) {
      this.#flags[row] = flags
      this.#flagged = true
    }
    if (this.#stacks) this.#lastOfTask.set(task, row)
  }

  /**
   * Attach a stack to the last event of a task. The first stack of a trace switches the per-task book-keeping on (and
   * finds its event by a scan), so traces without stacks do not pay for it. When the last event has its stack already,
   * the stack is of the event before: an interrupt came between an event and its stack, with both of its own.
   */
  stackOfLast(task: number, stack: number): boolean {
    if (!this.#stacks) {
      this.#stacks = true
      for (let row = 0; row < this.#length; row++) this.#lastOfTask.set(this.#task[row], row)
    }
    const last = this.#lastOfTask.get(task)
    if (last === undefined) return false
    for (let row = last; row >= 0 && row > last - NEAR; row--) {
      if (this.#task[row] !== task || this.#stack[row] !== -1) continue
      this.#stack[row] = stack
      return true
    }
    return false
  }

  flush(): void {
    if (this.#length === 0) return
    const n = this.#length
    this.#countNames(n)
    const [ts0, ts1] = ends(this.#ts, n)
    const cut = this.#spare === undefined ? 'slice' : 'subarray'
    this.#send({
      length: n,
      ts0,
      ts1,
      ts: this.#ts[cut](0, n),
      cpu: this.#cpu[cut](0, n),
      task: this.#task[cut](0, n),
      name: this.#name[cut](0, n),
      stack: this.#stack[cut](0, n),
      ...(this.#flagged ? { flags: this.#flags.slice(0, n) } : {}),
      argsEnd: this.#argsEnd[cut](0, n),
      args: this.#args[cut](0, this.#used),
    })
    if (this.#spare !== undefined) this.#use(this.#spare() ?? newArrays(this.#room))
    else this.#stack.fill(-1)
    this.#length = this.#used = 0
    if (this.#flagged) this.#flags.fill(0)
    this.#flagged = false
    this.#text = 0
    this.#lastOfTask.clear()
  }

  #use({ ts, cpu, task, name, stack, argsEnd, args }: EventArrays): void {
    this.#ts = ts
    this.#cpu = cpu
    this.#task = task
    this.#name = name
    this.#stack = stack.fill(-1)
    this.#argsEnd = argsEnd
    this.#args = args
    this.#argsView = new DataView(args.buffer)
    this.#room = ts.length
    if (this.#flags.length < this.#room) this.#flags = new Uint8Array(this.#room)
  }

  #makeRoom(most: number): void {
    if (this.#room === limits.eventsPerChunk || this.#full(most)) {
      this.flush()
      return
    }
    const next = newArrays(Math.min(this.#room * 4, limits.eventsPerChunk))
    next.ts.set(this.#ts)
    next.cpu.set(this.#cpu)
    next.task.set(this.#task)
    next.name.set(this.#name)
    next.argsEnd.set(this.#argsEnd)
    const [stack, flags, args] = [this.#stack, this.#flags, this.#args]
    this.#use(args.length < next.args.length ? next : { ...next, args })
    if (this.#args !== args) this.#args.set(args)
    this.#stack.set(stack)
    this.#flags.set(flags)
  }

  #countNames(length: number): void {
    const names = this.#name
    let most = 0
    for (let row = 0; row < length; row++) if (names[row] > most) most = names[row]
    if (most >= this.#byName.length) {
      const next = new Float64Array(Math.max(most + 1, this.#byName.length * 2))
      next.set(this.#byName)
      this.#byName = next
    }
    const counts = this.#byName
    for (let row = 0; row < length; row++) counts[names[row]]++
  }

  countsByName(names: number): number[] {
    return Array.from({ length: names }, (_, id) => this.#byName[id] ?? 0)
  }

  /**
   * Payloads are a few dozen bytes: too short for `set` with its view, and eight at a time is three times as fast as one at a
   * time. The last eight may take along bytes that are not the payload's; the next payload is written over them.
   */
  #copy(bytes: Uint8Array, from: number, to: number, used: number): void {
    if (used + (to - from) + 8 > this.#args.length) this.#grow(used + (to - from) + 8)
    if (bytes !== this.#source.bytes) this.#look(bytes)
    const source = this.#source.view
    const target = this.#argsView
    // As 32-bit integers, which a sum of numbers that came from anywhere is not taken for: else each step converts and checks.
    const whole = Math.min(to, bytes.length - 7) | 0
    let i = from | 0
    let at = used | 0
    for (; i < whole; i += 8, at += 8) target.setBigInt64(at, source.getBigInt64(i, true), true)
    for (; i < to; i++, at++) this.#args[at] = bytes[i]
  }

  /** Payloads come from a few buffers in turn: those of the CPUs, and of what is printed. */
  #look(bytes: Uint8Array): void {
    const sources = this.#sources
    for (let i = 0; i < SOURCES; i++) {
      if (sources[i].bytes !== bytes) continue
      this.#source = sources[i]
      return
    }
    this.#source = sources[this.#oldest] = viewed(bytes)
    this.#oldest = (this.#oldest + 1) % SOURCES
  }

  /** One more payload would make the chunk's text too long: a trace of huge payloads gets shorter chunks. */
  #full(bytes: number): boolean {
    return this.#length > 0 && this.#text + bytes > limits.chunkArgsBytes
  }

  #grow(least: number): void {
    const next = new Uint8Array(Math.max(this.#args.length * 2, least))
    next.set(this.#args)
    this.#args = next
    this.#argsView = new DataView(next.buffer)
  }
}

/** Earliest and latest of times that may be in any order. */
function ends(ts: Float64Array, length: number): readonly [Ns, Ns] {
  let first = Infinity
  let last = -Infinity
  for (let row = 0; row < length; row++) {
    if (ts[row] < first) first = ts[row]
    if (ts[row] > last) last = ts[row]
  }
  return [first, last]
}

interface Viewed {
  readonly bytes: Uint8Array
  readonly view: DataView
}

function viewed(bytes: Uint8Array): Viewed {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) }
}

/** Events per time bucket. Buckets are powers of two wide and double when the trace gets longer than they reach. */
export class RateCounter {
  #shift = 10
  /** Buckets per ns, 2^-shift: exact, and a multiplication instead of a power per event. */
  #perNs = 2 ** -10
  /** Bucket number of counts[0]: negative when early events turned up late. */
  #base = 0
  #counts = new Uint32Array(limits.rateBuckets)
  #top = 0
  #seen = false

  addAll(ts: Float64Array): void {
    for (let row = 0; row < ts.length; row = this.#addWithin(ts, row)) this.add(ts[row++])
  }

  /** Rows from `row` on, up to the first that no bucket there is reaches; returns that one. */
  #addWithin(ts: Float64Array, row: number): number {
    const counts = this.#counts
    const perNs = this.#perNs
    const base = this.#base
    let top = this.#top
    let at = row
    for (; at < ts.length; at++) {
      const bucket = Math.floor(ts[at] * perNs) - base
      if (bucket < 0 || bucket >= counts.length) break
      if (bucket > top) top = bucket
      counts[bucket]++
    }
    this.#top = top
    return at
  }

  add(ts: Ns): void {
    let bucket = Math.floor(ts * this.#perNs) - this.#base
    while (bucket < 0 || bucket >= this.#counts.length) {
      if (bucket < 0) this.#extendDown(-bucket)
      else this.#double()
      bucket = Math.floor(ts * this.#perNs) - this.#base
    }
    this.#seen = true
    if (bucket > this.#top) this.#top = bucket
    this.#counts[bucket]++
  }

  /** The rate from the earliest event on: `shiftNs` is where time 0 of the finished trace lies before the first event. */
  finish(shiftNs: Ns): EventRate {
    const bucketNs = 2 ** this.#shift
    if (!this.#seen) return { bucketNs, counts: new Uint32Array(0) }
    const first = Math.floor(-shiftNs / bucketNs) - this.#base
    return { bucketNs, counts: this.#counts.slice(Math.max(0, first), this.#top + 1) }
  }

  #double(): void {
    const from = this.#counts
    const to = new Uint32Array(from.length)
    const base = Math.floor(this.#base / 2)
    for (let i = 0; i <= this.#top; i++) to[Math.floor((i + this.#base) / 2) - base] += from[i]
    this.#top = Math.floor((this.#top + this.#base) / 2) - base
    this.#base = base
    this.#counts = to
    this.#shift++
    this.#perNs /= 2
  }

  #extendDown(by: number): void {
    if (this.#top + by >= this.#counts.length) {
      this.#double()
      return
    }
    this.#counts.copyWithin(by, 0, this.#top + 1)
    this.#counts.fill(0, 0, by)
    this.#base -= by
    this.#top += by
  }
}

/**
 * The layout of tracks.ts as Perfetto track events: a descriptor per track, begins and ends with interned names and
 * categories, counters with their unit, and flow ids. One packet sequence, whose interning begins with its first packet.
 */

import type { Ns, Trace } from '../model/trace.ts'
import type { ByteOut } from './out.ts'
import { processNames, taskPlace } from './places.ts'
import { ProtoOut } from './proto-out.ts'
import type { Args } from './span-args.ts'
import type { Track, TrackSink } from './tracks.ts'
import type { Slice } from './slice.ts'

const PACKET = 1
const TRACK_EVENT = 11
const TRACK_DESCRIPTOR = 60
const SEQUENCE = 2
const CLEARED = 1
const NEEDS_STATE = 2
const BOOTTIME = 6
const BEGIN = 1
const END = 2
const INSTANT = 3
const COUNTER = 4
/** Numbers of interned lists: categories, event names, names of annotations. */
const CATEGORIES = 1
const NAMES = 2
const ANNOTATIONS = 3
/** Track numbers: processes, threads, lanes of locks, counters; each kind in a range of its own. */
const PROCESS = 1e12
const THREAD = 2e12
const LOCKS = 3e12
const COUNTERS = 4e12
const LANES = 1000

export class PerfettoTracks implements TrackSink {
  readonly #trace: Trace
  readonly #proto: ProtoOut
  readonly #start: bigint
  readonly #interned = new Map<string, number>()
  readonly #described = new Set<number>()
  /** What the packet under construction uses for the first time. */
  #fresh: { readonly list: number; readonly iid: number; readonly text: string }[] = []
  #track = 0
  #drawn = true
  #open: Ns[] = []
  readonly #processes: ReadonlyMap<number, string>

  constructor(trace: Trace, out: ByteOut, start: bigint) {
    this.#trace = trace
    this.#proto = new ProtoOut(out)
    this.#start = start
    this.#processes = processNames(trace)
  }

  begin(): void {
    const proto = this.#proto
    const packet = proto.begin(PACKET)
    proto.number(10, SEQUENCE)
    proto.number(13, CLEARED)
    proto.number(87, 1)
    const defaults = proto.begin(59)
    proto.number(58, BOOTTIME)
    proto.end(defaults)
    proto.end(packet)
  }

  track(track: Track): void {
    const { kind, task, index, name } = track
    // Perfetto draws CPUs from scheduling events itself.
    this.#drawn = kind !== 'cpu'
    this.#open = []
    if (kind === 'counter') {
      this.#track = COUNTERS + index
      this.#describe(this.#track, { name: `waiting for ${name}`, counter: true })
    } else if (kind === 'thread' || kind === 'locks') {
      const thread = this.#thread(task)
      this.#track = kind === 'thread' ? thread : LOCKS + task * LANES + Math.min(index, LANES - 1)
      if (kind === 'locks') this.#describe(this.#track, { name: 'locks held', parent: thread })
    }
  }

  #thread(task: number): number {
    const { pid, tid } = taskPlace(this.#trace, task)
    const number = THREAD + task
    if (!this.#described.has(PROCESS + pid)) {
      this.#describe(PROCESS + pid, { process: { pid, name: this.#processes.get(pid) ?? '' } })
    }
    const { comm, pid: own } = this.#trace.tasks[task]
    // There is one idle task per CPU, all of number 0, and a thread may have one track only.
    const thread = own === 0 ? { name: comm } : { thread: { pid, tid, name: comm } }
    if (!this.#described.has(number)) this.#describe(number, { parent: PROCESS + pid, ...thread })
    return number
  }

  slice(slice: Slice, args: Args, leaving: readonly number[]): void {
    if (!this.#drawn) return
    this.#endUpTo(slice.start)
    this.#event(slice.start, BEGIN, () => {
      this.#named(slice.name, slice.category)
      for (const [key, value] of Object.entries(args)) this.#annotation(key, value)
      for (const edge of leaving) this.#proto.fixed64(47, edge + 1)
    })
    this.#open.push(slice.end)
  }

  arrives(edge: number, at: Ns, name: string): void {
    this.#endUpTo(at, true)
    this.#event(at, INSTANT, () => {
      this.#named(name, 'waits')
      this.#proto.fixed64(48, edge + 1)
    })
  }

  counter(at: Ns, value: number): void {
    this.#event(at, COUNTER, () => this.#proto.number(30, value))
  }

  done(): void {
    if (this.#drawn) this.#endUpTo(Infinity)
  }

  /** Ends the slices that are over; `before`: those that end at this very moment are still open. */
  #endUpTo(at: Ns, before = false): void {
    for (let end = this.#open.at(-1); end !== undefined && (before ? end < at : end <= at); end = this.#open.at(-1)) {
      this.#open.pop()
      this.#event(end, END, () => undefined)
    }
  }

  #event(at: Ns, type: number, more: () => void): void {
    const proto = this.#proto
    this.#fresh = []
    const packet = proto.begin(PACKET)
    proto.bigNumber(8, this.#start + BigInt(at))
    proto.number(10, SEQUENCE)
    proto.number(13, NEEDS_STATE)
    const event = proto.begin(TRACK_EVENT)
    proto.number(9, type)
    proto.number(11, this.#track)
    more()
    proto.end(event)
    this.#intern()
    proto.end(packet)
  }

  #named(name: string, category: string): void {
    this.#proto.number(10, this.#iid(NAMES, name))
    this.#proto.number(3, this.#iid(CATEGORIES, category))
  }

  #annotation(key: string, value: string | number): void {
    const proto = this.#proto
    const iid = this.#iid(ANNOTATIONS, key)
    const annotation = proto.begin(4)
    proto.number(1, iid)
    if (typeof value === 'string') proto.text(6, value)
    else proto.number(4, value)
    proto.end(annotation)
  }

  #iid(list: number, text: string): number {
    const key = `${list} ${text}`
    let iid = this.#interned.get(key)
    if (iid === undefined) {
      iid = this.#interned.size + 1
      this.#interned.set(key, iid)
      this.#fresh.push({ list, iid, text })
    }
    return iid
  }

  #intern(): void {
    if (this.#fresh.length === 0) return
    const proto = this.#proto
    const data = proto.begin(12)
    for (const { list, iid, text } of this.#fresh) {
      const entry = proto.begin(list)
      proto.number(1, iid)
      proto.text(2, text)
      proto.end(entry)
    }
    proto.end(data)
  }

  #describe(
    number: number,
    what: {
      readonly name?: string
      readonly parent?: number
      readonly counter?: true
      readonly process?: { readonly pid: number; readonly name: string }
      readonly thread?: { readonly pid: number; readonly tid: number; readonly name: string }
    },
  ): void {
    this.#described.add(number)
    const proto = this.#proto
    const packet = proto.begin(PACKET)
    proto.number(10, SEQUENCE)
    // trace_packet.proto: a sequence with defaults says so in every packet that follows them.
    proto.number(13, NEEDS_STATE)
    const track = proto.begin(TRACK_DESCRIPTOR)
    proto.number(1, number)
    if (what.name !== undefined) proto.text(2, what.name)
    if (what.parent !== undefined) proto.number(5, what.parent)
    if (what.process !== undefined) {
      const process = proto.begin(3)
      proto.number(1, what.process.pid)
      proto.text(6, what.process.name)
      proto.end(process)
    }
    if (what.thread !== undefined) {
      const thread = proto.begin(4)
      proto.number(1, what.thread.pid)
      proto.number(2, what.thread.tid)
      proto.text(5, what.thread.name)
      proto.end(thread)
    }
    if (what.counter === true) {
      const counter = proto.begin(8)
      proto.number(3, 2)
      proto.end(counter)
    }
    proto.end(track)
    proto.end(packet)
  }
}

/**
 * Perfetto traces: a stream of TracePackets. Read are ftrace bundles, compact scheduling included; track events with interning
 * and cleared state; descriptions of processes, threads and tracks; clock snapshots; packed packets. In a trace that Faultline
 * wrote (shared/export/perfetto.ts) the ftrace events say everything, and what was drawn from them is passed over.
 *
 * Not read: sampled stacks, memory, power and what else is no event of a thread; such packets are counted by number.
 * Packets come in the order in which buffers were flushed; events are put in order of time (event-buffer.ts).
 */

import { ApiError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import * as code from '../../model/diagnostics.ts'
import { EVENT_AFTER_LOSS } from '../../model/kinds.ts'
import type { Recorder } from '../../spans/recorder.ts'
import { CARRIED_KEY, applyCarried } from '../carried-meta.ts'
import { EventBuffer } from '../event-buffer.ts'
import { ForeignTracks } from '../foreign-tracks.ts'
import type { FileFormat, FileReader } from '../format.ts'
import type { RandomFile } from '../random-file.ts'
import { Scratch } from '../scratch.ts'
import { Bundles, type BundleTo, type FtraceEvent } from './bundle.ts'
import { BOOTTIME, Clocks } from './clocks.ts'
import { OwnPerfetto, STACK } from './own.ts'
import { Sequence, TrackEvents, threadOf } from './tracks.ts'
import { Wire } from './wire.ts'

const PIECE = 1 << 20
/** Events passed on per step. */
const PASS = 65_536
/** Key and length in front of a packet. */
const HEAD = 20
/** The field of packets in a trace, and its key byte. */
const PACKET = 1
const PACKET_KEY = 0x0a
const CLEARED = 1
const NEEDS_STATE = 2
/** Packets that are about the recording: nothing of the trace is missing without them. */
const ABOUT = new Set([33, 34, 35, 36, 67, 69, 72, 87, 89, 115, 124, 126])

class PerfettoReader implements FileReader, BundleTo {
  readonly #file: RandomFile
  readonly #recorder: Recorder
  readonly #clocks = new Clocks()
  readonly #buffer: EventBuffer
  readonly #bundles: Bundles
  readonly #tracks: ForeignTracks
  readonly #trackEvents: TrackEvents
  readonly #sequences = new Map<number, Sequence>()
  readonly #payload = new Scratch()
  readonly #lost = new Set<number>()
  readonly #comms = new Map<number, { name: string; tgid: number | undefined }>()
  /** Processes a tree has named. */
  readonly #groups = new Set<number>()
  #own: OwnPerfetto | undefined
  #events = 0
  #packets = 0
  #reading = true
  done = 0

  constructor(file: RandomFile, recorder: Recorder) {
    this.#file = file
    this.#recorder = recorder
    this.#buffer = new EventBuffer(recorder)
    this.#bundles = new Bundles(this.#clocks, this)
    this.#tracks = new ForeignTracks(recorder.builder)
    this.#trackEvents = new TrackEvents(recorder.builder, this.#tracks)
  }

  step(): boolean {
    if (!this.#reading) return this.#own === undefined && this.#buffer.pass(PASS)
    const until = this.done + PIECE
    while (this.#reading && this.done < until) this.#reading = this.#next()
    if (!this.#reading) this.#read()
    return this.#reading || this.#own === undefined
  }

  end(): void {
    const { builder } = this.#recorder
    for (const task of builder.tasks) {
      const said = this.#comms.get(task.pid)
      if (said === undefined || task.pid === 0) continue
      if (task.comm === '<...>' && said.name !== '') task.comm = said.name
      // Ours have a group for every thread, and a process for those that are known.
      if (said.tgid !== undefined && (this.#own === undefined || this.#groups.has(said.tgid))) task.tgid = said.tgid
    }
    const { meta } = builder
    meta.clock = 'unknown'
    meta.clockUnit = 'ns'
    meta.startClock = String(this.#clocks.zeroNs + BigInt(Math.round(this.#own?.base ?? this.#buffer.base)))
    if (this.#own !== undefined) {
      meta.startClock = this.#own.startClock
      applyCarried(this.#recorder, this.#own.carried)
    }
  }

  /** One packet of the file; false at its end. */
  #next(): boolean {
    const head = this.#file.read(this.done, HEAD)
    if (head.length === 0) return false
    const wire = new Wire().of(head, 0, head.length)
    // The packet itself is not in the head: its length is read from what stands before it.
    const size = packetSize(head)
    if (size === undefined || head[0] !== PACKET_KEY) return this.#broken(`no packet begins at byte ${this.done}`)
    const { length, from } = size
    if (length > limits.protoPacketBytes) {
      this.#recorder.builder.diagnose(
        'warning',
        code.LINE_TOO_LONG,
        `packets larger than ${limits.protoPacketBytes} bytes, first at byte ${this.done}`,
      )
      this.done += from + length
      return this.done < this.#file.size
    }
    const bytes = this.#file.read(this.done + from, length)
    if (bytes.length < length)
      return this.#broken(`the packet at byte ${this.done} says it has ${length} bytes, ${bytes.length} are left`)
    this.#packet(wire.of(bytes, 0, length), 0)
    this.done += from + length
    return true
  }

  #broken(what: string): false {
    this.#recorder.builder.diagnose('warning', code.DAMAGED_DATA, `${what}: ${this.#events} events were read before it`)
    return false
  }

  /** Everything was read. */
  #read(): void {
    if (this.#packets === 0) {
      throw new ApiError(
        'bad-input',
        'this is no Perfetto trace: no packet could be read',
        'it begins with a TracePacket',
      )
    }
    const { builder } = this.#recorder
    if (this.#events === 0) builder.diagnose('warning', code.NO_EVENTS, 'Perfetto trace without a single event')
  }

  #packet(packet: Wire, depth: number): void {
    this.#packets++
    const { bytes, at, end } = packet
    const said = {
      sequence: 0,
      flags: 0,
      dropped: false,
      clock: undefined as number | undefined,
      lo: 0,
      hi: 0,
      timed: false,
    }
    let interned: Wire | undefined
    let defaults: Wire | undefined
    while (packet.next()) {
      if (packet.field === 10) said.sequence = packet.lo
      else if (packet.field === 13) said.flags = packet.lo
      else if (packet.field === 41 && packet.lo !== 0) said.flags |= CLEARED
      else if (packet.field === 42) said.dropped = packet.lo !== 0
      else if (packet.field === 58) said.clock = packet.lo
      else if (packet.field === 8) [said.lo, said.hi, said.timed] = [packet.lo, packet.hi, true]
      else if (packet.field === 12 && packet.isMessage) interned = here(packet)
      else if (packet.field === 59 && packet.isMessage) defaults = here(packet)
    }
    if (packet.bad) {
      this.#recorder.builder.diagnose(
        'warning',
        code.DAMAGED_DATA,
        `packets that break off, first near byte ${this.done}`,
      )
    }
    const sequence = this.#sequence(said.sequence)
    if (said.dropped) sequence.valid = false
    if ((said.flags & CLEARED) !== 0) sequence.clear()
    if (interned !== undefined) sequence.intern(interned)
    if (defaults !== undefined) setDefaults(sequence, defaults)
    const timed = { ...said, clock: said.clock ?? sequence.clock ?? BOOTTIME }
    const data = new Wire().of(bytes, at, end)
    while (data.next()) if (data.isMessage) this.#data(data, sequence, timed, depth)
  }

  #sequence(id: number): Sequence {
    let sequence = this.#sequences.get(id)
    if (sequence === undefined) {
      sequence = new Sequence()
      if (this.#sequences.size < limits.protoSequences) this.#sequences.set(id, sequence)
    }
    return sequence
  }

  #data(
    data: Wire,
    sequence: Sequence,
    packet: { sequence: number; flags: number; clock: number; lo: number; hi: number; timed: boolean },
    depth: number,
  ): void {
    switch (data.field) {
      case 1:
        if (!this.#bundles.read(data)) this.#skip('ftrace events that break off')
        return
      case 2:
        return this.#processes(data)
      case 6:
        return this.#clocks.snapshot(data, packet.sequence)
      case 11:
        return this.#trackEvent(data, sequence, packet)
      case 44:
        sequence.thread = threadOf(data)
        return
      case 45:
        return this.#system(data)
      case 50:
      case 133:
        return this.#packed(data, depth)
      case 60:
        if (this.#own === undefined) this.#trackEvents.describe(data)
        return
      case 12:
      case 43:
      case 59:
        return
      default:
        if (ABOUT.has(data.field)) return
        this.#recorder.builder.diagnose(
          'info',
          'other-packets',
          `packets of other kinds than events, first of kind ${data.field}`,
        )
    }
  }

  #trackEvent(
    data: Wire,
    sequence: Sequence,
    packet: { sequence: number; flags: number; clock: number; lo: number; hi: number; timed: boolean },
  ): void {
    if (this.#own !== undefined) return
    if ((packet.flags & NEEDS_STATE) !== 0 && !sequence.valid) {
      this.#skip('track events whose names were lost')
      return
    }
    const ts = packet.timed ? this.#clocks.time(packet) : undefined
    const event = this.#trackEvents.event(data, sequence, ts)
    if (event === undefined) return
    this.#events++
    this.#payload.put(event.payload)
    const { task, tie, ts: at } = event
    this.#buffer.add(
      { ts: at, cpu: -1, task, flags: 0, name: this.#recorder.builder.eventNamed(event.what), tie },
      this.#payload,
    )
  }

  /** Packets in a packet: no packed ones among them again. */
  #packed(data: Wire, depth: number): void {
    const { builder } = this.#recorder
    if (depth > 0) {
      builder.diagnose('warning', code.DAMAGED_DATA, 'packed packets inside packed packets')
      return
    }
    const packed = data.bytes.slice(data.from, data.to)
    let plain: Uint8Array
    try {
      plain = this.#file.inflate(data.field === 50 ? 'zlib' : 'zstd', packed, limits.protoPacketBytes).slice()
    } catch {
      builder.diagnose(
        'warning',
        code.DAMAGED_DATA,
        `packed packets that cannot be unpacked, first near byte ${this.done}`,
      )
      return
    }
    const inner = new Wire().of(plain, 0, plain.length)
    while (inner.next()) {
      if (inner.field !== PACKET || !inner.isMessage) continue
      this.#packet(new Wire().of(plain, inner.from, inner.to), depth + 1)
    }
  }

  #processes(data: Wire): void {
    const tree = new Wire().of(data.bytes, data.from, data.to)
    while (tree.next()) {
      if (!tree.isMessage || (tree.field !== 1 && tree.field !== 2)) continue
      const one = new Wire().of(tree.bytes, tree.from, tree.to)
      let [tid, tgid, name]: [number, number | undefined, string] = [-1, undefined, '']
      while (one.next()) {
        if (one.field === 1) tid = one.signed
        else if (tree.field === 2 && one.field === 3) tgid = one.signed
        else if (tree.field === 2 && one.field === 2) name = one.text
        else if (tree.field === 1 && one.field === 3 && name === '') name = one.text
      }
      const before = this.#comms.get(tid)
      if (this.#comms.size < limits.entities) {
        this.#comms.set(tid, { name: name === '' ? (before?.name ?? '') : name, tgid: tgid ?? before?.tgid })
        if (tree.field === 1) this.#groups.add(tid)
      }
    }
  }

  #system(data: Wire): void {
    const info = new Wire().of(data.bytes, data.from, data.to)
    while (info.next()) {
      if (info.field !== 1 || !info.isMessage) continue
      const names = new Wire().of(info.bytes, info.from, info.to)
      while (names.next()) {
        if (!names.isMessage) continue
        // protos/perfetto/trace/system_info.proto: sysname, version, release, machine
        if (names.field === 3) this.#recorder.builder.meta.kernel = names.text.slice(0, 200)
        else if (names.field === 4) this.#recorder.builder.meta.machine = names.text.slice(0, 200)
      }
    }
  }

  // BundleTo

  lost(cpu: number): void {
    if (this.#own !== undefined) return
    this.#lost.add(cpu)
    this.#recorder.builder.diagnose('warning', code.LOST_EVENTS, 'the recorder lost events (how many is not known)')
  }

  event(cpu: number, event: FtraceEvent): void {
    if (this.#events === 0 && event.name === CARRIED_KEY) this.#own = OwnPerfetto.of(this.#recorder, event.payload)
    if (this.#own !== undefined) {
      if (this.#own.event(cpu, event, this.#comms)) this.#events++
      return
    }
    const { builder } = this.#recorder
    const task = builder.task(event.pid <= 0x7fff_ffff ? event.pid : 0, cpu)
    if (event.name === STACK) {
      this.#payload.put(event.payload)
      this.#buffer.stack(this.#payload)
      return
    }
    this.#events++
    const flags = event.context | (this.#lost.delete(cpu) ? EVENT_AFTER_LOSS : 0)
    this.#payload.put(event.payload)
    this.#buffer.add(
      { ts: event.ts, cpu, task, flags, name: this.#recorder.builder.eventNamed(event.name), tie: 0 },
      this.#payload,
    )
  }

  #skip(what: string): void {
    this.#recorder.builder.diagnose('warning', code.UNPARSED_LINE, `${what}, first near byte ${this.done}`)
  }
}

function here({ bytes, field, type, from, to }: Wire): Wire {
  return Object.assign(new Wire(), { bytes, field, type, from, to })
}

function setDefaults(sequence: Sequence, wire: Wire): void {
  const defaults = new Wire().of(wire.bytes, wire.from, wire.to)
  while (defaults.next()) {
    if (defaults.field === 58) sequence.clock = defaults.lo
    if (defaults.field !== 11 || !defaults.isMessage) continue
    const track = new Wire().of(defaults.bytes, defaults.from, defaults.to)
    while (track.next()) if (track.field === 11) sequence.track = String(track.big)
  }
}

/** Length of the packet that begins a piece, and where its own bytes begin. */
function packetSize(head: Uint8Array): { readonly length: number; readonly from: number } | undefined {
  let length = 0
  for (let i = 1; i < Math.min(head.length, 9); i++) {
    length += (head[i] & 0x7f) * 2 ** (7 * (i - 1))
    if (head[i] < 0x80) return { length, from: i + 1 }
  }
  return undefined
}

/** Packets at the beginning, with fields packets have. */
function sniff(head: Uint8Array): number {
  let at = 0
  let packets = 0
  while (at < head.length && packets < 20) {
    if (head[at] !== PACKET_KEY) return 0
    const size = packetSize(head.subarray(at, at + HEAD))
    if (size === undefined || size.length === 0) return packets > 0 && at + HEAD > head.length ? 0.9 : 0
    const from = at + size.from
    const to = Math.min(head.length, from + size.length)
    const packet = new Wire().of(head, from, to)
    let fields = 0
    while (packet.next()) {
      if (packet.field > 2000) return 0
      fields++
    }
    const cut = from + size.length > head.length
    if (cut && packets > 0) break
    if ((packet.bad && !cut) || fields === 0) return 0
    packets++
    at = from + size.length
  }
  return packets > 0 ? 0.9 : 0
}

export const perfetto: FileFormat = {
  input: 'file',
  id: 'perfetto',
  title: 'Perfetto trace',
  extensions: ['pftrace', 'perfetto-trace', 'pb'],
  sniff,
  open: (file, recorder) => new PerfettoReader(file, recorder),
}

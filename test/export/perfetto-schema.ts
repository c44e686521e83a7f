/**
 * What Perfetto's published messages allow of what Faultline writes: fields by number with their type, by hand from
 * github.com/google/perfetto, protos/perfetto/trace (the file of each message stands beside it). `violations` decodes a
 * trace by this table alone, with the tests' own decoder, and names every field that is not in it or has another type, and
 * every rule of packet sequences that is broken. It is not the whole schema: a field that is written and missing here fails.
 */

import { decode, type Field } from '../support/proto.ts'

type Kind = 'uint' | 'int' | 'bool' | 'fixed64' | 'string'
type Message = Readonly<Record<number, Kind | (() => Message)>>

/** ftrace/ftrace_event_bundle.proto; lost_events is 3. */
const bundle = (): Message => ({ 1: 'uint', 2: ftraceEvent, 3: 'bool' })
/** ftrace/ftrace_event.proto: timestamp, pid, common_flags; print 3, sched_* 4, 17, 20, 114, generic 327. */
const ftraceEvent = (): Message => ({
  ...{ 1: 'uint', 2: 'uint', 5: 'uint', 3: () => PRINT, 4: () => SWITCH },
  ...{ 17: () => WAKEUP, 20: () => WAKEUP, 114: () => WAKEUP, 327: () => GENERIC },
})
/** ftrace/ftrace.proto PrintFtraceEvent: ip, buf. */
const PRINT: Message = { 1: 'uint', 2: 'string' }
/** ftrace/sched.proto SchedSwitchFtraceEvent: prev comm, pid, prio, state (int64); next comm, pid, prio. */
const SWITCH: Message = { 1: 'string', 2: 'int', 3: 'int', 4: 'int', 5: 'string', 6: 'int', 7: 'int' }
/** ftrace/sched.proto SchedWakeup, SchedWaking, SchedWakeupNew: comm, pid, prio, success, target_cpu. */
const WAKEUP: Message = { 1: 'string', 2: 'int', 3: 'int', 4: 'int', 5: 'int' }
/** ftrace/generic.proto: event_name, field { name, str_value 3, int_value 4, uint_value 5 }. */
const GENERIC: Message = { 1: 'string', 2: () => ({ 1: 'string', 3: 'string', 4: 'int', 5: 'uint' }) }
/** ps/process_tree.proto: processes { pid, ppid, cmdline }, threads { tid, name, tgid }. */
const PROCESS_TREE: Message = {
  1: () => ({ 1: 'int', 2: 'int', 3: 'string' }),
  2: () => ({ 1: 'int', 2: 'string', 3: 'int' }),
}
/** clock_snapshot.proto: clocks { clock_id, timestamp }, primary_trace_clock. */
const CLOCKS: Message = { 1: () => ({ 1: 'uint', 2: 'uint' }), 2: 'uint' }
/** system_info.proto: utsname { sysname, version, release, machine }. */
const SYSTEM: Message = { 1: () => ({ 1: 'string', 2: 'string', 3: 'string', 4: 'string' }) }
/** track_event/track_event.proto: category_iids 3, debug_annotations 4, type 9, name_iid 10, track_uuid 11, counter 30, flows 47, 48. */
const TRACK_EVENT: Message = {
  ...{ 3: 'uint', 4: () => ANNOTATION, 9: 'uint', 10: 'uint', 11: 'uint', 30: 'int', 47: 'fixed64', 48: 'fixed64' },
}
/** track_event/debug_annotation.proto: name_iid 1, int_value 4, string_value 6. */
const ANNOTATION: Message = { 1: 'uint', 4: 'int', 6: 'string' }
/** track_event/{track,process,thread,counter}_descriptor.proto. */
const DESCRIPTOR: Message = {
  ...{ 1: 'uint', 2: 'string', 3: () => ({ 1: 'int', 6: 'string' }), 4: () => ({ 1: 'int', 2: 'int', 5: 'string' }) },
  ...{ 5: 'uint', 8: () => ({ 3: 'uint' }) },
}
/** interned_data/interned_data.proto: event_categories, event_names, debug_annotation_names, each { iid, name }. */
const named = (): Message => ({ 1: 'uint', 2: 'string' })
const INTERNED: Message = { 1: named, 2: named, 3: named }
/** trace_packet.proto; trace_packet_defaults.proto has timestamp_clock_id 58. */
const PACKET: Message = {
  ...{ 1: bundle, 2: () => PROCESS_TREE, 6: () => CLOCKS, 8: 'uint', 10: 'uint', 11: () => TRACK_EVENT },
  ...{ 12: () => INTERNED, 13: 'uint', 45: () => SYSTEM, 59: () => ({ 58: 'uint' }), 60: () => DESCRIPTOR, 87: 'bool' },
}
/** Of the oneof `data` of a packet: one of these at most. */
const DATA = [1, 2, 6, 11, 45, 60]

const WIRE: Readonly<Record<Kind, number>> = { uint: 0, int: 0, bool: 0, fixed64: 1, string: 2 }

export function violations(trace: Buffer): string[] {
  const found: string[] = []
  const packets = decode(trace)
  const rules = new SequenceRules(found)
  packets.forEach((packet, at) => {
    if (packet.number !== 1 || packet.type !== 2) found.push(`field ${packet.number} beside packets`)
    const fields = decode(packet.bytes)
    check(fields, PACKET, `packet ${at}`, found)
    if (fields.filter(({ number }) => DATA.includes(number)).length > 1) found.push(`packet ${at}: data twice`)
    rules.packet(fields, at)
  })
  rules.end()
  return found.slice(0, 20)
}

function check(fields: readonly Field[], message: Message, where: string, found: string[]): void {
  for (const { number, type, value, bytes } of fields) {
    const kind = message[number] as Message[number] | undefined
    const at = `${where}.${number}`
    if (kind === undefined) found.push(`${at}: no such field`)
    else if (typeof kind === 'function') {
      if (type === 2) check(decode(bytes), kind(), at, found)
      else found.push(`${at}: wire type ${type} is no message`)
    } else if (type !== WIRE[kind]) found.push(`${at}: wire type ${type} is no ${kind}`)
    else if (kind === 'string' && !isUtf8(bytes)) found.push(`${at}: no UTF-8`)
    else if (kind === 'bool' && value > 1n) found.push(`${at}: no bool`)
  }
}

function isUtf8(bytes: Buffer): boolean {
  return Buffer.from(bytes.toString('utf8')).equals(bytes)
}

const number = (fields: readonly Field[], wanted: number): number | undefined => {
  const field = fields.find((one) => one.number === wanted)
  return field === undefined ? undefined : Number(field.value)
}
const messages = (fields: readonly Field[], wanted: number): Field[][] =>
  fields.filter((one) => one.number === wanted).map(({ bytes }) => decode(bytes))

/** trace_packet.proto on sequences, track_event.proto on tracks, slices, counters and flows, in the file's order. */
class SequenceRules {
  readonly #found: string[]
  readonly #cleared = new Set<number>()
  readonly #defaults = new Set<number>()
  readonly #interned = new Map<string, string>()
  readonly #tracks = new Map<number, { readonly counter: boolean; last: number; depth: number }>()
  readonly #owners = new Set<string>()
  readonly #flows = new Map<bigint, { from: number; ended: boolean }>()
  readonly #clocks = new Set<number>()

  constructor(found: string[]) {
    this.#found = found
  }

  packet(fields: readonly Field[], at: number): void {
    const say = (what: string): void => void this.#found.push(`packet ${at}: ${what}`)
    const sequence = number(fields, 10) ?? 0
    const flags = number(fields, 13) ?? 0
    if (sequence === 0) say('no trusted_packet_sequence_id')
    if ((flags & 1) !== 0) this.#cleared.add(sequence)
    if ((flags & 2) !== 0 && !this.#cleared.has(sequence)) say('needs state that was never begun')
    if (this.#defaults.has(sequence) && (flags & 2) === 0) say('has defaults and does not need incremental state')
    for (const defaults of messages(fields, 59)) {
      this.#defaults.add(sequence)
      if (!this.#clocks.has(number(defaults, 58) ?? 0)) say('a clock without a snapshot')
    }
    for (const snapshot of messages(fields, 6)) {
      for (const clock of messages(snapshot, 1)) this.#clocks.add(number(clock, 1) ?? 0)
      if (!this.#clocks.has(number(snapshot, 2) ?? 0)) say('the primary clock is not in its snapshot')
    }
    // google/perfetto: kMaxCpuCount of ftrace_tokenizer.cc; ParseProcessTree takes a thread without a group for one of process 0.
    for (const bundle of messages(fields, 1)) if ((number(bundle, 1) ?? 0) >= 1024) say('a CPU nobody reads')
    for (const tree of messages(fields, 2)) {
      for (const thread of messages(tree, 2)) if (number(thread, 3) === undefined) say('a thread of no group')
    }
    for (const data of messages(fields, 12)) this.#intern(data, sequence, say)
    for (const descriptor of messages(fields, 60)) this.#describe(descriptor, say)
    for (const event of messages(fields, 11)) this.#event(event, { sequence, flags, ts: number(fields, 8), say })
  }

  end(): void {
    for (const [track, { depth }] of this.#tracks) if (depth !== 0) this.#found.push(`track ${track}: ${depth} open`)
    for (const [flow, { ended }] of this.#flows) if (!ended) this.#found.push(`flow ${flow}: never terminates`)
  }

  #intern(data: readonly Field[], sequence: number, say: (what: string) => void): void {
    for (const { number: list, bytes } of data) {
      const entry = decode(bytes)
      const iid = number(entry, 1) ?? 0
      const text = entry.find((field) => field.number === 2)?.bytes.toString('utf8') ?? ''
      const key = `${sequence} ${list} ${iid}`
      if (iid === 0) say('interns under 0')
      if ((this.#interned.get(key) ?? text) !== text) say(`interns ${key} again as something else`)
      this.#interned.set(key, text)
    }
  }

  #describe(fields: readonly Field[], say: (what: string) => void): void {
    const uuid = number(fields, 1) ?? 0
    if (uuid === 0) say('describes the track 0')
    const parent = number(fields, 5)
    if (parent !== undefined && !this.#tracks.has(parent)) say(`track ${uuid} stands before its parent`)
    const [thread] = messages(fields, 4)
    const [process] = messages(fields, 3)
    const owner = thread ? `thread ${number(thread, 2)}` : process ? `process ${number(process, 1)}` : undefined
    if (owner !== undefined && !this.#tracks.has(uuid) && this.#owners.has(owner)) say(`${owner} has two tracks`)
    if (owner !== undefined) this.#owners.add(owner)
    if (!this.#tracks.has(uuid)) {
      this.#tracks.set(uuid, { counter: messages(fields, 8).length > 0, last: 0, depth: 0 })
    }
  }

  #event(
    fields: readonly Field[],
    {
      sequence,
      flags,
      ts,
      say,
    }: { sequence: number; flags: number; ts: number | undefined; say: (what: string) => void },
  ): void {
    const track = this.#tracks.get(number(fields, 11) ?? 0)
    if (ts === undefined || track === undefined) return say('an event without a time, or on a track nobody described')
    if (ts < track.last) say(`goes back in time on its track: ${track.last}, then ${ts}`)
    track.last = ts
    const type = number(fields, 9) ?? 0
    if (type < 1 || type > 4) say(`an event of type ${type}`)
    if ((type === 4) !== track.counter) say('a counter and its track do not fit')
    if ((type === 4) !== (number(fields, 30) !== undefined)) say('a value that is no counter, or none')
    if (type === 1) track.depth++
    if (type === 2 && --track.depth < 0) say('an end without a begin')
    if (type !== 2 && type !== 4 && number(fields, 10) === undefined) say('no name')
    const used = [
      ...fields.filter((field) => field.number === 3).map(({ value }) => `1 ${value}`),
      ...fields.filter((field) => field.number === 10).map(({ value }) => `2 ${value}`),
      ...messages(fields, 4).map((annotation) => `3 ${number(annotation, 1)}`),
    ]
    for (const key of used) if (!this.#interned.has(`${sequence} ${key}`)) say(`uses ${key}, which is not interned`)
    if (used.length > 0 && (flags & 2) === 0) say('uses what is interned without needing state')
    this.#flow(fields, ts, say)
  }

  #flow(fields: readonly Field[], ts: number, say: (what: string) => void): void {
    for (const { number: kind, value } of fields) {
      if (kind === 47) {
        if (this.#flows.get(value)?.ended === false) say(`flow ${value} begins twice`)
        this.#flows.set(value, { from: ts, ended: this.#flows.get(value)?.ended ?? false })
      }
      if (kind !== 48) continue
      // Flows are joined over the whole file: the end may stand first, and never be earlier.
      const flow = this.#flows.get(value)
      this.#flows.set(value, { from: flow?.from ?? NaN, ended: true })
      if (flow !== undefined && ts < flow.from) say(`flow ${value} ends before it begins`)
    }
  }
}

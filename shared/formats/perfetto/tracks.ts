/**
 * Track events of Perfetto traces: what a sequence has interned, what its tracks are, and slices, moments and counters as
 * events of the event table. A sequence whose packets were lost is not understood until it begins anew; what refers to a
 * name that never came keeps its number. Tracks may name each other as parents in any way: no more than a few are followed.
 */

import { limits } from '../../base/limits.ts'
import type { Ns } from '../../model/trace.ts'
import type { TraceBuilder } from '../../model/builder.ts'
import type { ForeignTracks } from '../foreign-tracks.ts'
import * as kind from '../slice-payload.ts'
import { annotation, type Named } from './annotations.ts'
import { Wire } from './wire.ts'

const BEGIN = 1
const END = 2
const INSTANT = 3
const COUNTER = 4
/** Letters of legacy events that stand for the same. */
const LEGACY: Readonly<Record<string, number>> = { B: BEGIN, E: END, i: INSTANT, I: INSTANT, R: INSTANT }

interface Track {
  readonly pid: number | undefined
  readonly tid: number | undefined
  readonly name: string
  readonly parent: string | undefined
  readonly counter: boolean
}

export class Sequence implements Named {
  /** Interned data is whole. */
  valid = false
  clock: number | undefined = undefined
  track: string | undefined = undefined
  thread: { readonly pid: number; readonly tid: number } | undefined = undefined
  /** Legacy times count from here, µs. */
  referenceUs = 0
  names = new Map<string, string>()

  clear(): void {
    this.valid = true
    this.names = new Map()
    this.clock = this.track = this.thread = undefined
  }

  /** `list`: the number of the interned list. */
  name(list: number, iid: number): string | undefined {
    return this.names.get(`${list} ${iid}`)
  }

  intern(wire: Wire): void {
    const data = new Wire().of(wire.bytes, wire.from, wire.to)
    while (data.next()) {
      if (!data.isMessage || ![1, 2, 3, 29].includes(data.field)) continue
      const entry = new Wire().of(data.bytes, data.from, data.to)
      let [iid, text] = [0, '']
      while (entry.next()) {
        if (entry.field === 1) iid = entry.number
        else if (entry.field === 2) text = entry.text
      }
      if (this.names.size < limits.names) this.names.set(`${data.field} ${iid}`, text)
    }
  }
}

/** A track event on its way to the table. */
export interface TrackEvent {
  readonly what: string
  readonly task: number
  readonly ts: Ns
  readonly payload: string
  readonly tie: number
}

interface Fields {
  type: number
  track: string | undefined
  name: string | undefined
  readonly categories: string[]
  readonly flows: string[]
  readonly args: Record<string, unknown>
  value: number | undefined
  legacy: Wire | undefined
}

export class TrackEvents {
  readonly #builder: TraceBuilder
  readonly #tracks: ForeignTracks
  readonly #known = new Map<string, Track>()

  constructor(builder: TraceBuilder, tracks: ForeignTracks) {
    this.#builder = builder
    this.#tracks = tracks
  }

  describe(wire: Wire): void {
    const found = new Wire().of(wire.bytes, wire.from, wire.to)
    let [uuid, name, counter] = ['0', '', false]
    let [parent, pid, tid]: [string | undefined, number | undefined, number | undefined] = [
      undefined,
      undefined,
      undefined,
    ]
    while (found.next()) {
      if (found.field === 1) uuid = String(found.big)
      else if (found.field === 2 || found.field === 10 || found.field === 13) name = found.text
      else if (found.field === 5) parent = String(found.big)
      else if (found.field === 8) counter = true
      else if (found.field === 3 && found.isMessage) {
        const process = new Wire().of(found.bytes, found.from, found.to)
        while (process.next()) {
          if (process.field === 1) pid = process.signed
          else if (process.field === 6 && name === '') name = process.text
        }
      } else if (found.field === 4 && found.isMessage) {
        const thread = threadOf(found)
        ;[pid, tid] = [thread.pid, thread.tid]
        if (thread.name !== '') this.#tracks.name(thread.pid, thread.tid, thread.name)
      }
    }
    if (this.#known.size < limits.entities) this.#known.set(uuid, { pid, tid, name, parent, counter })
  }

  event(wire: Wire, sequence: Sequence, packetNs: Ns | undefined): TrackEvent | undefined {
    const fields = fieldsOf(wire, sequence)
    if (packetNs === undefined) {
      this.#builder.diagnose('warning', 'track-event-without-time', 'track events without a time were skipped')
      return undefined
    }
    const uuid = fields.track ?? sequence.track
    const words = {
      name: fields.name ?? '',
      fields: { cat: fields.categories.join(','), flow: fields.flows.join(',') },
      args: fields.args,
    }
    if (fields.legacy !== undefined) return this.#legacy(fields, { sequence, uuid, words, ts: packetNs })
    const task = this.#taskOf(uuid, sequence)
    return this.#typed(fields, { task, uuid, words, ts: packetNs })
  }

  #typed(
    { type, value }: Fields,
    { task, uuid, words, ts }: { task: number; uuid: string | undefined; words: kind.SliceWords; ts: Ns },
  ): TrackEvent {
    const event = (what: string, said: kind.SliceWords) => ({
      what,
      task,
      ts,
      payload: kind.slicePayload(said),
      tie: 0,
    })
    switch (type) {
      case BEGIN:
        return event(kind.SLICE_BEGIN, words)
      case END:
        return event(kind.SLICE_END, words)
      case INSTANT:
        return event(kind.INSTANT, words)
      case COUNTER: {
        const name = (uuid === undefined ? undefined : this.#known.get(uuid)?.name) ?? ''
        return event(kind.COUNTER, {
          ...words,
          name: name === '' ? words.name : name,
          fields: { ...words.fields, value },
        })
      }
      default:
        return event(kind.MARK, { ...words, fields: { ...words.fields, type } })
    }
  }

  /** Events of the time before track events had types. */
  #legacy(
    fields: Fields,
    { sequence, uuid, words, ts }: { sequence: Sequence; uuid: string | undefined; words: kind.SliceWords; ts: Ns },
  ): TrackEvent {
    const legacy = fields.legacy as Wire
    let [phase, durUs, id, scope] = ['', 0, '', '']
    let thread = sequence.thread
    while (legacy.next()) {
      if (legacy.field === 2) phase = String.fromCharCode(legacy.number & 0x7f)
      else if (legacy.field === 3) durUs = Math.max(0, legacy.signed)
      else if (legacy.field === 6 || legacy.field === 10 || legacy.field === 11) id = `${legacy.field}:${legacy.big}`
      else if (legacy.field === 7) scope = legacy.text
      else if (legacy.field === 18) thread = { pid: legacy.signed, tid: thread?.tid ?? 0 }
      else if (legacy.field === 19) thread = { pid: thread?.pid ?? 0, tid: legacy.signed }
    }
    const task = thread === undefined ? this.#taskOf(uuid, sequence) : this.#tracks.thread(thread.pid, thread.tid)
    const event = (what: string, said: kind.SliceWords, where = task, tie = 0) => ({
      ...{ what, task: where, ts, tie },
      payload: kind.slicePayload(said),
    })
    if (phase === '' || fields.type !== 0) return this.#typed(fields, { task, uuid, words, ts })
    if (phase === 'X') return event(kind.SLICE, { ...words, durNs: durUs * 1000 }, task, -durUs)
    if (phase in LEGACY) return this.#typed({ ...fields, type: LEGACY[phase] }, { task, uuid, words, ts })
    const key = `${id.startsWith('10:') ? (thread?.pid ?? '') : ''}\0${fields.categories.join(',')}\0${id}\0${scope}`
    const said = { ...words, fields: { ...words.fields, id } }
    if (phase === 'b' || phase === 'S') return event(kind.SLICE_BEGIN, said, this.#tracks.begin(words.name, key))
    const open = phase === 'e' || phase === 'F' ? this.#tracks.end(key) : this.#tracks.find(key)
    if (open !== undefined && (phase === 'e' || phase === 'F')) return event(kind.SLICE_END, said, open)
    return event(kind.MARK, { ...said, fields: { ...said.fields, ph: phase } }, open ?? task)
  }

  #taskOf(uuid: string | undefined, sequence: Sequence): number {
    if (uuid === undefined && sequence.thread !== undefined) {
      return this.#tracks.thread(sequence.thread.pid, sequence.thread.tid)
    }
    const track = this.#known.get(uuid ?? '0')
    if (track?.pid !== undefined && track.tid !== undefined) return this.#tracks.thread(track.pid, track.tid)
    return this.#tracks.track(uuid ?? '0', track?.name ?? '')
  }
}

export function threadOf(wire: Wire): { readonly pid: number; readonly tid: number; readonly name: string } {
  const thread = new Wire().of(wire.bytes, wire.from, wire.to)
  let [pid, tid, name] = [0, 0, '']
  while (thread.next()) {
    if (thread.field === 1) pid = thread.signed
    else if (thread.field === 2) tid = thread.signed
    else if (thread.field === 5) name = thread.text
  }
  return { pid, tid, name }
}

function fieldsOf(wire: Wire, sequence: Sequence): Fields {
  const event = new Wire().of(wire.bytes, wire.from, wire.to)
  const fields: Fields = {
    ...{ type: 0, track: undefined, name: undefined, value: undefined, legacy: undefined },
    ...{ categories: [], flows: [], args: {} },
  }
  while (event.next()) {
    switch (event.field) {
      case 9:
        fields.type = event.number
        break
      case 11:
        fields.track = String(event.big)
        break
      case 10:
        fields.name = sequence.name(2, event.number) ?? `name ${event.number}`
        break
      case 23:
        fields.name = event.text
        break
      case 3:
        if (fields.categories.length < 16)
          fields.categories.push(sequence.name(1, event.number) ?? String(event.number))
        break
      case 22:
        if (fields.categories.length < 16) fields.categories.push(event.text)
        break
      case 30:
        fields.value = event.signed
        break
      case 44:
        fields.value = event.double
        break
      case 36:
      case 42:
      case 47:
      case 48:
        if (fields.flows.length < 64) fields.flows.push(String(event.big))
        break
      case 4:
        if (event.isMessage) annotation(event, sequence, fields.args)
        break
      case 6:
        if (event.isMessage) fields.legacy = new Wire().of(event.bytes, event.from, event.to)
        break
      default:
    }
  }
  return fields
}

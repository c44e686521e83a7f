/**
 * Events of Chrome trace JSON by their phase, turned into events of the event table (slice-payload.ts) in a buffer that puts
 * them in order. Threads are tasks; asynchronous events are tasks of their own, one per set that overlaps.
 *
 *     B E        a slice's ends, per thread          b e n, S T p F   the same, told apart by id
 *     X          a slice with its length             s t f            ends of arrows
 *     i I R      a moment                            C                counters
 *     M          names of processes and threads (no events); everything else is kept as a mark
 */

import type { TraceBuilder } from '../model/builder.ts'
import { TIME_OUT_OF_RANGE } from '../model/diagnostics.ts'
import type { EventBuffer } from './event-buffer.ts'
import { ForeignTracks } from './foreign-tracks.ts'
import { Scratch } from './scratch.ts'
import * as kind from './slice-payload.ts'

export interface ChromeEvent {
  readonly ph: string
  readonly name?: unknown
  readonly cat?: unknown
  readonly ts?: unknown
  readonly dur?: unknown
  readonly pid?: unknown
  readonly tid?: unknown
  readonly id?: unknown
  readonly id2?: unknown
  readonly scope?: unknown
  readonly s?: unknown
  readonly bp?: unknown
  readonly args?: unknown
}

/** Asynchronous events that wait to be put in order: more than these are told apart in pieces. */
const WAITING = 500_000

export class ChromeEvents {
  readonly #builder: TraceBuilder
  readonly #buffer: EventBuffer
  readonly #tracks: ForeignTracks
  readonly #payload = new Scratch()
  /** Asynchronous events wait until all are read: only in order do they say what overlaps. */
  readonly #async: { readonly event: ChromeEvent; readonly ts: number }[] = []
  /** `ts` of the first event: all others are relative to it, so that large clocks keep their digits. */
  #zeroUs: number | undefined

  constructor(builder: TraceBuilder, buffer: EventBuffer) {
    this.#builder = builder
    this.#buffer = buffer
    this.#tracks = new ForeignTracks(builder)
  }

  get zeroUs(): number {
    return this.#zeroUs ?? 0
  }

  /** False: it is no event, or none that could be used. */
  event(event: ChromeEvent): boolean {
    if (event.ph === 'M') {
      this.#metadata(event)
      return false
    }
    const us = typeof event.ts === 'string' ? Number(event.ts) : event.ts
    if (typeof us !== 'number' || !Number.isFinite(us)) return this.#useless()
    this.#zeroUs ??= us
    const ts = Math.round((us - this.#zeroUs) * 1000)
    if (!Number.isSafeInteger(ts)) return this.#useless()
    if (event.ph === '' || !'bneSTpF'.includes(event.ph)) this.#plain(event, ts)
    else if (this.#async.push({ event, ts }) >= WAITING) this.finish()
    return true
  }

  /** After the last event, and now and then before. */
  finish(): void {
    this.#async.sort((a, b) => a.ts - b.ts)
    for (const { event, ts } of this.#async) this.#asynchronous(event, ts)
    this.#async.length = 0
  }

  #useless(): boolean {
    this.#builder.diagnose('warning', TIME_OUT_OF_RANGE, 'events without a usable time `ts` were skipped')
    return false
  }

  #metadata({ name, pid, tid, args }: ChromeEvent): void {
    const said = typeof args === 'object' && args !== null && 'name' in args ? args.name : undefined
    if (name === 'thread_name' && typeof said === 'string') this.#tracks.name(idOf(pid), idOf(tid), said)
  }

  #plain(event: ChromeEvent, ts: number): void {
    const task = this.#tracks.thread(idOf(event.pid), idOf(event.tid))
    const fields = { cat: text(event.cat) }
    switch (event.ph) {
      case 'B':
        return this.#add({ what: kind.SLICE_BEGIN, event, ts, task, tie: 0 }, { fields })
      case 'E':
        return this.#add({ what: kind.SLICE_END, event, ts, task, tie: 0 }, { fields })
      case 'X': {
        const durNs = Math.max(0, Math.round(Number(event.dur ?? 0) * 1000)) || 0
        return this.#add({ what: kind.SLICE, event, ts, task, tie: -durNs }, { fields, durNs })
      }
      case 'C':
        return this.#add({ what: kind.COUNTER, event, ts, task, tie: 0 }, { fields: { id: text(event.id) } })
      case 's':
      case 't':
      case 'f':
        return this.#add(
          { what: kind.FLOW, event, ts, task, tie: 0 },
          { fields: { ...fields, ph: event.ph, id: idText(event) } },
        )
      case 'i':
      case 'I':
      case 'R':
        return this.#add(
          { what: kind.INSTANT, event, ts, task, tie: 0 },
          { fields: { ...fields, scope: text(event.s) } },
        )
      default:
        return this.#add(
          { what: kind.MARK, event, ts, task, tie: 0 },
          { fields: { ...fields, ph: event.ph.slice(0, 8), id: idText(event) } },
        )
    }
  }

  #asynchronous(event: ChromeEvent, ts: number): void {
    const { ph } = event
    const [cat, name, id] = [text(event.cat) ?? '', text(event.name) ?? '', idText(event) ?? '']
    const key = `${id2(event) ? String(event.pid) : ''}\0${cat}\0${id}\0${text(event.scope) ?? ''}`
    const fields = { cat, id }
    if (ph === 'b' || ph === 'S') {
      const task = this.#tracks.begin(name === '' ? cat : name, key)
      return this.#add({ what: kind.SLICE_BEGIN, event, ts, task, tie: 0 }, { fields })
    }
    const open = ph === 'e' || ph === 'F' ? this.#tracks.end(key) : this.#tracks.find(key)
    const task = open ?? this.#tracks.track('async', 'async')
    const what = ph !== 'e' && ph !== 'F' ? kind.INSTANT : open === undefined ? kind.MARK : kind.SLICE_END
    this.#add({ what, event, ts, task, tie: 0 }, { fields })
  }

  #add(
    { what, event, ts, task, tie }: { what: string; event: ChromeEvent; ts: number; task: number; tie: number },
    { fields, durNs }: { fields: Readonly<Record<string, string | number | undefined>>; durNs?: number },
  ): void {
    const words = { name: text(event.name) ?? '', durNs, fields, args: event.args }
    this.#payload.put(kind.slicePayload(words))
    this.#buffer.add({ ts, cpu: -1, task, flags: 0, name: this.#builder.eventNamed(what), tie }, this.#payload)
  }
}

function text(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

function idOf(value: unknown): number | string {
  if (typeof value === 'number') return value
  if (typeof value !== 'string') return 0
  return /^\d{1,10}$/.test(value) ? Number(value) : value
}

/** `id2` may hold one that means something in its process only. */
function id2({ id2: both }: ChromeEvent): boolean {
  return typeof both === 'object' && both !== null && 'local' in both
}

function idText({ id, id2: both }: ChromeEvent): string | undefined {
  if (typeof both === 'object' && both !== null) {
    if ('local' in both) return text(both.local)
    if ('global' in both) return text(both.global)
  }
  return text(id)
}

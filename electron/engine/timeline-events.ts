/**
 * The raw events of one trace as the timeline needs them: ticks of rows, counters made of payloads, single events.
 * Nothing here takes longer than a view may: the index of wide ticks and the counters are built a slice at a time, one per
 * view and more of them between requests, and a view says how far that has come. Chunks looked at lately stay decoded.
 */

import { limits } from '#shared/base/limits.ts'
import type { Trace } from '#shared/model/trace.ts'
import type { SearchHit, TimelineAnchor, TimelineEvent, TimelineEvents } from '#shared/timeline/answers.ts'
import { CounterLane, countersOf, EventCounter, stepsFromSpans, type CounterKind } from '#shared/timeline/counters.ts'
import { cpuCount } from '#shared/timeline/families.ts'
import { parseRowId, rowId } from '#shared/timeline/row-ids.ts'
import type { Find } from '#shared/timeline/search.ts'
import {
  tickChunk,
  TickIndex,
  ticksOf,
  type TickChunk,
  type TickColumns,
  type TickRow,
} from '#shared/timeline/ticks.ts'
import type { RowId } from '#shared/timeline/types.ts'
import type { EventTracks, TrackOfRow } from '#shared/timeline/view.ts'
import { chunkReader } from '../store/event-chunks.ts'
import { payloadOf } from '../store/event-table.ts'
import { chunkPlaces, tickReader, type ChunkPlace } from '../store/event-ticks.ts'
import type { Db } from '../store/open.ts'

/** Time a view may spend on indexing, and a moment between requests. */
const INDEX_MS = 15
const BETWEEN_MS = 5
/** Chunks a view may look at event by event; wider ones use the index. */
const NEAR_CHUNKS = 2
/** Decoded chunks kept, 26 bytes an event. */
const KEPT_CHUNKS = 32

interface EventsView {
  readonly fromNs: number
  readonly toNs: number
  readonly rows: readonly RowId[]
  readonly ticks: boolean
}

interface Counting {
  readonly counter: EventCounter
  readonly names: ReadonlySet<number>
  /** Chunks with any event it is made of. */
  readonly places: readonly ChunkPlace[]
  next: number
}

export class TraceEvents {
  readonly #db: Db
  readonly #trace: Trace
  readonly #places: readonly ChunkPlace[]
  readonly #read: (place: ChunkPlace) => TickColumns
  readonly #kept = new Map<number, TickChunk>()
  readonly #sizes: { readonly task: number; readonly cpu: number }
  readonly #index: TickIndex
  #indexed = 0
  /** A view needed the index: it is built to the end. */
  #indexing = false
  readonly #lanes = new Map<RowId, TrackOfRow['track']>()
  readonly #counters = new Map<string, CounterLane>()
  readonly #counting = new Map<string, Counting>()

  constructor(db: Db, trace: Trace, traceId: number) {
    this.#db = db
    this.#trace = trace
    this.#places = chunkPlaces(db, traceId)
    this.#read = tickReader(db)
    this.#sizes = { task: trace.tasks.length, cpu: cpuCount(trace).count }
    this.#index = new TickIndex(this.#sizes)
  }

  view({ fromNs, toNs, rows, ticks }: EventsView): EventTracks {
    const until = performance.now() + INDEX_MS
    const places = rows.map((id, row) => ({ row, id, ...parseRowId(this.#trace, id) }))
    const counters = places.flatMap(({ row, section, number }) => {
      const lane = section === 'counter' ? this.#counter(number, until) : undefined
      return lane === undefined ? [] : [{ row, lane }]
    })
    const wanted = places.flatMap(({ row, id, section, number }) =>
      ticks && (section === 'task' || section === 'cpu') ? [{ row, id, at: { section, number } }] : [],
    )
    const found = wanted.length === 0 ? [] : this.#ticks(wanted, { fromNs, toNs }, until)
    return {
      ticks: found,
      counters,
      indexed: this.#share(wanted.length > 0 && this.#touching(fromNs, toNs).length > NEAR_CHUNKS),
    }
  }

  /** Goes on for a moment with what views asked for and did not get yet. False: nothing is left to do. */
  work(): boolean {
    const until = performance.now() + BETWEEN_MS
    if (this.#indexing) this.#indexMore(until)
    const number = countersOf(this.#trace).findIndex(({ id }) => this.#counting.has(id))
    if (number >= 0) this.#counter(number, until)
    return this.#counting.size > 0 || (this.#indexing && this.#indexed < this.#places.length)
  }

  /** [fromNs, toNs) of a task, a CPU or all, in file order, up to `limit` or what a message can carry. */
  list({
    fromNs,
    toNs,
    row,
    limit,
  }: {
    fromNs: number
    toNs: number
    row?: RowId | undefined
    limit: number
  }): TimelineEvents {
    const place = row === undefined ? undefined : parseRowId(this.#trace, row)
    const read = chunkReader(this.#db)
    const events: TimelineEvent[] = []
    let looked = 0
    let chars = 0
    for (const chunkPlace of this.#touching(fromNs, toNs)) {
      const near = this.#chunk(chunkPlace)
      const hits: number[] = []
      for (let i = 0; i < near.length; i++) {
        if (near.ts[i] < fromNs || near.ts[i] >= toNs) continue
        if (place?.section === 'task' && near.task[i] !== place.number) continue
        if (place?.section === 'cpu' && near.cpu[i] !== place.number) continue
        hits.push(i)
      }
      if (hits.length > 0) {
        const { chunk } = read(chunkPlace.id)
        for (const i of hits) {
          if (events.length === limit || chars > limits.eventChars)
            return { events, truncated: true, scannedToNs: chunk.ts[i] }
          const { comm } = this.#trace.tasks[chunk.task[i]]
          const args = payloadOf(chunk, i)
          const frames = chunk.stack[i] < 0 ? '' : (this.#trace.stacks[chunk.stack[i]] ?? '')
          chars += args.length + frames.length
          events.push({
            ns: chunk.ts[i],
            cpu: chunk.cpu[i] < 0 ? null : chunk.cpu[i],
            task: rowId('task', chunk.task[i]),
            comm,
            name: this.#trace.eventNames[chunk.name[i]] ?? '',
            args,
            stack: chunk.stack[i] < 0 ? [] : frames.split('\n'),
          })
        }
      }
      if (++looked === limits.eventChunksPerAnswer) return { events, truncated: true, scannedToNs: chunkPlace.ts1 }
    }
    return { events, truncated: false, scannedToNs: toNs }
  }

  /** The nth event of a name, from 0; negative from the end. */
  anchor(name: string, nth: number): TimelineAnchor {
    const id = this.#trace.eventNames.indexOf(name)
    const total = id === -1 ? 0 : this.#trace.eventCounts[id]
    const wanted = nth < 0 ? total + nth : nth
    if (wanted < 0 || wanted >= total) return { ns: null, total }
    const counts = this.#db.prepare('SELECT n FROM event_chunk_name WHERE chunk_id = ? AND name_seq = ?').pluck()
    let before = 0
    for (const place of this.#places) {
      const here = (counts.get(place.id, id) as number | undefined) ?? 0
      if (before + here <= wanted) {
        before += here
        continue
      }
      const chunk = this.#chunk(place)
      for (let i = 0; i < chunk.length; i++) {
        if (chunk.name[i] === id && before++ === wanted) return { ns: chunk.ts[i], total }
      }
    }
    return { ns: null, total }
  }

  /** Events a search found, by chunk and row: neighbours mostly stand in one chunk, which is read once. */
  hits(find: Find): (chunkId: number, row: number) => Pick<SearchHit, 'text' | 'rows' | 'kind'> {
    const read = chunkReader(this.#db)
    let last: ReturnType<typeof read> | undefined
    return (chunkId, row) => {
      if (last?.id !== chunkId) last = read(chunkId)
      const { chunk } = last
      const name = this.#trace.eventNames[chunk.name[row]] ?? ''
      const byName =
        'text' in find && find.kinds.includes('event') && name.toLowerCase().includes(find.text.toLowerCase())
      const onCpu = chunk.cpu[row] < 0 ? [] : [rowId('cpu', chunk.cpu[row])]
      return {
        kind: byName ? 'event' : 'args',
        text: `${name}: ${payloadOf(chunk, row)}`,
        rows: [rowId('task', chunk.task[row]), ...onCpu],
      }
    }
  }

  #ticks(
    wanted: readonly { readonly row: number; readonly id: RowId; readonly at: TickRow }[],
    { fromNs, toNs }: { readonly fromNs: number; readonly toNs: number },
    until: number,
  ): TrackOfRow[] {
    const near = this.#touching(fromNs, toNs)
    const words = (name: number) => this.#trace.eventNames[name] ?? ''
    if (near.length <= NEAR_CHUNKS) {
      const chunks = near.map((place) => this.#chunk(place))
      // A view shows whole buckets: as much again on either side has them all.
      const around = { fromNs: 2 * fromNs - toNs, toNs: 2 * toNs - fromNs }
      return wanted.map(({ row, at }) => ({
        row,
        track: { family: 'tick', lane: 0, slices: ticksOf(chunks, at, around), words },
      }))
    }
    this.#indexing = true
    this.#indexMore(until)
    if (this.#indexed < this.#places.length) return []
    return wanted.map(({ row, id, at }) => {
      let track = this.#lanes.get(id)
      track ??= { family: 'tick', lane: 0, slices: this.#index.lane(at), words }
      this.#lanes.set(id, track)
      return { row, track }
    })
  }

  #indexMore(until: number): void {
    while (this.#indexed < this.#places.length && performance.now() < until) {
      this.#index.add(this.#read(this.#places[this.#indexed++]))
    }
  }

  /** undefined: not counted to the end yet. */
  #counter(number: number, until: number): CounterLane | undefined {
    const kind = countersOf(this.#trace)[number]
    const known = this.#counters.get(kind.id)
    if (known !== undefined) return known
    if (kind.events.length === 0) {
      const lane = new CounterLane(stepsFromSpans(this.#trace, kind.id))
      this.#counters.set(kind.id, lane)
      return lane
    }
    const counting = this.#counting.get(kind.id) ?? this.#counted(kind)
    this.#counting.set(kind.id, counting)
    const read = chunkReader(this.#db)
    while (counting.next < counting.places.length) {
      if (performance.now() >= until) return undefined
      const { chunk } = read(counting.places[counting.next++].id)
      for (let i = 0; i < chunk.length; i++) {
        if (!counting.names.has(chunk.name[i])) continue
        counting.counter.event(chunk.ts[i], this.#trace.eventNames[chunk.name[i]], payloadOf(chunk, i))
      }
    }
    const lane = new CounterLane(counting.counter.finish())
    this.#counters.set(kind.id, lane)
    this.#counting.delete(kind.id)
    return lane
  }

  #counted({ id, events }: CounterKind): Counting {
    const names = new Set(events.map((name) => this.#trace.eventNames.indexOf(name)))
    const having = this.#db.prepare('SELECT 1 FROM event_chunk_name WHERE chunk_id = ? AND name_seq = ?').pluck()
    const places = this.#places.filter((place) => [...names].some((name) => having.get(place.id, name) !== undefined))
    return { counter: new EventCounter(id), names, places, next: 0 }
  }

  #share(ticks: boolean): number {
    const total = this.#places.length
    if (total === 0) return 1
    const parts = [...this.#counting.values()].map(({ next, places }) => next / places.length)
    if (ticks) parts.push(this.#indexed / total)
    return parts.reduce((least, part) => Math.min(least, part), 1)
  }

  #touching(fromNs: number, toNs: number): ChunkPlace[] {
    return this.#places.filter(({ ts0, ts1 }) => ts0 < toNs && ts1 >= fromNs)
  }

  #chunk(place: ChunkPlace): TickChunk {
    const chunk = this.#kept.get(place.id) ?? tickChunk(this.#read(place), this.#sizes)
    this.#kept.delete(place.id)
    this.#kept.set(place.id, chunk)
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= KEPT_CHUNKS) break
      this.#kept.delete(oldest)
    }
    return chunk
  }
}

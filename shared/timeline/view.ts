/**
 * A view: every track of the rows asked for, merged to pixels, in one set of columns. It starts with merging what is
 * shorter than a pixel; where that would take more than limits.timelineBytes it merges twice as wide and tries again.
 * Its cost follows pixels and rows, never the length of the trace.
 */

import { ApiError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { Trace } from '../model/trace.ts'
import { CounterWriter, type CounterLane } from './counters.ts'
import type { Merged } from './lane.ts'
import { parseRowId } from './row-ids.ts'
import { tracksOf, trimTracks, type Track } from './tracks.ts'
import type { RowId, SliceColumns, TimelineTrack, TimelineView } from './types.ts'

export interface ViewParams {
  readonly fromNs: number
  readonly toNs: number
  readonly pixels: number
  readonly rows: readonly RowId[]
  readonly exact?: boolean | undefined
}

/** Of all slice columns together. */
const SLICE_BYTES = 21
const EXACT_BYTES = 16
const SAMPLE_BYTES = 28
const ROOM = Math.floor(limits.timelineBytes / SLICE_BYTES)
const UNITS = 2 ** 32 - 1

export interface TrackOfRow {
  readonly row: number
  readonly track: Track
}

/** What does not come from spans: ticks and counters, and how much of the events they are made of has been seen. */
export interface EventTracks {
  readonly ticks: readonly TrackOfRow[]
  readonly counters: readonly { readonly row: number; readonly lane: CounterLane }[]
  readonly indexed: number
}

const NO_EVENTS: EventTracks = { ticks: [], counters: [], indexed: 1 }

export function viewOf(trace: Trace, params: ViewParams, events: EventTracks = NO_EVENTS): TimelineView {
  const more = events.ticks
  const tracks = params.rows.flatMap((id, row) =>
    [...tracksOf(trace, parseRowId(trace, id)), ...more.filter((one) => one.row === row).map((one) => one.track)].map(
      (track): TrackOfRow => ({ row, track }),
    ),
  )
  trimTracks(trace, params.rows.length)
  const pixelNs = Math.max(1, (params.toNs - params.fromNs) / params.pixels)
  for (let bucketNs = firstTry(tracks, params, powerOfTwo(pixelNs)); ; bucketNs *= 2) {
    const view = new ViewBuilder(params, bucketNs).build(tracks, events.counters)
    if (view !== undefined) return { ...view, indexed: events.indexed, coarse: bucketNs >= 2 * pixelNs }
    // A slice per track is the least there can be.
    if (bucketNs > 2 * (params.toNs - params.fromNs)) {
      throw new ApiError(
        'limit',
        `the ${tracks.length} tracks of these rows do not fit into one view`,
        'ask for fewer rows',
      )
    }
  }
}

/** The first merge width at which the view may fit: a lane gives no more slices than it has, and about one per bucket. */
function firstTry(tracks: readonly TrackOfRow[], { fromNs, toNs }: ViewParams, pixelNs: number): number {
  const counts = tracks.map(({ track: { slices } }) => slices.firstFrom(toNs) - slices.firstAt(fromNs))
  for (let bucketNs = pixelNs; ; bucketNs *= 2) {
    const buckets = Math.ceil((toNs - fromNs) / bucketNs)
    if (buckets <= 1 || counts.reduce((sum, count) => sum + Math.min(count, buckets), 0) <= 1.5 * ROOM) return bucketNs
  }
}

/** The smallest power of two that is not less. */
function powerOfTwo(ns: number): number {
  let power = 1
  while (power < ns) power *= 2
  return power
}

class ViewBuilder {
  readonly #bucketNs: number
  readonly #fromNs: number
  readonly #toNs: number
  readonly #unitNs: number
  readonly #slices = emptySlices(ROOM)
  readonly #exact: { readonly start: number[]; readonly end: number[] } | undefined
  readonly #words: string[] = []
  readonly #wordIds = new Map<string, number>()
  #length = 0
  #merged = false

  constructor({ fromNs, toNs, pixels, exact }: ViewParams, bucketNs: number) {
    this.#exact = exact === true ? { start: [], end: [] } : undefined
    // Nothing is shorter than 1 ns, so a bucket of 1 merges moments only; they are left alone.
    this.#bucketNs = (toNs - fromNs) / pixels > 1 || bucketNs > 1 ? bucketNs : 0
    // Whole buckets, so that a merged slice at an edge is the same in the next view.
    this.#fromNs = Math.floor(fromNs / bucketNs) * bucketNs
    this.#toNs = Math.max(this.#fromNs + bucketNs, Math.ceil(toNs / bucketNs) * bucketNs)
    this.#unitNs = powerOfTwo((this.#toNs - this.#fromNs) / UNITS)
  }

  /** undefined: it does not fit. */
  build(
    of: readonly TrackOfRow[],
    counters: EventTracks['counters'],
  ): Omit<TimelineView, 'coarse' | 'indexed'> | undefined {
    const tracks: TimelineTrack[] = []
    for (const { row, track } of of) {
      const begin = this.#length
      const names = new Map<number, number>()
      let fits = true
      track.slices.merged(this.#fromNs, this.#toNs, this.#bucketNs, (slice) => {
        fits = this.#length < ROOM
        if (fits) this.#add(slice, track, names)
        return fits
      })
      if (!fits) return undefined
      if (this.#length > begin) tracks.push({ row, family: track.family, lane: track.lane, begin, end: this.#length })
    }
    const samples = new CounterWriter()
    for (const { row, lane } of counters) {
      const begin = samples.length
      for (const { at, ...values } of lane.samples(this.#fromNs, this.#toNs, Math.max(1, this.#bucketNs))) {
        samples.add(Math.floor((at - this.#fromNs) / this.#unitNs), values)
      }
      tracks.push({ row, family: 'counter', lane: 0, begin, end: samples.length })
    }
    const sliceBytes = SLICE_BYTES + (this.#exact === undefined ? 0 : EXACT_BYTES)
    if (this.#length * sliceBytes + samples.length * SAMPLE_BYTES > limits.timelineBytes) return undefined
    return {
      fromNs: this.#fromNs,
      toNs: this.#toNs,
      unitNs: this.#unitNs,
      mergedNs: this.#merged ? this.#bucketNs : 0,
      words: this.#words,
      tracks,
      slices: cut(this.#slices, this.#length),
      ...(this.#exact && {
        exact: { start: Float64Array.from(this.#exact.start), end: Float64Array.from(this.#exact.end) },
      }),
      counters: samples.columns(),
    }
  }

  #add(slice: Merged, track: Track, names: Map<number, number>): void {
    const at = this.#length++
    const out = this.#slices
    const from = Math.max(slice.start, this.#fromNs)
    const to = Math.min(slice.end, this.#toNs)
    out.start[at] = Math.floor((from - this.#fromNs) / this.#unitNs)
    out.end[at] = Math.floor((to - this.#fromNs) / this.#unitNs)
    this.#exact?.start.push(slice.start)
    this.#exact?.end.push(slice.end)
    out.id[at] = slice.id
    out.name[at] = this.#word(slice.name, track, names)
    out.count[at] = slice.count
    out.share[at] = part(slice.covered, slice.end - slice.start)
    out.waited[at] = slice.waited === 0 ? 0 : part(slice.waited, slice.covered)
    out.flags[at] = slice.flags
    if (slice.last - slice.first > 1) this.#merged = true
  }

  #word(name: number, { words }: Track, names: Map<number, number>): number {
    const known = names.get(name)
    if (known !== undefined) return known
    const word = words(name)
    let id = this.#wordIds.get(word)
    if (id === undefined) {
      id = this.#words.push(word) - 1
      this.#wordIds.set(word, id)
    }
    names.set(name, id)
    return id
  }
}

/** 0 … 255; anything there is at least 1, and only the whole is 255. */
function part(some: number, whole: number): number {
  if (some >= whole) return 255
  return some > 0 ? Math.min(254, Math.max(1, Math.round((some / whole) * 255))) : 0
}

function emptySlices(length: number): SliceColumns {
  return {
    start: new Uint32Array(length),
    end: new Uint32Array(length),
    id: new Uint32Array(length),
    name: new Uint16Array(length),
    count: new Uint32Array(length),
    share: new Uint8Array(length),
    waited: new Uint8Array(length),
    flags: new Uint8Array(length),
  }
}

function cut(slices: SliceColumns, length: number): SliceColumns {
  const { start, end, id, name, count, share, waited, flags } = slices
  return {
    start: start.slice(0, length),
    end: end.slice(0, length),
    id: id.slice(0, length),
    name: name.slice(0, length),
    count: count.slice(0, length),
    share: share.slice(0, length),
    waited: waited.slice(0, length),
    flags: flags.slice(0, length),
  }
}

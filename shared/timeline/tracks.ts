/**
 * The lanes of one row, made when the row is first looked at and kept while memory allows: a trace may have 10^5 rows
 * of which a screen shows fifty. Amber is made here: the parts of a hold in which a wait edge says that others waited.
 */

import { perTrace } from '../analysis/parts/per-trace.ts'
import { edges } from '../analysis/parts/waits.ts'
import { limits } from '../base/limits.ts'
import type { Trace } from '../model/trace.ts'
import { drawnEnd, familiesOf, familyRows, type FamilyRows, type FamilySource } from './families.ts'
import { Lane, type LaneColumns } from './lane.ts'
import type { RowPlace } from './row-ids.ts'
import { edgesByHolder } from './spans.ts'
import { SLICE_INFERRED, SLICE_OPEN, type TrackFamily } from './types.ts'

export interface Track {
  readonly family: TrackFamily
  readonly lane: number
  readonly slices: Lane
  readonly words: (name: number) => string
}

/** The lanes of rows looked at lately, least recent first. */
const kept = perTrace(() => ({ tracks: new Map<string, readonly Track[]>(), bytes: 0 }))

/** Every track of a row but ticks and counters, which are not made of spans. */
export function tracksOf(trace: Trace, { section, number }: RowPlace): readonly Track[] {
  const cache = kept(trace)
  const key = `${section}:${number}`
  let tracks = cache.tracks.get(key)
  if (tracks === undefined) {
    tracks = familiesOf(section).flatMap((family) => familyTracks(trace, familyRows(trace, section, family), number))
    cache.bytes += bytesOf(tracks)
  } else cache.tracks.delete(key)
  cache.tracks.set(key, tracks)
  return tracks
}

/** Forget the rows not looked at for longest, but none of the last `rows`: what is on the screen stays. */
export function trimTracks(trace: Trace, rows: number): void {
  const cache = kept(trace)
  for (const [oldest, its] of cache.tracks) {
    if (cache.bytes <= limits.timelineCacheBytes || cache.tracks.size <= rows) break
    cache.tracks.delete(oldest)
    cache.bytes -= bytesOf(its)
  }
}

function bytesOf(tracks: readonly Track[]): number {
  return tracks.reduce((sum, { slices }) => sum + slices.bytes, 0)
}

function familyTracks(trace: Trace, rows: FamilyRows, row: number): Track[] {
  const { source, starts } = rows
  if (row >= source.rows || starts[row] === starts[row + 1]) return []
  return byLane(rows, row).flatMap((spans, at) => {
    const shared = at === limits.timelineLanes - 1
    const columns = laneColumns(trace, rows, spans)
    const slices = shared ? united(columns) : closed(columns)
    const track = (family: TrackFamily, its: Lane): Track => ({ family, lane: at, slices: its, words: source.words })
    if (source.family !== 'hold' || shared) return [track(source.family, new Lane(slices))]
    const amber = blockingOf(trace, slices, source)
    const holds = track('hold', new Lane({ ...slices, waited: amber.waited }))
    return amber.columns.length === 0 ? [holds] : [holds, track('blocking', new Lane(amber.columns))]
  })
}

/** Spans of a row by lane. */
function byLane({ starts, rows, lane, lanes }: FamilyRows, row: number): Uint32Array[] {
  const counts = new Uint32Array(lanes[row])
  for (let i = starts[row]; i < starts[row + 1]; i++) counts[lane[i]]++
  const out = Array.from(counts, (count) => new Uint32Array(count))
  counts.fill(0)
  for (let i = starts[row]; i < starts[row + 1]; i++) out[lane[i]][counts[lane[i]]++] = rows[i]
  return out
}

interface Growing extends LaneColumns {
  readonly id: Uint32Array
  readonly flags: Uint8Array
  readonly waited: Float32Array | undefined
}

function laneColumns(trace: Trace, { source }: FamilyRows, spans: Uint32Array): Growing {
  const length = spans.length
  const columns = emptyColumns(length, source)
  for (let i = 0; i < length; i++) {
    const span = spans[i]
    const open = Number.isNaN(source.end(span))
    columns.start[i] = source.start[span]
    columns.end[i] = drawnEnd(trace, source, span)
    columns.id[i] = span
    columns.name[i] = source.name(span)
    columns.flags[i] = source.flags(span) | (open ? SLICE_OPEN : 0)
    if (columns.waited !== undefined) columns.waited[i] = source.waited?.(span) ?? 0
  }
  return columns
}

function emptyColumns(length: number, { waited, nameCount }: Pick<FamilySource, 'waited' | 'nameCount'>): Growing {
  return {
    length,
    start: new Float64Array(length),
    end: new Float64Array(length),
    id: new Uint32Array(length),
    name: nameCount > 0xffff ? new Uint32Array(length) : new Uint16Array(length),
    flags: new Uint8Array(length),
    waited: waited === undefined ? undefined : new Float32Array(length),
  }
}

/** Only an open slice, or one of which only one can last at a time, reaches into the next one: it was over by then. */
function closed(columns: Growing): Growing {
  const { length, start, end, flags } = columns
  for (let i = 0; i + 1 < length; i++) {
    if (end[i] <= start[i + 1]) continue
    end[i] = start[i + 1]
    flags[i] |= SLICE_INFERRED
  }
  return columns
}

/** The last lane takes what no other has room for: what overlaps there becomes one slice that says how many it is. */
function united(columns: Growing): Growing {
  const { start, end, id, name, flags, waited } = columns
  const count = new Uint32Array(columns.length)
  let at = -1
  for (let i = 0; i < columns.length; i++) {
    if (at >= 0 && start[i] < end[at]) {
      end[at] = Math.max(end[at], end[i])
      flags[at] = 0
    } else {
      at++
      start[at] = start[i]
      end[at] = end[i]
      id[at] = id[i]
      name[at] = name[i]
      flags[at] = flags[i]
      if (waited !== undefined) waited[at] = 0
    }
    if (waited !== undefined) waited[at] = Math.min(end[at] - start[at], waited[at] + waited[i])
    count[at]++
  }
  return { ...columns, length: at + 1, count }
}

interface Amber {
  /** Per hold: ns in which at least one other task waited for it. */
  readonly waited: Float32Array
  readonly columns: LaneColumns
}

function blockingOf(trace: Trace, holds: Growing, { nameCount }: FamilySource): Amber {
  const { starts, rows } = edgesByHolder(trace)
  const { from, to } = edges(trace)
  const waited = new Float32Array(holds.length)
  const parts: { start: number; end: number; hold: number }[] = []
  for (let hold = 0; hold < holds.length; hold++) {
    const span = holds.id[hold]
    if (starts[span] === starts[span + 1]) continue
    const its = [...rows.subarray(starts[span], starts[span + 1])].sort((a, b) => from[a] - from[b])
    let last: { start: number; end: number; hold: number } | undefined
    for (const edge of its) {
      const start = Math.max(from[edge], holds.start[hold])
      const end = Math.min(to[edge], holds.end[hold])
      if (!(end > start)) continue
      if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end)
      else parts.push((last = { start, end, hold }))
    }
  }
  const columns = emptyColumns(parts.length, { waited: undefined, nameCount })
  parts.forEach(({ start, end, hold }, i) => {
    waited[hold] += end - start
    columns.start[i] = start
    columns.end[i] = end
    columns.id[i] = holds.id[hold]
    columns.name[i] = holds.name[hold]
    columns.flags[i] = holds.flags[hold]
  })
  return { waited, columns }
}

/**
 * The next and the previous slice of a row, one by one and none left out: in order of begin, then of family and lane.
 */

import type { Trace } from '../model/trace.ts'
import type { SpanRef, SpanSpot } from './answers.ts'
import type { SpanFamily } from './families.ts'
import { parseRowId } from './row-ids.ts'
import { checkedSpan, spotOf } from './spans.ts'
import { tracksOf } from './tracks.ts'
import { TRACK_FAMILIES, type RowId } from './types.ts'

export interface StepParams {
  readonly row: RowId
  readonly families?: readonly SpanFamily[] | undefined
  readonly direction: 'next' | 'previous'
  readonly from: SpanRef | { readonly ns: number }
}

interface Place {
  readonly start: number
  /** Family and lane as one number. */
  readonly track: number
  readonly at: number
  readonly ref: SpanRef
}

export function stepOf(trace: Trace, { row, families, direction, from }: StepParams): SpanSpot | null {
  const sign = direction === 'next' ? 1 : -1
  const here = 'ns' in from ? undefined : checkedSpan(trace, from)
  const ns = 'ns' in from ? from.ns : spotOf(trace, from).startNs
  const tracks = tracksOf(trace, parseRowId(trace, row)).flatMap(({ family, lane, slices }) => {
    if (family === 'blocking' || family === 'tick' || family === 'counter') return []
    const wanted = families === undefined ? family !== 'state' || here?.family === 'state' : families.includes(family)
    return wanted ? [{ family, slices, track: TRACK_FAMILIES.indexOf(family) * 1000 + lane }] : []
  })
  const found = tracks.map(({ slices, family, track }) => {
    const { start, id } = slices.columns
    // Begins at the very same time are looked through: there are as many of them as lanes.
    let at = sign > 0 ? slices.firstFrom(ns) : slices.firstFrom(ns + 1) - 1
    const place = (): Place | undefined =>
      at < 0 || at >= slices.length ? undefined : { start: start[at], track, at, ref: { family, id: id?.[at] ?? 0 } }
    const self = here === undefined ? undefined : selfPlace(here, tracks, ns)
    for (let next = place(); next !== undefined; at += sign, next = place()) {
      const beyond = self === undefined ? (next.start - ns) * sign > 0 : compare(next, self) * sign > 0
      if (beyond) return next
    }
    return undefined
  })
  let best: Place | undefined
  for (const place of found) {
    if (place !== undefined && (best === undefined || compare(place, best) * sign < 0)) best = place
  }
  return best === undefined ? null : spotOf(trace, best.ref)
}

interface StepTrack {
  readonly family: SpanFamily
  readonly track: number
  readonly slices: ReturnType<typeof tracksOf>[number]['slices']
}

/** Where the span stands among the row's slices; undefined where it is not on the row. */
function selfPlace(span: SpanRef, tracks: readonly StepTrack[], ns: number): Place | undefined {
  for (const { family, track, slices } of tracks) {
    if (family !== span.family) continue
    const { start, id } = slices.columns
    for (let at = slices.firstFrom(ns); at < slices.length && start[at] === ns; at++) {
      if (id?.[at] === span.id) return { start: ns, track, at, ref: span }
    }
  }
  return undefined
}

function compare(a: Place, b: Place): number {
  return a.start - b.start || a.track - b.track || a.at - b.at
}

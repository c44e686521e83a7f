/**
 * The slices of rows: every track's rectangles go into one batch, labels are kept for after. Outside of what a row's sharp
 * picture covers the coarse one is drawn, each clipped to its part. Merged slices are as high as they are full, so that a
 * stretch with three short waits does not look like one long wait. Operations and steps whose end nobody saw are a line after
 * their beginning: so long they may have lasted, and not longer.
 */

import {
  SLICE_CUT_LEFT,
  SLICE_CUT_RIGHT,
  SLICE_OPEN,
  type TimelineTrack,
  type TimelineView,
  type TrackFamily,
} from '#shared/timeline/types.ts'
import type { RectBatch } from './batch.ts'
import type { Row } from './layout.ts'
import { labelOfWord } from './looks.ts'
import type { RowPicture } from './pictures.ts'
import type { PictureLookup } from './scene.ts'
import { xOf, type TimeScale } from './window.ts'

export interface Label {
  readonly family: TrackFamily
  readonly text: string
  /** Said after the text; undefined where the span goes on outside of what was asked for, or nobody saw its end. */
  readonly durationNs: number | undefined
  readonly look: number
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export interface TrackPainter {
  readonly batch: RectBatch
  readonly looks: (view: TimelineView, family: TrackFamily) => Int16Array
  readonly labels: Label[]
  readonly pictures: PictureLookup
}

/** Of these it is not known how long they are. */
const UNKNOWN_LENGTH = SLICE_CUT_LEFT | SLICE_CUT_RIGHT | SLICE_OPEN
/** Narrower slices have no text in any case. */
const LABEL_PX = 22
/** What is solid of a span whose end nobody saw, and how high the line after it is. */
const BEGUN_PX = 48
const TAIL_PX = 2
/** Neighbours of these are kept apart by a hairline where there is room. */
const APART: ReadonlySet<TrackFamily> = new Set<TrackFamily>(['op', 'phase', 'hold', 'run'])

/** Returns false where nothing is known of the row yet. */
export function addRow(painter: TrackPainter, row: Row, top: number, scale: TimeScale): boolean {
  const sharp = painter.pictures.sharp(row.id)
  const coarse = painter.pictures.coarse(row.id)
  const left = scale.left
  const right = scale.left + scale.width
  if (sharp === undefined) {
    if (coarse === undefined) return false
    addPicture(painter, coarse, { row, top, scale, from: left, to: right })
    return true
  }
  const from = Math.max(left, xOf(scale, sharp.view.fromNs))
  const to = Math.min(right, xOf(scale, sharp.view.toNs))
  if (coarse !== undefined && coarse !== sharp) {
    if (from > left) addPicture(painter, coarse, { row, top, scale, from: left, to: Math.min(right, from) })
    if (to < right) addPicture(painter, coarse, { row, top, scale, from: Math.max(left, to), to: right })
  }
  if (to > from) addPicture(painter, sharp, { row, top, scale, from, to })
  return true
}

interface Part {
  readonly row: Row
  readonly top: number
  readonly scale: TimeScale
  /** Pixels across that are drawn. */
  readonly from: number
  readonly to: number
}

/** What lies on top is added last; looks differ per family, and paths are painted in the order looks were first seen. */
function addPicture(painter: TrackPainter, picture: RowPicture, part: Part): void {
  for (const track of picture.tracks) {
    if (track.family === 'counter') continue
    addTrack(painter, picture.view, track, part)
  }
}

function addTrack(painter: TrackPainter, view: TimelineView, track: TimelineTrack, part: Part): void {
  const place = part.row.shape.track(track.family, track.lane)
  if (place === undefined) return
  const { start, end, name, count, share, flags } = view.slices
  const { from, to, scale } = part
  const perUnit = (view.unitNs * scale.width) / (scale.window.toNs - scale.window.fromNs)
  const origin = xOf(scale, view.fromNs)
  const looks = painter.looks(view, track.family)
  const y = part.top + place.y
  const apart = APART.has(track.family) ? 0.6 : 0
  const tailed = track.family === 'op' || track.family === 'phase'
  for (let i = firstEndingAfter(end, track, (from - origin) / perUnit); i < track.end; i++) {
    const x0 = Math.max(from, origin + start[i] * perUnit)
    if (x0 >= to) break
    const x1 = Math.min(to, origin + end[i] * perUnit)
    const merged = count[i] > 1 && share[i] < 250
    const height = merged ? Math.max(2, Math.round((place.height * share[i]) / 255)) : place.height
    const right = x1 - x0 > 4 ? x1 - apart : x1
    const open = tailed && (flags[i] & SLICE_OPEN) !== 0
    const begunPx = (flags[i] & SLICE_CUT_LEFT) === 0 ? BEGUN_PX : 0
    // Where it begins out of sight, all that is seen of it is line.
    const solid = open ? Math.min(x1, origin + start[i] * perUnit + begunPx) : x1
    const bottom = y + place.height
    if (!open || solid > x0 || x1 <= x0)
      painter.batch.add(looks[name[i]], x0, Math.min(right, solid), bottom - height, height)
    if (solid < right) painter.batch.add(looks[name[i]], Math.max(x0, solid), right, bottom - TAIL_PX, TAIL_PX)
    if (solid - x0 > LABEL_PX && count[i] === 1 && place.height >= 7 && track.family !== 'state') {
      painter.labels.push({
        family: track.family,
        text: labelOfWord(track.family, view.words[name[i]] ?? ''),
        durationNs: (flags[i] & UNKNOWN_LENGTH) === 0 ? (end[i] - start[i]) * view.unitNs : undefined,
        look: looks[name[i]],
        x: Math.max(x0, from),
        y,
        width: Math.min(solid, to) - Math.max(x0, from),
        height: place.height,
      })
    }
  }
}

/** Slices of a track are in order and do not overlap: the first one that reaches into view. */
export function firstEndingAfter(
  end: Uint32Array,
  track: { readonly begin: number; readonly end: number },
  unit: number,
): number {
  let low = track.begin
  let high = track.end
  while (low < high) {
    const middle = (low + high) >> 1
    if (end[middle] < unit) low = middle + 1
    else high = middle
  }
  return low
}

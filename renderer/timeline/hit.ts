/**
 * What is under a point of the timeline, from the same scene that was painted: the overview, the ruler and its flags, the
 * gutter, a head, a row and the slice in it. Slices thinner than a finger are found from a few pixels away.
 */

import { SLICE_CUT_LEFT, SLICE_CUT_RIGHT, type TimelineTrack, type TimelineView } from '#shared/timeline/types.ts'
import { ENTRY, entryAt } from './layout.ts'
import { firstEndingAfter } from './paint-tracks.ts'
import type { RowPicture } from './pictures.ts'
import { FLAG_PX, frameOf, rowTop, scaleOf, type Mark, type PictureLookup, type Scene, type SpanRef } from './scene.ts'
import { nsAt, xOf } from './window.ts'

export type Hit =
  | { readonly kind: 'overview' }
  | { readonly kind: 'ruler' }
  | { readonly kind: 'flag'; readonly which: 'a' | 'b' }
  | { readonly kind: 'mark'; readonly mark: Mark }
  | { readonly kind: 'gutter-edge' }
  | { readonly kind: 'head'; readonly section: number }
  | { readonly kind: 'group'; readonly group: number }
  | { readonly kind: 'more'; readonly section: number }
  | { readonly kind: 'name'; readonly row: number }
  | {
      readonly kind: 'row'
      readonly row: number
      readonly span: SpanRef | undefined
      /** Of a counter's row, there. */
      readonly count?: CounterRange | undefined
    }
  | { readonly kind: 'nothing' }

/** A counter's value under a point, or its extremes where it changes within the pixel. */
export interface CounterRange {
  readonly ns: number
  readonly min: number
  readonly max: number
}

export interface At {
  readonly x: number
  readonly y: number
}

const GRIP_PX = 8
const NEAR_PX = 3

export function hitAt(scene: Scene, at: At, pictures: PictureLookup): Hit {
  const frame = frameOf(scene)
  if (at.y < frame.overview.bottom) return { kind: 'overview' }
  if (at.y < frame.ruler.bottom) return inRuler(scene, at)
  if (Math.abs(at.x - frame.left) <= 3) return { kind: 'gutter-edge' }
  const flag = at.x > frame.left + 3 ? edgeOfArea(scene, at.x, 4) : undefined
  if (flag) return { kind: 'flag', which: flag }
  const found = rowAt(scene, at.y)
  if (found === undefined) return { kind: 'nothing' }
  if (found.kind !== 'row') return found
  if (at.x < frame.left) return { kind: 'name', row: found.row }
  const { id, section } = scene.layout.rows[found.row]
  const picture = section === 'counter' ? pictureAt(scene, id, at.x, pictures) : undefined
  const count = picture && counterAt(picture, nsAt(scaleOf(scene), at.x))
  return { kind: 'row', row: found.row, span: spanAt(scene, found.row, at, pictures), count }
}

function counterAt({ view, tracks }: RowPicture, ns: number): CounterRange | undefined {
  const track = tracks.find(({ family }) => family === 'counter')
  if (track === undefined) return undefined
  const { at, min, max } = view.counters
  const unit = (ns - view.fromNs) / view.unitNs
  const sample = at.subarray(track.begin, track.end).findLastIndex((one) => one <= unit)
  // Nothing counted yet: it begins at none.
  if (sample < 0) return { ns, min: 0, max: 0 }
  return { ns, min: min[track.begin + sample], max: max[track.begin + sample] }
}

function inRuler(scene: Scene, { x, y }: At): Hit {
  const frame = frameOf(scene)
  const which = edgeOfArea(scene, x, GRIP_PX)
  if (which && y < frame.ruler.top + FLAG_PX) return { kind: 'flag', which }
  const scale = scaleOf(scene)
  for (const mark of scene.marks) {
    const from = xOf(scale, mark.startNs)
    const to = mark.endNs === undefined ? from : xOf(scale, mark.endNs)
    const onFlag = x >= from - 3 && x <= from + 60 && y < frame.ruler.top + FLAG_PX && mark.text !== ''
    const onBar = x >= from - NEAR_PX && x <= to + NEAR_PX && y > frame.ruler.bottom - 6
    if (onFlag || onBar) return { kind: 'mark', mark }
  }
  return { kind: 'ruler' }
}

function edgeOfArea(scene: Scene, x: number, px: number): 'a' | 'b' | undefined {
  if (scene.area === undefined) return undefined
  const scale = scaleOf(scene)
  const toA = Math.abs(xOf(scale, scene.area.fromNs) - x)
  const toB = Math.abs(xOf(scale, scene.area.toNs) - x)
  if (Math.min(toA, toB) > px) return undefined
  return toA < toB ? 'a' : 'b'
}

type RowHit =
  | { readonly kind: 'row'; readonly row: number }
  | { readonly kind: 'head' | 'more'; readonly section: number }
  | { readonly kind: 'group'; readonly group: number }

export function rowAt(scene: Scene, y: number): RowHit | undefined {
  const frame = frameOf(scene)
  const { layout } = scene
  if (y >= frame.pinned.top && y < frame.pinned.bottom) {
    const placed = layout.pinned.findLast((one) => frame.pinned.top + one.y <= y)
    return placed && { kind: 'row', row: placed.row }
  }
  if (y < frame.rows.top || y >= frame.rows.bottom) return undefined
  const entry = entryAt(layout, y - frame.rows.top + scene.scrollY)
  if (entry < 0) return undefined
  const ref = layout.ref[entry]
  switch (layout.kind[entry]) {
    case ENTRY.row:
      return { kind: 'row', row: ref }
    case ENTRY.section:
      return { kind: 'head', section: ref }
    case ENTRY.group:
      return { kind: 'group', group: ref }
    default:
      return { kind: 'more', section: ref }
  }
}

/** The slice under or very near a point: in the track under it first, then in those close above and below. */
export function spanAt(scene: Scene, row: number, { x, y }: At, pictures: PictureLookup): SpanRef | undefined {
  const top = rowTop(scene, row)
  const { id, shape } = scene.layout.rows[row]
  const picture = pictureAt(scene, id, x, pictures)
  if (top === undefined || picture === undefined) return undefined
  let best: { span: SpanRef; distance: number } | undefined
  for (const track of picture.tracks) {
    const place = shape.track(track.family, track.lane)
    if (place === undefined || track.family === 'counter') continue
    const above = top + place.y - y
    const below = y - (top + place.y + place.height)
    const apart = Math.max(0, above, below)
    if (apart > NEAR_PX) continue
    const found = sliceNear(scene, picture.view, track, x)
    if (found === undefined) continue
    // what is blocked lies on the hold it is a part of: the hold is what was meant
    const rank = track.family === 'blocking' ? 0.5 : 0
    const distance = apart * 2 + found.distance + rank
    if (best && best.distance <= distance) continue
    best = { span: spanRef({ view: picture.view, track, index: found.index, row: id }), distance }
  }
  return best?.span
}

function pictureAt(scene: Scene, id: string, x: number, pictures: PictureLookup): RowPicture | undefined {
  const sharp = pictures.sharp(id)
  const ns = nsAt(scaleOf(scene), x)
  if (sharp && ns >= sharp.view.fromNs && ns <= sharp.view.toNs) return sharp
  return pictures.coarse(id) ?? sharp
}

function sliceNear(
  scene: Scene,
  view: TimelineView,
  track: TimelineTrack,
  x: number,
): { index: number; distance: number } | undefined {
  const scale = scaleOf(scene)
  const perUnit = (view.unitNs * scale.width) / (scale.window.toNs - scale.window.fromNs)
  const origin = xOf(scale, view.fromNs)
  const { start, end } = view.slices
  let best: { index: number; distance: number } | undefined
  for (let i = firstEndingAfter(end, track, (x - NEAR_PX - origin) / perUnit); i < track.end; i++) {
    const x0 = origin + start[i] * perUnit
    if (x0 > x + NEAR_PX) break
    const x1 = origin + end[i] * perUnit
    const distance = Math.max(0, x0 - x, x - x1)
    if (distance <= NEAR_PX && (best === undefined || distance < best.distance)) best = { index: i, distance }
  }
  return best
}

interface SliceAt {
  readonly view: TimelineView
  readonly track: TimelineTrack
  readonly index: number
  readonly row: string
}

export function spanRef({ view, track, index, row }: SliceAt): SpanRef {
  const { start, end, id, name, count, flags } = view.slices
  const { exact } = view
  return {
    row,
    family: track.family,
    lane: track.lane,
    id: id[index] === 0xffffffff ? undefined : id[index],
    startNs: exact ? exact.start[index] : view.fromNs + start[index] * view.unitNs,
    endNs: exact ? exact.end[index] : view.fromNs + end[index] * view.unitNs,
    name: view.words[name[index]] ?? '',
    count: count[index],
    flags: exact ? flags[index] & ~(SLICE_CUT_LEFT | SLICE_CUT_RIGHT) : flags[index],
  }
}

/** The span edge next to a point in a row, within a few pixels: what markers snap to. */
export function edgeNear(scene: Scene, row: number, x: number, pictures: PictureLookup): number | undefined {
  const picture = pictureAt(scene, scene.layout.rows[row].id, x, pictures)
  if (picture === undefined) return undefined
  const scale = scaleOf(scene)
  const perUnit = (picture.view.unitNs * scale.width) / (scale.window.toNs - scale.window.fromNs)
  const origin = xOf(scale, picture.view.fromNs)
  const { start, end, flags, count } = picture.view.slices
  let best: { ns: number; distance: number } | undefined
  const offer = (unit: number): void => {
    const distance = Math.abs(origin + unit * perUnit - x)
    const ns = picture.view.fromNs + unit * picture.view.unitNs
    if (distance <= SNAP_PX && (best === undefined || distance < best.distance)) best = { ns, distance }
  }
  for (const track of picture.tracks) {
    if (track.family === 'counter' || track.family === 'tick') continue
    for (let i = firstEndingAfter(end, track, (x - SNAP_PX - origin) / perUnit); i < track.end; i++) {
      if (origin + start[i] * perUnit > x + SNAP_PX) break
      if (count[i] > 1) continue
      if ((flags[i] & SLICE_CUT_LEFT) === 0) offer(start[i])
      if ((flags[i] & SLICE_CUT_RIGHT) === 0) offer(end[i])
    }
  }
  return best?.ns
}
const SNAP_PX = 6

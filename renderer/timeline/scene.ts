/**
 * Everything one frame of the timeline is drawn from, and where its parts stand: overview strip, ruler, pinned rows,
 * scrolled rows, gutter. Painting and hit testing read the same scene, so what is clicked is what was drawn.
 */

import type { TrackFamily } from '#shared/timeline/types.ts'
import type { Moments } from '../ui/moments.ts'
import type { Layout } from './layout.ts'
import type { RowPicture } from './pictures.ts'
import { wholeTrace, xOf, type TimeScale, type TimeWindow } from './window.ts'

const OVERVIEW_PX = 52
const RULER_PX = 36
const MARGIN_RIGHT = 12
/** Flags of A and B stand in the upper part of the ruler, tick labels in the lower. */
export const FLAG_PX = 18

/** One span in the trace: what can be selected, linked to and described. */
export interface SpanRef {
  readonly row: string
  readonly family: TrackFamily
  readonly lane: number
  /** Row of the span's table; undefined for event ticks. */
  readonly id: number | undefined
  readonly startNs: number
  readonly endNs: number
  readonly name: string
  /** Spans merged into what is shown: 1 for a span itself. */
  readonly count: number
  readonly flags: number
}

export interface Mark {
  readonly id: number
  readonly startNs: number
  readonly endNs: number | undefined
  readonly text: string
  /** Only until the next one is set. */
  readonly temporary: boolean
  readonly kind: string
}

export interface FlowArrow {
  readonly fromRow: string
  readonly toRow: string
  /** The wait's start, and where in the hold the arrow ends. */
  readonly fromNs: number
  readonly toNs: number
  /** 0: the selected wait's own holder; 1 …: further along the chain. */
  readonly depth: number
  readonly label: string
}

/** How many search hits there are in each of equal stretches of time. */
export interface HitTicks extends TimeWindow {
  readonly ticks: Uint32Array
}

export interface Overview {
  readonly bucketNs: number
  /** Events per bucket, and the share of it in which somebody waits (0 … 1). */
  readonly rate: Float64Array
  readonly waiting: Float64Array
}

export interface Scene {
  readonly width: number
  readonly height: number
  readonly density: number
  readonly gutter: number
  readonly clock: 'ns' | 'tick'
  /** How times on the ruler are written. */
  readonly moments: Moments
  readonly durationNs: number
  readonly window: TimeWindow
  readonly scrollY: number
  readonly layout: Layout
  readonly overview: Overview | undefined
  readonly showOverview: boolean
  /** The shared time range: A and B. */
  readonly area: TimeWindow | undefined
  readonly selected: SpanRef | undefined
  readonly hovered: SpanRef | undefined
  readonly hoveredRow: number | undefined
  readonly focusedRow: number | undefined
  /** Rows that the shared selection names. */
  readonly marked: ReadonlySet<string>
  readonly cursorNs: number | undefined
  /** The cursor stands on a span's edge. */
  readonly snapped: boolean
  readonly marks: readonly Mark[]
  readonly flows: readonly FlowArrow[]
  /** Search hits in the whole trace and, finer, in the window; and the current one. */
  readonly wholeHits: HitTicks | undefined
  readonly windowHits: HitTicks | undefined
  readonly hitNs: number | undefined
  /** A row on its way to another place: where it would go. */
  readonly dragging: { readonly row: number; readonly y: number } | undefined
}

export interface PictureLookup {
  sharp(row: string): RowPicture | undefined
  coarse(row: string): RowPicture | undefined
}

export interface Frame {
  readonly overview: { readonly top: number; readonly bottom: number }
  readonly ruler: { readonly top: number; readonly bottom: number }
  readonly pinned: { readonly top: number; readonly bottom: number }
  readonly rows: { readonly top: number; readonly bottom: number }
  readonly left: number
  readonly right: number
}

/** At most this share of the height is for pinned rows: the rest must stay readable. */
const MOST_PINNED = 0.5

export function frameOf({ width, height, gutter, layout, showOverview }: Scene): Frame {
  const overview = { top: 0, bottom: showOverview ? OVERVIEW_PX : 0 }
  const ruler = { top: overview.bottom, bottom: overview.bottom + RULER_PX }
  const room = Math.max(0, height - ruler.bottom)
  const pinned = { top: ruler.bottom, bottom: ruler.bottom + Math.min(layout.pinnedHeight, room * MOST_PINNED) }
  return {
    overview,
    ruler,
    pinned,
    rows: { top: pinned.bottom, bottom: Math.max(pinned.bottom, height) },
    left: gutter,
    right: Math.max(gutter + 1, width - MARGIN_RIGHT),
  }
}

export function scaleOf(scene: Scene): TimeScale {
  const { left, right } = frameOf(scene)
  return { window: scene.window, left, width: right - left }
}

export function overviewScale(scene: Scene): TimeScale {
  const { left, right } = frameOf(scene)
  return { window: wholeTrace(scene.durationNs), left, width: right - left }
}

export function scrollRoom(scene: Scene): number {
  const { rows } = frameOf(scene)
  return Math.max(0, scene.layout.height - (rows.bottom - rows.top))
}

/** Top of a row on the canvas, or undefined where it is folded away. It may lie outside of what shows. */
export function rowTop(scene: Scene, row: number): number | undefined {
  const frame = frameOf(scene)
  const pinned = scene.layout.pinned.find((placed) => placed.row === row)
  if (pinned) return frame.pinned.top + pinned.y
  const entry = scene.layout.entryOf.get(row)
  return entry === undefined ? undefined : frame.rows.top + scene.layout.y[entry] - scene.scrollY
}

export interface Box {
  readonly x: number
  readonly y: number
  readonly w: number
  readonly h: number
}

/** The lane a span is drawn in, found by its id where whoever named it did not know. */
function laneOf(span: SpanRef, pictures: PictureLookup): number {
  if (span.lane >= 0) return span.lane
  for (const picture of [pictures.sharp(span.row), pictures.coarse(span.row)]) {
    for (const { family, lane, begin, end } of picture?.tracks ?? []) {
      if (family !== span.family) continue
      const ids = picture?.view.slices.id
      for (let i = begin; i < end; i++) if (ids?.[i] === span.id) return lane
    }
  }
  return 0
}

/** Where a span is drawn. */
export function spanBox(scene: Scene, span: SpanRef, pictures: PictureLookup): Box | undefined {
  const row = scene.layout.indexOfId.get(span.row)
  const top = row === undefined ? undefined : rowTop(scene, row)
  if (row === undefined || top === undefined) return undefined
  const track = scene.layout.rows[row].shape.track(span.family, laneOf(span, pictures))
  if (track === undefined) return undefined
  const scale = scaleOf(scene)
  const x = xOf(scale, span.startNs)
  const end = xOf(scale, Math.max(span.startNs, span.endNs))
  return { x, y: top + track.y, w: Math.max(1, end - x), h: track.height }
}

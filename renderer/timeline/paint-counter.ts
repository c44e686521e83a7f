/** A counter's row: its value over time as a stepped area, the range inside a pixel as a lighter band, its largest value said. */

import { formatCount } from '#shared/base/time.ts'
import type { TimelineTrack } from '#shared/timeline/types.ts'
import type { Tokens } from '../theme/tokens.ts'
import type { Row } from './layout.ts'
import type { RowPicture } from './pictures.ts'
import type { Fonts } from './text.ts'
import { xOf, type TimeScale } from './window.ts'

export interface CounterRow {
  readonly row: Row
  readonly top: number
  readonly picture: RowPicture
  /** Of the whole trace: the scale stays the same while zooming. */
  readonly coarse: RowPicture | undefined
  readonly scale: TimeScale
}

export function paintCounter(
  { ctx, tokens }: { readonly ctx: CanvasRenderingContext2D; readonly tokens: Tokens },
  { row, top, picture, coarse, scale }: CounterRow,
  fonts: Fonts,
): void {
  const place = row.shape.track('counter', 0)
  if (place === undefined) return
  const bounds = [coarse ?? picture, picture].map(boundsOf)
  const largest = Math.max(1, ...bounds.map(({ max }) => max))
  // some count from the trace's start and go below it
  const smallest = Math.min(0, ...bounds.map(({ min }) => min))
  const bottom = top + place.y + place.height
  const heightOf = (value: number): number => ((value - smallest) / (largest - smallest)) * (place.height - 2)
  const isWaiters = row.id === 'counter:waiters'
  for (const [from, shown] of partsOf(picture, coarse, scale)) {
    for (const track of shown.tracks) {
      if (track.family !== 'counter') continue
      ctx.save()
      ctx.beginPath()
      ctx.rect(from.left, top, from.right - from.left, place.y + place.height + 1)
      ctx.clip()
      ctx.fillStyle = tokens.color(isWaiters ? 'bad-soft' : 'seq-1')
      steps(ctx, shown, track, { scale, bottom, heightOf, column: 'max' })
      ctx.fillStyle = tokens.color(isWaiters ? 'lock-waiting' : 'seq-3')
      steps(ctx, shown, track, { scale, bottom, heightOf, column: 'min' })
      ctx.restore()
    }
  }
  ctx.fillStyle = tokens.color('text-3')
  ctx.font = fonts.small
  const range = smallest < 0 ? `${formatCount(smallest)} to ${formatCount(largest)}` : `max ${formatCount(largest)}`
  ctx.fillText(range, scale.left + 4, top + 11)
}

interface Stretch {
  readonly left: number
  readonly right: number
}

/** The sharp picture where it covers, the coarse one left and right of it. */
function partsOf(
  picture: RowPicture,
  coarse: RowPicture | undefined,
  scale: TimeScale,
): readonly (readonly [Stretch, RowPicture])[] {
  const left = scale.left
  const right = scale.left + scale.width
  const from = Math.max(left, xOf(scale, picture.view.fromNs))
  const to = Math.min(right, xOf(scale, picture.view.toNs))
  const parts: (readonly [Stretch, RowPicture])[] = [[{ left: from, right: to }, picture]]
  if (coarse !== undefined && coarse !== picture) {
    if (from > left) parts.push([{ left, right: from }, coarse])
    if (to < right) parts.push([{ left: to, right }, coarse])
  }
  return parts.filter(([stretch]) => stretch.right > stretch.left)
}

function boundsOf({ view, tracks }: RowPicture): { min: number; max: number } {
  let min = 0
  let max = 0
  for (const { family, begin, end } of tracks) {
    if (family !== 'counter') continue
    for (let i = begin; i < end; i++) {
      if (view.counters.max[i] > max) max = view.counters.max[i]
      if (view.counters.min[i] < min) min = view.counters.min[i]
    }
  }
  return { min, max }
}

interface StepOptions {
  readonly scale: TimeScale
  readonly bottom: number
  readonly heightOf: (value: number) => number
  readonly column: 'min' | 'max'
}

function steps(
  ctx: CanvasRenderingContext2D,
  { view }: RowPicture,
  { begin, end }: TimelineTrack,
  { scale, bottom, heightOf, column }: StepOptions,
): void {
  const { at } = view.counters
  const values = view.counters[column]
  const perUnit = (view.unitNs * scale.width) / (scale.window.toNs - scale.window.fromNs)
  const origin = xOf(scale, view.fromNs)
  const last = Math.min(scale.left + scale.width, xOf(scale, view.toNs))
  ctx.beginPath()
  for (let i = begin; i < end; i++) {
    const x0 = origin + at[i] * perUnit
    const x1 = i + 1 < end ? origin + at[i + 1] * perUnit : last
    if (x1 < scale.left || x0 > scale.left + scale.width) continue
    const height = heightOf(values[i])
    if (height > 0) ctx.rect(x0, bottom - height, Math.max(0.5, x1 - x0), height)
  }
  ctx.fill()
}

/**
 * The upper canvas: what follows the pointer and the selection. Cursor line, outlines of the hovered and the selected span,
 * A and B with the time between them, marks, search hits, the flow from a wait to its holder, a row being moved. It is
 * small and drawn anew on every move, so the rows below need not be.
 */

import type { Tokens } from '../theme/tokens.ts'
import { timeText } from '../ui/format.ts'
import { paintFlows } from './paint-flow.ts'
import {
  FLAG_PX,
  frameOf,
  overviewScale,
  rowTop,
  scaleOf,
  spanBox,
  type Frame,
  type HitTicks,
  type Mark,
  type PictureLookup,
  type Scene,
  type SpanRef,
} from './scene.ts'
import { fontsOf, type Fonts, type TextMeasure } from './text.ts'
import { xOf, type TimeScale } from './window.ts'

export interface OverPainter {
  readonly ctx: CanvasRenderingContext2D
  readonly tokens: Tokens
  readonly measure: TextMeasure
  readonly pictures: PictureLookup
}

interface Painting extends OverPainter {
  readonly scene: Scene
  readonly frame: Frame
  readonly scale: TimeScale
  readonly fonts: Fonts
}

export function paintOver(painter: OverPainter, scene: Scene): void {
  const { ctx, tokens } = painter
  const p: Painting = { ...painter, scene, frame: frameOf(scene), scale: scaleOf(scene), fonts: fontsOf(tokens) }
  ctx.setTransform(scene.density, 0, 0, scene.density, 0, 0)
  ctx.clearRect(0, 0, scene.width, scene.height)
  ctx.textBaseline = 'alphabetic'
  paintRowsPart(p)
  paintHits(p)
  paintMarks(p)
  paintArea(p)
  paintCursor(p)
  paintDragged(p)
}

/** Everything that must not cover the gutter or the ruler. */
function paintRowsPart(p: Painting): void {
  const { ctx, scene, frame, tokens } = p
  ctx.save()
  ctx.beginPath()
  ctx.rect(frame.left, frame.ruler.bottom, frame.right - frame.left + 12, scene.height - frame.ruler.bottom)
  ctx.clip()
  if (scene.hovered && !same(scene.hovered, scene.selected)) outline(p, scene.hovered, 1, tokens.color('text-2'))
  paintFlows(p, scene, p.scale)
  if (scene.selected) outline(p, scene.selected, 2, tokens.color('accent'))
  ctx.restore()
}

function same(a: SpanRef, b: SpanRef | undefined): boolean {
  return b !== undefined && a.row === b.row && a.family === b.family && a.id === b.id && a.startNs === b.startNs
}

function outline({ ctx, scene, frame, pictures }: Painting, span: SpanRef, width: number, color: string): void {
  const box = spanBox(scene, span, pictures)
  if (box === undefined) return
  const row = scene.layout.indexOfId.get(span.row)
  const isPinned = scene.layout.pinned.some((placed) => placed.row === row)
  ctx.save()
  ctx.beginPath()
  const { top, bottom } = isPinned ? frame.pinned : frame.rows
  ctx.rect(frame.left, top, frame.right - frame.left + 12, bottom - top)
  ctx.clip()
  const x0 = Math.max(frame.left - 4, box.x)
  const x1 = Math.min(frame.right + 16, box.x + box.w)
  ctx.strokeStyle = color
  ctx.lineWidth = width
  ctx.strokeRect(x0 - width / 2, box.y - width / 2, Math.max(2, x1 - x0) + width, box.h + width)
  ctx.restore()
}

function inView({ frame }: Painting, x: number): boolean {
  return x >= frame.left - 1 && x <= frame.right + 1
}

function paintArea(p: Painting): void {
  const { ctx, tokens, scene, frame, scale } = p
  if (scene.area === undefined) return
  const a = xOf(scale, scene.area.fromNs)
  const b = xOf(scale, scene.area.toNs)
  ctx.fillStyle = tokens.color('accent')
  for (const [x, letter] of [
    [a, 'A'],
    [b, 'B'],
  ] as const) {
    if (!inView(p, x)) continue
    ctx.fillRect(Math.round(x), frame.ruler.top + 2, 1, scene.height)
    flag(p, { x, text: letter, fill: 'accent', ink: 'accent-on', line: false })
  }
  const from = Math.max(frame.left, a)
  const to = Math.min(frame.right, b)
  paintDelta(p, from, to, timeText(scene.area.toNs - scene.area.fromNs, scene.clock))
}

/** The time from A to B, in a box between the flags where there is room, else beside B. */
function paintDelta(p: Painting, from: number, to: number, text: string): void {
  const { ctx, tokens, frame, fonts, measure } = p
  if (to <= from) return
  const width = measure.width(text, fonts.name) + 14
  const y = frame.ruler.top + 10
  const fits = to - from > width + 36
  const center = fits ? (from + to) / 2 : Math.min(frame.right - width / 2, to + 12 + width / 2)
  ctx.fillStyle = tokens.color('accent-line')
  if (fits) ctx.fillRect(from + 9, y, to - from - 18, 1)
  ctx.fillStyle = tokens.color('surface')
  ctx.strokeStyle = tokens.color('accent-line')
  ctx.lineWidth = 1
  ctx.beginPath()
  ctx.roundRect(Math.round(center - width / 2) + 0.5, y - 7.5, width, 16, 3)
  ctx.fill()
  ctx.stroke()
  ctx.font = fonts.name
  ctx.fillStyle = tokens.color('text')
  ctx.fillText(text, Math.round(center - width / 2) + 7, y + 4)
}

interface Flag {
  readonly x: number
  readonly text: string
  readonly fill: string
  readonly ink: string
  readonly line: boolean
}

function flag({ ctx, tokens, frame, fonts, measure, scene }: Painting, { x, text, fill, ink, line }: Flag): void {
  const width = Math.max(16, measure.width(text, fonts.name) + 8)
  const top = frame.ruler.top + 2
  ctx.fillStyle = tokens.color(fill)
  if (line) ctx.fillRect(Math.round(x), top, 1, scene.height)
  ctx.beginPath()
  ctx.roundRect(Math.round(x - width / 2), top, width, FLAG_PX - 2, 3)
  ctx.fill()
  ctx.font = fonts.name
  ctx.fillStyle = tokens.color(ink)
  ctx.fillText(text, Math.round(x - width / 2) + (width - measure.width(text, fonts.name)) / 2, top + 12)
}

function paintMarks(p: Painting): void {
  for (const mark of p.scene.marks) paintMark(p, mark)
}

function paintMark(p: Painting, mark: Mark): void {
  const { ctx, tokens, scene, frame, scale, fonts, measure } = p
  const x = xOf(scale, mark.startNs)
  const end = mark.endNs === undefined ? x : xOf(scale, mark.endNs)
  const isViolation = mark.kind === 'violation'
  const color = tokens.color(isViolation ? 'bad' : 'text-2')
  if (end < frame.left || x > frame.right) return
  const y = frame.ruler.bottom - 4
  ctx.fillStyle = color
  const from = Math.max(frame.left, x)
  ctx.fillRect(from, y, Math.max(2, Math.min(frame.right, end) - from), 3)
  ctx.setLineDash(mark.temporary ? [3, 3] : [])
  ctx.strokeStyle = color
  ctx.lineWidth = 1
  for (const edge of mark.endNs === undefined ? [x] : [x, end]) {
    if (!inView(p, edge)) continue
    ctx.beginPath()
    ctx.moveTo(Math.round(edge) + 0.5, y)
    ctx.lineTo(Math.round(edge) + 0.5, scene.height)
    ctx.stroke()
  }
  ctx.setLineDash([])
  if (!inView(p, x) || mark.text === '') return
  const text = measure.cut(mark.text, fonts.small, 140)
  ctx.font = fonts.small
  const width = measure.width(text, fonts.small) + 8
  ctx.fillStyle = tokens.color('surface')
  ctx.fillRect(x + 1, frame.ruler.top + 3, width, 13)
  ctx.fillStyle = color
  ctx.fillText(text, x + 5, frame.ruler.top + 13)
  ctx.fillRect(x, frame.ruler.top + 3, 1, FLAG_PX)
}

/** Hits of a search, in the ruler and in the overview; the current one has an arrow. */
function paintHits({ ctx, tokens, scene, frame, scale }: Painting): void {
  ctx.fillStyle = tokens.color('accent')
  if (scene.wholeHits && scene.showOverview) {
    paintTicks(ctx, scene.wholeHits, overviewScale(scene), { top: frame.overview.top + 3, height: 5 })
  }
  const inRuler = scene.windowHits ?? scene.wholeHits
  if (inRuler) paintTicks(ctx, inRuler, scale, { top: frame.ruler.bottom - 9, height: 8 })
  if (scene.hitNs === undefined) return
  const x = Math.round(xOf(scale, scene.hitNs))
  if (x < frame.left || x > frame.right) return
  ctx.beginPath()
  ctx.moveTo(x - 5, frame.ruler.bottom - 12)
  ctx.lineTo(x + 6, frame.ruler.bottom - 12)
  ctx.lineTo(x + 0.5, frame.ruler.bottom - 3)
  ctx.fill()
}

function paintTicks(
  ctx: CanvasRenderingContext2D,
  { fromNs, toNs, ticks }: HitTicks,
  scale: TimeScale,
  { top, height }: { readonly top: number; readonly height: number },
): void {
  const each = (toNs - fromNs) / ticks.length
  ctx.beginPath()
  for (let i = 0; i < ticks.length; i++) {
    if (ticks[i] === 0) continue
    const x = Math.round(xOf(scale, fromNs + (i + 0.5) * each))
    if (x >= scale.left && x <= scale.left + scale.width) ctx.rect(x, top, 1, height)
  }
  ctx.fill()
}

function paintCursor({ ctx, tokens, scene, frame, scale }: Painting): void {
  if (scene.cursorNs === undefined) return
  const x = Math.round(xOf(scale, scene.cursorNs)) + 0.5
  if (x < frame.left || x > frame.right) return
  ctx.strokeStyle = tokens.color(scene.snapped ? 'accent' : 'text-3')
  ctx.lineWidth = 1
  ctx.setLineDash(scene.snapped ? [] : [2, 3])
  ctx.beginPath()
  ctx.moveTo(x, frame.ruler.bottom - 14)
  ctx.lineTo(x, scene.height)
  ctx.stroke()
  ctx.setLineDash([])
}

function paintDragged({ ctx, tokens, scene, frame }: Painting): void {
  const { dragging } = scene
  if (dragging === undefined) return
  const top = rowTop(scene, dragging.row)
  const height = scene.layout.rows[dragging.row]?.shape.height ?? 0
  if (top !== undefined) {
    ctx.fillStyle = tokens.color('select-fill')
    ctx.fillRect(0, top, scene.width, height)
  }
  ctx.fillStyle = tokens.color('accent')
  ctx.fillRect(0, Math.max(frame.ruler.bottom, dragging.y) - 1, scene.width, 2)
}

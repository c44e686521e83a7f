/**
 * The flow from a wait to the hold it waited for: orthogonal, with a halo so that it can be followed over busy rows, from
 * the start of the wait to the holder's row. Where an end is out of sight the line runs to the edge and says so by having
 * no head there. Links further along a chain are thinner.
 */

import type { Tokens } from '../theme/tokens.ts'
import { rowTop, type FlowArrow, type Scene } from './scene.ts'
import { xOf, type TimeScale } from './window.ts'

interface Ends {
  readonly x0: number
  readonly y0: number
  readonly x1: number
  readonly y1: number
}

export function paintFlows(
  { ctx, tokens }: { readonly ctx: CanvasRenderingContext2D; readonly tokens: Tokens },
  scene: Scene,
  scale: TimeScale,
): void {
  for (const flow of [...scene.flows].sort((a, b) => b.depth - a.depth)) {
    const ends = endsOf(scene, flow, scale)
    if (ends === undefined) continue
    ctx.lineJoin = 'round'
    ctx.strokeStyle = tokens.color('surface')
    ctx.lineWidth = 5
    route(ctx, ends)
    ctx.stroke()
    ctx.strokeStyle = ctx.fillStyle = tokens.color('accent')
    ctx.lineWidth = flow.depth === 0 ? 1.6 : 1
    route(ctx, ends)
    ctx.stroke()
    ctx.beginPath()
    ctx.arc(ends.x0, ends.y0, 3, 0, 7)
    ctx.fill()
    head(ctx, ends)
  }
}

function endsOf(scene: Scene, flow: FlowArrow, scale: TimeScale): Ends | undefined {
  const from = placeOf(scene, flow.fromRow, 'wait')
  const to = placeOf(scene, flow.toRow, 'hold')
  if (from === undefined || to === undefined) return undefined
  return {
    x0: xOf(scale, flow.fromNs),
    y0: from.middle,
    x1: xOf(scale, flow.toNs),
    y1: to.y > from.y ? to.y : to.bottom,
  }
}

function placeOf(scene: Scene, id: string, family: 'wait' | 'hold') {
  const row = scene.layout.indexOfId.get(id)
  const top = row === undefined ? undefined : rowTop(scene, row)
  if (row === undefined || top === undefined) return undefined
  const { shape } = scene.layout.rows[row]
  const track = shape.track(family, 0) ?? { y: 0, height: shape.height }
  return { y: top + track.y, middle: top + track.y + track.height / 2, bottom: top + track.y + track.height }
}

/** Across first, then up or down beside the wait's start, so that the line lies on as few spans as can be. */
function route(ctx: CanvasRenderingContext2D, { x0, y0, x1, y1 }: Ends): void {
  const turn = Math.min(x0 - 10, x1 < x0 ? Math.max(x1, x0 - 60) : x0 - 10)
  ctx.beginPath()
  ctx.moveTo(x0, y0)
  ctx.lineTo(turn + 4, y0)
  ctx.quadraticCurveTo(turn, y0, turn, y0 + (y1 > y0 ? 4 : -4))
  if (Math.abs(x1 - turn) < 2) ctx.lineTo(turn, y1)
  else {
    const before = y1 + (y1 > y0 ? -8 : 8)
    ctx.lineTo(turn, before)
    ctx.lineTo(x1, before)
    ctx.lineTo(x1, y1)
  }
}

function head(ctx: CanvasRenderingContext2D, { x0, x1, y0, y1 }: Ends): void {
  const turn = Math.min(x0 - 10, x1 < x0 ? Math.max(x1, x0 - 60) : x0 - 10)
  const x = Math.abs(x1 - turn) < 2 ? turn : x1
  const down = y1 > y0 ? 1 : -1
  ctx.beginPath()
  ctx.moveTo(x - 5, y1 - 8 * down)
  ctx.lineTo(x + 5, y1 - 8 * down)
  ctx.lineTo(x, y1)
  ctx.fill()
}

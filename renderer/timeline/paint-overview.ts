/** The strip above the ruler: the whole trace, its event rate, where somebody waits (red), and which part is in view. */

import type { Tokens } from '../theme/tokens.ts'
import { timeText } from '../ui/format.ts'
import { frameOf, overviewScale, type Scene } from './scene.ts'
import type { Fonts } from './text.ts'
import { xOf } from './window.ts'

const RATE_TOP = 8
const WAIT_PX = 5

export function paintOverview(
  { ctx, tokens }: { readonly ctx: CanvasRenderingContext2D; readonly tokens: Tokens },
  scene: Scene,
  fonts: Fonts,
): void {
  const { overview: place, left, right } = frameOf(scene)
  const scale = overviewScale(scene)
  ctx.fillStyle = tokens.color('surface')
  ctx.fillRect(0, place.top, scene.width, place.bottom - place.top)
  ctx.font = fonts.text
  ctx.fillStyle = tokens.color('text-2')
  // beside a longer trace the axis goes on after this one's end
  const ownNs = scene.overview === undefined ? scene.durationNs : scene.overview.bucketNs * scene.overview.rate.length
  ctx.fillText(ownNs < scene.durationNs ? 'Both traces' : 'Whole trace', 12, 22)
  ctx.fillStyle = tokens.color('text-3')
  const note = scene.overview?.waiting.length ? ', red: waiting' : ''
  ctx.fillText(`${timeText(scene.durationNs, scene.clock)}${note}`, 12, 38)
  const bottom = place.bottom - 11
  if (scene.overview)
    paintRate(ctx, tokens, scene.overview, { left, right: Math.min(right, xOf(scale, ownNs)), bottom })
  const from = xOf(scale, scene.window.fromNs)
  const to = xOf(scale, scene.window.toNs)
  if (scene.area !== undefined) {
    const a = Math.max(left, xOf(scale, scene.area.fromNs))
    const b = Math.min(right, xOf(scale, scene.area.toNs))
    ctx.fillStyle = tokens.color('select-fill')
    ctx.fillRect(a, place.top, Math.max(1, b - a), place.bottom - place.top)
  }
  // never so narrow that it cannot be seen or grabbed
  const width = Math.max(6, to - from)
  const x = Math.min(right - width, Math.max(left, (from + to - width) / 2))
  ctx.fillStyle = tokens.color('select-fill')
  ctx.fillRect(x, 4, width, place.bottom - 9)
  ctx.strokeStyle = tokens.color('accent')
  ctx.lineWidth = 1
  ctx.strokeRect(Math.round(x) + 0.5, 4.5, Math.max(1, Math.round(width) - 1), place.bottom - 10)
  ctx.fillStyle = tokens.color('border')
  ctx.fillRect(0, place.bottom - 1, scene.width, 1)
}

interface Place {
  readonly left: number
  readonly right: number
  readonly bottom: number
}

function paintRate(
  ctx: CanvasRenderingContext2D,
  tokens: Tokens,
  { rate, waiting }: NonNullable<Scene['overview']>,
  { left, right, bottom }: Place,
): void {
  const width = Math.max(1, Math.floor(right - left))
  const most = rate.reduce((max, value) => Math.max(max, value), 0)
  const perPixel = (values: Float64Array, px: number): number => {
    const from = Math.floor((px * values.length) / width)
    const to = Math.max(from + 1, Math.floor(((px + 1) * values.length) / width))
    let largest = 0
    for (let i = from; i < to && i < values.length; i++) largest = Math.max(largest, values[i])
    return largest
  }
  ctx.fillStyle = tokens.color('ph-1')
  ctx.beginPath()
  for (let px = 0; px < width && most > 0; px++) {
    // square roots: a burst must not flatten everything else
    const height = Math.sqrt(perPixel(rate, px) / most) * (bottom - RATE_TOP)
    if (height > 0) ctx.rect(left + px, bottom - height, 1, height)
  }
  ctx.fill()
  ctx.fillStyle = tokens.color('lock-waiting')
  for (let px = 0; px < width && waiting.length > 0; px += 2) {
    const share = perPixel(waiting, px)
    if (share <= 0) continue
    ctx.globalAlpha = 0.15 + 0.85 * Math.min(1, share)
    ctx.fillRect(left + px, bottom + 1, 2, WAIT_PX)
  }
  ctx.globalAlpha = 1
}

/**
 * Ratios to the baseline with their 95 % intervals on one log axis with a line at 1: left of it less, right of it more. A
 * difference the runs cannot tell from chance is grey and says so. Rows and axis are pure; the painter draws them.
 */

import type { CompareResult } from '#shared/contract/simulation.ts'
import { incomparable, ratioText, versusOf, versusText } from '#shared/whatif/words.ts'
import { chartFont, type Ink } from './ink.ts'
import { logScale, type Scale } from './geometry.ts'
import type { Context } from './paint-heat.ts'
import { runLook } from './run-look.ts'

export interface RatioRow {
  readonly position: number
  readonly badge: string
  /** undefined: the baseline itself, or nothing to compare. */
  readonly ratio: number | undefined
  readonly ci95: readonly [number, number] | undefined
  readonly enough: boolean
  readonly text: string
}

export function ratioRows(
  result: Pick<CompareResult, 'strategies' | 'baseline'>,
  badges: readonly string[],
  metric: string,
): RatioRow[] {
  return result.strategies.map((strategy, position) => {
    const badge = badges[position] ?? strategy.id
    const row = versusOf(strategy, metric)
    if (strategy.id === result.baseline)
      return { position, badge, ratio: undefined, ci95: undefined, enough: true, text: 'baseline' }
    const open = { position, badge, ratio: undefined, ci95: undefined, enough: false }
    const why = incomparable(strategy)
    if (why !== '') return { ...open, text: why }
    // none of it, or too few in a run (shared/whatif/told.ts)
    if (row === undefined) return { ...open, text: 'too few of them' }
    if (row.ratio === null) return { ...open, text: 'nothing to divide by' }
    const words = versusText(row)
    return {
      position,
      badge,
      ratio: row.ratio,
      ci95: row.ci95 ?? undefined,
      enough: row.enough,
      text: words.startsWith('too ') ? `${ratioText(row.ratio)}, ${words}` : words,
    }
  })
}

const TICKS = [0.001, 0.01, 0.1, 0.2, 0.5, 1, 2, 5, 10, 100, 1000, 10_000]

/** From one round ratio to another, with 1 and all intervals inside. */
export function ratioAxis(rows: readonly RatioRow[]): { from: number; to: number; ticks: number[] } {
  const values = rows.flatMap(({ ratio, ci95 }) => [...(ratio === undefined ? [] : [ratio]), ...(ci95 ?? [])])
  const shown = values.filter((value) => value > 0 && Number.isFinite(value))
  const low = Math.min(1, ...shown)
  const high = Math.max(1, ...shown)
  const from = TICKS.findLast((tick) => tick < low * 0.999 || tick <= 0.5) ?? 0.001
  const to = TICKS.find((tick) => tick > high * 1.001 && tick >= 2) ?? 10_000
  const lowest = Math.max(0.001, TICKS.findLast((tick) => tick <= low * 0.95 && tick <= 0.5) ?? from)
  return { from: lowest, to, ticks: TICKS.filter((tick) => tick >= lowest && tick <= to) }
}

const LEFT = 46
const RIGHT = 184
const AXIS = 22
const MOST_ROW = 30
const BAND = 8

export function paintRatios(
  ctx: Context,
  { rows, width, height, ink }: { rows: readonly RatioRow[]; width: number; height: number; ink: Ink },
): void {
  const { from, to, ticks } = ratioAxis(rows)
  const x = logScale({ from, to, px: [LEFT, Math.max(LEFT + 40, width - RIGHT)] })
  const pitch = Math.min(MOST_ROW, (height - AXIS - 4) / Math.max(1, rows.length))
  const bottom = 4 + pitch * rows.length
  ctx.font = chartFont(ink)
  ctx.textBaseline = 'middle'
  ctx.textAlign = 'center'
  let free = -Infinity
  for (const tick of ticks) {
    const at = Math.round(x(tick)) + 0.5
    ctx.strokeStyle = ink(tick === 1 ? 'border-strong' : 'grid')
    ctx.lineWidth = 1
    ctx.beginPath()
    ctx.moveTo(at, 2)
    ctx.lineTo(at, bottom)
    ctx.stroke()
    const label = tick === ticks[0] ? `${tick} ×` : String(tick)
    const half = ctx.measureText(label).width / 2
    if (at - half < free) continue
    ctx.fillStyle = ink('text-3')
    ctx.fillText(label, at, bottom + 11)
    free = at + half + 6
  }
  rows.forEach((row, i) =>
    paintRow(ctx, row, { pitch, middle: 4 + (i + 0.5) * pitch, x, from, to, ink, end: width - RIGHT }),
  )
  ctx.textAlign = 'left'
}

interface RowPlace {
  readonly pitch: number
  readonly middle: number
  readonly x: Scale
  readonly from: number
  readonly to: number
  readonly end: number
  readonly ink: Ink
}

function paintRow(ctx: Context, row: RatioRow, { pitch, middle, x, from, to, end, ink }: RowPlace): void {
  const { color, badge, badgeInk } = runLook(row.position)
  const inside = (value: number): number => x(Math.min(to, Math.max(from, value)))
  paintBadge(ctx, row.badge, {
    x: 12,
    middle,
    height: Math.min(16, pitch - 1),
    fill: ink(badge),
    on: ink(badgeInk),
    edge: ink(color),
    ink,
  })
  const fill = ink(row.enough ? color : 'text-3')
  ctx.fillStyle = fill
  if (row.ci95 !== undefined) {
    ctx.globalAlpha = 0.4
    const left = inside(row.ci95[0])
    ctx.fillRect(left, middle - BAND / 2, Math.max(2, inside(row.ci95[1]) - left), BAND)
    ctx.globalAlpha = 1
  }
  if (row.ratio !== undefined || row.text === 'baseline') {
    ctx.beginPath()
    ctx.arc(inside(row.ratio ?? 1), middle, 3, 0, 2 * Math.PI)
    ctx.fill()
  }
  ctx.textAlign = 'left'
  ctx.fillStyle = ink(row.ratio !== undefined && row.enough ? 'text' : 'text-3')
  ctx.fillText(row.text, end + 10, middle)
}

/** The same mark as the window's badges. */
function paintBadge(
  ctx: Context,
  badge: string,
  at: {
    readonly x: number
    readonly middle: number
    readonly height: number
    readonly fill: string
    readonly on: string
    readonly edge: string
    readonly ink: Ink
  },
): void {
  ctx.font = chartFont(at.ink, 600)
  const width = Math.max(16, ctx.measureText(badge).width + 6)
  ctx.fillStyle = at.fill
  ctx.fillRect(at.x, at.middle - at.height / 2, width, at.height)
  ctx.strokeStyle = at.edge
  ctx.lineWidth = 1
  ctx.strokeRect(at.x + 0.5, at.middle - at.height / 2 + 0.5, width - 1, at.height - 1)
  ctx.fillStyle = at.on
  ctx.textAlign = 'center'
  ctx.fillText(badge, at.x + width / 2, at.middle)
  ctx.font = chartFont(at.ink)
}

/** `F has 0.46 × the throughput of E`: what the picture shows, most different first. */
export function ratioFinding(rows: readonly RatioRow[], what: string): string {
  const told = rows.filter(({ ratio, enough }) => ratio !== undefined && enough)
  const far = ({ ratio }: RatioRow): number => Math.abs(Math.log(ratio ?? 1))
  const [most] = [...told].sort((a, b) => far(b) - far(a))
  const close = rows.filter(({ ratio, enough }) => ratio !== undefined && !enough).map(({ badge }) => badge)
  return [
    most === undefined ? `No difference in ${what} can be told` : `${most.badge}: ${most.text} the baseline's ${what}`,
    ...(close.length === 0 ? [] : [`not enough to say: ${close.join(', ')}`]),
  ].join('; ')
}

/**
 * Hold time by phase: one bar per operation that held the lock, each as long as the others, split by what was done under
 * the lock. Grouping and order are pure and tested; the painter draws the bars with the operation's tag at the left, the
 * hold time at the right and one legend entry per phase family.
 */

import type { HoldPhaseRow } from '#shared/analysis/hold-phases.ts'
import { compareKinds, kindLook, PHASE_FAMILIES, phaseFamily, type PhaseFamily } from '../theme/kinds.ts'
import { timeText, type ClockUnit } from '../ui/format.ts'
import { clamp, inside, type Box, type Point } from './geometry.ts'
import { chartFont, type Ink } from './ink.ts'
import type { Context } from './paint-heat.ts'
import { percent } from './words.ts'

export interface PhaseSegment {
  readonly phase: string
  readonly family: PhaseFamily
  readonly holdNs: number
  readonly spans: number
  /** Of this operation's hold time, 0…1. */
  readonly share: number
}

export interface PhaseBar {
  readonly op: string
  readonly holdNs: number
  readonly segments: readonly PhaseSegment[]
}

const FAMILY_ORDER = Object.keys(PHASE_FAMILIES) as readonly PhaseFamily[]

/** One bar per operation, most hold time first; segments in the order of the legend, largest first within a family. */
export function phaseBars(rows: readonly HoldPhaseRow[]): PhaseBar[] {
  const byOp = Map.groupBy(rows, (row) => row.op)
  const bars = [...byOp].map(([op, ofOp]) => {
    const holdNs = ofOp.reduce((sum, row) => sum + row.holdNs, 0)
    const segments = ofOp
      .filter((row) => row.holdNs > 0)
      .map((row) => ({
        phase: row.phase,
        family: phaseFamily(row.phase),
        holdNs: row.holdNs,
        spans: row.spans,
        share: row.holdNs / holdNs,
      }))
      .sort((a, b) => FAMILY_ORDER.indexOf(a.family) - FAMILY_ORDER.indexOf(b.family) || b.holdNs - a.holdNs)
    return { op, holdNs, segments }
  })
  return bars.filter((bar) => bar.holdNs > 0).sort((a, b) => b.holdNs - a.holdNs || compareKinds(a.op, b.op))
}

/** `31 % of shared hold time is inside map_blocks`: the largest named phase; what is not in any phase is not a finding. */
export function phaseFinding(rows: readonly HoldPhaseRow[]): string | undefined {
  if (rows.length === 0) return undefined
  const total = rows.reduce((sum, row) => sum + row.holdNs, 0)
  const byPhase = new Map<string, number>()
  for (const row of rows) byPhase.set(row.phase, (byPhase.get(row.phase) ?? 0) + row.holdNs)
  const named = [...byPhase].filter(([phase]) => phase !== 'other' && phase !== 'unknown').sort((a, b) => b[1] - a[1])
  if (total === 0) return undefined
  const [worst] = named
  if (worst === undefined || worst[1] === 0) return `No recorded phase lies inside the ${rows[0].mode} hold time`
  const [phase, ns] = worst
  const where = phase.startsWith('wait:') ? `waiting for ${phase.slice(5)}` : `inside ${phase}`
  return `${percent(ns / total)} of ${rows[0].mode} hold time is ${phase.startsWith('wait:') ? 'spent ' : ''}${where}`
}

export interface PhaseBarsLayout {
  readonly bars: readonly { readonly bar: PhaseBar; readonly box: Box; readonly segments: readonly Box[] }[]
  /** Bars that did not fit. */
  readonly hidden: number
  readonly legendY: number
}

const LEFT = 130
const RIGHT = 84
const GAP = 6
const MOST_BAR = 34
const LEAST_BAR = 14
/** Two lines. */
const LEGEND = 42

export function phaseBarsLayout({
  width,
  height,
  bars,
}: {
  readonly width: number
  readonly height: number
  readonly bars: readonly PhaseBar[]
}): PhaseBarsLayout {
  const room = Math.max(LEAST_BAR + GAP, height - LEGEND)
  const fit = Math.min(bars.length, Math.max(1, Math.floor(room / (LEAST_BAR + GAP))))
  const h = clamp(room / Math.max(1, fit) - GAP, LEAST_BAR, MOST_BAR)
  const w = Math.max(1, width - LEFT - RIGHT)
  const shown = bars.slice(0, fit).map((bar, i) => {
    const box: Box = { x: LEFT, y: 2 + i * (h + GAP), w, h }
    let x = LEFT
    const segments = bar.segments.map((segment) => {
      const part: Box = { x, y: box.y, w: w * segment.share, h }
      x += part.w
      return part
    })
    return { bar, box, segments }
  })
  return { bars: shown, hidden: bars.length - fit, legendY: 2 + fit * (h + GAP) + 6 }
}

export interface PhaseHit {
  readonly bar: number
  readonly segment: number | undefined
}

export function phaseAt(layout: PhaseBarsLayout, point: Point): PhaseHit | undefined {
  const bar = layout.bars.findIndex(({ box }) => point.y >= box.y && point.y < box.y + box.h)
  if (bar < 0) return undefined
  const segment = layout.bars[bar].segments.findIndex((box) => inside(box, point))
  return { bar, segment: segment < 0 ? undefined : segment }
}

export interface PhaseBarsPicture {
  readonly layout: PhaseBarsLayout
  readonly ink: Ink
  readonly clock: ClockUnit
  /** The selected operation: the others are dimmed. */
  readonly op: string | undefined
  /** Bar under the keyboard cursor. */
  readonly cursor: number | undefined
  readonly width: number
}

export function paintPhaseBars(ctx: Context, picture: PhaseBarsPicture): void {
  const { layout, ink } = picture
  layout.bars.forEach((shown, i) => {
    ctx.globalAlpha = picture.op === undefined || picture.op === shown.bar.op ? 1 : 0.35
    paintTag(ctx, ink, shown.bar.op, shown.box)
    paintSegments(ctx, ink, shown)
    ctx.font = chartFont(ink)
    ctx.fillStyle = ink('text')
    ctx.textAlign = 'right'
    ctx.fillText(timeText(shown.bar.holdNs, picture.clock), picture.width - 12, shown.box.y + shown.box.h / 2 + 0.5)
    ctx.globalAlpha = 1
    if (picture.cursor !== i) return
    ctx.strokeStyle = ink('accent')
    ctx.lineWidth = 1.5
    ctx.strokeRect(shown.box.x - 0.5, shown.box.y - 0.5, shown.box.w + 1, shown.box.h + 1)
  })
  const last = layout.bars.at(-1)
  if (last !== undefined) {
    ctx.fillStyle = ink('border-strong')
    ctx.fillRect(last.box.x, 0, 1, last.box.y + last.box.h + 2)
  }
  paintLegend(ctx, picture)
}

function paintTag(ctx: Context, ink: Ink, op: string, box: Box): void {
  const look = kindLook(op)
  const y = box.y + box.h / 2
  ctx.fillStyle = ink(look.color)
  ctx.beginPath()
  ctx.roundRect(12, y - 7, 22, 14, 2)
  ctx.fill()
  ctx.fillStyle = ink(look.ink)
  ctx.font = `600 10px ${ink('font-mono')}`
  ctx.textAlign = 'center'
  ctx.textBaseline = 'middle'
  ctx.fillText(look.code, 23, y + 0.5)
  ctx.fillStyle = ink('text')
  ctx.font = chartFont(ink)
  ctx.textAlign = 'left'
  ctx.fillText(look.label, 40, y + 0.5, LEFT - 46)
}

function paintSegments(ctx: Context, ink: Ink, shown: PhaseBarsLayout['bars'][number]): void {
  ctx.font = chartFont(ink, 600)
  ctx.textAlign = 'left'
  ctx.textBaseline = 'middle'
  shown.segments.forEach((box, i) => {
    const segment = shown.bar.segments[i]
    const token = PHASE_FAMILIES[segment.family].color
    ctx.fillStyle = ink(token)
    ctx.fillRect(box.x, box.y, Math.max(box.w - 1, 0.5), box.h)
    const share = percent(segment.share)
    const name = segment.phase === 'other' ? 'no phase' : segment.phase.replace(/^wait:/, '')
    const text = [`${name} ${share}`, share].find((label) => ctx.measureText(label).width + 12 <= box.w)
    if (text === undefined) return
    ctx.fillStyle = ink(`${token}-on`)
    ctx.fillText(text, box.x + 6, box.y + box.h / 2 + 0.5)
  })
}

function paintLegend(ctx: Context, { layout, ink, width }: PhaseBarsPicture): void {
  const present = new Set(layout.bars.flatMap(({ bar }) => bar.segments.map((segment) => segment.family)))
  ctx.font = chartFont(ink)
  ctx.textAlign = 'left'
  ctx.textBaseline = 'middle'
  let [x, y] = [12, layout.legendY]
  for (const family of FAMILY_ORDER) {
    if (!present.has(family)) continue
    const { label, color } = PHASE_FAMILIES[family]
    const w = ctx.measureText(label).width
    if (x + 14 + w > width - 8 && x > 12) [x, y] = [12, y + 18]
    ctx.fillStyle = ink(color)
    ctx.beginPath()
    ctx.roundRect(x, y, 10, 10, 2)
    ctx.fill()
    ctx.fillStyle = ink('text-2')
    ctx.fillText(label, x + 14, y + 5.5)
    x += 14 + w + 14
  }
}

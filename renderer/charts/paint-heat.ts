/**
 * Paints the time × latency heat map: cells by density (one path per colour), grid, axes, the latency bands' totals at
 * the right, p50 and p99, and the brush with its handles. It draws what it is given and keeps nothing.
 */

import type { LatencyHeatmapResult } from '#shared/analysis/latency-heatmap.ts'
import { told } from '#shared/analysis/parts/shown-percentiles.ts'
import { axisTicks, axisTimeLabel, type ClockUnit } from '../ui/format.ts'
import { densityLevel, logTicks, type Box } from './geometry.ts'
import { rowTotals, type Cell, type HeatLayout } from './heat.ts'
import { chartFont, SEQUENCE, type Ink } from './ink.ts'
import { tickLabel } from './words.ts'

export type Context = CanvasRenderingContext2D

export interface HeatPicture {
  readonly layout: HeatLayout
  readonly data: LatencyHeatmapResult
  readonly ink: Ink
  readonly clock: ClockUnit
  readonly brush: Box | undefined
  readonly hover: Cell | undefined
}

export function paintHeat(ctx: Context, picture: HeatPicture): void {
  ctx.font = chartFont(picture.ink)
  paintLatencyAxis(ctx, picture)
  paintTimeAxis(ctx, picture)
  paintCells(ctx, picture)
  paintMarginal(ctx, picture)
  paintQuantiles(ctx, picture)
  if (picture.hover !== undefined) paintHover(ctx, picture, picture.hover)
  if (picture.brush !== undefined) paintBrush(ctx, picture.ink, picture.brush)
}

function paintLatencyAxis(ctx: Context, { layout, ink, clock }: HeatPicture): void {
  const { plot, y } = layout
  ctx.textAlign = 'right'
  ctx.textBaseline = 'middle'
  for (const tick of logTicks(layout.lowNs, layout.highNs)) {
    const line = Math.round(y(tick)) + 0.5
    ctx.fillStyle = ink('grid')
    ctx.fillRect(plot.x, line - 0.5, plot.w, 1)
    ctx.fillStyle = ink('text-3')
    ctx.fillText(tickLabel(tick, clock), plot.x - 8, Math.max(plot.y + 5, line))
  }
}

function paintTimeAxis(ctx: Context, { layout, ink, clock }: HeatPicture): void {
  const { plot, x, fromNs, toNs } = layout
  const ticks = axisTicks(fromNs, toNs, Math.max(2, Math.floor(plot.w / 90)))
  ctx.fillStyle = ink('text-3')
  ctx.textBaseline = 'alphabetic'
  ticks.forEach((tick, i) => {
    const px = x(tick)
    const text = axisTimeLabel(tick, toNs, i === 0, clock)
    const width = ctx.measureText(text).width
    ctx.textAlign = 'left'
    ctx.fillText(text, Math.min(Math.max(px - width / 2, plot.x), plot.x + plot.w - width), plot.y + plot.h + 17)
  })
}

function paintCells(ctx: Context, { layout, data, ink }: HeatPicture): void {
  const paths = SEQUENCE.map(() => new Path2D())
  const { columnX, rowY } = layout
  const gap = layout.plot.w / data.columns >= 4 ? 0.5 : 0
  for (let row = 0; row < data.rows; row++) {
    const top = Math.round(rowY[row + 1])
    const height = Math.max(1, Math.round(rowY[row]) - top - gap)
    for (let column = 0; column < data.columns; column++) {
      const count = data.counts[row * data.columns + column]
      if (count === 0) continue
      const left = Math.round(columnX[column])
      const width = Math.max(1, Math.round(columnX[column + 1]) - left - gap)
      paths[densityLevel(count, data.max)].rect(left, top, width, height)
    }
  }
  paths.forEach((path, level) => {
    ctx.fillStyle = ink(SEQUENCE[level])
    ctx.fill(path)
  })
}

function paintMarginal(ctx: Context, { layout, data, ink }: HeatPicture): void {
  const { marginal, rowY } = layout
  const totals = rowTotals(data)
  const most = totals.reduce((a, b) => Math.max(a, b), 0)
  ctx.fillStyle = ink('border-strong')
  ctx.fillRect(marginal.x, marginal.y, 1, marginal.h)
  ctx.fillStyle = ink('ph-2')
  totals.forEach((total, row) => {
    if (total === 0) return
    const top = Math.round(rowY[row + 1])
    ctx.fillRect(
      marginal.x,
      top,
      Math.max(1, (total / most) * marginal.w),
      Math.max(1, Math.round(rowY[row]) - top - 0.6),
    )
  })
}

function paintQuantiles(ctx: Context, { layout, data, ink }: HeatPicture): void {
  const { plot, marginal, y } = layout
  const lines = [
    { name: 'p50', ns: told(0.5, data.count, data.p50Ns) },
    { name: 'p99', ns: told(0.99, data.count, data.p99Ns) },
  ].flatMap(({ name, ns }) => (ns === null || ns < layout.lowNs || ns > layout.highNs ? [] : [{ name, py: y(ns) }]))
  ctx.setLineDash([2, 3])
  ctx.strokeStyle = ink('text-2')
  ctx.lineWidth = 1
  ctx.beginPath()
  for (const { py } of lines) {
    ctx.moveTo(plot.x, Math.round(py) + 0.5)
    ctx.lineTo(marginal.x + marginal.w, Math.round(py) + 0.5)
  }
  ctx.stroke()
  ctx.setLineDash([])
  ctx.fillStyle = ink('text')
  ctx.textAlign = 'left'
  ctx.textBaseline = 'middle'
  // p50 and p99 of a narrow distribution lie on each other: their names are kept apart
  const near = lines.length === 2 && Math.abs(lines[0].py - lines[1].py) < 13
  lines.forEach(({ name, py }, i) => {
    ctx.fillText(name, marginal.x + marginal.w + 4, py + (near ? (i === 0 ? 6 : -7) : 0))
  })
}

function paintHover(ctx: Context, { layout, ink }: HeatPicture, cell: Cell): void {
  const x = Math.round(layout.columnX[cell.column])
  const y = Math.round(layout.rowY[cell.row + 1])
  ctx.strokeStyle = ink('text')
  ctx.lineWidth = 1
  const width = Math.round(layout.columnX[cell.column + 1]) - x
  ctx.strokeRect(x - 0.5, y - 0.5, width + 0.5, Math.round(layout.rowY[cell.row]) - y + 0.5)
}

const HANDLE = 6

function paintBrush(ctx: Context, ink: Ink, box: Box): void {
  ctx.fillStyle = ink('select-fill')
  ctx.fillRect(box.x, box.y, box.w, box.h)
  ctx.strokeStyle = ink('accent')
  ctx.lineWidth = 1.5
  ctx.strokeRect(box.x, box.y, box.w, box.h)
  ctx.fillStyle = ink('surface')
  for (const x of [box.x, box.x + box.w]) {
    for (const y of [box.y, box.y + box.h]) {
      ctx.fillRect(x - HANDLE / 2, y - HANDLE / 2, HANDLE, HANDLE)
      ctx.strokeRect(x - HANDLE / 2, y - HANDLE / 2, HANDLE, HANDLE)
    }
  }
}

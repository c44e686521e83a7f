/**
 * The brush of the heat map: a box of whole cells, so that its count is exact and the engine is asked the same question
 * the picture shows. Drawn by dragging, changed by its eight handles, moved from inside, or done with the keyboard. In
 * time and latency it is a LatencyBrush; a side that reaches the edge of the latency axis is open.
 */

import type { LatencyBrush } from '#shared/analysis/latency-distribution.ts'
import type { LatencyHeatmapResult } from '#shared/analysis/latency-heatmap.ts'
import { clamp, type Box, type Point } from './geometry.ts'
import { bandOf, cellAt, type Cell, type HeatLayout } from './heat.ts'

/** Half-open: columns [c0, c1), rows [r0, r1); row 0 is the fastest band. */
export interface CellBox {
  readonly c0: number
  readonly c1: number
  readonly r0: number
  readonly r1: number
}

export type Grip = 'nw' | 'n' | 'ne' | 'e' | 'se' | 's' | 'sw' | 'w' | 'move'

/** How near (px) a pointer must be to an edge to grip it. */
const REACH = 5

export function boxOfCells(layout: HeatLayout, cells: CellBox): Box {
  const x = layout.columnX[cells.c0]
  const y = layout.rowY[cells.r1]
  return { x, y, w: layout.columnX[cells.c1] - x, h: layout.rowY[cells.r0] - y }
}

export function cellsBetween(layout: HeatLayout, a: Point, b: Point): CellBox {
  return spanning(cellAt(layout, a), cellAt(layout, b))
}

function spanning(a: Cell, b: Cell): CellBox {
  return {
    c0: Math.min(a.column, b.column),
    c1: Math.max(a.column, b.column) + 1,
    r0: Math.min(a.row, b.row),
    r1: Math.max(a.row, b.row) + 1,
  }
}

/** What part of the brush is under the pointer. */
export function gripAt(box: Box, point: Point): Grip | undefined {
  const { x, y } = point
  if (x < box.x - REACH || x > box.x + box.w + REACH || y < box.y - REACH || y > box.y + box.h + REACH) return undefined
  const vertical = Math.abs(y - box.y) <= REACH ? 'n' : Math.abs(y - box.y - box.h) <= REACH ? 's' : ''
  const horizontal = Math.abs(x - box.x) <= REACH ? 'w' : Math.abs(x - box.x - box.w) <= REACH ? 'e' : ''
  return (vertical + horizontal || 'move') as Grip
}

export function cursorOf(grip: Grip | undefined): string {
  if (grip === undefined) return 'crosshair'
  return grip === 'move' ? 'move' : `${grip}-resize`
}

export interface Drag {
  readonly grip: Grip
  readonly cells: CellBox
  readonly start: Point
  readonly now: Point
}

/** The box after its grip was dragged from `start` to `now`. Edges stop before they cross. */
export function dragged(layout: HeatLayout, data: LatencyHeatmapResult, drag: Drag): CellBox {
  const from = cellAt(layout, drag.start)
  const to = cellAt(layout, drag.now)
  const by = { columns: to.column - from.column, rows: to.row - from.row }
  if (drag.grip === 'move') return moved(drag.cells, data, by)
  let { c0, c1, r0, r1 } = drag.cells
  if (drag.grip.includes('w')) c0 = clamp(c0 + by.columns, 0, c1 - 1)
  if (drag.grip.includes('e')) c1 = clamp(c1 + by.columns, c0 + 1, data.columns)
  if (drag.grip.includes('n')) r1 = clamp(r1 + by.rows, r0 + 1, data.rows)
  if (drag.grip.includes('s')) r0 = clamp(r0 + by.rows, 0, r1 - 1)
  return { c0, c1, r0, r1 }
}

function moved(cells: CellBox, data: LatencyHeatmapResult, by: { columns: number; rows: number }): CellBox {
  const columns = clamp(by.columns, -cells.c0, data.columns - cells.c1)
  const rows = clamp(by.rows, -cells.r0, data.rows - cells.r1)
  return { c0: cells.c0 + columns, c1: cells.c1 + columns, r0: cells.r0 + rows, r1: cells.r1 + rows }
}

export interface Nudge {
  readonly key: string
  /** Shift: the right or upper edge moves instead of the whole box. */
  readonly resize: boolean
}

/** The box after an arrow key, or undefined for any other key. */
export function nudged(cells: CellBox, data: LatencyHeatmapResult, { key, resize }: Nudge): CellBox | undefined {
  const columns = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0
  const rows = key === 'ArrowUp' ? 1 : key === 'ArrowDown' ? -1 : 0
  if (columns === 0 && rows === 0) return undefined
  if (!resize) return moved(cells, data, { columns, rows })
  return {
    c0: cells.c0,
    c1: clamp(cells.c1 + columns, cells.c0 + 1, data.columns),
    r0: cells.r0,
    r1: clamp(cells.r1 + rows, cells.r0 + 1, data.rows),
  }
}

/** A first box for the keyboard: everything slower than p99 (the slowest band where p99 is unknown), all the time. */
export function slowestCells(data: LatencyHeatmapResult): CellBox | undefined {
  if (data.rows === 0 || data.columns === 0) return undefined
  const row = data.p99Ns === null ? data.rows - 1 : bandOf(data.rowNs.subarray(0, data.rows + 1), data.p99Ns)
  return { c0: 0, c1: data.columns, r0: row, r1: data.rows }
}

export function brushOfCells(data: LatencyHeatmapResult, cells: CellBox): LatencyBrush {
  return {
    fromNs: data.fromNs + cells.c0 * data.binNs,
    toNs: data.fromNs + cells.c1 * data.binNs,
    ...(cells.r0 > 0 ? { minNs: data.rowNs[cells.r0] } : {}),
    ...(cells.r1 < data.rows ? { maxNs: data.rowNs[cells.r1] } : {}),
  }
}

/** The cells a brush touches in this heat map (its bins change with the time range), or undefined if it lies outside. */
export function cellsOfBrush(data: LatencyHeatmapResult, brush: LatencyBrush): CellBox | undefined {
  const columnOf = (ns: number) => (ns - data.fromNs) / data.binNs
  const c0 = Math.max(0, Math.floor(columnOf(brush.fromNs) + 1e-6))
  const c1 = Math.min(data.columns, Math.ceil(columnOf(brush.toNs) - 1e-6))
  const r0 = brush.minNs === undefined ? 0 : rowFrom(data, brush.minNs)
  const r1 = brush.maxNs === undefined ? data.rows : rowTo(data, brush.maxNs)
  return c1 > c0 && r1 > r0 ? { c0, c1, r0, r1 } : undefined
}

function rowFrom(data: LatencyHeatmapResult, ns: number): number {
  let row = 0
  while (row < data.rows && data.rowNs[row + 1] <= ns) row++
  return row
}

function rowTo(data: LatencyHeatmapResult, ns: number): number {
  let row = data.rows
  while (row > 0 && data.rowNs[row - 1] >= ns) row--
  return row
}

/** Operations inside the box: known at once, before the engine has answered. */
export function countIn(data: LatencyHeatmapResult, cells: CellBox): number {
  let count = 0
  for (let row = cells.r0; row < cells.r1; row++) {
    const base = row * data.columns
    for (let column = cells.c0; column < cells.c1; column++) count += data.counts[base + column]
  }
  return count
}

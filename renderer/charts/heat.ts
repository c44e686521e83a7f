/**
 * Where the cells of the time × latency heat map are: layout, scales, and which cell is under a pixel. The picture is
 * painted by paint-heat.ts and brushed with heat-brush.ts; both and the tests take positions from here, so that what is
 * drawn is what is hit.
 */

import type { LatencyHeatmapResult } from '#shared/analysis/latency-heatmap.ts'
import { clamp, linearScale, logScale, type Box, type Point, type Scale } from './geometry.ts'

export interface HeatLayout {
  readonly plot: Box
  /** Counts per latency band over all time, to the right of the plot. */
  readonly marginal: Box
  readonly x: Scale
  readonly y: Scale
  /** Pixel edges of the columns (ascending) and rows (descending), one more than there are cells. */
  readonly columnX: Float64Array
  readonly rowY: Float64Array
  /** The latency axis. */
  readonly lowNs: number
  readonly highNs: number
  readonly fromNs: number
  readonly toNs: number
}

const LEFT = 60
const RIGHT = 78
const TOP = 8
const BOTTOM = 26
/** The axis shows at least three octaves, so that one band does not fill the plot. */
const LEAST_RATIO = 8

export interface HeatLayoutOptions {
  readonly width: number
  readonly height: number
  readonly data: LatencyHeatmapResult
}

export function heatLayout({ width, height, data }: HeatLayoutOptions): HeatLayout {
  const plot: Box = { x: LEFT, y: TOP, w: Math.max(1, width - LEFT - RIGHT), h: Math.max(1, height - TOP - BOTTOM) }
  const toNs = data.fromNs + data.binNs * data.columns
  const [lowNs, highNs] = latencyDomain(data)
  const x = linearScale({ from: data.fromNs, to: toNs, px: [plot.x, plot.x + plot.w] })
  const y = logScale({ from: lowNs, to: highNs, px: [plot.y + plot.h, plot.y] })
  const columnX = Float64Array.from({ length: data.columns + 1 }, (_, c) => x(data.fromNs + c * data.binNs))
  const rowY = Float64Array.from({ length: data.rows + 1 }, (_, r) => y(Math.max(lowNs, data.rowNs[r])))
  return {
    plot,
    marginal: { x: plot.x + plot.w + 8, y: plot.y, w: 38, h: plot.h },
    x,
    y,
    columnX,
    rowY,
    lowNs,
    highNs,
    fromNs: data.fromNs,
    toNs,
  }
}

/** The bands' own range, widened to LEAST_RATIO around its middle. A band that begins at 0 begins at 1 ns here. */
function latencyDomain(data: LatencyHeatmapResult): [number, number] {
  const low = Math.max(1, data.rows > 0 ? data.rowNs[0] : 1)
  const high = Math.max(low * 1.1, data.rows > 0 ? data.rowNs[data.rows] : low)
  const missing = LEAST_RATIO / (high / low)
  if (missing <= 1) return [low, high]
  const widen = Math.sqrt(missing)
  return [Math.max(1, low / widen), high * widen]
}

export interface Cell {
  readonly column: number
  readonly row: number
}

/** The cell nearest to a pixel. */
export function cellAt(layout: HeatLayout, point: Point): Cell {
  return { column: bandOf(layout.columnX, point.x), row: bandOf(layout.rowY, point.y) }
}

/** Index of the interval of a monotonic edge list that holds `value`; the first or last outside of it. */
export function bandOf(edges: Float64Array, value: number): number {
  const ascending = edges[edges.length - 1] > edges[0]
  let low = 0
  let high = edges.length - 2
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (ascending ? edges[middle] <= value : edges[middle] >= value) low = middle
    else high = middle - 1
  }
  return clamp(low, 0, Math.max(0, edges.length - 2))
}

/** Operations per latency band over all columns. */
export function rowTotals(data: LatencyHeatmapResult): Float64Array {
  const totals = new Float64Array(data.rows)
  for (let row = 0; row < data.rows; row++) {
    const base = row * data.columns
    for (let column = 0; column < data.columns; column++) totals[row] += data.counts[base + column]
  }
  return totals
}

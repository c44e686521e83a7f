/**
 * What line charts of compared runs share: how a run's line looks, and where on the axis the pointer is. No smoothing and no
 * decoration: what is drawn is what was measured.
 */

import type { LineSeriesOption } from '../ui/echarts-modules.ts'
import { flat } from './flat.ts'
import type { Ink } from './ink.ts'
import { runLook } from './run-look.ts'

/** Colour, dash and width by the run's position; without animation, because pictures are compared and printed. */
export function runLine(
  position: number,
  ink: Ink,
): Pick<LineSeriesOption, 'type' | 'lineStyle' | 'itemStyle' | 'animation'> & { readonly type: 'line' } {
  const { color, dash, width } = runLook(position)
  return {
    type: 'line',
    animation: false,
    lineStyle: { color: ink(color), width, type: dash.length === 0 ? 'solid' : [...dash] },
    itemStyle: { color: ink(color) },
  }
}

/** Points as small circles: few of them, each one simulated. */
export function pointMarks(size: number): Pick<LineSeriesOption, 'symbol' | 'symbolSize'> {
  return { symbol: 'circle', symbolSize: size }
}

/** Places from left to right, each with both edges of a band. */
export type BandPoint = readonly [x: number, low: number, high: number]

/** Two edges at the same places, because the upper one is stacked, as its distance, on the lower. */
export function bandLines(
  {
    position,
    name,
    points,
  }: { readonly position: number; readonly name: string; readonly points: readonly BandPoint[] },
  ink: Ink,
): LineSeriesOption[] {
  const shared = {
    type: 'line' as const,
    dimensions: ['x', 'y'],
    stack: `band ${position}`,
    stackStrategy: 'all' as const,
    silent: true,
    symbol: 'none',
    animation: false,
    lineStyle: { opacity: 0 },
    tooltip: { show: false },
  }
  return [
    { ...shared, name: `${name} lowest`, data: flat(Float64Array.from(points.flatMap(([x, low]) => [x, low]))) },
    {
      ...shared,
      name: `${name} highest`,
      data: flat(Float64Array.from(points.flatMap(([x, low, high]) => [x, high - low]))),
      areaStyle: { color: ink(runLook(position).color), opacity: 0.18 },
    },
  ]
}

/** The tip of all lines at the pointer's place on the axis. It is drawn on the canvas: HTML tips break the page's policy. */
export function lineTip(ink: Ink, words: (x: number) => string) {
  return {
    trigger: 'axis' as const,
    renderMode: 'richText' as const,
    axisPointer: { type: 'line' as const, lineStyle: { color: ink('border-strong') } },
    formatter: (points: unknown): string => {
      const x = placeOf(points)
      return x === undefined ? '' : words(x)
    },
  }
}

/** The pointer's place on the axis: the first point's own x. */
function placeOf(points: unknown): number | undefined {
  const [first] = Array.isArray(points) ? (points as { readonly value?: unknown }[]) : [points as { value?: unknown }]
  const value: unknown = first?.value
  const x: unknown = Array.isArray(value) || ArrayBuffer.isView(value) ? (value as ArrayLike<unknown>)[0] : undefined
  return typeof x === 'number' ? x : undefined
}

/**
 * Waiting over time of one run, on axes it shares with another: the same times, the same scale, so that the two charts can
 * be read against each other.
 */

import type { ContentionOverTimeResult } from '#shared/analysis/contention-over-time.ts'
import type { ChartOption } from '../ui/chart-option.ts'
import { axisTicks, axisTimeLabel } from '../ui/format.ts'
import { axisLine, axisText, labelsAt, splitLine } from './axes.ts'
import { flat } from './flat.ts'
import type { Ink } from './ink.ts'
import { binPairs, binText } from './over-time.ts'
import { figure, firstIndex } from './words.ts'

export interface SharedAxes {
  readonly fromNs: number
  readonly toNs: number
  /** Most tasks waiting in any bin of either run. */
  readonly most: number
}

export function sharedAxes(runs: readonly ContentionOverTimeResult[]): SharedAxes {
  const ends = runs.map(({ fromNs, binNs, waiting }) => fromNs + binNs * waiting.length)
  return {
    fromNs: Math.min(...runs.map(({ fromNs }) => fromNs)),
    toNs: Math.max(...ends),
    most: Math.max(0, ...runs.map(({ waiting }) => waiting.reduce((a, b) => Math.max(a, b), 0))),
  }
}

/** Mean number of tasks waiting, over the whole run. */
export function meanWaiting({ waiting }: ContentionOverTimeResult): number {
  return waiting.length === 0 ? 0 : waiting.reduce((a, b) => a + b, 0) / waiting.length
}

export function waitingOption(
  data: ContentionOverTimeResult,
  { fromNs, toNs, most }: SharedAxes,
  { ink, color }: { readonly ink: Ink; readonly color: string },
): ChartOption {
  const ticks = axisTicks(fromNs, toNs, 6)
  return {
    animation: false,
    grid: { left: 40, right: 16, top: 6, bottom: 18, containLabel: false },
    xAxis: {
      type: 'value',
      min: fromNs,
      max: toNs,
      ...axisLine(ink),
      axisLabel: labelsAt(ticks, ink, (value) => axisTimeLabel(value, toNs, value === ticks[0])),
    },
    yAxis: {
      type: 'value',
      min: 0,
      max: Math.max(1, Math.ceil(most)),
      interval: Math.max(1, Math.ceil(most)) / 2,
      axisLabel: { ...axisText(ink), formatter: figure },
      splitLine: splitLine(ink),
    },
    tooltip: {
      trigger: 'axis',
      renderMode: 'richText',
      axisPointer: { type: 'line' },
      formatter: (points) => {
        const bin = firstIndex(points)
        return bin === undefined ? '' : binText(data, bin, { chosen: undefined, clock: 'ns' })
      },
    },
    series: [
      {
        type: 'line',
        step: 'middle',
        symbol: 'none',
        animation: false,
        dimensions: ['time', 'waiting'],
        data: flat(binPairs(data, (bin) => data.waiting[bin])),
        lineStyle: { color: ink(color), width: 1.6 },
        itemStyle: { color: ink(color) },
        areaStyle: { color: ink(color), opacity: 0.16 },
      },
    ],
  }
}

/**
 * Waiting over time as an ECharts option: mean number of waiting tasks per bin, the chosen lock in red, the rest in grey
 * on top of it. Columns go in as one flat Float64Array (time, value): no object per bin.
 */

import type { ContentionOverTimeResult } from '#shared/analysis/contention-over-time.ts'
import type { ChartOption } from '../ui/chart-option.ts'
import type { BarSeriesOption } from '../ui/echarts-modules.ts'
import { axisTicks, axisTimeLabel, momentText, timeText, type ClockUnit } from '../ui/format.ts'
import { axisLine, axisText, labelsAt, splitLine } from './axes.ts'
import { flat } from './flat.ts'
import { clamp } from './geometry.ts'
import type { Ink } from './ink.ts'
import { figure, firstIndex } from './words.ts'

const GRID = { left: 40, right: 12, top: 10, bottom: 20 } as const

export interface OverTimeOptions {
  readonly data: ContentionOverTimeResult
  readonly ink: Ink
  readonly clock: ClockUnit
  /** Width of the chart, for the number of labels. */
  readonly width: number
  /** Name of the chosen lock; without one everything is "all locks". */
  readonly chosen: string | undefined
}

/** (middle of the bin, value) pairs in one array. */
export function binPairs(data: ContentionOverTimeResult, value: (bin: number) => number): Float64Array {
  const pairs = new Float64Array(data.waiting.length * 2)
  for (let bin = 0; bin < data.waiting.length; bin++) {
    pairs[2 * bin] = data.fromNs + (bin + 0.5) * data.binNs
    pairs[2 * bin + 1] = value(bin)
  }
  return pairs
}

/** The others never dip below 0: sums of the same intervals may differ in the last bit. */
function othersWaiting(data: ContentionOverTimeResult, bin: number): number {
  return Math.max(0, data.waitingAll[bin] - data.waiting[bin])
}

export function overTimeOption({ data, ink, clock, width, chosen }: OverTimeOptions): ChartOption {
  const from = data.fromNs
  const to = endOf(data)
  const ticks = axisTicks(from, to, clamp(Math.floor(width / 80), 2, 6))
  const bar: BarSeriesOption = {
    type: 'bar',
    stack: 'waiting',
    barCategoryGap: '8%',
    dimensions: ['time', 'waiting'],
    animation: false,
  }
  return {
    animation: false,
    grid: { ...GRID, containLabel: false },
    xAxis: {
      type: 'value',
      min: from,
      max: to,
      ...axisLine(ink),
      axisLabel: labelsAt(ticks, ink, (value) => axisTimeLabel(value, to, value === ticks[0], clock)),
    },
    yAxis: {
      type: 'value',
      min: 0,
      splitNumber: 2,
      axisLabel: { ...axisText(ink), formatter: (value: number) => figureOfTasks(value) },
      splitLine: splitLine(ink),
    },
    tooltip: {
      trigger: 'axis',
      renderMode: 'richText',
      axisPointer: { type: 'line' },
      formatter: (points) => {
        const bin = firstIndex(points)
        return bin === undefined ? '' : binText(data, bin, { chosen, clock })
      },
    },
    series: [
      {
        ...bar,
        name: chosen ?? 'all locks',
        itemStyle: { color: ink('lock-waiting') },
        data: flat(binPairs(data, (bin) => data.waiting[bin])),
      },
      ...(chosen === undefined
        ? []
        : [
            {
              ...bar,
              name: 'other locks',
              itemStyle: { color: ink('ph-2') },
              data: flat(binPairs(data, (bin) => othersWaiting(data, bin))),
            },
          ]),
    ],
  }
}

function endOf(data: ContentionOverTimeResult): number {
  return data.fromNs + data.binNs * data.waiting.length
}

function figureOfTasks(value: number): string {
  return Number(value.toPrecision(3)).toString()
}

/** The tooltip and the words for one bin: when, and how many waited. */
export function binText(
  data: ContentionOverTimeResult,
  bin: number,
  { chosen, clock }: { readonly chosen: string | undefined; readonly clock: ClockUnit },
): string {
  const from = data.fromNs + bin * data.binNs
  const when = `${momentText(from, endOf(data), clock)}, ${timeText(data.binNs, clock)} bin`
  if (chosen === undefined) return `${when}\n${figure(data.waitingAll[bin])} tasks waiting on average`
  return `${when}\n${figure(data.waiting[bin])} tasks waiting for ${chosen}\n${figure(othersWaiting(data, bin))} for other locks`
}

/** The bin with waiting nearest to a range in which there is none. */
export function nearestWaiting(
  data: ContentionOverTimeResult,
  range: { readonly fromNs: number; readonly toNs: number },
): { readonly fromNs: number; readonly toNs: number } | undefined {
  let best: { fromNs: number; toNs: number; far: number } | undefined
  data.waiting.forEach((tasks, bin) => {
    if (tasks <= 0) return
    const fromNs = data.fromNs + bin * data.binNs
    const toNs = fromNs + data.binNs
    const far = Math.max(fromNs - range.toNs, range.fromNs - toNs, 0)
    if (best === undefined || far < best.far) best = { fromNs, toNs, far }
  })
  return best && { fromNs: best.fromNs, toNs: best.toNs }
}

/** `Most waiting at 1 204.770 ms: 7.3 tasks` for the label of the chart; undefined where nobody waited. */
export function overTimeFinding(data: ContentionOverTimeResult, clock: ClockUnit): string | undefined {
  let worst = -1
  data.waiting.forEach((tasks, bin) => {
    if (tasks > 0 && (worst < 0 || tasks > data.waiting[worst])) worst = bin
  })
  if (worst < 0) return undefined
  return `Most waiting at ${momentText(data.fromNs + worst * data.binNs, endOf(data), clock)}: ${figure(data.waiting[worst])} tasks on average`
}

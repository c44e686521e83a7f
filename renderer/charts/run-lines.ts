/**
 * Compared runs as lines, as ECharts options: cumulative latency (or its tail) over log time, and throughput over a swept
 * parameter. One colour and one dash pattern per run; no smoothing, so that what is drawn is what was measured.
 */

import type { Cdf, Curve, EstimateInfo } from '#shared/contract/simulation.ts'
import { intervalText, rateText } from '#shared/whatif/words.ts'
import type { ChartOption } from '../ui/chart-option.ts'
import type { LineSeriesOption } from '../ui/echarts-modules.ts'
import { formatCount, timeText } from '../ui/format.ts'
import { axisLine, axisText, labelsAt, splitLine } from './axes.ts'
import { flat } from './flat.ts'
import { logTicks } from './geometry.ts'
import type { Ink } from './ink.ts'
import { bandLines, type BandPoint, lineTip, pointMarks, runLine } from './line-chart.ts'
import { percent, tickLabel } from './words.ts'

export interface RunSeries<T> {
  /** Position among all runs: decides how it looks. */
  readonly position: number
  readonly badge: string
  readonly data: T
}

export type CdfKind = 'cdf' | 'tail'

/** Steps of a rising line that no eye can see at the height of a panel; the tail's are all drawn, its axis is a log. */
const STEP = 0.004

/** Where a line of shares moves by what can be seen, its first and its last place always. */
function seenSteps(share: Float64Array): number[] {
  let before = 0
  const places: number[] = []
  share.forEach((value, i) => {
    if (value - before < STEP && i > 0 && i < share.length - 1) return
    before = value
    places.push(i)
  })
  return places
}

/** (log10 ns, share) pairs; the tail leaves out where nothing is slower any more. */
export function cdfPoints({ ns, share }: Cdf, kind: CdfKind): Float64Array {
  const points: number[] = []
  const x = (i: number): number => Math.log10(Math.max(1, ns[i] ?? 1))
  if (kind === 'cdf') {
    if (ns.length > 0) points.push(x(0), 0)
    for (const i of seenSteps(share)) points.push(x(i), share[i] ?? 0)
  } else {
    share.forEach((value, i) => {
      if (1 - value > 1e-12) points.push(x(i), 1 - value)
    })
  }
  return Float64Array.from(points)
}

/** The smallest latency that this share of the operations stayed within. */
export function quantileOf({ ns, share }: Cdf, at: number): number | undefined {
  const i = share.findIndex((value) => value >= at)
  return i < 0 ? ns.at(-1) : ns[i]
}

/** Share of the operations that took at most so long. */
export function shareWithin({ ns, share }: Pick<Cdf, 'ns' | 'share'>, limit: number): number {
  let i = -1
  while (i + 1 < ns.length && ns[i + 1] <= limit) i++
  return i < 0 ? 0 : share[i]
}

const MOST_TICKS = 5

export function cdfOption(runs: readonly RunSeries<Cdf>[], kind: CdfKind, ink: Ink): ChartOption {
  const drawn = runs.filter(({ data }) => data.ns.length > 0)
  const low = Math.min(...drawn.map(({ data }) => Math.max(1, data.ns[0])))
  const high = Math.max(...drawn.map(({ data }) => data.ns.at(-1) ?? 1))
  if (drawn.length === 0) return {}
  const all = logTicks(low, high)
  const every = Math.ceil(all.length / MOST_TICKS)
  const ticks = all.filter((_, i) => i % every === 0).map(Math.log10)
  const text = axisText(ink)
  return {
    animation: false,
    grid: { left: 48, right: 16, top: 10, bottom: 24, containLabel: false },
    xAxis: {
      type: 'value',
      min: Math.log10(low),
      max: Math.log10(high),
      ...axisLine(ink),
      axisLabel: labelsAt(ticks, ink, (value) => tickLabel(Math.round(10 ** value), 'ns')),
    },
    yAxis: {
      ...(kind === 'cdf'
        ? { type: 'value' as const, min: 0, max: 1, interval: 0.25 }
        : { type: 'log' as const, max: 1 }),
      axisLabel: { ...text, formatter: (value: number) => percent(value) },
      splitLine: splitLine(ink),
    },
    tooltip: lineTip(ink, (x) => latencyText(drawn, x, kind)),
    series: [
      ...(kind === 'cdf' ? drawn.flatMap((run) => bandSeries(run, ink)) : []),
      ...drawn.map(({ position, badge, data }): LineSeriesOption => ({
        name: badge,
        step: 'end',
        symbol: 'none',
        dimensions: ['latency', 'share'],
        data: flat(cdfPoints(data, kind)),
        ...runLine(position, ink),
      })),
    ],
  }
}

/** From the lowest to the highest share of any single run: how far runs lie apart. */
function bandSeries({ position, badge, data }: RunSeries<Cdf>, ink: Ink): LineSeriesOption[] {
  const { ns, low, high } = data
  if (low === null || high === null) return []
  const places = [...new Set([...seenSteps(low), ...seenSteps(high)])].sort((a, b) => a - b)
  const points = places.map((i): BandPoint => [Math.log10(Math.max(1, ns[i] ?? 1)), low[i] ?? 0, high[i] ?? 0])
  return bandLines({ position, name: badge, points }, ink).map((edge) => ({ ...edge, step: 'end' }))
}

function latencyText(runs: readonly RunSeries<Cdf>[], x: number, kind: CdfKind): string {
  const ns = Math.round(10 ** x)
  const lines = runs.map(({ badge, data }) => {
    const within = (of: Float64Array): number => shareWithin({ ns: data.ns, share: of }, ns)
    const text = (share: number): string => percent(kind === 'cdf' ? share : 1 - share)
    const { low, high } = data
    const band = low === null || high === null ? '' : ` (${text(within(low))} to ${text(within(high))})`
    return `${badge}: ${text(within(data.share))}${band}`
  })
  return [`${kind === 'cdf' ? 'at most' : 'longer than'} ${timeText(ns)}`, ...lines].join('\n')
}

export function curveOption(
  curve: Pick<Curve, 'values' | 'unit'>,
  runs: readonly RunSeries<readonly EstimateInfo[]>[],
  { ink, title }: { readonly ink: Ink; readonly title: string },
): ChartOption {
  const { values, unit } = curve
  const [from, to] = [Math.min(...values), Math.max(...values)]
  const log = from > 0 && to / from >= 8
  const place = (value: number): number => (log ? Math.log2(value) : value)
  const text = axisText(ink)
  return {
    animation: false,
    grid: { left: 56, right: 20, top: 10, bottom: 24, containLabel: false },
    xAxis: {
      type: 'value',
      min: place(from),
      max: place(to),
      ...axisLine(ink),
      axisLabel: {
        ...text,
        customValues: values.map(place),
        hideOverlap: true,
        formatter: (at: number) => {
          const value = Math.round(log ? 2 ** at : at)
          return `${formatCount(value)}${value === from && unit !== null ? ` ${unit}` : ''}`
        },
      },
    },
    yAxis: {
      type: 'value',
      min: 0,
      splitNumber: 3,
      axisLabel: { ...text, formatter: (value: number) => (value === 0 ? '0' : rateText(value)) },
      splitLine: splitLine(ink),
    },
    tooltip: lineTip(ink, (x) => {
      const i = values.findIndex((value) => Math.abs(place(value) - x) < 1e-9)
      return i < 0 ? '' : curveText(runs, i, `${title}: ${formatCount(values[i])}`)
    }),
    series: runs.map(({ position, badge, data }): LineSeriesOption => ({
      name: badge,
      dimensions: [title, 'throughput'],
      data: flat(Float64Array.from(values.flatMap((value, i) => [place(value), data[i]?.mean ?? NaN]))),
      ...runLine(position, ink),
      ...pointMarks(5),
    })),
  }
}

function curveText(runs: readonly RunSeries<readonly EstimateInfo[]>[], i: number, head: string): string {
  const lines = runs.map(({ badge, data }) => {
    const { mean, ci95 } = data[i] ?? { mean: NaN, ci95: null }
    const interval = ci95 === null ? '' : `, 95 % ${intervalText(ci95, rateText)}`
    return `${badge}: ${rateText(mean)}${interval}`
  })
  return [head, ...lines].join('\n')
}

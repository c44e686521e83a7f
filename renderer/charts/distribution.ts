/**
 * Histogram and CDF of latency as ECharts options: the brushed operations against all of them. Both use a logarithmic
 * latency axis with a label per decade, and both show shares, not counts, because a brush of 412 against 38 412 would be
 * invisible otherwise. Data are flat Float64Arrays. Lines are named at their ends, not in a legend.
 */

import type { DistributionSide, LatencyDistributionResult } from '#shared/analysis/latency-distribution.ts'
import type { ChartOption } from '../ui/chart-option.ts'
import type { BarSeriesOption, LineSeriesOption, MarkLineComponentOption } from '../ui/echarts-modules.ts'
import { formatCount, timeText, type ClockUnit } from '../ui/format.ts'
import { axisLine, axisText, labelsAt, splitLine } from './axes.ts'
import { flat } from './flat.ts'
import { logTicks } from './geometry.ts'
import type { Ink } from './ink.ts'
import { firstIndex, percent, tickLabel } from './words.ts'

export interface DistributionOptions {
  readonly data: LatencyDistributionResult
  readonly ink: Ink
  readonly clock: ClockUnit
  /** Token of the operation kind. */
  readonly color: string
  readonly kind: 'cdf' | 'histogram'
}

/** Axis coordinate of a latency: its decimal logarithm, so that bars on a value axis are equally wide. */
function position(ns: number): number {
  return Math.log10(Math.max(1, ns))
}

/** First and last bucket that holds anything on either side, or undefined. */
export function usedBuckets(
  data: LatencyDistributionResult,
): { readonly first: number; readonly last: number } | undefined {
  const counts = data.all.counts
  const first = counts.findIndex((count) => count > 0)
  if (first < 0) return undefined
  let last = counts.length - 1
  while (counts[last] === 0) last--
  return { first, last }
}

/**
 * (latency position, share up to it), from 0 at the first used bucket's lower bound to 1 at the last one's upper bound. What
 * is known is the share at every bound, and the exact p50, p90 and p99: the line goes through all of them and is straight
 * in between. Where these all are one value, what is in their bucket has that value: the line steps up there.
 */
export function cdfPairs(data: LatencyDistributionResult, side: DistributionSide): Float64Array {
  const used = usedBuckets(data)
  if (used === undefined || side.count === 0) return new Float64Array(0)
  const pairs = [position(data.bucketNs[used.first]), 0]
  let sum = 0
  for (let bucket = used.first; bucket <= used.last; bucket++) {
    const below = sum / side.count
    sum += side.counts[bucket]
    const upTo = sum / side.count
    const inside = exactPoints(side).filter(
      ({ ns }) => ns >= data.bucketNs[bucket] && ns < data.bucketNs[bucket + 1] && side.counts[bucket] > 0,
    )
    const isOne = inside.length > 1 && inside[0].ns === inside[inside.length - 1].ns
    if (isOne) pairs.push(position(inside[0].ns), below, position(inside[0].ns), upTo)
    else for (const { ns, share } of inside) pairs.push(position(ns), Math.min(upTo, Math.max(below, share)))
    pairs.push(position(data.bucketNs[bucket + 1]), upTo)
  }
  return Float64Array.from(pairs)
}

function exactPoints({ p50Ns, p90Ns, p99Ns }: DistributionSide): { readonly ns: number; readonly share: number }[] {
  const points = [
    { ns: p50Ns, share: 0.5 },
    { ns: p90Ns, share: 0.9 },
    { ns: p99Ns, share: 0.99 },
  ]
  return points.flatMap(({ ns, share }) => (ns === null ? [] : [{ ns, share }]))
}

/** The share a line has reached at a position: at a step its upper end. */
function shareAt(pairs: Float64Array, x: number): number {
  let at = 0
  while (at + 2 < pairs.length && pairs[at + 2] <= x) at += 2
  if (at + 2 >= pairs.length || pairs[at] >= x) return pairs[at + 1]
  return pairs[at + 1] + ((pairs[at + 3] - pairs[at + 1]) * (x - pairs[at])) / (pairs[at + 2] - pairs[at])
}

/** (middle of the bucket, share of the operations in it). */
export function histogramPairs(data: LatencyDistributionResult, side: DistributionSide): Float64Array {
  const used = usedBuckets(data)
  if (used === undefined || side.count === 0) return new Float64Array(0)
  const pairs = new Float64Array((used.last - used.first + 1) * 2)
  for (let bucket = used.first; bucket <= used.last; bucket++) {
    const at = (bucket - used.first) * 2
    pairs[at] = (position(data.bucketNs[bucket]) + position(data.bucketNs[bucket + 1])) / 2
    pairs[at + 1] = side.counts[bucket] / side.count
  }
  return pairs
}

/** The highest column of the histogram; no axis goes past 100 %. */
function mostShare({ all, brushed }: LatencyDistributionResult): number {
  const most = (side: DistributionSide | undefined): number =>
    side === undefined || side.count === 0 ? 0 : side.counts.reduce((a, b) => Math.max(a, b), 0) / side.count
  return Math.max(most(all), most(brushed))
}

export function distributionOption(options: DistributionOptions): ChartOption {
  const { data, ink, clock, kind } = options
  const used = usedBuckets(data)
  const low = used === undefined ? 1e3 : Math.max(1, data.bucketNs[used.first])
  const high = used === undefined ? 1e7 : data.bucketNs[used.last + 1]
  const decades = logTicks(low, high)
  // between two marks of the scale there is none: the ends are named instead
  const ticks =
    decades.length === 0 ? [low, high] : decades.length > 6 ? decades.filter((_, i) => i % 2 === 0) : decades
  const label = decades.length === 0 ? timeText : tickLabel
  const whole = kind === 'cdf' ? { max: 1, interval: 0.25 } : mostShare(data) > 0.75 ? { max: 1 } : {}
  return {
    animation: false,
    grid: { left: 52, right: 20, top: 12, bottom: 26, containLabel: false },
    xAxis: {
      type: 'value',
      min: position(low),
      max: position(high),
      ...axisLine(ink),
      axisLabel: labelsAt(ticks.map(position), ink, (value) => label(Math.round(10 ** value), clock)),
    },
    yAxis: {
      type: 'value',
      min: 0,
      splitNumber: 3,
      ...whole,
      axisLabel: { ...axisText(ink), formatter: (value: number) => percent(value) },
      splitLine: splitLine(ink),
    },
    tooltip: {
      trigger: 'axis',
      renderMode: 'richText',
      axisPointer: { type: 'line', lineStyle: { color: ink('border-strong') } },
      formatter: (points) => bucketText(options, firstIndex(points)),
    },
    series: kind === 'cdf' ? cdfSeries(options) : histogramSeries(options),
  }
}

function cdfSeries({ data, ink, clock, color }: DistributionOptions): LineSeriesOption[] {
  const all = lineOf(data, {
    ink,
    side: data.all,
    name: 'all',
    line: { color: ink(color), width: 2 },
    nameShare: 0.7,
    marks: medianMarks({ data, ink, clock, color }),
  })
  if (data.brushed === undefined) return [all]
  const brush = lineOf(data, {
    ink,
    side: data.brushed,
    name: 'brush',
    line: { color: ink('accent'), width: 2, type: [5, 3] },
    nameShare: 0.25,
    marks: [],
  })
  return [all, brush]
}

interface CdfLine {
  readonly ink: Ink
  readonly side: DistributionSide
  readonly name: 'all' | 'brush'
  readonly line: { readonly color: string; readonly width: number; readonly type?: number[] }
  /** Height at which the line's name stands beside it. */
  readonly nameShare: number
  readonly marks: readonly Mark[]
}
type Mark = NonNullable<MarkLineComponentOption['data']>[number]

function lineOf(
  data: LatencyDistributionResult,
  { ink, side, name, line, nameShare, marks }: CdfLine,
): LineSeriesOption {
  const pairs = cdfPairs(data, side)
  const named = nameMark({ ink, pairs, share: nameShare, text: `${name} ${formatCount(side.count)}` })
  return {
    type: 'line',
    name,
    dimensions: ['latency', 'share'],
    data: flat(pairs),
    symbol: 'none',
    animation: false,
    lineStyle: line,
    itemStyle: { color: line.color },
    markLine: {
      silent: true,
      symbol: 'none',
      animation: false,
      lineStyle: { color: ink('text-2'), type: [2, 3], width: 1 },
      label: { show: false },
      data: [...marks, ...named],
    },
  }
}

interface LineName {
  readonly ink: Ink
  readonly pairs: Float64Array
  readonly share: number
  readonly text: string
}

/** The name of a line beside it where it passes `share`: the label of a mark line too short and too clear to be seen. */
function nameMark({ ink, pairs, share, text }: LineName): Mark[] {
  if (pairs.length === 0) return []
  let at = 0
  while (at < pairs.length - 2 && pairs[at + 1] < share) at += 2
  const x = pairs[at]
  const [from, to] = [pairs[0], pairs[pairs.length - 2]]
  // where there is more room: a line in the right half has its name to its left
  const step = (to - from) * 0.02 * (x > (from + to) / 2 ? -1 : 1)
  const label = {
    show: true,
    position: 'end' as const,
    formatter: text,
    distance: 8,
    color: ink('text'),
    fontWeight: 600,
    fontSize: 11,
    fontFamily: ink('font-ui'),
  }
  return [[{ coord: [x, share], lineStyle: { color: 'transparent' }, label }, { coord: [x + step, share] }]]
}

/** Dashed lines from both axes to the median of all. */
function medianMarks({ data, ink, clock, color }: Omit<DistributionOptions, 'kind'>): Mark[] {
  const { p50Ns } = data.all
  const pairs = cdfPairs(data, data.all)
  if (p50Ns === null || pairs.length === 0) return []
  const x = position(p50Ns)
  const dot = { symbol: 'circle', symbolSize: 7, itemStyle: { color: ink(color) } }
  const label = {
    show: true,
    position: 'end' as const,
    formatter: `p50 ${timeText(p50Ns, clock)}`,
    align: 'left' as const,
    verticalAlign: 'bottom' as const,
    offset: [6, -8],
    color: ink('text-2'),
    fontSize: 11,
    fontFamily: ink('font-ui'),
  }
  return [
    [{ coord: [pairs[0], 0.5] }, { coord: [x, 0.5], ...dot }],
    [{ coord: [x, 0.5], label }, { coord: [x, 0] }],
  ]
}

function histogramSeries({ data, ink, color }: DistributionOptions): (BarSeriesOption | LineSeriesOption)[] {
  const all: BarSeriesOption = {
    type: 'bar',
    name: 'all',
    dimensions: ['latency', 'share'],
    data: flat(histogramPairs(data, data.all)),
    barCategoryGap: '8%',
    itemStyle: { color: ink(color) },
    animation: false,
  }
  if (data.brushed === undefined) return [all]
  const brush: LineSeriesOption = {
    type: 'line',
    step: 'middle',
    name: 'brush',
    dimensions: ['latency', 'share'],
    data: flat(histogramPairs(data, data.brushed)),
    symbol: 'none',
    lineStyle: { color: ink('accent'), width: 2, type: [5, 3] },
    itemStyle: { color: ink('accent') },
    animation: false,
  }
  return [all, brush]
}

/** What one bucket (or one step of the CDF) means, in words. */
function bucketText({ data, clock, kind }: DistributionOptions, index: number | undefined): string {
  const used = usedBuckets(data)
  if (used === undefined || index === undefined) return ''
  const sides = [
    { name: 'all', side: data.all },
    ...(data.brushed === undefined ? [] : [{ name: 'brush', side: data.brushed }]),
  ].filter(({ side }) => side.count > 0)
  if (kind === 'cdf') {
    const x = cdfPairs(data, data.all)[index * 2]
    const lines = sides.map(({ name, side }) => `${name}: ${percent(shareAt(cdfPairs(data, side), x))}`)
    return [`up to ${timeText(Math.round(10 ** x), clock)}`, ...lines].join('\n')
  }
  const bucket = used.first + index
  const lines = sides.map(
    ({ name, side }) => `${name}: ${formatCount(side.counts[bucket])}, ${percent(side.counts[bucket] / side.count)}`,
  )
  return [`${timeText(data.bucketNs[bucket], clock)} to ${timeText(data.bucketNs[bucket + 1], clock)}`, ...lines].join(
    '\n',
  )
}

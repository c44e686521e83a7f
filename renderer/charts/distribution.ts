/**
 * Histogram and CDF of latency as ECharts options: the brushed operations against all of them. Both use a logarithmic
 * latency axis with a label per decade, and both show shares, not counts, because a brush of 412 against 38 412 would be
 * invisible otherwise. Data are flat Float64Arrays. Lines are named at their ends, not in a legend.
 */

import type { DistributionSide, LatencyDistributionResult } from '#shared/analysis/latency-distribution.ts'
import { formatCount, timeText, type ClockUnit } from '../ui/format.ts'
import { logTicks } from './geometry.ts'
import type { Ink } from './ink.ts'
import { percent, tickLabel } from './words.ts'

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

/** (latency position, share up to it) at every bucket's upper bound, from 0 at the first used bucket's lower bound. */
export function cdfPairs(data: LatencyDistributionResult, side: DistributionSide): Float64Array {
  const used = usedBuckets(data)
  if (used === undefined || side.count === 0) return new Float64Array(0)
  const pairs = new Float64Array((used.last - used.first + 2) * 2)
  pairs[0] = position(data.bucketNs[used.first])
  let sum = 0
  for (let bucket = used.first; bucket <= used.last; bucket++) {
    sum += side.counts[bucket]
    const at = (bucket - used.first + 1) * 2
    pairs[at] = position(data.bucketNs[bucket + 1])
    pairs[at + 1] = sum / side.count
  }
  return pairs
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

export function distributionOption(options: DistributionOptions): object {
  const { data, ink, clock, kind } = options
  const used = usedBuckets(data)
  const low = used === undefined ? 1e3 : Math.max(1, data.bucketNs[used.first])
  const high = used === undefined ? 1e7 : data.bucketNs[used.last + 1]
  const text = { color: ink('text-3'), fontSize: 11, fontFamily: ink('font-ui') }
  return {
    animation: false,
    grid: { left: 52, right: 20, top: 12, bottom: 26, containLabel: false },
    xAxis: {
      type: 'value',
      min: position(low),
      max: position(high),
      axisLine: { show: true, onZero: false, lineStyle: { color: ink('border-strong') } },
      axisTick: { show: false, customValues: logTicks(low, high).map(position) },
      splitLine: { show: false },
      axisLabel: {
        ...text,
        customValues: logTicks(low, high).map(position),
        hideOverlap: true,
        alignMinLabel: 'left',
        alignMaxLabel: 'right',
        formatter: (value: number) => tickLabel(Math.round(10 ** value), clock),
      },
    },
    yAxis: {
      type: 'value',
      min: 0,
      ...(kind === 'cdf' ? { max: 1, interval: 0.25 } : { splitNumber: 3 }),
      axisLabel: { ...text, formatter: (value: number) => percent(value) },
      splitLine: { lineStyle: { color: ink('grid') } },
    },
    tooltip: {
      trigger: 'axis',
      renderMode: 'richText',
      axisPointer: { type: 'line', lineStyle: { color: ink('border-strong') } },
      formatter: (points: readonly { readonly dataIndex: number }[]) =>
        points.length === 0 ? '' : bucketText(options, points[0].dataIndex),
    },
    series: kind === 'cdf' ? cdfSeries(options) : histogramSeries(options),
  }
}

function cdfSeries({ data, ink, clock, color }: DistributionOptions): object[] {
  const line = { type: 'line', dimensions: ['latency', 'share'], symbol: 'none', animation: false, sampling: undefined }
  const all = {
    ...line,
    name: 'all',
    data: cdfPairs(data, data.all),
    lineStyle: { color: ink(color), width: 2 },
    itemStyle: { color: ink(color) },
    ...nameAt(data, { ink, text: `all ${formatCount(data.all.count)}`, side: data.all, share: 0.7, before: false }),
    ...medianMark({ data, ink, clock, color }),
  }
  if (data.brushed === undefined) return [all]
  return [
    all,
    {
      ...line,
      name: 'brush',
      data: cdfPairs(data, data.brushed),
      lineStyle: { color: ink('accent'), width: 2, type: [5, 3] },
      itemStyle: { color: ink('accent') },
      ...nameAt(data, {
        ink,
        text: `brush ${formatCount(data.brushed.count)}`,
        side: data.brushed,
        share: 0.25,
        before: true,
      }),
    },
  ]
}

interface LineName {
  readonly ink: Ink
  readonly text: string
  readonly side: DistributionSide
  /** Height at which the name stands. */
  readonly share: number
  /** Left of the line. */
  readonly before: boolean
}

/** The name of a line beside it, where it passes `share`: an ECharts mark point without a mark. */
function nameAt(data: LatencyDistributionResult, { ink, text, side, share, before }: LineName): object {
  const pairs = cdfPairs(data, side)
  let at = 0
  while (at < pairs.length - 2 && pairs[at + 1] < share) at += 2
  if (pairs.length === 0) return {}
  const middle = (pairs[0] + pairs[pairs.length - 2]) / 2
  // a line at the edge of the chart has its name on the inner side
  const left = before ? pairs[at] > middle * 0.9 : pairs[at] > middle * 1.12
  return {
    markPoint: {
      silent: true,
      symbol: 'circle',
      symbolSize: 0.01,
      animation: false,
      label: {
        show: true,
        formatter: text,
        position: left ? 'left' : 'right',
        distance: 8,
        color: ink('text'),
        fontWeight: 600,
        fontSize: 11,
        fontFamily: ink('font-ui'),
      },
      data: [{ coord: [pairs[at], share] }],
    },
  }
}

function medianMark({ data, ink, clock, color }: Omit<DistributionOptions, 'kind'>): object {
  const { p50Ns } = data.all
  const pairs = cdfPairs(data, data.all)
  if (p50Ns === null || pairs.length === 0) return {}
  const x = position(p50Ns)
  const dash = { color: ink('text-2'), type: [2, 3], width: 1 }
  const noMark = { symbol: 'none' }
  return {
    markLine: {
      silent: true,
      symbol: 'none',
      animation: false,
      lineStyle: dash,
      label: { show: false },
      data: [
        [
          { coord: [pairs[0], 0.5], ...noMark },
          { coord: [x, 0.5], symbol: 'circle', symbolSize: 7, itemStyle: { color: ink(color) } },
        ],
        [
          { coord: [x, 0.5], ...noMark },
          {
            coord: [x, 0],
            ...noMark,
            label: {
              show: true,
              position: 'end',
              formatter: `p50 ${timeText(p50Ns, clock)}`,
              align: 'left',
              verticalAlign: 'bottom',
              offset: [6, -4],
              color: ink('text-2'),
              fontSize: 11,
            },
          },
        ],
      ],
    },
  }
}

function histogramSeries({ data, ink, color }: DistributionOptions): object[] {
  const all = {
    type: 'bar',
    name: 'all',
    dimensions: ['latency', 'share'],
    data: histogramPairs(data, data.all),
    barCategoryGap: '8%',
    itemStyle: { color: ink(color) },
    animation: false,
  }
  if (data.brushed === undefined) return [all]
  const brush = {
    type: 'line',
    step: 'middle',
    name: 'brush',
    dimensions: ['latency', 'share'],
    data: histogramPairs(data, data.brushed),
    symbol: 'none',
    lineStyle: { color: ink('accent'), width: 2, type: [5, 3] },
    itemStyle: { color: ink('accent') },
    animation: false,
  }
  return [all, brush]
}

/** What one bucket (or one step of the CDF) means, in words. */
function bucketText({ data, clock, kind }: DistributionOptions, index: number): string {
  const used = usedBuckets(data)
  if (used === undefined) return ''
  const sides = [
    { name: 'all', side: data.all },
    ...(data.brushed === undefined ? [] : [{ name: 'brush', side: data.brushed }]),
  ].filter(({ side }) => side.count > 0)
  if (kind === 'cdf') {
    const bound = data.bucketNs[used.first + index]
    const lines = sides.map(({ name, side }) => `${name}: ${percent(cdfPairs(data, side)[index * 2 + 1])}`)
    return [`up to ${timeText(bound, clock)}`, ...lines].join('\n')
  }
  const bucket = used.first + index
  const lines = sides.map(
    ({ name, side }) => `${name}: ${formatCount(side.counts[bucket])}, ${percent(side.counts[bucket] / side.count)}`,
  )
  return [`${timeText(data.bucketNs[bucket], clock)} to ${timeText(data.bucketNs[bucket + 1], clock)}`, ...lines].join(
    '\n',
  )
}

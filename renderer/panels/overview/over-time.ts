/**
 * Operations over time as an ECharts option: stacked starts per second by kind, and below it the rate of raw events, so
 * that a gap in the recording is not read as rest. Kinds beyond the colours that can be told apart are summed.
 */

import type { AnalysisResult } from '#shared/analysis/index.ts'
import { flat } from '../../charts/flat.ts'
import { compareKinds, kindLook } from '../../theme/kinds.ts'
import type { Tokens } from '../../theme/tokens.ts'
import type { ChartOption } from '../../ui/chart-option.ts'
import type { BarSeriesOption, LineSeriesOption } from '../../ui/echarts-modules.ts'
import { axisTicks, axisTimeLabel, formatCount, rangeText, timeText, type ClockUnit } from '../../ui/format.ts'
import { tableOf, type TableSpec } from '../../ui/table-spec.ts'

type OverTime = AnalysisResult<'overview'>['overTime']

export interface KindSeries {
  readonly kind: string
  readonly label: string
  readonly color: string
  readonly counts: Uint32Array | Float64Array
  readonly total: number
}

const SHOWN_KINDS = 8
export const OTHER_KINDS = 'other'

/** The kinds with most operations in list order, the rest as one. */
export function kindSeries({ kinds, startsPerBin, bins }: OverTime): readonly KindSeries[] {
  const all = kinds
    .map((kind, i) => ({ kind, counts: startsPerBin[i] ?? new Uint32Array(bins) }))
    .map((series) => ({ ...series, total: series.counts.reduce((sum, count) => sum + count, 0) }))
    .filter(({ total }) => total > 0)
    .sort((a, b) => b.total - a.total)
  const shown = all.slice(0, all.length > SHOWN_KINDS ? SHOWN_KINDS - 1 : SHOWN_KINDS)
  const rest = all.slice(shown.length)
  const series: KindSeries[] = shown
    .sort((a, b) => compareKinds(a.kind, b.kind))
    .map((one) => ({ ...one, label: kindLook(one.kind).label, color: kindLook(one.kind).color }))
  if (rest.length === 0) return series
  const counts = new Float64Array(bins)
  for (const one of rest) one.counts.forEach((count, bin) => (counts[bin] += count))
  const total = rest.reduce((sum, one) => sum + one.total, 0)
  return [...series, { kind: OTHER_KINDS, label: `${rest.length} other kinds`, color: 'op-other', counts, total }]
}

export interface RateUnit {
  readonly per: number
  readonly words: string
}

/** Counts per bin to a rate people can read; traces that count ticks have no seconds. */
function rateUnit(time: OverTime, largest: number, clock: ClockUnit): RateUnit {
  if (clock === 'tick') return { per: 1, words: 'per bin' }
  const perSecond = 1e9 / (time.binNs || 1)
  if (largest * perSecond >= 10_000) return { per: perSecond / 1000, words: 'thousand per second' }
  return largest * perSecond >= 10 ? { per: perSecond, words: 'per second' } : { per: 1, words: 'per bin' }
}

export interface OverTimeChart {
  readonly option: ChartOption
  readonly note: string
}

export interface OverTimeView {
  readonly fromNs: number
  readonly toNs: number
  readonly clock: ClockUnit
  readonly tokens: Tokens
  /** The chosen kind: the others are dimmed. */
  readonly op: string | undefined
}

export function overTimeChart(time: OverTime, view: OverTimeView): OverTimeChart {
  const { fromNs, toNs, clock } = view
  const series = kindSeries(time)
  const sums = Array.from({ length: time.bins }, (_, bin) =>
    series.reduce((sum, one) => sum + (one.counts[bin] ?? 0), 0),
  )
  const unit = rateUnit(time, Math.max(0, ...sums), clock)
  const option: ChartOption = {
    grid: [
      { left: 44, right: 12, top: 6, bottom: 46 },
      { left: 44, right: 12, height: 14, bottom: 22 },
    ],
    tooltip: {
      trigger: 'axis',
      axisPointer: { type: 'line' },
      formatter: (marks: unknown) => tooltip(marks, { time, series, fromNs, span: toNs - fromNs, clock }),
    },
    ...axes(view),
    series: [...series.map((one) => kindBars(one, { time, view, per: unit.per })), eventsLine(time, view)],
  }
  return { option, note: `${unit.words}, ${timeText(time.binNs, clock).replace(/ ticks$/, ' tick')} bins` }
}

function axes({ fromNs, toNs, clock, tokens }: OverTimeView): Pick<ChartOption, 'xAxis' | 'yAxis'> {
  const span = toNs - fromNs
  const ticks = axisTicks(fromNs, toNs, 9)
  const label = { color: tokens.color('text-3'), fontSize: 11, fontFamily: tokens.fontUi }
  const timeAxis = { type: 'value' as const, min: fromNs, max: toNs, splitLine: { show: false } }
  const timeLabel = {
    ...label,
    customValues: ticks,
    formatter: (ns: number) => axisTimeLabel(ns, span, ns === ticks[0], clock),
    alignMinLabel: 'left' as const,
    alignMaxLabel: 'right' as const,
  }
  return {
    xAxis: [
      { ...timeAxis, axisLine: { show: true, onZero: true }, axisLabel: { show: false } },
      { ...timeAxis, gridIndex: 1, axisLine: { show: true }, axisLabel: timeLabel },
    ],
    yAxis: [
      { type: 'value', splitNumber: 2, axisLabel: { ...label, formatter: countLabel } },
      {
        type: 'value',
        gridIndex: 1,
        axisLabel: { show: false },
        splitLine: { show: false },
        name: 'events',
        nameLocation: 'middle',
        nameRotate: 0,
        nameGap: 24,
        nameTextStyle: { ...label, align: 'right', padding: [0, -16, 0, 0] },
      },
    ],
  }
}

/** Middle of the bin and its count, times `per`. */
function binPairs(counts: ArrayLike<number>, time: OverTime, { fromNs }: OverTimeView, per: number): Float64Array {
  const pairs = new Float64Array(counts.length * 2)
  for (let bin = 0; bin < counts.length; bin++) {
    pairs[2 * bin] = fromNs + (bin + 0.5) * time.binNs
    pairs[2 * bin + 1] = counts[bin] * per
  }
  return pairs
}

function kindBars(
  one: KindSeries,
  { time, view, per }: { readonly time: OverTime; readonly view: OverTimeView; readonly per: number },
): BarSeriesOption {
  return {
    type: 'bar',
    name: one.label,
    stack: 'ops',
    barCategoryGap: '0%',
    dimensions: ['time', one.label],
    data: flat(binPairs(one.counts, time, view, per)),
    itemStyle: {
      color: view.tokens.color(one.color),
      opacity: view.op === undefined || view.op === one.kind ? 1 : 0.35,
    },
    emphasis: { disabled: true },
  }
}

function eventsLine(time: OverTime, view: OverTimeView): LineSeriesOption {
  return {
    type: 'line',
    name: 'events',
    xAxisIndex: 1,
    yAxisIndex: 1,
    step: 'middle',
    symbol: 'none',
    lineStyle: { width: 1, color: view.tokens.color('ph-2') },
    areaStyle: { color: view.tokens.color('ph-other'), opacity: 1 },
    dimensions: ['time', 'events'],
    data: flat(binPairs(time.events, time, view, 1)),
    emphasis: { disabled: true },
  }
}

function tooltip(
  marks: unknown,
  {
    time,
    series,
    fromNs,
    span,
    clock,
  }: { time: OverTime; series: readonly KindSeries[]; fromNs: number; span: number; clock: ClockUnit },
): string {
  const bin = (marks as readonly { readonly dataIndex: number }[])[0]?.dataIndex ?? 0
  const from = fromNs + bin * time.binNs
  const lines = series
    .map((one) => ({ label: one.label, count: one.counts[bin] ?? 0 }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count)
    .map(({ label, count }) => `${formatCount(count)} ${label}`)
  return [
    rangeText({ fromNs: from, toNs: from + time.binNs }, span, clock),
    ...lines,
    `${formatCount(time.events[bin] ?? 0)} events`,
  ].join('\n')
}

/** The numbers behind it: one row a bin, every kind by itself. */
export function overTimeTable(time: OverTime, fromNs: number): TableSpec {
  const bins = Array.from({ length: time.bins }, (_, bin) => bin)
  const kinds = time.kinds
    .map((kind, i) => ({ kind, counts: time.startsPerBin[i] }))
    .sort((a, b) => compareKinds(a.kind, b.kind))
  return tableOf<number>(
    [
      { key: 'at', title: 'From', kind: 'time', value: (bin) => Math.round(fromNs + bin * time.binNs) },
      ...kinds.map(({ kind, counts }) => ({
        key: kind,
        title: kindLook(kind).label,
        kind: 'count' as const,
        value: (bin: number) => counts?.[bin],
      })),
      { key: 'events', title: 'Events', kind: 'count', value: (bin) => Math.round(time.events[bin] ?? 0) },
    ],
    bins,
  )
}

function countLabel(value: number): string {
  return Number.isInteger(value) ? formatCount(value) : String(value)
}

/**
 * A quick chart of an answer: which of its columns make one, and the option for it. Texts and a number make bars, a moment
 * and a number a line over time, two numbers points, one number its distribution. Columns go to ECharts as one flat typed
 * array, thinned to what the width can show: minimum and maximum of every pixel stay.
 */

import type { QueryResult } from '#shared/contract/methods.ts'
import { flat } from '../../charts/flat.ts'
import type { Ink } from '../../charts/ink.ts'
import { isKnownKind, kindLook } from '../../theme/kinds.ts'
import type { ChartOption } from '../../ui/chart-option.ts'
import { formatCount, timeText, type ClockUnit } from '../../ui/format.ts'
import { valueText, type ResultColumn } from './result.ts'

export const CHART_KINDS = ['bars', 'line', 'points', 'distribution'] as const
export type ChartKind = (typeof CHART_KINDS)[number]

export interface ChartChoice {
  readonly kind: ChartKind
  /** Columns by their place; for bars all texts stand for themselves. */
  readonly x: number | undefined
  readonly y: number
}

/** Most bars, and the height of one with its name; what does not fit is said. */
const BARS = 40
const BAR_PX = 16
const AROUND_PX = 36
const BINS = 40
/** Points that are drawn as symbols. */
const POINTS = 2_000

const IDS = /(^|_)(id|pid|tgid|cpu|seq|inode|address|depth|line)$/
const UNITS = /_(ns|us|ms|s|percent|bytes)$/
const MOMENTS = /^(start|ts|requested|acquired|released|end|at|from|to|first|last)_ns$/

/** What to draw first; undefined: nothing here makes a picture. */
export function chartFor(columns: readonly ResultColumn[], rows: QueryResult['rows']): ChartChoice | undefined {
  if (rows.length < 2) return undefined
  const numbers = columns.filter(({ numeric }) => numeric)
  const moments = numbers.filter(({ name }) => MOMENTS.test(name))
  const values = numbers.filter(({ name }) => !MOMENTS.test(name) && !IDS.test(name))
  const texts = columns.filter(({ numeric, empty }) => !numeric && !empty)
  const y = values.find(({ at }) => isSorted(rows, at)) ?? values.find(({ name }) => UNITS.test(name)) ?? values[0]
  if (y === undefined) return undefined
  const x = moments[0]
  if (x && (texts.length === 0 || rows.length > BARS))
    return { kind: rises(rows, x.at) ? 'line' : 'points', x: x.at, y: y.at }
  if (texts.length > 0) return { kind: 'bars', x: undefined, y: y.at }
  const other = values.find((column) => column !== y)
  if (other) return { kind: rises(rows, other.at) ? 'line' : 'points', x: other.at, y: y.at }
  return { kind: 'distribution', x: undefined, y: y.at }
}

function isSorted(rows: QueryResult['rows'], at: number): boolean {
  let falls = rows.length > 1
  for (let i = 1; falls && i < rows.length; i++) falls = Number(rows[i - 1][at] ?? 0) >= Number(rows[i][at] ?? 0)
  return falls && rows[0][at] !== rows[rows.length - 1][at]
}
function rises(rows: QueryResult['rows'], at: number): boolean {
  for (let i = 1; i < rows.length; i++) if (Number(rows[i - 1][at]) > Number(rows[i][at])) return false
  return true
}

export interface ChartInput {
  readonly choice: ChartChoice
  readonly columns: readonly ResultColumn[]
  readonly rows: QueryResult['rows']
  readonly ink: Ink
  readonly clock: ClockUnit
  readonly width: number
  readonly height: number
}
export interface MadeChart {
  readonly option: ChartOption
  /** What it says, for those who do not see it. */
  readonly finding: string
  /** What was left out; empty where nothing was. */
  readonly cut: string
}

export function chartOf(input: ChartInput): MadeChart {
  switch (input.choice.kind) {
    case 'bars':
      return barChart(input)
    case 'distribution':
      return distribution(input)
    case 'line':
    case 'points':
      return pairChart(input)
  }
}

const number = (column: string, clock: ClockUnit) => (value: number) =>
  /(^|_)ns$/.test(column)
    ? timeText(value, clock)
    : Math.abs(value) >= 1e4
      ? formatCount(Math.round(value))
      : String(Number(value.toPrecision(4)))

function frame({ ink }: ChartInput, left: number): ChartOption {
  return {
    grid: { left, right: 24, top: 10, bottom: 22, containLabel: false },
    tooltip: { renderMode: 'richText', confine: true },
    textStyle: { color: ink('text'), fontFamily: ink('font-ui'), fontSize: 11 },
  }
}

function barChart(input: ChartInput): MadeChart {
  const { columns, rows, choice, ink, width, height } = input
  const value = columns[choice.y]
  const most = Math.max(4, Math.min(BARS, Math.floor((height - AROUND_PX) / BAR_PX)))
  const texts = columns.filter(({ numeric, empty }) => !numeric && !empty)
  const order = rows
    .map((_, i) => i)
    .sort((a, b) => Number(rows[b][choice.y] ?? 0) - Number(rows[a][choice.y] ?? 0) || a - b)
  const shown = order.slice(0, most)
  const name = (row: number): string => texts.map(({ at }) => valueText(rows[row][at])).join(', ')
  const show = number(value.name, input.clock)
  const names = shown.map(name)
  const left = Math.round(Math.min(width * 0.45, Math.max(40, Math.max(...names.map((text) => text.length)) * 6 + 16)))
  const colour = (row: number): string => {
    const kind = texts.map(({ at }) => rows[row][at]).find(isKnownKind)
    return ink(kind === undefined ? 'seq-4' : kindLook(String(kind)).color)
  }
  return {
    finding: `${value.name} by ${texts.map((text) => text.name).join(', ')}: most is ${names[0]} with ${show(Number(rows[shown[0]][choice.y] ?? 0))}`,
    cut: rows.length > most ? `${most} of ${formatCount(rows.length)}` : '',
    option: {
      ...frame(input, left),
      xAxis: {
        type: 'value',
        splitNumber: 3,
        axisLabel: { formatter: show, hideOverlap: true, alignMaxLabel: 'right' },
      },
      yAxis: {
        type: 'category',
        inverse: true,
        data: names,
        axisLabel: { width: left - 12, overflow: 'truncate', interval: 0 },
        axisTick: { show: false },
      },
      tooltip: { trigger: 'item', renderMode: 'richText', confine: true, valueFormatter: (at) => show(Number(at)) },
      series: [
        {
          type: 'bar',
          name: value.name,
          barMaxWidth: 20,
          barCategoryGap: '25%',
          data: shown.map((row) => ({ value: Number(rows[row][choice.y] ?? 0), itemStyle: { color: colour(row) } })),
        },
      ],
    },
  }
}

function pairChart(input: ChartInput): MadeChart {
  const { columns, rows, choice, ink, clock, width } = input
  const x = columns[choice.x ?? 0]
  const y = columns[choice.y]
  const all = pairsOf(rows, x.at, y.at)
  const line = choice.kind === 'line'
  const pairs = line ? extremesPerPixel(all, width) : spread(all, POINTS)
  const total = all.length / 2
  return {
    finding: `${y.name} over ${x.name}: ${formatCount(total)} points, ${range(all, 1, number(y.name, clock))}`,
    cut: !line && pairs.length < all.length ? `${formatCount(pairs.length / 2)} of ${formatCount(total)} points` : '',
    option: {
      ...frame(input, 64),
      xAxis: {
        type: 'value',
        scale: true,
        splitNumber: 4,
        splitLine: { show: false },
        axisLabel: { formatter: number(x.name, clock), hideOverlap: true, alignMaxLabel: 'right' },
      },
      yAxis: { type: 'value', scale: !line, splitNumber: 3, axisLabel: { formatter: number(y.name, clock) } },
      tooltip: { trigger: line ? 'axis' : 'item', renderMode: 'richText', confine: true },
      series: [
        {
          type: 'line',
          name: y.name,
          dimensions: [x.name, y.name],
          data: flat(pairs),
          showSymbol: !line,
          symbol: line ? 'none' : 'circle',
          symbolSize: 4,
          lineStyle: { width: line ? 1.6 : 0, color: ink('seq-4') },
          itemStyle: { color: ink('seq-4') },
        },
      ],
    },
  }
}

function distribution(input: ChartInput): MadeChart {
  const { columns, rows, choice, ink, clock } = input
  const column = columns[choice.y]
  const values = Float64Array.from(rows, (row) => Number(row[choice.y] ?? NaN))
    .filter((value) => !Number.isNaN(value))
    .sort()
  const low = values[0]
  const high = values[values.length - 1]
  const logarithmic = low > 0 && high / low > 100
  const place = (value: number): number => (logarithmic ? Math.log10(value) : value)
  const back = (value: number): number => (logarithmic ? 10 ** value : value)
  const step = (place(high) - place(low)) / BINS || 1
  const bins = new Float64Array(2 * BINS)
  for (let bin = 0; bin < BINS; bin++) bins[2 * bin] = place(low) + (bin + 0.5) * step
  for (const value of values) bins[2 * Math.min(BINS - 1, Math.floor((place(value) - place(low)) / step)) + 1]++
  const show = number(column.name, clock)
  return {
    finding: `${column.name}: ${formatCount(values.length)} values, half of them up to ${show(values[values.length >> 1])}, the largest ${show(high)}`,
    cut: logarithmic ? 'logarithmic bins' : '',
    option: {
      ...frame(input, 56),
      xAxis: {
        type: 'value',
        min: place(low),
        max: place(low) + BINS * step,
        splitNumber: 4,
        splitLine: { show: false },
        axisLabel: { formatter: (at: number) => show(back(at)), hideOverlap: true, alignMaxLabel: 'right' },
      },
      yAxis: { type: 'value', splitNumber: 3, axisLabel: { formatter: number('', clock) } },
      tooltip: {
        trigger: 'axis',
        renderMode: 'richText',
        confine: true,
        formatter: binTip(bins, step, (at) => show(back(at))),
      },
      series: [
        {
          type: 'bar',
          name: 'rows',
          dimensions: [column.name, 'rows'],
          data: flat(bins),
          barWidth: '92%',
          itemStyle: { color: ink('seq-4') },
        },
      ],
    },
  }
}

function binTip(bins: Float64Array, step: number, show: (at: number) => string) {
  return (marks: unknown): string => {
    const [mark] = Array.isArray(marks) ? (marks as { readonly dataIndex: number }[]) : []
    const bin = mark?.dataIndex ?? 0
    return `${show(bins[2 * bin] - step / 2)} to ${show(bins[2 * bin] + step / 2)}\n${formatCount(bins[2 * bin + 1])} rows`
  }
}

/** x, y, x, y …; rows without one of them are left out. */
export function pairsOf(rows: QueryResult['rows'], x: number, y: number): Float64Array {
  const pairs = new Float64Array(rows.length * 2)
  let n = 0
  for (const row of rows) {
    if (typeof row[x] !== 'number' || typeof row[y] !== 'number') continue
    pairs[n++] = row[x]
    pairs[n++] = row[y]
  }
  return pairs.subarray(0, n)
}

/** Of points with rising x the lowest and highest of each pixel, in their order. */
export function extremesPerPixel(pairs: Float64Array, width: number): Float64Array {
  const n = pairs.length / 2
  const columns = Math.max(1, Math.floor(width))
  if (n <= columns * 2) return pairs
  const from = pairs[0]
  const scale = columns / (pairs[2 * (n - 1)] - from || 1)
  const out = new Float64Array(columns * 4)
  let length = 0
  for (let i = 0; i < n;) {
    const column = Math.min(columns - 1, Math.floor((pairs[2 * i] - from) * scale))
    let low = i
    let high = i
    let next = i
    for (; next < n && Math.min(columns - 1, Math.floor((pairs[2 * next] - from) * scale)) === column; next++) {
      if (pairs[2 * next + 1] < pairs[2 * low + 1]) low = next
      if (pairs[2 * next + 1] > pairs[2 * high + 1]) high = next
    }
    for (const at of low === high ? [low] : [Math.min(low, high), Math.max(low, high)]) {
      out[length++] = pairs[2 * at]
      out[length++] = pairs[2 * at + 1]
    }
    i = next
  }
  return out.subarray(0, length)
}

/** Every so-many-th point. */
function spread(pairs: Float64Array, most: number): Float64Array {
  const n = pairs.length / 2
  if (n <= most) return pairs
  const out = new Float64Array(most * 2)
  for (let i = 0; i < most; i++)
    out.set(pairs.subarray(2 * Math.floor((i * n) / most), 2 * Math.floor((i * n) / most) + 2), 2 * i)
  return out
}

function range(pairs: Float64Array, part: 0 | 1, show: (value: number) => string): string {
  let low = Infinity
  let high = -Infinity
  for (let i = part; i < pairs.length; i += 2) {
    low = Math.min(low, pairs[i])
    high = Math.max(high, pairs[i])
  }
  return `from ${show(low)} to ${show(high)}`
}

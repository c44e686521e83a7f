/**
 * Curves of experiments as ECharts options: throughput against the change of a hold, and throughput over CPUs with the knee
 * of each strategy marked. Straight lines between what was simulated; bands are 95 % intervals.
 */

import type { Ci95 } from '#shared/contract/simulation.ts'
import type { ScalingStrategy, SensitivityRow } from '#shared/contract/whatif.ts'
import { wholePoints } from '#shared/whatif/whole-points.ts'
import { intervalText, rateText, ratioInterval, ratioText } from '#shared/whatif/words.ts'
import type { ChartOption } from '../ui/chart-option.ts'
import type { LineSeriesOption } from '../ui/echarts-modules.ts'
import { axisLine, axisText, splitLine } from './axes.ts'
import { flat } from './flat.ts'
import type { Ink } from './ink.ts'
import { bandLines, type BandPoint, lineTip, pointMarks, runLine } from './line-chart.ts'
import { runLook } from './run-look.ts'

const GRID = { left: 56, right: 20, top: 16, bottom: 28, containLabel: false }

export interface SensitivityLine {
  readonly position: number
  readonly name: string
  readonly row: SensitivityRow
}

export function changeText(change: number): string {
  return `${change > 0 ? '+' : change < 0 ? '−' : ''}${Math.abs(change) * 100} %`
}

export function sensitivityOption(lines: readonly SensitivityLine[], ink: Ink): ChartOption {
  const text = axisText(ink)
  return {
    animation: false,
    grid: GRID,
    xAxis: {
      type: 'value',
      min: -1,
      max: 1,
      interval: 0.5,
      ...axisLine(ink),
      axisLabel: { ...text, formatter: (at: number) => changeText(at) },
    },
    // What a hold buys is often a few percent: the axis shows where the lines are, not a power of two around them.
    yAxis: {
      type: 'value',
      scale: true,
      splitNumber: 4,
      axisLabel: { ...text, formatter: (value: number) => ratioText(value) },
      splitLine: splitLine(ink),
    },
    tooltip: lineTip(ink, (x) => {
      const rows = lines.flatMap(({ name, row }) => {
        const point = row.curve.find(({ change }) => change === x)
        return point === undefined ? [] : [`${name}: ${ratioText(point.ratio)}, 95 % ${ratioInterval(point.ratioCi95)}`]
      })
      return [`work ${changeText(x)}`, ...rows].join('\n')
    }),
    series: lines.flatMap(({ position, name, row }): LineSeriesOption[] => [
      ...band({ position, name, points: row.curve.map(({ change, ratioCi95 }) => [change, ratioCi95]) }, ink),
      {
        name,
        dimensions: ['change', 'throughput'],
        data: flat(Float64Array.from(row.curve.flatMap(({ change, ratio }) => [change, ratio ?? NaN]))),
        ...runLine(position, ink),
        ...pointMarks(4),
      },
    ]),
  }
}

export interface ScalingLine {
  readonly position: number
  readonly badge: string
  readonly strategy: ScalingStrategy
}

export function scalingOption(lines: readonly ScalingLine[], cpus: readonly number[], ink: Ink): ChartOption {
  const text = axisText(ink)
  const names = kneeNames(lines, Math.log2(Math.max(...cpus) / Math.min(...cpus)))
  return {
    animation: false,
    grid: GRID,
    xAxis: {
      type: 'value',
      min: Math.log2(Math.min(...cpus)),
      max: Math.log2(Math.max(...cpus)),
      ...axisLine(ink),
      axisLabel: {
        ...text,
        customValues: cpus.map(Math.log2),
        hideOverlap: true,
        formatter: (at: number) => String(Math.round(2 ** at)),
      },
    },
    yAxis: {
      type: 'value',
      min: 0,
      splitNumber: 4,
      axisLabel: { ...text, formatter: (value: number) => (value === 0 ? '0' : rateText(value)) },
      splitLine: splitLine(ink),
    },
    tooltip: lineTip(ink, (x) => {
      const n = Math.round(2 ** x)
      const rows = lines.flatMap(({ badge, strategy }) => {
        const point = strategy.points.find((one) => one.cpus === n)
        if (point === undefined) return []
        const interval = point.ci95 === null ? '' : `, 95 % ${intervalText(point.ci95, rateText)}`
        const begun = point.whole ? '' : ', the beginning alone'
        return [`${badge}: ${rateText(point.opsPerSecond)}${interval}, ${point.tasks} tasks${begun}`]
      })
      return [`${n} CPUs`, ...rows].join('\n')
    }),
    series: lines.flatMap(({ position, badge, strategy }): LineSeriesOption[] => [
      ...band(
        {
          position,
          name: badge,
          points: wholePoints(strategy.points).map(({ cpus: n, ci95 }) => [Math.log2(n), ci95]),
        },
        ink,
      ),
      {
        name: badge,
        dimensions: ['cpus', 'throughput'],
        data: flat(
          Float64Array.from(
            wholePoints(strategy.points).flatMap((point) => [Math.log2(point.cpus), point.opsPerSecond]),
          ),
        ),
        ...runLine(position, ink),
        ...pointMarks(4),
        ...(strategy.knee === null
          ? {}
          : { markLine: kneeMark(strategy.knee, { name: names.get(position), position, ink }) }),
      },
    ]),
  }
}

interface Intervals {
  readonly position: number
  readonly name: string
  readonly points: readonly (readonly [x: number, ci95: Ci95])[]
}

/** Where there are intervals: too few seeds have none. */
function band({ position, name, points }: Intervals, ink: Ink): LineSeriesOption[] {
  const known = points.flatMap(([x, ci95]): BandPoint[] => (ci95 === null ? [] : [[x, ci95[0], ci95[1]]]))
  return known.length === 0 ? [] : bandLines({ position, name, points: known }, ink)
}

interface KneeName {
  readonly text: string
  readonly row: number
}
/** Of the width of the axis: knees closer than this have one name together. */
const SAME_PLACE = 0.025
const NAME_ROWS = 3

/**
 * What stands at the knees, by position of the run: those in one place are named together at the first of them, and names next to
 * each other take turns in height.
 */
export function kneeNames(lines: readonly ScalingLine[], octaves: number): ReadonlyMap<number, KneeName> {
  const knees = lines
    .flatMap(({ position, badge, strategy: { knee } }) =>
      knee === null ? [] : [{ position, badge, at: placeOf(knee) }],
    )
    .sort((a, b) => a.at - b.at)
  const groups: (typeof knees)[] = []
  for (const knee of knees) {
    const [first] = groups.at(-1) ?? []
    if (first !== undefined && knee.at - first.at < SAME_PLACE * octaves) groups.at(-1)?.push(knee)
    else groups.push([knee])
  }
  return new Map(
    groups.flatMap((group, nth) =>
      group
        .slice(0, 1)
        .map(({ position }) => [position, { text: group.map(({ badge }) => badge).join(' '), row: nth % NAME_ROWS }]),
    ),
  )
}

const placeOf = (knee: number): number => Math.log2(Math.max(1, knee))

interface Mark {
  readonly name: KneeName | undefined
  readonly position: number
  readonly ink: Ink
}

function kneeMark(knee: number, { name, position, ink }: Mark): NonNullable<LineSeriesOption['markLine']> {
  return {
    silent: true,
    symbol: 'none',
    lineStyle: { color: ink(runLook(position).color), type: 'dotted', width: 1 },
    label: {
      show: name !== undefined,
      formatter: name?.text ?? '',
      color: ink('text-2'),
      fontSize: 11,
      fontFamily: ink('font-ui'),
      distance: [0, (name?.row ?? 0) * -12],
    },
    data: [{ xAxis: placeOf(knee) }],
  }
}

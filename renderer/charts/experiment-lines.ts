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
import { flat } from './flat.ts'
import type { Ink } from './ink.ts'
import { axisLine, axisText, bandLines, type BandPoint, lineTip, pointMarks, runLine, splitLine } from './line-chart.ts'
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
        ...(strategy.knee === null ? {} : { markLine: kneeMark(strategy.knee, { badge, position, ink }) }),
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

interface Mark {
  readonly badge: string
  readonly position: number
  readonly ink: Ink
}

function kneeMark(knee: number, { badge, position, ink }: Mark): NonNullable<LineSeriesOption['markLine']> {
  return {
    silent: true,
    symbol: 'none',
    lineStyle: { color: ink(runLook(position).color), type: 'dotted', width: 1 },
    // Knees of strategies may lie close together: their names take turns in height.
    label: {
      formatter: badge,
      color: ink('text-2'),
      fontSize: 11,
      fontFamily: ink('font-ui'),
      distance: [0, (position % 3) * -12],
    },
    data: [{ xAxis: Math.log2(Math.max(1, knee)) }],
  }
}

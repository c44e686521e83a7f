/**
 * The few spellings charts need beyond ui/format.ts: shares with their sign, axis ticks of a decade, numbers in small
 * cells, means that are no times.
 */

import { kindLook } from '../theme/kinds.ts'
import { formatCount, formatShare, type ClockUnit } from '../ui/format.ts'

/** `31 %` */
export function percent(share: number): string {
  return `${formatShare(share)} %`
}

/** A mean that is not a time: 0.31, 5.1, 412. */
export function figure(value: number): string {
  const size = Math.abs(value)
  if (size >= 99.5) return formatCount(value)
  if (size >= 1) return value.toFixed(1)
  return size === 0 ? '0' : Number(value.toPrecision(2)).toString()
}

export interface Unit {
  readonly name: string
  /** ns (or ticks) in one. */
  readonly size: number
}

const UNITS: readonly Unit[] = [
  { name: 's', size: 1e9 },
  { name: 'ms', size: 1e6 },
  { name: 'µs', size: 1e3 },
  { name: 'ns', size: 1 },
]

/** The largest unit in which `ns` is at least 1. */
export function unitOf(ns: number, clock: ClockUnit): Unit {
  if (clock === 'tick') return { name: 'ticks', size: 1 }
  return UNITS.find((unit) => Math.abs(ns) >= unit.size) ?? UNITS[UNITS.length - 1]
}

/** A tick of a logarithmic latency axis: `1 µs`, `10 µs`, `1 ms`. */
export function tickLabel(ns: number, clock: ClockUnit): string {
  const unit = unitOf(ns, clock)
  return `${formatCount(ns / unit.size)} ${unit.name}`
}

/** Cells are small: whole numbers from 10 on, one decimal below, `<.1` for something that would round to nothing. */
export function cellText(value: number): string {
  if (value >= 9.95) return formatCount(value)
  if (value < 0.05) return '<.1'
  return Number(value.toFixed(1)).toString()
}

/** Row number of the first point an ECharts tooltip is about; it gives one point or several. */
export function firstIndex(
  points: { readonly dataIndex: number } | readonly { readonly dataIndex: number }[],
): number | undefined {
  return 'dataIndex' in points ? points.dataIndex : points.at(0)?.dataIndex
}

/** A phase in words; undefined where nothing is known or recorded of what was done. */
export function phaseWords(phase: string | null): string | undefined {
  if (phase === null || phase === 'other' || phase === 'unknown') return undefined
  return phase.startsWith('wait:') ? `waiting for ${phase.slice(5)}` : phase
}

const METRICS: Readonly<Record<string, string>> = {
  opsPerSecond: 'operations per second',
  lockWaitPerOpNs: 'lock wait per operation',
  lockHoldPerOpNs: 'lock hold per operation',
  lockAcquisitionsPerOp: 'lock acquisitions per operation',
  lockWaitPerAcquisitionNs: 'lock wait per acquisition',
}
const STATISTICS: Readonly<Record<string, string>> = { meanNs: 'mean', p50Ns: 'p50', p99Ns: 'p99', p999Ns: 'p99.9' }

/** A metric of a comparison in words: `write_fault.p999Ns` is `write fault p99.9`. */
export function metricWords(metric: string): string {
  const [kind = '', statistic] = metric.split('.')
  if (statistic === undefined) return METRICS[metric] ?? metric
  return `${kindLook(kind).label} ${STATISTICS[statistic] ?? statistic}`
}

/** The findings of the latency page in words: what a brush holds, and where the distribution lies. Pure. */

import type { DistributionSide, LatencyBrush } from '#shared/analysis/latency-distribution.ts'
import { told } from '#shared/analysis/parts/shown-percentiles.ts'
import { percent } from '../../charts/words.ts'
import { formatCount, rangeText, shownTime, timeText, type ClockUnit } from '../../ui/format.ts'

export interface BrushFinding {
  readonly first: string
  readonly second: string
}

/**
 * `412 write faults, 1.1 %` and `but 38 % of the waiting of all write faults`. It is a "but" where the share of the waiting is at least twice
 * that of the operations; waits that were not recorded are said to be unknown.
 */
export function brushFinding(part: DistributionSide, all: DistributionSide, plural: string): BrushFinding {
  const share = all.count === 0 ? 0 : part.count / all.count
  const first = `${formatCount(part.count)} ${plural}, ${percent(share)}`
  const waiting = part.shareOfWaiting
  if (waiting === null) return { first, second: 'how much they waited is not known' }
  const but = waiting > 2 * share && waiting > 0 ? 'but' : 'and'
  return { first, second: `${but} ${percent(waiting)} of the waiting of all ${plural}` }
}

/** The latency part of a brush: `above 300 µs`, `1.2 to 4 ms`, `any latency`. */
export function latencyText({ minNs, maxNs }: LatencyBrush, clock: ClockUnit): string {
  if (minNs === undefined && maxNs === undefined) return 'any latency'
  if (maxNs === undefined) return `above ${timeText(minNs ?? 0, clock)}`
  if (minNs === undefined) return `below ${timeText(maxNs, clock)}`
  const [from, to] = [shownTime(minNs, clock), shownTime(maxNs, clock)]
  return `${from.value}${from.unit === to.unit ? '' : ` ${from.unit}`} to ${to.value} ${to.unit}`
}

/** `1 180 to 1 240 ms, above 300 µs` */
export function brushText(brush: LatencyBrush, durationNs: number, clock: ClockUnit): string {
  return `${rangeText(brush, durationNs, clock)}, ${latencyText(brush, clock)}`
}

/** For the chip: `60 ms × above 300 µs`. */
export function brushSize(brush: LatencyBrush, clock: ClockUnit): string {
  return `${timeText(brush.toNs - brush.fromNs, clock)} × ${latencyText(brush, clock)}`
}

/** For the label of the distribution: `p50 48.7 µs, p99 412 µs; brush: p50 421 µs`. */
export function distributionFinding(
  all: DistributionSide,
  part: DistributionSide | undefined,
  clock: ClockUnit,
): string {
  if (all.count === 0) return 'nothing was measured'
  const p50 = told(0.5, all.count, all.p50Ns)
  const p99 = told(0.99, all.count, all.p99Ns)
  if (p50 === null) return 'one operation: too few for percentiles'
  const whole = `p50 ${timeText(p50, clock)}${p99 === null ? '' : `, p99 ${timeText(p99, clock)}`}`
  const brushed = part === undefined ? null : told(0.5, part.count, part.p50Ns)
  return brushed === null ? whole : `${whole}; brush: p50 ${timeText(brushed, clock)}`
}

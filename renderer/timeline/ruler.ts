/**
 * The time ruler: where ticks stand and what they say. Close up every label would repeat the same long number, so the part
 * all ticks share is said once in the gutter (`812 ms +`) and ticks say the rest in one unit (`340 µs`, `360`). Times of
 * clocks that count ticks have no unit.
 */

import { formatCount, formatNsIn, type TimeUnit } from '#shared/base/time.ts'
import { AUTO, styled, styleUnit, type Moments } from '../ui/moments.ts'
import { spanOf, type TimeWindow } from './window.ts'

export interface Ruler {
  /** What all labels are added to; empty where they say the whole time. */
  readonly base: string
  readonly ticks: readonly { readonly ns: number; readonly label: string }[]
  readonly stepNs: number
}

const NS: Readonly<Record<TimeUnit, number>> = { ns: 1, µs: 1e3, ms: 1e6, s: 1e9 }
const LARGER: Readonly<Record<TimeUnit, TimeUnit>> = { ns: 'µs', µs: 'ms', ms: 's', s: 's' }
/** Least px between two labels. */
const LABEL_PX = 88

/** Whole-number steps of 1, 2 or 5 times a power of ten: the clock has no fractions of a ns. */
export function tickStep(spanNs: number, width: number): number {
  const least = Math.max(1, (spanNs * LABEL_PX) / Math.max(1, width))
  let power = 1
  while (power * 10 <= least) power *= 10
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= least) ?? power * 10
}

/** Labels count in the largest unit in which neighbours differ by a whole number. */
function unitOf(stepNs: number): TimeUnit {
  return stepNs >= NS.s ? 's' : stepNs >= NS.ms ? 'ms' : stepNs >= NS.µs ? 'µs' : 'ns'
}

export function rulerOf(window: TimeWindow, width: number, clock: 'ns' | 'tick', how: Moments = AUTO): Ruler {
  const stepNs = tickStep(spanOf(window), width)
  // Ticks stand at round times of what is written: of the day, where that is.
  const shift = how.style === 'clock' && clock === 'ns' ? how.dayNs % stepNs : 0
  const first = Math.ceil((window.fromNs + shift) / stepNs) * stepNs - shift
  const times: number[] = []
  for (let ns = first; ns <= window.toNs; ns += stepNs) times.push(ns)
  if (clock === 'tick') {
    return { base: 'ticks', stepNs, ticks: times.map((ns) => ({ ns, label: formatCount(ns) })) }
  }
  if (how.style !== 'auto') return styledRuler(times, stepNs, how)
  const unit = unitOf(stepNs)
  const larger = LARGER[unit]
  const baseNs = larger === unit ? 0 : Math.floor(first / NS[larger]) * NS[larger]
  // across a boundary of the larger unit offsets just go on: 980, 1 000, 1 020
  const label = (ns: number, i: number): string =>
    formatNsIn(ns - baseNs, { unit, decimals: 0 }) + (i === 0 ? ` ${unit}` : '')
  return {
    base: baseNs === 0 ? '' : `${formatNsIn(baseNs, baseScale(larger))} ${larger} +`,
    stepNs,
    ticks: times.map((ns, i) => ({ ns, label: label(ns, i) })),
  }
}

/** As the user set it: every label says the whole time, in as many digits as neighbours differ in. */
function styledRuler(times: readonly number[], stepNs: number, how: Moments): Ruler {
  const decimals = stepNs >= NS.s ? 0 : stepNs >= NS.ms ? 3 : stepNs >= NS.µs ? 6 : 9
  return { base: styleUnit(how), stepNs, ticks: times.map((ns) => ({ ns, label: styled(ns, how, decimals) })) }
}

function baseScale(unit: TimeUnit): { unit: TimeUnit; decimals: number } {
  return { unit, decimals: 0 }
}

/**
 * How far simulated work is, in words: share, rate and time left, from what the engine says. What is not known yet is left
 * out, never guessed.
 */

import type { Progress } from '#shared/contract/methods.ts'
import { formatCount, timeText } from '../../ui/format.ts'

export interface JobWords {
  /** 0…1; undefined where the total is not known. */
  readonly share: number | undefined
  readonly amount: string
  readonly rate: string
  readonly left: string
}

/** A rate and a rest are told after this long: before it, starting threads is most of the time. */
const SETTLED_MS = 1_000

export function jobWords({ done, total, unit, events, elapsedMs }: Progress): JobWords {
  const share = total === null || total === 0 ? undefined : Math.min(1, done / total)
  const settled = elapsedMs >= SETTLED_MS
  const rest = share === undefined || share === 0 ? undefined : (elapsedMs / share) * (1 - share)
  return {
    share,
    amount: amountText(done, total, unit),
    rate: settled && events !== null && events > 0 ? rateText(events / (elapsedMs / 1000)) : '',
    left: settled && rest !== undefined && rest > 0 ? `${secondsText(rest)} left` : '',
  }
}

function amountText(done: number, total: number | null, unit: Progress['unit']): string {
  const of = total === null ? '' : ` of ${unit === 'ns' ? timeText(total) : formatCount(total)}`
  return unit === 'ns' ? `${timeText(done)}${of}` : `${formatCount(done)}${of} ${unit}`
}

function rateText(perSecond: number): string {
  return perSecond >= 1e6 ? `${(perSecond / 1e6).toFixed(1)} M events/s` : `${formatCount(perSecond / 1e3)} k events/s`
}

/** `4.2 s`, `38 s`, `3 min` */
export function secondsText(ms: number): string {
  const seconds = ms / 1000
  if (seconds >= 120) return `${Math.round(seconds / 60)} min`
  return seconds >= 9.95 ? `${Math.round(seconds)} s` : `${seconds.toFixed(1)} s`
}

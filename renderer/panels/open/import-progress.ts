/**
 * How far an import is, in words: share, amount, rate, time left. Rates come from the last seconds, not from the start,
 * because reading, parsing and writing run at different speeds. What is not known is left out, never guessed.
 */

import type { Progress } from '#shared/contract/methods.ts'
import { bytesText, formatCount } from '../../ui/format.ts'

export interface ProgressWords {
  /** 0…1; undefined where the total is not known. */
  readonly share: number | undefined
  readonly percent: string
  readonly amount: string
  readonly left: string
}

/** A point of the past to measure the rate from. */
export interface Mark {
  readonly done: number
  readonly events: number | null
  readonly elapsedMs: number
  readonly stage: string
}

const WINDOW_MS = 3_000

/** Keeps one mark about WINDOW_MS old; a new stage starts anew. */
export function nextMarks(marks: readonly Mark[], { done, events, elapsedMs, stage }: Progress): readonly Mark[] {
  const mark = { done, events, elapsedMs, stage }
  if (marks.at(-1)?.stage !== stage) return [mark]
  const kept = marks.filter((old, i) => elapsedMs - old.elapsedMs <= WINDOW_MS || i === marks.length - 1)
  return [...kept, mark]
}

export function progressWords(progress: Progress, marks: readonly Mark[]): ProgressWords {
  const { done, total, unit, events, elapsedMs } = progress
  const first = marks[0]
  const passed = first ? elapsedMs - first.elapsedMs : 0
  const rate = first && passed > 200 ? ((done - first.done) / passed) * 1000 : undefined
  const eventRate =
    first && first.events !== null && events !== null && passed > 200
      ? ((events - first.events) / passed) * 1000
      : undefined
  const share = total !== null && total > 0 ? Math.min(1, done / total) : undefined
  const text = (amount: number): string => (unit === 'bytes' ? bytesText(amount) : `${formatCount(amount)} ${unit}`)
  const parts = [total === null ? text(done) : `${text(done)} of ${text(total)}`]
  if (rate !== undefined && rate > 0) parts.push(`${text(rate)}/s`)
  if (eventRate !== undefined && eventRate > 0) parts.push(`${perSecond(eventRate)} events/s`)
  const seconds = total !== null && rate !== undefined && rate > 0 ? (total - done) / rate : undefined
  return {
    share,
    percent: share === undefined ? '' : `${Math.floor(share * 100)} %`,
    amount: parts.join(', '),
    left: seconds === undefined ? '' : `${leftText(seconds)} left`,
  }
}

function perSecond(rate: number): string {
  return rate >= 1e6 ? `${(rate / 1e6).toFixed(1)} M` : formatCount(rate)
}
function leftText(seconds: number): string {
  return seconds >= 90
    ? `${Math.round(seconds / 60)} min`
    : seconds >= 10
      ? `${Math.round(seconds)} s`
      : `${seconds.toFixed(1)} s`
}

/**
 * Exact times as people type them: `812.34 ms`, `812.34 ms + 180 us`, `1.2 s to 1.25 s`, `3 %`. A number without a unit is in
 * the unit of the trace's axis. What cannot be read says why, with an example that can.
 */

import type { TimeUnit } from '#shared/base/time.ts'
import { axisUnit } from '../ui/format.ts'
import { MIN_SPAN_NS, type TimeWindow } from './window.ts'

const NS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9 }

export type Destination =
  { readonly ok: true; readonly window: TimeWindow } | { readonly ok: false; readonly why: string }

export interface GotoContext {
  readonly durationNs: number
  readonly clock: 'ns' | 'tick'
  /** Width to keep where only a moment is given. */
  readonly spanNs: number
}

export function parseDestination(text: string, context: GotoContext): Destination {
  const example = context.clock === 'tick' ? '1200 + 50' : '812.34 ms + 180 µs, or 1 ms to 2 ms'
  const [first, second, ...rest] = text.split(/\s*(?:\+|\bto\b|–|\.\.)\s*/)
  const joined = /(\+|\bto\b|–|\.\.)/.exec(text)?.[1]
  const from = parseTime(first ?? '', context)
  const other = second === undefined ? undefined : parseTime(second, context)
  if (from === undefined || rest.length > 0 || (second !== undefined && other === undefined))
    return { ok: false, why: `“${text.trim()}” is not a time: write ${example}` }
  if (from > context.durationNs) return { ok: false, why: 'That is after the end of the trace' }
  if (other === undefined) {
    const half = context.spanNs / 2
    return { ok: true, window: { fromNs: Math.max(0, from - half), toNs: from + half } }
  }
  const to = joined === '+' ? from + other : other
  if (to <= from) return { ok: false, why: 'The end of a range is after its start' }
  // What is after the trace's end is not shown instead of what was asked for.
  const end = Math.min(to, Math.max(context.durationNs, from + 1))
  return { ok: true, window: { fromNs: from, toNs: Math.max(end, from + MIN_SPAN_NS) } }
}

function parseTime(text: string, { durationNs, clock }: GotoContext): number | undefined {
  const match = /^([\d\s\u2009_,]*\.?\d*)\s*(ns|us|µs|μs|ms|s|%|ticks?)?$/i.exec(text.trim())
  const digits = match?.[1]?.replace(/[\s\u2009_,]/g, '') ?? ''
  if (!match || digits === '' || digits === '.') return undefined
  // Commas group thousands here; where one may be meant for a point nothing is guessed.
  if (/^0,|,(?!\d{3}(?!\d))/.test(match[1] ?? '')) return undefined
  const value = Number(digits)
  const unit = match[2]?.toLowerCase()
  if (unit === '%') return (value / 100) * durationNs
  if (clock === 'tick' || unit?.startsWith('tick')) return value
  const scale: TimeUnit = axisUnit(durationNs)
  return Math.round(value * (NS[unit ?? scale] ?? 1))
}

/**
 * Numbers, times and dates as the window shows them, on top of shared/base/time.ts: one unit per column, thin-space
 * groups, the unit apart from the digits so that it can be grey. Traces whose clock counts ticks have no unit of time.
 */

import { counted, formatCount, formatNs, formatNsIn, formatShare, UNKNOWN, type TimeUnit } from '#shared/base/time.ts'
import { AUTO, moments, styled, styleUnit, type Moments } from './moments.ts'

export type ClockUnit = 'ns' | 'tick'
export { counted, formatCount, formatShare, UNKNOWN }

export interface Shown {
  readonly value: string
  readonly unit: string
}

/** A time by itself, three digits that matter. */
export function shownTime(ns: number, clock: ClockUnit = 'ns'): Shown {
  return clock === 'tick' ? { value: formatCount(ns), unit: 'ticks' } : formatNs(ns)
}

/** The same as plain text, for labels, tooltips and sentences. */
export function timeText(ns: number, clock: ClockUnit = 'ns'): string {
  const { value, unit } = shownTime(ns, clock)
  return `${value} ${unit}`
}

/** How long a trace is: a table has no times. */
export function lengthText(trace: { readonly durationNs: number | null; readonly clockUnit: ClockUnit }): string {
  return trace.durationNs === null ? UNKNOWN : timeText(trace.durationNs, trace.clockUnit)
}

const NS: Readonly<Record<TimeUnit, number>> = { ns: 1, µs: 1e3, ms: 1e6, s: 1e9 }
const UNITS: readonly TimeUnit[] = ['s', 'ms', 'µs', 'ns']

/** The unit of a column: the largest in which half of the values are 1 or more, and none has more than five digits. */
export function columnUnit(values: readonly (number | null | undefined)[]): TimeUnit {
  const sizes = values.filter((value): value is number => typeof value === 'number' && value > 0).sort((a, b) => a - b)
  if (sizes.length === 0) return 'µs'
  const median = sizes[sizes.length >> 1]
  const largest = sizes[sizes.length - 1]
  return UNITS.find((unit) => median >= NS[unit] || largest >= 1e5 * (NS[unit] / 1000)) ?? 'ns'
}

/** In a given unit: whole from 1000 on, one decimal from 10 on, two or three below, so that three digits matter. */
export function timeIn(ns: number, unit: TimeUnit): string {
  const size = Math.abs(ns) / NS[unit]
  const most = unit === 'ns' ? 0 : unit === 'µs' ? 3 : 6
  const decimals = size === 0 || size >= 999.5 ? 0 : size >= 9.95 ? 1 : size >= 0.0995 ? 2 : 3
  if (size > 0 && size < 0.0005 && most > 3) return '<0.001'
  return formatNsIn(ns, { unit, decimals: Math.min(decimals, most) })
}

/** A moment on the trace's axis: enough digits to tell it from its neighbours on the screen. With the trace's clock it is
 *  written as the user set it. */
export function momentText(ns: number, durationNs: number, clock?: ClockUnit): string {
  if (clock === 'tick') return `${formatCount(ns)} ticks`
  const unit = axisUnit(durationNs)
  const how = styleOf(clock)
  if (how !== undefined) return withUnit(styled(ns, how, DIGITS[unit]), how)
  return `${formatNsIn(ns, { unit, decimals: unit === 'ns' ? 0 : 3 })} ${unit}`
}

/** The same to the ns (from 5 s on to the µs): for lists of moments that are close together; their unit is `exactUnit`. */
export function exactText(ns: number, durationNs: number, clock?: ClockUnit): string {
  if (clock === 'tick') return formatCount(ns)
  const how = styleOf(clock)
  if (how !== undefined) return styled(ns, how, 9)
  const unit = axisUnit(durationNs)
  return formatNsIn(ns, { unit, decimals: unit === 'ns' ? 0 : unit === 'µs' ? 3 : 6 })
}

export function exactUnit(durationNs: number, clock?: ClockUnit): string {
  if (clock === 'tick') return 'ticks'
  const how = styleOf(clock)
  return how === undefined ? axisUnit(durationNs) : styleUnit(how) || 'time of day'
}

/** The same by itself, with its unit. */
export function exactMomentText(ns: number, durationNs: number, clock?: ClockUnit): string {
  const text = exactText(ns, durationNs, clock)
  const how = styleOf(clock)
  return clock !== 'tick' && how !== undefined ? withUnit(text, how) : `${text} ${exactUnit(durationNs, clock)}`
}

/** `1 160 to 1 250 ms` */
export function rangeText(
  range: { readonly fromNs: number; readonly toNs: number },
  durationNs: number,
  clock?: ClockUnit,
): string {
  const { fromNs, toNs } = range
  if (clock === 'tick') return `${formatCount(fromNs)} to ${formatCount(toNs)} ticks`
  const unit = axisUnit(durationNs)
  const how = styleOf(clock)
  if (how !== undefined) {
    const text = (ns: number): string => styled(Math.round(ns), how, DIGITS[unit])
    return withUnit(`${text(fromNs)} to ${text(toNs)}`, how)
  }
  const width = (toNs - fromNs) / NS[unit]
  const decimals = unit === 'ns' || width >= 20 ? 0 : width >= 2 ? 1 : 3
  return `${formatNsIn(fromNs, { unit, decimals })} to ${formatNsIn(toNs, { unit, decimals })} ${unit}`
}

/** Digits of a second that moments of an axis with this unit are written with. */
const DIGITS: Readonly<Record<TimeUnit, number>> = { s: 3, ms: 6, µs: 9, ns: 9 }

/** What the user set, for moments of the open trace. */
function styleOf(clock: ClockUnit | undefined): Moments | undefined {
  const how = clock === undefined ? AUTO : moments()
  return how.style === 'auto' ? undefined : how
}
function withUnit(text: string, how: Moments): string {
  const unit = styleUnit(how)
  return unit === '' ? text : `${text} ${unit}`
}

/** The unit of a time axis that is this long: labels stay under five digits. */
export function axisUnit(durationNs: number): TimeUnit {
  return durationNs >= 5e9 ? 's' : durationNs >= 5e6 ? 'ms' : durationNs >= 5e3 ? 'µs' : 'ns'
}

/** Round positions for axis labels, at most `most` of them: 1, 2, 2.5 or 5 times a power of ten apart. */
export function axisTicks(from: number, to: number, most: number): number[] {
  const raw = (to - from) / Math.max(1, most)
  if (!(raw > 0)) return [from]
  // Nothing is between two nanoseconds, or two ticks.
  const power = Math.max(1, 10 ** Math.floor(Math.log10(raw)))
  const steps = [1, 2, 2.5, 5, 10].map((m) => m * power).filter((step) => Number.isInteger(step))
  const step = steps.find((candidate) => candidate >= raw) ?? raw
  const ticks: number[] = []
  for (let tick = Math.ceil(from / step) * step; tick <= to + step * 1e-9; tick += step) ticks.push(tick)
  return ticks
}

/** Labels for a time axis; the first carries the unit. */
export function axisTimeLabel(ns: number, durationNs: number, unitToo: boolean, clock?: ClockUnit): string {
  if (clock === 'tick') return formatCount(ns) + (unitToo ? ' ticks' : '')
  const unit = axisUnit(durationNs)
  const how = styleOf(clock)
  if (how !== undefined) {
    const text = styled(ns, how, AXIS_DIGITS[unit])
    return unitToo ? withUnit(text, how) : text
  }
  const scaled = ns / NS[unit]
  const decimals =
    unit === 'ns' || Math.abs(scaled - Math.round(scaled)) < 1e-6
      ? 0
      : Math.abs(scaled * 10 - Math.round(scaled * 10)) < 1e-6
        ? 1
        : 2
  return formatNsIn(ns, { unit, decimals }) + (unitToo ? ` ${unit}` : '')
}
const AXIS_DIGITS: Readonly<Record<TimeUnit, number>> = { s: 1, ms: 3, µs: 6, ns: 9 }

export function bytesText(bytes: number): string {
  for (const [unit, size] of [
    ['GB', 1e9],
    ['MB', 1e6],
    ['kB', 1e3],
  ] as const) {
    if (bytes >= size) return `${(bytes / size).toFixed(bytes >= 100 * size ? 0 : bytes >= 10 * size ? 1 : 2)} ${unit}`
  }
  return `${bytes} B`
}

/** When a file was opened: the time today, the weekday this week, else the date. */
export function openedText(at: number, now: number): string {
  const days = Math.round((dayOf(now) - dayOf(at)) / 86_400_000)
  const date = new Date(at)
  if (days === 0) return date.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })
  if (days === 1) return 'Yesterday'
  if (days < 7) return date.toLocaleDateString('en-GB', { weekday: 'long' })
  const year = date.getFullYear() === new Date(now).getFullYear() ? {} : ({ year: 'numeric' } as const)
  return date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', ...year })
}

function dayOf(at: number): number {
  const date = new Date(at)
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime()
}

/** A number with the sign it has on axes. */
export const minusText = (number: string): string => number.replace(/^-/, '−')

/** As a sentence begins; what begins with a name, of a file or of a lock, stays as it is. */
export function capital(text: string): string {
  return /^[a-z]+[ ,]/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text
}

/** The same with its full stop: messages and hints come as clauses, for the command line to put together. */
export function sentence(text: string): string {
  return `${capital(text)}${/[.!?…]$/.test(text) ? '' : '.'}`
}

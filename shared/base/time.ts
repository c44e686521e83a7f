/**
 * Times, counts and shares as text, the same in the window, the terminal and a report: integer nanoseconds in, digits
 * and a unit out. Rounding is done on integers (half away from zero), so no value is off by a rounding of a rounding, and
 * nothing depends on the machine's locale: the decimal sign is a point, thousands stand apart by a thin space. A value is
 * never shown more precisely than one nanosecond. What is unknown has no number: callers show UNKNOWN, never 0.
 */

export type TimeUnit = 'ns' | 'µs' | 'ms' | 's'

export interface Quantity {
  readonly value: string
  readonly unit: TimeUnit
}

/** Between groups of three digits (U+2009). A terminal passes a plain space instead. */
const THIN_SPACE = '\u2009'
/** Stands where a value cannot be known. */
export const UNKNOWN = '–'

const NS_PER: Readonly<Record<TimeUnit, number>> = { ns: 1, µs: 1_000, ms: 1_000_000, s: 1_000_000_000 }
const UNITS: readonly TimeUnit[] = ['ns', 'µs', 'ms', 's']

/** Three digits that matter: `812 ms`, `1.93 ms`, `12.4 µs`, `340 ns`; from 1000 s on all whole seconds. */
export function formatNs(ns: number, group: string = THIN_SPACE): Quantity {
  const size = Math.round(Math.abs(ns))
  for (const unit of UNITS) {
    for (const decimals of unit === 'ns' ? [0] : [2, 1, 0]) {
      const scaled = divideRounded(size, NS_PER[unit] / 10 ** decimals)
      if (scaled < 1000) return { value: signed(ns, scaled, decimals, group), unit }
    }
  }
  return { value: signed(ns, divideRounded(size, NS_PER.s), 0, group), unit: 's' }
}

/** The same as one text; of a clock that counts something else than time, `1 930 ticks`. */
export function timeText(ns: number, clock: 'ns' | 'tick' = 'ns', group: string = THIN_SPACE): string {
  if (clock === 'tick') return counted(ns, 'tick', group)
  const { value, unit } = formatNs(ns, group)
  return `${value} ${unit}`
}

/** In a given unit with a given number of decimals: for columns and axes, where all values share one unit. */
export function formatNsIn(ns: number, scale: TimeScale, group: string = THIN_SPACE): string {
  const step = NS_PER[scale.unit] / 10 ** scale.decimals
  return signed(ns, divideRounded(Math.round(Math.abs(ns)), step), scale.decimals, group)
}

export interface TimeScale {
  readonly unit: TimeUnit
  readonly decimals: number
}

/**
 * The unit and decimals for a column: the largest value is at least 1 in it, the smallest that is not 0 still shows a
 * digit, and no decimal is kept that is 0 in every row.
 */
export function timeScale(values: readonly number[]): TimeScale {
  const sizes = values.map((value) => Math.round(Math.abs(value))).filter((value) => value > 0)
  const largest = sizes.reduce((a, b) => Math.max(a, b), 0)
  const smallest = sizes.reduce((a, b) => Math.min(a, b), largest)
  let at = UNITS.findLastIndex((unit) => NS_PER[unit] <= Math.max(1, largest))
  while (at > 0 && smallest < NS_PER[UNITS[at]] / 1000) at--
  const unit = UNITS[at]
  if (unit === 'ns') return { unit, decimals: 0 }
  let decimals = 3
  while (decimals > 0 && sizes.every((size) => divideRounded(size, NS_PER[unit] / 1000) % 10 ** (4 - decimals) === 0)) {
    decimals--
  }
  return { unit, decimals }
}

const UNIT_NS: Readonly<Record<string, number>> = { ns: 1, us: NS_PER.µs, µs: NS_PER.µs, ms: NS_PER.ms, s: NS_PER.s }

/** `+12ms`, `-3 us`, `1.5s` in ns; undefined for anything else. */
export function parseOffset(text: string): number | undefined {
  const found = /^([+-]?)(\d{1,15}(?:\.\d{1,15})?) ?(ns|us|µs|ms|s)$/.exec(text)
  if (found === null) return undefined
  const ns = Math.round(Number(found[2]) * UNIT_NS[found[3]])
  return Number.isSafeInteger(ns) ? (found[1] === '-' ? -ns : ns) + 0 : undefined
}

/** `1 931` */
export function formatCount(count: number, group: string = THIN_SPACE): string {
  return signed(count, Math.round(Math.abs(count)), 0, group)
}

/** `1 page`, `2 pages`. */
export function counted(count: number, noun: string, group: string = THIN_SPACE): string {
  return `${formatCount(count, group)} ${noun}${count === 1 ? '' : 's'}`
}

/**
 * A share 0…1 as a percentage without its sign: `31`, `4.2`, `0.03`. Two digits that matter; `100` only for all of it and
 * `0` only for none of it: what rounds there but is not says `>99.9` or `<0.01`.
 */
export function formatShare(share: number): string {
  const size = Math.abs(share)
  if (size === 0) return '0'
  if (size < 0.0001) return '<0.01'
  if (size < 1 && size > 0.999) return '>99.9'
  const decimals = size < 0.00995 ? 2 : size < 0.0995 || (size < 1 && size >= 0.995) ? 1 : 0
  return signed(share, Math.round(size * 100 * 10 ** decimals), decimals, '')
}

/** dividend / divisor, both non-negative integers, rounded half up without an intermediate fraction. */
function divideRounded(dividend: number, divisor: number): number {
  const remainder = dividend % divisor
  return (dividend - remainder) / divisor + (remainder * 2 >= divisor ? 1 : 0)
}

/** `scaled` / 10^decimals in digits. */
function signed(original: number, scaled: number, decimals: number, group: string): string {
  const digits = String(scaled).padStart(decimals + 1, '0')
  const whole = digits.slice(0, digits.length - decimals)
  const fraction = decimals === 0 ? '' : `.${digits.slice(digits.length - decimals)}`
  const grouped = group === '' ? whole : whole.replace(/\B(?=(\d{3})+$)/g, group)
  return `${original < 0 && scaled !== 0 ? '-' : ''}${grouped}${fraction}`
}

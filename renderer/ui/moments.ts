/**
 * How moments of the open trace are written, as the user set it: in the unit that fits since its start, in ns or seconds since its
 * start, or as the time of day where the trace knows when it began. Only moments of a trace follow it (those that are
 * formatted with the trace's clock); lengths of time and simulated runs do not.
 */

import { shallowRef } from 'vue'
import { formatCount, formatNsIn } from '#shared/base/time.ts'

export type MomentStyle = 'auto' | 'ns' | 's' | 'clock'

export interface Moments {
  readonly style: MomentStyle
  /** Of style `clock`: ns of the day, here, at the trace's start. */
  readonly dayNs: number
}

export const AUTO: Moments = { style: 'auto', dayNs: 0 }
const DAY_NS = 86_400_000_000_000

const current = shallowRef(AUTO)

/** A trace that does not know when it began has no time of day. */
export function setMoments(style: MomentStyle, startUnixNs: string | null | undefined): void {
  const dayNs = style === 'clock' ? dayOf(startUnixNs) : 0
  current.value = dayNs === undefined ? AUTO : { style, dayNs }
}

/** Reactive in templates and computed values. */
export function moments(): Moments {
  return current.value
}

function dayOf(startUnixNs: string | null | undefined): number | undefined {
  if (startUnixNs === null || startUnixNs === undefined || !/^\d+$/.test(startUnixNs)) return undefined
  const ns = BigInt(startUnixNs)
  const minutes = new Date(Number(ns / 1_000_000n)).getTimezoneOffset()
  return Number((ns - BigInt(minutes) * 60_000_000_000n) % BigInt(DAY_NS))
}

/** `14:03:07.123`, with so many digits of the second. */
function dayText(ns: number, { dayNs }: Moments, decimals: number): string {
  const all = (((dayNs + Math.floor(ns)) % DAY_NS) + DAY_NS) % DAY_NS
  const seconds = Math.floor(all / 1e9)
  const two = (value: number): string => String(value).padStart(2, '0')
  const whole = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
  const rest = String(all % 1e9)
    .padStart(9, '0')
    .slice(0, decimals)
  return rest === '' ? whole : `${whole}.${rest}`
}

/** A moment in a style that is not `auto`. */
export function styled(ns: number, how: Moments, decimals: number): string {
  if (how.style === 'ns') return formatCount(ns)
  return how.style === 's' ? formatNsIn(ns, { unit: 's', decimals }) : dayText(ns, how, decimals)
}

/** Behind a styled moment; the time of day needs none. */
export function styleUnit({ style }: Moments): '' | 'ns' | 's' {
  return style === 'ns' || style === 's' ? style : ''
}

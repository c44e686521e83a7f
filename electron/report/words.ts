/** Values as reports spell them: the same words on the page and in plain text. */

import { formatNs, UNKNOWN } from '#shared/base/time.ts'

export function formatTime(ns: number | null): string {
  if (ns === null) return UNKNOWN
  const { value, unit } = formatNs(ns)
  return `${value} ${unit}`
}

/** `+4.2 %`, signed; unknown as a dash. */
export function errorText(error: number | null): string {
  return error === null ? UNKNOWN : `${error > 0 ? '+' : ''}${(error * 100).toFixed(1)} %`
}

export function pText(p: number): string {
  return p < 0.001 ? '< 0.001' : p.toFixed(3)
}

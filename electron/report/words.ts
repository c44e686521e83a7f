/** Values as reports spell them: the same words on the page and in plain text. */

import { timeText, UNKNOWN } from '#shared/base/time.ts'
import type { FidelityRow } from '#shared/contract/whatif.ts'

export function formatTime(ns: number | null): string {
  return ns === null ? UNKNOWN : timeText(ns)
}

/** What one seed alone comes to, lowest and highest. */
export function seedsText({ seedsNs }: FidelityRow): string {
  return seedsNs === null ? UNKNOWN : seedsNs.map(formatTime).join(' to ')
}

/** `+4.2 %`, signed; unknown as a dash. */
export function errorText(error: number | null): string {
  return error === null ? UNKNOWN : `${error > 0 ? '+' : ''}${(error * 100).toFixed(1)} %`
}

export function pText(p: number): string {
  return p < 0.001 ? '< 0.001' : p.toFixed(3)
}

/** Below recordings as they are. */
export const NO_SAFETY =
  'Nothing is known of what the kernels of these recordings could violate: recordings show speed, not safety.'
export const NO_WAITS = 'No wait for a lock is in it.'

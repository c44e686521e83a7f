/**
 * A strategy's slots and switches as answers name them. In a file of its own: a module that serves a thread may be imported
 * for its types only, since whoever loads it in a thread becomes that server.
 */

import type { ResolvedStrategy } from '#shared/sim/strategies/index.ts'

export function slotsOf({ slots, switches }: ResolvedStrategy): Record<string, string> {
  return { ...slots, ...Object.fromEntries(Object.entries(switches).map(([name, value]) => [name, String(value)])) }
}

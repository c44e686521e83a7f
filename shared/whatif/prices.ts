/**
 * Prices a user sets for a replay (`--set wake=20000`): of the machine, whose hand-overs and wake-ups no trace gives to the
 * last ns, or of a step. They stand instead of what was calibrated from the trace; nothing here is fitted.
 */

import { ApiError } from '../base/errors.ts'
import { COSTS } from '../sim/costs.ts'
import { MACHINE } from '../sim/world.ts'

export type Prices = Readonly<Record<string, number>>

export function checkPrices(set: Prices): Prices {
  const known: readonly string[] = [...Object.keys(MACHINE), ...COSTS.map(({ id }) => id)]
  for (const [id, ns] of Object.entries(set)) {
    if (!known.includes(id)) throw new ApiError('unknown-id', `unknown price '${id}'`, `known: ${known.join(', ')}`)
    if (!Number.isInteger(ns) || ns < 0) throw new ApiError('bad-request', `${id}=${ns} is no time in whole ns`)
  }
  return set
}

export function machinePrices(set: Prices): Prices {
  return Object.fromEntries(Object.entries(set).filter(([id]) => id in MACHINE))
}

export function stepPrices(set: Prices): Prices {
  return Object.fromEntries(Object.entries(set).filter(([id]) => !(id in MACHINE)))
}

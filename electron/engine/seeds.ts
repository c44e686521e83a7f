/** The seeds of runs that belong together, counted up from the first. */

import { ApiError } from '#shared/base/errors.ts'

/** Beyond the whole numbers that can be told apart, seeds would repeat and the same run count for several. */
export function seedsFrom(seed: number, count: number): readonly number[] {
  if (seed + (count - 1) <= Number.MAX_SAFE_INTEGER) return Array.from({ length: count }, (_, i) => seed + i)
  throw new ApiError(
    'bad-request',
    `${count} seeds from ${seed} go beyond the last one, ${Number.MAX_SAFE_INTEGER}`,
    `begin at ${Number.MAX_SAFE_INTEGER - count + 1} or before`,
  )
}

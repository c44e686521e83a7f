/**
 * Which points of a scaling forecast count. Large machines end a recording's run at a budget of happenings: the rate of its
 * beginning is known then, and says nothing of what it does last. The curve ends before the first such point, and before the
 * first whose runs all ended in a deadlock.
 */

/** A curve of fewer points is none: then the beginnings are taken for the whole. */
export const FEWEST = 3

export function wholePoints<T extends { readonly whole: boolean; readonly stuck: boolean }>(
  points: readonly T[],
): readonly T[] {
  const stuckAt = points.findIndex(({ stuck }) => stuck)
  const ended = stuckAt === -1 ? points : points.slice(0, stuckAt)
  const end = ended.findIndex(({ whole }) => !whole)
  return end < FEWEST ? ended : ended.slice(0, end)
}

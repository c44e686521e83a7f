/**
 * Which points of a scaling forecast count. Large machines end a recording's run at a budget of happenings: the rate of its
 * beginning is known then, and says nothing of what it does last. The curve ends before the first such point.
 */

/** A curve of fewer points is none: then the beginnings are taken for the whole. */
export const FEWEST = 3

export function wholePoints<T extends { readonly whole: boolean }>(points: readonly T[]): readonly T[] {
  const end = points.findIndex(({ whole }) => !whole)
  return end < FEWEST ? points : points.slice(0, end)
}

/** Binary search, once: where in something sorted a condition begins to hold. */

/** The first index in [from, to) at which `holds` is true, `to` if at none. Once true, it stays true. */
export function firstWhere(from: number, to: number, holds: (at: number) => boolean): number {
  let low = from
  let high = to
  while (low < high) {
    const middle = (low + high) >>> 1
    if (holds(middle)) high = middle
    else low = middle + 1
  }
  return low
}

/** The first index in [from, to) whose value is not below `least`, `to` if there is none. `values` ascend. */
export function lowerBound(values: ArrayLike<number>, least: number, from = 0, to = values.length): number {
  let low = from
  let high = to
  while (low < high) {
    const middle = (low + high) >>> 1
    if (values[middle] < least) low = middle + 1
    else high = middle
  }
  return low
}

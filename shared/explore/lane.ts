/**
 * In which order a search takes what is on its lists. The order decides nothing about what is seen; but several that go through one
 * tree side by side, and leave out what any of them has done with, are to be far from each other: the first takes tasks
 * upwards, the second downwards, and each one more as its number and the depth throw the dice.
 */

import { hashInts } from '../base/prng.ts'

export interface Where {
  /** Which of the searches it is, from 0. */
  readonly lane: number
  readonly depth: number
  /** Who moved last, -1 nobody: up or down from there. */
  readonly last: number
}

/** One of the tasks of a mask that is not empty. */
export function pick(mask: number, { lane, depth, last }: Where): number {
  if (lane === 0) {
    const above = last < 0 ? mask : mask & ~((2 << last) - 1)
    return lowest(above === 0 ? mask : above)
  }
  if (lane === 1) {
    const below = last < 0 ? mask : mask & ((1 << last) - 1)
    return 31 - Math.clz32(below === 0 ? mask : below)
  }
  let left = mask
  for (let skip = hashInts(lane, depth) % count(mask); skip > 0; skip--) left &= left - 1
  return lowest(left)
}

function lowest(mask: number): number {
  return 31 - Math.clz32(mask & -mask)
}

function count(mask: number): number {
  let bits = 0
  for (let left = mask; left !== 0; left &= left - 1) bits++
  return bits
}

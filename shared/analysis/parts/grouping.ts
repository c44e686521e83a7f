/**
 * Grouping rows of columns without an object per row: rows by a key in compressed form, dense ids for pairs of keys,
 * and values by group for exact quantiles. Everything here is a counting sort in disguise: one pass to count, one to place.
 */

import { quantilesInPlace } from '../../base/quantiles.ts'

/** Rows of group g are rows[starts[g] … starts[g + 1]), in the order they came. */
export interface RowGroups {
  readonly starts: Uint32Array
  readonly rows: Uint32Array
}

/** `among` (all rows 0 … keys.length when left out) by keys[row]; rows with a key outside 0 … groups are left out. */
export function groupRows(keys: Uint32Array | Int32Array, groups: number, among?: Uint32Array): RowGroups {
  const starts = new Uint32Array(groups + 1)
  const count = among === undefined ? keys.length : among.length
  for (let i = 0; i < count; i++) {
    const key = keys[among === undefined ? i : among[i]]
    if (key >= 0 && key < groups) starts[key + 1]++
  }
  for (let g = 0; g < groups; g++) starts[g + 1] += starts[g]
  const next = starts.slice(0, groups)
  const rows = new Uint32Array(starts[groups])
  for (let i = 0; i < count; i++) {
    const row = among === undefined ? i : among[i]
    const key = keys[row]
    if (key >= 0 && key < groups) rows[next[key]++] = row
  }
  return { starts, rows }
}

/** Put every group's rows in ascending order of `value` (ties by row). Groups that are in order, the usual case, cost one look. */
export function orderGroups({ starts, rows }: RowGroups, value: Float64Array): void {
  for (let g = 0; g + 1 < starts.length; g++) {
    for (let i = starts[g] + 1; i < starts[g + 1]; i++) {
      if (value[rows[i - 1]] <= value[rows[i]]) continue
      rows.subarray(starts[g], starts[g + 1]).sort((a, b) => value[a] - value[b] || a - b)
      break
    }
  }
}

/** Largest table a PairIds looks up directly (16 MiB); beyond it a Map takes over. */
const DIRECT = 1 << 22

/** Dense ids 0, 1, 2 … for pairs (a, b), 0 <= b < width, in order of first appearance. */
export class PairIds {
  readonly #width: number
  readonly #direct: Int32Array | undefined
  readonly #sparse = new Map<number, number>()
  readonly #keys: number[] = []

  constructor(heights: number, width: number) {
    this.#width = Math.max(1, width)
    const cells = heights * this.#width
    this.#direct = cells <= DIRECT ? new Int32Array(cells).fill(-1) : undefined
  }

  get size(): number {
    return this.#keys.length
  }

  id(a: number, b: number): number {
    const key = a * this.#width + b
    const known = this.#direct === undefined ? (this.#sparse.get(key) ?? -1) : this.#direct[key]
    if (known !== -1) return known
    const id = this.#keys.length
    this.#keys.push(key)
    if (this.#direct === undefined) this.#sparse.set(key, id)
    else this.#direct[key] = id
    return id
  }

  first(id: number): number {
    return Math.floor(this.#keys[id] / this.#width)
  }

  second(id: number): number {
    return this.#keys[id] % this.#width
  }
}

/** Count, sum and extremes of a set of values >= 0, and any quantiles of it. NaN stands for "there are none". */
export interface Distribution {
  readonly count: number
  readonly total: number
  readonly min: number
  readonly max: number
  readonly mean: number
  readonly quantiles: readonly number[]
}

/** Of all of `values`, which may end up in another order. */
export function distributionOf(values: Float64Array, qs: readonly number[]): Distribution {
  let min = Infinity
  let max = -Infinity
  let total = 0
  const count = values.length
  for (let i = 0; i < count; i++) {
    const value = values[i]
    total += value
    if (value < min) min = value
    if (value > max) max = value
  }
  if (count === 0) return { count, total: 0, min: NaN, max: NaN, mean: NaN, quantiles: qs.map(() => NaN) }
  return { count, total, min, max, mean: Math.round(total / count), quantiles: quantilesInPlace(values, qs) }
}

/** Values with a group each; `of` gives the distribution of one group. */
export class GroupedValues {
  readonly #groups: Uint32Array
  readonly #values: Float64Array
  #length = 0
  #starts: Uint32Array | undefined
  #placed: Float64Array | undefined

  /** Room for `most` values: untouched pages cost nothing. */
  constructor(most: number) {
    this.#groups = new Uint32Array(most)
    this.#values = new Float64Array(most)
  }

  add(group: number, value: number): void {
    this.#groups[this.#length] = group
    this.#values[this.#length++] = value
  }

  /** Nothing is added after the first call. */
  of(group: number, groups: number, qs: readonly number[]): Distribution {
    return distributionOf(this.#segment(group, groups), qs)
  }

  #segment(group: number, groups: number): Float64Array {
    if (this.#starts === undefined || this.#placed === undefined) {
      const length = this.#length
      const of = this.#groups
      const values = this.#values
      const starts = new Uint32Array(groups + 1)
      for (let i = 0; i < length; i++) starts[of[i] + 1]++
      for (let g = 0; g < groups; g++) starts[g + 1] += starts[g]
      const next = starts.slice(0, groups)
      const placed = new Float64Array(length)
      for (let i = 0; i < length; i++) placed[next[of[i]]++] = values[i]
      this.#starts = starts
      this.#placed = placed
    }
    return this.#placed.subarray(this.#starts[group], this.#starts[group + 1])
  }
}

/** The `top` of `rows` with the largest value (a column by row, no NaN), largest first, ties by row. */
export function largest(rows: Uint32Array, value: Float64Array, top: number): number[] {
  let kept: Uint32Array = rows
  if (rows.length > top * 2) {
    const values = new Float64Array(rows.length)
    for (let i = 0; i < rows.length; i++) values[i] = value[rows[i]]
    const [least] = quantilesInPlace(values, [(rows.length - top + 0.5) / rows.length])
    kept = rows.filter((row) => value[row] >= least)
  }
  return [...kept].sort((a, b) => value[b] - value[a] || a - b).slice(0, top)
}

/** Rows of a table by a small integer of theirs (a counting sort): two arrays, whatever the number of groups. */

export interface Groups {
  /** The rows of a group, ascending. */
  of(group: number): readonly number[]
}

const NONE: readonly number[] = []

/** Rows whose key is negative or out of range are in no group. */
export function grouped(keys: ArrayLike<number>, length: number, groups: number): Groups {
  const starts = new Uint32Array(groups + 1)
  for (let row = 0; row < length; row++) if (keys[row] >= 0 && keys[row] < groups) starts[keys[row] + 1]++
  for (let group = 0; group < groups; group++) starts[group + 1] += starts[group]
  const rows = new Uint32Array(starts[groups])
  const next = starts.slice()
  for (let row = 0; row < length; row++) {
    const key = keys[row]
    if (key >= 0 && key < groups) rows[next[key]++] = row
  }
  return {
    of: (group) =>
      starts[group] === starts[group + 1] ? NONE : Array.from(rows.subarray(starts[group], starts[group + 1])),
  }
}

/**
 * Puts rows in order that nearly are, as spans by their begin when they came in by their end: those inside a long one stand
 * before it, the rest is in place. Short blocks are put in order by insertion and then merged; what two neighbours have in
 * place already is found by halving and not touched, so that a merge costs what it moves. Rows in order cost one look.
 */

import { firstWhere } from '../base/search.ts'

type InOrder = (a: number, b: number) => boolean

/** Blocks of this many are put in order by insertion. */
const BLOCK = 32

/** `inOrder` is a total order: of two rows it says true for exactly one way round. */
export function orderRows(rows: Uint32Array, inOrder: InOrder): void {
  const { length } = rows
  let at = 1
  while (at < length && inOrder(rows[at - 1], rows[at])) at++
  if (at >= length) return
  // everything before the block of the first stray is in order
  for (let from = at - (at % BLOCK); from < length; from += BLOCK) insert(rows, from, inOrder)
  const spare = new Uint32Array(length)
  for (let width = BLOCK; width < length; width *= 2) {
    for (let from = 0; from + width < length; from += 2 * width) {
      merge({ rows, spare, from, middle: from + width, end: Math.min(length, from + 2 * width) }, inOrder)
    }
  }
}

function insert(rows: Uint32Array, from: number, inOrder: InOrder): void {
  const end = Math.min(rows.length, from + BLOCK)
  for (let i = from + 1; i < end; i++) {
    const row = rows[i]
    let at = i
    while (at > from && !inOrder(rows[at - 1], row)) {
      rows[at] = rows[at - 1]
      at--
    }
    rows[at] = row
  }
}

interface Neighbours {
  readonly rows: Uint32Array
  readonly spare: Uint32Array
  readonly from: number
  readonly middle: number
  readonly end: number
}

function merge({ rows, spare, from, middle, end }: Neighbours, inOrder: InOrder): void {
  const first = rows[middle]
  const last = rows[middle - 1]
  if (inOrder(last, first)) return
  const low = firstWhere(from, middle, (i) => inOrder(first, rows[i]))
  const high = firstWhere(middle, end, (i) => inOrder(last, rows[i]))
  const left = spare.subarray(0, middle - low)
  left.set(rows.subarray(low, middle))
  let b = middle
  let at = low
  for (let a = 0; a < left.length;) rows[at++] = b < high && inOrder(rows[b], left[a]) ? rows[b++] : left[a++]
}

/**
 * Random streams for the model: integers only, from pure-rand's xoroshiro128+ (published test vectors), one stream per
 * name, so that drawing more from one never shifts another. That is what makes two runs comparable draw by draw
 * (common random numbers). There is no global stream and no float.
 */

import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus'

/** 32-bit mix with full avalanche (MurmurHash3's finaliser). */
function mix32(value: number): number {
  let h = value | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** Hash of a few integers; the order matters. */
export function hashInts(...values: readonly number[]): number {
  let h = 0x9e3779b9
  for (const value of values) h = mix32(Math.imul(h, 31) + (value | 0) + 0x7f4a7c15)
  return h
}

export function hashText(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return mix32(h)
}

export interface Stream {
  /** The next 32 bits, 0 … 2^32-1. */
  u32(): number
  /** Uniform integer 0 … n-1, n <= 2^32. Bias below n / 2^32: not for cryptography. */
  below(n: number): number
}

/** The stream of a seed and a name made of integers. Same arguments, same numbers, everywhere. */
export function stream(seed: number, ...name: readonly number[]): Stream {
  const generator = xoroshiro128plusFromState(startOf(seed, name))
  return {
    u32: () => generator.next() >>> 0,
    below: (n) => Math.floor(((generator.next() >>> 0) * n) / 0x1_0000_0000),
  }
}

function startOf(seed: number, name: readonly number[]): [number, number, number, number] {
  const at = hashInts(seed, Math.floor(seed / 0x1_0000_0000), ...name)
  return [mix32(at + 1), mix32(at + 2), mix32(at + 3), mix32(at + 4) | 1]
}

/** Streams a row may have, and has room for at first: an odd number of cache lines, so that rows do not push each other out. */
const COLUMNS = 64
const FIRST_ROOM = 12
const NO_STATES = new Int32Array(0)

/**
 * `stream(seed, row, column)` for many rows and up to 64 columns, their states side by side in one array: a model that
 * draws from thousands of streams in turn would find each of them somewhere else in memory. Columns that are drawn from
 * stand first in their row, in the order of their first draws.
 */
export class StreamTable {
  readonly #seed: number
  /** s01, s00, s11, s10 per stream as pure-rand names them; all 0: not begun. Made with the first draw. */
  #states = NO_STATES
  /** Where a column stands in its row, -1 nowhere yet. */
  readonly #places = new Int8Array(COLUMNS).fill(-1)
  #columns = 0
  /** Streams a row has room for. */
  #room = FIRST_ROOM

  constructor(seed: number) {
    this.#seed = seed
  }

  /** The next 32 bits, 0 … 2^32-1. */
  u32(row: number, column: number): number {
    let place = this.#places[column]
    if (place === -1) place = this.#newColumn(column)
    const at = (row * this.#room + place) * 4
    if (at >= this.#states.length) this.#grow(at)
    const states = this.#states
    if (states[at + 3] === 0 && states[at + 2] === 0 && states[at + 1] === 0 && states[at] === 0) {
      states.set(startOf(this.#seed, [row, column]), at)
    }
    const s01 = states[at]
    const s00 = states[at + 1]
    const s11 = states[at + 2]
    const s10 = states[at + 3]
    const a0 = s10 ^ s00
    const a1 = s11 ^ s01
    states[at] = (s01 << 24) ^ (s00 >>> 8) ^ a1 ^ ((a1 << 16) | (a0 >>> 16))
    states[at + 1] = (s00 << 24) ^ (s01 >>> 8) ^ a0 ^ (a0 << 16)
    states[at + 2] = (a0 << 5) ^ (a1 >>> 27)
    states[at + 3] = (a1 << 5) ^ (a0 >>> 27)
    return (s00 + s10) >>> 0
  }

  #grow(at: number): void {
    const next = new Int32Array(Math.max(this.#states.length * 2, at + this.#room * 4))
    next.set(this.#states)
    this.#states = next
  }

  #newColumn(column: number): number {
    if (this.#columns === this.#room) this.#widen()
    return (this.#places[column] = this.#columns++)
  }

  /** Rows get twice the room and a little, which again is an odd number of lines. */
  #widen(): void {
    const before = this.#room * 4
    const after = (this.#room * 2 + 4) * 4
    const next = new Int32Array(Math.ceil(this.#states.length / before) * after)
    for (let from = 0, to = 0; from < this.#states.length; from += before, to += after) {
      next.set(this.#states.subarray(from, from + before), to)
    }
    this.#states = next
    this.#room = after / 4
  }
}

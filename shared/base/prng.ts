/**
 * Random streams for the model: integers only, from pure-rand's xoroshiro128+ (published test vectors), one stream per
 * name, so that drawing more from one never shifts another. That is what makes two runs comparable draw by draw
 * (common random numbers). There is no global stream and no float.
 */

import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus'

/** 32-bit mix with full avalanche (MurmurHash3's finaliser). */
export function mix32(value: number): number {
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
  const at = hashInts(seed, Math.floor(seed / 0x1_0000_0000), ...name)
  const generator = xoroshiro128plusFromState([mix32(at + 1), mix32(at + 2), mix32(at + 3), mix32(at + 4) | 1])
  return {
    u32: () => generator.next() >>> 0,
    below: (n) => Math.floor(((generator.next() >>> 0) * n) / 0x1_0000_0000),
  }
}

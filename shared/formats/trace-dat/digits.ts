/**
 * Numbers as digits, two at a time, straight into bytes: each function writes at `at` and returns where it ended. Callers
 * have seen to the room; nothing here looks. Numbers of up to 32 bits are kept apart from wider ones, since V8 computes
 * with those as doubles.
 */

const ZERO = 48
const MINUS = 45
/** Most of what a double of nine digits and less divides into. */
const CHUNK = 100_000_000

/** The two digits of 0…99 and of 0…255, as they lie in memory. */
const PAIRS = Uint16Array.from({ length: 100 }, (_, n) => pair(Math.floor(n / 10), n % 10))
const HEX_PAIRS = Uint16Array.from({ length: 256 }, (_, n) => pair(n >> 4, n & 15))

function pair(first: number, second: number): number {
  return digit(first) | (digit(second) << 8)
}

function digit(value: number): number {
  return value < 10 ? ZERO + value : 87 + value
}

/** A whole number that fits 32 bits, signed or not. */
export function putDecimal(to: DataView, at: number, value: number): number {
  if (value < 0) {
    to.setUint8(at, MINUS)
    return putUnsigned(to, at + 1, -value >>> 0)
  }
  return putUnsigned(to, at, value >>> 0)
}

function putUnsigned(to: DataView, at: number, value: number): number {
  if (value < 10) {
    to.setUint8(at, ZERO + value)
    return at + 1
  }
  const end = at + digitsOf(value)
  putDigits(to, end, value, end - at)
  return end
}

function digitsOf(value: number): number {
  if (value < 10_000) return value < 100 ? 2 : value < 1000 ? 3 : 4
  if (value < 1_000_000) return value < 100_000 ? 5 : 6
  if (value < 100_000_000) return value < 10_000_000 ? 7 : 8
  return value < 1_000_000_000 ? 9 : 10
}

/** The last `count` digits of a number of up to 32 bits, ending at `end`. */
function putDigits(to: DataView, end: number, value: number, count: number): void {
  let rest = value
  let at = end
  for (let left = count; left > 1; left -= 2) {
    const next = (rest / 100) >>> 0
    to.setUint16((at -= 2), PAIRS[rest - next * 100], true)
    rest = next
  }
  if ((count & 1) !== 0) to.setUint8(at - 1, ZERO + (rest % 10))
}

/** A whole number with |value| < 2^53. */
export function putWide(to: DataView, at: number, value: number): number {
  if (value < 0) {
    to.setUint8(at, MINUS)
    return putWide(to, at + 1, -value)
  }
  if (value <= 0xffff_ffff) return putUnsigned(to, at, value >>> 0)
  const high = Math.floor(value / CHUNK)
  const end = putUnsigned(to, at, high >>> 0) + 8
  putDigits(to, end, (value - high * CHUNK) >>> 0, 8)
  return end
}

/** An unsigned 64-bit number in hexadecimal, as its halves. */
export function putHex(to: DataView, at: number, high: number, low: number): number {
  if (high === 0) return putHex32(to, at, low)
  const end = putHex32(to, at, high) + 8
  to.setUint16(end - 8, HEX_PAIRS[low >>> 24], true)
  to.setUint16(end - 6, HEX_PAIRS[(low >>> 16) & 255], true)
  to.setUint16(end - 4, HEX_PAIRS[(low >>> 8) & 255], true)
  to.setUint16(end - 2, HEX_PAIRS[low & 255], true)
  return end
}

/** 32 bits of it; the sign does not matter. */
export function putHex32(to: DataView, at: number, value: number): number {
  const count = value === 0 ? 1 : 8 - (Math.clz32(value) >> 2)
  let rest = value
  let left = count
  for (; left > 1; left -= 2) {
    to.setUint16(at + left - 2, HEX_PAIRS[rest & 255], true)
    rest >>>= 8
  }
  if (left === 1) to.setUint8(at, digit(rest & 15))
  return at + count
}

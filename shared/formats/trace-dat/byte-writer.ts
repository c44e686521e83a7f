/**
 * Text as bytes, written number by number: what an event's print format produces, without a string in between. The buffer
 * grows to the longest event seen and is used again for the next; an event's text is cut at limits.lineBytes.
 */

import { limits } from '../../base/limits.ts'

const DIGITS = Uint8Array.from('0123456789abcdef', (c) => c.charCodeAt(0))
const MINUS = 45
const BLANK = 32
const ZERO = 48
/** Below this, doubles count every integer. */
const EXACT = 2 ** 53

/** How a number is laid out: printf's flags and field width. */
export interface NumberLayout {
  readonly width: number
  readonly left: boolean
  readonly zeros: boolean
  readonly plus: boolean
  /** `0x` before hexadecimal numbers. */
  readonly alternate: boolean
}

export class ByteWriter {
  bytes = new Uint8Array(4096)
  at = 0
  /** The text did not fit limits.lineBytes. */
  cut = false
  readonly #digits = new Uint8Array(32)

  reset(): void {
    this.at = 0
    this.cut = false
  }

  /** Room for `count` more bytes; false when the text would become too long. */
  room(count: number): boolean {
    const least = this.at + count
    if (least <= this.bytes.length) return true
    if (least > limits.lineBytes) {
      this.cut = true
      return false
    }
    const grown = new Uint8Array(Math.max(least, this.bytes.length * 2))
    grown.set(this.bytes.subarray(0, this.at))
    this.bytes = grown
    return true
  }

  byte(value: number): void {
    if (this.room(1)) this.bytes[this.at++] = value
  }

  copy(from: Uint8Array, start = 0, end = from.length): void {
    const count = end - start
    if (count <= 0 || !this.room(count)) return
    const { bytes } = this
    let at = this.at
    for (let i = start; i < end; i++) bytes[at++] = from[i]
    this.at = at
  }

  repeat(value: number, count: number): void {
    if (count <= 0 || !this.room(count)) return
    this.bytes.fill(value, this.at, this.at + count)
    this.at += count
  }

  /** A whole number with |value| < 2^53. */
  decimal(value: number): void {
    if (!this.room(24)) return
    const { bytes } = this
    let rest = value
    if (rest < 0) {
      bytes[this.at++] = MINUS
      rest = -rest
    }
    if (rest < 10) {
      bytes[this.at++] = ZERO + rest
      return
    }
    if (rest >= EXACT) {
      this.ascii(String(BigInt(Math.trunc(rest))))
      return
    }
    const digits = this.#digits
    let from = digits.length
    // Small integers divide much faster than doubles.
    while (rest > 0x3fffffff) {
      const tenth = Math.floor(rest / 10)
      digits[--from] = ZERO + (rest - tenth * 10)
      rest = tenth
    }
    let small = rest | 0
    while (small !== 0) {
      const tenth = (small / 10) | 0
      digits[--from] = ZERO + (small - tenth * 10)
      small = tenth
    }
    let at = this.at
    for (let i = from; i < digits.length; i++) bytes[at++] = digits[i]
    this.at = at
  }

  /** An unsigned 64-bit number in hexadecimal, without 0x. */
  hex(high: number, low: number): void {
    if (!this.room(16)) return
    const { bytes } = this
    let at = this.at
    let started = false
    for (let shift = 28; shift >= 0; shift -= 4) {
      const digit = (high >>> shift) & 15
      started ||= digit !== 0
      if (started) bytes[at++] = DIGITS[digit]
    }
    for (let shift = 28; shift >= 0; shift -= 4) {
      const digit = (low >>> shift) & 15
      started ||= digit !== 0 || shift === 0
      if (started) bytes[at++] = DIGITS[digit]
    }
    this.at = at
  }

  /** ASCII letters from `from` on as capitals. */
  capitals(from: number): void {
    for (let i = from; i < this.at; i++) if (this.bytes[i] >= 97 && this.bytes[i] <= 122) this.bytes[i] -= 32
  }

  /** The unsigned 64-bit number at `at`, in hexadecimal. Read here: halves of pointers returned from a call cost memory. */
  hexAt(view: DataView, at: number, little: boolean): void {
    const first = view.getUint32(at, little)
    const second = view.getUint32(at + 4, little)
    this.hex(little ? second : first, little ? first : second)
  }

  /** The 64-bit number at `at`, in decimal. */
  decimalAt(
    view: DataView,
    at: number,
    { little, signed }: { readonly little: boolean; readonly signed: boolean },
  ): void {
    const first = view.getInt32(at, little)
    const second = view.getInt32(at + 4, little)
    const high = little ? second : first
    const low = (little ? first : second) >>> 0
    if (high === 0) this.decimal(low)
    else if (signed || high > 0) {
      const value = high * 4_294_967_296 + low
      if (value < EXACT && value > -EXACT) this.decimal(value)
      else this.ascii(String(view.getBigInt64(at, little)))
    } else this.ascii(String(view.getBigUint64(at, little)))
  }

  ascii(text: string): void {
    if (!this.room(text.length)) return
    for (let i = 0; i < text.length; i++) this.bytes[this.at++] = text.charCodeAt(i)
  }

  /** Pads what was written since `from` to the layout's width. */
  pad(from: number, layout: { readonly width: number; readonly left: boolean; readonly zeros?: boolean }): void {
    const missing = layout.width - (this.at - from)
    if (missing <= 0 || !this.room(missing)) return
    if (layout.left) {
      this.repeat(BLANK, missing)
      return
    }
    const { bytes } = this
    const zeros = layout.zeros === true
    let start = from
    // Zeros go behind a sign or 0x.
    if (zeros && (bytes[start] === MINUS || bytes[start] === 43)) start++
    if (zeros && bytes[start] === ZERO && (bytes[start + 1] | 32) === 120 && this.at - start > 2) start += 2
    bytes.copyWithin(start + missing, start, this.at)
    bytes.fill(zeros ? ZERO : BLANK, start, start + missing)
    this.at += missing
  }
}

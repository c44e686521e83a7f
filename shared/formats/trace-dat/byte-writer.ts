/**
 * Text as bytes, written number by number: what an event's print format produces, without a string in between. The buffer
 * grows to the longest text seen and is used again for the next; a text is cut at limits.lineBytes where nothing else is said.
 */

import { limits } from '../../base/limits.ts'
import { putHex, putWide } from './digits.ts'

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
  /** Over the same bytes. */
  view = new DataView(this.bytes.buffer)
  at = 0
  /** The text did not fit. */
  cut = false
  readonly #most: number

  constructor(most: number = limits.lineBytes) {
    this.#most = most
  }

  reset(): void {
    this.at = 0
    this.cut = false
  }

  /** Room for `count` more bytes; false when the text would become too long. */
  room(count: number): boolean {
    const least = this.at + count
    if (least <= this.bytes.length) return true
    if (least > this.#most) {
      this.cut = true
      return false
    }
    const grown = new Uint8Array(Math.max(least, this.bytes.length * 2))
    grown.set(this.bytes.subarray(0, this.at))
    this.bytes = grown
    this.view = new DataView(grown.buffer)
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
    if (Math.abs(value) >= EXACT) this.ascii(String(BigInt(Math.trunc(value))))
    else this.at = putWide(this.view, this.at, value)
  }

  /** An unsigned 64-bit number in hexadecimal, without 0x. */
  hex(high: number, low: number): void {
    if (this.room(16)) this.at = putHex(this.view, this.at, high, low)
  }

  /** ASCII letters from `from` on as capitals. */
  capitals(from: number): void {
    for (let i = from; i < this.at; i++) if (this.bytes[i] >= 97 && this.bytes[i] <= 122) this.bytes[i] -= 32
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

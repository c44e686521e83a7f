/**
 * Where the writers put their bytes: one growing buffer that the host empties between two steps. Text that is ASCII (names,
 * numbers, keys) is written character by character, which is faster than encoding short strings; payloads are copied as the
 * bytes they are. It knows no format and no file.
 */

import { encodeUtf8 } from '../base/bytes.ts'

const FIRST = 64 * 1024

export class ByteOut {
  bytes = new Uint8Array(FIRST)
  length = 0

  /** Makes sure that `count` more bytes fit. */
  room(count: number): void {
    if (this.length + count <= this.bytes.length) return
    const next = new Uint8Array(Math.max(this.bytes.length * 2, this.length + count))
    next.set(this.bytes.subarray(0, this.length))
    this.bytes = next
  }

  byte(value: number): this {
    this.room(1)
    this.bytes[this.length++] = value
    return this
  }

  /** Any text. */
  text(text: string): this {
    const { length } = text
    this.room(length)
    const { bytes } = this
    let at = this.length
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      if (code >= 0x80) return this.copy(encodeUtf8(text))
      bytes[at++] = code
    }
    this.length = at
    return this
  }

  copy(from: Uint8Array, start = 0, end = from.length): this {
    const count = end - start
    this.room(count)
    // `set` with a view costs more than a loop for the few dozen bytes of a payload.
    if (count > 96) this.bytes.set(from.subarray(start, end), this.length)
    else for (let i = start, at = this.length; i < end; i++, at++) this.bytes[at] = from[i]
    this.length += count
    return this
  }

  /** A whole number in decimal, filled up from the left to `width` with `fill` (a character code). */
  number(value: number, width = 0, fill = 48): this {
    this.room(Math.max(width, 24))
    const { bytes } = this
    let digits = 1
    for (let rest = value; rest >= 10; digits++) rest = Math.floor(rest / 10)
    for (let i = digits; i < width; i++) bytes[this.length++] = fill
    let rest = value
    for (let at = this.length + digits - 1; at >= this.length; at--) {
      const tenth = Math.floor(rest / 10)
      bytes[at] = 48 + (rest - tenth * 10)
      rest = tenth
    }
    this.length += digits
    return this
  }

  /** What was written since the last call. Valid until more is written. */
  take(): Uint8Array {
    const taken = this.bytes.subarray(0, this.length)
    this.length = 0
    return taken
  }
}

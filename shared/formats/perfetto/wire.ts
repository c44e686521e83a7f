/**
 * Fields of a protocol-buffer message, one after another, straight from the bytes. Lengths that lie, numbers that do not end
 * and types nobody has stop the message (`bad`); nothing is read outside it and nothing is thrown.
 */

import { decodeUtf8 } from '../../base/bytes.ts'

const VARINT = 0
const FIXED64 = 1
const BYTES = 2
const FIXED32 = 5
const HIGH = 2 ** 32

export class Wire {
  bytes: Uint8Array = new Uint8Array(0)
  at = 0
  end = 0
  /** Of the field `next` has read. */
  field = 0
  type = 0
  /** A number's halves; for bytes [from, to). */
  lo = 0
  hi = 0
  from = 0
  to = 0
  /** The message broke off at `at`. */
  bad = false

  of(bytes: Uint8Array, from: number, to: number): this {
    this.bytes = bytes
    this.at = from
    this.end = to
    this.bad = false
    return this
  }

  /** False: there is no further field. */
  next(): boolean {
    if (this.at >= this.end || !this.#varint()) return false
    this.type = this.lo & 7
    this.field = (this.hi * HIGH + this.lo - this.type) / 8
    if (this.field < 1 || this.field > 0x1fff_ffff) return this.#stop()
    switch (this.type) {
      case VARINT:
        return this.#varint()
      case FIXED64:
        return this.#fixed(8)
      case FIXED32:
        return this.#fixed(4)
      case BYTES: {
        if (!this.#varint()) return false
        const length = this.hi * HIGH + this.lo
        if (length > this.end - this.at) return this.#stop()
        this.from = this.at
        this.to = this.at += length
        return true
      }
      default:
        return this.#stop()
    }
  }

  /** As uint64, exact to 2^53. */
  get number(): number {
    return this.hi * HIGH + this.lo
  }

  /** As int64 or int32, which are written alike. */
  get signed(): number {
    return (this.hi | 0) * HIGH + this.lo
  }

  get big(): bigint {
    return (BigInt(this.hi) << 32n) | BigInt(this.lo)
  }

  /** As double (fixed64). */
  get double(): number {
    const view = new DataView(new ArrayBuffer(8))
    view.setUint32(0, this.lo, true)
    view.setUint32(4, this.hi, true)
    return view.getFloat64(0, true)
  }

  get text(): string {
    return this.type === BYTES ? decodeUtf8(this.bytes, this.from, this.to) : String(this.number)
  }

  get isMessage(): boolean {
    return this.type === BYTES
  }

  /** The numbers of a packed field, or the one of an unpacked one, into `into`. */
  packed(into: number[], most: number): void {
    if (this.type !== BYTES) {
      if (into.length < most) into.push(this.signed)
      return
    }
    const inner = new Wire().of(this.bytes, this.from, this.to)
    while (inner.at < inner.end && into.length < most && inner.#varint()) into.push(inner.signed)
  }

  #stop(): false {
    this.bad = true
    return false
  }

  #varint(): boolean {
    const { bytes, end } = this
    let lo = 0
    let hi = 0
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.at >= end) return this.#stop()
      const byte = bytes[this.at++]
      if (shift < 28) lo |= (byte & 0x7f) << shift
      else if (shift === 28) {
        lo |= (byte & 0x0f) << 28
        hi = (byte & 0x7f) >>> 4
      } else if (shift < 63) hi |= (byte & 0x7f) << (shift - 32)
      else hi |= (byte & 1) << 31
      if (byte < 0x80) {
        this.lo = lo >>> 0
        this.hi = hi >>> 0
        return true
      }
    }
    return this.#stop()
  }

  #fixed(width: 4 | 8): boolean {
    if (this.end - this.at < width) return this.#stop()
    const { bytes, at } = this
    this.lo = (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0
    this.hi =
      width === 4 ? 0 : (bytes[at + 4] | (bytes[at + 5] << 8) | (bytes[at + 6] << 16) | (bytes[at + 7] << 24)) >>> 0
    this.at += width
    return true
  }
}

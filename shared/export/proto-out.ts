/**
 * Protocol-buffer messages into a ByteOut (https://protobuf.dev/programming-guides/encoding). A message inside another gets
 * its length in four bytes that are filled in when it ends, as Perfetto's own writer does: nothing is written twice.
 */

import type { ByteOut } from './out.ts'

const VARINT = 0
const FIXED64 = 1
const BYTES = 2
/** Four bytes of seven bits. */
const LONGEST = 2 ** 28

export class ProtoOut {
  readonly out: ByteOut

  constructor(out: ByteOut) {
    this.out = out
  }

  /** Returns what `end` wants. */
  begin(field: number): number {
    this.#key(field, BYTES)
    const { out } = this
    out.room(4)
    out.length += 4
    return out.length
  }

  end(from: number): void {
    const { bytes, length } = this.out
    const size = length - from
    if (size >= LONGEST) throw new RangeError('a message of 256 MiB')
    bytes[from - 4] = (size & 0x7f) | 0x80
    bytes[from - 3] = ((size >>> 7) & 0x7f) | 0x80
    bytes[from - 2] = ((size >>> 14) & 0x7f) | 0x80
    bytes[from - 1] = size >>> 21
  }

  /** A whole number; negative ones as int64. */
  number(field: number, value: number): void {
    this.#key(field, VARINT)
    if (value >= 0) this.#varint(value)
    else this.big(BigInt.asUintN(64, BigInt(value)))
  }

  bigNumber(field: number, value: bigint): void {
    this.#key(field, VARINT)
    this.big(value)
  }

  fixed64(field: number, value: number): void {
    this.#key(field, FIXED64)
    let rest = value
    for (let i = 0; i < 8; i++) {
      this.out.byte(rest % 256)
      rest = Math.floor(rest / 256)
    }
  }

  text(field: number, text: string): void {
    const { out } = this
    this.#key(field, BYTES)
    const at = out.length
    out.byte(0).text(text)
    const size = out.length - at - 1
    if (size < 128) {
      out.bytes[at] = size
      return
    }
    // Long ones once more, with room for their length.
    out.length = at
    out.room(4)
    out.length += 4
    const from = out.length
    out.text(text)
    this.end(from)
  }

  big(value: bigint): void {
    let rest = value
    for (; rest > 127n; rest >>= 7n) this.out.byte(Number(rest & 127n) | 0x80)
    this.out.byte(Number(rest))
  }

  #key(field: number, type: number): void {
    this.#varint(field * 8 + type)
  }

  #varint(value: number): void {
    const { out } = this
    out.room(10)
    let rest = value
    while (rest > 127) {
      const high = Math.floor(rest / 128)
      out.bytes[out.length++] = (rest - high * 128) | 0x80
      rest = high
    }
    out.bytes[out.length++] = rest
  }
}

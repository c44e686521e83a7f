/**
 * One row as SQLite's record format has it (section 2 of https://sqlite.org/fileformat2.html): a header of serial types,
 * then the values. Integers take as many bytes as they need, NaN is NULL, 0 and 1 take none. The row is bytes[from, to)
 * until the next `begin`; whoever makes a cell of it may write into the `LEAD` bytes before it, and over it. Values are
 * written where they stay and the header in front of them when it is known: copying a row costs as much as writing it.
 * Only what our tables have: NULL, integers, text, BLOBs.
 */

import { assert } from '#shared/base/assert.ts'

const NULL = 0
const INT8 = 1
const INT16 = 2
const INT24 = 3
const INT32 = 4
const INT48 = 5
const INT64 = 6
const ZERO = 8
const ONE = 9
const BLOB = 12
const TEXT = 13
/** Room for the header: more than any table of ours needs, and a length that is one byte. */
const HEAD = 127
/** Room before the row: a length and an id, as varints. */
const LEAD = 18
/** Where values begin. */
const BODY = LEAD + 1 + HEAD
const LARGEST = 2n ** 63n - 1n

export class RecordWriter {
  bytes = new Uint8Array(4096)
  from = BODY
  to = BODY
  readonly #head = new Uint8Array(HEAD)
  #types = 0

  begin(): this {
    this.#types = 0
    this.to = BODY
    return this
  }

  nothing(): this {
    this.#head[this.#types++] = NULL
    return this
  }

  /** An integer; NaN is NULL. A double beyond 64 bits is written as the nearest integer that fits. */
  integer(value: number): this {
    const body = this.bytes
    let at = this.to
    if ((value | 0) !== value) return this.#wide(value)
    if (value === 0 || value === 1) {
      this.#head[this.#types++] = value === 0 ? ZERO : ONE
      return this
    }
    if (value >= -0x80 && value < 0x80) {
      this.#head[this.#types++] = INT8
      body[at++] = value
    } else if (value >= -0x8000 && value < 0x8000) {
      this.#head[this.#types++] = INT16
      body[at++] = value >> 8
      body[at++] = value
    } else if (value >= -0x80_0000 && value < 0x80_0000) {
      this.#head[this.#types++] = INT24
      body[at++] = value >> 16
      body[at++] = value >> 8
      body[at++] = value
    } else {
      this.#head[this.#types++] = INT32
      body[at++] = value >> 24
      body[at++] = value >> 16
      body[at++] = value >> 8
      body[at++] = value
    }
    this.to = at
    return this
  }

  /** The same of a cell. Read here, it need not become an object on its way, which costs more than all the rest. */
  cell(column: Float64Array, i: number): this {
    const value = column[i]
    if ((value | 0) === value || !(value >= 0 && value < 2 ** 47)) return this.integer(value)
    const high = Math.floor(value / 2 ** 32)
    const low = (value - high * 2 ** 32) | 0
    assert(high * 2 ** 32 + (low >>> 0) === value, 'columns of integers have no fractions')
    this.#put48(high, low)
    return this
  }

  /** -1 (and any other negative number) is NULL. */
  id(value: number): this {
    return value < 0 ? this.nothing() : this.integer(value)
  }

  text(utf8: Uint8Array): this {
    return this.#bytes(utf8, TEXT)
  }

  blob(bytes: Uint8Array): this {
    return this.#bytes(bytes, BLOB)
  }

  /** The row is complete. */
  end(): void {
    const { bytes } = this
    const head = this.#types
    assert(head < HEAD, 'a header of one byte length')
    const from = BODY - head - 1
    bytes[from] = 1 + head
    for (let i = 0, at = from + 1; i < head; i++, at++) bytes[at] = this.#head[i]
    this.from = from
  }

  #wide(value: number): this {
    if (value !== value) return this.nothing()
    assert(Math.trunc(value) === value, 'columns of integers have no fractions')
    if (value >= -(2 ** 47) && value < 2 ** 47) {
      const high = Math.floor(value / 2 ** 32)
      this.#put48(high, (value - high * 2 ** 32) | 0)
    } else {
      const whole = value >= 2 ** 63 ? LARGEST : value <= -(2 ** 63) ? -LARGEST - 1n : BigInt(value)
      this.#head[this.#types++] = INT64
      new DataView(this.bytes.buffer).setBigInt64(this.to, whole)
      this.to += 8
    }
    return this
  }

  #put48(high: number, low: number): void {
    const body = this.bytes
    const at = this.to
    this.#head[this.#types++] = INT48
    body[at] = high >> 8
    body[at + 1] = high
    body[at + 2] = low >>> 24
    body[at + 3] = low >>> 16
    body[at + 4] = low >>> 8
    body[at + 5] = low
    this.to = at + 6
  }

  #bytes(bytes: Uint8Array, type: number): this {
    const { length } = bytes
    // Always room for one more row of numbers, so that those need not ask.
    if (this.to + length + 1024 > this.bytes.length) this.#grow(length)
    if (length > 64) this.bytes.set(bytes, this.to)
    else for (let i = 0, at = this.to; i < length; i++, at++) this.bytes[at] = bytes[i]
    this.to += length
    this.#types = putVarint(this.#head, this.#types, 2 * length + type)
    return this
  }

  #grow(by: number): void {
    const next = new Uint8Array(2 * (this.to + by + 1024))
    next.set(this.bytes.subarray(0, this.to))
    this.bytes = next
  }
}

/** A positive number of up to 49 bits, seven to a byte, the highest first; returns where it ends. */
export function putVarint(bytes: Uint8Array, at: number, value: number): number {
  if (value < 0x80) {
    bytes[at] = value
    return at + 1
  }
  if (value < 0x4000) {
    bytes[at] = 0x80 | (value >> 7)
    bytes[at + 1] = value & 0x7f
    return at + 2
  }
  if (value < 0x20_0000) {
    bytes[at] = 0x80 | (value >> 14)
    bytes[at + 1] = 0x80 | ((value >> 7) & 0x7f)
    bytes[at + 2] = value & 0x7f
    return at + 3
  }
  const end = at + varintBytes(value)
  let rest = value
  for (let i = end - 1; i >= at; i--) {
    bytes[i] = (i === end - 1 ? 0 : 0x80) | (rest % 0x80)
    rest = Math.floor(rest / 0x80)
  }
  return end
}

export function varintBytes(value: number): number {
  if (value < 0x80) return 1
  if (value < 0x4000) return 2
  if (value < 0x20_0000) return 3
  let bytes = 1
  for (let rest = Math.floor(value / 0x80); rest > 0; rest = Math.floor(rest / 0x80)) bytes++
  return bytes
}

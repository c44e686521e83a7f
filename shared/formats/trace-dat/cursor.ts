/**
 * Reading the numbers and strings of a binary header, in the file's byte order, with every step checked against the end:
 * a header that promises more than there is ends in one sentence that names the place.
 */

import { decodeUtf8 } from '../../base/bytes.ts'
import { ApiError } from '../../base/errors.ts'

export class Cursor {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly little: boolean
  /** Where `bytes` begin in the file, and what file it is, for messages. */
  readonly #base: number
  readonly #of: string
  at = 0

  constructor(bytes: Uint8Array, options: { readonly little: boolean; readonly base: number; readonly of?: string }) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.little = options.little
    this.#base = options.base
    this.#of = options.of ?? 'trace.dat'
  }

  get left(): number {
    return this.#bytes.length - this.at
  }

  #take(count: number): number {
    if (count < 0 || count > this.left) {
      throw damage(`it ends at byte ${this.#base + this.#bytes.length}, inside its own description`, this.#of)
    }
    const from = this.at
    this.at += count
    return from
  }

  u8(): number {
    return this.#bytes[this.#take(1)]
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), this.little)
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), this.little)
  }

  /** An offset or size: beyond 2^53 is damage. */
  u64(): number {
    const value = this.#view.getBigUint64(this.#take(8), this.little)
    if (value > BigInt(Number.MAX_SAFE_INTEGER))
      throw damage(`an impossible size at byte ${this.#base + this.at - 8}`, this.#of)
    return Number(value)
  }

  bytes(count: number): Uint8Array {
    const from = this.#take(count)
    return this.#bytes.subarray(from, from + count)
  }

  text(count: number): string {
    const from = this.#take(count)
    return decodeUtf8(this.#bytes, from, from + count)
  }

  /** Up to a NUL, which is taken too. */
  string(): string {
    const end = this.#bytes.indexOf(0, this.at)
    if (end === -1) throw damage(`a text without end at byte ${this.#base + this.at}`, this.#of)
    const text = decodeUtf8(this.#bytes, this.at, end)
    this.at = end + 1
    return text
  }
}

export function damage(what: string, of = 'trace.dat'): ApiError {
  return new ApiError('bad-input', `this ${of} is damaged: ${what}`, 'copy it again, or record anew')
}

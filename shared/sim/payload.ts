/**
 * Payload bytes of simulated events without strings: texts that repeat are encoded once into an arena, what differs from
 * event to event is put together in one reused line.
 */

import { encodeUtf8 } from '../base/bytes.ts'

/** Digits of an address. */
const ADDRESS = 16
/** Of the kernel's direct mapping (Documentation/arch/x86/x86_64/mm.rst), where what is allocated lies. */
const DIRECT_MAPPING = [...'ffff8880'].map((digit) => digit.charCodeAt(0))
const LINE = 64

/** Digit `at` of where a lock would be in memory, a cache line each: stable, and unique per lock. */
function addressDigit(lock: number, at: number): number {
  if (at < DIRECT_MAPPING.length) return DIRECT_MAPPING[at]
  const digit = ((lock * LINE) >>> (4 * (ADDRESS - 1 - at))) & 15
  return digit < 10 ? 0x30 + digit : 0x57 + digit
}

/** The same as a string, made at once: one put together from parts keeps its parts. */
export function addressOf(lock: number): string {
  const digit = (at: number) => addressDigit(lock, at)
  const high = DIRECT_MAPPING
  return String.fromCharCode(
    high[0],
    high[1],
    high[2],
    high[3],
    high[4],
    high[5],
    high[6],
    high[7],
    digit(8),
    digit(9),
    digit(10),
    digit(11),
    digit(12),
    digit(13),
    digit(14),
    digit(15),
  )
}

export class PayloadArena {
  bytes = new Uint8Array(16_384)
  /** Text `id` is bytes[from[id], to[id]). */
  readonly from: number[] = []
  readonly to: number[] = []

  add(text: string): number {
    const at = this.to.length === 0 ? 0 : this.to[this.to.length - 1]
    this.#room(at + text.length)
    let end = at
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code >= 0x80) return this.#encoded(text, at)
      this.bytes[end++] = code
    }
    this.to.push(end)
    return this.from.push(at) - 1
  }

  /** The address of a lock, a blank, and text `rest`: no string is made of it, for a lock per page is many. */
  addAddressed(lock: number, rest: number): number {
    const at = this.to.length === 0 ? 0 : this.to[this.to.length - 1]
    const from = this.from[rest]
    const length = this.to[rest] - from
    this.#room(at + ADDRESS + 1 + length)
    const { bytes } = this
    for (let i = 0; i < ADDRESS; i++) bytes[at + i] = addressDigit(lock, i)
    bytes[at + ADDRESS] = 0x20
    for (let i = 0; i < length; i++) bytes[at + ADDRESS + 1 + i] = bytes[from + i]
    this.to.push(at + ADDRESS + 1 + length)
    return this.from.push(at) - 1
  }

  /** A text with more than ASCII in it: a task's name may be anything. */
  #encoded(text: string, at: number): number {
    const encoded = encodeUtf8(text)
    this.#room(at + encoded.length)
    this.bytes.set(encoded, at)
    this.to.push(at + encoded.length)
    return this.from.push(at) - 1
  }

  #room(least: number): void {
    if (least <= this.bytes.length) return
    const next = new Uint8Array(Math.max(this.bytes.length * 2, least))
    next.set(this.bytes)
    this.bytes = next
  }
}

/** One event's payload, put together from texts of an arena and numbers. */
export class PayloadLine {
  bytes = new Uint8Array(4096)
  length = 0
  readonly #arena: PayloadArena

  constructor(arena: PayloadArena) {
    this.#arena = arena
  }

  clear(): this {
    this.length = 0
    return this
  }

  text(id: number): this {
    const { bytes, from, to } = this.#arena
    const size = to[id] - from[id]
    if (this.length + size > this.bytes.length) this.#grow(this.length + size)
    for (let i = from[id]; i < to[id]; i++) this.bytes[this.length++] = bytes[i]
    return this
  }

  /** A whole number in decimal. */
  number(value: number): this {
    if (this.length + 20 > this.bytes.length) this.#grow(this.length + 20)
    if (value < 0) this.bytes[this.length++] = 0x2d
    let rest = Math.abs(value)
    let digits = 1
    for (let power = 10; power <= rest; power *= 10) digits++
    const end = this.length + digits
    this.length = end
    for (let at = end - 1; digits > 0; digits--, at--) {
      const next = Math.floor(rest / 10)
      this.bytes[at] = 0x30 + (rest - next * 10)
      rest = next
    }
    return this
  }

  #grow(least: number): void {
    const next = new Uint8Array(Math.max(this.bytes.length * 2, least))
    next.set(this.bytes)
    this.bytes = next
  }
}

/**
 * Payload bytes of simulated events without strings: texts that repeat are encoded once into an arena, what differs from
 * event to event is put together in one reused line.
 */

import { encodeUtf8 } from '../base/bytes.ts'

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

/**
 * Chrome trace JSON as a stream of its events, whatever its size: only one event is ever text. Bytes may be cut anywhere.
 * It knows brackets, strings and the names of the outermost object's members; each event, and each member that was asked
 * for, is handed over as the bytes of its JSON. Both forms are read, an array of events and an object with `traceEvents`,
 * and a file that ends early (Chrome leaves the last bracket out when it is killed) up to where it ends.
 */

import { decodeUtf8 } from '../base/bytes.ts'
import { limits } from '../base/limits.ts'

export interface JsonHandler {
  /** The bytes of one event, an object. Valid during the call. */
  event(bytes: Uint8Array, from: number, to: number): void
  /** A member of the outermost object; those that are too large or too deep are passed over. */
  member(key: string, bytes: Uint8Array, from: number, to: number): void
  /** An event that is larger or nested deeper than the limits, or text that is no JSON, at a byte of the input. */
  damage(what: 'too-large' | 'too-deep' | 'no-json', at: number): void
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/** Where it is in the outermost value. */
const START = 0
const EVENTS = 1
const KEY = 2
const VALUE = 3
const DONE = 4

export class JsonEvents {
  /** Bytes read. */
  offset = 0
  readonly #handler: JsonHandler
  #state = START
  #object = false
  #key = ''
  /** Inside a value: how deep, whether in a string, and what of it was in earlier pieces. */
  #depth = 0
  #inside = false
  #began = 0
  #string = false
  #escaped = false
  #tooDeep = false
  #skipping = false
  #carry = new Uint8Array(4096)
  #carried = 0
  #confused = false

  constructor(handler: JsonHandler) {
    this.#handler = handler
  }

  /** The outermost value was closed. */
  get complete(): boolean {
    return this.#state === DONE
  }

  /** Where the value begins that the input ended inside of. */
  get openFrom(): number | undefined {
    return this.#inside ? this.#began : undefined
  }

  push(bytes: Uint8Array): void {
    let at = 0
    if (this.#inside) at = this.#value(bytes, 0, 0)
    while (at < bytes.length) {
      const byte = bytes[at]
      if (byte <= 0x20 || byte === COMMA || byte === COLON || (this.offset + at < 3 && byte > 0x7f)) at++
      else at = this.#token(bytes, at)
    }
    this.offset += bytes.length
  }

  #token(bytes: Uint8Array, at: number): number {
    const byte = bytes[at]
    switch (this.#state) {
      case START:
        if (byte === OPEN_ARRAY) this.#state = EVENTS
        else if (byte === OPEN_OBJECT) {
          this.#object = true
          this.#state = KEY
        } else this.#confuse(at)
        return at + 1
      case EVENTS:
        if (byte === CLOSE_ARRAY) {
          this.#state = this.#object ? KEY : DONE
          return at + 1
        }
        if (byte === OPEN_OBJECT) return this.#begin(bytes, at)
        this.#confuse(at)
        return at + 1
      case KEY:
        if (byte === QUOTE) return this.#begin(bytes, at)
        if (byte === CLOSE_OBJECT) this.#state = DONE
        else this.#confuse(at)
        return at + 1
      case VALUE:
        if (this.#key === 'traceEvents' && byte === OPEN_ARRAY) {
          this.#state = EVENTS
          return at + 1
        }
        return this.#begin(bytes, at)
      default:
        this.#confuse(at)
        return bytes.length
    }
  }

  /** Said once per stretch of what is no JSON. */
  #confuse(at: number): void {
    if (!this.#confused) this.#handler.damage('no-json', this.offset + at)
    this.#confused = true
  }

  #begin(bytes: Uint8Array, at: number): number {
    this.#confused = false
    this.#inside = true
    this.#began = this.offset + at
    this.#depth = 0
    this.#string = this.#escaped = this.#tooDeep = this.#skipping = false
    this.#carried = 0
    return this.#value(bytes, at, at)
  }

  /** Goes on inside a value that begins (or goes on) at `start`; returns where it ends, or the piece's length. */
  #value(bytes: Uint8Array, start: number, at: number): number {
    const end = bytes.length
    let i = at
    while (i < end) {
      if (this.#string) {
        i = this.#inString(bytes, i)
        if (!this.#string && this.#depth === 0) return this.#finish(bytes, start, i)
        continue
      }
      const byte = bytes[i]
      if (byte === QUOTE) this.#string = true
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        if (++this.#depth > limits.jsonDepth) this.#tooDeep = true
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        // A bracket behind a bare word closes what the word stands in.
        if (this.#depth === 0) return this.#finish(bytes, start, i)
        if (--this.#depth === 0) return this.#finish(bytes, start, i + 1)
      } else if (this.#depth === 0 && (byte === COMMA || byte <= 0x20)) return this.#finish(bytes, start, i)
      i++
    }
    this.#keep(bytes, start, end)
    return end
  }

  /** Behind the string's end, or the piece's. */
  #inString(bytes: Uint8Array, at: number): number {
    const end = bytes.length
    let i = at
    while (i < end) {
      if (this.#escaped) this.#escaped = false
      else if (bytes[i] === BACKSLASH) this.#escaped = true
      else if (bytes[i] === QUOTE) {
        this.#string = false
        return i + 1
      }
      i++
    }
    return i
  }

  /** What of a value is in this piece, for the next; a value that is too large is not kept. */
  #keep(bytes: Uint8Array, from: number, to: number): void {
    if (this.#skipping) return
    const length = this.#carried + (to - from)
    if (length > limits.jsonEventBytes) {
      this.#skipping = true
      return
    }
    if (length > this.#carry.length) {
      const next = new Uint8Array(Math.max(length, this.#carry.length * 2))
      next.set(this.#carry.subarray(0, this.#carried))
      this.#carry = next
    }
    this.#carry.set(bytes.subarray(from, to), this.#carried)
    this.#carried = length
  }

  #finish(bytes: Uint8Array, from: number, to: number): number {
    this.#inside = false
    if (this.#carried > 0 || this.#skipping) {
      this.#keep(bytes, from, to)
      this.#give(this.#carry, 0, this.#carried, to)
    } else this.#give(bytes, from, to, to)
    return to
  }

  #give(bytes: Uint8Array, from: number, to: number, ended: number): void {
    const at = this.offset + ended
    if (this.#state === KEY) {
      this.#key = this.#skipping ? '' : decodeUtf8(bytes, from + 1, Math.max(from + 1, to - 1))
      this.#state = VALUE
      return
    }
    const isEvent = this.#state === EVENTS
    if (!isEvent) {
      this.#state = KEY
      if (!this.#skipping && !this.#tooDeep) this.#handler.member(this.#key, bytes, from, to)
      return
    }
    if (this.#skipping || to - from > limits.jsonEventBytes) this.#handler.damage('too-large', at)
    else if (this.#tooDeep) this.#handler.damage('too-deep', at)
    else this.#handler.event(bytes, from, to)
  }
}

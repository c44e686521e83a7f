/**
 * Bytes as the parsers see them. `shared/` has no TextDecoder (it must run the same in Node, workers and Chromium and
 * may not see a host), so UTF-8 is decoded here: invalid sequences become U+FFFD, never an exception.
 * The interner turns a byte slice into a small integer without making a string: it is what lets a text importer run
 * at millions of lines per second.
 */

import { assert } from './assert.ts'
import { ApiError } from './errors.ts'

const REPLACEMENT = 0xfffd

/** Bytes [from, to) as a string; invalid UTF-8 becomes U+FFFD. */
export function decodeUtf8(bytes: Uint8Array, from = 0, to = bytes.length): string {
  let out = ''
  let i = from
  for (;;) {
    const end = asciiEnd(bytes, i, to)
    out += latin(bytes, i, end)
    if (end === to) return out
    const [code, length] = decodeOne(bytes, end, to)
    out += String.fromCodePoint(code)
    i = end + length
  }
}

/** A loop of its own: V8 compiles it while it runs, and what that is part of would be given up at its every end. */
function asciiEnd(bytes: Uint8Array, from: number, to: number): number {
  let i = from
  while (i < to && bytes[i] < 0x80) i++
  return i
}

/** Eight at a time: spreading a slice makes V8 give the function up and compile it again, over and over. */
function latin(b: Uint8Array, from: number, to: number): string {
  let out = ''
  let i = from
  for (; i + 8 <= to; i += 8) {
    out += String.fromCharCode(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6], b[i + 7])
  }
  for (; i < to; i++) out += String.fromCharCode(b[i])
  return out
}

/** Code point and length of the sequence at `at` (its first byte is >= 0x80). */
function decodeOne(bytes: Uint8Array, at: number, to: number): [number, number] {
  const first = bytes[at]
  const length = first >= 0xf0 && first < 0xf5 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 1
  if (length === 1 || first >= 0xf5 || at + length > to) return [REPLACEMENT, 1]
  let code = first & (0x7f >> length)
  for (let k = 1; k < length; k++) {
    const next = bytes[at + k]
    if ((next & 0xc0) !== 0x80) return [REPLACEMENT, 1]
    code = (code << 6) | (next & 0x3f)
  }
  const overlong = code < [0, 0, 0x80, 0x800, 0x10000][length]
  const surrogate = code >= 0xd800 && code < 0xe000
  return overlong || surrogate || code > 0x10ffff ? [REPLACEMENT, 1] : [code, length]
}

/** A string as UTF-8 bytes; lone surrogates become U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  const out: number[] = []
  for (const char of text) {
    let code = char.codePointAt(0) ?? REPLACEMENT
    if (code >= 0xd800 && code < 0xe000) code = REPLACEMENT
    if (code < 0x80) out.push(code)
    else if (code < 0x800) out.push(0xc0 | (code >> 6), 0x80 | (code & 0x3f))
    else if (code < 0x10000) out.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f))
    else out.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 0x3f), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f))
  }
  return Uint8Array.from(out)
}

/** What an interner has before its first slice: a reader makes a dozen of them and uses few. */
const NO_BYTES = new Uint8Array(0)
const NO_NUMBERS = new Uint32Array(0)
const NO_SLICE = Int32Array.of(-1)
const FIRST_BYTES = 1024
const FIRST_SLICES = 64

/**
 * Byte slices to dense ids 0, 1, 2 … in order of first appearance. Open addressing over a byte arena; a look-up
 * allocates nothing.
 */
export class ByteInterner {
  #arena = NO_BYTES
  #used = 0
  #starts = NO_NUMBERS
  #hashes = NO_NUMBERS
  /** A power of two of them, at least twice as many as there are slices. */
  #slots = NO_SLICE
  readonly #max: number
  readonly #what: string
  size = 0

  constructor(what: string, max: number) {
    this.#what = what
    this.#max = max
  }

  /** The id of bytes [from, to); new slices get the next id. */
  intern(bytes: Uint8Array, from: number, to: number): number {
    const hash = hashOf(bytes, from, to)
    const found = this.#lookUp(bytes, from, to, hash)
    return found >= 0 ? found : this.#add(bytes, from, to, hash)
  }

  /** The id of bytes [from, to), or -1 if they were never interned. */
  find(bytes: Uint8Array, from: number, to: number): number {
    return this.#lookUp(bytes, from, to, hashOf(bytes, from, to))
  }

  /** No room for another slice: `intern` of a new one would throw. */
  get full(): boolean {
    return this.size >= this.#max
  }

  text(id: number): string {
    assert(id >= 0 && id < this.size, `${this.#what} ${id} is out of range`)
    return decodeUtf8(this.#arena, this.#starts[id], this.#starts[id + 1])
  }

  /** The id, or -1. */
  #lookUp(bytes: Uint8Array, from: number, to: number, hash: number): number {
    const mask = this.#slots.length - 1
    let slot = hash & mask
    for (;;) {
      const id = this.#slots[slot]
      if (id === -1) return -1
      if (this.#hashes[id] === hash && this.#equals(id, bytes, from, to)) return id
      slot = (slot + 1) & mask
    }
  }

  #equals(id: number, bytes: Uint8Array, from: number, to: number): boolean {
    const start = this.#starts[id]
    if (this.#starts[id + 1] - start !== to - from) return false
    const arena = this.#arena
    for (let i = from, j = start; i < to; i++, j++) if (arena[j] !== bytes[i]) return false
    return true
  }

  #add(bytes: Uint8Array, from: number, to: number, hash: number): number {
    if (this.size >= this.#max) {
      throw new ApiError('limit', `more than ${this.#max} different ${this.#what}`, 'is this really one trace?')
    }
    if ((this.size + 1) * 2 > this.#slots.length) this.#widen()
    const id = this.size++
    const end = this.#used + (to - from)
    if (end > this.#arena.length) this.#arena = grow(this.#arena, Math.max(end, FIRST_BYTES))
    for (let i = from, j = this.#used; i < to; i++, j++) this.#arena[j] = bytes[i]
    if (id + 1 >= this.#starts.length) {
      this.#starts = grow(this.#starts, Math.max(id + 2, FIRST_SLICES))
      this.#hashes = grow(this.#hashes, Math.max(id + 2, FIRST_SLICES))
    }
    this.#starts[id] = this.#used
    this.#starts[id + 1] = end
    this.#hashes[id] = hash
    this.#used = end
    this.#place(id, hash)
    return id
  }

  #place(id: number, hash: number): void {
    const mask = this.#slots.length - 1
    let slot = hash & mask
    while (this.#slots[slot] !== -1) slot = (slot + 1) & mask
    this.#slots[slot] = id
  }

  #widen(): void {
    this.#slots = new Int32Array(Math.max(2 * FIRST_SLICES, this.#slots.length * 2)).fill(-1)
    for (let id = 0; id < this.size; id++) this.#place(id, this.#hashes[id])
  }
}

/** FNV-1a. */
function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193)
  return (hash ^ (hash >>> 15)) >>> 0
}

function grow<T extends Uint8Array | Uint32Array>(old: T, least: number): T {
  const next = new (old.constructor as new (length: number) => T)(Math.max(old.length * 2, least))
  next.set(old)
  return next
}

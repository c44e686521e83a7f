/**
 * Typed access to the fields of one event's payload, straight from the bytes: `key: value`, `key=value` and `key value`
 * in the spellings of tracefs, trace-cmd and perf. A field that is not there is NaN (or undefined), never a guess. The
 * reader makes no string unless asked for one, and allocates nothing when it reads a number.
 */

import { decodeUtf8, encodeUtf8 } from '../base/bytes.ts'

const SPACE = 0x20
const EQUALS = 0x3d
/** Digits that fit a small integer whatever the base. */
const WORD = 6
const HEX_SCALE = Float64Array.from({ length: WORD + 1 }, (_, digits) => 16 ** digits)
const DECIMAL_SCALE = Float64Array.from({ length: WORD + 1 }, (_, digits) => 10 ** digits)
/** Value of a digit by its character; 99 for what is none in any base. */
const DIGITS = new Uint8Array(256).fill(99)
for (let digit = 0; digit < 16; digit++) {
  const character = digit.toString(16)
  DIGITS[character.charCodeAt(0)] = DIGITS[character.toUpperCase().charCodeAt(0)] = digit
}

const keys = new Map<string, Uint8Array>()

/** A key as bytes; made once. */
export function key(name: string): Uint8Array {
  let bytes = keys.get(name)
  if (bytes === undefined) keys.set(name, (bytes = encodeUtf8(name)))
  return bytes
}

/** Numbers of a payload that its reader has without the text. */
export interface KnownNumbers {
  /** What the text has behind a name, read in a base; NaN: only the text can tell. */
  of(name: Uint8Array, base: 10 | 16): number
}

/** A payload that is printed when its text is asked for. */
export interface LaterText {
  /** The text is `bytes` up to `at`, until the next is printed. */
  text(): { readonly bytes: Uint8Array; readonly at: number }
}

/** The second number of `dev MAJOR,MINOR ino INODE`, told only where a payload begins so. */
export const DEV_MINOR = key('dev minor')

export class EventFields {
  #bytes: Uint8Array = new Uint8Array(0)
  #from = 0
  #to = 0
  #later: LaterText | undefined = undefined
  /** record[recordFrom, recordTo): events of one name in which they are the same have the same text. undefined: there is text only. */
  record: Uint8Array | undefined = undefined
  recordFrom = 0
  recordTo = 0
  /** Where `next` looks first: before it are only fields that `next` has read. */
  #cursor = 0
  #known: KnownNumbers | undefined = undefined
  /** Behind the number read last. */
  #numberTo = 0

  of(bytes: Uint8Array, from: number, to: number, known?: KnownNumbers): this {
    this.#known = known
    this.#later = undefined
    this.record = undefined
    this.#over(bytes, from, to)
    return this
  }

  /** Of a record, bytes[from, to), of which `known` perhaps says all that is asked. */
  ofRecord(bytes: Uint8Array, from: number, to: number, known: KnownNumbers | undefined, text: LaterText): this {
    this.#known = known
    this.#later = text
    this.record = bytes
    this.recordFrom = from
    this.recordTo = to
    return this
  }

  get bytes(): Uint8Array {
    if (this.#later !== undefined) this.#print(this.#later)
    return this.#bytes
  }

  get from(): number {
    if (this.#later !== undefined) this.#print(this.#later)
    return this.#from
  }

  /** For a decoder that looks at a part of it. */
  set from(at: number) {
    this.#from = at
  }

  get to(): number {
    if (this.#later !== undefined) this.#print(this.#later)
    return this.#to
  }

  #print(later: LaterText): void {
    this.#later = undefined
    const { bytes, at } = later.text()
    this.#over(bytes, 0, at)
  }

  #over(bytes: Uint8Array, from: number, to: number): void {
    while (to > from && bytes[to - 1] <= SPACE) to--
    while (from < to && bytes[from] === SPACE) from++
    this.#bytes = bytes
    this.#from = this.#cursor = from
    this.#to = to
  }

  /** Where the value of a key begins, -1 if the payload has no such key. The last such key counts for `last`. */
  find(name: Uint8Array, last = false): number {
    const { bytes, from, to } = this
    const length = name.length
    const step = last ? -1 : 1
    for (let i = last ? to - length - 1 : from; i >= from && i + length < to; i += step) {
      if (bytes[i] !== name[0] || (i > from && !isBoundary(bytes[i - 1]))) continue
      let k = 1
      while (k < length && bytes[i + k] === name[k]) k++
      if (k < length) continue
      let at = i + length
      const after = bytes[at]
      if (after !== EQUALS && after !== 0x3a && after !== SPACE) continue
      at++
      while (at < to && bytes[at] === SPACE) at++
      return at
    }
    return -1
  }

  /** A number after a key, in base 10 unless it begins with 0x. */
  number(name: Uint8Array, last = false): number {
    const told = this.told(name, 10)
    return told === told ? told : this.numberAt(this.find(name, last), 10)
  }

  /**
   * The same for a decoder that takes fields in the order they are printed in, each name once: the payload is then read
   * in one go. Fields that stand elsewhere are searched for as ever.
   */
  next(name: Uint8Array, base: 10 | 16 = 10): number {
    const told = this.told(name, base)
    if (told === told) return told
    const { bytes, to } = this
    // Printing sets it.
    const cursor = this.#cursor
    const length = name.length
    let k = 0
    while (k < length && bytes[cursor + k] === name[k]) k++
    let at = cursor + k
    if (k < length || bytes[at] !== EQUALS || ++at >= to) return this.numberAt(this.find(name), base)
    const value = this.numberAt(at, base)
    if (value !== value) return this.numberAt(this.find(name), base)
    at = this.#numberTo
    if (at + 1 < to && bytes[at] === SPACE) this.#cursor = at + 1
    return value
  }

  /** A number after a key that is printed in hexadecimal with or without 0x. */
  hex(name: Uint8Array): number {
    const told = this.told(name, 16)
    return told === told ? told : this.numberAt(this.find(name), 16)
  }

  /** Such a number, if its reader has it; NaN where only the text can tell. */
  told(name: Uint8Array, base: 10 | 16): number {
    return this.#known === undefined ? NaN : this.#known.of(name, base)
  }

  /** 64-bit values are read as signed when `signed`: 0xfffffffffffffff2 is -14. */
  numberAt(at: number, base: 10 | 16, signed = false): number {
    const { bytes, to } = this
    if (at < 0 || at >= to) return NaN
    let i = at
    const negative = bytes[i] === 0x2d
    if (negative) i++
    let radix: number = base
    if (bytes[i] === 0x30 && (bytes[i + 1] | 0x20) === 0x78 && i + 2 < to) {
      radix = 16
      i += 2
    }
    const first = i
    // Up to 12 digits as two small integers: most numbers are addresses, and floats wait for each other at every digit.
    let value = 0
    for (const stop = Math.min(to, i + WORD); i < stop; i++) {
      const digit = DIGITS[bytes[i]]
      if (digit >= radix) break
      value = value * radix + digit
    }
    if (i === first + WORD) {
      let low = 0
      for (const stop = Math.min(to, i + WORD); i < stop; i++) {
        const digit = DIGITS[bytes[i]]
        if (digit >= radix) break
        low = low * radix + digit
      }
      value = value * (radix === 16 ? HEX_SCALE : DECIMAL_SCALE)[i - first - WORD] + low
      if (i === first + 2 * WORD) {
        for (; i < to && DIGITS[bytes[i]] < radix; i++) value = value * radix + DIGITS[bytes[i]]
      }
    }
    this.#numberTo = i
    if (i === first) return NaN
    // Two's complement: only small negative numbers (errnos) matter, and they need exact low bits.
    if (signed && radix === 16 && i - first === 16 && DIGITS[bytes[first]] >= 8) {
      return this.numberAt(i - 8, 16) - 0x1_0000_0000
    }
    return negative ? -value : value
  }

  /** Does the word at `at` (up to a blank) equal `word`? */
  wordIs(at: number, word: Uint8Array): boolean {
    const { bytes, to } = this
    if (at < 0 || at + word.length > to) return false
    for (let k = 0; k < word.length; k++) if (bytes[at + k] !== word[k]) return false
    const end = at + word.length
    return end === to || bytes[end] === SPACE || bytes[end] === 0x2c || bytes[end] === 0x29
  }

  /** Is `word` somewhere in the payload, between separators (blank, comma, bar, parenthesis)? */
  has(word: Uint8Array): boolean {
    const { bytes, from, to } = this
    outer: for (let i = from; i + word.length <= to; i++) {
      if (i > from && !isBoundary(bytes[i - 1])) continue
      for (let k = 0; k < word.length; k++) if (bytes[i + k] !== word[k]) continue outer
      const end = i + word.length
      if (end === to || isBoundary(bytes[end])) return true
    }
    return false
  }

  text(from = this.from, to = this.to): string {
    return decodeUtf8(this.bytes, from, to)
  }
}

function isBoundary(c: number): boolean {
  return c === SPACE || c === 0x2c || c === 0x28 || c === 0x29 || c === 0x7c || c === EQUALS
}

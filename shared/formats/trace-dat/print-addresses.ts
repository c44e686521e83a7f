/**
 * What `%pI4`, `%pI6c`, `%pISpc`, `%pM` and `%pU` spell out: addresses of networks and UUIDs (lib/vsprintf.c: ip_addr_string,
 * mac_address_string, uuid_string). Only the letters that occur in the kernel's events; others are left to the caller to refuse.
 */

import type { ByteWriter } from './byte-writer.ts'

/** Byte `i` of the address; 0 beyond what the record has. */
type ByteAt = (i: number) => number
export type Spelling = (to: ByteWriter, byte: ByteAt) => void

/** The letters behind `%p`, and what they say. */
export interface Spelt {
  readonly letters: string
  readonly spelling: Spelling
}

const COLON = 58
const DASH = 45
/** include/linux/socket.h */
const AF_INET = 2
const AF_INET6 = 10

const LETTERS = /^(?:I4|I6c?|IS[pc]*|M|U[bBlL]?)(?![a-zA-Z])/

/** undefined: no address follows. */
export function spellingOf(letters: string, little: boolean): Spelt | undefined {
  const found = LETTERS.exec(letters)?.[0]
  if (found === undefined) return undefined
  return { letters: found, spelling: spelling(found, little) }
}

function spelling(letters: string, little: boolean): Spelling {
  if (letters === 'I4') return ip4
  if (letters === 'I6') return ip6
  if (letters === 'M') return mac
  if (letters === 'I6c') return ip6Compressed
  if (letters.startsWith('IS'))
    return socketAddress(letters.includes('p'), letters.includes('c') ? ip6Compressed : ip6, little)
  return uuid(letters[1] === 'l' || letters[1] === 'L' ? GUID : UUID, letters[1] === 'B' || letters[1] === 'L')
}

function from(byte: ByteAt, offset: number): ByteAt {
  return (i) => byte(offset + i)
}

function ip4(to: ByteWriter, byte: ByteAt): void {
  for (let i = 0; i < 4; i++) {
    if (i > 0) to.ascii('.')
    to.decimal(byte(i))
  }
}

function hexByte(to: ByteWriter, value: number): void {
  if (value < 16) to.ascii('0')
  to.hex(0, value)
}

function mac(to: ByteWriter, byte: ByteAt): void {
  for (let i = 0; i < 6; i++) {
    if (i > 0) to.byte(COLON)
    hexByte(to, byte(i))
  }
}

function ip6(to: ByteWriter, byte: ByteAt): void {
  for (let i = 0; i < 16; i++) {
    if (i > 0 && i % 2 === 0) to.byte(COLON)
    hexByte(to, byte(i))
  }
}

/** lib/vsprintf.c: ip6_compressed_string. */
function ip6Compressed(to: ByteWriter, byte: ByteAt): void {
  const words = Array.from({ length: 8 }, (_, i) => (byte(2 * i) << 8) | byte(2 * i + 1))
  const mapped = words.slice(0, 5).every((word) => word === 0) && words[5] === 0xffff
  const isatap = (words[4] | 0x0200) === 0x0200 && words[5] === 0x5efe
  const range = mapped || isatap ? 6 : 8
  const [gap, length] = longestZeros(words.slice(0, range))
  let colon = false
  for (let i = 0; i < range; i++) {
    if (i === gap) {
      to.ascii(colon || i === 0 ? '::' : ':')
      colon = false
      i += length - 1
      continue
    }
    if (colon) to.byte(COLON)
    to.hex(0, words[i])
    colon = true
  }
  if (range === 8) return
  if (colon) to.byte(COLON)
  ip4(to, from(byte, 12))
}

/** Where the longest run of at least two zeros begins, the first of equal ones; -1 for none. */
function longestZeros(words: readonly number[]): readonly [number, number] {
  let best: readonly [number, number] = [-1, 1]
  for (let i = 0; i < words.length; i++) {
    let length = 0
    while (i + length < words.length && words[i + length] === 0) length++
    if (length > best[1]) best = [i, length]
  }
  return best
}

function socketAddress(port: boolean, six: Spelling, little: boolean): Spelling {
  return (to, byte) => {
    const family = little ? byte(0) | (byte(1) << 8) : (byte(0) << 8) | byte(1)
    if (family !== AF_INET && family !== AF_INET6) return to.ascii('(einval)')
    if (family === AF_INET) ip4(to, from(byte, 4))
    else {
      if (port) to.ascii('[')
      six(to, from(byte, 8))
      if (port) to.ascii(']')
    }
    if (!port) return
    to.byte(COLON)
    to.decimal((byte(2) << 8) | byte(3))
  }
}

const UUID = Array.from({ length: 16 }, (_, i) => i)
const GUID = [3, 2, 1, 0, 5, 4, 7, 6, ...UUID.slice(8)]

function uuid(order: readonly number[], capitals: boolean): Spelling {
  return (to, byte) => {
    const start = to.at
    order.forEach((at, i) => {
      if (i === 4 || i === 6 || i === 8 || i === 10) to.byte(DASH)
      hexByte(to, byte(at))
    })
    if (capitals) to.capitals(start)
  }
}

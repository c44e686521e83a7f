/**
 * A leaf page of a table's b-tree while it is filled: cells from the page's end downwards, their offsets from its start
 * upwards, in the order of their ids (1.6 of https://sqlite.org/fileformat2.html). A cell is what SQLite calls one: the
 * row's length, its id, its bytes.
 */

import { PAGE_BYTES } from './page-file.ts'

const LEAF = 13
const HEADER = 8

export class Leaf {
  readonly bytes = new Uint8Array(PAGE_BYTES)
  count = 0
  /** Id of the last cell; -1 while there is none. */
  last = -1
  #top = PAGE_BYTES

  /** False: there is no room. */
  add(id: number, from: Uint8Array, at: number, length: number): boolean {
    const top = this.#top - length
    const { bytes, count } = this
    const pointer = HEADER + 2 * count
    if (top < pointer + 2) return false
    if (length > 128) bytes.set(from.subarray(at, at + length), top)
    else for (let i = 0; i < length; i++) bytes[top + i] = from[at + i]
    bytes[pointer] = top >> 8
    bytes[pointer + 1] = top
    this.#top = top
    this.count = count + 1
    this.last = id
    return true
  }

  /** The page as the file has it. Its bytes are valid until `clear`. */
  finished(): Uint8Array {
    const { bytes, count } = this
    bytes[0] = LEAF
    bytes[1] = bytes[2] = bytes[7] = 0
    bytes[3] = count >> 8
    bytes[4] = count
    bytes[5] = this.#top >> 8
    bytes[6] = this.#top
    bytes.fill(0, HEADER + 2 * count, this.#top)
    return bytes
  }

  clear(): void {
    this.count = 0
    this.last = -1
    this.#top = PAGE_BYTES
  }
}

/** The cells of a leaf page in their order, one at a time: an object for each would cost more than copying it. */
export class CellWalk {
  /** The cell `next` has come to. */
  id = -1
  at = 0
  length = 0
  readonly #page: Uint8Array
  readonly #count: number
  #next = 0

  constructor(page: Uint8Array) {
    this.#page = page
    this.#count = (page[3] << 8) | page[4]
  }

  /** False: that was the last one. */
  next(): boolean {
    if (this.#next === this.#count) return false
    const page = this.#page
    const pointer = HEADER + 2 * this.#next++
    const at = (page[pointer] << 8) | page[pointer + 1]
    const payload = varint(page, at)
    const id = varint(page, payload.to)
    this.id = id.value
    this.at = at
    this.length = id.to - at + localBytes(payload.value)
    return true
  }
}

const MOST = PAGE_BYTES - 35
const LEAST = Math.floor(((PAGE_BYTES - 12) * 32) / 255) - 23

/** How much of a row lies on its leaf, the number of its first overflow page included. */
function localBytes(length: number): number {
  return length <= MOST ? length : localPart(length) + 4
}

/** How much of a row's own bytes lies on its leaf. */
export function localPart(length: number): number {
  if (length <= MOST) return length
  const part = LEAST + ((length - LEAST) % (PAGE_BYTES - 4))
  return part <= MOST ? part : LEAST
}

function varint(bytes: Uint8Array, from: number): { readonly value: number; readonly to: number } {
  let value = 0
  let at = from
  for (; bytes[at] >= 0x80; at++) value = value * 0x80 + (bytes[at] & 0x7f)
  return { value: value * 0x80 + bytes[at], to: at + 1 }
}

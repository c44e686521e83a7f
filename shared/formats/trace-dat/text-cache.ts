/**
 * Texts of records that were printed lately. Most lock, scheduler and mmap_lock records of a trace are equal byte for byte
 * but for time and task, and finding a text again costs a quarter of printing it. Each event type has a small table of its
 * own, made once it has come often, and given up when too few of its records come again (a fault's address is new each time).
 * A text depends on nothing but the record's own fields; formats that print common fields are never kept.
 */

import type { ByteWriter } from './byte-writer.ts'
import type { Write } from './print-program.ts'
import type { RecordView } from './record.ts'

/** Bytes before a record's own fields: type, flags, preempt count, pid. */
export const COMMON_BYTES = 8
const SLOTS = 1024
const KEY = 96
const TEXT = 256
/** Records of a type before it gets a table, and look-ups before it is judged. */
const OFTEN = 1000
const JUDGED = 4000
const WORTH = 0.5

export function remembered(write: Write, record: RecordView): Write {
  let seen = 0
  let table: TextTable | undefined
  let wanted = true
  return (to) => {
    if (!wanted) {
      write(to)
      return
    }
    if (table === undefined) {
      if (++seen >= OFTEN) table = new TextTable()
      write(to)
      return
    }
    table.write(to, record, write)
    if (table.lookups < JUDGED) return
    wanted = table.hits >= WORTH * table.lookups
    if (!wanted) table = undefined
    else table.hits = table.lookups = 0
  }
}

class TextTable {
  hits = 0
  lookups = 0
  readonly #keys = new Uint8Array(SLOTS * KEY)
  readonly #keyView = new DataView(this.#keys.buffer)
  /** 0: an empty slot. */
  readonly #keyLength = new Uint8Array(SLOTS)
  readonly #texts = new Uint8Array(SLOTS * TEXT)
  readonly #textLength = new Uint16Array(SLOTS)

  write(to: ByteWriter, record: RecordView, print: Write): void {
    const from = record.at + COMMON_BYTES
    const length = record.end - from
    // Records are whole words long.
    if (length <= 0 || length > KEY || (length & 3) !== 0) {
      print(to)
      return
    }
    this.lookups++
    const { view } = record
    let hash = length
    for (let i = from; i < record.end; i += 4)
      hash = Math.imul(hash ^ view.getInt32(i, true), 0x9e37_79b1) ^ (hash >>> 15)
    const slot = (hash ^ (hash >>> 16)) & (SLOTS - 1)
    if (this.#keyLength[slot] === length && this.#same(view, from, slot * KEY, length)) {
      this.hits++
      to.copy(this.#texts, slot * TEXT, slot * TEXT + this.#textLength[slot])
      return
    }
    const start = to.at
    print(to)
    const text = to.at - start
    if (text > TEXT || to.cut) return
    for (let i = 0; i < length; i += 4) this.#keyView.setInt32(slot * KEY + i, view.getInt32(from + i, true), true)
    this.#keyLength[slot] = length
    this.#texts.set(to.bytes.subarray(start, to.at), slot * TEXT)
    this.#textLength[slot] = text
  }

  #same(view: DataView, from: number, key: number, length: number): boolean {
    const keys = this.#keyView
    for (let i = 0; i < length; i += 4) if (view.getInt32(from + i, true) !== keys.getInt32(key + i, true)) return false
    return true
  }
}

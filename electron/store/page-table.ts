/**
 * The b-tree of one table of a new file, made from its leaves up: rows come nearly in the order of their ids, leaves are
 * appended full, the pages above them at the end. Spans come when they finish and are numbered when they begin, so rows
 * wait for lower ids until these are `WINDOW` behind; what comes later still (a call that slept for long) is put on the
 * leaf it belongs to afterwards. Memory is bounded: by the window, and by how many late rows are collected.
 */

import { lowerBound } from '#shared/base/search.ts'
import { assert } from '#shared/base/assert.ts'
import { CellWalk, Leaf, localPart } from './page-leaf.ts'
import { PAGE_BYTES, putUint32, type PageFile } from './page-file.ts'
import { putVarint, varintBytes, type RecordWriter } from './record.ts'

/** Ids a row waits for; a power of two. Of 16 times as many the waiting rows would be out of the cache when their turn comes. */
const WINDOW = 4096
const LATE_BYTES = 4 * 1024 * 1024
/** Tidying looks at every slot: an arena that holds few cells is tidied too often. */
const FIRST_ARENA = 512 * 1024
const INTERIOR = 5
const INTERIOR_HEADER = 12
/** Children of a page above the leaves: 4 bytes of page number, up to 9 of id, 2 of offset each. */
const CHILDREN = Math.floor((PAGE_BYTES - INTERIOR_HEADER) / 15)

/** A row that came after its leaf was written. */
interface LateRow {
  readonly id: number
  readonly cell: Uint8Array
}

export class PageTable {
  readonly #file: PageFile
  readonly #root: number
  /** The leaf at the end, and the pages and last ids of those before it. */
  readonly #leaf = new Leaf()
  readonly #pages: number[] = []
  readonly #lasts: number[] = []
  /** The cell that is added: #cell[#at, #at + #length). */
  #cell = new Uint8Array(0)
  #at = 0
  #length = 0
  /** The lowest id that may still be appended. */
  #next = 0
  #highest = -1
  readonly #waiting = new Waiting()
  #late: LateRow[] = []
  /** For the leaf that late rows are put on, before and after. */
  readonly #read = new Uint8Array(PAGE_BYTES)
  readonly #spare = new Leaf()
  #lateBytes = 0

  /** `root`: the page of the empty table as SQLite made it. */
  constructor(file: PageFile, root: number) {
    this.#file = file
    this.#root = root
  }

  /** The row in `record`. An id comes once. */
  add(id: number, record: RecordWriter): void {
    this.#encode(id, record)
    if (id > this.#highest) this.#highest = id
    if (id === this.#next) {
      this.#append(id, this.#cell, this.#at, this.#length)
      this.#next++
      this.#follow()
    } else if (id < this.#next) this.#comesLate(id)
    else {
      if (id - this.#next >= WINDOW) this.#giveUpWaiting(id - WINDOW + 1)
      if (id === this.#next) return this.#readd(id)
      this.#waiting.put(id, this.#cell, this.#at, this.#length)
    }
  }

  /** No more rows. */
  finish(): void {
    this.#giveUpWaiting(this.#highest + 1)
    this.#settleLate()
    if (this.#pages.length === 0) {
      if (this.#leaf.count > 0) this.#file.rewrite(this.#root, this.#leaf.finished())
      return
    }
    this.#close(this.#leaf)
    this.#buildUp()
  }

  #readd(id: number): void {
    this.#append(id, this.#cell, this.#at, this.#length)
    this.#next = id + 1
    this.#follow()
  }

  /** Ids below `to` are waited for no longer. */
  #giveUpWaiting(to: number): void {
    for (; this.#next < to; this.#next++) this.#takeWaiting(this.#next)
    this.#follow()
  }

  #follow(): void {
    while (this.#takeWaiting(this.#next)) this.#next++
  }

  #takeWaiting(id: number): boolean {
    const waiting = this.#waiting
    const length = waiting.take(id)
    if (length === 0) return false
    this.#append(id, waiting.bytes, waiting.at, length)
    return true
  }

  #append(id: number, from: Uint8Array, at: number, length: number): void {
    if (this.#leaf.add(id, from, at, length)) return
    this.#close(this.#leaf)
    this.#leaf.clear()
    assert(this.#leaf.add(id, from, at, length), 'a cell fits an empty page')
  }

  #close(leaf: Leaf): void {
    this.#lasts.push(leaf.last)
    this.#pages.push(this.#file.append(leaf.finished()))
  }

  /** The row becomes a cell where it is: its length and its id in front, its rest in overflow pages where it is long. */
  #encode(id: number, { bytes, from, to }: RecordWriter): void {
    const length = to - from
    const at = from - varintBytes(length) - varintBytes(id)
    putVarint(bytes, putVarint(bytes, at, length), id)
    const local = from + localPart(length)
    if (local < to) putUint32(bytes, local, this.#file.appendChain(bytes.subarray(local, to)))
    this.#cell = bytes
    this.#at = at
    this.#length = (local < to ? local + 4 : to) - at
  }

  #comesLate(id: number): void {
    const cell = this.#cell.slice(this.#at, this.#at + this.#length)
    this.#late.push({ id, cell })
    this.#lateBytes += cell.length
    if (this.#lateBytes > LATE_BYTES) this.#settleLate()
  }

  /** Late rows go to the leaves they belong to; a leaf that gets too full becomes several. */
  #settleLate(): void {
    const late = this.#late.sort((a, b) => a.id - b.id)
    this.#late = []
    this.#lateBytes = 0
    const added: { readonly index: number; readonly pages: readonly number[]; readonly lasts: readonly number[] }[] = []
    for (let from = 0; from < late.length;) {
      const index = lowerBound(this.#lasts, late[from].id)
      let to = from + 1
      while (to < late.length && (index === this.#lasts.length || late[to].id <= this.#lasts[index])) to++
      const rows = late.slice(from, to)
      from = to
      if (index < this.#pages.length) added.push({ index, ...this.#spread(index, rows) })
      else this.#mixIn(rows)
    }
    // From the end, so that places before it stay.
    for (const { index, pages, lasts } of added.reverse()) {
      this.#pages.splice(index, 1, ...pages)
      this.#lasts.splice(index, 1, ...lasts)
    }
  }

  /** Rows among those of a leaf that was written: its page is used again, others are appended. */
  #spread(index: number, rows: readonly LateRow[]): { readonly pages: number[]; readonly lasts: number[] } {
    const pages: number[] = []
    const lasts: number[] = []
    const page = this.#pages[index]
    const leaf = this.#spare
    const close = () => {
      lasts.push(leaf.last)
      if (pages.length > 0) pages.push(this.#file.append(leaf.finished()))
      else {
        pages.push(page)
        this.#file.rewrite(page, leaf.finished())
      }
      leaf.clear()
    }
    mix(this.#file.read(page, this.#read), rows, (id, from, at, length) => {
      if (leaf.add(id, from, at, length)) return
      close()
      leaf.add(id, from, at, length)
    })
    close()
    return { pages, lasts }
  }

  /** Rows among those of the leaf at the end. */
  #mixIn(rows: readonly LateRow[]): void {
    const there = this.#leaf.finished().slice()
    this.#leaf.clear()
    mix(there, rows, (id, from, at, length) => this.#append(id, from, at, length))
  }

  /** Pages above the leaves, level by level, and last the root. */
  #buildUp(): void {
    let pages: readonly number[] = this.#pages
    let lasts: readonly number[] = this.#lasts
    while (pages.length > CHILDREN) {
      const parts = Math.ceil(pages.length / CHILDREN)
      const above: { page: number; last: number }[] = []
      for (let part = 0; part < parts; part++) {
        const from = Math.floor((part * pages.length) / parts)
        const to = Math.floor(((part + 1) * pages.length) / parts)
        const page = this.#file.append(interior(pages.slice(from, to), lasts.slice(from, to)))
        above.push({ page, last: lasts[to - 1] })
      }
      pages = above.map(({ page }) => page)
      lasts = above.map(({ last }) => last)
    }
    this.#file.rewrite(this.#root, interior(pages, lasts))
  }
}

/** A page that says under which of its children an id is: the last child has no id, it has what is left. */
function interior(pages: readonly number[], lasts: readonly number[]): Uint8Array {
  const page = new Uint8Array(PAGE_BYTES)
  const count = pages.length - 1
  let top = PAGE_BYTES
  const cell = new Uint8Array(13)
  for (let i = 0; i < count; i++) {
    putUint32(cell, 0, pages[i])
    const length = putVarint(cell, 4, lasts[i])
    top -= length
    page.set(cell.subarray(0, length), top)
    page[INTERIOR_HEADER + 2 * i] = top >> 8
    page[INTERIOR_HEADER + 2 * i + 1] = top
  }
  page[0] = INTERIOR
  page[3] = count >> 8
  page[4] = count
  page[5] = top >> 8
  page[6] = top
  putUint32(page, 8, pages[count])
  return page
}

/** The cells of a page and further rows, in the order of their ids. */
function mix(
  page: Uint8Array,
  rows: readonly LateRow[],
  put: (id: number, from: Uint8Array, at: number, length: number) => void,
): void {
  const walk = new CellWalk(page)
  let more = walk.next()
  for (const { id, cell } of rows) {
    for (; more && walk.id < id; more = walk.next()) put(walk.id, page, walk.at, walk.length)
    put(id, cell, 0, cell.length)
  }
  for (; more; more = walk.next()) put(walk.id, page, walk.at, walk.length)
}

/** Cells whose turn has not come, by id modulo the window, in one arena that is tidied when it is full. */
class Waiting {
  bytes = new Uint8Array(FIRST_ARENA)
  /** Where the cell `take` found begins. */
  at = 0
  readonly #at = new Int32Array(WINDOW)
  /** 0: none. */
  readonly #length = new Int32Array(WINDOW)
  #used = 0
  #alive = 0

  put(id: number, cell: Uint8Array, from: number, length: number): void {
    if (this.#used + length > this.bytes.length) this.#tidy(length)
    const slot = id % WINDOW
    const { bytes } = this
    this.#at[slot] = this.#used
    this.#length[slot] = length
    for (let i = from, at = this.#used; i < from + length; i++, at++) bytes[at] = cell[i]
    this.#used += length
    this.#alive += length
  }

  /** The cell's length, and `at`; 0 if it is not here. It is gone then, and its bytes are valid until the next `put`. */
  take(id: number): number {
    const slot = id % WINDOW
    const length = this.#length[slot]
    if (length === 0) return 0
    this.at = this.#at[slot]
    this.#length[slot] = 0
    this.#alive -= length
    if (this.#alive === 0) this.#used = 0
    return length
  }

  #tidy(more: number): void {
    const from = this.bytes
    if (2 * (this.#alive + more) > from.length) this.bytes = new Uint8Array(Math.max(2 * from.length, 4 * more))
    else this.bytes = new Uint8Array(from.length)
    this.#used = 0
    for (let slot = 0; slot < WINDOW; slot++) {
      const length = this.#length[slot]
      if (length === 0) continue
      this.bytes.set(from.subarray(this.#at[slot], this.#at[slot] + length), this.#used)
      this.#at[slot] = this.#used
      this.#used += length
    }
  }
}

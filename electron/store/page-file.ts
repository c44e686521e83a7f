/**
 * Appends pages to an SQLite file that no connection has open: how a new file gets its millions of rows. Going through
 * SQL costs a microsecond per row, almost all of it binding and bytecode; a row that is appended needs neither. The
 * layout is SQLite's published one (https://sqlite.org/fileformat2.html), which is stable since 2004. Pages are numbered
 * as they are appended and written many at a time; only the caller knows what is on them. It never touches the schema.
 */

import { closeSync, fdatasync, openSync, readSync, writeSync } from 'node:fs'
import { assert } from '#shared/base/assert.ts'

/** Bytes of a page of the files we make. */
export const PAGE_BYTES = 16_384
/** Bytes of a page of overflow that carry content: the rest is the number of the next one. */
const OVERFLOW_BYTES = PAGE_BYTES - 4
/** SQLite locks bytes from here on; the page they lie on is never used (1.6 of the format's description). */
const LOCK_PAGE = 0x4000_0000 / PAGE_BYTES + 1
/** Offsets in the file's header: page size, size of the file in pages. */
const HEADER_PAGE_BYTES = 16
const HEADER_PAGES = 28
const BUFFERED = 64
/** Bytes after which the disk is asked to begin: what it has by the end nobody waits for then. */
const SYNC_BYTES = 8 * 1024 * 1024

export class PageFile {
  readonly #fd: number
  readonly #buffer = new Uint8Array(BUFFERED * PAGE_BYTES)
  /** Number of the buffer's first page, and how many pages are in it. */
  #first: number
  #filled = 0
  #unsynced = 0
  #syncing = false
  #closed = false

  constructor(path: string) {
    this.#fd = openSync(path, 'r+')
    const header = Buffer.alloc(100)
    readSync(this.#fd, header, 0, 100, 0)
    assert(header.readUInt16BE(HEADER_PAGE_BYTES) === PAGE_BYTES, 'a new file has the page size we write')
    this.#first = header.readUInt32BE(HEADER_PAGES) + 1
    this.#skipLockPage()
  }

  /** The number of the page the next `append` makes. */
  get next(): number {
    return this.#first + this.#filled
  }

  /** A copy of `page` at the end of the file; returns its number. */
  append(page: Uint8Array): number {
    this.#buffer.set(page, this.#filled * PAGE_BYTES)
    return this.#take()
  }

  /** Content too long for its place, as a chain of pages; returns the first one's number. */
  appendChain(content: Uint8Array): number {
    const first = this.next
    for (let at = 0; at < content.length; at += OVERFLOW_BYTES) {
      const part = content.subarray(at, at + OVERFLOW_BYTES)
      const page = this.#buffer.subarray(this.#filled * PAGE_BYTES, (this.#filled + 1) * PAGE_BYTES)
      page.set(part, 4)
      page.fill(0, 4 + part.length)
      const number = this.next
      const last = at + OVERFLOW_BYTES >= content.length
      putUint32(page, 0, last ? 0 : number + 1 === LOCK_PAGE ? number + 2 : number + 1)
      this.#take()
    }
    return first
  }

  /** A page written before, or one SQLite made, into `page`. */
  read(number: number, page: Uint8Array): Uint8Array {
    if (number >= this.#first) this.#flush()
    const got = readSync(this.#fd, page, 0, PAGE_BYTES, (number - 1) * PAGE_BYTES)
    assert(got === PAGE_BYTES, 'a page of the file is whole')
    return page
  }

  rewrite(number: number, page: Uint8Array): void {
    if (number >= this.#first) this.#flush()
    this.#write(page, number)
  }

  /** Everything is in the file, and the file says how long it is. */
  close(): void {
    this.#flush()
    const pages = new Uint8Array(4)
    const last = this.#first - 1
    putUint32(pages, 0, last === LOCK_PAGE ? last - 1 : last)
    writeAll(this.#fd, pages, HEADER_PAGES)
    this.abandon()
  }

  /** The file is given up. */
  abandon(): void {
    this.#closed = true
    if (!this.#syncing) closeSync(this.#fd)
  }

  #take(): number {
    const number = this.#first + this.#filled++
    if (this.#filled === BUFFERED || number + 1 === LOCK_PAGE) this.#flush()
    return number
  }

  #flush(): void {
    if (this.#filled === 0) return
    this.#write(this.#buffer.subarray(0, this.#filled * PAGE_BYTES), this.#first)
    this.#first += this.#filled
    this.#filled = 0
    this.#skipLockPage()
  }

  #skipLockPage(): void {
    if (this.#first === LOCK_PAGE) this.#first++
  }

  #write(bytes: Uint8Array, page: number): void {
    writeAll(this.#fd, bytes, (page - 1) * PAGE_BYTES)
    this.#unsynced += bytes.length
    if (this.#unsynced >= SYNC_BYTES && !this.#syncing) this.#sync()
  }

  /** Only to be early: whoever needs the bytes on disk syncs the whole file, and hears of it if that fails. */
  #sync(): void {
    this.#syncing = true
    this.#unsynced = 0
    fdatasync(this.#fd, () => {
      this.#syncing = false
      if (this.#closed) closeSync(this.#fd)
    })
  }
}

function writeAll(fd: number, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at, bytes.length - at, position + at)
}

export function putUint32(page: Uint8Array, at: number, value: number): void {
  page[at] = value >>> 24
  page[at + 1] = value >>> 16
  page[at + 2] = value >>> 8
  page[at + 3] = value
}

/**
 * An address_space: per index nothing, a page-cache page, or a DAX entry (one word: flags and block). Entry and folio locks
 * are single bits with hashed wait queues; who is woken when is policy slot P7 (`wake`), so the wait queues are here and
 * the decisions in policies/wake.ts. Entry flags follow fs/dax.c: LOCKED, PMD, ZERO, EMPTY.
 */

import type { SimLock } from './locks.ts'
import { WaitQueue } from './locks.ts'
import type { Vma } from './mm.ts'

export const ENTRY_NONE = 0
const PRESENT = 1
const LOCKED = 2
const PMD = 4
const ZERO_PAGE = 8
const EMPTY = 16
const SHIFT = 32

export type Entry = number

export function emptyEntry(pmd: boolean): Entry {
  return PRESENT + EMPTY + (pmd ? PMD : 0)
}

export function zeroEntry(pmd: boolean): Entry {
  return PRESENT + ZERO_PAGE + (pmd ? PMD : 0)
}

export function blockEntry(block: number, pmd: boolean): Entry {
  return PRESENT + (pmd ? PMD : 0) + block * SHIFT
}

export function isLocked(entry: Entry): boolean {
  return (entry & LOCKED) !== 0
}

export function isPmdEntry(entry: Entry): boolean {
  return (entry & PMD) !== 0
}

export function isZeroEntry(entry: Entry): boolean {
  return (entry & ZERO_PAGE) !== 0
}

export function isEmptyEntry(entry: Entry): boolean {
  return (entry & EMPTY) !== 0
}

/** Block of an entry that maps one; undefined for none, empty and zero-page entries. */
export function entryBlock(entry: Entry): number | undefined {
  if ((entry & PRESENT) === 0 || (entry & (ZERO_PAGE | EMPTY)) !== 0) return undefined
  return Math.floor(entry / SHIFT)
}

export function locked(entry: Entry): Entry {
  return isLocked(entry) ? entry : entry + LOCKED
}

export function unlocked(entry: Entry): Entry {
  return isLocked(entry) ? entry - LOCKED : entry
}

/** A page-cache page. `detached` is `page->mapping == NULL`: it was removed while someone waited for its lock. */
export interface Page {
  readonly number: number
  readonly index: number
  readonly lock: SimLock
  uptodate: boolean
  dirty: boolean
  writeback: boolean
  detached: boolean
  /** Block its buffers point to, -1 none. */
  block: number
  readonly content: Int32Array
}

export class AddressSpace {
  readonly inode: number
  readonly pages: number
  /** DAX entries by index; a PMD entry stands at the first index of its range. */
  readonly entries: Float64Array
  readonly dirty: Uint8Array
  readonly toWrite: Uint8Array
  readonly cache = new Map<number, Page>()
  /** Every page there ever was, by number (PTEs name pages by number). */
  readonly allPages: Page[] = []
  readonly vmas: Vma[] = []
  readonly xaLock: SimLock
  readonly immap: SimLock
  readonly invalidateLock: SimLock
  /** Pseudo-lock all entry locks of the mapping are shown under; one per index is made when first needed. */
  readonly #queues = new Map<number, WaitQueue>()
  truncateCount = 0
  /** seqschedlock: sequence, and writers inside. */
  sequence = 0
  writers = 0

  constructor(options: {
    readonly inode: number
    readonly pages: number
    readonly xaLock: SimLock
    readonly immap: SimLock
    readonly invalidateLock: SimLock
  }) {
    this.inode = options.inode
    this.pages = options.pages
    this.xaLock = options.xaLock
    this.immap = options.immap
    this.invalidateLock = options.invalidateLock
    this.entries = new Float64Array(options.pages)
    this.dirty = new Uint8Array(options.pages)
    this.toWrite = new Uint8Array(options.pages)
  }

  /** Hashed wait queue of an index. */
  queue(index: number): WaitQueue {
    let queue = this.#queues.get(index)
    if (queue === undefined) {
      queue = new WaitQueue('entry')
      this.#queues.set(index, queue)
    }
    return queue
  }
}

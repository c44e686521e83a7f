/**
 * An address_space: per index nothing, a page-cache page, or a DAX entry (one word: flags and block). Entry and folio locks
 * are single bits with hashed wait queues; who is woken when is policy slot P7 (`wake`), so the wait queues are here and
 * the decisions in policies/wake.ts. Entry flags follow fs/dax.c: LOCKED, PMD, ZERO, EMPTY.
 */

import type { Kernel } from './kernel.ts'
import { ANNOTATED, FOLIO, WaitQueue, type SimLock } from './locks.ts'
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

export function isPresent(entry: Entry): boolean {
  return (entry & PRESENT) !== 0
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
  /** Among the dirty pages that dirtiers are held back for (dirtying.ts). */
  counted: boolean
  writeback: boolean
  detached: boolean
  /** PTEs that map it. */
  mapped: number
  /** References of tasks at work on it: they keep its number, and invalidation does not ask for them. */
  references: number
  /** References that keep it without mapping it. */
  refs: number
  /** Block its buffers point to, -1 none. */
  block: number
  /** A zeroed page that stands for a hole of a DAX file (until 4.13). */
  hole: boolean
  /** For `see`: its bytes; the next number is how often it is mapped, the one after what it is (dirty, uptodate, in the file). */
  readonly object: number
  readonly content: Int32Array
}

const NO_LOCKS = new Int32Array(0)

export class AddressSpace {
  readonly inode: number
  readonly pages: number
  /** DAX entries by index; a PMD entry stands at the first index of its range. */
  readonly entries: Float64Array
  readonly dirty: Uint8Array
  readonly toWrite: Uint8Array
  readonly cache = new Map<number, Page>()
  /** Every page there ever was, by number (PTEs name pages by number). */
  readonly allPages: (Page | undefined)[] = []
  readonly vmas: Vma[] = []
  readonly immap: SimLock
  readonly invalidateLock: SimLock
  truncateCount = 0
  /** Restartable unmaps begun. */
  walks = 0
  /** seqschedlock: sequence, and writers inside. */
  sequence = 0
  writers = 0
  /** The 2008 seqcount of XIP's sparse page. */
  xipSequence = 0
  readonly truncateObject: number
  /** The tree of VMAs, for `see`. */
  readonly vmasObject: number
  readonly writebackDone = new WaitQueue('writeback')
  readonly #kernel: Kernel
  readonly #slots: number
  readonly #freeNumbers: number[] = []
  /** By index, made when first needed; not grown, because tasks begin far apart and an array with large gaps is a hash map. */
  #queues: (WaitQueue | undefined)[] = []
  /** Numbers of what entry locks are shown as, plus 1, by index: objects all over an array are each looked for by the garbage collector. */
  #entryLocks = NO_LOCKS

  constructor(options: {
    readonly kernel: Kernel
    readonly inode: number
    readonly pages: number
    readonly slots: number
    readonly immap: SimLock
    readonly invalidateLock: SimLock
  }) {
    this.#kernel = options.kernel
    this.#slots = options.slots
    this.inode = options.inode
    this.pages = options.pages
    this.immap = options.immap
    this.invalidateLock = options.invalidateLock
    this.truncateObject = options.kernel.objects(1)
    this.vmasObject = options.kernel.objects(1)
    this.entries = new Float64Array(options.pages)
    this.dirty = new Uint8Array(options.pages)
    this.toWrite = new Uint8Array(options.pages)
  }

  /** Has anybody ever slept at an index? */
  hasQueue(index: number): boolean {
    return this.#queues.length > 0 && this.#queues[index] !== undefined
  }

  /** Wait queue of an index: 4096 hashed queues in the kernel, and no two indices of one file share one here. */
  queue(index: number): WaitQueue {
    if (this.#queues.length === 0) this.#queues = new Array<WaitQueue | undefined>(this.pages).fill(undefined)
    return (this.#queues[index] ??= new WaitQueue('entry'))
  }

  entryLock(index: number): SimLock {
    if (this.#entryLocks.length === 0) this.#entryLocks = new Int32Array(this.pages)
    const known = this.#entryLocks[index]
    if (known > 0) return this.#kernel.locks[known - 1]
    const lock = this.#kernel.newLock('dax entry', ANNOTATED, this.inode)
    this.#entryLocks[index] = lock.id + 1
    return lock
  }

  /** A new page, in the cache at its index. */
  addPage(index: number): Page {
    const number = this.#freeNumbers.pop() ?? this.allPages.length
    const page: Page = {
      number,
      index,
      lock: this.#kernel.newLock('folio', FOLIO, this.inode),
      object: this.#kernel.objects(3),
      uptodate: false,
      dirty: false,
      counted: false,
      writeback: false,
      detached: false,
      mapped: 0,
      references: 0,
      refs: 0,
      block: -1,
      hole: false,
      content: new Int32Array(this.#slots),
    }
    this.allPages[number] = page
    this.cache.set(index, page)
    return page
  }

  /** `page->mapping = NULL`: out of the cache; gone for good when nobody maps it. */
  detach(page: Page): void {
    page.detached = true
    if (this.cache.get(page.index) === page) this.cache.delete(page.index)
    this.drop(page)
  }

  /** The number of a detached page nobody maps may name another page. */
  drop(page: Page): void {
    if (!page.detached || page.mapped > 0 || page.refs > 0 || this.allPages[page.number] !== page) return
    this.allPages[page.number] = undefined
    this.#freeNumbers.push(page.number)
  }
}

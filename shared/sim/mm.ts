/**
 * Address spaces: VMAs, PTEs, PMD entries, TLBs. A VMA keeps one integer per page; loads and stores that find a suitable
 * PTE take no lock and cost nothing, which is why every race matters: once a wrong PTE exists nobody is consulted again.
 * A removed PTE stays usable by other CPUs until the shootdown that follows has ended (`stale`).
 */

import type { SimLock } from './locks.ts'
import type { Tag } from './content.ts'

export const PTE_NONE = 0
const KIND_FILE = 1
const KIND_ZERO = 2
const KIND_ANON = 3
const KIND_PAGE = 4
const WRITABLE = 8
const DIRTY = 16
const SHIFT = 32

/**
 * A PTE: kind in the low bits, what it points to above. `file` a pmem block, `page` a page-cache page of the mapping (its
 * number), `zero` the shared zero page, `anon` a private copy (its number in the mm).
 */
export type Pte = number

export function filePte(block: number, writable: boolean, dirty = writable): Pte {
  return KIND_FILE + (writable ? WRITABLE : 0) + (dirty ? DIRTY : 0) + block * SHIFT
}

export function pagePte(page: number, writable: boolean, dirty = writable): Pte {
  return KIND_PAGE + (writable ? WRITABLE : 0) + (dirty ? DIRTY : 0) + page * SHIFT
}

export function anonPte(copy: number): Pte {
  return KIND_ANON + WRITABLE + DIRTY + copy * SHIFT
}

export const ZERO_PTE: Pte = KIND_ZERO

export function pteKind(pte: Pte): 'none' | 'file' | 'zero' | 'anon' | 'page' {
  switch (pte & 7) {
    case KIND_FILE:
      return 'file'
    case KIND_ZERO:
      return 'zero'
    case KIND_ANON:
      return 'anon'
    case KIND_PAGE:
      return 'page'
    default:
      return 'none'
  }
}

export function pteTarget(pte: Pte): number {
  return Math.floor(pte / SHIFT)
}

export function pteWritable(pte: Pte): boolean {
  return (pte & WRITABLE) !== 0
}

/** Do both map the same thing, whatever may be done with it? */
export function samePlace(a: Pte, b: Pte): boolean {
  return a !== PTE_NONE && writeProtected(a) === writeProtected(b)
}

/** The same PTE without write permission and clean: what writeback's write-protect leaves. */
export function writeProtected(pte: Pte): Pte {
  return pte - (pte & WRITABLE) - (pte & DIRTY)
}

export function writable(pte: Pte): Pte {
  return writeProtected(pte) + WRITABLE + DIRTY
}

export const PAGES_PER_PMD = 512

/** `pmds` value of the huge zero page. */
export const HUGE_ZERO = -2

/** Pages whose PTEs are counted together. */
const GROUP = 64

const NO_PTES = new Float64Array(0)
const NO_COUNTS = new Uint8Array(0)

/**
 * The PTEs of all VMAs of a world, one VMA's after the other's: of an array of its own each VMA would have to find where that is
 * first, and a VMA that comes round once in hundreds finds nothing of it in the cache.
 */
export class PteTable {
  ptes = NO_PTES
  /** How many of a group's there are: a walk passes over what is empty. */
  filled = NO_COUNTS
  #end = 0

  /** Room for a VMA's: where it begins, which is where a group does. */
  room(pages: number): number {
    const from = this.#end
    this.#end += Math.ceil(pages / GROUP) * GROUP
    if (this.#end > this.ptes.length) this.#grow(Math.max(this.#end, this.ptes.length * 2))
    return from
  }

  #grow(length: number): void {
    const { ptes, filled } = this
    this.ptes = new Float64Array(length)
    this.ptes.set(ptes)
    this.filled = new Uint8Array(length / GROUP)
    this.filled.set(filled)
  }
}

export class Vma {
  readonly id: number
  readonly mm: Mm
  readonly inode: number
  /** First page of the file it maps. */
  readonly pgoff: number
  readonly pages: number
  readonly shared: boolean
  readonly sync: boolean
  /** 2 MiB entries are tried first. */
  readonly pmd: boolean
  readonly #table: PteTable
  /** Where the PTE of page 0 of the file would stand in the table. */
  readonly #shift: number
  /** Cleared PTEs that other CPUs' TLBs may still hold, until the shootdown ends; made when first needed. */
  stale: Float64Array | undefined
  staleCount = 0
  /** vm_truncate_count: the restartable walk that has finished with it, or else the page at which one stopped (-1 none). */
  walkMark = 0
  restartAt = -1
  /** Per PMD range: the block a 2 MiB entry maps from, -1 none, -2 the huge zero page. */
  readonly pmds: Int32Array
  readonly pmdWritable: Uint8Array
  readonly ptl: SimLock
  /** Per-VMA lock (6.4), where there is one. */
  readonly lock: SimLock | undefined
  /** Per page, for `see`. */
  readonly object: number

  constructor(options: {
    readonly id: number
    readonly mm: Mm
    readonly inode: number
    readonly pgoff: number
    readonly pages: number
    readonly shared: boolean
    readonly sync: boolean
    readonly pmd: boolean
    readonly ptl: SimLock
    readonly object: number
    readonly lock?: SimLock | undefined
    readonly table: PteTable
  }) {
    this.id = options.id
    this.mm = options.mm
    this.inode = options.inode
    this.pgoff = options.pgoff
    this.pages = options.pages
    this.shared = options.shared
    this.sync = options.sync
    this.pmd = options.pmd
    this.ptl = options.ptl
    this.object = options.object
    this.lock = options.lock
    this.#table = options.table
    this.#shift = options.table.room(options.pages) - options.pgoff
    const ranges = Math.ceil(options.pages / PAGES_PER_PMD)
    this.pmds = new Int32Array(ranges).fill(-1)
    this.pmdWritable = new Uint8Array(ranges)
  }

  covers(index: number): boolean {
    return index >= this.pgoff && index < this.pgoff + this.pages
  }

  /** Of its pages, as they stand; a VMA made later may make it a copy. */
  get ptes(): Float64Array {
    const from = this.placeOf(this.pgoff)
    return this.#table.ptes.subarray(from, from + this.pages)
  }

  /** Of a page's PTE among those of all VMAs. */
  placeOf(index: number): number {
    return this.#shift + index
  }

  pte(index: number): Pte {
    return this.#table.ptes[this.#shift + index]
  }

  /** What the page tables say: of a 2 MiB entry, or of the table. */
  walk(index: number): Pte {
    const huge = this.pmd ? this.hugePte(index) : PTE_NONE
    return huge === PTE_NONE ? this.pte(index) : huge
  }

  set(index: number, pte: Pte): void {
    const { ptes, filled } = this.#table
    const at = this.#shift + index
    const before = ptes[at] === PTE_NONE ? 0 : 1
    ptes[at] = pte
    filled[Math.floor(at / GROUP)] += (pte === PTE_NONE ? 0 : 1) - before
  }

  /** The next page from `index` on that has a PTE; `end`: none before it. */
  nextMapped(index: number, end: number): number {
    const { ptes, filled } = this.#table
    const last = this.#shift + end
    for (let at = this.#shift + index; at < last; at++) {
      if (filled[Math.floor(at / GROUP)] === 0) at += GROUP - 1 - (at % GROUP)
      else if (ptes[at] !== PTE_NONE) return at - this.#shift
    }
    return end
  }

  /** Number of its 2 MiB range. */
  range(index: number): number {
    return Math.floor((index - this.pgoff) / PAGES_PER_PMD)
  }

  /** What a 2 MiB entry maps at an index, as a PTE; PTE_NONE if there is none. */
  hugePte(index: number): Pte {
    const range = this.range(index)
    const block = this.pmds[range]
    if (block === -1) return PTE_NONE
    if (block === HUGE_ZERO) return ZERO_PTE
    return filePte(block + ((index - this.pgoff) % PAGES_PER_PMD), this.pmdWritable[range] === 1)
  }

  /** The PTE of an index, for `see`: where 2 MiB entries are tried, all of its range. */
  seen(index: number): number {
    const at = index - this.pgoff
    return this.object + (this.pmd ? at - (at % PAGES_PER_PMD) : at)
  }
}

export class Mm {
  readonly id: number
  readonly mmapLock: SimLock
  readonly vmas: Vma[] = []
  /** Private copies: content per slot. A copy nothing maps any more gives its number to the next. */
  readonly copies: Int32Array[] = []
  readonly #unused: number[] = []
  /** Made by a fault that has not mapped them yet, and may never. */
  readonly #unmapped = new Set<number>()
  /** Tasks that run in it: how many CPUs a shootdown must reach. */
  users = 0

  constructor(id: number, mmapLock: SimLock) {
    this.id = id
    this.mmapLock = mmapLock
  }

  /** `instead`: the copy an earlier try of the same fault made, -1 none. */
  newCopy(slots: readonly Tag[], instead = -1): number {
    this.dropUnmapped(instead)
    const number = this.#unused.pop() ?? this.copies.push(new Int32Array(slots.length)) - 1
    this.copies[number].set(slots)
    this.#unmapped.add(number)
    return number
  }

  copyMapped(number: number): void {
    this.#unmapped.delete(number)
  }

  /** A fault is over: a copy it made and did not map is gone. */
  dropUnmapped(number: number): void {
    if (this.#unmapped.delete(number)) this.#unused.push(number)
  }

  /** No PTE and no TLB has it any more. */
  copyGone(number: number): void {
    this.#unused.push(number)
  }

  vmaAt(inode: number, index: number): Vma | undefined {
    return this.vmas.find((vma) => vma.inode === inode && vma.covers(index))
  }
}

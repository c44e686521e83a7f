/**
 * The oracle of a running world: cheap hooks where state changes, each judging the invariants that change could break
 * (DOMAIN.md 5.1). A run without it is faster and says nothing about safety.
 */

import { counted } from '../../base/time.ts'
import { asksPage } from '../dirtying.ts'
import { blockOf, HOLE, isMapped } from '../extents.ts'
import type { Inode } from '../inode.ts'
import type { WaitQueue } from '../locks.ts'
import type { Page } from '../mapping.ts'
import { PAGES_PER_PMD, PTE_NONE, pteKind, pteTarget, type Pte, type Vma } from '../mm.ts'
import type { World } from '../world.ts'
import { ContentOracle } from './content.ts'
import { Promises } from './promises.ts'

/** V18: tries after which an operation is said to make no progress. A search has no time to lose. */
const TRIES = { timed: 1_000, search: 24 }

const endOf = ({ number, size }: Inode): string => `the end of inode ${number} (${counted(size, 'page', '')})`

export class Checks {
  readonly content: ContentOracle
  /** What survives power cuts by promise; undefined where nobody judges them. */
  promises: Promises | undefined
  readonly #world: World
  /** PTEs per block, those that only TLBs still hold included. */
  readonly #mapped: Int32Array
  /** Times a block was zeroed since its allocation. */
  readonly #zeroed: Uint8Array
  readonly #tries: number

  /** `tries` instead of a search's own number. */
  constructor(world: World, tries: number = TRIES.search) {
    this.#world = world
    this.content = new ContentOracle(world)
    this.#mapped = new Int32Array(world.device.blocks)
    this.#zeroed = new Uint8Array(world.device.blocks)
    this.#tries = world.k.timed ? TRIES.timed : tries
    if (!world.k.timed) this.keepPromises()
  }

  /** From now on what fsync promised is kept in mind (V15). */
  keepPromises(): void {
    this.promises ??= new Promises(this.content, this.#world.device.slots)
  }

  /** A removal or a move of pages begins: either outcome is right, and nothing promised about them holds. */
  removalBegins(inode: Inode, span: { readonly from: number; readonly to: number }): void {
    this.content.begin(inode, span)
    this.promises?.end(inode, span)
  }

  // ---- blocks (V1, V20, V16) ----

  allocated(block: number): void {
    this.#zeroed[block] = 0
    this.#notMapped(block, 'is handed out again')
  }

  /** Taken out of the file. */
  freed(block: number): void {
    this.#notMapped(block, 'is freed')
  }

  /** Its transaction has committed. */
  reusable(block: number): void {
    this.#notMapped(block, 'may be reused')
  }

  /** Stands at another page of its file now. */
  moved(block: number): void {
    this.#notMapped(block, 'moves')
  }

  #notMapped(block: number, what: string): void {
    this.#world.k.touch(this.#world.space.ownerObject(block), true)
    const ptes = this.#mapped[block]
    if (ptes === 0) return
    const map = ptes === 1 ? '1 PTE maps it' : `${ptes} PTEs map it`
    this.#world.k.report('V1', `block ${block} ${what} while ${map}`)
  }

  zeroed(block: number): void {
    this.changed('data')
    if (++this.#zeroed[block] === 2) {
      this.#world.k.report('V20', `${this.#world.k.current.comm} zeroes block ${block} a second time`)
    }
  }

  changed(what: 'metadata' | 'data'): void {
    const { frozen, frozenObject, k } = this.#world
    k.touch(frozenObject, false)
    if (frozen) k.report('V16', `${k.current.comm} changes ${what} of a frozen filesystem`)
  }

  // ---- page tables (V1, V2, V9, V19) ----

  pteSet(vma: Vma, index: number, pte: Pte): void {
    if (pteKind(pte) === 'file') this.#maps(vma, index, pteTarget(pte))
    const { inodes, k } = this.#world
    const inode = inodes[vma.inode - 1]
    if (!this.#isBeyondEnd(inode, index)) return
    k.report('V2', `${k.current.comm} maps page ${index} beyond ${endOf(inode)}, and truncate has returned`)
  }

  /** And nothing is under way that makes it so, or will have made it so. */
  #isBeyondEnd(inode: Inode, index: number): boolean {
    this.#world.k.touch(inode.sizeObject, false)
    return index >= inode.size && !this.content.isBusy(inode, index)
  }

  pteGone(_vma: Vma, _index: number, pte: Pte): void {
    if (pteKind(pte) === 'file') this.#mappedBy(pteTarget(pte), -1)
  }

  /** Those who map and unmap a block do not see each other, so they read what whoever frees it changes. */
  #mappedBy(block: number, by: number): void {
    const { k } = this.#world
    k.touch(this.#world.space.ownerObject(block), false)
    this.#mapped[block] += by
  }

  #maps(vma: Vma, index: number, block: number): void {
    const { allocator, k } = this.#world
    this.#mappedBy(block, 1)
    if (allocator.owns(vma.inode, index, block)) return
    const owner = allocator.ownerOf(block)
    const whose = owner === undefined ? 'nobody' : `page ${owner.index} of inode ${owner.inode}`
    k.report(
      'V1',
      `${k.current.comm} maps block ${block} at page ${index} of inode ${vma.inode}; it belongs to ${whose}`,
    )
  }

  pmdSet(vma: Vma, range: number): void {
    for (let i = 0; i < PAGES_PER_PMD; i++) this.#maps(vma, vma.pgoff + range * PAGES_PER_PMD + i, vma.pmds[range] + i)
  }

  pmdGone(vma: Vma, range: number): void {
    if (vma.pmds[range] < 0) return
    for (let i = 0; i < PAGES_PER_PMD; i++) this.#mappedBy(vma.pmds[range] + i, -1)
  }

  pteUnderPmd(vma: Vma, index: number): void {
    const { k } = this.#world
    k.report('V1', `${k.current.comm} puts a PTE at page ${index} of inode ${vma.inode} under a 2 MiB entry`)
  }

  /** UNMAP takes a private copy. */
  copyGone(inode: Inode, index: number): void {
    const { k } = this.#world
    k.touch(inode.sizeObject, false)
    if (index < inode.size)
      k.report('V19', `${k.current.comm} unmaps a private copy of page ${index}, which stays in the file`)
  }

  accessed(inode: Inode, index: number): void {
    if (!this.#isBeyondEnd(inode, index)) return
    const { k } = this.#world
    k.report('V9', `${k.current.comm} reaches page ${index} beyond ${endOf(inode)} without SIGBUS`)
  }

  truncated(inode: Inode): void {
    const { k } = this.#world
    k.touch(inode.sizeObject, false)
    for (const vma of inode.mapping.vmas) {
      const from = Math.max(inode.size, vma.pgoff)
      for (let index = from; index < vma.pgoff + vma.pages; index++) {
        k.touch(vma.seen(index), false)
        const kind = pteKind(vma.pte(index))
        if (vma.pte(index) === PTE_NONE) continue
        k.report('V2', `truncate has returned and a ${kind} PTE maps page ${index} beyond ${endOf(inode)}`)
      }
    }
  }

  /** A fault ended in SIGBUS: is there a block beyond the end now? Counted; V3 is judged at rest. */
  leftBehind(inode: Inode, index: number): void {
    if (this.content.isBusy(inode, index)) return
    if (index >= inode.size && isMapped(inode.extents.tree[index]) && inode.kept[index] === 0) {
      this.#world.stats.bump('blocks left beyond EOF')
    }
  }

  // ---- the page cache (V4) ----

  /** After a removal, and when a fault maps a page: is its block still the file's? */
  cachedPage(inode: Inode, index: number): void {
    const { k } = this.#world
    k.touch(inode.entrySeen(index), false)
    k.touch(inode.extentSeen(index), false)
    const page = inode.mapping.cache.get(index)
    if (page !== undefined) asksPage(this.#world, page)
    if (page === undefined || page.hole || page.block < 0 || !page.uptodate) return
    const mapping = inode.extents.tree[index]
    if (isMapped(mapping) && blockOf(mapping) === page.block) return
    const now = mapping === HOLE ? 'the file has a hole there' : 'the file has another block there'
    k.report('V4', `cached page ${index} of inode ${inode.number} keeps block ${page.block}; ${now}`)
  }

  /** Its bytes are about to reach its block. */
  pageWritten(inode: Inode, page: Page): void {
    const { allocator, k } = this.#world
    k.touch(this.#world.space.ownerObject(page.block), false)
    if (allocator.owns(inode.number, page.index, page.block)) return
    k.report(
      'V4',
      `${k.current.comm} writes page ${page.index} of inode ${inode.number} to block ${page.block}, which is not the file's`,
    )
  }

  /** False: the block is not the page's any more. */
  deviceWrites(inode: Inode, index: number, block: number): boolean {
    const { allocator, k } = this.#world
    this.changed('data')
    k.touch(this.#world.space.ownerObject(block), false)
    if (allocator.owns(inode.number, index, block)) return true
    k.report(
      'V1',
      `a device writes to block ${block}, pinned as page ${index} of inode ${inode.number}, which is not the file's any more`,
    )
    return false
  }

  /** A fault has just mapped it: it must still be the file's. */
  mappedPage(inode: Inode, page: Page): void {
    const { k } = this.#world
    asksPage(this.#world, page)
    if (!page.detached) return
    k.report('V7', `${k.current.comm} maps page ${page.index} of inode ${inode.number}, which is no longer in the file`)
  }

  // ---- failures and progress (V17, V18, V3) ----

  outOfSpace(inode: Inode, index: number): void {
    const { allocator, k } = this.#world
    const coming = allocator.freeCount + allocator.pendingCount
    if (!this.#world.space.isToCome) return
    k.report(
      'V17',
      `${k.current.comm} fails for lack of space at page ${index} of inode ${inode.number}; ${coming} blocks are free or about to be`,
    )
  }

  /** V13: a waiter goes its way without passing the wake-up on; others sleep for what is free, and none has been woken. */
  wentWithoutWaking(queue: WaitQueue, what: string): void {
    const { k } = this.#world
    k.touch(queue.objectIn(k), false)
    if (queue.waiters.length === 0 || queue.woken > 0) return
    const sleeper = queue.waiters[0].task
    k.report(
      'V13',
      `${sleeper.comm} sleeps for ${what}, which is free; ${k.current.comm} got its wake-up and passed it to nobody`,
      sleeper,
    )
  }

  retried(tries: number, what: string): void {
    if (tries === this.#tries) this.#world.k.report('V18', `${what} after ${tries} tries`)
  }

  gaveUp(tries: number): boolean {
    return tries >= this.#tries
  }

  /** Nothing runs any more. */
  atRest(): void {
    for (const inode of this.#world.inodes) {
      const leaked = this.leaked(inode)
      if (leaked === 0) continue
      const stand = leaked === 1 ? 'stands' : 'stand'
      const message = `${counted(leaked, 'block', '')} of inode ${inode.number} ${stand} beyond its end`
      this.#world.k.report('V3', message, undefined)
    }
  }

  leaked(inode: Inode): number {
    let leaked = 0
    for (let index = inode.size; index < inode.pages; index++) {
      if (isMapped(inode.extents.tree[index]) && inode.kept[index] === 0) leaked++
    }
    return leaked
  }
}

/**
 * The oracle of a running world: cheap hooks where state changes, each judging the invariants that change could break.
 * A run without it is faster and says nothing about safety.
 */

import { counted } from '../../base/time.ts'
import { asksPage } from '../dirtying.ts'
import { blockOf, HOLE, isMapped } from '../extents.ts'
import type { Inode } from '../inode.ts'
import type { Page } from '../mapping.ts'
import { actorIn, pageName, type Told } from '../finding.ts'
import { PAGES_PER_PMD, PTE_NONE, pteKind, pteTarget, type Pte, type Vma } from '../mm.ts'
import type { World } from '../world.ts'
import { ContentOracle } from './content.ts'
import { MappedBlocks } from './mapped.ts'
import { Promises } from './promises.ts'

/** V18: tries after which an operation is said to make no progress. A search has no time to lose. */
const TRIES = { timed: 1_000, search: 24 }

const beyondEnd = ({ size }: Inode): string => `beyond its end (${counted(size, 'page', '')})`

export class Checks {
  readonly content: ContentOracle
  /** What survives power cuts by promise; undefined where nobody judges them. */
  promises: Promises | undefined
  readonly #world: World
  readonly #mapped: MappedBlocks
  /** Who was given a block last, as number of the task plus 1. */
  readonly #givenTo: Int32Array
  /** Times a block was zeroed since its allocation. */
  readonly #zeroed: Uint8Array
  readonly #tries: number

  /** `tries` instead of a search's own number. */
  constructor(world: World, tries: number = TRIES.search) {
    this.#world = world
    this.content = new ContentOracle(world)
    this.#mapped = new MappedBlocks(world)
    this.#givenTo = new Int32Array(world.device.blocks)
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
    this.#givenTo[block] = actorIn(this.#world.k)
    this.#notMapped(block, 'is given')
  }

  /** Taken out of the file. */
  freed(block: number): void {
    this.#notMapped(block, 'frees')
  }

  /** Its transaction has committed. */
  reusable(block: number): void {
    this.#notMapped(block, 'commits the freeing of')
  }

  /** Stands at another page of its file now. */
  moved(block: number): void {
    this.#notMapped(block, 'moves')
  }

  #notMapped(block: number, does: string): void {
    const { k, space } = this.#world
    k.touch(space.ownerObject(block), true)
    if (this.#mapped.count(block) === 0) return
    k.report('V1', () => {
      const { text, tasks, objects } = this.#mapped.ofBlock(block)
      const message = `${k.current.comm} ${does} block ${block} while ${text}`
      return { message, tasks: [...new Set([k.current.comm, ...tasks])], objects: [`block ${block}`, ...objects] }
    })
  }

  zeroed(block: number): void {
    this.#changed(() => ({ what: `data of block ${block}`, object: `block ${block}` }))
    if (++this.#zeroed[block] !== 2) return
    this.#tell('V20', `zeroes block ${block} a second time`, [`block ${block}`])
  }

  /** `what` of a page, or of all the file. */
  changed(what: 'metadata of' | 'data of', inode: Inode, index?: number): void {
    this.#changed(() => {
      const object = index === undefined ? `inode ${inode.number}` : pageName(inode, index)
      return { what: `${what} ${object}`, object }
    })
  }

  #changed(tell: () => { readonly what: string; readonly object: string }): void {
    const { frozen, frozenObject, k } = this.#world
    k.touch(frozenObject, false)
    if (!frozen) return
    const { what, object } = tell()
    this.#tell('V16', `changes ${what} on a frozen filesystem`, [object])
  }

  /** The running task is at fault, alone. */
  #tell(invariant: string, does: string, objects: readonly string[]): void {
    const { k } = this.#world
    k.report(invariant, () => ({ message: `${k.current.comm} ${does}`, objects }))
  }

  // ---- page tables (V1, V2, V9, V19) ----

  pteSet(vma: Vma, index: number, pte: Pte): void {
    this.#mapped.sets(vma, index)
    if (pteKind(pte) === 'file') this.#maps(vma, index, pteTarget(pte))
    const inode = this.#world.inodes[vma.inode - 1]
    if (!this.#isBeyondEnd(inode, index)) return
    const page = pageName(inode, index)
    this.#tell('V2', `maps ${page} ${beyondEnd(inode)}, and truncate has returned`, [page])
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
  #mappedBy(block: number, by: 1 | -1): void {
    const { k } = this.#world
    k.touch(this.#world.space.ownerObject(block), false)
    this.#mapped.add(block, by)
  }

  #maps(vma: Vma, index: number, block: number): void {
    const { allocator } = this.#world
    this.#mappedBy(block, 1)
    if (allocator.owns(vma.inode, index, block)) return
    const owner = allocator.ownerOf(block)
    const whose = owner === undefined ? 'nobody' : `page ${owner.index} of inode ${owner.inode}`
    const page = pageName({ number: vma.inode }, index)
    this.#tell('V1', `maps block ${block} at ${page}; it belongs to ${whose}`, [`block ${block}`, page])
  }

  pmdSet(vma: Vma, range: number): void {
    for (let i = 0; i < PAGES_PER_PMD; i++) this.#mapped.sets(vma, vma.pgoff + range * PAGES_PER_PMD + i)
    for (let i = 0; i < PAGES_PER_PMD; i++) this.#maps(vma, vma.pgoff + range * PAGES_PER_PMD + i, vma.pmds[range] + i)
  }

  pmdGone(vma: Vma, range: number): void {
    if (vma.pmds[range] < 0) return
    for (let i = 0; i < PAGES_PER_PMD; i++) this.#mappedBy(vma.pmds[range] + i, -1)
  }

  pteUnderPmd(vma: Vma, index: number): void {
    const page = pageName({ number: vma.inode }, index)
    this.#tell('V1', `puts a PTE at ${page} under a 2 MiB entry`, [page])
  }

  /** UNMAP takes a private copy. */
  copyGone(vma: Vma, index: number): void {
    const { inodes, k } = this.#world
    const inode = inodes[vma.inode - 1]
    k.touch(inode.sizeObject, false)
    if (index >= inode.size) return
    k.report('V19', () => {
      const page = pageName(inode, index)
      const owner = this.#mapped.whose(vma, index)
      const message = `${k.current.comm} unmaps ${owner}'s private copy of ${page}, which stays in the file`
      return { message, tasks: [...new Set([k.current.comm, owner])], objects: [page] }
    })
  }

  accessed(inode: Inode, index: number): void {
    if (!this.#isBeyondEnd(inode, index)) return
    const page = pageName(inode, index)
    this.#tell('V9', `reaches ${page} ${beyondEnd(inode)} without SIGBUS`, [page])
  }

  truncated(inode: Inode): void {
    const { k } = this.#world
    k.touch(inode.sizeObject, false)
    for (const vma of inode.mapping.vmas) {
      const from = Math.max(inode.size, vma.pgoff)
      for (let index = from; index < vma.pgoff + vma.pages; index++) {
        k.touch(vma.seen(index), false)
        if (vma.pte(index) === PTE_NONE) continue
        k.report('V2', () => this.#leftMapped(vma, index))
      }
    }
  }

  #leftMapped(vma: Vma, index: number): Told {
    const { inodes, k } = this.#world
    const inode = inodes[vma.inode - 1]
    const page = pageName(inode, index)
    const owner = this.#mapped.whose(vma, index)
    const pte = `${owner}'s ${pteKind(vma.pte(index))} PTE maps ${page} ${beyondEnd(inode)}`
    const message = `${k.current.comm} returns from truncate and ${pte}`
    return { message, tasks: [...new Set([k.current.comm, owner])], objects: [page] }
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
    const name = pageName(inode, index)
    this.#tell('V4', `leaves cached ${name} with block ${page.block}; ${now}`, [name, `block ${page.block}`])
  }

  /** Its bytes are about to reach its block. */
  pageWritten(inode: Inode, page: Page): void {
    const { allocator, k } = this.#world
    k.touch(this.#world.space.ownerObject(page.block), false)
    if (allocator.owns(inode.number, page.index, page.block)) return
    const name = pageName(inode, page.index)
    this.#tell('V4', `writes ${name} to block ${page.block}, which is not the file's`, [name, `block ${page.block}`])
  }

  /** False: the block is not the page's any more. */
  deviceWrites(inode: Inode, index: number, block: number): boolean {
    const { allocator, k } = this.#world
    this.changed('data of', inode, index)
    k.touch(this.#world.space.ownerObject(block), false)
    if (allocator.owns(inode.number, index, block)) return true
    const page = pageName(inode, index)
    const what = `writes by DMA to block ${block}, pinned as ${page}, which is not the file's any more`
    this.#tell('V1', what, [`block ${block}`, page])
    return false
  }

  /** A fault has just mapped it: it must still be the file's. */
  mappedPage(inode: Inode, page: Page): void {
    asksPage(this.#world, page)
    if (!page.detached) return
    const name = pageName(inode, page.index)
    this.#tell('V7', `maps ${name}, which is no longer in the file`, [name])
  }

  // ---- failures and progress (V17, V18, V3) ----

  outOfSpace(inode: Inode, index: number): void {
    const { allocator } = this.#world
    const coming = allocator.freeCount + allocator.pendingCount
    if (!this.#world.space.isToCome) return
    const page = pageName(inode, index)
    const are = `${counted(coming, 'block', '')} ${coming === 1 ? 'is' : 'are'} free or about to be`
    this.#tell('V17', `fails for lack of space at ${page}; ${are}`, [page])
  }

  /** V13: a waiter goes its way without passing the wake-up on; others sleep for what is free, and none has been woken. */
  wentWithoutWaking(inode: Inode, slot: number): void {
    const { k } = this.#world
    const queue = inode.mapping.queue(slot)
    k.touch(queue.objectIn(k), false)
    if (queue.waiters.length === 0 || queue.woken > 0) return
    const sleeper = queue.waiters[0].task
    const entry = `the DAX entry at ${pageName(inode, slot)}`
    const passed = `${k.current.comm} got its wake-up and passed it to nobody`
    const message = `${sleeper.comm} sleeps for ${entry}, which is free; ${passed}`
    k.report('V13', () => ({ message, tasks: [sleeper.comm, k.current.comm], objects: [entry] }), sleeper)
  }

  /** It still `does` that to a page: `faults at`. */
  retried(tries: number, does: string, at: { readonly inode: Inode; readonly index: number }): void {
    if (tries !== this.#tries) return
    const page = pageName(at.inode, at.index)
    this.#tell('V18', `${does} ${page} after ${tries} tries`, [page])
  }

  gaveUp(tries: number): boolean {
    return tries >= this.#tries
  }

  /** Nothing runs any more. */
  atRest(): void {
    for (const inode of this.#world.inodes) {
      if (this.leaked(inode) > 0) this.#world.k.report('V3', () => this.#leak(inode))
    }
  }

  #leak(inode: Inode): Told {
    const leaked = this.leaked(inode)
    const index = inode.extents.tree.findIndex(
      (mapping, at) => at >= inode.size && isMapped(mapping) && inode.kept[at] === 0,
    )
    const block = blockOf(inode.extents.tree[index])
    const given = this.#givenTo[block]
    const tasks = given === 0 ? [] : [this.#world.k.tasks[given - 1].comm]
    const stand = `${counted(leaked, 'block', '')} of inode ${inode.number} ${leaked === 1 ? 'stands' : 'stand'}`
    const which = `${leaked === 1 ? '' : 'the first is '}block ${block}${tasks.map((task) => `, allocated by ${task}`).join('')}`
    const page = pageName(inode, index)
    return { message: `${stand} ${beyondEnd(inode)}: ${which} for ${page}`, tasks, objects: [`block ${block}`, page] }
  }

  leaked(inode: Inode): number {
    let leaked = 0
    for (let index = inode.size; index < inode.pages; index++) {
      if (isMapped(inode.extents.tree[index]) && inode.kept[index] === 0) leaked++
    }
    return leaked
  }
}

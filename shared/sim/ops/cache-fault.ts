/**
 * Faults on page-cache files: read, shared write, COW (mm/filemap.c: filemap_fault, mm/memory.c: do_no_page before
 * 2.6.23). The page is locked until the PTE is set, or, with `ptl-only`, just referenced, and the guard's recheck under the
 * page-table lock must do.
 */

import { C } from '../costs.ts'
import { asksPage, changesPage, markDirty } from '../dirtying.ts'
import { blockOf, isMapped, isWritten } from '../extents.ts'
import type { Inode } from '../inode.ts'
import type { Page } from '../mapping.ts'
import { anonPte, pagePte, PTE_NONE } from '../mm.ts'
import { P } from '../phases.ts'
import type { Span } from '../policies/slots.ts'
import type { Steps, StepsOf } from '../task.ts'
import type { World } from '../world.ts'
import { setFaultPte } from './set-pte.ts'
import { lockVma, unlockVma, type Fault } from './fault.ts'
import { addLockedPage, keepsPageLocked, lockPage } from './folio.ts'
import { mapBlocks, mapRequest } from './map-blocks.ts'
import { makeDirtyable } from './mkwrite.ts'

export function* cacheFault(w: World, f: Fault): Steps {
  const { k, policy } = w
  const { guard } = policy
  if (lockVma(w, f)) yield
  if (w.run(P.vma_lookup, C.vmaLookup)) yield
  if (f.cow && w.run(P.anon_alloc, C.anonAlloc)) yield
  if (guard.enter !== undefined) yield* guard.enter(w, f)
  do {
    f.result = 'go'
    if (guard.sample !== undefined) yield* guard.sample(w, f)
    if (k.see(f.inode.sizeObject, false)) yield
    if (f.index >= f.inode.size) f.result = 'sigbus'
    else yield* attempt(w, f)
    f.tries++
    w.checks?.retried(f.tries, 'looks again for', f)
  } while (unsettled(f) && w.checks?.gaveUp(f.tries) !== true)
  if (w.prices.settle(w.k)) yield
  guard.leave?.(w, f)
  if (w.prices.afterwards(w.k)) yield
  unlockVma(w, f)
  if (w.dirtying !== undefined && f.create) yield* w.dirtying.balance()
}

function unsettled(f: Fault): boolean {
  return f.result === 'go' || f.result === 'retry'
}

function* attempt(w: World, f: Fault): Steps {
  const { inode, index } = f
  if (w.k.see(inode.entrySeen(index), false)) yield
  const found = inode.mapping.cache.get(index)
  if (found !== undefined) asksPage(w, found)
  if (found === undefined || !found.uptodate) yield* fillForFault(w, f)
  else if (!f.write) yield* faultAround(w, f)
  if (f.result !== 'go') return
  if (keepsPageLocked(w.policy)) yield* insertLocked(w, f)
  else yield* insertUnlocked(w, f)
}

/** Pages a read fault looks at, aligned (fault_around_bytes). */
const AROUND = 16

/**
 * mm/filemap.c: filemap_map_pages (3.15). Neighbours that are cached, uptodate and not locked are mapped as well, without any
 * guard: the page lock, tried, and i_size under it are enough, because who removes a page locks it and unmaps it once more.
 */
function* faultAround(w: World, f: Fault): Steps {
  const { k } = w
  const { vma, inode, index } = f
  if (w.run(P.fault_around, C.faultAround)) yield
  if (!w.policy.switches.faultAround || f.create || f.cow) return
  const from = Math.max(vma.pgoff, index - (index % AROUND))
  const to = Math.min(index - (index % AROUND) + AROUND, vma.pgoff + vma.pages)
  if (k.lock(vma.ptl, 'exclusive', 'mm')) yield
  for (let at = from; at < to; at++) {
    const page = inode.mapping.cache.get(at)
    k.touch(inode.entrySeen(at), false)
    k.touch(vma.seen(at), false)
    if (page !== undefined) asksPage(w, page)
    if (page?.uptodate !== true || vma.pte(at) !== PTE_NONE || !k.tryLock(page.lock, 'exclusive')) continue
    if (k.see(vma.seen(at), true)) yield
    k.touch(inode.sizeObject, false)
    if (!page.detached && at < inode.size) {
      w.setPte(vma, at, pagePte(page.number, false))
      w.checks?.mappedPage(inode, page)
    }
    k.unlock(page.lock)
  }
  k.unlock(vma.ptl)
  if (vma.pte(index) !== PTE_NONE) f.result = 'done'
}

/** 2.6.0-2.6.22: the page is referenced, not locked. Stores dirty it; its block comes at writeback. */
function* insertUnlocked(w: World, f: Fault): Steps {
  const { inode, index } = f
  const page = inode.mapping.cache.get(index)
  w.k.touch(inode.entrySeen(index), false)
  if (page !== undefined) asksPage(w, page)
  if (page === undefined || !page.uptodate) {
    f.result = 'retry'
    return
  }
  if (f.cow) yield* copyPage(w, f, page)
  yield* setPagePte(w, f, page)
}

function* insertLocked(w: World, f: Fault): Steps {
  const { k } = w
  const { inode, index } = f
  let page = yield* lockPage(w, inode, index)
  if (page === undefined) {
    f.result = 'retry'
    return
  }
  asksPage(w, page)
  if (!page.uptodate) f.result = 'retry'
  if (k.see(inode.sizeObject, false)) yield
  if (index >= inode.size) f.result = 'sigbus'
  if (f.result === 'go' && f.create) {
    k.unlock(page.lock)
    page = yield* makeDirtyable(w, f)
    if (page === undefined) return
  } else if (f.result === 'go' && f.cow) yield* copyPage(w, f, page)
  if (f.result === 'go') yield* setPagePte(w, f, page)
  k.unlock(page.lock)
}

function* copyPage(w: World, f: Fault, page: Page): Steps {
  if (w.run(P.copy, C.copy4k)) yield
  if (w.k.see(page.object, false)) yield
  f.copy = f.vma.mm.newCopy([...page.content], f.copy)
}

function* setPagePte(w: World, f: Fault, page: Page): Steps {
  if (f.cow && w.pteAllocs.fails()) {
    f.result = 'oom'
    return
  }
  // A page that is out of the cache and unmapped is gone: only a reference taken before would keep it, which the copy has.
  if (!f.cow) w.keepPage(page)
  yield* setFaultPte(w, f, f.cow ? anonPte(f.copy) : pagePte(page.number, f.create))
  if (!f.cow) w.releasePage(f.inode, page)
  if (f.result !== 'done') return
  if (f.create) markDirty(w, page)
  if (!f.cow) w.checks?.mappedPage(f.inode, page)
}

function* fillForFault(w: World, f: Fault): Steps {
  const held = f.guardMode !== undefined || f.range !== undefined
  yield* fillPage(w, f.inode, { index: f.index, held })
}

export interface Fill {
  readonly index: number
  /** The caller has what `fillEnter` would take. */
  readonly held: boolean
  /** Default: a fault. */
  readonly op?: 'read'
}

/** Makes the page of an index and reads it. */
export function* fillPage(w: World, inode: Inode, at: Fill): StepsOf<boolean> {
  const { k, policy } = w
  const { guard } = policy
  const span: Span = { inode, from: at.index, to: at.index + 1, ...(at.op === undefined ? {} : { op: at.op }) }
  if (!at.held && guard.fillEnter !== undefined) yield* guard.fillEnter(w, span)
  const page = yield* addLockedPage(w, inode, at.index)
  if (page !== undefined) {
    yield* readPage(w, inode, page)
    k.unlock(page.lock)
  } else {
    // Somebody else reads it: wait for the page lock, which goes when it is uptodate.
    const other = yield* lockPage(w, inode, at.index)
    if (other !== undefined) k.unlock(other.lock)
  }
  if (!at.held) guard.fillLeave?.(w, span)
  return page !== undefined
}

/** Looks the block up and reads it into the locked page. */
export function* readPage(w: World, inode: Inode, page: Page): Steps {
  const { device } = w
  const map = mapRequest({ inode, index: page.index, create: false })
  yield* mapBlocks(w, map)
  const { mapping } = map
  if (isMapped(mapping)) page.block = blockOf(mapping)
  if (isWritten(mapping)) {
    yield* w.io(P.read_io, C.readPage)
    if (w.k.see(w.blockObject(page.block), false)) yield
    for (let slot = 0; slot < device.slots; slot++) page.content[slot] = device.read(page.block, slot)
  }
  changesPage(w, page)
  page.uptodate = true
}

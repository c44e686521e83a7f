/**
 * page_mkwrite: the first store to a clean page-cache page of a shared mapping (fs/ext4/inode.c: ext4_page_mkwrite). With
 * delayed allocation space is only promised; without it the handle comes before the page lock. The page is dirty before the
 * freeze level is let go, as in block_page_mkwrite and filemap_page_mkwrite ("so that when freeze is in progress, we are
 * guaranteed that writeback during freezing will see the dirty folio and writeprotect it again"): the freezer's sync then
 * waits for the page lock, which is held until the PTE is set, and takes the right to write away. ext4's way out for a page
 * that has all its blocks leaves that to generic code (mm/memory.c: fault_dirty_shared_page), after the level; the model
 * marks there, too.
 */

import { C } from '../costs.ts'
import { asksPage, changesPage, markDirty } from '../dirtying.ts'
import { blockOf, HOLE, isMapped } from '../extents.ts'
import type { Page } from '../mapping.ts'
import { pagePte, pteKind, writable } from '../mm.ts'
import { P } from '../phases.ts'
import type { Span } from '../policies/slots.ts'
import type { Steps, StepsOf } from '../task.ts'
import type { World } from '../world.ts'
import { waitForSpace } from './dax-fault.ts'
import { lockVma, unlockVma, type Fault } from './fault.ts'
import { timeIsDue, updateTime } from './file-time.ts'
import { lockPage } from './folio.ts'
import { mapBlocks } from './map-blocks.ts'

/** The mkwrite fault: a PTE that is read-only becomes writable. */
export function* pageMkwrite(w: World, f: Fault): Steps {
  const { k, policy } = w
  const { vma, index } = f
  if (lockVma(w, f)) yield
  if (w.run(P.vma_lookup, C.vmaLookup)) yield
  if (policy.guard.enter !== undefined) yield* policy.guard.enter(w, f)
  if (policy.pairing.ptlOnly === true) yield* reuse(w, f)
  const page = f.result === 'go' ? yield* makeDirtyable(w, f) : undefined
  if (page !== undefined) {
    if (k.lock(vma.ptl, 'exclusive', 'mm')) yield
    if (w.run(P.pte_set, C.pteSet)) yield
    if (k.see(vma.seen(index), true)) yield
    const pte = vma.pte(index)
    if (pteKind(pte) === 'page' && writable(pte) === pagePte(page.number, true)) w.setPte(vma, index, writable(pte))
    k.unlock(vma.ptl)
    k.unlock(page.lock)
    f.result = 'done'
  }
  if (w.prices.settle(w.k)) yield
  policy.guard.leave?.(w, f)
  if (w.prices.afterwards(w.k)) yield
  unlockVma(w, f)
  if (w.dirtying !== undefined) yield* w.dirtying.balance()
}

/** Until 2.6.22 nobody was asked: the PTE becomes writable (do_wp_page), whatever became of the page. */
function* reuse(w: World, f: Fault): Steps {
  const { k } = w
  if (k.lock(f.vma.ptl, 'exclusive', 'mm')) yield
  if (w.run(P.pte_set, C.pteSet)) yield
  if (k.see(f.vma.seen(f.index), true)) yield
  const pte = f.vma.pte(f.index)
  if (pteKind(pte) === 'page') w.setPte(f.vma, f.index, writable(pte))
  k.unlock(f.vma.ptl)
  f.result = 'done'
}

/** The page, locked, with space for its bytes; undefined with f.result set. */
export function* makeDirtyable(w: World, f: Fault): StepsOf<Page | undefined> {
  const { k, policy, fs } = w
  const { inode, index } = f
  // Kernels before page_mkwrite (2.6.23) dirty the page and allocate at writeback.
  if (policy.pairing.ptlOnly === true) return yield* lockPage(w, inode, index)
  const freezable = policy.switches.faultsTakeSbPagefault
  if (freezable && k.lock(w.sbPagefault, 'shared')) yield
  if (timeIsDue(w, inode)) yield* updateTime(w, inode)
  const held = f.guardMode !== undefined || f.range !== undefined
  const span: Span = { inode, from: index, to: index + 1 }
  if (!held && policy.guard.fillEnter !== undefined) yield* policy.guard.fillEnter(w, span)
  let page: Page | undefined
  for (let attempts = 0; ; attempts++) {
    f.failed = false
    page = fs.delayedAllocation ? yield* reserve(w, f) : yield* allocateNow(w, f)
    if (!f.failed) break
    if (attempts >= policy.enospc.retries || !w.space.isToCome) {
      w.checks?.outOfSpace(inode, index)
      f.result = 'sigbus'
      break
    }
    yield* waitForSpace(w)
  }
  if (!held) policy.guard.fillLeave?.(w, span)
  if (page !== undefined) markDirty(w, page)
  if (freezable) k.unlock(w.sbPagefault, 'shared')
  return page
}

/** Page, mapping and size as they should be, under the page lock? */
function* lockAndCheck(w: World, f: Fault): StepsOf<Page | undefined> {
  const page = yield* lockPage(w, f.inode, f.index)
  if (page === undefined) {
    f.result = 'retry'
    return undefined
  }
  if (w.k.see(f.inode.sizeObject, false)) yield
  if (f.index < f.inode.size) return page
  f.result = 'sigbus'
  w.k.unlock(page.lock)
  return undefined
}

function* reserve(w: World, f: Fault): StepsOf<Page | undefined> {
  const page = yield* lockAndCheck(w, f)
  if (page === undefined) return undefined
  if (w.run(P.alloc, C.linkExtent)) yield
  asksPage(w, page)
  if (page.block >= 0 || isMapped(f.inode.extents.tree[f.index]) || w.space.isThere) return page
  f.failed = true
  w.k.unlock(page.lock)
  return undefined
}

function* allocateNow(w: World, f: Fault): StepsOf<Page | undefined> {
  yield* w.txStart()
  const page = yield* lockAndCheck(w, f)
  let result = page
  if (page !== undefined) changesPage(w, page)
  if (page !== undefined && page.block < 0) {
    yield* mapBlocks(w, f)
    if (f.failed || f.mapping === HOLE) {
      w.k.unlock(page.lock)
      result = undefined
    } else page.block = blockOf(f.mapping)
  }
  yield* w.txStop()
  return result
}

/**
 * What truncate and punch are made of besides UNMAP: waiting for DMA (fs/ext4/inode.c: ext4_break_layouts), DROP of pages
 * and entries (mm/truncate.c: truncate_inode_pages_range), freeing blocks. Their order is the caller's.
 */

import { C } from '../costs.ts'
import { blockOf, HOLE, isMapped } from '../extents.ts'
import type { Inode } from '../inode.ts'
import { isPresent, type Page } from '../mapping.ts'
import { P } from '../phases.ts'
import type { Span } from '../policies/slots.ts'
import type { Steps } from '../task.ts'
import type { World } from '../world.ts'
import { deleteEntry, slotOf } from './entry.ts'
import { forget, keepsPageLocked, pagesIn } from './folio.ts'
import { unmap } from './unmap.ts'
import { waitWriteback } from './writeback.ts'

/**
 * Waits until no device writes to a page of the span (fs/dax.c: dax_layout_busy_page): unmapped first, so that nobody can
 * pin it any more, then looked at; the guard is let go while sleeping. R20, and with `evenCowsOnBreak` R20b.
 */
export function* breakLayouts(w: World, span: Span): Steps {
  const { k, policy } = w
  const { inode } = span
  if (!policy.switches.breakLayouts || !inode.dax || inode.mapping.vmas.length === 0) return
  k.enter(P.break_layouts)
  for (;;) {
    yield* unmap(w, span, { evenCows: policy.switches.evenCowsOnBreak })
    if (k.see(inode.pinObject, false)) yield
    if (!pinned(span)) break
    policy.guard.removeLeave?.(w, span)
    if (k.sleepOn(w.dmaQueue, false)) yield
    if (policy.guard.removeEnter !== undefined) yield* policy.guard.removeEnter(w, span)
  }
  k.leave(P.break_layouts)
}

function pinned(span: Span): boolean {
  const last = Math.min(span.to, span.inode.pages)
  for (let index = span.from; index < last; index++) if (span.inode.pins[index] > 0) return true
  return false
}

/** Takes pages and entries out of the mapping. */
export function* drop(w: World, span: Span): Steps {
  const { k } = w
  const { inode } = span
  k.enter(P.drop)
  if (k.see(inode.entrySeen(Math.min(span.from, inode.pages - 1)), false)) yield
  // mm/truncate.c looks again until it finds nothing; who refaults as fast keeps it busy (R27).
  for (let pass = 0; ; pass++) {
    const pages = pagesIn(w, inode, span)
    w.checks?.retried(pass, 'drops what comes back from', { inode, index: span.from })
    if (pages.length === 0 || w.checks?.gaveUp(pass) === true) break
    for (const page of pages) yield* dropPage(w, inode, page)
  }
  const last = Math.min(span.to, inode.pages)
  const { entries, dirty } = inode.mapping
  for (let index = span.from; index < last; index++) {
    k.touch(inode.entrySeen(index), dirty[index] === 1)
    if (isPresent(entries[slotOf(inode, index)])) yield* deleteEntry(w, inode, index)
    dirty[index] = 0
  }
  k.leave(P.drop)
}

function* dropPage(w: World, inode: Inode, page: Page): Steps {
  const { k } = w
  if (k.lock(page.lock, 'exclusive')) yield
  if (!page.detached) {
    yield* waitWriteback(w, inode, page)
    if (w.run(P.drop, C.xaUpdate)) yield
    // Since faults lock pages, one that became mapped is unmapped here (truncate_cleanup_folio).
    if (keepsPageLocked(w.policy) && w.pageMapped(page)) {
      yield* unmap(w, { inode, from: page.index, to: page.index + 1 }, { evenCows: false })
    }
    if (k.see(page.object, true)) yield
    forget(w, inode, page)
    w.dirtying?.settled(page)
  }
  k.unlock(page.lock)
}

/** Removes extents and frees their blocks; the caller has a handle open. */
export function* removeBlocks(w: World, span: Span): Steps {
  const { k } = w
  const { inode } = span
  if (k.lock(inode.mapLock, 'exclusive')) yield
  k.enter(P.free)
  yield* freeRange(w, inode, span)
  k.leave(P.free)
  k.unlock(inode.mapLock, 'exclusive')
}

/** The same for a caller that holds the block-map lock. */
export function* freeRange(w: World, inode: Inode, span: { readonly from: number; readonly to: number }): Steps {
  const { k } = w
  const { extents } = inode
  const last = Math.min(span.to, inode.pages)
  let index = extents.nextMapped(span.from, last)
  while (index < last) {
    let end = index + 1
    while (end < last && extents.tree[end] !== HOLE) end++
    if (w.run(P.free, C.freeExtent)) yield
    for (let at = index; at < end; at++) {
      if (k.see(inode.extentSeen(at), true)) yield
      removeBlock(w, inode, at)
    }
    index = extents.nextMapped(end, last)
  }
}

function removeBlock(w: World, inode: Inode, index: number): void {
  const { extents } = inode
  const mapping = extents.tree[index]
  extents.tree[index] = HOLE
  if (w.fs.statusCache) extents.publish(index)
  inode.kept[index] = 0
  w.change(inode, () => {
    extents.durable[index] = HOLE
  })
  if (!isMapped(mapping)) return
  w.checks?.freed(blockOf(mapping))
  w.free(blockOf(mapping))
}

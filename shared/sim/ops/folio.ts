/**
 * Pages of the page cache and their locks. Whoever has slept for a page's lock must look whether the page still belongs to
 * the file (`page->mapping`), so finding and locking is one step that starts again (mm/filemap.c: __find_lock_page).
 */

import { C } from '../costs.ts'
import { asksPage, changesPage } from '../dirtying.ts'
import type { Inode } from '../inode.ts'
import type { Page } from '../mapping.ts'
import { P } from '../phases.ts'
import type { Policy } from '../policies/slots.ts'
import type { StepsOf } from '../task.ts'
import type { World } from '../world.ts'

/** Does a fault hold the page's lock until its PTE is set? Then whoever removes the page unmaps it once more under that lock. */
export function keepsPageLocked({ guard, pairing }: Policy): boolean {
  return guard.locksPage === true || pairing.ptlOnly !== true
}

/** Could `lockPage` find one? In search somebody may put it there before it looks. */
export function mayHavePage(w: World, inode: Inode, index: number): boolean {
  return !w.k.timed || inode.mapping.cache.has(index)
}

/** Pages of the cache in a span, by index. */
export function pagesIn(w: World, inode: Inode, span: { from: number; to: number }): Page[] {
  const pages: Page[] = []
  if (!w.k.timed) {
    const last = Math.min(span.to, inode.pages)
    for (let index = span.from; index < last; index++) w.k.touch(inode.entrySeen(index), false)
  }
  if (inode.mapping.cache.size === 0) return pages
  for (const page of inode.mapping.cache.values()) if (page.index >= span.from && page.index < span.to) pages.push(page)
  return pages.sort((a, b) => a.index - b.index)
}

/** The page at an index, locked and still in the file; undefined if there is none. */
export function* lockPage(w: World, inode: Inode, index: number): StepsOf<Page | undefined> {
  const { k } = w
  for (;;) {
    if (k.see(inode.entrySeen(index), false)) yield
    const page = inode.mapping.cache.get(index)
    if (page === undefined) return undefined
    w.owe(C.pageLockTax)
    if (k.lock(page.lock, 'exclusive')) yield
    asksPage(w, page)
    if (!page.detached) return page
    k.unlock(page.lock)
  }
}

/** Out of the file: whoever sleeps for it, or finds it no more, will see. */
export function forget(w: World, inode: Inode, page: Page): void {
  w.k.touch(inode.entrySeen(page.index), true)
  changesPage(w, page)
  inode.mapping.detach(page)
}

/** A zeroed page for a hole of a DAX file. */
export function newHolePage(inode: Inode, index: number): Page {
  const page = inode.mapping.addPage(index)
  page.hole = true
  page.uptodate = true
  return page
}

/** A new page in the cache, locked, not yet uptodate; undefined if another task was quicker. */
export function* addLockedPage(w: World, inode: Inode, index: number): StepsOf<Page | undefined> {
  const { k } = w
  if (w.run(P.page_alloc, C.pageAlloc)) yield
  if (k.see(inode.entrySeen(index), true)) yield
  if (inode.mapping.cache.has(index)) return undefined
  const page = inode.mapping.addPage(index)
  // Born locked: nobody else can have it.
  k.tryLock(page.lock, 'exclusive')
  return page
}

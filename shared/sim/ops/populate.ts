/**
 * remap_file_pages and MAP_POPULATE: a range of a mapping is filled ahead of any access. In 2.6.0-2.6.22 that was a path of its
 * own (mm/filemap.c: filemap_populate, mm/fremap.c: install_page): the page was found, and set into the page table without a look
 * at truncate_count (R17). The later 2.6 kernels look at page->mapping and i_size under the page-table lock (switch
 * `installPageChecks`). Since faults return the page locked it is an ordinary read fault per page.
 *
 * Non-linear mappings themselves are not modelled: pages go where they belong.
 */

import { C } from '../costs.ts'
import type { Inode } from '../inode.ts'
import type { Page } from '../mapping.ts'
import { pagePte, PTE_NONE, type Vma } from '../mm.ts'
import { P } from '../phases.ts'
import type { Steps, StepsOf } from '../task.ts'
import { EINVAL, type World } from '../world.ts'
import { fillPage } from './cache-fault.ts'
import { pageFault } from './page-fault.ts'

/** 0, or EINVAL where a page lay beyond the end. */
export function* populate(w: World, vma: Vma, range: { from: number; pages: number }): StepsOf<number> {
  const { k } = w
  const own = w.policy.pairing.ptlOnly === true && !w.inode(vma.inode).dax
  w.opBegin('remap_file_pages', vma.inode, range.from * 4096, range.pages * 4096)
  if (w.run(P.syscall, C.syscall)) yield
  let result = 0
  if (own && k.lock(vma.mm.mmapLock, 'shared', 'mm')) yield
  for (let index = range.from; index < range.from + range.pages && result === 0; index++) {
    if (own) result = yield* populateOne(w, vma, index)
    else if (vma.walk(index) === PTE_NONE && !(yield* pageFault(w, vma, { index, write: false }))) result = EINVAL
  }
  if (own) k.unlock(vma.mm.mmapLock, 'shared')
  w.opEnd('remap_file_pages', result)
  return result
}

function* populateOne(w: World, vma: Vma, index: number): StepsOf<number> {
  const { k } = w
  const inode = w.inode(vma.inode)
  for (let tries = 0; w.checks?.gaveUp(tries) !== true; tries++) {
    if (k.see(inode.sizeObject, false)) yield
    if (index >= inode.size) return EINVAL
    if (k.see(inode.entrySeen(index), false)) yield
    const page = inode.mapping.cache.get(index)
    if (page?.uptodate === true) return yield* installPage(w, { vma, inode, page })
    yield* fillPage(w, inode, { index, held: false })
  }
  return EINVAL
}

interface Install {
  readonly vma: Vma
  readonly inode: Inode
  readonly page: Page
}

/** The page is referenced, not locked: what it is now is for the page-table lock's holder to look at. */
function* installPage(w: World, what: Install): StepsOf<number> {
  const { k } = w
  const { vma, inode, page } = what
  const { index } = page
  let result = 0
  w.keepPage(page)
  if (k.lock(vma.ptl, 'exclusive', 'mm')) yield
  if (w.run(P.pte_set, C.pteSet)) yield
  if (k.see(vma.seen(index), true)) yield
  k.touch(inode.sizeObject, false)
  k.touch(page.object, false)
  const gone = page.detached || index >= inode.size
  if (gone && w.policy.switches.installPageChecks) result = EINVAL
  else if (vma.pte(index) === PTE_NONE) {
    w.setPte(vma, index, pagePte(page.number, false))
    w.checks?.mappedPage(inode, page)
  }
  k.unlock(vma.ptl)
  w.releasePage(inode, page)
  return result
}

/** For a task of its own. */
export function* populateAll(w: World, vma: Vma): Steps {
  yield* populate(w, vma, { from: vma.pgoff, pages: vma.pages })
}

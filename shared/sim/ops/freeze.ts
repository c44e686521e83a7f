/**
 * Freezing: exclusive on levels 1 and 2, everything written, exclusive on level 3, some time, and back (fs/super.c:
 * freeze_super). Were all written back before level 2, a fault that comes in between would leave a writable PTE behind,
 * and its task would store through it on the frozen filesystem. The kernel stops faults first; then sync_filesystem writes
 * everything and write-protects it. And a reclaimer of clean page-cache pages (mm/vmscan.c).
 */

import type { Ns } from '../../model/trace.ts'
import { C } from '../costs.ts'
import { asksPage } from '../dirtying.ts'
import type { Inode } from '../inode.ts'
import { P } from '../phases.ts'
import type { Steps } from '../task.ts'
import type { World } from '../world.ts'
import { forget, pagesIn } from './folio.ts'
import { fsync } from './fsync.ts'
import { unmap } from './unmap.ts'

export function* freeze(w: World, forNs: Ns): Steps {
  const { k } = w
  k.enter(P.freeze)
  if (k.lock(w.sbWrite, 'exclusive')) yield
  if (k.lock(w.sbPagefault, 'exclusive')) yield
  for (const inode of w.inodes) yield* fsync(w, inode)
  if (k.lock(w.sbIntwrite, 'exclusive')) yield
  k.touch(w.frozenObject, true)
  w.frozen = true
  if (k.sleep(forNs)) yield
  k.touch(w.frozenObject, true)
  w.frozen = false
  k.unlock(w.sbIntwrite, 'exclusive')
  k.unlock(w.sbPagefault, 'exclusive')
  k.unlock(w.sbWrite, 'exclusive')
  k.leave(P.freeze)
}

/** Takes clean pages of a range out of the cache; locked and dirty ones are left. */
export function* reclaim(w: World, inode: Inode, range: { from: number; to: number }): Steps {
  const { k } = w
  k.enter(P.reclaim)
  for (const page of pagesIn(w, inode, range)) {
    if (w.run(P.reclaim, C.xaUpdate)) yield
    asksPage(w, page)
    if (page.dirty || page.writeback || !k.tryLock(page.lock, 'exclusive')) continue
    if (w.pageMapped(page)) yield* unmap(w, { inode, from: page.index, to: page.index + 1 }, { evenCows: false })
    if (k.see(page.object, true)) yield
    asksPage(w, page)
    if (!page.detached && !page.dirty) forget(w, inode, page)
    k.unlock(page.lock)
  }
  k.leave(P.reclaim)
}

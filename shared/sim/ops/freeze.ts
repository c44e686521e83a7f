/**
 * Freezing: exclusive on level 1, everything written, exclusive on levels 2 and 3, some time, and back (fs/super.c:
 * freeze_super; DOMAIN.md 3.18). And a reclaimer of clean page-cache pages (mm/vmscan.c).
 */

import type { Ns } from '../../model/trace.ts'
import { C } from '../costs.ts'
import type { Inode } from '../inode.ts'
import { P } from '../phases.ts'
import type { Steps } from '../task.ts'
import type { World } from '../world.ts'
import { fsync } from './fsync.ts'
import { pagesIn } from './removal.ts'
import { unmap } from './unmap.ts'

export function* freeze(w: World, forNs: Ns): Steps {
  const { k } = w
  k.enter(P.freeze)
  if (k.lock(w.sbWrite, 'exclusive')) yield
  for (const inode of w.inodes) yield* fsync(w, inode)
  if (k.lock(w.sbPagefault, 'exclusive')) yield
  if (k.lock(w.sbIntwrite, 'exclusive')) yield
  w.frozen = true
  if (k.sleep(forNs)) yield
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
  for (const page of pagesIn(inode, range)) {
    if (w.run(P.reclaim, C.xaUpdate)) yield
    if (page.dirty || page.writeback || !k.tryLock(page.lock, 'exclusive')) continue
    if (w.pageMapped(page)) yield* unmap(w, { inode, from: page.index, to: page.index + 1 }, { evenCows: false })
    if (k.see(page.object, true)) yield
    if (!page.detached && !page.dirty) inode.mapping.detach(page)
    k.unlock(page.lock)
  }
  k.leave(P.reclaim)
}

/**
 * fsync and msync(MS_SYNC): writeback of the range, then the commit of the transaction that last changed the inode, or a
 * device flush when there is none to wait for (fs/ext4/fsync.c). No i_rwsem, and never inside a handle.
 */

import { C } from '../costs.ts'
import type { Inode } from '../inode.ts'
import { P } from '../phases.ts'
import type { Steps } from '../task.ts'
import { ENOSPC, type World } from '../world.ts'
import { writeBack } from './writeback.ts'

/** `fdatasync` waits only for what a read needs: not for times. `commits` false: a replay of one that waited for no commit. */
export function* fsync(w: World, inode: Inode, kind: 'fsync' | 'fdatasync' | 'msync' = 'fsync', commits = true): Steps {
  const { k, journal } = w
  w.opBegin(kind, inode.number, 0, inode.size * 4096)
  if (w.run(P.syscall, C.syscall)) yield
  const asked = w.checks?.promises?.ask(inode, w.lastSerial)
  // Space is promised when a page is dirtied, but not counted: writeback may find none, and then fsync says so.
  const written = yield* writeBack(w, inode, { from: 0, to: inode.pages })
  k.enter(P.commit_wait)
  k.touch(inode.tidObject, true)
  const tid = kind === 'fdatasync' ? inode.dataTid : inode.syncTid
  if (!commits || journal.isDone(tid)) yield* w.io(P.log_io, C.orderedData)
  else {
    yield* journal.waitForCompany(tid, w.prices.draw(k, C.fsyncBatch))
    yield* journal.waitCommit(tid)
  }
  k.leave(P.commit_wait)
  if (asked !== undefined && written) w.checks?.promises?.give(inode, asked)
  w.opEnd(kind, written ? 0 : ENOSPC)
}

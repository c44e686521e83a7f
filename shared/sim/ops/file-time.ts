/**
 * file_update_time (fs/inode.c; ext4_dirty_inode): mtime and ctime change once a jiffy at most, in a small handle of their own,
 * before any lock of the fault that a commit could wait for. Its price is part of what a fault
 * costs; its handle may sleep for a commit, which is why it is one. Times are metadata that reading needs not: fdatasync and
 * MAP_SYNC do not wait for them (`syncTid`, not `dataTid`).
 */

import { C } from '../costs.ts'
import type { Inode } from '../inode.ts'
import type { Ns } from '../../model/trace.ts'
import { P } from '../phases.ts'
import type { Steps } from '../task.ts'
import type { World } from '../world.ts'

/** current_time's granularity with HZ=250. */
const JIFFY: Ns = 4_000_000

/** Is there anything to do? Else the call and its generator are saved. */
export function timeIsDue(w: World, inode: Inode): boolean {
  const due = w.k.now - inode.timesAt >= JIFFY
  w.k.touch(inode.timesObject, due)
  return due
}

export function* updateTime(w: World, inode: Inode): Steps {
  inode.timesAt = w.k.now
  const { journal } = w
  yield* journal.start()
  if (w.run(P.time_update, C.timeUpdate)) yield
  w.change(inode, () => undefined, 'times')
  journal.stop()
}

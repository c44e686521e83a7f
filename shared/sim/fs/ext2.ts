/**
 * ext2: no journal, truncate_mutex around allocation, look-ups without a lock (fs/ext2/inode.c: ext2_get_blocks reads the
 * chain and verifies it), no unwritten extents. The fault lock is dax_sem (4.4).
 */
import { MUTEX } from '../locks.ts'
import type { Filesystem } from './fs.ts'

export const ext2: Filesystem = {
  id: 'ext2',
  title: 'ext2',
  about: 'no journal, truncate_mutex, no unwritten extents',
  journal: 'none',
  mapLock: { className: '&ei->truncate_mutex', spec: MUTEX, lookup: false },
  statusCache: false,
  unwritten: false,
  delayedAllocation: false,
  faultLock: '&ei->dax_sem',
  txInsideEntry: false,
  daxMapPages: false,
}

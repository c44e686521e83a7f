/**
 * ext4: jbd2, i_data_sem around the extent tree, the extent-status cache in front of it (fs/ext4/inode.c: ext4_map_blocks),
 * unwritten extents. The fault lock is i_mmap_sem (4.5) until invalidate_lock (5.15).
 */
import { RWSEM } from '../locks.ts'
import type { Filesystem } from './fs.ts'

export const ext4: Filesystem = {
  id: 'ext4',
  title: 'ext4',
  about: 'jbd2 journal, i_data_sem, extent-status cache, unwritten extents',
  journal: 'jbd2',
  mapLock: { className: '&ei->i_data_sem', spec: RWSEM, lookup: true },
  statusCache: true,
  unwritten: true,
  delayedAllocation: true,
  faultLock: '&ei->i_mmap_sem',
  txInsideEntry: false,
  daxMapPages: false,
}

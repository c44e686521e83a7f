/**
 * XFS: ILOCK around the extent map, checkpoints that wait for nobody (fs/xfs/xfs_log_cil.c), unwritten extents. No path
 * takes an entry lock inside a transaction, so the transaction may start inside it (fs/xfs/xfs_iomap.c). The fault lock is
 * XFS_MMAPLOCK (4.1).
 */
import { RWSEM } from '../locks.ts'
import type { Filesystem } from './fs.ts'

export const xfs: Filesystem = {
  id: 'xfs',
  title: 'XFS',
  about: 'checkpointing log, ILOCK, unwritten extents',
  journal: 'cil',
  mapLock: { className: '&xfs_nondir_ilock_class', spec: RWSEM, lookup: true },
  statusCache: false,
  unwritten: true,
  delayedAllocation: true,
  faultLock: '&(&ip->i_mmaplock)->mr_lock',
  txInsideEntry: true,
  daxMapPages: true,
}

/**
 * One lock under the names it had: mmap_sem became mmap_lock, filesystems name their own fault lock, XFS all of an inode's
 * (fs/xfs/xfs_inode.c: xfs_ilock); a journal is waited for at several places.
 */
export function lockName(name: string): string {
  if (/invalidate_lock|i_mmap_sem|mmaplock|dax_sem/i.test(name)) return 'invalidate_lock'
  if (/mmap_(lock|sem)/.test(name)) return 'mmap_lock'
  if (/i_mutex_key|i_rwsem|XFS_IOLOCK/.test(name)) return 'i_rwsem'
  if (name === 'XFS_ILOCK') return 'xfs_nondir_ilock_class'
  if (/^jbd2_handle|j_wait_(transaction_locked|done_commit|updates)/.test(name)) return 'journal'
  return name.replace(/^&/, '').replace(/^.*->/, '')
}

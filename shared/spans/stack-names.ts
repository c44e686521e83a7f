/**
 * Which lock a call stack waits for. An unnamed wait recorded with a stack shows the function that took the lock; where a
 * function takes only one lock of that type, that is its name (as lockdep would print it). One that takes several
 * (ext4_punch_hole: i_rwsem, invalidate_lock, i_data_sem) leaves the choice to the other stacks that wait for the same
 * address: what all of them may wait for is it. Read from Linux sources.
 */

import { callerOf } from '../model/call-site.ts'

const MMAP = '&mm->mmap_lock'
const INVALIDATE = 'mapping.invalidate_lock'
const INODE = '&sb->s_type->i_mutex_key'
const DATA = '&ei->i_data_sem'
const I_MMAP = '&mapping->i_mmap_rwsem'
const XFS_ILOCK = '&xfs_nondir_ilock_class'

/** Functions by the rwsems they take themselves or with what is inlined into them (Linux 6.1 and 6.18). */
const RWSEMS: readonly (readonly [readonly string[], readonly string[]])[] = [
  [
    [MMAP],
    [
      'lock_mm_and_find_vma',
      'do_user_addr_fault',
      'exc_page_fault',
      'vm_mmap_pgoff',
      '__vm_munmap',
      'do_mprotect_pkey',
      'do_madvise',
      '__x64_sys_brk',
      '__do_sys_brk',
      '__do_sys_msync',
      'exit_mm',
    ],
  ],
  [
    [INVALIDATE],
    [
      'ext4_dax_huge_fault',
      'ext4_page_mkwrite',
      '__xfs_filemap_fault',
      'filemap_fault',
      'filemap_get_pages',
      'page_cache_ra_order',
      'page_cache_ra_unbounded',
    ],
  ],
  [
    [INODE],
    ['do_truncate', 'ext4_file_write_iter', 'ext4_file_read_iter', 'ext4_buffered_write_iter', 'ext2_file_write_iter'],
  ],
  [[DATA], ['ext4_map_blocks', 'ext4_truncate']],
  [
    [I_MMAP],
    [
      'unmap_mapping_pages',
      'unmap_mapping_folio',
      'unlink_file_vma',
      'unlink_file_vma_batch_process',
      'vma_link',
      'rmap_walk_file',
      '__rmap_walk_file',
      'dax_writeback_mapping_range',
    ],
  ],
  [
    // Of regular files; xfs_ilock itself has returned: taking this lock is the last it does.
    [XFS_ILOCK],
    [
      'xfs_read_iomap_begin',
      'xfs_buffered_write_iomap_begin',
      'xfs_writeback_range',
      'xfs_bmapi_convert_one_delalloc',
      'xfs_bmap_punch_delalloc_range',
      'xfs_can_free_eofblocks',
      'xfs_free_eofblocks',
      'xfs_setattr_size',
    ],
  ],
  [[INVALIDATE, DATA], ['ext4_setattr']],
  [
    [INODE, INVALIDATE, DATA],
    ['ext4_fallocate', 'ext4_punch_hole'],
  ],
]
const byCaller = new Map(RWSEMS.flatMap(([locks, callers]) => callers.map((caller) => [caller, locks] as const)))

/** The locks a stack (innermost frame first, one per line) may wait for; undefined where it does not tell. */
export function locksOfStack(frames: string, unnamedClass: string): readonly string[] | undefined {
  const caller = callerOf(frames)
  if (caller === undefined) return undefined
  if (unnamedClass === '(unnamed rwsem)') return byCaller.get(caller)
  if (unnamedClass !== '(unnamed rwlock)') return undefined
  // j_state_lock is the journal's only rwlock, i_es_lock the extent status tree's.
  if (/^(jbd2_|__jbd2_|start_this_handle$|kjournald2$)/.test(caller)) return ['&journal->j_state_lock']
  return caller.startsWith('ext4_es_') || caller.startsWith('__es_') ? ['&ei->i_es_lock'] : undefined
}

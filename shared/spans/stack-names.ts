/**
 * Which lock a call stack waits for. An unnamed wait recorded with a stack shows the function that took the lock; where a
 * function takes only one lock of that type, that is its name (as lockdep would print it). Functions that take several of
 * one type (ext4_punch_hole: i_rwsem, invalidate_lock, i_data_sem) say nothing. Read from Linux 6.1 sources.
 */

import { callerOf } from '../model/call-site.ts'

const RWSEMS: readonly (readonly [string, readonly string[]])[] = [
  [
    '&mm->mmap_lock',
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
  ['mapping.invalidate_lock', ['ext4_dax_huge_fault', 'ext4_page_mkwrite', '__xfs_filemap_fault']],
  [
    '&sb->s_type->i_mutex_key',
    [
      'do_truncate',
      'ext4_fallocate',
      'ext4_file_write_iter',
      'ext4_file_read_iter',
      'ext4_buffered_write_iter',
      'ext2_file_write_iter',
    ],
  ],
  ['&ei->i_data_sem', ['ext4_map_blocks', 'ext4_truncate']],
  [
    '&mapping->i_mmap_rwsem',
    ['unmap_mapping_pages', 'unmap_mapping_folio', 'unlink_file_vma', 'vma_link', 'dax_writeback_mapping_range'],
  ],
]
const byCaller = new Map(RWSEMS.flatMap(([lock, callers]) => callers.map((caller) => [caller, lock] as const)))

/** The lock a stack (innermost frame first, one per line) waits for; undefined where it does not tell. */
export function lockOfStack(frames: string, unnamedClass: string): string | undefined {
  const caller = callerOf(frames)
  if (caller === undefined) return undefined
  if (unnamedClass === '(unnamed rwsem)') return byCaller.get(caller)
  if (unnamedClass !== '(unnamed rwlock)') return undefined
  // j_state_lock is the journal's only rwlock, i_es_lock the extent status tree's.
  if (/^(jbd2_|__jbd2_|start_this_handle$|kjournald2$)/.test(caller)) return '&journal->j_state_lock'
  return caller.startsWith('ext4_es_') || caller.startsWith('__es_') ? '&ei->i_es_lock' : undefined
}

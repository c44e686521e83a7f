/** One lock under all its names: what a replay waits for by itself is no demand of the recording's. */
import { expect, it } from 'vitest'
import { isModelled } from '#shared/whatif/demands.ts'
import { lockName } from '#shared/whatif/names.ts'

it.each([
  ['i_rwsem', ['&sb->s_type->i_mutex_key', '&sb->s_type->i_mutex_key#3', 'i_rwsem', 'XFS_IOLOCK']],
  [
    'invalidate_lock',
    ['mapping.invalidate_lock', '&ei->i_mmap_sem', '&(&ip->i_mmaplock)->mr_lock', 'XFS_MMAPLOCK', '&ei->dax_sem'],
  ],
  ['xfs_nondir_ilock_class', ['&xfs_nondir_ilock_class', 'XFS_ILOCK']],
  ['mmap_lock', ['mmap_lock', '&mm->mmap_lock', '&mm->mmap_sem']],
])('%s', (name, spellings) => {
  for (const spelling of spellings) {
    expect(lockName(spelling)).toBe(name)
    expect(isModelled(spelling), spelling).toBe(true)
  }
})

it('other locks are nothing the model waits for', () => {
  for (const name of ['&xfs_dir_ilock_class', '&journal->j_state_lock', '(unnamed mutex)'])
    expect(isModelled(name), name).toBe(false)
})

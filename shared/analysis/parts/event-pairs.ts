/** Events that are of use only together, and the sets in which they are recorded. */

export const LOCKDEP = ['lock:lock_acquire', 'lock:lock_acquired', 'lock:lock_contended', 'lock:lock_release']
export const XFS_ILOCK = ['xfs:xfs_ilock', 'xfs:xfs_ilock_nowait', 'xfs:xfs_ilock_demote', 'xfs:xfs_iunlock']

/** A page fault has no event of its own at its end: it ends with what is known to be inside. */
export const FAULT_ENDS = ['exceptions:page_fault_user', 'mmap_lock']

/** Events that only mean something together. */
export const PAIRS: readonly {
  readonly first: RegExp
  readonly second: RegExp
  readonly names: string
  readonly so: string
  /** A recording of one half is as little use as this one. */
  readonly both: readonly string[]
}[] = [
  {
    first: /^contention_begin$/,
    second: /^contention_end$/,
    names: 'lock:contention_end',
    so: 'waits have no end',
    both: ['lock:contention_begin', 'lock:contention_end'],
  },
  {
    first: /^lock_acquired$/,
    second: /^lock_release$/,
    names: 'lock:lock_release',
    so: 'holds have no end',
    both: LOCKDEP,
  },
  {
    first: /^lock_contended$/,
    second: /^lock_acquired$/,
    names: 'lock:lock_acquired',
    so: 'waits have no end',
    both: LOCKDEP,
  },
  {
    first: /^sys_enter_/,
    second: /^sys_exit_/,
    names: 'syscalls:sys_exit_*',
    so: 'system calls have no end',
    both: ['syscalls'],
  },
  {
    first: /^sched_switch$/,
    second: /^sched_(waking|wakeup)$/,
    names: 'sched:sched_waking',
    so: 'holders of unnamed locks cannot be inferred',
    both: ['sched:sched_switch', 'sched:sched_waking'],
  },
  {
    first: /^jbd2_handle_start$/,
    second: /^jbd2_handle_stats$/,
    names: 'jbd2:jbd2_handle_stats',
    so: 'handles have no end',
    both: ['jbd2:jbd2_handle_start', 'jbd2:jbd2_handle_stats'],
  },
  {
    first: /^jbd2_start_commit$/,
    second: /^jbd2_end_commit$/,
    names: 'jbd2:jbd2_end_commit',
    so: 'commits have no end',
    both: ['jbd2:jbd2_start_commit', 'jbd2:jbd2_end_commit'],
  },
  {
    first: /^xfs_ilock$/,
    second: /^xfs_iunlock$/,
    names: 'xfs:xfs_iunlock',
    so: 'inode locks have no end',
    both: XFS_ILOCK,
  },
  {
    first: /^mmap_lock_acquire_returned$/,
    second: /^mmap_lock_released$/,
    names: 'mmap_lock:mmap_lock_released',
    so: 'holds of mmap_lock have no end',
    both: ['mmap_lock'],
  },
  {
    first: /^dax_pte_fault$/,
    second: /^dax_pte_fault_done$/,
    names: 'fs_dax:dax_pte_fault_done',
    so: 'DAX faults have no end',
    both: ['fs_dax'],
  },
  {
    first: /^page_fault_user$/,
    second: /^(dax_pte_fault_done|mmap_lock_released|lock_release|handle_mm_fault)$/,
    names: 'fs_dax:dax_pte_fault_done or mmap_lock:mmap_lock_released',
    so: 'page faults have no end',
    both: FAULT_ENDS,
  },
]

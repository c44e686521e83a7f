/**
 * What lockdep's class names mean. Lockdep uses its `lock_acquire` / `lock_release` events for real locks and for pure
 * bookkeeping alike ("inside RCU", "inside a journal handle", "may reclaim here"); only the name tells them apart. This
 * file knows the names of kernel 6.x; a name it does not know is taken for a lock, and the events decide the rest.
 */

import { plainClass } from '../model/class-name.ts'
import type { LockKind } from '../model/kinds.ts'

/** How a class's lockdep events are to be read. */
export const BEHAVES_AS_LOCK = 0
/** Bookkeeping: a span, never a lock. */
export const BEHAVES_AS_ANNOTATION = 1
/** A lock whose uncontended path prints no lock_acquired (percpu_down_read, finish_lock_switch). */
export const BEHAVES_SILENTLY = 2
/** The life of a jbd2 handle (fs/jbd2/transaction.c: start_this_handle): an annotation that is a phase. */
export const BEHAVES_AS_HANDLE = 3
/** mapping->i_mmap_rwsem: held shared around unmapping a file range (mm/memory.c: unmap_mapping_pages). */
export const BEHAVES_AS_I_MMAP = 4
/** mm->mmap_lock: its release ends a page fault. */
export const BEHAVES_AS_MMAP_LOCK = 5

export const MMAP_LOCK_CLASS = '&mm->mmap_lock'

export interface LockNature {
  readonly kind: LockKind
  readonly behaviour: number
}

const ANNOTATIONS = new Set([
  'rcu_read_lock',
  'rcu_read_lock_bh',
  'rcu_read_lock_sched',
  'rcu_callback',
  'rcu_tasks_trace',
  'fs_reclaim',
  '__fs_reclaim',
  'sb_writers',
  'sb_pagefaults',
  'sb_internal',
  'mmu_notifier_invalidate_range_start',
  '__mmu_notifier_invalidate_range_start_map',
  'kn->active',
  // local_lock_t: a preemption section without a lock behind it (include/linux/local_lock_internal.h).
  'lock',
  '&c->lock',
  'crngs.lock',
])

/**
 * `…seqcount`, `…_srcu`, timers, work items and completions (`(work_completion)(…)`, `(&timer.timer)`), and maps named
 * after the source line of a timer (`mm/vmstat.c:2006`).
 */
const ANNOTATION_PATTERN =
  /seqcount\)?$|_srcu$|^\(.*\)|^&\(.*(->|\.)(timer|work)$|^[\w./-]+\.[ch]:\d+$|^batched_entropy_u\d+\.lock$/

const SILENT = new Map<string, LockKind>([
  ['&sbi->s_writepages_rwsem', 'percpu-rwsem'],
  ['cpu_hotplug_lock', 'percpu-rwsem'],
  ['dup_mmap_sem', 'percpu-rwsem'],
  ['cgroup_threadgroup_rwsem', 'percpu-rwsem'],
  ['&cgroup_threadgroup_rwsem', 'percpu-rwsem'],
  ['&rq->__lock', 'spinlock'],
])

const KNOWN = new Map<string, LockKind>([
  [MMAP_LOCK_CLASS, 'rwsem'],
  ['mapping.invalidate_lock', 'rwsem'],
  ['&sb->s_type->i_mutex_key', 'rwsem'],
  ['&type->i_mutex_dir_key', 'rwsem'],
  ['&type->s_umount_key', 'rwsem'],
  ['&xfs_nondir_ilock_class', 'rwsem'],
  ['&xfs_dir_ilock_class', 'rwsem'],
  ['&sig->exec_update_lock', 'rwsem'],
  ['&f->f_pos_lock', 'mutex'],
  ['&sbi->s_orphan_lock', 'mutex'],
  ['trace_types_lock', 'mutex'],
  ['&of->mutex', 'mutex'],
  ['&ei->i_es_lock', 'rwlock'],
  ['&journal->j_state_lock', 'rwlock'],
  ['tasklist_lock', 'rwlock'],
  ['binfmt_lock', 'rwlock'],
  ['bit_wait_table + i', 'spinlock'],
  ['rcu_node_0', 'spinlock'],
  ['key', 'spinlock'],
  ['ptlock_ptr(page)', 'spinlock'],
])

/** Kind and behaviour of a lockdep class, as an event, a table or a report prints it. */
export function natureOf(printed: string): LockNature {
  const name = plainClass(printed)
  if (name === 'jbd2_handle') return { kind: 'annotation', behaviour: BEHAVES_AS_HANDLE }
  if (name.endsWith('seqcount') || ANNOTATIONS.has(name) || ANNOTATION_PATTERN.test(name)) {
    return { kind: name.includes('seqcount') ? 'seqcount' : 'annotation', behaviour: BEHAVES_AS_ANNOTATION }
  }
  const silent = SILENT.get(name)
  if (silent !== undefined) return { kind: silent, behaviour: BEHAVES_SILENTLY }
  if (name === '&mapping->i_mmap_rwsem') return { kind: 'rwsem', behaviour: BEHAVES_AS_I_MMAP }
  if (name === MMAP_LOCK_CLASS) return { kind: 'rwsem', behaviour: BEHAVES_AS_MMAP_LOCK }
  return { kind: KNOWN.get(name) ?? kindByName(name), behaviour: BEHAVES_AS_LOCK }
}

/** Kernel naming habits; contention events of the same trace overrule them (see contention.ts). */
function kindByName(name: string): LockKind {
  if (/rwsem\b|_sem\b|rwsem/.test(name)) return 'rwsem'
  if (/mutex|_mtx\b/.test(name)) return 'mutex'
  if (/lock|wait|_wq\b|lru|\.timer|\bwq\b/.test(name)) return 'spinlock'
  return 'unknown'
}

/** Classes of contention_* waits, by the LCB_F_* flags of include/trace/events/lock.h. */
export const LCB_SPIN = 1
export const LCB_READ = 2
export const LCB_WRITE = 4
export const LCB_RT = 8
export const LCB_PERCPU = 0x10
export const LCB_MUTEX = 0x20

export const UNNAMED_RWSEM = '(unnamed rwsem)'

export function unnamedClass(flags: number): { readonly name: string; readonly kind: LockKind } {
  if (flags & LCB_MUTEX) return { name: '(unnamed mutex)', kind: 'mutex' }
  if (flags & LCB_PERCPU) return { name: '(unnamed percpu-rwsem)', kind: 'percpu-rwsem' }
  if (flags & LCB_RT) return { name: '(unnamed rt-mutex)', kind: 'mutex' }
  const reader = (flags & (LCB_READ | LCB_WRITE)) !== 0
  if (flags & LCB_SPIN) {
    return reader ? { name: '(unnamed rwlock)', kind: 'rwlock' } : { name: '(unnamed spinlock)', kind: 'spinlock' }
  }
  return reader ? { name: UNNAMED_RWSEM, kind: 'rwsem' } : { name: '(unnamed semaphore)', kind: 'unknown' }
}

/**
 * Recording over the contract: the kernel's own tracing on this machine, by question. One recording is one trace; it is
 * stopped by its command's end, its time, `record.stop`, and given up by cancelling the call.
 */

import * as z from 'zod'
import type { ImportSummary, OpenedFile } from './files.ts'

/** Events by question; `system:name`, where a name may have `*`. */
export interface EventSet {
  readonly id: string
  readonly title: string
  readonly about: string
  /** At least one of each of these has to be there; `why` says what a kernel without it lacks. */
  readonly needs: readonly { readonly events: string; readonly why: string }[]
  readonly events: readonly string[]
}

const OPERATIONS = ['raw_syscalls:sys_enter', 'raw_syscalls:sys_exit', 'exceptions:page_fault_user']
const TASKS = ['sched:sched_switch', 'sched:sched_waking', 'sched:sched_process_fork', 'sched:sched_process_exec']
/** With what tells of its own locks in every kernel, holds included. */
const WAITS = ['lock:contention_begin', 'lock:contention_end', 'mmap_lock:*', 'xfs:xfs_ilock*', 'xfs:xfs_iunlock']
const XFS_TRANSACTIONS = ['xfs:xfs_trans_alloc', 'xfs:xfs_trans_commit', 'xfs:xfs_trans_cancel']
const FAULTS = [
  'fs_dax:*',
  'filemap:mm_filemap_*',
  'huge_memory:*',
  'iomap:iomap_invalidate_folio',
  'ext4:ext4_punch_hole',
  'ext4:ext4_fallocate_*',
  'ext4:ext4_truncate_*',
  'ext4:ext4_ext_map_blocks_*',
  'ext4:ext4_ind_map_blocks_*',
  'xfs:xfs_file_fsync',
  'xfs:xfs_*_fault',
  'xfs:xfs_setattr',
  'xfs:xfs_file_*_read',
  'xfs:xfs_file_*_write',
  'xfs:xfs_alloc_file_space',
  'xfs:xfs_free_file_space',
  'xfs:xfs_zero_file_space',
  'xfs:xfs_itruncate_extents_*',
  'xfs:xfs_iomap_alloc',
  'xfs:xfs_iomap_found',
  ...XFS_TRANSACTIONS,
]
const JOURNAL = [
  'jbd2:*',
  'ext4:ext4_journal_start*',
  'ext4:ext4_sync_file_*',
  'xfs:xfs_log_*',
  ...XFS_TRANSACTIONS,
  'writeback:writeback_*',
]
const HOLDS = ['lock:lock_acquire', 'lock:lock_acquired', 'lock:lock_contended', 'lock:lock_release']

const CONTENTION_SINCE = 'it is older than 5.19 or was built without CONFIG_TRACEPOINTS'
const LOCKDEP =
  'it was built without CONFIG_LOCKDEP (CONFIG_PROVE_LOCKING or CONFIG_LOCK_STAT); `contention` shows waits'

export const EVENT_SETS: readonly EventSet[] = [
  {
    id: 'contention',
    title: 'Contention',
    about: 'who waited for which lock, asked for where, for how long, and what woke it; cheap',
    needs: [{ events: 'lock:contention_begin', why: CONTENTION_SINCE }],
    events: [...WAITS, ...TASKS, ...OPERATIONS],
  },
  {
    id: 'holds',
    title: 'Holds',
    about: 'every lock by name, taken and released: who held what across what (a kernel with lockdep)',
    needs: [{ events: 'lock:lock_acquire', why: LOCKDEP }],
    events: [...HOLDS, ...WAITS, ...TASKS, ...OPERATIONS],
  },
  {
    id: 'faults',
    title: 'Faults',
    about: 'page faults, truncates and hole punches with what they did inside, and their waits',
    needs: [{ events: 'exceptions:page_fault_user', why: 'its architecture does not trace page faults' }],
    events: [...FAULTS, ...WAITS, ...TASKS, ...OPERATIONS],
  },
  {
    id: 'journal',
    title: 'Journal',
    about: 'transactions, commits and syncs of ext4 or xfs, and their waits',
    needs: [{ events: 'jbd2:*,xfs:xfs_log_*', why: 'neither ext4 nor xfs is loaded' }],
    events: [...JOURNAL, ...WAITS, ...TASKS, ...OPERATIONS],
  },
  {
    id: 'everything',
    title: 'Everything',
    about: 'all of the others, as far as this kernel has it; large',
    needs: [],
    events: [...HOLDS, ...FAULTS, ...JOURNAL, ...WAITS, ...TASKS, ...OPERATIONS],
  },
]

export const recordSchema = z.strictObject({
  /** Sets, or events as `system:name`. */
  events: z.array(z.string().min(1).max(200)).min(1).max(200).default(['contention']),
  /** Left out: everything that runs is recorded, for `seconds`. Only for hosts on this machine. */
  command: z.array(z.string().max(131_072)).max(10_000).default([]),
  /** Where the command's output goes: its own terminal, the terminal's error stream, nowhere. */
  output: z.enum(['own', 'errors', 'none']).default('none'),
  cwd: z.string().max(4096).optional(),
  /** At most; of a command, its end is the end. */
  seconds: z.number().positive().max(86_400).optional(),
  /** Record other tasks too, not only the command's. */
  allTasks: z.boolean().default(false),
  /** Buffer per CPU; left out: by the events and the machine's memory. */
  bufferMiB: z.int().min(1).max(16_384).optional(),
  /** Keep the raw recording, a trace.dat, under this path. */
  raw: z.string().max(4096).optional(),
  /** The `.faultline` file; left out: Faultline's own folder, and it is opened. */
  out: z.string().max(4096).optional(),
  force: z.boolean().default(false),
})

/** What this machine can record; asking changes nothing. */
export interface RecordAbility {
  /** null: it can; else why not, and what to do about it. */
  readonly problem: { readonly message: string; readonly hint: string } | null
  /** May this client have a command run? */
  readonly commands: boolean
  readonly sets: readonly {
    readonly id: string
    readonly title: string
    readonly about: string
    /** How many events of it this kernel has. */
    readonly events: number
    /** null: it can be recorded here. */
    readonly lacks: string | null
  }[]
}

export interface RecordResult {
  readonly file: string
  readonly raw: string | null
  /** Events that were recorded; what the kernel counted as read on all CPUs, where each call stack counts too; its losses. */
  readonly events: number
  readonly records: number
  readonly lost: number
  readonly lostPerCpu: readonly { readonly cpu: number; readonly lost: number }[]
  readonly bytes: number
  readonly bufferKiB: number
  readonly cpus: number
  readonly seconds: number
  readonly sets: readonly string[]
  readonly tracepoints: number
  /** How the command ended; null: none, or it was still running and was told to end. */
  readonly exit: { readonly status: number | null; readonly signal: string | null } | null
  readonly notes: readonly string[]
  readonly imported: ImportSummary
  /** Without `out`. */
  readonly opened: OpenedFile | null
}

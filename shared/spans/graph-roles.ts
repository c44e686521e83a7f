/**
 * What kernel functions say about operations, for traces that show function calls (function_graph). Some functions are an
 * operation by themselves when nothing around them is known; others, called inside, tell which one it is: only a shared
 * write fault opens a journal handle in ext4_dax_huge_fault, only a change of size makes ext4_setattr wait for DAX pages.
 * Read from Linux 6.1 sources. What no function of the trace tells stays unknown: a fault is `fault`, not a guess.
 */

import { kindOfCall } from './system-calls.ts'
import type { OpFrame } from './track.ts'

const OPS: Readonly<Record<string, readonly string[]>> = {
  fault: [
    'asm_exc_page_fault',
    'exc_page_fault',
    'do_user_addr_fault',
    'do_page_fault',
    '__do_page_fault',
    'handle_mm_fault',
    '__handle_mm_fault',
    'do_fault',
    '__do_fault',
    'ext2_dax_fault',
    'ext4_dax_fault',
    'ext4_dax_huge_fault',
    'ext4_filemap_fault',
    'ext4_page_mkwrite',
    'ext4_dax_pfn_mkwrite',
    'filemap_fault',
    '__xfs_filemap_fault',
    'xfs_filemap_fault',
    'xfs_filemap_huge_fault',
    'dax_iomap_fault',
    'dax_iomap_pte_fault',
    'dax_iomap_pmd_fault',
  ],
  truncate: ['do_truncate', 'do_sys_truncate', 'do_sys_ftruncate', 'vfs_truncate', 'ext4_truncate', 'xfs_setattr_size'],
  punch_hole: ['ext4_punch_hole'],
  fallocate: ['vfs_fallocate', 'ext4_fallocate', 'xfs_file_fallocate', 'xfs_free_file_space', 'ext4_zero_range'],
  read: [
    'vfs_read',
    'ksys_read',
    'new_sync_read',
    'ext4_file_read_iter',
    'xfs_file_read_iter',
    'generic_file_read_iter',
  ],
  write: [
    'vfs_write',
    'ksys_write',
    'new_sync_write',
    'ext4_file_write_iter',
    'ext4_buffered_write_iter',
    'ext2_file_write_iter',
    'xfs_file_write_iter',
    'generic_file_write_iter',
  ],
  fsync: ['vfs_fsync_range', 'do_fsync', 'ext4_sync_file', 'xfs_file_fsync', 'generic_file_fsync'],
  writeback: [
    'do_writepages',
    'ext4_writepages',
    'ext4_dax_writepages',
    'ext2_dax_writepages',
    'xfs_vm_writepages',
    'xfs_dax_writepages',
    'dax_writeback_mapping_range',
  ],
  commit: ['jbd2_journal_commit_transaction'],
  invalidate: ['invalidate_inode_pages2_range', 'invalidate_inode_pages2'],
  mmap: ['vm_mmap_pgoff', 'ksys_mmap_pgoff', 'do_mmap'],
  munmap: ['__vm_munmap', 'do_munmap', '__do_munmap', 'do_mas_munmap'],
  // What kind these are is told by what they call.
  ext4_setattr: ['ext4_setattr'],
  dax_iomap_rw: ['dax_iomap_rw'],
}
const byRoot = new Map(Object.entries(OPS).flatMap(([kind, names]) => names.map((name) => [name, kind] as const)))

/** arch/x86/include/asm/syscall_wrapper.h and its likes: one prefix per architecture. */
const SYSCALL = /^__(?:x64|ia32|arm64|riscv|s390x|powerpc|se|do)_(?:compat_)?sys_(\w+)$/

/** The kind of operation a function is where no other is open; undefined: none. */
export function opOfFunction(name: string): string | undefined {
  const known = byRoot.get(name)
  if (known !== undefined) return known
  const call = SYSCALL.exec(name)
  return call === null ? undefined : kindOfCall(call[1])
}

/** Called inside an operation whose function leaves its kind open. */
const TELLS: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map([
  [
    'ext4_setattr',
    new Map([
      ['truncate_pagecache', 'truncate'],
      ['dax_layout_busy_page', 'truncate'],
      ['ext4_truncate', 'truncate'],
    ]),
  ],
  [
    'dax_iomap_rw',
    new Map([
      ['dax_copy_from_iter', 'write'],
      ['dax_copy_to_iter', 'read'],
    ]),
  ],
  [
    'fallocate',
    new Map([
      ['ext4_punch_hole', 'punch_hole'],
      ['xfs_free_file_space', 'punch_hole'],
    ]),
  ],
  // Zeroing a range punches it, too, and then allocates it anew.
  ['punch_hole', new Map([['xfs_alloc_file_space', 'fallocate']])],
])
/** Who frees space to punch a hole; others collapse a range, or zero it (fs/xfs/xfs_file.c). */
const PUNCHES = new Set(['xfs_file_fallocate', '__xfs_file_fallocate'])

type Told = (op: OpFrame, parent: string) => void

function write(op: OpFrame): void {
  op.file = true
  op.write = true
}

function read(op: OpFrame): void {
  op.file = op.accessTold = true
}

function copy(op: OpFrame): void {
  write(op)
  op.private = true
}

function upgrade(op: OpFrame): void {
  write(op)
  op.present = !op.fresh
}

/** A page is fetched and mapped only where none was; that of a shared write is made writable in the same fault. */
function fetch(op: OpFrame): void {
  op.fresh = true
  op.present = false
}

/** fs/ext4/file.c, ext4_dax_huge_fault: the handle is opened for a shared write only, before dax_iomap_fault. */
function handle(op: OpFrame, parent: string): void {
  if (parent === 'ext4_dax_huge_fault' || parent === 'ext4_dax_fault') write(op)
}

function huge(op: OpFrame): void {
  op.pmd = op.file = true
}

/** mm/memory.c: do_fault decides between these three; do_wp_page is a write to what is mapped read-only. */
const FAULTS: ReadonlyMap<string, Told> = new Map<string, Told>([
  ['do_read_fault', read],
  ['filemap_map_pages', read],
  ['do_shared_fault', write],
  ['do_cow_fault', copy],
  ['__do_fault', fetch],
  ['finish_fault', fetch],
  ['do_page_mkwrite', upgrade],
  ['wp_pfn_shared', upgrade],
  ['wp_page_shared', upgrade],
  ['ext4_dax_pfn_mkwrite', upgrade],
  ['dax_insert_pfn_mkwrite', upgrade],
  ['dax_finish_sync_fault', write],
  ['dax_iomap_pmd_fault', huge],
  ['jbd2__journal_start', handle],
])

/** `name` was called by `parent` ('' unknown) inside `op`. */
export function tell(op: OpFrame, name: string, parent: string): void {
  if (op.fault) FAULTS.get(name)?.(op, parent)
  else if (name !== 'xfs_free_file_space' || PUNCHES.has(parent)) op.kind = TELLS.get(op.kind)?.get(name) ?? op.kind
}

/**
 * Events of page faults, DAX, ext4, jbd2, XFS and the page cache: what they say about operations, their files and the
 * steps inside them. Formats are those of include/trace/events/{filemap,ext4,jbd2,fs_dax}.h; fields are read by
 * name, so an event that gained or lost others between kernels still decodes.
 */

import type { Decoder } from './decoders.ts'
import { key, type EventFields } from './fields.ts'
import type { SpanBuilder } from './span-builder.ts'

const ADDRESS = key('address')
const IP = key('ip')
const ERROR_CODE = key('error_code')
const PGOFF = key('pgoff')
const OFS = key('ofs')
const OFFSET = key('offset')
const LEN = key('len')
const RET = key('ret')
const PRIVATE = key('private')
const WRITE = key('WRITE')
const MKWRITE = key('MKWRITE')
const SIGBUS = key('SIGBUS')
const OOM = key('OOM')
const RETRY = key('RETRY')
const FALLBACK = key('FALLBACK')
const ZERO = key('ZERO')
const MFLAGS = key('mflags')
const REASON = key('reason')
const PAGE = 4096

function fault(inKernel: boolean): Decoder {
  // One for all: a trace has millions of them.
  const trap = { address: NaN, ip: NaN, errorCode: NaN, inKernel }
  return (spans, fields) => {
    trap.address = fields.next(ADDRESS)
    trap.ip = fields.next(IP)
    trap.errorCode = fields.next(ERROR_CODE, 16)
    spans.ops.fault(trap)
  }
}

function daxFault(pmd: boolean): Decoder {
  return (spans, fields) => {
    spans.ops.daxFault({
      inode: spans.inodes.of(fields),
      offset: fields.number(PGOFF) * PAGE,
      write: fields.has(WRITE) || fields.has(MKWRITE),
      private: fields.has(PRIVATE),
      pmd,
    })
    spans.phases.begin('dax_fault')
  }
}

function daxFaultDone(spans: SpanBuilder, fields: EventFields): void {
  if (!spans.phases.end('dax_fault')) spans.phases.unmatched()
  outcome(spans, fields)
}

/** The result is the last word, after the page offset; the flags before it may hold the same letters. */
function outcome(spans: SpanBuilder, fields: EventFields): void {
  const whole = fields.from
  fields.from = Math.max(whole, fields.find(PGOFF, true))
  spans.ops.daxFaultDone({
    fallback: fields.has(FALLBACK),
    retry: fields.has(RETRY),
    sigbus: fields.has(SIGBUS),
    oom: fields.has(OOM),
  })
  fields.from = whole
}

function mkwrite(spans: SpanBuilder, fields: EventFields): void {
  const frame = spans.ops.fileFault(spans.inodes.of(fields), fields.number(PGOFF) * PAGE)
  frame.write = true
  if (frame.length !== frame.length) frame.length = PAGE
  outcome(spans, fields)
}

function filemapFault(spans: SpanBuilder, fields: EventFields): void {
  const frame = spans.ops.fileFault(spans.inodes.of(fields, true), fields.number(OFS))
  frame.length = PAGE
}

function xfsFault(spans: SpanBuilder, fields: EventFields): void {
  spans.ops.fileFault(spans.inodes.of(fields), NaN)
}

function step(name: string): { readonly begin: Decoder; readonly end: Decoder } {
  return {
    begin(spans, fields) {
      spans.ops.inode(spans.inodes.of(fields))
      spans.phases.begin(name)
    },
    end(spans) {
      if (!spans.phases.end(name)) spans.phases.unmatched()
    },
  }
}

const lookup = step('es_lookup')
const alloc = step('alloc')
const free = step('free')
const transaction = step('transaction')

function mapBegins(spans: SpanBuilder, fields: EventFields): void {
  spans.ops.inode(spans.inodes.of(fields))
  spans.phases.begin('map_blocks')
}

/** New blocks mapped with ZERO are zeroed right after (fs/ext4/inode.c: ext4_map_blocks). */
function mapEnds(spans: SpanBuilder, fields: EventFields): void {
  const flags = fields.find(MFLAGS)
  const created = flags >= 0 && fields.bytes[flags] === 0x4e // N
  spans.phases.mapEnds(created && fields.has(ZERO) && fields.number(RET, true) > 0)
}

function instant(name: string): Decoder {
  return (spans) => spans.phases.past(spans.state.track, name, spans.state.ts)
}

/** An operation of its own where no system call shows it, else a step of that call. */
function inner(op: string, phase: string): { readonly begin: Decoder; readonly end: Decoder } {
  return {
    begin(spans, fields) {
      const inode = spans.inodes.of(fields)
      spans.ops.inode(inode)
      if (!spans.ops.beginInner(op, inode, fields.number(OFFSET), fields.number(LEN))) spans.phases.begin(phase)
    },
    end(spans, fields) {
      if (!spans.phases.end(phase) && !spans.ops.endInner(op, fields.number(RET, true))) spans.phases.unmatched()
    },
  }
}

const truncate = inner('truncate', 'truncate')
const sync = inner('fsync', 'sync_file')
const writeback = inner('writeback', 'writeback')
const range = inner('writeback', 'writeback_range')
const allocate = inner('fallocate', 'fallocate')

/** ext4_punch_hole has no exit event: the system call's exit is the end. */
function punch(spans: SpanBuilder, fields: EventFields): void {
  const inode = spans.inodes.of(fields)
  spans.ops.inode(inode)
  if (!spans.ops.beginInner('punch_hole', inode, fields.number(OFFSET), fields.number(LEN))) {
    spans.phases.beginUntilOpEnd('punch')
  }
}

/** Where nothing else ends a punch, the last freed range does. */
function freed(spans: SpanBuilder, fields: EventFields): void {
  free.end(spans, fields)
  const top = spans.state.track.top()
  if (top?.inferred && top.kind === 'punch_hole') top.endNs = spans.state.ts
}

/** tlb_flush reasons 1 to 4 are shootdowns, 0 is a task switch (include/linux/mm_types.h: enum tlb_flush_reason). */
function flush(spans: SpanBuilder, fields: EventFields): void {
  const kind = spans.state.track.current()?.kind
  const paren = fields.find(REASON)
  if (kind !== 'truncate' && kind !== 'punch_hole') return
  if (paren >= 0 && !fields.has(key('(0)'))) instant('unmap')(spans, fields)
}

function xfsFile(spans: SpanBuilder, fields: EventFields): void {
  spans.ops.inode(spans.inodes.of(fields))
}

export const fileDecoders: Readonly<Record<string, Decoder>> = {
  page_fault_user: fault(false),
  page_fault_kernel: fault(true),
  dax_pte_fault: daxFault(false),
  dax_pmd_fault: daxFault(true),
  dax_pte_fault_done: daxFaultDone,
  dax_pmd_fault_done: daxFaultDone,
  dax_insert_pfn_mkwrite: mkwrite,
  dax_insert_pfn_mkwrite_no_entry: mkwrite,
  dax_load_hole: instant('load_hole'),
  dax_pmd_load_hole: instant('load_hole'),
  dax_writeback_range: range.begin,
  dax_writeback_range_done: range.end,
  mm_filemap_fault: filemapFault,
  xfs_filemap_fault: xfsFault,
  xfs_read_fault: xfsFault,
  xfs_write_fault: xfsFault,
  xfs_filemap_huge_fault: xfsFault,
  xfs_filemap_page_mkwrite: xfsFault,
  xfs_filemap_pfn_mkwrite: xfsFault,
  ext4_ext_map_blocks_enter: mapBegins,
  ext4_ind_map_blocks_enter: mapBegins,
  ext4_ext_map_blocks_exit: mapEnds,
  ext4_ind_map_blocks_exit: mapEnds,
  ext4_es_lookup_extent_enter: lookup.begin,
  ext4_es_lookup_extent_exit: lookup.end,
  ext4_es_insert_extent: (spans) => spans.phases.published(),
  ext4_request_blocks: alloc.begin,
  ext4_allocate_blocks: alloc.end,
  ext4_ext_remove_space: free.begin,
  ext4_ext_remove_space_done: freed,
  xfs_itruncate_extents_start: free.begin,
  xfs_itruncate_extents_end: free.end,
  ext4_truncate_enter: truncate.begin,
  ext4_truncate_exit: truncate.end,
  ext4_punch_hole: punch,
  ext4_fallocate_enter: allocate.begin,
  ext4_fallocate_exit: allocate.end,
  ext4_sync_file_enter: sync.begin,
  ext4_sync_file_exit: sync.end,
  ext4_writepages: writeback.begin,
  ext4_writepages_result: writeback.end,
  ext4_journal_start: (spans) => spans.phases.journalAsked(),
  ext4_journal_start_inode: (spans) => spans.phases.journalAsked(),
  ext4_journal_start_sb: (spans) => spans.phases.journalAsked(),
  jbd2_handle_start: (spans) => spans.phases.handleBegins(),
  jbd2_handle_stats: (spans) => spans.phases.handleEnds(),
  jbd2_start_commit: (spans) => spans.commitBegins(),
  jbd2_commit_locking: (spans) => spans.commitState('commit_locking'),
  jbd2_commit_flushing: (spans) => spans.commitState('commit_flushing'),
  jbd2_commit_logging: (spans) => spans.commitState('commit_logging'),
  jbd2_end_commit: (spans) => spans.commitEnds(),
  xfs_trans_alloc: transaction.begin,
  xfs_trans_commit: transaction.end,
  xfs_trans_cancel: transaction.end,
  xfs_free_file_space: xfsFile,
  xfs_setattr: xfsFile,
  xfs_file_fsync: xfsFile,
  xfs_file_dax_read: xfsFile,
  xfs_file_dax_write: xfsFile,
  xfs_file_buffered_read: xfsFile,
  xfs_file_buffered_write: xfsFile,
  tlb_flush: flush,
}

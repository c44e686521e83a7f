/**
 * Events of page faults, DAX, ext4, jbd2, XFS and the page cache: what they say about operations, their files and the
 * steps inside them. Formats are those of include/trace/events/{filemap,ext4,jbd2,fs_dax}.h; fields are read by
 * name, so an event that gained or lost others between kernels still decodes. Flags and results are words as print formats
 * print them, numbers where records are printed field by field.
 */

import type { Decoder } from './decoder.ts'
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
const SHARED = key('shared')
const PRIVATE = key('private')
const WRITE = key('WRITE')
const MKWRITE = key('MKWRITE')
const ZERO = key('ZERO')
const MFLAGS = key('mflags')
const REASON = key('reason')
const NO_SHOOTDOWN = key('(0)')
const ANOTHERS_SHOOTDOWN = key('(1)')
const INDEX = key('index')
const WRITE_FAULT = key('write_fault')
const FLAGS = key('flags')
const VM_FLAGS = key('vm_flags')
const RESULT = key('result')
const CALLER = key('caller')
const PAGE = 4096

/** include/linux/mm.h */
const VM_SHARED = 0x8
/** include/linux/mm_types.h: enum fault_flag, enum vm_fault_reason */
const FAULT_FLAG_WRITE = 0x1
const FAULT_FLAG_MKWRITE = 0x2
const VM_FAULT_OOM = 0x1
const VM_FAULT_SIGBUS = 0x2
const VM_FAULT_RETRY = 0x400
const VM_FAULT_FALLBACK = 0x800
/** fs/ext4/ext4.h */
const EXT4_MAP_NEW = 0x20
const EXT4_GET_BLOCKS_ZERO = 0x200

function fault(inKernel: boolean): Decoder {
  // One for all: a trace has millions of them.
  const trap = { address: NaN, ip: NaN, errorCode: NaN, inKernel }
  return (spans, fields) => {
    // Those of interrupts are not the task's.
    if (spans.state.context !== 0) return
    trap.address = fields.next(ADDRESS)
    trap.ip = fields.next(IP)
    trap.errorCode = fields.next(ERROR_CODE, 16)
    spans.ops.fault(trap)
  }
}

/**
 * Of flags that no words were found for: field by field they are numbers, and trace-cmd and perf print `shared 0xa55`, the
 * enumeration's values being in no format. NaN where there are words.
 */
function numericFlags(fields: EventFields): number {
  const raw = fields.number(FLAGS)
  if (raw === raw) return raw
  const shared = fields.find(SHARED)
  return fields.numberAt(shared < 0 ? fields.find(PRIVATE) : shared, 10)
}

function daxFault(pmd: boolean): Decoder {
  return (spans, fields) => {
    const flags = numericFlags(fields)
    const raw = fields.number(VM_FLAGS)
    spans.ops.daxFault({
      inode: spans.inodes.of(fields),
      offset: fields.number(PGOFF) * PAGE,
      write:
        flags === flags
          ? (flags & (FAULT_FLAG_WRITE | FAULT_FLAG_MKWRITE)) !== 0
          : fields.has(WRITE) || fields.has(MKWRITE),
      private: raw === raw ? (raw & VM_SHARED) === 0 : fields.has(PRIVATE),
      pmd,
    })
    spans.phases.begin('dax_fault')
  }
}

function daxFaultDone(spans: SpanBuilder, fields: EventFields): void {
  if (!spans.phases.end('dax_fault')) spans.phases.unmatched()
  outcome(spans, fields)
}

/** What became of the fault. */
function outcome(spans: SpanBuilder, fields: EventFields): void {
  const result = resultOf(fields)
  spans.ops.daxFaultDone({
    fallback: (result & VM_FAULT_FALLBACK) !== 0,
    retry: (result & VM_FAULT_RETRY) !== 0,
    sigbus: (result & VM_FAULT_SIGBUS) !== 0,
    oom: (result & VM_FAULT_OOM) !== 0,
  })
}

const RESULTS: readonly (readonly [string, number])[] = [
  ['OOM', VM_FAULT_OOM],
  ['SIGBUS', VM_FAULT_SIGBUS],
  ['RETRY', VM_FAULT_RETRY],
  ['FALLBACK', VM_FAULT_FALLBACK],
]

/**
 * Bits of vm_fault_reason: of the field, or of the last word, which comes after pairs of names and values; the flags before
 * it may be spelled the same. Tools that have no words for the flags take the first, OOM, for none.
 */
function resultOf(fields: EventFields): number {
  const raw = fields.number(RESULT)
  if (raw === raw) return raw
  const from = fields.find(PGOFF, true)
  const words = from < 0 ? [] : fields.text(from).split(' ')
  const last = words.length % 2 === 0 ? (words.at(-1) ?? '') : ''
  if (/^0x[0-9a-f]+$/.test(last)) return Number(last)
  const flags = numericFlags(fields)
  if (flags === flags) return 0
  return RESULTS.reduce((sum, [word, bit]) => (last.split('|').includes(word) ? sum | bit : sum), 0)
}

function mkwrite(spans: SpanBuilder, fields: EventFields): void {
  const frame = spans.ops.fileFault(spans.inodes.of(fields), fields.number(PGOFF) * PAGE)
  frame.write = true
  if (frame.length !== frame.length) frame.length = PAGE
  outcome(spans, fields)
}

function filemapFault(spans: SpanBuilder, fields: EventFields): void {
  const offset = fields.number(OFS)
  const frame = spans.ops.fileFault(
    spans.inodes.of(fields, true),
    offset === offset ? offset : fields.number(INDEX) * PAGE,
  )
  frame.length = PAGE
}

/**
 * The page cache's first half of a write prints what a read does (fs/xfs/xfs_file.c: xfs_filemap_fault); only a write to a shared
 * mapping makes its page writable. Linux 6.1 has one event for all: `write_fault 1`.
 */
function xfsFault(spans: SpanBuilder, fields: EventFields): void {
  const frame = spans.ops.fileFault(spans.inodes.of(fields), NaN)
  if (fields.number(WRITE_FAULT) === 1 && !frame.accessTold) frame.write = true
}

function xfsWrite(spans: SpanBuilder, fields: EventFields): void {
  const frame = spans.ops.fileFault(spans.inodes.of(fields), NaN)
  if (!frame.accessTold) frame.write = true
}

/** Called for pages without struct page that are mapped read-only (mm/memory.c: wp_pfn_shared). */
function xfsUpgrade(spans: SpanBuilder, fields: EventFields): void {
  xfsWrite(spans, fields)
  const top = spans.state.track.top()
  if (top?.accessTold === false) top.present = true
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

/** A transaction that is rolled is committed in parts (fs/xfs/xfs_trans.c: xfs_trans_roll): only the last commit ends it. */
function committed(spans: SpanBuilder, fields: EventFields): void {
  const caller = fields.find(CALLER)
  if (caller >= 0 && fields.text(caller).startsWith('xfs_trans_roll')) return
  transaction.end(spans, fields)
}

function mapBegins(spans: SpanBuilder, fields: EventFields): void {
  spans.ops.inode(spans.inodes.of(fields))
  spans.phases.begin('map_blocks')
}

/** New blocks mapped with ZERO are zeroed right after (fs/ext4/inode.c: ext4_map_blocks). */
function mapEnds(spans: SpanBuilder, fields: EventFields): void {
  const flags = fields.find(MFLAGS)
  const raw = fields.numberAt(flags, 10)
  const zeroed =
    raw === raw
      ? (raw & EXT4_MAP_NEW) !== 0 && (fields.number(FLAGS) & EXT4_GET_BLOCKS_ZERO) !== 0
      : flags >= 0 && fields.bytes[flags] === 0x4e /* N */ && fields.has(ZERO)
  spans.phases.mapEnds(zeroed && fields.number(RET, true) > 0)
}

function instant(name: string): Decoder {
  return (spans) => spans.phases.past(spans.state.track, name, spans.state.ts)
}

/** An operation of its own where no system call shows it, else a step of that call. */
function inner(op: string, phase: string): { readonly begin: Decoder; readonly end: Decoder } {
  return {
    begin(spans, fields) {
      const inode = spans.inodes.of(fields)
      spans.ops.leaveFaults(op)
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
  spans.ops.leaveFaults('punch_hole')
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

/**
 * tlb_flush reasons (include/linux/mm_types.h: enum tlb_flush_reason): 2 to 4 are shootdowns of this task; 1 is another's, in
 * whatever it interrupts here; 0 is a task switch.
 */
function flush(spans: SpanBuilder, fields: EventFields): void {
  const { context, track } = spans.state
  const kind = track.current()?.kind
  if (context !== 0) return
  if (kind !== 'truncate' && kind !== 'punch_hole') return
  const paren = fields.find(REASON)
  const raw = fields.numberAt(paren, 10)
  const others = raw === raw ? raw <= 1 : fields.has(NO_SHOOTDOWN) || fields.has(ANOTHERS_SHOOTDOWN)
  if (paren >= 0 && !others) instant('unmap')(spans, fields)
}

/** What a system call does first to a file, and no fault. */
function entered(kind: string, hex = false): Decoder {
  return (spans, fields) => {
    spans.ops.leaveFaults(kind)
    spans.ops.inode(spans.inodes.of(fields, hex))
  }
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
  // mm/filemap.c: filemap_get_pages, of reads and splices.
  mm_filemap_get_pages: entered('read', true),
  xfs_filemap_fault: xfsFault,
  xfs_read_fault: xfsFault,
  xfs_write_fault: xfsWrite,
  xfs_filemap_huge_fault: xfsFault,
  xfs_filemap_page_mkwrite: xfsWrite,
  xfs_filemap_pfn_mkwrite: xfsUpgrade,
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
  ext4_write_begin: entered('write'),
  ext4_da_write_begin: entered('write'),
  ext4_begin_ordered_truncate: entered('truncate'),
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
  xfs_trans_commit: committed,
  xfs_trans_cancel: transaction.end,
  xfs_free_file_space: entered('punch_hole'),
  xfs_setattr: entered('truncate'),
  xfs_file_fsync: entered('fsync'),
  xfs_file_dax_read: entered('read'),
  xfs_file_dax_write: entered('write'),
  xfs_file_buffered_read: entered('read'),
  xfs_file_buffered_write: entered('write'),
  tlb_flush: flush,
}

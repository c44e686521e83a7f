/**
 * The side switches, with what each means, and their values where a preset says nothing. The last
 * group is this model's own: it names steps in which eras differed and that 4.0 leaves to the operations.
 */

import { registry } from '../../base/registry.ts'
import type { Switches } from './slots.ts'

export interface SwitchSpec {
  readonly id: keyof Switches
  readonly title: string
  readonly about: string
  /** Words it may be; a plain switch has `true` and `false`. */
  readonly options: readonly string[]
  readonly default: string
}

const YES_NO = ['true', 'false']

function flag(id: keyof Switches, on: boolean, title: string, about: string): SwitchSpec {
  return { id, title, about, options: YES_NO, default: String(on) }
}

export const switches = registry<SwitchSpec>('switch', [
  {
    id: 'unmapLock',
    title: 'lock of UNMAP',
    about: 'what i_mmap is, and how UNMAP takes it',
    options: ['spin', 'spin+lockbreak', 'mutex', 'rwsem-x', 'rwsem-s', 'none'],
    default: 'rwsem-s',
  },
  {
    id: 'immapMode',
    title: 'i_mmap in faults',
    about: 'how a fault takes i_mmap, if its strategy does',
    options: ['mutex', 'shared', 'exclusive'],
    default: 'shared',
  },
  {
    id: 'guardMode',
    title: 'guard rwsem in faults',
    about: 'how a fault takes the lock of fs-rwsem or inval',
    options: ['shared', 'exclusive', 'exclusive-for-writes'],
    default: 'shared',
  },
  {
    id: 'dirtyTagClear',
    title: 'clearing DIRTY',
    about: 'when writeback clears the dirty tag of a DAX entry',
    options: ['never', 'racy', 'underEntry'],
    default: 'underEntry',
  },
  {
    id: 'prefault',
    title: 'prefault of write(2)',
    about: 'whether the source page is only probed or pinned before the atomic copy',
    options: ['probe', 'probe+pin'],
    default: 'probe',
  },
  {
    id: 'rangeSinglePage',
    title: 'one page in the range lock',
    about: 'whether a single page is locked in the tree or by its own lock where the page exists',
    options: ['tree', 'page-lock'],
    default: 'tree',
  },
  {
    id: 'rangeGranularity',
    title: 'range of write(2)',
    about: 'whether write(2) locks page by page or its whole range',
    options: ['page', 'syscall'],
    default: 'page',
  },
  flag(
    'rangeFaults',
    true,
    'faults lock ranges',
    'faults take the range lock of range-whole; else they are not converted',
  ),
  flag(
    'rangeReads',
    true,
    'reads lock ranges',
    'read(2) and readahead take the range lock of range-whole; else R04 is as before',
  ),
  flag('rangeWrites', true, 'writes lock ranges', 'write(2) takes the range lock of range-whole'),
  flag(
    'rangeDirect',
    true,
    'direct I/O locks ranges',
    'direct I/O takes the range lock of range-whole from submission to completion',
  ),
  flag(
    'rangeTruncate',
    true,
    'truncate locks ranges',
    'truncate takes the range lock of range-whole, up to the end of all files',
  ),
  flag(
    'rangePunch',
    true,
    'punch locks ranges',
    'punch, collapse and insert take the range lock of range-whole; else R03 is as before',
  ),
  flag('secondUnmap', true, 'second UNMAP', 'truncate unmaps again after dropping pages'),
  flag('evenCowsOnPunch', false, 'punch takes private copies', 'punch unmaps private copies too (bug)'),
  flag(
    'flushInsideLock',
    true,
    'flush under the lock',
    'collapse and insert write dirty pages after taking the exclusive lock (32ebffd3bbb4), else before (R23)',
  ),
  flag('breakLayouts', true, 'wait for DMA', 'truncate and punch wait for pages a device may write to (4.18)'),
  flag('readaheadTakesInval', false, 'readahead takes the guard', 'who fills the page cache takes the guard shared'),
  flag('faultsTakeSbPagefault', true, 'faults take the freeze level', 'write faults take sb_pagefault'),
  flag(
    'evenCowsOnBreak',
    false,
    'waiting for DMA takes private copies',
    'the UNMAP in front of the wait for DMA takes private copies too (bug of 2019, R20b)',
  ),
  flag('xipSeq', false, 'XIP seqcount', 'the 2008 seqcount around the sparse page'),
  {
    id: 'punchUnmap',
    title: 'UNMAP of punch',
    about: 'whether punch unmaps before its handle or inside it (ext4 until 2014)',
    options: ['before-handle', 'inside-handle'],
    default: 'before-handle',
  },
  {
    id: 'holePage',
    title: 'what a hole is mapped as',
    about: 'a zeroed page-cache page per index (until 4.13) or the one zero page',
    options: ['page-cache', 'global-zero'],
    default: 'global-zero',
  },
  {
    id: 'wakeHash',
    title: 'wait queue of a 2 MiB entry',
    about: "hashed by the entry's start, or by the waiter's own index (bug of 4.20-5.2)",
    options: ['entry', 'index'],
    default: 'entry',
  },
  {
    id: 'cowUnlock',
    title: 'unlock after a handed-over COW',
    about: 'generic code releases what was taken, or another lock or mode (bug)',
    options: ['matching', 'other'],
    default: 'matching',
  },
  {
    id: 'mapSyncOrder',
    title: 'PTE of a MAP_SYNC fault',
    about: 'set when the block is durable (4.15), or before (bug: R33)',
    options: ['commit-first', 'pte-first'],
    default: 'commit-first',
  },
  flag('ioZeroes', true, 'write(2) zeroes fresh blocks', 'DAX write() zeroes in the allocation (4.7), not afterwards'),
  flag(
    'ioUnmapsHuge',
    true,
    'write(2) unmaps 2 MiB zero pages',
    'write(2) into a hole takes 2 MiB mappings of the zero page too (4.12, cd656375f946; else R07b)',
  ),
  flag(
    'fsyncFlushesMappings',
    true,
    'fsync flushes mapped stores',
    'fsync writes back cache lines of DAX mappings (4.5)',
  ),
  flag('pmdFaults', true, '2 MiB faults', 'faults try a 2 MiB entry where the mapping asks for it'),
  flag(
    'recheckPmd',
    true,
    'look for a 2 MiB entry again',
    'after the entry lock is granted a fault looks again (4.12)',
  ),
  flag(
    'installPageChecks',
    true,
    'install_page looks again',
    'populating a mapping looks at page->mapping and i_size under the page-table lock (2.6; else R17)',
  ),
  flag(
    'cleansAliases',
    true,
    'allocation cleans aliases',
    "a DAX allocation drops the block's old copy from the block device's page cache (4.10; else R26)",
  ),
  flag(
    'vmaLock',
    false,
    'per-VMA locks',
    'a fault tries the lock of its VMA before mmap_lock (6.4); ext2 and ext4 DAX faults fall back to mmap_lock',
  ),
  flag('faultAround', true, 'fault-around', 'a read fault maps cached neighbours too, up to 16 pages (3.15)'),
])

/**
 * Slot P1, `guard`: what stops a fault racing truncate and punch. Truncate can lean on i_size, which
 * it lowers first; punch cannot, so only options held from before UNMAP until the blocks are free stop it.
 */

import { registry } from '../../base/registry.ts'
import { C } from '../costs.ts'
import { lockImmap, unlockImmap, type Fault } from '../ops/fault.ts'
import { PAGES_PER_PMD } from '../mm.ts'
import { P } from '../phases.ts'
import type { RangeRequest } from '../range-lock.ts'
import type { Inode } from '../inode.ts'
import type { Steps, StepsOf } from '../task.ts'
import type { World } from '../world.ts'
import type { Guard, Span } from './slots.ts'

/** What was seen of i_size decides. */
function checkSize(f: Fault): void {
  if (f.index >= f.inode.size) f.result = 'sigbus'
}

const none: Guard = { id: 'none', title: 'nothing', about: 'no check at all after the first look at i_size' }

/** 2.6.0-2.6.22 (mm/memory.c: do_no_page, unmap_mapping_range). */
const tcount: Guard = {
  id: 'tcount',
  title: 'truncate_count',
  about: 'UNMAP counts; a fault whose count changed until it holds the page-table lock looks again',
  *sample(w, f) {
    if (w.k.see(f.inode.mapping.truncateObject, false)) yield
    f.sample = f.inode.mapping.truncateCount
  },
  moved: (_w, f) => f.inode.mapping.truncateCount !== f.sample,
  *unmapEnter(w, span) {
    if (w.k.see(span.inode.mapping.truncateObject, true)) yield
    span.inode.mapping.truncateCount++
  },
}

/** Andrea Arcangeli's patch of December 2005, never merged: a reader yields while a writer is inside. */
const seqsched: Guard = {
  ...tcount,
  id: 'seqsched',
  title: 'seqschedlock',
  about:
    'truncate_count, and a sequence that invalidation moves; a fault yields the CPU while an invalidater is inside',
  *sample(w, f) {
    const { mapping } = f.inode
    if (w.k.see(mapping.truncateObject, false)) yield
    while (mapping.writers > 0) {
      w.stats.bump('seqsched yields')
      f.tries++
      w.checks?.retried(f.tries, 'yields to an invalidater that does not get on, with', f)
      if (w.checks?.gaveUp(f.tries) === true) return
      if (w.yieldCpu()) yield
      w.k.touch(mapping.truncateObject, false)
    }
    f.sample = mapping.sequence + mapping.truncateCount
  },
  moved: (_w, f) =>
    f.inode.mapping.writers > 0 || f.inode.mapping.sequence + f.inode.mapping.truncateCount !== f.sample,
  invalidateEnter(w, span) {
    w.k.touch(span.inode.mapping.truncateObject, true)
    span.inode.mapping.writers++
    span.inode.mapping.sequence++
  },
  invalidateLeave(w, span) {
    w.k.touch(span.inode.mapping.truncateObject, true)
    span.inode.mapping.sequence++
    span.inode.mapping.writers--
  },
}

/** 2.6.23 (mm: merge nopfn with nopage; d00806b18315): the page stays locked until its PTE is set. */
const pageLock: Guard = {
  id: 'page-lock',
  title: 'page lock',
  about: 'the page stays locked from the check until the PTE is set; whoever removes it waits for it',
  locksPage: true,
}

const isizeBefore: Guard = {
  id: 'isize-before',
  title: 'i_size once',
  about: 'i_size is checked before the block look-up only',
}

/** mm/memory.c and fs/dax.c of 4.0: dax_insert_mapping. */
const isizeRecheck: Guard = {
  id: 'isize-recheck-under-immap',
  title: 'i_size again under i_mmap',
  about: 'i_mmap is taken after the block look-up, i_size checked again, the PTE set under it',
  *beforeInsert(w, f) {
    if (f.immap === undefined && lockImmap(w, f, 'guard')) yield
    if (w.k.see(f.inode.sizeObject, false)) yield
    checkSize(f)
  },
  afterInsert: (w, f) => unlockImmap(w, f, 'guard'),
}

/** The outcome of the mail of 2014-04-13, posted as v8 in July 2014, withdrawn in August. */
const immapAcross: Guard = {
  id: 'immap-across-getblock',
  title: 'i_mmap across get_block',
  about: 'i_mmap is held from the i_size check over the block look-up until the PTE is set',
  *beforeLookup(w, f) {
    if (f.immap === undefined && lockImmap(w, f, 'guard')) yield
    f.immapFor = 'guard'
    if (w.k.see(f.inode.sizeObject, false)) yield
    checkSize(f)
  },
  afterInsert: (w, f) => unlockImmap(w, f, 'guard'),
}

/** Locks pages from … to, at the price of the tree (or none where the page's own lock serves). */
export function* lockRange(w: World, inode: Inode, span: { from: number; to: number }): StepsOf<RangeRequest> {
  const { from, to } = span
  const byPage = w.policy.switches.rangeSinglePage === 'page-lock' && to - from === 1 && inode.mapping.cache.has(from)
  if (!byPage) {
    const { prices, k } = w
    const depth = 32 - Math.clz32(inode.ranges.count) + inode.ranges.intersecting(from, to)
    if (k.work(P.range_lock, prices.draw(k, C.rangeTree) + prices.draw(k, C.rangePerLevel) * depth)) yield
  }
  return yield* inode.ranges.acquire(from, to)
}

export function faultRange(f: Fault): { from: number; to: number } {
  if (!f.pmd) return { from: f.index, to: f.index + 1 }
  const from = f.index - (f.index % PAGES_PER_PMD)
  return { from, to: from + PAGES_PER_PMD }
}

function releaseSpan(_w: World, span: Span): void {
  if (span.range === undefined) return
  span.inode.ranges.release(span.range)
  span.range = undefined
}

/** Was this kind of operation converted to the range lock? One that was not has what it had before: nothing. */
function converted(w: World, op: Span['op']): boolean {
  const sw = w.policy.switches
  switch (op) {
    case 'truncate':
      return sw.rangeTruncate
    case 'punch':
    case 'shift':
      return sw.rangePunch
    case 'read':
      return sw.rangeReads
    case 'write':
      return sw.rangeWrites
    case 'direct':
      return sw.rangeDirect
    case undefined:
      return sw.rangeFaults
  }
}

/** Does write(2), or direct I/O, lock ranges? */
export function ioLocksRange(w: World, op: 'write' | 'direct'): boolean {
  return w.policy.guard.io === 'range' && converted(w, op)
}

/** Jan Kara, 2012-2013 (H1): nothing is created in a locked range. The switches `range…` say who takes it. */
const rangeWhole: Guard = {
  id: 'range-whole',
  title: 'range lock, whole operation',
  about: 'faults and I/O lock their pages, punch and truncate their range until the blocks are free',
  io: 'range',
  *enter(w, f) {
    if (converted(w, undefined)) f.range = yield* lockRange(w, f.inode, faultRange(f))
  },
  leave(_w, f) {
    if (f.range !== undefined) f.inode.ranges.release(f.range)
    f.range = undefined
  },
  *removeEnter(w, span) {
    if (converted(w, span.op)) span.range = yield* lockRange(w, span.inode, span)
  },
  removeLeave: releaseSpan,
  *fillEnter(w, span) {
    if (converted(w, span.op)) span.range = yield* lockRange(w, span.inode, span)
  },
  fillLeave: releaseSpan,
}

/** Kirill Shutemov, August 2015 (H2): the range lock stands where i_mmap stood, inside UNMAP. */
const rangeUnmap: Guard = {
  id: 'range-unmap-only',
  title: 'range lock, UNMAP only',
  about: 'a range lock inside UNMAP only; blocks are freed outside it',
  *beforeInsert(w, f) {
    if (w.k.see(f.inode.sizeObject, false)) yield
    checkSize(f)
  },
  *unmapEnter(w, span) {
    if (span.inode.ranges.heldBy(w.k.current, span)) return
    span.range = yield* lockRange(w, span.inode, span)
  },
  unmapLeave: releaseSpan,
}

function faultMode(w: World, f: Fault): 'shared' | 'exclusive' {
  const { guardMode } = w.policy.switches
  return guardMode === 'exclusive' || (guardMode === 'exclusive-for-writes' && f.write) ? 'exclusive' : 'shared'
}

function* noSteps(): Steps {
  // Cached pages are looked up without it.
}

function* takeShared(w: World, f: Fault): Steps {
  f.guardMode = faultMode(w, f)
  if (w.k.lock(f.inode.mapping.invalidateLock, f.guardMode)) yield
}

/** XFS_MMAPLOCK (4.1), dax_sem (4.4), i_mmap_sem (4.5; ea3d7209ca01). */
const fsRwsem: Guard = {
  id: 'fs-rwsem',
  title: 'per-filesystem rwsem',
  about: 'faults take a per-inode rwsem shared, truncate and punch exclusive until the blocks are free',
  enter: takeShared,
  leave(w, f) {
    if (f.guardMode !== undefined) w.k.unlock(f.inode.mapping.invalidateLock, f.guardMode)
    f.guardMode = undefined
  },
  *removeEnter(w, span) {
    if (w.k.lock(span.inode.mapping.invalidateLock, 'exclusive')) yield
  },
  removeLeave(w, span) {
    w.k.unlock(span.inode.mapping.invalidateLock, 'exclusive')
  },
  *fillEnter(w, span) {
    if (w.policy.switches.readaheadTakesInval && w.k.lock(span.inode.mapping.invalidateLock, 'shared')) yield
  },
  fillLeave(w, span) {
    if (w.policy.switches.readaheadTakesInval) w.k.unlock(span.inode.mapping.invalidateLock, 'shared')
  },
}

/** mapping->invalidate_lock (5.15; 730633f0b7f9, d4f5258eae7b): whoever fills the page cache takes it too. */
const inval: Guard = {
  ...fsRwsem,
  id: 'inval',
  title: 'invalidate_lock',
  about:
    'the same rwsem in the mapping, taken shared by all that create page-cache content as well; cached hits do not',
  enter: (w, f) => (f.inode.dax ? takeShared(w, f) : noSteps()),
}

/** Preset Z: i_rwsem in the fault. Right in principle, and above mmap_lock in write(): R25. */
const irwsem: Guard = {
  id: 'irwsem',
  title: 'i_rwsem',
  about: 'the fault takes the inode lock that truncate, punch and write hold',
  usesInodeLock: true,
  *enter(w, f) {
    f.guardMode = w.policy.pairing.id === 'irwsem' ? 'exclusive' : 'shared'
    if (w.k.lock(f.inode.rwsem, f.guardMode)) yield
  },
  leave(w, f) {
    if (f.guardMode !== undefined) w.k.unlock(f.inode.rwsem, f.guardMode)
    f.guardMode = undefined
  },
}

export const guards = registry<Guard>('guard', [
  none,
  tcount,
  seqsched,
  pageLock,
  isizeBefore,
  isizeRecheck,
  immapAcross,
  rangeWhole,
  rangeUnmap,
  fsRwsem,
  inval,
  irwsem,
])

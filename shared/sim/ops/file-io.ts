/**
 * read(2) and write(2): through the page cache (mm/filemap.c), and on DAX files straight to pmem (fs/dax.c:
 * dax_iomap_rw; 3.15). Page by page, because the copy from user memory can fault on the very range being written.
 */

import { C } from '../costs.ts'
import { asksPage, changesPage, markDirty } from '../dirtying.ts'
import type { Tag } from '../content.ts'
import { blockOf, isMapped, isUnwritten } from '../extents.ts'
import type { Inode } from '../inode.ts'
import { isPresent, type Page } from '../mapping.ts'
import type { Vma } from '../mm.ts'
import { P } from '../phases.ts'
import { ioLocksRange, lockRange } from '../policies/guard.ts'
import type { RangeRequest } from '../range-lock.ts'
import type { Steps, StepsOf } from '../task.ts'
import { ENOSPC, SIGBUS, type World } from '../world.ts'
import { canLoad, load } from './access.ts'
import { fillPage, readPage } from './cache-fault.ts'
import { waitForSpace } from './dax-fault.ts'
import { deleteEntry, slotOf } from './entry.ts'
import { addLockedPage, forget, lockPage } from './folio.ts'
import { convert, mapBlocks, mapRequest, readsBlock, type MapRequest } from './map-blocks.ts'
import { setSize } from './truncate.ts'
import { unmap } from './unmap.ts'

export interface WriteRequest {
  readonly from: number
  readonly pages: number
  /** Slots of each page that are written; all if left out. */
  readonly slots?: readonly number[]
  /** Where the bytes come from, if from a mapping: it may fault. */
  readonly source?: { readonly vma: Vma; readonly from: number }
}

/** write(2). Returns pages written, or a negative errno. */
export function* write(w: World, inode: Inode, request: WriteRequest): StepsOf<number> {
  const { k, policy } = w
  w.opBegin('write', inode.number, request.from * 4096, request.pages * 4096)
  if (w.run(P.syscall, C.syscall)) yield
  if (k.lock(w.sbWrite, 'shared')) yield
  if (k.lock(inode.rwsem, 'exclusive')) yield
  const whole = ioLocksRange(w, 'write') && policy.switches.rangeGranularity === 'syscall'
  const range = whole ? yield* lockRange(w, inode, { from: request.from, to: request.from + request.pages }) : undefined
  let result = 0
  for (let i = 0; i < request.pages && result >= 0; i++) {
    const failed = yield* writeOne(w, inode, { request, i, locked: range !== undefined })
    result = failed === 0 ? result + 1 : failed
  }
  if (w.prices.settle(w.k)) yield
  if (range !== undefined) inode.ranges.release(range)
  k.unlock(inode.rwsem, 'exclusive')
  k.unlock(w.sbWrite, 'shared')
  w.opEnd('write', result < 0 ? result : result * 4096)
  return result
}

interface PageWrite {
  readonly request: WriteRequest
  readonly i: number
  /** The caller holds the range. */
  readonly locked: boolean
}

/** 0 or a negative errno. */
function* writeOne(w: World, inode: Inode, page: PageWrite): StepsOf<number> {
  const { k } = w
  const { source, from } = page.request
  const index = from + page.i
  for (let tries = 0; ; tries++) {
    if (source !== undefined) {
      k.enter(P.fault_in)
      const tag = yield* load(w, source.vma, { index: source.from + page.i, slot: 0 })
      k.leave(P.fault_in)
      if (tag === undefined) return SIGBUS
    }
    let range: RangeRequest | undefined
    if (ioLocksRange(w, 'write') && !page.locked) range = yield* lockRange(w, inode, { from: index, to: index + 1 })
    const done = inode.dax ? yield* daxWriteOne(w, inode, page) : yield* cacheWriteOne(w, inode, page)
    if (range !== undefined) inode.ranges.release(range)
    if (done !== undefined) return done
    // The source went away between prefault and the atomic copy (R29).
    w.stats.bump('prefault retries')
    w.checks?.retried(tries, 'prefaults again the source of', { inode, index })
    if (w.checks?.gaveUp(tries) === true) return SIGBUS
  }
}

/** Is the source there for a copy with page faults disabled? A pinned source always is. */
function sourceThere(w: World, page: PageWrite): boolean {
  const { source } = page.request
  if (source === undefined || w.policy.switches.prefault === 'probe+pin') return true
  w.k.touch(source.vma.seen(source.from + page.i), false)
  return canLoad(source.vma, source.from + page.i)
}

function slotsOf(w: World, request: WriteRequest): readonly number[] {
  return request.slots ?? Array.from({ length: w.device.slots }, (_, slot) => slot)
}

/** MAPBLOCKS of a system call: without space it waits for the commit that brings some, as often as slot `enospc` says. */
export function* mapForWrite(w: World, map: MapRequest): Steps {
  yield* mapBlocks(w, map)
  for (let tries = 0; map.failed && tries < w.policy.enospc.retries && w.space.isToCome; tries++) {
    yield* waitForSpace(w)
    map.failed = false
    yield* mapBlocks(w, map)
  }
  if (map.failed) w.checks?.outOfSpace(map.inode, map.index)
}

// ---- DAX ----

/** undefined: the source is gone, prefault again. */
function* daxWriteOne(w: World, inode: Inode, page: PageWrite): StepsOf<number | undefined> {
  const { k, policy } = w
  const index = page.request.from + page.i
  const slots = slotsOf(w, page.request)
  const map = mapRequest({ inode, index, create: true, purpose: 'write' })
  yield* mapForWrite(w, map)
  if (map.failed) return ENOSPC
  const { mapping } = map
  const block = blockOf(mapping)
  const range = { from: index, to: index + 1 }
  // Flags of the look-up, by now perhaps stale: before 4.7 the edges of a fresh block were zeroed by them (R08).
  const fresh = map.isNew || isUnwritten(mapping)
  if (!policy.switches.ioZeroes && fresh && slots.length < w.device.slots) yield* zeroEdges(w, block, slots)
  if (map.isNew) yield* invalidateHole(w, inode, index)
  if (!sourceThere(w, page)) return undefined
  const tag = w.tag(inode)
  w.checks?.content.begin(inode, range, slots)
  if (w.pmemWrite(P.copy, C.copyUser4k, 1)) yield
  if (k.see(w.blockObject(block), true)) yield
  w.checks?.changed('data of', inode, index)
  for (const slot of slots) w.device.store(block, slot, tag, true)
  if (isUnwritten(mapping)) yield* convert(w, inode, index)
  w.checks?.content.end(inode, range, { tag, slots })
  if (index >= inode.size) yield* setSize(w, inode, index + 1)
  return 0
}

function* zeroEdges(w: World, block: number, slots: readonly number[]): Steps {
  if (w.pmemWrite(P.zero, C.clear4kPmem, 1)) yield
  if (w.k.see(w.blockObject(block), true)) yield
  for (let slot = 0; slot < w.device.slots; slot++) if (!slots.includes(slot)) w.device.store(block, slot, 0, true)
  w.checks?.zeroed(block)
}

/**
 * The block is new: whatever stands for the hole goes, and the PTEs of it. Where holes are page-cache pages only a page that
 * is found is unmapped (mm/filemap.c of 4.0: generic_file_direct_write, invalidate_inode_pages2_range); a fault that has seen
 * the hole and has not made its page yet is not noticed (R07).
 */
function* invalidateHole(w: World, inode: Inode, index: number): Steps {
  const { k, policy } = w
  k.enter(P.invalidate)
  if (k.see(inode.entrySeen(index), false)) yield
  if (policy.pairing.entries === true && isPresent(inode.mapping.entries[slotOf(inode, index)])) {
    yield* deleteEntry(w, inode, index)
  }
  const page = yield* lockPage(w, inode, index)
  if (page !== undefined || policy.switches.holePage === 'global-zero') {
    const smallOnly = !policy.switches.ioUnmapsHuge
    yield* unmap(w, { inode, from: index, to: index + 1 }, { evenCows: false, smallOnly })
  }
  if (page !== undefined) {
    forget(w, inode, page)
    k.unlock(page.lock)
  }
  k.leave(P.invalidate)
}

// ---- the page cache ----

function* cacheWriteOne(w: World, inode: Inode, write: PageWrite): StepsOf<number | undefined> {
  const { k } = w
  const index = write.request.from + write.i
  const slots = slotsOf(w, write.request)
  for (let tries = 0; tries < w.policy.enospc.retries && lacksSpace(w, inode, index) && w.space.isToCome; tries++) {
    yield* waitForSpace(w)
  }
  if (!w.fs.delayedAllocation) yield* w.txStart()
  const page = yield* pageForWrite(w, inode, { index, partial: slots.length < w.device.slots })
  let result: number | undefined = 0
  if (lacksSpace(w, inode, index)) {
    w.checks?.outOfSpace(inode, index)
    result = ENOSPC
  } else if (!sourceThere(w, write)) result = undefined
  else {
    const tag: Tag = w.tag(inode)
    const range = { from: index, to: index + 1 }
    w.checks?.content.begin(inode, range, slots)
    if (w.run(P.copy, C.copyUser4k)) yield
    if (k.see(page.object, true)) yield
    for (const slot of slots) page.content[slot] = tag
    changesPage(w, page)
    page.uptodate = true
    markDirty(w, page)
    w.checks?.content.end(inode, range, { tag, slots })
    if (index >= inode.size) {
      if (k.see(inode.sizeObject, true)) yield
      inode.size = index + 1
    }
  }
  k.unlock(page.lock)
  if (!w.fs.delayedAllocation) yield* w.txStop()
  if (inode.diskSize < inode.size) yield* setSize(w, inode, inode.size)
  if (w.dirtying !== undefined) yield* w.dirtying.balance()
  return result
}

/** The page has no block and there is none. */
function lacksSpace(w: World, inode: Inode, index: number): boolean {
  if (w.space.isThere) return false
  return (inode.mapping.cache.get(index)?.block ?? -1) < 0 && !isMapped(inode.extents.tree[index])
}

/** The page, locked, read in if only part of it is written. */
function* pageForWrite(w: World, inode: Inode, at: { index: number; partial: boolean }): StepsOf<Page> {
  for (;;) {
    const page = (yield* lockPage(w, inode, at.index)) ?? (yield* addLockedPage(w, inode, at.index))
    if (page === undefined) continue
    asksPage(w, page)
    if (!page.uptodate && at.partial) yield* readPage(w, inode, page)
    if (w.run(P.alloc, C.linkExtent)) yield
    return page
  }
}

/** read(2) of pages; judges what it returns. */
export function* read(w: World, inode: Inode, range: { from: number; pages: number }): Steps {
  const { k } = w
  w.opBegin('read', inode.number, range.from * 4096, range.pages * 4096)
  if (w.run(P.syscall, C.syscall)) yield
  if (inode.dax && k.lock(inode.rwsem, 'shared')) yield
  const last = Math.min(range.from + range.pages, inode.size)
  for (let index = range.from; index < last; index++) {
    if (inode.dax) yield* daxReadOne(w, inode, index)
    else yield* cacheReadOne(w, inode, index)
  }
  if (w.prices.settle(w.k)) yield
  if (inode.dax) k.unlock(inode.rwsem, 'shared')
  w.opEnd('read', Math.max(0, last - range.from) * 4096)
}

function* daxReadOne(w: World, inode: Inode, index: number): Steps {
  const since = w.checks?.content.before(inode, index)
  const map = mapRequest({ inode, index, create: false })
  yield* mapBlocks(w, map)
  const { mapping } = map
  if (readsBlock(mapping)) {
    if (w.pmemRead(P.copy, C.copy4kFromPmem)) yield
    if (w.k.see(w.blockObject(blockOf(mapping)), false)) yield
  } else if (w.run(P.copy, C.clear4k)) yield
  for (let slot = 0; slot < w.device.slots; slot++) {
    const tag = readsBlock(mapping) ? w.device.read(blockOf(mapping), slot) : 0
    w.checks?.content.loaded(inode, { index, slot, by: 'a read()', since }, tag)
  }
}

function* cacheReadOne(w: World, inode: Inode, index: number): Steps {
  const { k } = w
  const since = w.checks?.content.before(inode, index)
  for (let tries = 0; ; tries++) {
    if (k.see(inode.entrySeen(index), false)) yield
    const page = inode.mapping.cache.get(index)
    if (page !== undefined) asksPage(w, page)
    if (page?.uptodate === true) {
      if (w.run(P.copy, C.copyUser4k)) yield
      if (k.see(page.object, false)) yield
      // A page that was truncated away meanwhile is read again, as filemap_read does by its i_size check.
      if (page.detached && w.checks?.gaveUp(tries) !== true) continue
      for (let slot = 0; slot < w.device.slots; slot++) {
        w.checks?.content.loaded(inode, { index, slot, by: 'a read()', since }, page.content[slot])
      }
      return
    }
    w.checks?.retried(tries, 'reads again', { inode, index })
    if (w.checks?.gaveUp(tries) === true) return
    yield* fillPage(w, inode, { index, held: false, op: 'read' })
  }
}

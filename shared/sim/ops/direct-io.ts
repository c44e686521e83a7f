/**
 * Direct I/O on page-cache files, with invalidate_inode_pages2 around it (mm/filemap.c, mm/truncate.c), and
 * DMA into DAX pages: a device that writes to a pinned page for a while (R20).
 */

import type { Tag } from '../content.ts'
import { C } from '../costs.ts'
import { asksPage } from '../dirtying.ts'
import { blockOf, isMapped, isUnwritten } from '../extents.ts'
import type { Inode } from '../inode.ts'
import type { Snapshot } from '../invariants/content.ts'
import { isPresent, type Page } from '../mapping.ts'
import { PTE_NONE, pteKind, pteTarget, type Pte, type Vma } from '../mm.ts'
import { P } from '../phases.ts'
import { ioLocksRange, lockRange } from '../policies/guard.ts'
import type { Span } from '../policies/slots.ts'
import type { Ns } from '../../model/trace.ts'
import type { Steps, StepsOf } from '../task.ts'
import { EBUSY, ENOSPC, type World } from '../world.ts'
import { convert, mapBlocks, mapRequest, readsBlock } from './map-blocks.ts'
import { deleteEntry, entryAt } from './entry.ts'
import { forget, pagesIn } from './folio.ts'
import { mapForWrite } from './file-io.ts'
import { pageFault } from './page-fault.ts'
import { unmap } from './unmap.ts'
import { waitWriteback, writeBack } from './writeback.ts'

/** An O_DIRECT write: flush, invalidate, write to the device, invalidate again. */
export function* directWrite(w: World, inode: Inode, range: { from: number; pages: number }): Steps {
  const { k } = w
  const span: Span = { inode, from: range.from, to: Math.min(range.from + range.pages, inode.pages), op: 'direct' }
  w.opBegin('write', inode.number, span.from * 4096, (span.to - span.from) * 4096)
  if (w.run(P.syscall, C.syscall)) yield
  if (k.lock(w.sbWrite, 'shared')) yield
  if (k.lock(inode.rwsem, 'exclusive')) yield
  const held = ioLocksRange(w, 'direct') ? yield* lockRange(w, inode, span) : undefined
  yield* writeBack(w, inode, span)
  yield* invalidate(w, span)
  let result = (span.to - span.from) * 4096
  const tag = w.tag(inode)
  w.checks?.content.begin(inode, span)
  for (let index = span.from; index < span.to; index++) {
    if (!(yield* writeBlock(w, inode, { index, tag }))) result = ENOSPC
  }
  // Whoever read a page meanwhile loses it again; until then either content is right.
  yield* invalidate(w, span)
  w.checks?.content.end(inode, span, { tag })
  if (held !== undefined) inode.ranges.release(held)
  k.unlock(inode.rwsem, 'exclusive')
  k.unlock(w.sbWrite, 'shared')
  w.opEnd('write', result)
}

/**
 * An O_DIRECT read: what is dirty in the cache is written first, then the blocks are read past it. What the file showed when
 * it began is right, and whatever comes meanwhile.
 */
export function* directRead(w: World, inode: Inode, range: { from: number; pages: number }): Steps {
  const { k } = w
  const span: Span = { inode, from: range.from, to: Math.min(range.from + range.pages, inode.size), op: 'direct' }
  w.opBegin('read', inode.number, span.from * 4096, Math.max(0, span.to - span.from) * 4096)
  if (w.run(P.syscall, C.syscall)) yield
  if (k.lock(inode.rwsem, 'shared')) yield
  const held = ioLocksRange(w, 'direct') && span.to > span.from ? yield* lockRange(w, inode, span) : undefined
  const since = new Map<number, Snapshot | undefined>()
  for (let index = span.from; index < span.to; index++) since.set(index, w.checks?.content.before(inode, index))
  yield* writeBack(w, inode, span)
  for (let index = span.from; index < span.to; index++) yield* readBlock(w, inode, { index, since: since.get(index) })
  if (held !== undefined) inode.ranges.release(held)
  k.unlock(inode.rwsem, 'shared')
  w.opEnd('read', Math.max(0, span.to - span.from) * 4096)
}

function* readBlock(w: World, inode: Inode, at: { index: number; since: Snapshot | undefined }): Steps {
  const { index, since } = at
  const map = mapRequest({ inode, index, create: false })
  yield* mapBlocks(w, map)
  const { mapping } = map
  const reads = readsBlock(mapping)
  if (reads) {
    yield* w.io(P.read_io, C.readPage)
    if (w.k.see(w.blockObject(blockOf(mapping)), false)) yield
  }
  for (let slot = 0; slot < w.device.slots; slot++) {
    const tag = reads ? w.device.read(blockOf(mapping), slot) : 0
    w.checks?.content.loaded(inode, { index, slot, by: 'a direct read', since }, tag)
  }
}

function* writeBlock(w: World, inode: Inode, at: { index: number; tag: Tag }): StepsOf<boolean> {
  const { index, tag } = at
  const map = mapRequest({ inode, index, create: true, purpose: 'writeback' })
  yield* mapForWrite(w, map)
  const { mapping } = map
  if (!isMapped(mapping)) return false
  yield* w.io(P.writeback_io, C.writebackPage)
  if (w.k.see(w.blockObject(blockOf(mapping)), true)) yield
  w.device.fill(blockOf(mapping), tag, true)
  if (isUnwritten(mapping)) yield* convert(w, inode, index)
  return true
}

/** invalidate_inode_pages2_range. It gives no lasting guarantee: a fault right after may bring a page back. */
export function* invalidate(w: World, span: Span): StepsOf<number> {
  const { k } = w
  let result = 0
  k.enter(P.invalidate)
  for (const page of pagesIn(w, span.inode, span))
    result = (yield* invalidatePage(w, span.inode, page)) ? result : EBUSY
  k.leave(P.invalidate)
  return result
}

/** Drops the DAX entries of a range and what maps them, as invalidation by a reader of the raw device would. */
export function* invalidateEntries(w: World, span: Span): Steps {
  w.opBegin('invalidate', span.inode.number, span.from * 4096, (span.to - span.from) * 4096)
  w.k.enter(P.invalidate)
  for (let index = span.from; index < span.to; index++) {
    if (w.k.see(span.inode.entrySeen(index), false)) yield
    if (isPresent(entryAt(span.inode, index))) yield* deleteEntry(w, span.inode, index)
  }
  yield* unmap(w, span, { evenCows: false })
  w.k.leave(P.invalidate)
  w.opEnd('invalidate', 0)
}

function* invalidatePage(w: World, inode: Inode, page: Page): StepsOf<boolean> {
  const { k, policy } = w
  const { guard } = policy
  const span: Span = { inode, from: page.index, to: page.index + 1 }
  guard.invalidateEnter?.(w, span)
  if (w.pageMapped(page)) yield* unmap(w, span, { evenCows: false })
  if (k.lock(page.lock, 'exclusive')) yield
  yield* waitWriteback(w, inode, page)
  if (!page.detached && w.pageMapped(page)) yield* unmap(w, span, { evenCows: false })
  if (k.see(page.object, true)) yield
  asksPage(w, page)
  const gone = !page.detached && !page.dirty
  if (gone) forget(w, inode, page)
  k.unlock(page.lock)
  guard.invalidateLeave?.(w, span)
  return gone
}

/**
 * A device writes `ns` long into a page pinned through a mapping (get_user_pages_fast), whatever happens to the file. The
 * PTE is looked at again once the page is pinned, as gup does; after that only who counts pins is stopped by them.
 */
export function* dma(w: World, vma: Vma, at: { index: number; ns: Ns }): Steps {
  const { k } = w
  const inode = w.inode(vma.inode)
  let pte: Pte
  // It walks the page table, whatever a TLB still holds, and faults the page in if need be (mm/gup.c: faultin_page).
  for (let tries = 0; ; tries++) {
    if (k.see(inode.pinObject, true)) yield
    k.touch(vma.seen(at.index), false)
    pte = vma.walk(at.index)
    if (pte !== PTE_NONE) break
    w.checks?.retried(tries, 'pins', { inode, index: at.index })
    if (w.checks?.gaveUp(tries) === true) return
    if (!(yield* pageFault(w, vma, { index: at.index, write: false }))) return
  }
  if (pteKind(pte) !== 'file') return
  const block = pteTarget(pte)
  const page = { from: at.index, to: at.index + 1 }
  inode.pins[at.index]++
  w.checks?.content.begin(inode, page, [0])
  k.enter(P.dma)
  if (k.sleep(at.ns)) yield
  k.leave(P.dma)
  if (k.see(w.blockObject(block), true)) yield
  const tag = w.tag(inode)
  w.device.store(block, 0, tag, true)
  if (w.checks?.deviceWrites(inode, at.index, block) === false) w.checks.content.abandon(inode, page, [0])
  else w.checks?.content.end(inode, page, { tag, slots: [0] })
  inode.pins[at.index]--
  k.touch(inode.pinObject, true)
  k.wake(w.dmaQueue, 0)
}

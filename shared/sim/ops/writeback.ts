/**
 * Writeback: dirty page-cache pages to their blocks (fs/ext4/inode.c: ext4_writepages, mm/page-writeback.c), and DAX entries'
 * cache lines (fs/dax.c: dax_writeback_one). The page stays locked over the write-protection of its PTEs:
 * `handle → folio → i_mmap`.
 */

import { C } from '../costs.ts'
import { asksPage, changesPage } from '../dirtying.ts'
import { blockOf, isMapped, isUnwritten } from '../extents.ts'
import type { Inode } from '../inode.ts'
import type { Transaction } from '../journal.ts'
import { entryBlock, type Page } from '../mapping.ts'
import { pteKind, pteWritable, writeProtected, type Vma } from '../mm.ts'
import { P } from '../phases.ts'
import type { LockedEntry } from '../policies/slots.ts'
import type { Steps, StepsOf } from '../task.ts'
import type { World } from '../world.ts'
import { lockEntry, slotOf, unlockEntry } from './entry.ts'
import { convert, mapBlocks, mapRequest } from './map-blocks.ts'
import { pagesIn } from './folio.ts'
import { idle, shootDown } from './unmap.ts'

export interface PageRange {
  readonly from: number
  readonly to: number
}

/** Writes what is dirty in the range, and waits for it. False: a page found no block. */
export function* writeBack(w: World, inode: Inode, range: PageRange): StepsOf<boolean> {
  if (inode.dax) {
    if (w.policy.switches.fsyncFlushesMappings) yield* flushEntries(w, inode, range)
    return true
  }
  let written = true
  for (const page of pagesIn(w, inode, range)) {
    asksPage(w, page)
    if (page.dirty && !(yield* writePage(w, inode, page))) written = false
  }
  // filemap_fdatawait: also for what somebody else is writing.
  for (const page of pagesIn(w, inode, range)) yield* waitWriteback(w, inode, page)
  return written
}

export function* waitWriteback(w: World, inode: Inode, page: Page): Steps {
  asksPage(w, page)
  while (page.writeback) {
    if (w.k.sleepOn(inode.mapping.writebackDone, false)) yield
    asksPage(w, page)
  }
}

/** What the flusher does: every dirty page of the page cache. */
export function* writeAll(w: World): Steps {
  for (const inode of w.inodes) if (!inode.dax) yield* writeBack(w, inode, { from: 0, to: inode.pages })
}

/** Data of the inodes a transaction orders before its commit. */
export function* writeOrdered(w: World, transaction: Transaction): Steps {
  for (const number of transaction.ordered) {
    const inode = w.inode(number)
    if (!inode.dax) yield* writeOrderedData(w, inode)
  }
}

/**
 * Ordered data of a transaction: kjournald locks and writes pages that have a block, and waits for those under way
 * (fs/jbd2/commit.c: journal_submit_data_buffers).
 */
function* writeOrderedData(w: World, inode: Inode): Steps {
  const { k } = w
  for (const page of pagesIn(w, inode, { from: 0, to: inode.pages })) {
    asksPage(w, page)
    if (page.block < 0 || (!page.dirty && !page.writeback)) continue
    if (k.lock(page.lock, 'exclusive')) yield
    yield* waitWriteback(w, inode, page)
    changesPage(w, page)
    if (page.dirty && !page.detached) {
      page.dirty = false
      yield* w.io(P.ordered_data, C.orderedData)
      changesPage(w, page)
      toDevice(w, inode, page)
      if (!page.dirty) w.dirtying?.settled(page)
    }
    k.unlock(page.lock)
  }
}

function toDevice(w: World, inode: Inode, page: Page, content = page.content): void {
  w.checks?.changed('data of', inode, page.index)
  for (let slot = 0; slot < w.device.slots; slot++) w.device.store(page.block, slot, content[slot], true)
}

function* writePage(w: World, inode: Inode, page: Page): StepsOf<boolean> {
  const { k } = w
  // Until 2.6.27 the page lock came first; since cf108bca465d ext4's handle does, on XFS it does still. A page that has its
  // block needs none.
  asksPage(w, page)
  const early = w.policy.pairing.ptlOnly !== true && page.block < 0 && !w.fs.txInsideEntry
  if (early) yield* w.txStart()
  if (k.lock(page.lock, 'exclusive')) yield
  asksPage(w, page)
  const wanted = page.dirty && !page.detached && page.index < inode.size
  let started = wanted
  if (started) {
    yield* waitWriteback(w, inode, page)
    started = yield* startWrite(w, inode, page)
  }
  const content = Int32Array.from(page.content)
  const block = page.block
  k.unlock(page.lock)
  if (early) yield* w.txStop()
  if (started) yield* finishWrite(w, inode, { page, content, block })
  return started || !wanted
}

/** Under the page lock: a block, clean, write-protected, under writeback. */
function* startWrite(w: World, inode: Inode, page: Page): StepsOf<boolean> {
  if (page.block < 0) {
    const map = mapRequest({ inode, index: page.index, create: true, purpose: 'writeback' })
    yield* mapBlocks(w, map)
    if (!isMapped(map.mapping)) return false
    page.block = blockOf(map.mapping)
  }
  changesPage(w, page)
  page.dirty = false
  page.writeback = true
  yield* writeProtect(w, inode, page.index)
  return true
}

function* finishWrite(w: World, inode: Inode, write: { page: Page; content: Int32Array; block: number }): Steps {
  const { page, content } = write
  yield* w.io(P.writeback_io, C.writebackPage)
  w.checks?.pageWritten(inode, page)
  toDevice(w, inode, page, content)
  if (isUnwritten(inode.extents.tree[page.index])) yield* convert(w, inode, page.index)
  changesPage(w, page)
  page.writeback = false
  if (!page.dirty) w.dirtying?.settled(page)
  w.k.wake(inode.mapping.writebackDone, 0)
}

/** Makes the PTEs of a page read-only and clean, so that the next store faults (mkclean). */
function* writeProtect(w: World, inode: Inode, index: number): Steps {
  const { k } = w
  const mode = w.policy.switches.unmapLock === 'rwsem-s' ? 'shared' : 'exclusive'
  k.enter(P.write_protect)
  if (k.lock(inode.mapping.immap, mode)) yield
  for (const vma of inode.mapping.vmas) {
    if (!vma.covers(index)) continue
    k.touch(vma.seen(index), false)
    if (!protectable(vma, index) && idle(w, vma)) continue
    if (k.lock(vma.ptl, 'exclusive', 'mm')) yield
    if (w.run(P.write_protect, C.zapPte)) yield
    if (k.see(vma.seen(index), true)) yield
    if (isHuge(vma, index)) vma.pmdWritable[vma.range(index)] = 0
    else if (protectable(vma, index)) w.setPte(vma, index, writeProtected(vma.pte(index)))
    k.unlock(vma.ptl)
    yield* shootDown(w, vma, { from: index, to: index + 1 })
  }
  k.unlock(inode.mapping.immap, mode)
  k.leave(P.write_protect)
}

function isHuge(vma: Vma, index: number): boolean {
  return vma.pmd && vma.pmds[vma.range(index)] >= 0
}

/** Does a writable PTE or 2 MiB entry map the file there? */
function protectable(vma: Vma, index: number): boolean {
  const pte = vma.pte(index)
  return isHuge(vma, index) || (pteWritable(pte) && (pteKind(pte) === 'file' || pteKind(pte) === 'page'))
}

// ---- DAX ----

function* flushEntries(w: World, inode: Inode, range: PageRange): Steps {
  if (w.policy.switches.dirtyTagClear === 'never') return yield* flushTagged(w, inode, range)
  const last = Math.min(range.to, inode.pages)
  for (let { from } = range; from < last; from++) {
    from = nextTagged(w, inode, { from, last })
    if (from < last) yield* flushEntry(w, inode, slotOf(inode, from))
  }
}

/** Entries found at a time (PAGEVEC_SIZE until 4.14). */
const PAGEVEC = 14

/**
 * 4.7-4.9: a tag that is never cleared needs neither the entry's lock nor write-protected PTEs, which came together with
 * clearing it in 4.10 ("dax: make cache flushing protected by entry lock"; 4b4bb46d00b3, "dax: clear dirty entry tags on
 * cache flush"). The entries found at a time are written back in one go.
 */
function* flushTagged(w: World, inode: Inode, range: PageRange): Steps {
  const last = Math.min(range.to, inode.pages)
  const found: number[] = []
  for (let from = range.from; from < last;) {
    const index = nextTagged(w, inode, { from, last })
    const slot = index < last ? slotOf(inode, index) : -1
    if (slot >= 0 && slot !== found.at(-1)) found.push(slot)
    from = index + 1
    if (found.length === 0 || (found.length < PAGEVEC && from < last)) continue
    if (w.pmemWriteEach(P.flush_lines, C.flushLines4k, found.length)) yield
    for (const one of found) yield* linesFlushed(w, inode, one)
    found.length = 0
  }
}

/** The next index at `from` or after it whose entry is dirty; `last`: none. */
function nextTagged(w: World, inode: Inode, at: { from: number; last: number }): number {
  const { from, last } = at
  const { dirty } = inode.mapping
  if (!w.k.timed) for (let seen = from; seen < last; seen++) w.k.touch(inode.entrySeen(seen), false)
  for (let index = from; index < last; index++) {
    // Most pages are clean: to the next that is not, where no 2 MiB entry speaks for others.
    if (!inode.hugeMapped) index = dirty.indexOf(1, index)
    if (index < 0) return last
    if (dirty[slotOf(inode, index)] === 1) return Math.min(index, last)
  }
  return last
}

function* flushEntry(w: World, inode: Inode, index: number): Steps {
  if (w.policy.pairing.entries !== true) {
    yield* cleanEntry(w, inode, { index, held: undefined })
    return
  }
  const held = yield* lockEntry(w, inode, { index, write: false, pmd: false })
  if (held === 'page' || held === undefined) return
  if (entryBlock(held.entry) === undefined) unlockEntry(w, inode, held)
  else yield* cleanEntry(w, inode, { index, held })
}

/** Write-protect, flush, clear DIRTY, all under the entry lock; or, `racy`, flush and clear when nobody holds anything. */
function* cleanEntry(w: World, inode: Inode, at: { index: number; held: LockedEntry | undefined }): Steps {
  const { dirtyTagClear } = w.policy.switches
  const { index, held } = at
  if (dirtyTagClear !== 'racy') yield* writeProtect(w, inode, index)
  yield* flushLines(w, inode, index)
  if (dirtyTagClear === 'racy' && held !== undefined) unlockEntry(w, inode, held)
  if (w.k.see(inode.entrySeen(index), true)) yield
  if (dirtyTagClear !== 'never') inode.mapping.dirty[index] = 0
  if (dirtyTagClear !== 'racy' && held !== undefined) unlockEntry(w, inode, held)
}

function* flushLines(w: World, inode: Inode, index: number): Steps {
  if (w.pmemWrite(P.flush_lines, C.flushLines4k, 1)) yield
  yield* linesFlushed(w, inode, index)
}

function* linesFlushed(w: World, inode: Inode, index: number): Steps {
  const mapping = inode.extents.tree[index]
  if (!isMapped(mapping)) return
  if (w.k.see(w.blockObject(blockOf(mapping)), true)) yield
  w.device.flush(blockOf(mapping))
}

/**
 * 2 MiB DAX faults (fs/dax.c: dax_iomap_pmd_fault): the same steps with one entry, one lock bit and one page-table entry
 * for 512 pages. Whatever does not fit falls back to 4 KiB: private writes, ranges that stick out of the VMA or the file,
 * blocks that are not one aligned run, 4 KiB entries in the range (SC16).
 */

import { C } from '../costs.ts'
import { blockOf, HOLE, isMapped, isWritten, unwritten, written, type Mapping } from '../extents.ts'
import type { Inode } from '../inode.ts'
import { blockEntry, zeroEntry } from '../mapping.ts'
import { HUGE_ZERO, PAGES_PER_PMD, PTE_NONE, type Vma } from '../mm.ts'
import { P } from '../phases.ts'
import type { Steps, StepsOf } from '../task.ts'
import type { World } from '../world.ts'
import type { Fault } from './fault.ts'
import { unmap } from './unmap.ts'

/** Is a 2 MiB fault worth trying? */
export function fitsHuge(w: World, vma: Vma, at: { index: number; write: boolean }): boolean {
  if (!vma.pmd || !w.policy.switches.pmdFaults || (at.write && !vma.shared)) return false
  const start = hugeStart(at.index)
  if (vma.pgoff % PAGES_PER_PMD !== 0 || start < vma.pgoff || start + PAGES_PER_PMD > vma.pgoff + vma.pages)
    return false
  return start + PAGES_PER_PMD <= w.inode(vma.inode).size
}

function hugeStart(index: number): number {
  return index - (index % PAGES_PER_PMD)
}

/** Mapping of the range's first page if the range is one aligned run of blocks of one kind, or all hole. */
function runOf(inode: Inode, start: number): Mapping | undefined {
  const { tree } = inode.extents
  const first = tree[start]
  const step = isWritten(first) ? 1 : isMapped(first) ? -1 : 0
  if (isMapped(first) && blockOf(first) % PAGES_PER_PMD !== 0) return undefined
  for (let i = 1; i < PAGES_PER_PMD; i++) if (tree[start + i] !== first + i * step) return undefined
  return first
}

/** MAPBLOCKS for a 2 MiB range; `f.result` fallback where the range is no single run. */
export function* mapHuge(w: World, f: Fault): StepsOf<Mapping> {
  const { k } = w
  const { inode } = f
  const start = hugeStart(f.index)
  k.enter(P.map_blocks)
  if (w.run(P.es_lookup, C.esLookup)) yield
  if (k.see(inode.extentSeen(start), false)) yield
  let mapping = runOf(inode, start)
  if (mapping === HOLE && f.create) {
    const ownHandle = !w.journal.hasHandle()
    if (ownHandle) yield* w.txStart()
    mapping = yield* allocateHuge(w, f, start)
    if (ownHandle) yield* w.txStop()
  }
  if (mapping === undefined) f.result = 'fallback'
  else if (f.create && isMapped(mapping) && !isWritten(mapping)) f.result = 'fallback'
  k.leave(P.map_blocks)
  return mapping ?? HOLE
}

function* allocateHuge(w: World, f: Fault, start: number): StepsOf<Mapping | undefined> {
  const { k } = w
  const { inode } = f
  const { init } = w.policy
  if (k.lock(inode.mapLock, 'exclusive')) yield
  if (w.run(P.extent_lookup, C.extentLookup)) yield
  let mapping = runOf(inode, start)
  if (mapping === HOLE) {
    if (w.run(P.alloc, C.alloc)) yield
    const block = w.allocator.allocateRun(inode.number, start, PAGES_PER_PMD)
    if (block === undefined) {
      f.failed = !w.space.isThere
      k.unlock(inode.mapLock, 'exclusive')
      return undefined
    }
    f.isNew = true
    const early = init.beforeLink !== undefined
    for (let i = 0; i < PAGES_PER_PMD; i++) w.claim(inode, block + i)
    if (early) yield* zeroHuge(w, block)
    const of = init.linksUnwritten === true ? unwritten : written
    for (let i = 0; i < PAGES_PER_PMD; i++) {
      inode.extents.tree[start + i] = of(block + i)
      inode.extents.publish(start + i)
    }
    w.change(inode, () => {
      for (let i = 0; i < PAGES_PER_PMD; i++) inode.extents.durable[start + i] = of(block + i)
    })
    mapping = inode.extents.tree[start]
    if (k.see(inode.extentSeen(start), true)) yield
  }
  k.unlock(inode.mapLock, 'exclusive')
  return mapping
}

function* zeroHuge(w: World, block: number): Steps {
  if (w.pmemWrite(P.zero, C.clear2mPmem, PAGES_PER_PMD)) yield
  for (let i = 0; i < PAGES_PER_PMD; i++) {
    w.device.fill(block + i, 0, true)
    w.checks?.zeroed(block + i)
  }
}

/** Sets the 2 MiB entry; the fault's entry lock, if any, is for the whole range. */
export function* installPmd(w: World, f: Fault, mapping: Mapping): Steps {
  const { k, policy } = w
  const { vma, inode } = f
  if (f.result !== 'go') return
  const start = hugeStart(f.index)
  const span = { inode, from: start, to: start + PAGES_PER_PMD }
  if (policy.guard.beforeInsert !== undefined) yield* policy.guard.beforeInsert(w, f)
  if (f.result !== 'go') return
  const hole = !isWritten(mapping)
  if (f.create && f.isNew) {
    if (policy.init.zeroInHandler === true) yield* zeroHuge(w, blockOf(mapping))
    yield* unmap(w, span, { evenCows: false, held: f.immap !== undefined })
  }
  if (f.entry !== undefined) f.entry.entry = hole ? zeroEntry(true) : blockEntry(blockOf(mapping), true)
  if (f.create) inode.mapping.dirty[start] = 1
  if (k.lock(vma.ptl, 'exclusive', 'mm')) yield
  if (w.run(P.pte_set, C.pteSet)) yield
  if (k.see(vma.seen(start), true)) yield
  const range = vma.range(f.index)
  if (tableInUse(vma, range)) f.result = 'fallback'
  else {
    w.checks?.pmdGone(vma, range)
    vma.pmds[range] = hole ? HUGE_ZERO : blockOf(mapping)
    vma.pmdWritable[range] = f.create ? 1 : 0
    if (!hole) w.checks?.pmdSet(vma, range)
    f.result = 'done'
  }
  k.unlock(vma.ptl)
}

/** A table of 4 KiB PTEs stands where the entry would go. */
function tableInUse(vma: Vma, range: number): boolean {
  const { ptes } = vma
  for (let i = range * PAGES_PER_PMD; i < (range + 1) * PAGES_PER_PMD; i++) if (ptes[i] !== PTE_NONE) return true
  return false
}

/**
 * A store to a private mapping meets a 2 MiB entry: it goes, and 4 KiB faults follow (mm/huge_memory.c: __split_huge_pmd,
 * which for files only zaps). This is also the early look whose answer may be old when the entry lock is granted (R19).
 */
export function* splitHuge(w: World, vma: Vma, index: number): Steps {
  const { k } = w
  const range = vma.range(index)
  if (k.see(vma.seen(index), false)) yield
  if (vma.pmds[range] === -1) return
  if (k.lock(vma.ptl, 'exclusive', 'mm')) yield
  if (w.run(P.pte_set, C.pteSet)) yield
  if (k.see(vma.seen(index), true)) yield
  w.checks?.pmdGone(vma, range)
  vma.pmds[range] = -1
  vma.pmdWritable[range] = 0
  k.unlock(vma.ptl)
}

/**
 * DAX faults: read, shared write, COW (fs/dax.c: dax_iomap_pte_fault of 4.10 on, dax_fault / do_dax_fault before;
 * fs/ext4/file.c: ext4_dax_fault). The steps are written once; what differs between
 * strategies is asked of the policy slots.
 */

import { C } from '../costs.ts'
import { blockOf, HOLE, isUnwritten, type Mapping } from '../extents.ts'
import type { Inode } from '../inode.ts'
import { blockEntry, entryBlock, isPmdEntry, isZeroEntry, zeroEntry, type Entry, type Page } from '../mapping.ts'
import { anonPte, filePte, pagePte, ZERO_PTE } from '../mm.ts'
import { P } from '../phases.ts'
import type { Steps, StepsOf } from '../task.ts'
import type { World } from '../world.ts'
import { finishHandOver, handOver } from './cow.ts'
import { dropLockedEntry, lockEntry, unlockEntry } from './entry.ts'
import { lockVma, unlockVma, type Fault } from './fault.ts'
import { timeIsDue, updateTime } from './file-time.ts'
import { forget, lockPage, mayHavePage, newHolePage } from './folio.ts'
import { convert, mapBlocks, readsBlock, zeroBlock } from './map-blocks.ts'
import { installPmd, mapHuge, splitHuge } from './pmd-fault.ts'
import { setFaultPte } from './set-pte.ts'
import { unmap } from './unmap.ts'

/** Everything below the trap: f.result says how it ended. */
export function* daxFault(w: World, f: Fault): Steps {
  const { k, policy } = w
  const { guard, tx, switches } = policy
  const sharedWrite = f.create
  if (lockVma(w, f)) yield
  if (w.run(P.vma_lookup, C.vmaLookup)) yield
  if (f.cow && f.vma.pmd) yield* splitHuge(w, f.vma, f.index)
  const freezable = sharedWrite && switches.faultsTakeSbPagefault
  if (freezable && k.lock(w.sbPagefault, 'shared')) yield
  // The call costs what it costs; its handle is opened once a jiffy.
  if (sharedWrite && timeIsDue(w, f.inode)) yield* updateTime(w, f.inode)
  else if (sharedWrite && w.run(P.time_update, C.timeUpdate)) yield
  if (guard.enter !== undefined && k.call(guard.enter(w, f))) yield
  const handle = sharedWrite && tx.beforeLocks && !w.fs.txInsideEntry
  for (let attempts = 0; isOpen(f); attempts++) {
    if (handle && k.call(w.txStart())) yield
    f.failed = false
    f.isNew = false
    if (k.call(attempt(w, f))) yield
    // A strategy that waits for space with its handle open (the bug option of slot `enospc`).
    if (f.result === 'enospc' && handle && policy.enospc.keepsHandle) yield* waitForSpace(w)
    if (handle && w.txEnds()) yield
    if (handle) w.txEnded()
    if (f.needSync) yield* syncThenInsert(w, f)
    if (f.result === 'enospc') yield* outOfSpace(w, f, attempts)
  }
  if (w.prices.settle(w.k)) yield
  guard.leave?.(w, f)
  if (w.prices.afterwards(w.k)) yield
  if (f.handed !== undefined) yield* finishHandOver(w, f)
  if (freezable) k.unlock(w.sbPagefault, 'shared')
  unlockVma(w, f)
}

/** Nothing decided yet? */
function isOpen(f: Fault): boolean {
  return f.result === 'go'
}

/** fs/ext4/balloc.c: ext4_should_retry_alloc. */
function* outOfSpace(w: World, f: Fault, attempts: number): Steps {
  const { enospc } = w.policy
  const worth = w.space.isToCome
  if (attempts < enospc.retries && worth) {
    w.stats.bump('ENOSPC retries')
    if (!enospc.keepsHandle) yield* waitForSpace(w)
    f.result = 'go'
    return
  }
  w.checks?.outOfSpace(f.inode, f.index)
  w.stats.bump('SIGBUS for lack of space')
  f.result = 'sigbus'
}

export function* waitForSpace(w: World): Steps {
  if (w.space.isThere || !w.space.isPending) return
  w.k.enter(P.commit_wait)
  yield* w.journal.waitCommit(w.journal.running.tid)
  w.k.leave(P.commit_wait)
}

function* attempt(w: World, f: Fault): Steps {
  const { guard, pairing } = w.policy
  if (guard.sample !== undefined) yield* guard.sample(w, f)
  if (w.k.see(f.inode.sizeObject, false)) yield
  if (f.index >= f.inode.size) {
    f.result = 'sigbus'
    return
  }
  if (pairing.before !== undefined && w.k.call(pairing.before(w, f))) yield
  if (f.result === 'go' && guard.beforeLookup !== undefined && w.k.call(guard.beforeLookup(w, f))) yield
  f.mapping = HOLE
  if (f.result === 'go') {
    if (w.policy.switches.xipSeq) w.k.touch(f.inode.mapping.truncateObject, false)
    const sample = f.inode.mapping.xipSequence
    if (f.pmd) f.mapping = yield* mapHuge(w, f)
    else if (w.k.call(mapBlocks(w, f))) yield
    // A 2 MiB fault without space leaves the question to the 4 KiB one.
    if (f.failed) f.result = f.pmd ? 'fallback' : 'enospc'
    else if (f.result === 'go' && pairing.after !== undefined) yield* pairing.after(w, f)
    if (f.result === 'go' && w.k.call(insert(w, f, sample))) yield
  }
  guard.afterInsert?.(w, f)
  if (f.result === 'done' && f.create && isUnwritten(f.mapping)) yield* convert(w, f.inode, f.index)
  if (f.page !== undefined) {
    w.k.unlock(f.page.lock)
    f.page = undefined
  }
  pairing.leave?.(w, f)
}

/** `sample`: XIP's sequence when the look-up began. */
function insert(w: World, f: Fault, sample: number): Steps {
  const { mapping } = f
  if (f.pmd) return installPmd(w, f, mapping)
  if (f.cow) return copyOnWrite(w, f, mapping)
  if (!f.create && !readsBlock(mapping)) return loadHole(w, f, sample)
  return insertBlock(w, f, mapping)
}

// ---- a block ----

function* insertBlock(w: World, f: Fault, mapping: Mapping): Steps {
  const { guard, init } = w.policy
  const { inode, index } = f
  const block = blockOf(mapping)
  if ((f.create || f.page !== undefined) && holeMayStand(w, f)) yield* evictHole(w, f)
  if (f.result !== 'go') return
  if (guard.beforeInsert !== undefined && w.k.call(guard.beforeInsert(w, f))) yield
  if (f.result !== 'go') return
  const zeroes = f.create && (isUnwritten(mapping) || (f.isNew && init.zeroInHandler === true))
  if (zeroes && w.k.call(zeroBlock(w, block))) yield
  if (f.entry !== undefined && !isHugeBlock(f.entry.entry)) f.entry.entry = blockEntry(block, false)
  if (f.create) {
    if (w.k.see(inode.entrySeen(index), true)) yield
    inode.mapping.dirty[index] = 1
  }
  const syncs = f.create && f.vma.sync && w.journal.kind !== 'none'
  const mustSync = syncs && !w.journal.isDone(dataTidOf(w, inode))
  const early = w.policy.switches.mapSyncOrder === 'pte-first'
  if (mustSync && !early) f.result = 'done'
  else if (w.k.call(setFaultPte(w, f, filePte(block, f.create)))) yield
  f.needSync = mustSync && f.result === 'done'
}

/** A 2 MiB entry with blocks serves a 4 KiB fault as it is. */
function isHugeBlock(entry: Entry): boolean {
  return isPmdEntry(entry) && entryBlock(entry) !== undefined
}

/** Is there anything to evict? Else the generator is saved. */
function holeMayStand(w: World, f: Fault): boolean {
  if (f.entry !== undefined && isZeroEntry(f.entry.entry)) return true
  const { switches, pairing } = w.policy
  if (switches.holePage === 'global-zero') return pairing.entries !== true && f.isNew
  return f.page !== undefined || mayHavePage(w, f.inode, f.index)
}

/** Whatever stands for the hole goes before the block comes: readers are kicked off the zero page. */
function* evictHole(w: World, f: Fault): Steps {
  const { k, policy } = w
  const { inode, index } = f
  const span = { inode, from: index, to: index + 1 }
  const options = { evenCows: false, held: f.immapFor === 'guard' }
  if (f.entry !== undefined && isZeroEntry(f.entry.entry)) yield* unmap(w, span, options)
  if (policy.switches.holePage === 'global-zero') {
    if (policy.pairing.entries !== true && f.isNew) yield* evictSparse(w, f)
    return
  }
  if (k.see(inode.entrySeen(index), false)) yield
  const page = f.page ?? (yield* lockLatePage(w, f))
  if (page === undefined) return
  yield* unmap(w, span, options)
  if (k.see(page.object, true)) yield
  forget(w, inode, page)
  k.unlock(page.lock)
  f.page = undefined
}

/**
 * A hole page that shows only after the look-up. Page locks come before i_mmap and before ranges that UNMAP takes: under
 * those it is tried, or the fault starts again. 4.3-rc1 had no such care (slot `pairing`, immap-excl).
 */
function* lockLatePage(w: World, f: Fault): StepsOf<Page | undefined> {
  const { inode, index } = f
  const inner = f.immapFor === 'guard' || (f.range !== undefined && w.policy.guard.unmapEnter !== undefined)
  if (!inner) return yield* lockPage(w, inode, index)
  const page = inode.mapping.cache.get(index)
  if (page === undefined || w.k.tryLock(page.lock, 'exclusive')) return page
  f.result = 'retry'
  return undefined
}

/** mm/filemap_xip.c: __xip_unmap, with the seqcount of 2008 if asked for. */
function* evictSparse(w: World, f: Fault): Steps {
  if (w.policy.switches.xipSeq) {
    w.k.touch(f.inode.mapping.truncateObject, true)
    f.inode.mapping.xipSequence++
  }
  yield* unmap(w, { inode: f.inode, from: f.index, to: f.index + 1 }, { evenCows: false, held: f.immapFor === 'guard' })
}

// ---- a hole ----

function* loadHole(w: World, f: Fault, sample: number): Steps {
  const { k, policy } = w
  const { inode, index } = f
  policy.pairing.beforeHole?.(w, f)
  k.enter(P.load_hole)
  if (policy.switches.holePage === 'page-cache') yield* loadHolePage(w, f)
  else {
    if (f.entry !== undefined) f.entry.entry = zeroEntry(false)
    yield* setFaultPte(w, f, ZERO_PTE)
    // XIP's reader: was a block put there meanwhile? Then the sparse page must go and the fault look again.
    if (policy.switches.xipSeq) k.touch(inode.mapping.truncateObject, false)
    if (policy.switches.xipSeq && inode.mapping.xipSequence !== sample && f.result === 'done') {
      if (k.see(f.vma.seen(index), true)) yield
      w.clearAtOnce(f.vma, index)
      f.result = 'retry'
    }
  }
  k.leave(P.load_hole)
}

/** Until 4.13: a zeroed page-cache page, locked until its PTE is set (dax_load_hole). */
function* loadHolePage(w: World, f: Fault): Steps {
  const { k } = w
  const { inode, index } = f
  if (w.run(P.page_alloc, C.pageAlloc)) yield
  if (k.see(inode.entrySeen(index), true)) yield
  let page: Page | undefined = f.page ?? inode.mapping.cache.get(index)
  if (page === undefined) {
    // Born locked: nobody else can have it.
    page = newHolePage(inode, index)
    k.tryLock(page.lock, 'exclusive')
    if (f.entry !== undefined) {
      dropLockedEntry(w, inode, f.entry)
      f.entry = undefined
    }
  } else if (f.page === undefined) {
    page = yield* lockLatePage(w, f)
    if (page === undefined) {
      f.result = 'retry'
      return
    }
  }
  f.page = page
  if (k.see(inode.sizeObject, false)) yield
  if (index >= inode.size) f.result = 'sigbus'
  else yield* setFaultPte(w, f, pagePte(page.number, false))
}

// ---- a private copy ----

function* copyOnWrite(w: World, f: Fault, mapping: Mapping): Steps {
  const { k, device } = w
  const slots: number[] = []
  if (w.run(P.anon_alloc, C.anonAlloc)) yield
  if (readsBlock(mapping)) {
    const block = blockOf(mapping)
    if (w.pmemRead(P.copy, C.copy4kFromPmem)) yield
    if (k.see(w.blockObject(block), false)) yield
    for (let slot = 0; slot < device.slots; slot++) slots.push(device.read(block, slot))
  } else for (let slot = 0; slot < device.slots; slot++) slots.push(0)
  f.copy = f.vma.mm.newCopy(slots, f.copy)
  if (w.policy.guard.beforeInsert !== undefined) yield* w.policy.guard.beforeInsert(w, f)
  if (f.result !== 'go') return
  if (w.policy.cow.handOver !== undefined) yield* handOver(w, f)
  else if (w.pteAllocs.fails()) f.result = 'oom'
  else yield* setFaultPte(w, f, anonPte(f.copy))
}

// ---- MAP_SYNC ----

/** NEEDDSYNC (3.14): everything but the guard was let go; wait for the commit, then insert after all. */
function* syncThenInsert(w: World, f: Fault): Steps {
  const { k } = w
  const { inode, index } = f
  f.needSync = false
  k.enter(P.commit_wait)
  yield* w.journal.waitCommit(dataTidOf(w, inode))
  k.leave(P.commit_wait)
  if (w.policy.switches.mapSyncOrder === 'pte-first') return
  if (w.policy.pairing.entries !== true) {
    f.result = 'go'
    yield* setFaultPte(w, f, filePte(blockOf(inode.extents.tree[index]), true))
    return
  }
  const held = yield* lockEntry(w, inode, { index, write: true, pmd: false })
  if (held === undefined || held === 'page') {
    f.result = 'retry'
    return
  }
  f.entry = held
  const block = entryBlock(held.entry)
  if (block === undefined) f.result = 'retry'
  else {
    f.result = 'go'
    yield* setFaultPte(w, f, filePte(block, true))
  }
  unlockEntry(w, inode, held)
  f.entry = undefined
}

/** The transaction that last changed what a read of the inode needs. */
function dataTidOf(w: World, inode: Inode): number {
  w.k.touch(inode.tidObject, true)
  return inode.dataTid
}

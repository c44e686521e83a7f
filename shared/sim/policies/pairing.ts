/** Slot P2, `pairing`: what serialises two faults on one index. */

import { registry } from '../../base/registry.ts'
import { lockEntry, unlockEntry } from '../ops/entry.ts'
import { lockImmap, unlockImmap, type Fault } from '../ops/fault.ts'
import { lockPage, mayHavePage } from '../ops/folio.ts'
import type { Steps } from '../task.ts'
import type { World } from '../world.ts'
import { faultRange, lockRange } from './guard.ts'
import type { Pairing } from './slots.ts'

const none: Pairing = { id: 'none', title: 'nothing', about: 'two faults on one page run side by side' }

const ptlOnly: Pairing = {
  id: 'ptl-only',
  title: 'page-table lock only',
  about: 'two faults meet at the page-table lock, the second finds the PTE set',
  ptlOnly: true,
}

/** fs/dax.c of 4.0: find_get_page, lock_page before get_block. */
const pageLock: Pairing = {
  id: 'page-lock',
  title: 'page lock',
  about: 'the page is locked; a DAX fault has one only where a hole page stands',
  holePageFirst: true,
  *before(w, f) {
    if (f.inode.dax && f.page === undefined && mayHavePage(w, f.inode, f.index)) yield* lockHolePage(w, f)
  },
}

function* lockHolePage(w: World, f: Fault): Steps {
  f.page = yield* lockPage(w, f.inode, f.index)
  if (f.page === undefined) return
  if (w.k.see(f.inode.sizeObject, false)) yield
  if (f.index >= f.inode.size) f.result = 'sigbus'
}

/** 4.3-rc1 (843172978bb9), reverted before 4.3: an UNMAP inside takes i_mmap again (R13b). */
const immapExcl: Pairing = {
  id: 'immap-excl',
  title: 'i_mmap, exclusive',
  about: 'i_mmap is held from before the block look-up until the PTE is set',
  *before(w, f) {
    if (f.page === undefined && w.policy.switches.holePage === 'page-cache') yield* lockHolePage(w, f)
    if (f.immap === undefined && lockImmap(w, f, 'pairing')) yield
  },
  // fs/dax.c of 4.3-rc1: i_mmap_unlock_write, then dax_load_hole (R06).
  beforeHole: (w, f) => unlockImmap(w, f, 'pairing'),
  leave(w, f) {
    // R13a: the 2 MiB path returned SIGBUS with the lock held when get_block failed (0f90cc6609c7).
    if (f.pmd && f.failed) f.result = 'sigbus'
    else unlockImmap(w, f, 'pairing')
  },
}

const rangeExcl: Pairing = {
  id: 'range-excl',
  title: 'range lock',
  about: 'the page is locked in the range tree from before the block look-up until the PTE is set',
  *before(w, f) {
    // Where UNMAP takes the range, page locks come first: dropping a page unmaps it with its lock held.
    if (w.policy.guard.unmapEnter !== undefined && w.policy.switches.holePage === 'page-cache')
      yield* lockHolePage(w, f)
    const unconverted = w.policy.guard.io === 'range' && !w.policy.switches.rangeFaults
    if (!unconverted) f.range ??= yield* lockRange(w, f.inode, faultRange(f))
  },
  leave(w, f) {
    if (f.range === undefined || w.policy.guard.io === 'range') return
    f.inode.ranges.release(f.range)
    f.range = undefined
  },
}

function* takeEntry(w: World, f: Fault): Steps {
  const held = yield* lockEntry(w, f.inode, { index: f.index, write: f.create, pmd: f.pmd })
  if (held === undefined) f.result = 'fallback'
  else if (held === 'page') f.page = yield* lockPage(w, f.inode, f.index)
  else f.entry = held
}

function dropEntry(w: World, f: Fault): void {
  if (f.entry === undefined) return
  unlockEntry(w, f.inode, f.entry)
  f.entry = undefined
}

/** 4.10-4.11: block look-up first, entry lock after it (R07). */
const entryInside: Pairing = {
  id: 'entry-inside',
  title: 'entry lock after the look-up',
  about: 'the DAX entry is locked after the block look-up',
  entries: true,
  after: takeEntry,
  leave: dropEntry,
}

/** 4.7 (ac401cc78242), and again since 4.12 (13e451fdc1af). */
const entryOutside: Pairing = {
  id: 'entry-outside',
  title: 'entry lock around the look-up',
  about: 'the DAX entry is locked before the block look-up',
  entries: true,
  before: takeEntry,
  leave: dropEntry,
}

const irwsem: Pairing = {
  id: 'irwsem',
  title: 'i_rwsem, exclusive',
  about: 'one fault at a time per inode',
  *before(w, f) {
    if (f.guardMode !== undefined) return
    if (w.k.lock(f.inode.rwsem, 'exclusive')) yield
    f.inodeLocked = true
  },
  leave(w, f) {
    if (!f.inodeLocked) return
    w.k.unlock(f.inode.rwsem, 'exclusive')
    f.inodeLocked = false
  },
}

export const pairings = registry<Pairing>('pairing', [
  none,
  ptlOnly,
  pageLock,
  immapExcl,
  rangeExcl,
  entryInside,
  entryOutside,
  irwsem,
])

/**
 * COW faults that the filesystem's handler leaves for generic code to finish (slot `cow`): the handler
 * returns with a lock held, generic code installs the private copy and releases the lock, by its own idea of which lock and
 * mode that is (R14). And the write-protect fault that copies a page already mapped read-only.
 */

import { C } from '../costs.ts'
import { lockMistake } from '../finding.ts'
import { anonPte, pteKind, pteTarget, type Pte, type Vma } from '../mm.ts'
import { P } from '../phases.ts'
import type { Steps, StepsOf } from '../task.ts'
import type { World } from '../world.ts'
import { unlockEntry } from './entry.ts'
import { lockImmap, unlockImmap, type Fault } from './fault.ts'
import { setFaultPte } from './set-pte.ts'

/** The handler's last step: what it keeps locked goes to `f.handed`. */
export function* handOver(w: World, f: Fault): Steps {
  const kind = w.policy.cow.handOver
  if (kind === 'entry' && f.entry !== undefined) {
    f.handed = { kind, entry: f.entry }
    f.entry = undefined
  } else if (kind === 'range' && f.range !== undefined) {
    f.handed = { kind, range: f.range }
    f.range = undefined
  } else {
    if (f.immap === undefined && lockImmap(w, f, 'guard')) yield
    if (w.k.see(f.inode.sizeObject, false)) yield
    if (f.index >= f.inode.size) {
      f.result = 'sigbus'
      unlockImmap(w, f, 'guard')
      return
    }
    f.handed = { kind: 'immap', mode: f.immap ?? 'exclusive' }
    f.immap = undefined
    f.immapFor = undefined
  }
  f.result = 'done'
}

/**
 * Generic code: installs the copy, releases what it believes was handed over. Its error path knows of no lock but its own: a
 * page table that cannot be allocated (injected) leaves what the handler took behind, which is what the objection to returning
 * with a lock held was about.
 */
export function* finishHandOver(w: World, f: Fault): Steps {
  const { handed } = f
  if (handed === undefined) return
  f.handed = undefined
  if (w.pteAllocs.fails()) {
    f.result = 'oom'
    return
  }
  f.result = 'go'
  yield* setFaultPte(w, f, anonPte(f.copy))
  const { k } = w
  const other = w.policy.switches.cowUnlock === 'other'
  if (handed.kind === 'entry') unlockEntry(w, f.inode, handed.entry)
  else if (handed.kind === 'immap') {
    k.unlock(f.inode.mapping.immap, other ? (handed.mode === 'shared' ? 'exclusive' : 'shared') : handed.mode)
  } else {
    // The 2015 range-lock posting called the unlock function of i_mmap: reported, then the range goes as it should.
    const { immap } = f.inode.mapping
    if (other) k.report('V12', () => lockMistake(k.current, `took a range lock and releases ${immap.className}`, immap))
    f.inode.ranges.release(handed.range)
  }
}

/** A store to a private page mapped read-only (mm/memory.c: do_wp_page): copy, and install if the PTE is unchanged. */
export function* writeProtectFault(w: World, vma: Vma, index: number): StepsOf<boolean> {
  const { k } = w
  const before = vma.pte(index)
  if (k.lock(vma.mm.mmapLock, 'shared', 'mm')) yield
  if (w.run(P.vma_lookup, C.vmaLookup)) yield
  if (w.run(P.anon_alloc, C.anonAlloc)) yield
  const slots = yield* contentOf(w, vma, before)
  if (w.pteAllocs.fails()) {
    k.unlock(vma.mm.mmapLock, 'shared')
    return false
  }
  if (k.lock(vma.ptl, 'exclusive', 'mm')) yield
  if (w.run(P.pte_set, C.pteSet)) yield
  if (k.see(vma.seen(index), true)) yield
  const unchanged = vma.pte(index) === before
  if (unchanged) w.setPte(vma, index, anonPte(vma.mm.newCopy(slots)))
  k.unlock(vma.ptl)
  k.unlock(vma.mm.mmapLock, 'shared')
  return unchanged
}

/** What a page mapped by a PTE holds, copied slot by slot. */
function* contentOf(w: World, vma: Vma, pte: Pte): StepsOf<number[]> {
  const { k, device } = w
  const slots: number[] = []
  switch (pteKind(pte)) {
    case 'file': {
      const block = pteTarget(pte)
      if (w.pmemRead(P.copy, C.copy4kFromPmem)) yield
      if (k.see(w.blockObject(block), false)) yield
      for (let slot = 0; slot < device.slots; slot++) slots.push(device.read(block, slot))
      return slots
    }
    case 'page': {
      if (w.run(P.copy, C.copy4k)) yield
      const page = w.inode(vma.inode).mapping.allPages[pteTarget(pte)]
      if (page !== undefined && k.see(page.object, false)) yield
      for (let slot = 0; slot < device.slots; slot++) slots.push(page?.content[slot] ?? 0)
      return slots
    }
    case 'anon':
    case 'zero':
    case 'none':
      for (let slot = 0; slot < device.slots; slot++) slots.push(0)
      return slots
  }
}

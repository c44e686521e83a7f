/**
 * Loads and stores of user code. A suitable PTE is used without asking anyone, also one that is gone from the page table
 * but still in this CPU's TLB; otherwise the access traps, and is tried again after the fault.
 */

import type { Tag } from '../content.ts'
import { markDirty } from '../dirtying.ts'
import { PTE_NONE, pteKind, pteTarget, pteWritable, type Pte, type Vma } from '../mm.ts'
import type { StepsOf } from '../task.ts'
import type { World } from '../world.ts'
import { faultOf, trap } from './page-fault.ts'

export interface Place {
  readonly index: number
  readonly slot: number
}

/** Stores a new tag; undefined: SIGBUS. */
export function store(w: World, vma: Vma, at: Place): StepsOf<Tag | undefined> {
  return access(w, vma, at, true)
}

/** The tag a load finds; undefined: SIGBUS. */
export function load(w: World, vma: Vma, at: Place): StepsOf<Tag | undefined> {
  return access(w, vma, at, false)
}

/** Faults until a PTE allows the access. What follows the last look happens in the same step: one instruction. */
function* access(w: World, vma: Vma, at: Place, write: boolean): StepsOf<Tag | undefined> {
  const { k } = w
  const { index } = at
  for (let tries = 0; ; tries++) {
    if (k.see(vma.seen(index), false)) yield
    const pte = usable(vma, index, write)
    if (pte !== PTE_NONE) {
      const target = objectOf(w, vma, pte)
      if (target < 0 || !k.see(target, write)) return done(w, vma, at, { pte, write })
      yield
      // A shootdown waits for the instruction: one that is over has taken this translation away.
      k.touch(vma.seen(index), false)
      if (usable(vma, index, write) === pte) return done(w, vma, at, { pte, write })
      continue
    }
    if (tries > 0) {
      w.checks?.retried(tries, 'faults at', { inode: w.inode(vma.inode), index })
      if (w.checks?.gaveUp(tries) === true) return undefined
    }
    const fault = faultOf(w, vma, { index, write })
    if (k.call(trap(w, fault))) yield
    if (fault.result === 'sigbus') return undefined
  }
}

function done(w: World, vma: Vma, at: Place, { pte, write }: { readonly pte: Pte; readonly write: boolean }): Tag {
  w.stats.completes(w.k.current)
  return write ? stored(w, vma, at, pte) : loaded(w, vma, at, pte)
}

function stored(w: World, vma: Vma, at: Place, pte: Pte): Tag {
  const inode = w.inode(vma.inode)
  const tag = w.tag(inode)
  putTag(w, vma, { pte, slot: at.slot, tag })
  if (pteKind(pte) !== 'anon') {
    w.checks?.changed('data of', inode, at.index)
    w.checks?.content.stored(inode, at, tag)
  }
  w.checks?.accessed(inode, at.index)
  return tag
}

function loaded(w: World, vma: Vma, at: Place, pte: Pte): Tag {
  const inode = w.inode(vma.inode)
  const tag = getTag(w, vma, pte, at.slot)
  w.checks?.accessed(inode, at.index)
  if (pteKind(pte) !== 'anon') w.checks?.content.loaded(inode, { ...at, by: 'a load' }, tag)
  return tag
}

/** Would a load succeed without a fault? */
export function canLoad(vma: Vma, index: number): boolean {
  return usable(vma, index, false) !== PTE_NONE
}

function usable(vma: Vma, index: number, write: boolean): Pte {
  const pte = translate(vma, index)
  return pte !== PTE_NONE && (!write || pteWritable(pte)) ? pte : PTE_NONE
}

/** What the CPU would use: what the page tables say, or what its TLB still holds. */
export function translate(vma: Vma, index: number): Pte {
  const pte = vma.walk(index)
  if (pte !== PTE_NONE || vma.stale === undefined || vma.staleCount === 0) return pte
  return vma.stale[index - vma.pgoff]
}

function objectOf(w: World, vma: Vma, pte: Pte): number {
  switch (pteKind(pte)) {
    case 'file':
      return w.blockObject(pteTarget(pte))
    case 'page':
      return w.inode(vma.inode).mapping.allPages[pteTarget(pte)]?.object ?? -1
    default:
      return -1
  }
}

function getTag(w: World, vma: Vma, pte: Pte, slot: number): Tag {
  switch (pteKind(pte)) {
    case 'file':
      return w.device.read(pteTarget(pte), slot)
    case 'page':
      return w.inode(vma.inode).mapping.allPages[pteTarget(pte)]?.content[slot] ?? 0
    case 'anon':
      return vma.mm.copies[pteTarget(pte)][slot]
    case 'zero':
    case 'none':
      return 0
  }
}

function putTag(w: World, vma: Vma, what: { pte: Pte; slot: number; tag: Tag }): void {
  const { pte, slot, tag } = what
  const target = pteTarget(pte)
  switch (pteKind(pte)) {
    case 'file':
      w.device.store(target, slot, tag, false)
      return
    case 'page': {
      const page = w.inode(vma.inode).mapping.allPages[target]
      if (page === undefined) return
      page.content[slot] = tag
      markDirty(w, page)
      return
    }
    case 'anon':
      vma.mm.copies[target][slot] = tag
      return
    case 'zero':
    case 'none':
      return
  }
}

/**
 * One page fault on its way: what it is about, what it holds, what became of it. Policies keep what they took here, so
 * that what undoes it finds it.
 */

import { HOLE } from '../extents.ts'
import type { Inode } from '../inode.ts'
import type { LockMode, SimLock } from '../locks.ts'
import type { Page } from '../mapping.ts'
import type { Vma } from '../mm.ts'
import type { RangeRequest } from '../range-lock.ts'
import type { LockedEntry } from '../policies/slots.ts'
import type { Steps } from '../task.ts'
import type { World } from '../world.ts'
import type { MapRequest } from './map-blocks.ts'

/**
 * `go`: nothing decided yet. `retry`: look again from the start. `fallback`: a 2 MiB fault that must be 4 KiB. `oom`: no page
 * table could be allocated (an injected error); the access is tried again when the OOM killer has made room.
 */
export type FaultResult = 'go' | 'done' | 'retry' | 'sigbus' | 'enospc' | 'fallback' | 'oom'

/** A lock taken in the filesystem and released by generic code (slot `cow`). */
export type Handed =
  | { readonly kind: 'immap'; readonly mode: LockMode }
  | { readonly kind: 'range'; readonly range: RangeRequest }
  | { readonly kind: 'entry'; readonly entry: LockedEntry }

/** What a fault is shown as, and its steps. */
export interface FaultOp {
  readonly kind: string
  readonly steps: (w: World, f: Fault) => Steps
}

export interface Fault extends MapRequest {
  readonly op: FaultOp
  readonly vma: Vma
  readonly inode: Inode
  readonly index: number
  readonly write: boolean
  /** A store to a private mapping. */
  readonly cow: boolean
  readonly pmd: boolean
  result: FaultResult
  /** What keeps its VMA in place: mmap_lock, or the VMA's own lock; held shared. */
  mmLock: SimLock
  /** Mode it holds i_mmap in, and for which slot: UNMAP inside the guard's hold does not take it again. */
  immap: LockMode | undefined
  immapFor: 'guard' | 'pairing' | undefined
  guardMode: LockMode | undefined
  /** i_rwsem taken by slot `pairing`. */
  inodeLocked: boolean
  range: RangeRequest | undefined
  entry: LockedEntry | undefined
  page: Page | undefined
  /** A private copy, not yet mapped. */
  copy: number
  /** MAP_SYNC: the transaction must be durable before the PTE is writable. */
  needSync: boolean
  /** What the handler left locked for generic code to release. */
  handed: Handed | undefined
  /** truncate_count or sequence when the look-up began. */
  sample: number
  tries: number
}

export function newFault(
  w: World,
  vma: Vma,
  options: { index: number; write: boolean; op: FaultOp; pmd?: boolean },
): Fault {
  return {
    op: options.op,
    vma,
    inode: w.inode(vma.inode),
    index: options.index,
    write: options.write,
    cow: options.write && !vma.shared,
    pmd: options.pmd === true,
    create: options.write && vma.shared,
    isNew: false,
    failed: false,
    mapping: HOLE,
    result: 'go',
    mmLock: vma.mm.mmapLock,
    immap: undefined,
    immapFor: undefined,
    guardMode: undefined,
    inodeLocked: false,
    range: undefined,
    entry: undefined,
    page: undefined,
    copy: -1,
    needSync: false,
    handed: undefined,
    sample: 0,
    tries: 0,
  }
}

/**
 * The VMA stays until `unlockVma`: under its own lock if that is to be had and the handler can finish under it (mm/memory.c of
 * 6.4: lock_vma_under_rcu, vmf_can_call_fault), else under mmap_lock.
 */
export function lockVma(w: World, f: Fault): boolean {
  const { lock, mm } = f.vma
  f.mmLock = mm.mmapLock
  if (lock !== undefined && w.k.tryLock(lock, 'shared', 'mm')) {
    if (!f.inode.dax || w.fs.daxMapPages) {
      f.mmLock = lock
      return false
    }
    w.k.unlock(lock, 'shared')
    w.stats.bump('faults again under mmap_lock')
  }
  return w.k.lock(mm.mmapLock, 'shared', 'mm')
}

export function unlockVma(w: World, f: Fault): void {
  w.k.unlock(f.mmLock, 'shared')
}

/** Takes i_mmap as this strategy's faults do. */
export function lockImmap(w: World, f: Fault, purpose: 'guard' | 'pairing'): boolean {
  f.immap = w.policy.switches.immapMode === 'shared' ? 'shared' : 'exclusive'
  f.immapFor = purpose
  return w.k.lock(f.inode.mapping.immap, f.immap)
}

/** Lets go of i_mmap if it was taken for this slot. */
export function unlockImmap(w: World, f: Fault, purpose: 'guard' | 'pairing'): void {
  if (f.immap === undefined || f.immapFor !== purpose) return
  w.k.unlock(f.inode.mapping.immap, f.immap)
  f.immap = undefined
  f.immapFor = undefined
}

/**
 * One page fault on its way: what it is about, what it holds, what became of it. Policies keep what they took here, so
 * that what undoes it finds it.
 */

import type { Inode } from '../inode.ts'
import type { LockMode } from '../locks.ts'
import type { Page } from '../mapping.ts'
import type { Vma } from '../mm.ts'
import type { RangeRequest } from '../range-lock.ts'
import type { LockedEntry } from '../policies/slots.ts'
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

export interface Fault extends MapRequest {
  readonly vma: Vma
  readonly inode: Inode
  readonly index: number
  readonly write: boolean
  /** A store to a private mapping. */
  readonly cow: boolean
  readonly pmd: boolean
  result: FaultResult
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

export function newFault(w: World, vma: Vma, options: { index: number; write: boolean; pmd?: boolean }): Fault {
  return {
    vma,
    inode: w.inode(vma.inode),
    index: options.index,
    write: options.write,
    cow: options.write && !vma.shared,
    pmd: options.pmd === true,
    create: options.write && vma.shared,
    isNew: false,
    failed: false,
    result: 'go',
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

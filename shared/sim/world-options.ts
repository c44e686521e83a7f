/**
 * What a world is made from: the machine with its fixed prices, the policy, the filesystem, and files as scenarios ask for
 * them. Values only; world.ts makes them real.
 */

import type { CostId } from './costs.ts'
import type { FairOptions } from './cpus.ts'
import type { Filesystem } from './fs/fs.ts'
import { MUTEX, RWSEM, SPINLOCK, type LockSpec } from './locks.ts'
import type { Policy } from './policies/slots.ts'
import type { SimSink } from './sink.ts'

/** Failures as operations return them (`op.result`). */
export const SIGBUS = -14
export const ENOSPC = -28
export const EBUSY = -16
export const ENOMEM = -12
export const EINVAL = -22
export const EFBIG = -27

export interface WorldOptions {
  readonly cpus: number
  readonly seed: number
  readonly sink: SimSink
  /** False: search. */
  readonly timed: boolean
  readonly policy: Policy
  readonly fs: Filesystem
  /** Whether a scenario's files are persistent memory: what the strategy is judged on. */
  readonly dax: boolean
  readonly costs?: Readonly<Partial<Record<CostId, number>>>
  readonly machine?: Readonly<Partial<Record<MachineCostId, number>>>
  /** False: every draw is its median. */
  readonly jitter?: boolean
  readonly blocks: number
  /** Places in a page that stores can be told apart at. */
  readonly slots?: number
  readonly eadr?: boolean
  /** The CPUs and locks of a recording's machine (kernel-options.ts). */
  readonly recorded?: FairOptions
}

export type MachineCostId =
  | 'lock'
  | 'unlock'
  | 'spinHandoff'
  | 'wake'
  | 'contextSwitch'
  | 'quantum'
  | 'sharedLine'
  | 'journalBlocks'
  | 'dirtyPages'
  | 'coldMetadata'

/** DOMAIN.md 6.2: uncontended lock + unlock 40 ns, hand-offs 300 ns and 4 us, switch 1.2 us, quantum 3 ms. */
export const MACHINE: Readonly<Record<MachineCostId, number>> = {
  lock: 20,
  unlock: 20,
  spinHandoff: 300,
  wake: 4_000,
  contextSwitch: 1_200,
  quantum: 3_000_000,
  sharedLine: 60,
  /** Blocks of the log; 0: as many as it takes. 262144 are 1 GiB, what mke2fs gives a large filesystem. */
  journalBlocks: 0,
  /** Pages of the page cache that may be dirty before who dirties more is held back; 0: any number. */
  dirtyPages: 0,
  /** 1: extent leaves and block bitmaps have to be read from the device first. */
  coldMetadata: 0,
}

/** What i_mmap is, by the switch `unmapLock`. */
export const IMMAP: Readonly<
  Record<Policy['switches']['unmapLock'], { readonly name: string; readonly spec: LockSpec }>
> = {
  spin: { name: '&mapping->i_mmap_lock', spec: SPINLOCK },
  'spin+lockbreak': { name: '&mapping->i_mmap_lock', spec: SPINLOCK },
  mutex: { name: '&mapping->i_mmap_mutex', spec: MUTEX },
  'rwsem-x': { name: '&mapping->i_mmap_rwsem', spec: RWSEM },
  'rwsem-s': { name: '&mapping->i_mmap_rwsem', spec: RWSEM },
  none: { name: '&mapping->i_mmap_rwsem', spec: RWSEM },
}

/** One file as a scenario asks for it. Sizes in pages. */
export interface FileSpec {
  readonly dax: boolean
  readonly pages: number
  readonly size?: number
  readonly blocks?: 'holes' | 'written' | 'unwritten'
}

/**
 * What a world is made from: the machine with its fixed prices, the policy, the filesystem, and files as scenarios ask for
 * them. Values only; world.ts makes them real.
 */

import { C, COSTS, type CostId } from './costs.ts'
import type { FairOptions } from './kernel-options.ts'
import type { Filesystem } from './fs/fs.ts'
import { MUTEX, RWSEM, SPINLOCK, type LockSpec } from './locks.ts'
import { MACHINE_SETTINGS, type MachineCostId } from './machine-costs.ts'
import type { Policy } from './policies/slots.ts'
import type { SimSink } from './sink.ts'

export type { MachineCostId }

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

/** `sharedLine` is the price `sharedCacheLine`, unless who makes the world says otherwise. */
export const MACHINE = {
  ...Object.fromEntries(MACHINE_SETTINGS.map(({ id, value }) => [id, value])),
  sharedLine: COSTS[C.sharedCacheLine].ns,
} as Readonly<Record<MachineCostId, number>>

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

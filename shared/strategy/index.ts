/**
 * `faultline/strategy`: what a strategy file may import. `defineStrategy`, the types of what a slot's option is made of, the
 * options there are (to be spread and changed), and the steps they are built from. Described in docs/strategies.md.
 */

import { cows } from '../sim/policies/cow.ts'
import { enospcs } from '../sim/policies/enospc.ts'
import { guards } from '../sim/policies/guard.ts'
import { inits } from '../sim/policies/init.ts'
import { pairings } from '../sim/policies/pairing.ts'
import { txs } from '../sim/policies/tx.ts'
import { wakes } from '../sim/policies/wake.ts'
import { MUTEX, RWSEM, SPINLOCK, type LockSpec, type SimLock } from '../sim/locks.ts'
import type { Inode } from '../sim/inode.ts'
import type { World } from '../sim/world.ts'

export { defineStrategy, type StrategyDefinition } from './define.ts'
export { lockEntry, unlockEntry } from '../sim/ops/entry.ts'
export { lockImmap, unlockImmap, type Fault, type FaultResult } from '../sim/ops/fault.ts'
export { lockPage } from '../sim/ops/folio.ts'
export { zeroBlock, type MapRequest } from '../sim/ops/map-blocks.ts'
export { faultRange, lockRange } from '../sim/policies/guard.ts'
export { C } from '../sim/costs.ts'
export { P } from '../sim/phases.ts'
export { MUTEX, RWSEM, SPINLOCK } from '../sim/locks.ts'
export type { LockMode, LockSpec, SimLock } from '../sim/locks.ts'
export type {
  Cow,
  Enospc,
  Guard,
  Init,
  Option,
  Pairing,
  Policy,
  Span,
  Switches,
  Tx,
  Wake,
} from '../sim/policies/slots.ts'
export type { RangeRequest } from '../sim/range-lock.ts'
export type { Inode } from '../sim/inode.ts'
export type { Steps, StepsOf } from '../sim/task.ts'
export type { World } from '../sim/world.ts'

/** The options there are: `{ ...options.guard.get('inval'), id: 'mine', … }`. */
export const options = {
  guard: guards,
  pairing: pairings,
  init: inits,
  cow: cows,
  tx: txs,
  enospc: enospcs,
  wake: wakes,
} as const

const KINDS: Readonly<Record<'rwsem' | 'mutex' | 'spinlock', LockSpec>> = {
  rwsem: RWSEM,
  mutex: MUTEX,
  spinlock: SPINLOCK,
}

/** A lock of your own, one per inode: `const mine = inodeLock('my_rwsem', 'rwsem')`, then `w.k.lock(mine(w, inode), …)`. */
export function inodeLock(name: string, kind: keyof typeof KINDS): (w: World, inode: Inode) => SimLock {
  const locks = new WeakMap<Inode, SimLock>()
  return (w, inode) => {
    let lock = locks.get(inode)
    if (lock === undefined) locks.set(inode, (lock = w.k.newLock(name, KINDS[kind], inode.number)))
    return lock
  }
}

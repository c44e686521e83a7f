/**
 * Inode locks of XFS by xfs_ilock / xfs_iunlock, which are printed before the lock is taken and about when it is given back: the
 * times are deduced. One xfs_ilock may take several locks, one after the other; which of them it waits for is told by the
 * address of the wait, and what else waits at that address waits for that lock. Where lockdep shows the same locks, lockdep is
 * right and these stay silent.
 */

import { SPAN_INFERRED } from '../model/kinds.ts'
import { LCB_READ, LCB_WRITE } from './lock-names.ts'
import type { Ops } from './ops.ts'
import type { OwnHolds } from './own-holds.ts'
import type { SpanState } from './state.ts'
import { EXCLUSIVE, SHARED, ASKED, WAITING, type HeldList, type Hold, type TaskTrack } from './track.ts'

/** Flags (fs/xfs/xfs_inode.h), in the order xfs_ilock takes the locks. */
const XFS_LOCKS = [
  { name: 'XFS_IOLOCK', exclusive: 1, shared: 2 },
  { name: 'XFS_MMAPLOCK', exclusive: 0x10, shared: 0x20 },
  { name: 'XFS_ILOCK', exclusive: 4, shared: 8 },
] as const

export class XfsLocks {
  readonly #state: SpanState
  readonly #holds: OwnHolds
  readonly #ops: Ops
  /** Locks by the address their waits were seen at, and the other way round. */
  readonly #lockAt = new Map<number, number>()
  readonly #places = new Map<number, number>()

  constructor(state: SpanState, holds: OwnHolds, ops: Ops) {
    this.#state = state
    this.#holds = holds
    this.#ops = ops
  }

  /** xfs_ilock: `flags` may name several locks. `nowait`: a trylock, printed only when it worked. */
  ilock(inode: number, flags: number, nowait: boolean): void {
    const state = this.#state
    this.#ops.inode(inode)
    if (state.sawAcquire) return
    state.showsWaits()
    const asks = state.track.ilocks
    asks.length = 0
    for (const kind of XFS_LOCKS) {
      if ((flags & (kind.exclusive | kind.shared)) === 0) continue
      const hold = this.#holds.ask(this.#xfsLock(kind.name, inode), (flags & kind.exclusive) !== 0)
      hold.flags |= SPAN_INFERRED
      this.#holds.got(hold, state.track)
      if (!nowait) asks.push(hold)
    }
  }

  iunlock(inode: number, flags: number): void {
    const state = this.#state
    this.#ops.inode(inode)
    if (state.sawAcquire) return
    state.track.ilocks.length = state.track.ilocksLater.length = 0
    for (const kind of XFS_LOCKS) {
      if ((flags & (kind.exclusive | kind.shared)) === 0) continue
      const index = state.track.explicit.newest(this.#xfsLock(kind.name, inode))
      if (index === -1) this.#holds.unmatched()
      else this.#holds.close(state.track, index)
    }
  }

  /** The exclusive hold ends and a shared one begins. */
  idemote(inode: number, flags: number): void {
    this.iunlock(inode, flags)
    let shared = 0
    for (const kind of XFS_LOCKS) if (flags & kind.exclusive) shared |= kind.shared
    this.ilock(inode, shared, true)
  }

  /** An unnamed rwsem wait right after the task asked for one of these locks is a wait for it: that request. */
  names(track: TaskTrack, flags: number, address: number): Hold | undefined {
    const { ilocks, ilocksLater } = track
    const index = this.#waitsFor(ilocks, flags, address)
    if (index === -1) return undefined
    const ilock = ilocks.items[index]
    ilocksLater.length = 0
    for (let i = index + 1; i < ilocks.length; i++) {
      ilocks.items[i].acquiredNs = NaN
      ilocksLater.push(ilocks.items[i])
    }
    ilocks.length = 0
    ilock.stage = ASKED
    ilock.op = track.currentId()
    this.#holds.waits(ilock, track)
    return ilock
  }

  /**
   * Which of the locks of one xfs_ilock waits at this address, as an index; -1 none. What the address is known to be is it;
   * where that is not known, the first that is not known to lie elsewhere. Only what is certain is remembered.
   */
  #waitsFor(asks: HeldList, flags: number, address: number): number {
    if ((flags & (LCB_READ | LCB_WRITE)) === 0) return -1
    const mode = (flags & LCB_READ) !== 0 ? SHARED : EXCLUSIVE
    const known = this.lockAt(address)
    let found = -1
    let candidates = 0
    for (let i = 0; i < asks.length; i++) {
      const { lock, mode: asked } = asks.items[i]
      if (asked !== mode) continue
      if (lock === known) return i
      if (asks.length > 1 && (this.#places.get(lock) ?? address) !== address) continue
      if (candidates++ === 0) found = i
    }
    if (found === -1) return -1
    const { locks } = this.#state.builder
    // Another lock of that inode; the same address of another inode is one whose memory was used again.
    if (known !== -1 && locks[known].inode === locks[asks.items[found].lock].inode) return -1
    if (candidates === 1 && address >= 0) this.#learn(address, asks.items[found].lock)
    return found
  }

  #learn(address: number, lock: number): void {
    const place = this.#places.get(lock)
    if (place !== undefined) this.#lockAt.delete(place)
    const other = this.#lockAt.get(address)
    if (other !== undefined) this.#places.delete(other)
    this.#places.set(lock, address)
    this.#lockAt.set(address, lock)
  }

  /** The XFS lock whose rwsem lies at an address (Contention.addressOf), as the waits of xfs_ilock have shown; -1 not known. */
  lockAt(address: number): number {
    return address < 0 ? -1 : (this.#lockAt.get(address) ?? -1)
  }

  /** A wait this part opened for an unnamed one is over: what the same xfs_ilock takes after it is asked for now. */
  waitEnds(track: TaskTrack): void {
    const { explicit, ilocks, ilocksLater } = track
    let index = explicit.length - 1
    while (index >= 0 && explicit.items[index].stage !== WAITING) index--
    if (index === -1 || (explicit.items[index].flags & SPAN_INFERRED) === 0) return
    this.#holds.got(explicit.items[index], track)
    ilocks.length = 0
    for (let i = 0; i < ilocksLater.length; i++) {
      const hold = ilocksLater.items[i]
      hold.askedNs = hold.acquiredNs = this.#state.ts
      ilocks.push(hold)
    }
    ilocksLater.length = 0
  }

  #xfsLock(name: string, inode: number): number {
    const builder = this.#state.builder
    return builder.lock(builder.lockClass(name, 'rwsem'), undefined, inode, builder.inodes.list[inode])
  }
}

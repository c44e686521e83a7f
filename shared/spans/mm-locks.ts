/**
 * Holds that other subsystems print themselves: mmap_lock:* (start_locking … acquire_returned is the wait, … released the
 * hold; printed for uncontended locks too) and xfs_ilock / xfs_iunlock (printed before the lock is taken and about when
 * it is given back, so the times are deduced; one may take several locks, one after the other, and which of them it waits for
 * is told by the address of the wait). Where lockdep shows the same locks, lockdep is right and these stay silent.
 */

import { limits } from '../base/limits.ts'
import { SPAN_CONTENDED, SPAN_HOLD_KNOWN, SPAN_INFERRED } from '../model/kinds.ts'
import { EXCLUSIVE, SHARED, type Edges } from './edges.ts'
import { LCB_MUTEX, LCB_PERCPU, LCB_READ, LCB_SPIN, LCB_WRITE } from './lock-names.ts'
import type { Ops } from './ops.ts'
import type { SpanState } from './state.ts'
import { ASKED, HELD, WAITING, type HeldList, type Hold, type TaskTrack } from './track.ts'

/** XFS lock flags (fs/xfs/xfs_inode.h). */
const XFS_LOCKS = [
  { name: 'XFS_IOLOCK', exclusive: 1, shared: 2 },
  { name: 'XFS_MMAPLOCK', exclusive: 0x10, shared: 0x20 },
  { name: 'XFS_ILOCK', exclusive: 4, shared: 8 },
] as const

export class MmLocks {
  readonly #state: SpanState
  readonly #edges: Edges
  readonly #ops: Ops
  #sawRefusal = false
  /** XFS locks by the address their waits were seen at, and the other way round. */
  readonly #lockAt = new Map<number, number>()
  readonly #places = new Map<number, number>()

  constructor(state: SpanState, edges: Edges, ops: Ops) {
    this.#state = state
    this.#edges = edges
    this.#ops = ops
  }

  /** The lock of one mm, by its address as the trace spells it. */
  mmapLock(mm: string | undefined): number {
    return this.#state.builder.lock(this.#state.builder.lockClass('mmap_lock', 'rwsem'), mm)
  }

  startLocking(lock: number, exclusive: boolean): void {
    const state = this.#state
    this.#ops.mmapLockAsked(exclusive)
    if (state.sawMmapLockdep) return
    state.showsWaits()
    const hold = this.#ask(lock, exclusive)
    if (this.#sawRefusal && state.track.mmapRefused === lock) this.#waits(hold, state.track)
    state.track.mmapRefused = -1
  }

  /** `success` false: a trylock that found the lock taken; the blocking attempt that follows really waits. */
  acquireReturned(lock: number, exclusive: boolean, success: boolean): void {
    const state = this.#state
    const track = state.track
    if (state.sawMmapLockdep) return
    const index = track.explicit.newest(lock)
    const hold = index === -1 ? undefined : track.explicit.items[index]
    if (hold === undefined || hold.stage === HELD) {
      if (!success) return
      // mmap_write_downgrade prints acquire_returned(write=false) alone (include/linux/mmap_lock.h).
      if (hold?.mode === EXCLUSIVE && !exclusive) this.#close(track, index)
      this.#got(this.#ask(lock, exclusive), track)
      return
    }
    if (success) {
      this.#got(hold, track)
      return
    }
    this.#sawRefusal = true
    track.mmapRefused = lock
    if (hold.stage === WAITING) this.#stopWaiting(hold, track, false)
    track.explicit.removeAt(index)
    if (hold.id < 0) state.drop(hold)
    else state.finishHold(hold, NaN)
  }

  released(lock: number): void {
    const state = this.#state
    const track = state.track
    const index = track.explicit.newest(lock)
    if (index === -1 || state.sawMmapLockdep) {
      if (!state.sawMmapLockdep) this.#unmatched()
      this.#ops.mmapLockReleased(track.currentId())
      return
    }
    const hold = track.explicit.items[index]
    this.#ops.mmapLockReleased(hold.op)
    this.#close(track, index)
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
      const hold = this.#ask(this.#xfsLock(kind.name, inode), (flags & kind.exclusive) !== 0)
      hold.flags |= SPAN_INFERRED
      this.#got(hold, state.track)
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
      if (index === -1) this.#unmatched()
      else this.#close(state.track, index)
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
    if (flags & (LCB_SPIN | LCB_MUTEX | LCB_PERCPU)) return undefined
    const asked = this.asked(track)
    if (asked !== undefined) {
      if (asked.stage === ASKED) this.#waits(asked, track)
      return asked
    }
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
    this.#waits(ilock, track)
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

  /** The hold of a lock that its own events show. */
  heldBy(track: TaskTrack, lock: number): Hold | undefined {
    const index = track.explicit.newest(lock)
    const hold = index === -1 ? undefined : track.explicit.items[index]
    return hold?.stage === HELD ? hold : undefined
  }

  /** The task sleeps uninterruptibly between asking for mmap_lock and getting it: the lock was taken. */
  sleeps(track: TaskTrack): void {
    const asked = this.asked(track)
    if (asked?.stage === ASKED) this.#waits(asked, track)
  }

  /** A wait this part opened for an unnamed one is over: what the same xfs_ilock takes after it is asked for now. */
  waitEnds(track: TaskTrack): void {
    const { explicit, ilocks, ilocksLater } = track
    let index = explicit.length - 1
    while (index >= 0 && explicit.items[index].stage !== WAITING) index--
    if (index === -1 || (explicit.items[index].flags & SPAN_INFERRED) === 0) return
    this.#got(explicit.items[index], track)
    ilocks.length = 0
    for (let i = 0; i < ilocksLater.length; i++) {
      const hold = ilocksLater.items[i]
      hold.askedNs = hold.acquiredNs = this.#state.ts
      ilocks.push(hold)
    }
    ilocksLater.length = 0
  }

  /** The request of this task that is not answered yet. */
  asked(track: TaskTrack): Hold | undefined {
    const hold = track.explicit.last()
    return hold !== undefined && hold.stage !== HELD ? hold : undefined
  }

  abandonAll(track: TaskTrack): number {
    const list = track.explicit
    const count = list.length
    for (let i = 0; i < count; i++) {
      if (list.items[i].stage === WAITING) this.#edges.waitEnds(list.items[i], false)
      this.#state.abandon(list.items[i])
    }
    list.length = 0
    track.ilocks.length = track.ilocksLater.length = 0
    track.mmapRefused = -1
    return count
  }

  #xfsLock(name: string, inode: number): number {
    const builder = this.#state.builder
    return builder.lock(builder.lockClass(name, 'rwsem'), undefined, inode, builder.inodes.list[inode])
  }

  #ask(lock: number, exclusive: boolean): Hold {
    const state = this.#state
    const list = state.track.explicit
    if (list.length >= limits.heldLocks) this.#overflow()
    const hold = state.newHold(lock, state.builder.locks[lock].lockClass)
    hold.mode = exclusive ? EXCLUSIVE : SHARED
    hold.flags = SPAN_HOLD_KNOWN
    hold.op = state.track.currentId()
    list.push(hold)
    return hold
  }

  #overflow(): void {
    const { track } = this.#state
    const oldest = track.explicit.items[0]
    track.explicit.removeAt(0)
    if (oldest.stage === WAITING) this.#stopWaiting(oldest, track, false)
    this.#state.sayTooManyHeld()
    this.#state.abandon(oldest)
  }

  #waits(hold: Hold, track: TaskTrack): void {
    hold.stage = WAITING
    hold.flags |= SPAN_CONTENDED
    hold.contendedNs = hold.askedNs
    this.#state.waitBegins(track, hold)
    this.#edges.waitBegins(hold)
  }

  /** Uncontended requests count as asked for when they were got: nobody waited. */
  #got(hold: Hold, track: TaskTrack): void {
    const state = this.#state
    if (hold.stage === WAITING) this.#stopWaiting(hold, track, true)
    hold.stage = HELD
    hold.acquiredNs = state.ts
    hold.askedNs = state.ts
    if (hold.id < 0) hold.id = state.builder.begin('lockSpan')
  }

  #stopWaiting(hold: Hold, track: TaskTrack, granted: boolean): void {
    this.#edges.waitEnds(hold, granted)
    this.#state.waitEnds(track, hold)
  }

  #close(track: TaskTrack, index: number): void {
    const hold = track.explicit.items[index]
    track.explicit.removeAt(index)
    if (hold.stage === HELD) this.#edges.released(hold, track)
    else if (hold.stage === WAITING) this.#stopWaiting(hold, track, false)
    this.#state.finishHold(hold, this.#state.ts)
  }

  #unmatched(): void {
    this.#state.builder.diagnose('info', 'unmatched-release', 'a lock_release whose lock_acquire is not in the trace')
  }
}

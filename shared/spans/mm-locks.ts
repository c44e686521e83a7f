/**
 * mmap_lock by its own events: start_locking … acquire_returned is the wait, … released the hold; printed for uncontended locks
 * too. Where lockdep shows the same lock, lockdep is right and these stay silent.
 */

import type { Ops } from './ops.ts'
import type { OwnHolds } from './own-holds.ts'
import type { SpanState } from './state.ts'
import { EXCLUSIVE, ASKED, HELD, WAITING, type Hold, type TaskTrack } from './track.ts'

export class MmLocks {
  readonly #state: SpanState
  readonly #holds: OwnHolds
  readonly #ops: Ops
  #sawRefusal = false

  constructor(state: SpanState, holds: OwnHolds, ops: Ops) {
    this.#state = state
    this.#holds = holds
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
    const hold = this.#holds.ask(lock, exclusive)
    if (this.#sawRefusal && state.track.mmapRefused === lock) this.#holds.waits(hold, state.track)
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
      if (hold?.mode === EXCLUSIVE && !exclusive) this.#holds.close(track, index)
      this.#holds.got(this.#holds.ask(lock, exclusive), track)
      return
    }
    if (success) {
      this.#holds.got(hold, track)
      return
    }
    this.#sawRefusal = true
    track.mmapRefused = lock
    if (hold.stage === WAITING) this.#holds.gaveUp(hold, track)
    track.explicit.removeAt(index)
    if (hold.id < 0) state.drop(hold)
    else state.finishHold(hold, NaN)
  }

  released(lock: number): void {
    const state = this.#state
    const track = state.track
    const index = track.explicit.newest(lock)
    if (index === -1 || state.sawMmapLockdep) {
      if (!state.sawMmapLockdep) this.#holds.unmatched()
      this.#ops.mmapLockReleased(track.currentId())
      return
    }
    const hold = track.explicit.items[index]
    this.#ops.mmapLockReleased(hold.op)
    this.#holds.close(track, index)
  }

  /** An unnamed rwsem wait between the request for mmap_lock and its answer is a wait for it: that request. */
  names(track: TaskTrack): Hold | undefined {
    const asked = this.#holds.asked(track)
    if (asked?.stage === ASKED) this.#holds.waits(asked, track)
    return asked
  }

  /** The task sleeps uninterruptibly between asking for mmap_lock and getting it: the lock was taken. */
  sleeps(track: TaskTrack): void {
    const asked = this.#holds.asked(track)
    if (asked?.stage === ASKED) this.#holds.waits(asked, track)
  }
}

/**
 * Holds that a subsystem's own events print (mmap_lock, XFS), task by task: asked for, waited for, got, given back. It knows
 * neither the events nor what the locks are.
 */

import { limits } from '../base/limits.ts'
import { SPAN_CONTENDED, SPAN_HOLD_KNOWN } from '../model/kinds.ts'
import type { Edges } from './edges.ts'
import type { SpanState } from './state.ts'
import { EXCLUSIVE, SHARED, HELD, WAITING, type Hold, type TaskTrack } from './track.ts'

export class OwnHolds {
  readonly #state: SpanState
  readonly #edges: Edges

  constructor(state: SpanState, edges: Edges) {
    this.#state = state
    this.#edges = edges
  }

  /** A lock is asked for by the task of the current event. */
  ask(lock: number, exclusive: boolean): Hold {
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
    if (oldest.stage === WAITING) this.stopWaiting(oldest, track, false)
    this.#state.sayTooManyHeld()
    this.#state.abandon(oldest)
  }

  /** It is found taken. */
  waits(hold: Hold, track: TaskTrack): void {
    hold.stage = WAITING
    hold.flags |= SPAN_CONTENDED
    hold.contendedNs = hold.askedNs
    this.#state.waitBegins(track, hold)
    this.#edges.waitBegins(hold)
  }

  /** Uncontended requests count as asked for when they were got: nobody waited. */
  got(hold: Hold, track: TaskTrack): void {
    const state = this.#state
    if (hold.stage === WAITING) this.stopWaiting(hold, track, true)
    hold.stage = HELD
    hold.acquiredNs = state.ts
    hold.askedNs = state.ts
    if (hold.id < 0) hold.id = state.builder.begin('lockSpan')
  }

  /** The wait ends now without the lock. */
  gaveUp(hold: Hold, track: TaskTrack): void {
    this.stopWaiting(hold, track, false)
    this.#edges.gaveUp(hold)
  }

  /** `granted` false: it was given up, or nobody saw the end. */
  stopWaiting(hold: Hold, track: TaskTrack, granted: boolean): void {
    this.#edges.waitEnds(hold, granted)
    this.#state.waitEnds(track, hold)
  }

  /** The hold ends now, got or not. */
  close(track: TaskTrack, index: number): void {
    const hold = track.explicit.items[index]
    track.explicit.removeAt(index)
    if (hold.stage === HELD) this.#edges.released(hold, track)
    else if (hold.stage === WAITING) this.gaveUp(hold, track)
    this.#state.finishHold(hold, this.#state.ts)
  }

  /** A release of nothing that is held. */
  unmatched(): void {
    this.#state.builder.diagnose('info', 'unmatched-release', 'a lock_release whose lock_acquire is not in the trace')
  }

  /** The request of this task that is not answered yet. */
  asked(track: TaskTrack): Hold | undefined {
    const hold = track.explicit.last()
    return hold !== undefined && hold.stage !== HELD ? hold : undefined
  }

  /** The hold of a lock that its own events show. */
  heldBy(track: TaskTrack, lock: number): Hold | undefined {
    const index = track.explicit.newest(lock)
    const hold = index === -1 ? undefined : track.explicit.items[index]
    return hold?.stage === HELD ? hold : undefined
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
}

/**
 * Named locks: lockdep's lock_acquire, lock_contended, lock_acquired, lock_release. Per task and per interrupt context a
 * list of requests is kept, matched by lock (class and address), newest first, because releases come in any order.
 *
 *   acquire, [contended,] acquired, release     a lock; requested = contended time, wait = acquired - contended
 *   acquire try, release                        a trylock that worked
 *   acquire, release                            might_lock(): a note for lockdep, no hold; dropped and counted
 *   annotation classes                          a span, never a lock (lock-names.ts)
 *
 * These are /proc/lock_stat's formulas (kernel/locking/lockdep.c: lock_acquired, lock_release_holdtime), so a trace and a
 * lock_stat dump of the same window give the same numbers. Downgrades print no event: such a hold stays exclusive.
 */

import { limits } from '../base/limits.ts'
import { SPAN_CONTENDED, SPAN_HOLD_KNOWN, SPAN_INFERRED, SPAN_IRQ, SPAN_TRY } from '../model/kinds.ts'
import type { Ns } from '../model/trace.ts'
import type { Edges } from './edges.ts'
import {
  BEHAVES_AS_ANNOTATION,
  BEHAVES_AS_HANDLE,
  BEHAVES_AS_I_MMAP,
  BEHAVES_AS_LOCK,
  BEHAVES_AS_MMAP_LOCK,
  BEHAVES_SILENTLY,
  LCB_MUTEX,
  LCB_SPIN,
} from './lock-names.ts'
import type { Ops } from './ops.ts'
import type { Phases } from './phases.ts'
import type { SpanState } from './state.ts'
import { EXCLUSIVE, SHARED, ASKED, HELD, WAITING, type HeldList, type Hold, type TaskTrack } from './track.ts'

/** `&sem->wait_lock`, `&lock->wait_lock` (mutex), `(console_sem).lock`; numbers and `/1` tell classes of one name apart. */
const WAIT_LOCK = /wait_lock\b|\)\.lock\b/

export class Lockdep {
  readonly #state: SpanState
  readonly #edges: Edges
  readonly #ops: Ops
  readonly #phases: Phases

  constructor(state: SpanState, edges: Edges, ops: Ops, phases: Phases) {
    this.#state = state
    this.#edges = edges
    this.#ops = ops
    this.#phases = phases
  }

  acquire(
    lock: number,
    lockClass: number,
    behaviour: number,
    how: { readonly shared: boolean; readonly tried: boolean },
  ): void {
    const state = this.#state
    const track = state.track
    state.sawAcquire = true
    const list = track.held[state.context]
    if (!how.shared && behaviour !== BEHAVES_AS_ANNOTATION) this.#repeated(list, lock)
    if (list.length >= limits.heldLocks) this.#overflow(list)
    if (behaviour === BEHAVES_AS_MMAP_LOCK && state.context === 0) {
      state.sawMmapLockdep = true
      this.#ops.mmapLockAsked(!how.shared)
    }
    const hold = state.newHold(lock, lockClass)
    hold.behaviour = behaviour
    hold.mode = how.shared ? SHARED : EXCLUSIVE
    hold.flags = (how.tried ? SPAN_TRY : 0) | (state.context === 0 ? SPAN_HOLD_KNOWN : SPAN_IRQ | SPAN_HOLD_KNOWN)
    if (state.context === 0) hold.op = track.currentId()
    if (how.tried || behaviour === BEHAVES_AS_ANNOTATION || behaviour === BEHAVES_AS_HANDLE) this.#got(hold, state.ts)
    list.push(hold)
    if (behaviour === BEHAVES_AS_HANDLE && how.shared && !state.sawHandleEvents) this.#phases.begin('handle')
  }

  contended(lock: number, lockClass: number, behaviour: number): void {
    const state = this.#state
    const track = state.track
    state.showsWaits()
    track.lockdepSeen++
    const list = track.held[state.context]
    const index = list.newest(lock)
    let hold = index === -1 ? undefined : list.items[index]
    // A contention_begin has told of it.
    if (hold?.stage === WAITING && (hold.flags & SPAN_HOLD_KNOWN) !== 0) return
    if (hold?.stage !== ASKED) {
      if (behaviour === BEHAVES_AS_MMAP_LOCK && this.#mmapWaits(track)) return
      hold = this.#unasked(lock, lockClass, behaviour)
      list.push(hold)
    }
    this.#waits(hold, track, state.ts)
  }

  acquired(lock: number): void {
    const state = this.#state
    const track = state.track
    state.sawAcquired = true
    track.lockdepSeen++
    const list = track.held[state.context]
    const index = list.newest(lock)
    if (index === -1 || list.items[index].stage === HELD) {
      if (state.sawAcquire) {
        state.builder.diagnose('info', 'unmatched-acquired', 'a lock_acquired whose lock_acquire is not in the trace')
      }
      return
    }
    const hold = list.items[index]
    if (hold.stage === WAITING) {
      this.#edges.waitEnds(hold, true)
      if (state.context === 0) state.waitEnds(track, hold)
      this.#got(hold, state.ts)
      if (!state.sawAcquire) {
        list.removeAt(index)
        state.finishHold(hold, NaN)
      }
    } else this.#got(hold, hold.askedNs)
    if (hold.behaviour === BEHAVES_AS_I_MMAP && hold.mode === SHARED) this.#phases.beginUnmap()
  }

  release(lock: number): void {
    const state = this.#state
    const track = state.track
    const list = track.held[state.context]
    const index = list.newest(lock)
    if (index === -1) {
      state.builder.diagnose('info', 'unmatched-release', 'a lock_release whose lock_acquire is not in the trace')
      return
    }
    const hold = list.items[index]
    list.removeAt(index)
    const stage = hold.stage
    if (stage === ASKED) {
      if (hold.behaviour === BEHAVES_AS_LOCK || hold.behaviour >= BEHAVES_AS_I_MMAP) {
        if (state.sawAcquired) {
          state.builder.diagnose('info', 'might-lock', 'might_lock() notes are not holds and were left out')
          state.abandon(hold)
          return
        }
      }
      this.#got(hold, hold.askedNs)
    } else if (stage === WAITING) {
      this.#gaveUp(hold, track)
      // Without lock_acquired it may have been got.
      if (state.sawAcquired && hold.gaveUpNs !== hold.gaveUpNs) this.#edges.gaveUp(hold)
    }
    if (hold.behaviour !== BEHAVES_AS_ANNOTATION) this.#close(hold, track)
    state.finishHold(hold, stage === WAITING ? NaN : state.ts)
  }

  /**
   * A contention_* wait is the wait of the request it lies in where no lock_contended tells of that: the lock prints none
   * (percpu-rwsem), or the kernel has none (lockdep without CONFIG_LOCK_STAT).
   */
  adoptWait(track: TaskTrack, context: number, flags: number): Hold | undefined {
    const hold = this.pending(track, context, flags)
    if (hold?.stage !== ASKED || (this.#state.sawAcquired && hold.behaviour !== BEHAVES_SILENTLY)) return undefined
    this.adoptedWaits(hold, track, flags)
    return hold
  }

  /**
   * When lock_contended would have come: before an rwsem is spun for, which prints nothing, but after a mutex is; with lockdep
   * every mutex, free or taken, is tried in a contention_begin (kernel/locking/mutex.c: __mutex_lock_common).
   */
  adoptedWaits(hold: Hold, track: TaskTrack, flags: number): void {
    const mutex = (flags & LCB_MUTEX) !== 0
    if ((mutex && (flags & LCB_SPIN) !== 0) || hold.stage !== ASKED || !isIn(track, hold)) return
    this.#waits(hold, track, mutex || hold.behaviour === BEHAVES_SILENTLY ? this.#state.ts : hold.askedNs)
  }

  adoptedWaitEnds(hold: Hold, track: TaskTrack, granted: boolean): void {
    if (hold.stage !== WAITING || !isIn(track, hold)) return
    this.#edges.waitEnds(hold, granted)
    this.#state.waitEnds(track, hold)
    if (granted) this.#got(hold, this.#state.ts)
    else this.#edges.gaveUp(hold)
  }

  /**
   * A request of this context that is still unanswered: a contention_* wait is the same wait. The newest entry may be the
   * wait queue's own spinlock (kernel/locking/rwsem.c: rwsem_down_write_slowpath begins its wait under it).
   */
  pending(track: TaskTrack, context: number, flags: number): Hold | undefined {
    const list = track.held[context]
    const sleeps = (flags & LCB_SPIN) === 0
    for (let i = list.length - 1; i >= 0; i--) {
      const hold = list.items[i]
      if (hold.stage === HELD || (sleeps && this.#guardsWaiters(hold))) continue
      return hold
    }
    return undefined
  }

  /** The spinlock of a sleeping lock's queue, which nobody sleeps for. */
  #guardsWaiters({ lockClass }: Hold): boolean {
    return WAIT_LOCK.test(this.#state.builder.lockClasses[lockClass].name)
  }

  /** A wait without its lock_acquire is a reader's. */
  reads(hold: Hold): void {
    if (hold.stage === WAITING && (hold.flags & SPAN_HOLD_KNOWN) === 0) this.#edges.shares(hold)
  }

  /** Everything open in a task ends as unknown. */
  abandonAll(track: TaskTrack): number {
    let count = 0
    for (const list of track.held) {
      for (let i = list.length - 1; i >= 0; i--) {
        const hold = list.items[i]
        if (hold.stage === WAITING) this.#edges.waitEnds(hold, false)
        this.#state.abandon(hold)
        count++
      }
      list.length = 0
    }
    return count
  }

  #got(hold: Hold, at: number): void {
    hold.stage = HELD
    hold.acquiredNs = at
    if (hold.id < 0) hold.id = this.#state.builder.begin('lockSpan')
  }

  #waits(hold: Hold, track: TaskTrack, fromNs: Ns): void {
    const state = this.#state
    hold.stage = WAITING
    hold.contendedNs = fromNs
    hold.flags |= SPAN_CONTENDED
    if (state.context === 0) state.waitBegins(track, hold)
    this.#edges.waitBegins(hold)
  }

  /** A trace without lock_acquire but with mmap_lock:* events: those show the wait, and the hold. */
  #mmapWaits(track: TaskTrack): boolean {
    const hold = track.explicit.last()
    return hold !== undefined && hold.stage !== HELD
  }

  #gaveUp(hold: Hold, track: TaskTrack): void {
    this.#edges.waitEnds(hold, false)
    this.#state.waitEnds(track, hold)
  }

  #close(hold: Hold, track: TaskTrack): void {
    if (hold.stage === HELD) this.#edges.released(hold, track)
    if (hold.behaviour === BEHAVES_AS_LOCK) return
    if (hold.behaviour === BEHAVES_AS_MMAP_LOCK) this.#ops.mmapLockReleased(hold.op)
    else if (hold.behaviour === BEHAVES_AS_I_MMAP && hold.mode === SHARED) this.#phases.endUnmap()
    else if (hold.behaviour === BEHAVES_AS_HANDLE && hold.mode === SHARED && !this.#state.sawHandleEvents) {
      this.#phases.end('handle')
    }
  }

  /** lock_contended in a trace without lock_acquire: the wait is known, neither its mode nor the hold. */
  #unasked(lock: number, lockClass: number, behaviour: number): Hold {
    const state = this.#state
    state.builder.diagnose(
      'info',
      'contended-without-acquire',
      'lock_contended without lock_acquire: such waits have no known mode and no hold',
    )
    const hold = state.newHold(lock, lockClass)
    hold.behaviour = behaviour
    hold.flags = SPAN_INFERRED | (state.context === 0 ? 0 : SPAN_IRQ)
    if (state.context === 0) hold.op = state.track.currentId()
    return hold
  }

  /** A lock taken exclusively twice by one context without a release: the release went unseen (a switch, a filter). */
  #repeated(list: HeldList, lock: number): void {
    const index = list.newest(lock)
    if (index === -1) return
    const state = this.#state
    const older = list.items[index]
    if (older.mode !== EXCLUSIVE || state.builder.locks[lock].address === undefined) return
    list.removeAt(index)
    if (older.stage === WAITING) this.#gaveUp(older, state.track)
    state.builder.diagnose(
      'info',
      'unseen-release',
      'a lock taken again by the task that had it: its release is not in the trace',
    )
    state.abandon(older)
  }

  #overflow(list: HeldList): void {
    const oldest = list.items[0]
    list.removeAt(0)
    if (oldest.stage === WAITING) this.#gaveUp(oldest, this.#state.track)
    this.#state.sayTooManyHeld()
    this.#state.abandon(oldest)
  }
}

/** Holds are used again: one that was given up meanwhile may be another's now. */
function isIn(track: TaskTrack, hold: Hold): boolean {
  return track.held.some(({ items, length }) => {
    const at = items.indexOf(hold)
    return at !== -1 && at < length
  })
}

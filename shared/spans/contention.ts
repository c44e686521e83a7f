/**
 * Unnamed locks: lock:contention_begin and contention_end show waits, not holds. Begins of one wait repeat (a mutex spins,
 * sleeps, spins again), so a wait is the first begin to the end, per task and address; waits for different locks nest (a
 * spinlock inside a sleeping lock's slow path). Where another event of the same trace names the wait (lockdep, mmap_lock,
 * xfs_ilock) it is not counted twice. The holder is not in these events; if the task that wakes the waiter is known, it
 * released the lock at that moment, and everything deduced from that is marked inferred.
 */

import { limits } from '../base/limits.ts'
import { Names } from '../model/builder.ts'
import { NAMED_BY_BEHAVIOUR, NAMED_BY_STACKS, SPAN_CONTENDED, SPAN_INFERRED, SPAN_IRQ } from '../model/kinds.ts'
import type { Ns } from '../model/trace.ts'
import type { Edges } from './edges.ts'
import { LockUse } from './behaviour.ts'
import { LCB_MUTEX, LCB_PERCPU, LCB_READ, LCB_SPIN, UNNAMED_RWSEM, natureOf, unnamedClass } from './lock-names.ts'
import type { Lockdep } from './lockdep.ts'
import type { MmLocks } from './mm-locks.ts'
import type { OwnHolds } from './own-holds.ts'
import { locksOfStack } from './stack-names.ts'
import type { SpanState } from './state.ts'
import { EXCLUSIVE, SHARED, HELD, WAITING, type HeldList, type Hold, type TaskTrack } from './track.ts'
import type { XfsLocks } from './xfs-locks.ts'

/** Waiters woken within this time by one task were waiting for the same release. */
const ONE_RELEASE_NS = 100_000
/** Holds of unknown end remembered per task. */
const LOOSE = 16

/** The span that stands for a holder's release of a lock. */
interface Release {
  readonly task: number
  readonly atNs: Ns
  readonly span: number
  readonly mode: number
}

export class Contention {
  readonly #state: SpanState
  readonly #edges: Edges
  readonly #lockdep: Lockdep
  readonly #addresses = new Names()
  readonly #releases: (Release | undefined)[] = []
  /** Locks that call stacks name. */
  readonly #named = new Map<number, readonly string[]>()
  /** Who waits for locks that nothing names, by lock. */
  readonly #uses = new Map<number, LockUse>()
  readonly #holds: OwnHolds
  readonly #mmLocks: MmLocks
  readonly #xfsLocks: XfsLocks

  constructor(
    state: SpanState,
    edges: Edges,
    told: {
      readonly lockdep: Lockdep
      readonly holds: OwnHolds
      readonly mmLocks: MmLocks
      readonly xfsLocks: XfsLocks
    },
  ) {
    this.#state = state
    this.#edges = edges
    this.#lockdep = told.lockdep
    this.#holds = told.holds
    this.#mmLocks = told.mmLocks
    this.#xfsLocks = told.xfsLocks
  }

  /** Dense id of an address as the trace spells it; -1 where it hides addresses. */
  addressOf(text: string | undefined): number {
    return text === undefined ? -1 : this.#addresses.id(text)
  }

  begin(address: number, flags: number): void {
    const state = this.#state
    const track = state.track
    state.showsWaits()
    const known = this.#open(track, address)
    // Only a mutex begins again inside one wait (kernel/locking/mutex.c); for others the end of the first went unseen.
    if (known !== -1 && flags & LCB_MUTEX) {
      const { adopted } = track.contending.items[known]
      if (adopted !== undefined) this.#lockdep.adoptedWaits(adopted, track, flags)
      return
    }
    if (known !== -1) this.#giveUp(track, known)
    else if (track.contending.length >= limits.heldLocks) this.#giveUp(track, 0)
    const kind = unnamedClass(flags)
    const lockClass = state.builder.lockClass(kind.name, kind.kind)
    const hold = state.newHold(-1, lockClass)
    hold.stage = WAITING
    hold.address = address
    hold.contendedNs = state.ts
    hold.mode = flags & LCB_READ ? SHARED : EXCLUSIVE
    hold.flags = SPAN_CONTENDED | (state.context === 0 ? 0 : SPAN_IRQ)
    hold.op = state.context === 0 ? track.currentId() : -1
    hold.seenBefore = track.lockdepSeen
    track.contending.push(hold)
    hold.adopted = this.#lockdep.adoptWait(track, state.context, flags)
    hold.shownBy =
      hold.adopted ??
      this.#lockdep.pending(track, state.context, flags) ??
      (state.context === 0 ? this.#own(track, flags, address) : undefined)
    if (hold.shownBy !== undefined) {
      if (flags & LCB_READ && !(flags & LCB_PERCPU)) this.#lockdep.reads(hold.shownBy)
      return
    }
    this.#lockOf(hold, track, kind.name)
    this.#forgetLoose(track, hold.lock)
    if (state.context === 0 && !state.sawAcquired) state.waitBegins(track, hold)
    this.#edges.waitBegins(hold)
  }

  /** The request for an rwsem that its own events show. */
  #own(track: TaskTrack, flags: number, address: number): Hold | undefined {
    if (flags & (LCB_SPIN | LCB_MUTEX | LCB_PERCPU)) return undefined
    return this.#mmLocks.names(track) ?? this.#xfsLocks.names(track, flags, address)
  }

  /** An XFS lock that something else than xfs_ilock waits for (a fault of the page cache, the VFS) is that lock. */
  #lockOf(hold: Hold, track: TaskTrack, unnamed: string): void {
    const { builder, context } = this.#state
    const { address } = hold
    const isRwsem = context === 0 && unnamed === UNNAMED_RWSEM && address >= 0
    const known = isRwsem ? this.#xfsLocks.lockAt(address) : -1
    if (known !== -1) {
      hold.lock = known
      hold.lockClass = builder.locks[known].lockClass
      hold.flags |= SPAN_INFERRED
      return
    }
    hold.lock = builder.lock(hold.lockClass, address < 0 ? undefined : this.#addresses.list[address])
    if (isRwsem) this.#use(hold.lock, track, hold.mode)
  }

  end(address: number, result: number): void {
    const state = this.#state
    const track = state.track
    const index = this.#open(track, address)
    if (index === -1) {
      state.builder.diagnose(
        'info',
        'unmatched-contention-end',
        'a contention_end whose contention_begin is not in the trace',
      )
      return
    }
    const hold = track.contending.items[index]
    track.contending.removeAt(index)
    if (hold.adopted !== undefined) this.#lockdep.adoptedWaitEnds(hold.adopted, track, result === 0)
    if (hold.shownBy !== undefined) {
      this.#xfsLocks.waitEnds(track)
      state.drop(hold)
      return
    }
    const granted = result === 0
    this.#edges.waitEnds(hold, granted)
    state.waitEnds(track, hold)
    if (state.sawAcquired && track.lockdepSeen !== hold.seenBefore) {
      state.drop(hold)
      return
    }
    // Who woke a waiter that got nothing has killed it.
    if (!granted) {
      this.#edges.gaveUp(hold)
      state.finishHold(hold, NaN)
      return
    }
    if (hold.waker !== undefined) this.#infer(hold, hold.waker)
    hold.stage = HELD
    hold.acquiredNs = state.ts
    if (hold.id < 0) hold.id = state.builder.begin('lockSpan')
    if (track.loose.length === LOOSE) this.#emitLoose(track.loose, 0)
    track.loose.push(hold)
  }

  /** The call stack of a contention_begin that has just been told: it may name the lock. False: there was none. */
  stack(track: TaskTrack, frames: string, stack: number): boolean {
    const hold = track.contending.last()
    if (hold === undefined || hold.contendedNs !== track.latestNs) return false
    // The wait that is shown is the one whose call site it is.
    const shown = hold.shownBy ?? hold
    if (shown.stack === -1) shown.stack = stack
    if (hold.shownBy !== undefined || hold.address < 0 || hold.lock === this.#xfsLocks.lockAt(hold.address)) return true
    const names = locksOfStack(frames, this.#state.builder.lockClasses[hold.lockClass].name)
    if (names === undefined) return true
    const known = this.#named.get(hold.lock)
    this.#named.set(hold.lock, known === undefined ? names : known.filter((name) => names.includes(name)))
    if (names.length === 1) hold.flags |= SPAN_INFERRED
    return true
  }

  #use(lock: number, track: TaskTrack, mode: number): void {
    let use = this.#uses.get(lock)
    if (use === undefined) this.#uses.set(lock, (use = new LockUse()))
    const op = track.current()
    use.add(op?.kind ?? '', op?.fault === true, mode === SHARED)
  }

  /**
   * At the end: an unnamed lock whose stacks all say the same is that lock, and one without stacks is what those who wait
   * for it say. An address that was two locks stays unnamed.
   */
  nameLocks(): void {
    this.#nameXfsLocks()
    for (const [lock, names] of this.#named) if (names.length === 1) this.#nameLock(lock, names[0], NAMED_BY_STACKS)
    for (const [lock, use] of this.#uses) {
      const name = this.#named.has(lock) ? undefined : use.name()
      if (name !== undefined) this.#nameLock(lock, name, NAMED_BY_BEHAVIOUR)
    }
  }

  /** Waits at an address before it was known which XFS lock lies there. */
  #nameXfsLocks(): void {
    const { locks } = this.#state.builder
    for (const lock of [...this.#uses.keys()]) {
      const { address } = locks[lock]
      const known = this.#xfsLocks.lockAt(address === undefined ? -1 : this.#addresses.find(address))
      if (known === -1) continue
      locks[lock] = { ...locks[known], address }
      this.#uses.delete(lock)
      this.#named.delete(lock)
    }
  }

  #nameLock(lock: number, name: string, label: string): void {
    const { builder } = this.#state
    builder.locks[lock] = { ...builder.locks[lock], lockClass: builder.lockClass(name, natureOf(name).kind), label }
  }

  /** `woken` was made runnable by `waker`, a task in its own context. */
  woken(woken: TaskTrack, waker: TaskTrack): void {
    const hold = woken.contending.last()
    // Who waits for the lock itself does not give it up: leaving the queue lets others have their turn.
    if (hold === undefined || waker.contending.newest(hold.lock) !== -1) return
    const op = waker.current()
    hold.waker = waker
    hold.wokenNs = this.#state.ts
    hold.wakerOp = op?.id ?? -1
    hold.wakerFromNs = op?.startNs ?? hold.wokenNs
  }

  /** Is the task inside a wait for a sleeping or spinning lock? */
  waiting(track: TaskTrack): boolean {
    return track.contending.length > 0
  }

  /** An operation's end is the latest a lock taken in it can have been held; when exactly is not known. */
  emitLoose(track: TaskTrack): void {
    while (track.loose.length > 0) this.#emitLoose(track.loose, track.loose.length - 1)
  }

  abandonAll(track: TaskTrack): number {
    const count = track.contending.length
    while (track.contending.length > 0) this.#giveUp(track, track.contending.length - 1)
    this.emitLoose(track)
    return count
  }

  forget(): void {
    this.#releases.length = 0
  }

  /** A wait whose end was not seen. */
  #giveUp(track: TaskTrack, index: number): void {
    const hold = track.contending.items[index]
    track.contending.removeAt(index)
    if (hold.shownBy !== undefined) {
      this.#state.drop(hold)
      return
    }
    this.#edges.waitEnds(hold, false)
    this.#state.waitEnds(track, hold)
    this.#state.finishHold(hold, NaN)
  }

  #open(track: TaskTrack, address: number): number {
    const { items, length } = track.contending
    for (let i = length - 1; i >= 0; i--) if (items[i].address === address) return i
    return -1
  }

  /** `holder` woke the waiter, so it gave the lock up then, unless both share it. */
  #infer(wait: Hold, holder: TaskTrack): void {
    const state = this.#state
    const shown = this.#holds.heldBy(holder, wait.lock)
    if (shown !== undefined) return this.#edges.blocked(wait, shown, holder)
    if (wait.blamedOn === holder.task) return
    const index = holder.loose.newest(wait.lock)
    let release = this.#releases[wait.lock]
    let fromNs = Math.max(wait.contendedNs, wait.wakerFromNs)
    let heldFromNs = fromNs
    const held = index === -1 ? undefined : holder.loose.items[index]
    // What it took after it woke the waiter is another hold.
    if (held !== undefined && held.acquiredNs <= wait.wokenNs) {
      if (held.mode === SHARED && wait.mode === SHARED) return
      heldFromNs = held.acquiredNs
      fromNs = Math.max(wait.contendedNs, heldFromNs)
      held.flags |= SPAN_INFERRED
      release = { task: holder.task, atNs: wait.wokenNs, span: held.id, mode: held.mode }
      holder.loose.removeAt(index)
      state.finishHold(held, wait.wokenNs)
    } else if (release?.task !== holder.task || wait.wokenNs - release.atNs > ONE_RELEASE_NS) {
      release = this.#inferHolder(wait, holder)
    }
    this.#releases[wait.lock] = release
    this.#edges.tellGivenUp(wait.lock, { span: release.span, mode: release.mode, fromNs: heldFromNs }, holder)
    if (release.mode === SHARED && wait.mode === SHARED) return
    this.#edges.inferred(wait, release.span, holder, fromNs, wait.wokenNs)
  }

  /** A hold nothing was recorded of but its end. A reader waits for writers only; else the operation tells the mode. */
  #inferHolder(wait: Hold, holder: TaskTrack): Release {
    const state = this.#state
    const held = state.newHold(wait.lock, wait.lockClass)
    held.id = state.builder.begin('lockSpan')
    held.task = holder.task
    held.op = wait.wakerOp
    const reading = holder.top()?.fault === true || holder.top()?.kind === 'read'
    held.mode = wait.mode === EXCLUSIVE && reading ? SHARED : EXCLUSIVE
    held.flags = SPAN_INFERRED
    held.stage = HELD
    held.askedNs = NaN
    const release = { task: holder.task, atNs: wait.wokenNs, span: held.id, mode: held.mode }
    state.finishHold(held, wait.wokenNs)
    return release
  }

  #forgetLoose(track: TaskTrack, lock: number): void {
    const index = track.loose.newest(lock)
    if (index !== -1) this.#emitLoose(track.loose, index)
  }

  #emitLoose(list: HeldList, index: number): void {
    const hold = list.items[index]
    list.removeAt(index)
    this.#state.finishHold(hold, NaN)
  }
}

/**
 * The state all parts of the span builder share: whose event is being looked at, what is open in every task, and the
 * only places that write span rows. It knows columns and bookkeeping; which event means what is decided by its callers.
 * Where times run backwards in a task, what was open in it has no known end: never a negative duration.
 */

import { limits } from '../base/limits.ts'
import type { TraceBuilder } from '../model/builder.ts'
import { SPAN_CONTENDED, SPAN_HOLD_KNOWN, TASK_STATES } from '../model/kinds.ts'
import type { Ns } from '../model/trace.ts'
import { ASKED, DOING_OTHER, DOING_UNKNOWN, HELD, History, Hold, TaskTrack, WAITING, type PhaseFrame } from './track.ts'

export const STATE_RUNNING = TASK_STATES.indexOf('running')
export const STATE_RUNNABLE = TASK_STATES.indexOf('runnable')
export const STATE_LOCK = TASK_STATES.indexOf('lock')
export const STATE_DISK_SLEEP = TASK_STATES.indexOf('disk-sleep')
export const STATE_SLEEPING = TASK_STATES.indexOf('sleeping')
export const STATE_DEAD = TASK_STATES.indexOf('dead')

/** What a row of a phase says, but for its end. */
export type FinishedPhase = Readonly<Pick<PhaseFrame, 'id' | 'op' | 'name' | 'startNs' | 'depth'>>

/** Waits that get an edge: the `most` longest waiting ones, and each for its first `perWait` releases. */
export interface EdgeCap {
  readonly most: number
  readonly perWait: number
}

export class SpanState {
  readonly builder: TraceBuilder
  ts: Ns = NaN
  cpu = 0
  context = 0
  track: TaskTrack
  readonly tracks: (TaskTrack | undefined)[] = []

  /** Which lockdep events the trace has shown so far: they decide how the others are read. */
  sawAcquire = false
  sawAcquired = false
  /** lock_acquire of &mm->mmap_lock: mmap_lock:* events would count the same holds again. */
  sawMmapLockdep = false
  /** jbd2_handle_start / _stats: the handle annotation would count the same phases again. */
  sawHandleEvents = false
  /** The trace is over: what is open now stays so. */
  ended = false
  /** Some event that shows waits has been seen, so "no wait" is a fact. */
  #showsWaits = false

  /** An event earlier than one before it: of any task, or of the same task. */
  onBackwards: (() => void) | undefined = undefined
  onTaskBackwards: ((track: TaskTrack) => void) | undefined = undefined
  #latestNs: Ns = -Infinity

  /** Edges of releases to waiters, and of writers that come first to readers: what is beyond is counted, not kept. */
  releaseEdges: EdgeCap = { most: limits.edgesPerRelease, perWait: limits.edgesPerWait }
  queuedEdges: EdgeCap = this.releaseEdges

  readonly #pool: Hold[] = []
  #pooled = 0
  readonly #waitNames: number[] = []

  constructor(builder: TraceBuilder) {
    this.builder = builder
    this.track = new TaskTrack(0)
  }

  at(ts: Ns, cpu: number, task: number, context: number): void {
    this.on((task < this.tracks.length ? this.tracks[task] : undefined) ?? this.trackOf(task), ts, cpu, context)
  }

  /** `at` for callers that keep a task's track. */
  on(track: TaskTrack, ts: Ns, cpu: number, context: number): void {
    this.ts = ts
    this.cpu = cpu
    this.context = context
    track.lastCpu = cpu
    this.track = track
    if (ts >= this.#latestNs) this.#latestNs = ts
    else this.onBackwards?.()
    if (ts < track.latestNs) this.onTaskBackwards?.(track)
    track.previousNs = track.latestNs
    track.latestNs = ts
  }

  trackOf(task: number): TaskTrack {
    while (this.tracks.length <= task) this.tracks.push(undefined)
    return (this.tracks[task] ??= new TaskTrack(task))
  }

  newHold(lock: number, lockClass: number): Hold {
    const hold = (this.#pooled > 0 ? this.#pool[--this.#pooled] : new Hold()).reset()
    hold.lock = lock
    hold.lockClass = lockClass
    hold.task = this.track.task
    hold.askedNs = this.ts
    return hold
  }

  /** Back to the pool. Only for holds nothing points to any more. */
  drop(hold: Hold): void {
    if (this.#pooled < 1024) this.#pool[this.#pooled++] = hold
  }

  /** Writes the lockSpan of a hold and gives it back. */
  finishHold(hold: Hold, releasedNs: Ns): void {
    const builder = this.builder
    if (hold.id < 0) hold.id = builder.begin('lockSpan')
    const at = builder.row('lockSpan', hold.id)
    const cols = builder.cols.lockSpan
    const contended = (hold.flags & SPAN_CONTENDED) !== 0
    const requested = contended ? hold.contendedNs : hold.askedNs
    let acquired = hold.stage === HELD ? hold.acquiredNs : NaN
    let released = hold.stage === WAITING ? this.#soughtUntil(hold) : releasedNs
    if (acquired < requested) {
      this.backwards()
      acquired = NaN
      hold.broken ||= contended
    }
    if (hold.broken) {
      acquired = NaN
      released = requested
    }
    // A hold that did not come about, or nobody knows when, is none to show.
    if (hold.broken || (hold.stage === WAITING && released === released)) hold.flags &= ~SPAN_HOLD_KNOWN
    if (released < (acquired === acquired ? acquired : requested)) {
      this.backwards()
      released = NaN
    }
    cols.lock[at] = hold.lock
    cols.task[at] = hold.task
    cols.op[at] = hold.op
    cols.mode[at] = hold.mode
    cols.flags[at] = hold.flags
    cols.requestedNs[at] = requested
    cols.acquiredNs[at] = acquired
    cols.releasedNs[at] = released
    if (hold.stack >= 0) builder.spanStack(hold.id, hold.stack)
    this.drop(hold)
  }

  /**
   * A wait that got nothing lasted until it was given up. Where its end was lost nobody knows how long it was: no time at all is
   * said. Only one that is open when the trace ends has no end.
   */
  #soughtUntil(hold: Hold): Ns {
    return hold.gaveUpNs === hold.gaveUpNs || this.ended ? hold.gaveUpNs : hold.contendedNs
  }

  /** A simulated run names fewer waiters: it says so itself. */
  limitAsSimulated(): void {
    this.releaseEdges = { most: limits.edgesPerRelease, perWait: 0 }
    this.queuedEdges = { most: Infinity, perWait: 0 }
  }

  sayTooManyHeld(): void {
    this.builder.diagnose(
      'warning',
      'too-many-held',
      `more than ${limits.heldLocks} locks held at once: the oldest were given up`,
    )
  }

  /** A hold whose end was not seen: what is known of it is kept. A mere request (maybe might_lock) leaves nothing. */
  abandon(hold: Hold): void {
    if (hold.stage === ASKED) this.drop(hold)
    else this.finishHold(hold, NaN)
  }

  edge(waiter: number, holder: number, overlapNs: Ns, phase: number, kind: number): void {
    const builder = this.builder
    const at = builder.row('waitEdge', builder.begin('waitEdge'))
    const cols = builder.cols.waitEdge
    cols.waiter[at] = waiter
    cols.holder[at] = holder
    cols.overlapNs[at] = overlapNs
    cols.phase[at] = phase
    cols.kind[at] = kind
  }

  finishPhase(task: number, phase: FinishedPhase, endNs: Ns): void {
    const at = this.builder.row('phase', phase.id)
    const cols = this.builder.cols.phase
    cols.op[at] = phase.op
    cols.task[at] = task
    cols.name[at] = phase.name
    cols.startNs[at] = phase.startNs
    cols.durationNs[at] = this.elapsed(phase.startNs, endNs)
    cols.depth[at] = Math.min(255, phase.depth)
  }

  /** Waiting time of the operations whose rows are not yet stored becomes known once the trace has shown a wait. */
  showsWaits(): void {
    if (this.#showsWaits) return
    this.#showsWaits = true
    this.builder.cols.op.waitNs.fill(0)
  }

  get waitsKnown(): boolean {
    return this.#showsWaits
  }

  /** It cannot be in its state any more, and nobody says what came instead. */
  stateEnds(track: TaskTrack): void {
    this.taskState(track, track.state, track.stateCpu)
    track.state = -1
  }

  taskState(track: TaskTrack, state: number, cpu: number): void {
    if (this.ts > track.latestNs) track.latestNs = this.ts
    if (track.state >= 0) {
      const builder = this.builder
      const at = builder.row('taskState', builder.begin('taskState'))
      const cols = builder.cols.taskState
      cols.task[at] = track.task
      cols.state[at] = track.state
      cols.startNs[at] = track.stateFromNs
      cols.durationNs[at] = state < 0 ? NaN : this.elapsed(track.stateFromNs, this.ts)
      cols.cpu[at] = track.stateCpu
    }
    // After a state that was cut short its task may be told of in the past: that time is taken.
    const taken = track.state < 0 && this.ts < track.stateFromNs
    if (taken) this.backwards()
    else track.stateFromNs = this.ts
    track.state = state
    track.stateCpu = cpu
  }

  /** A wait begins or ends: it counts once however deep waits nest (a spinning wait inside a sleeping one). */
  waitBegins(track: TaskTrack, hold: Hold): void {
    hold.counted = true
    if (track.waitDepth++ > 0) return
    track.waitFromNs = hold.contendedNs
    track.waitOp = hold.op
    track.waitClass = hold.lockClass
    this.mark(track)
  }

  waitEnds(track: TaskTrack, hold: Hold): void {
    if (!hold.counted) return
    hold.counted = false
    if (track.waitDepth === 0 || --track.waitDepth > 0) return
    for (let i = track.depth - 1; i >= 0; i--) {
      const op = track.ops[i]
      if (op.id !== track.waitOp) continue
      // The end of a wait was not seen where its operation had ended before.
      const waited = (op.quiet && op.endNs < this.ts ? op.endNs : this.ts) - track.waitFromNs
      if (waited > 0) op.waitNs += waited
      if (op.inferred && !op.quiet) op.reaches(this.ts)
    }
    this.mark(track)
  }

  /** Notes what the task does from now on. */
  mark(track: TaskTrack): void {
    track.ilocks.length = 0
    ;(track.history ??= new History()).push(this.ts, this.#doing(track))
  }

  #doing(track: TaskTrack): number {
    if (track.waitDepth > 0) return this.#waitName(track.waitClass)
    if (track.phaseDepth > 0) return track.phases[track.phaseDepth - 1].name
    return track.currentId() >= 0 ? DOING_OTHER : DOING_UNKNOWN
  }

  #waitName(lockClass: number): number {
    return (this.#waitNames[lockClass] ??= this.builder.phaseNames.id(
      `wait:${this.builder.lockClasses[lockClass]?.name ?? '?'}`,
    ))
  }

  elapsed(from: Ns, to: Ns): Ns {
    if (to >= from) return to - from
    if (to < from) this.backwards()
    return NaN
  }

  backwards(): void {
    this.builder.diagnose(
      'warning',
      'clock-backwards',
      'times run backwards inside a task; those durations are unknown',
    )
  }
}

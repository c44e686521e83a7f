/**
 * Task states from sched_switch, sched_waking and sched_wakeup, and what a wake-up tells: who released the lock a task
 * waited for, and which sleeps were waits for a journal commit (woken by the jbd2 thread; fs/jbd2/commit.c wakes
 * j_wait_done_commit and j_wait_transaction_locked). Other uninterruptible sleeps (folio and DAX entry bit locks, I/O)
 * leave no trace of their cause and stay `disk-sleep`: nothing is claimed about them.
 */

import { SPAN_CONTENDED, SPAN_INFERRED } from '../model/kinds.ts'
import type { Contention } from './contention.ts'
import type { Edges } from './edges.ts'
import type { MmLocks } from './mm-locks.ts'
import type { Ops } from './ops.ts'
import type { Phases } from './phases.ts'
import {
  STATE_DEAD,
  STATE_DISK_SLEEP,
  STATE_LOCK,
  STATE_RUNNABLE,
  STATE_RUNNING,
  STATE_SLEEPING,
  type SpanState,
} from './state.ts'
import { EXCLUSIVE, HELD, WAITING, type TaskTrack } from './track.ts'

/** prev_state letters of sched_switch (include/trace/events/sched.h). */
export const PREV_RUNNING = 0
export const PREV_SLEEPING = 1
export const PREV_UNINTERRUPTIBLE = 2
export const PREV_DEAD = 3

/** A commit wakes its waiters this soon after jbd2_end_commit (fs/jbd2/commit.c: the last wake_up of a commit). */
const COMMIT_WAKES_NS = 10_000_000

export class Sched {
  readonly #state: SpanState
  readonly #parts: {
    readonly edges: Edges
    readonly phases: Phases
    readonly contention: Contention
    readonly mmLocks: MmLocks
    readonly ops: Ops
  }
  /** sched_waking names the waker; sched_wakeup may run on another CPU, in another task's time. */
  #sawWaking = false
  /** Who was switched to last, by CPU. */
  readonly #running: (TaskTrack | undefined)[] = []

  constructor(
    state: SpanState,
    parts: {
      readonly edges: Edges
      readonly phases: Phases
      readonly contention: Contention
      readonly mmLocks: MmLocks
      readonly ops: Ops
    },
  ) {
    this.#state = state
    this.#parts = parts
  }

  switched(prev: TaskTrack, prevState: number, next: TaskTrack): void {
    const state = this.#state
    this.#tookOver(prev, next)
    if (prevState === PREV_UNINTERRUPTIBLE && prev.waitDepth === 0) this.#parts.mmLocks.sleeps(prev)
    const waiting = prev.waitDepth > 0 || this.#parts.contention.waiting(prev)
    prev.blockedNs = NaN
    if (prevState === PREV_RUNNING) state.taskState(prev, STATE_RUNNABLE, state.cpu)
    else if (prevState === PREV_DEAD) state.taskState(prev, STATE_DEAD, state.cpu)
    else if (waiting) state.taskState(prev, STATE_LOCK, state.cpu)
    else if (prevState === PREV_UNINTERRUPTIBLE) {
      state.taskState(prev, STATE_DISK_SLEEP, state.cpu)
      if (prev.currentId() >= 0) prev.blockedNs = state.ts
    } else {
      this.#parts.ops.sleeps(prev)
      state.taskState(prev, STATE_SLEEPING, state.cpu)
    }
    next.lastCpu = state.cpu
    const top = next.top()
    if (top !== undefined && next.switchedOutNs <= state.ts) top.offCpuNs += state.ts - next.switchedOutNs
    next.switchedOutNs = NaN
    prev.switchedOutNs = state.ts
    state.taskState(next, STATE_RUNNING, state.cpu)
  }

  /**
   * Who was switched to and is not who is switched away from has left unseen: a trace of chosen PIDs has no switch between two
   * tasks that are not chosen (kernel/trace/trace_events.c: event_filter_pid_sched_switch_probe_pre). It ran until now at most.
   */
  #tookOver(prev: TaskTrack, next: TaskTrack): void {
    const { cpu } = this.#state
    const was = this.#running[cpu]
    this.#running[cpu] = next
    if (was === undefined || was === prev) return
    if (was.state === STATE_RUNNING && was.stateCpu === cpu) this.#state.stateEnds(was)
  }

  /** sched_waking (`waking`) or sched_wakeup of `woken`. */
  woken(woken: TaskTrack, waking: boolean, idle: boolean): void {
    const state = this.#state
    if (waking) this.#sawWaking = true
    const waker = state.track
    const trusted = state.context === 0 && waker !== woken && (waking || (!this.#sawWaking && !idle))
    if (trusted) {
      this.#parts.contention.woken(woken, waker)
      if (woken.blockedNs <= state.ts) this.#journalWait(woken, waker)
    }
    if (woken.state >= 0 && woken.state !== STATE_RUNNING && woken.state !== STATE_RUNNABLE) {
      state.taskState(woken, STATE_RUNNABLE, woken.stateCpu)
    }
  }

  /** jbd2_start_commit and jbd2_end_commit frame what the journal's thread holds up. */
  commitBegins(op: number): void {
    const { track, ts } = this.#state
    track.commitOp = op
    track.commitFromNs = ts
    track.commitSpan = -1
  }

  commitEnds(): void {
    this.#state.track.commitEndNs = this.#state.ts
  }

  /** A sleep inside an operation that the journal's thread ended: it waited for a commit. */
  #journalWait(woken: TaskTrack, waker: TaskTrack): void {
    const state = this.#state
    const comm = state.builder.tasks[waker.task].comm
    if (!comm.startsWith('jbd2/') || !(waker.commitEndNs >= state.ts - COMMIT_WAKES_NS || waker.currentId() >= 0))
      return
    const from = woken.blockedNs
    woken.blockedNs = NaN
    this.#parts.phases.past(woken, 'commit_wait', from)
    const lockClass = state.builder.lockClass('journal', 'unknown')
    const lock = state.builder.lock(lockClass, undefined, -1, comm)
    const wait = state.newHold(lock, lockClass)
    wait.task = woken.task
    wait.op = woken.currentId()
    wait.mode = EXCLUSIVE
    wait.flags = SPAN_CONTENDED | SPAN_INFERRED
    wait.stage = WAITING
    wait.contendedNs = from
    if (waker.commitSpan < 0) {
      const commit = state.newHold(lock, lockClass)
      commit.id = waker.commitSpan = state.builder.begin('lockSpan')
      commit.task = waker.task
      commit.op = waker.commitOp
      commit.flags = SPAN_INFERRED
      commit.stage = HELD
      commit.askedNs = commit.acquiredNs = waker.commitFromNs
      state.finishHold(commit, state.ts)
    }
    const since = Math.max(from, waker.commitFromNs)
    this.#parts.edges.inferred(wait, waker.commitSpan, waker, since === since ? since : from, state.ts)
    const op = woken.current()
    if (op !== undefined) op.waitNs += state.ts - from
    wait.stage = HELD
    wait.acquiredNs = state.ts
    state.finishHold(wait, NaN)
  }
}

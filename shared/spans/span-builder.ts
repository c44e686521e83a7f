/**
 * From events to operations, phases, lock spans, wait edges and task states: the one span builder of all formats. Its
 * methods say what happened in typed values, never in text, so binary formats and the simulator call it the same way the
 * text decoders do. `at` sets whose event it is; everything after it happens there. It keeps what is open and writes a row
 * when something ends; it never looks ahead and never sorts.
 */

import type { TraceBuilder } from '../model/builder.ts'
import type { LockKind } from '../model/kinds.ts'
import type { Ns } from '../model/trace.ts'
import { Contention } from './contention.ts'
import { Edges } from './edges.ts'
import { Graph } from './graph.ts'
import { Inodes } from './inodes.ts'
import { BEHAVES_AS_LOCK, natureOf } from './lock-names.ts'
import { Lockdep } from './lockdep.ts'
import { MmLocks } from './mm-locks.ts'
import { OwnHolds } from './own-holds.ts'
import { neverReturns, Ops } from './ops.ts'
import { Phases } from './phases.ts'
import { Sched } from './sched.ts'
import { Slices } from './slices.ts'
import { SpanState } from './state.ts'
import { HELD, type TaskTrack } from './track.ts'
import { XfsLocks } from './xfs-locks.ts'

export class SpanBuilder {
  readonly builder: TraceBuilder
  readonly state: SpanState
  readonly ops: Ops
  readonly phases: Phases
  readonly lockdep: Lockdep
  readonly contention: Contention
  readonly mmLocks: MmLocks
  readonly xfsLocks: XfsLocks
  readonly sched: Sched
  readonly inodes: Inodes
  readonly slices: Slices
  readonly graph: Graph
  readonly #edges: Edges
  readonly #holds: OwnHolds
  /** Of a simulated run, which says its phases itself: no lock is more than a lock. Kinds of those whose name misleads. */
  plainLocks: ReadonlyMap<string, LockKind> | undefined = undefined

  constructor(builder: TraceBuilder) {
    this.builder = builder
    const state = new SpanState(builder)
    this.state = state
    this.#edges = new Edges(state)
    this.phases = new Phases(state)
    this.ops = new Ops(state, this.phases)
    this.lockdep = new Lockdep(state, this.#edges, this.ops, this.phases)
    this.#holds = new OwnHolds(state, this.#edges)
    this.mmLocks = new MmLocks(state, this.#holds, this.ops)
    this.xfsLocks = new XfsLocks(state, this.#holds, this.ops)
    const { lockdep, mmLocks, xfsLocks } = this
    this.contention = new Contention(state, this.#edges, { lockdep, holds: this.#holds, mmLocks, xfsLocks })
    this.sched = new Sched(state, {
      edges: this.#edges,
      phases: this.phases,
      contention: this.contention,
      mmLocks: this.mmLocks,
      ops: this.ops,
    })
    this.inodes = new Inodes(builder)
    this.slices = new Slices(state, { ops: this.ops, phases: this.phases })
    this.graph = new Graph(state, this.ops, this.phases)
    state.onBackwards = () => this.#edges.breakWaits()
    state.onTaskBackwards = (track) => this.#count('clock-backwards', this.#close(track, 'clock-backwards'))
    this.ops.onOutermostEnd = (track) => this.contention.emitLoose(track)
    this.phases.beforeBegin = (track) => this.ops.closeQuiet(track)
  }

  /** The event that is told about next. `context` is a CONTEXT_* of recorder.ts. */
  at(ts: Ns, cpu: number, task: number, context: number): this {
    this.state.at(ts, cpu, task, context)
    return this
  }

  /** A lock by its lockdep class and address (undefined: the trace hides it). */
  lockOf(
    name: string,
    address: string | undefined,
  ): { readonly lock: number; readonly lockClass: number; readonly behaviour: number } {
    const nature = natureOf(name)
    const lockClass = this.builder.lockClass(name, this.plainLocks?.get(name) ?? nature.kind)
    const behaviour = this.plainLocks === undefined ? nature.behaviour : BEHAVES_AS_LOCK
    return { lock: this.builder.lock(lockClass, address), lockClass, behaviour }
  }

  /** jbd2_start_commit … jbd2_end_commit, with the commit's states between. */
  commitBegins(): void {
    const top = this.state.track.top()
    if (top?.kind !== 'commit' || !top.bounded) this.ops.begin('commit')
    this.sched.commitBegins(this.state.track.currentId())
  }

  commitState(name: string): void {
    const track = this.state.track
    if (track.top()?.kind !== 'commit') return
    this.phases.endAll()
    this.phases.begin(name)
  }

  commitEnds(): void {
    const top = this.state.track.top()
    if (top?.kind === 'commit') {
      this.phases.endAll()
      if (!top.bounded) this.ops.endInner('commit')
      this.sched.commitEnds()
    } else this.phases.unmatched()
  }

  /** A call stack of the last event of a task (innermost frame first, one per line). */
  stack(task: number, frames: string): void {
    const track = this.state.trackOf(task)
    const stack = this.builder.stacks.id(frames)
    if (!this.contention.stack(track, frames, stack)) this.#stackOfHold(track, stack)
  }

  /** A stack behind an event that asked for a lock or got it: the request is the one of that moment. */
  #stackOfHold(track: TaskTrack, stack: number): void {
    for (const list of [...track.held, track.explicit]) {
      const hold = list.last()
      if (hold === undefined || hold.stack !== -1) continue
      const now = track.latestNs
      if (hold.askedNs === now || hold.contendedNs === now || hold.acquiredNs === now) {
        hold.stack = stack
        return
      }
    }
  }

  /** The recorder lost events of a CPU (undefined: of any): what was open there may have ended unseen. */
  lost(cpu: number | undefined): void {
    this.#abandon('closed-by-loss', (track) => cpu === undefined || track.lastCpu === cpu)
  }

  /** Another trace begins in the same input: nothing is matched across. */
  boundary(): void {
    this.#abandon('closed-by-boundary', () => true)
    this.#edges.breakWaits()
  }

  end(): void {
    this.slices.flush()
    for (const track of this.state.tracks) if (track !== undefined) this.#stillBlocking(track)
    this.state.ended = true
    this.#abandon('open-at-end', () => true)
    this.contention.nameLocks()
  }

  /** Waits that never ended still have reasons: the locks that were held until the end. */
  #stillBlocking(track: TaskTrack): void {
    this.state.ts = this.builder.lastNs
    for (const list of [...track.held, track.explicit]) {
      for (let i = 0; i < list.length; i++) if (list.items[i].stage === HELD) this.#edges.released(list.items[i], track)
    }
  }

  #abandon(code: AbandonCode, chosen: (track: TaskTrack) => boolean): void {
    let count = 0
    for (const track of this.state.tracks) if (track !== undefined && chosen(track)) count += this.#close(track, code)
    this.contention.forget()
    this.#count(code, count)
  }

  /** Everything open in a task ends as unknown. */
  #close(track: TaskTrack, code: AbandonCode): number {
    let count = this.lockdep.abandonAll(track) + this.#holds.abandonAll(track) + this.contention.abandonAll(track)
    track.waitDepth = 0
    this.graph.forget(track)
    this.ops.closeQuiet(track)
    while (track.depth > 0) {
      if (code !== 'open-at-end') track.ops[track.depth - 1].endNs = NaN
      if (!neverReturns(track.ops[track.depth - 1])) count++
      this.ops.close(track, NaN)
    }
    count += this.phases.abandonAll(track)
    this.state.taskState(track, -1, -1)
    track.blockedNs = track.journalAskedNs = track.zeroFromNs = track.switchedOutNs = NaN
    return count
  }

  #count(code: AbandonCode, count: number): void {
    if (count === 0) return
    const at = `spans still open at ${ABANDONED[code]} have no known end`
    this.builder.diagnose(code === 'clock-backwards' ? 'warning' : 'info', code, at, undefined, count)
  }
}

const ABANDONED = {
  'closed-by-loss': 'lost events',
  'closed-by-boundary': 'the start of another trace',
  'clock-backwards': 'a step back in time of their task',
  'open-at-end': 'the end',
} as const
type AbandonCode = keyof typeof ABANDONED

/**
 * Function calls (function_graph): an entry, a leaf call that is entry and exit in one, an exit. The outermost function that
 * is an operation by itself becomes one where the trace shows no other (graph-roles.ts); every other call is a phase under
 * the function's own name. Calls nest per task, interrupts included, as the tracer's own stack does; an exit closes what
 * was entered deeper and lost its exit.
 *
 * Lengths are those the tracer measured, which are finer than the times beside them (text rounds to microseconds): a call
 * ends at its begin plus its length, or where the last thing inside it ends if rounding puts that later.
 */

import { limits } from '../base/limits.ts'
import type { Ns } from '../model/trace.ts'
import { opOfFunction, tell } from './graph-roles.ts'
import type { Ops } from './ops.ts'
import type { Phases } from './phases.ts'
import type { SpanState } from './state.ts'
import type { TaskTrack } from './track.ts'

/** Where the trace does not say how deep a call is. */
export const DEPTH_UNKNOWN = -1

interface Call {
  readonly name: string
  readonly depth: number
  readonly startNs: Ns
  /** The operation it is, -1 none: then it is a phase. */
  readonly op: number
  /** Latest end of anything inside. */
  insideNs: Ns
}

/** What is open in one task, outermost first. */
interface Open {
  readonly calls: Call[]
  /** Time of the last function event. */
  lastNs: Ns
}

export class Graph {
  /** The trace has no times: they were made from lengths and order, so begins and ends are deduced. */
  timesInferred = false
  readonly #state: SpanState
  readonly #ops: Ops
  readonly #phases: Phases
  readonly #tasks: (Open | undefined)[] = []

  constructor(state: SpanState, ops: Ops, phases: Phases) {
    this.#state = state
    this.#ops = ops
    this.#phases = phases
  }

  enter(name: string, depth: number): void {
    const { track, ts } = this.#state
    const open = this.#open(track)
    this.#leaveDeeper(open, depth)
    const op = this.#begin(name, open)
    if (op === -1) this.#phases.begin(name)
    if (open.calls.length >= limits.phaseDepth) open.calls.length = 0
    open.calls.push({ name, depth: depth === DEPTH_UNKNOWN ? open.calls.length : depth, startNs: ts, op, insideNs: ts })
    open.lastNs = ts
  }

  leaf(name: string, depth: number, lengthNs: Ns): void {
    const { track, ts, builder } = this.#state
    const open = this.#open(track)
    this.#leaveDeeper(open, depth)
    const endNs = Math.min(ts + lengthNs, Number.MAX_SAFE_INTEGER)
    const op = this.#begin(name, open)
    if (op === -1) this.#phases.whole(name, ts, endNs)
    else this.#ops.close(track, endNs)
    this.#reach(open, endNs)
    open.lastNs = ts
    if (endNs === endNs) builder.reaches(endNs)
  }

  /** `name` is '' where the exit does not say. */
  exit(name: string, depth: number, lengthNs: Ns): void {
    const { track, ts, builder } = this.#state
    const open = this.#open(track)
    if (depth !== DEPTH_UNKNOWN) this.#leaveDeeper(open, depth + 1)
    const call = open.calls.at(-1)
    // Of a call that was open before the trace began only the end is here.
    if (
      call === undefined ||
      (depth !== DEPTH_UNKNOWN && call.depth !== depth) ||
      (name !== '' && call.name !== name)
    ) {
      this.#phases.unmatched()
      open.lastNs = ts
      return
    }
    open.calls.pop()
    // Events of other kinds inside it have times of their own.
    const othersNs = track.previousNs > open.lastNs ? track.previousNs : -Infinity
    const measured = lengthNs === lengthNs ? call.startNs + lengthNs : ts
    const endNs = Math.min(Math.max(measured, call.insideNs, othersNs), Number.MAX_SAFE_INTEGER)
    this.#end(call, endNs)
    this.#reach(open, endNs)
    open.lastNs = ts
    builder.reaches(endNs)
  }

  /** What was open in a task has no known end. */
  forget(track: TaskTrack): void {
    this.#tasks[track.task] = undefined
  }

  /** Begins the operation a function is, if it is one here: its id, or -1. */
  #begin(name: string, open: Open): number {
    const { track, context } = this.#state
    const current = track.current()
    if (current !== undefined) {
      tell(current, name, open.calls.at(-1)?.name ?? '')
      return -1
    }
    const kind = context === 0 ? opOfFunction(name) : undefined
    if (kind === undefined) return -1
    this.#ops.closeQuiet(track)
    const frame = this.#ops.push(kind)
    frame.fault = kind === 'fault'
    frame.bounded = true
    frame.inferred = this.timesInferred
    tell(frame, name, '')
    return frame.id
  }

  #end(call: Call, endNs: Ns): void {
    const { track } = this.#state
    if (call.op === -1) {
      if (!this.#phases.endAt(call.name, endNs)) this.#phases.unmatched()
      return
    }
    // A system call or a fault that was seen to begin meanwhile has closed it already.
    const at = track.ops.findIndex((frame, i) => i < track.depth && frame.id === call.op)
    if (at === -1) return
    while (track.depth - 1 > at) this.#ops.close(track, track.ops[track.depth - 1].endNs)
    this.#ops.close(track, endNs)
  }

  /** Calls at `depth` or deeper have lost their exits. */
  #leaveDeeper(open: Open, depth: number): void {
    if (depth === DEPTH_UNKNOWN) return
    for (let call = open.calls.at(-1); call !== undefined && call.depth >= depth; call = open.calls.at(-1)) {
      open.calls.pop()
      if (call.op === -1) this.#phases.giveUp(call.name)
      else this.#end(call, NaN)
    }
  }

  /** Whatever contains something that ends at `endNs` ends no earlier. */
  #reach(open: Open, endNs: Ns): void {
    const outer = open.calls.at(-1)
    if (outer !== undefined && endNs > outer.insideNs) outer.insideNs = endNs
  }

  #open(track: TaskTrack): Open {
    return (this.#tasks[track.task] ??= { calls: [], lastNs: -Infinity })
  }
}

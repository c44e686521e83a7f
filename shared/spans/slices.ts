/**
 * Slices of programs that trace themselves (Chrome JSON, Perfetto track events): the outermost of a task is an operation of
 * the slice's name, those inside are its steps. Inside an operation the kernel shows, all are steps. A slice that says how
 * long it lasts ends then, whatever its task does next; one that outlasts the slice it began in ends with it.
 */

import { limits } from '../base/limits.ts'
import type { Ns } from '../model/trace.ts'
import type { Ops } from './ops.ts'
import type { Phases } from './phases.ts'
import type { SpanState } from './state.ts'
import type { TaskTrack } from './track.ts'

interface Open {
  /** Id of the operation or of the step; -1: too deep to be either. */
  readonly id: number
  readonly isOp: boolean
  /** NaN: an event will end it. */
  readonly endNs: Ns
}

/** What different names beyond the limit are called. */
const OTHER = '(other)'

export class Slices {
  readonly #state: SpanState
  readonly #ops: Ops
  readonly #phases: Phases
  /** By task. */
  readonly #open: (Open[] | undefined)[] = []

  constructor(state: SpanState, parts: { readonly ops: Ops; readonly phases: Phases }) {
    this.#state = state
    this.#ops = parts.ops
    this.#phases = parts.phases
  }

  begin(name: string, durationNs: Ns = NaN): void {
    const { track, ts } = this.#state
    const open = this.#of(track)
    this.#settle(track, open, ts)
    const outer = open.at(-1)
    const said = ts + durationNs <= Number.MAX_SAFE_INTEGER ? ts + durationNs : NaN
    const endNs = outer === undefined ? said : atMost(said, outer.endNs)
    this.#state.builder.reaches(endNs)
    open.push({ ...this.#push(track, name), endNs })
  }

  /** The innermost slice without an end of its own ends. */
  end(): void {
    const { track, ts } = this.#state
    const open = this.#of(track)
    this.#settle(track, open, ts)
    if (open.length === 0)
      this.#state.builder.diagnose('info', 'slice-end-without-begin', 'the end of a slice that did not begin')
    else this.#close(track, open, ts)
  }

  /** The input is over: slices that said when they end have done so. */
  flush(): void {
    const { builder } = this.#state
    const now = this.#state.ts
    for (const [task, open] of this.#open.entries()) {
      if (open === undefined) continue
      const last = open.findLast(({ endNs }) => endNs === endNs)
      if (last !== undefined) this.#settle(this.#state.trackOf(task), open, Math.max(builder.lastNs, last.endNs))
    }
    this.#state.ts = now
  }

  #of(track: TaskTrack): Open[] {
    return (this.#open[track.task] ??= [])
  }

  /** What has ended by now, in the order it did. */
  #settle(track: TaskTrack, open: Open[], now: Ns): void {
    for (let top = open.at(-1); top !== undefined && top.endNs <= now; top = open.at(-1))
      this.#close(track, open, top.endNs)
  }

  #push(track: TaskTrack, name: string): { readonly id: number; readonly isOp: boolean } {
    const { builder } = this.#state
    if (track.depth === 0) {
      const frame = this.#ops.push(known(builder.opKinds, name))
      // Others' operations inside one call it what it is not.
      frame.bounded = true
      return { id: frame.id, isOp: true }
    }
    if (track.phaseDepth >= limits.phaseDepth - 1) {
      builder.diagnose('warning', 'slices-too-deep', `slices nested deeper than ${limits.phaseDepth} are not steps`)
      return { id: -1, isOp: false }
    }
    this.#phases.begin(known(builder.phaseNames, name))
    return { id: track.phases[track.phaseDepth - 1].id, isOp: false }
  }

  #close(track: TaskTrack, open: Open[], endNs: Ns): void {
    const slice = open.pop()
    if (slice === undefined || slice.id < 0) return
    const state = this.#state
    const now = state.ts
    state.ts = endNs
    if (slice.isOp) this.#closeOp(track, slice.id, endNs)
    else this.#closeStep(track, slice.id, endNs)
    state.ts = now
  }

  #closeOp(track: TaskTrack, id: number, endNs: Ns): void {
    if (!track.ops.some((frame, depth) => depth < track.depth && frame.id === id)) return
    while (track.depth > 0) {
      const last = track.ops[track.depth - 1].id === id
      this.#ops.close(track, endNs)
      if (last) return
    }
  }

  #closeStep(track: TaskTrack, id: number, endNs: Ns): void {
    const at = track.phases.findIndex((frame, depth) => depth < track.phaseDepth && frame.id === id)
    if (at < 0) return
    while (track.phaseDepth > at) this.#state.finishPhase(track.task, track.phases[--track.phaseDepth], endNs)
    this.#state.mark(track)
  }
}

function atMost(endNs: Ns, outerNs: Ns): Ns {
  return endNs > outerNs ? outerNs : endNs
}

/** Names are numbered with 16 bits. */
function known(names: { readonly list: readonly string[]; find(name: string): number }, name: string): string {
  return names.list.length < limits.names - 1 || names.find(name) >= 0 ? name : OTHER
}

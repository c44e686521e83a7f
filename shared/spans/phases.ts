/**
 * Steps inside operations: block mapping, allocation, zeroing, journal handles, unmapping, commit states. Phases nest;
 * one that never ends inside its operation is of unknown length, unless it is known to last as long as the operation.
 * Recorded and simulated traces share one list of names; where a step has no events of its own the kernel function that shows
 * it is named.
 */

import { limits } from '../base/limits.ts'
import type { Ns } from '../model/trace.ts'
import type { SpanState } from './state.ts'
import { PhaseFrame, type OpFrame, type TaskTrack } from './track.ts'

const UNMAP_OPS = new Set(['truncate', 'punch_hole', 'fallocate'])

export class Phases {
  readonly #state: SpanState
  /** Told before a step begins: an operation that has gone quiet is over then. */
  beforeBegin: ((track: TaskTrack) => void) | undefined = undefined

  constructor(state: SpanState) {
    this.#state = state
  }

  begin(name: string): void {
    this.#begin(this.#state.builder.phaseNames.id(name), false)
  }

  /** The same for callers that know the name's id. */
  beginId(name: number): void {
    this.#begin(name, false)
  }

  /** A step of the current operation without an end event: it ends with that. */
  beginUntilOpEnd(name: string): void {
    this.#begin(this.#state.builder.phaseNames.id(name), true)
  }

  /** False: no such phase is open in this task. */
  end(name: string): boolean {
    return this.endId(this.#state.builder.phaseNames.find(name))
  }

  /** The same at a time that the trace tells in another way than by its events' times. */
  endAt(name: string, endNs: Ns): boolean {
    return this.endId(this.#state.builder.phaseNames.find(name), endNs)
  }

  endId(id: number, endNs = this.#state.ts): boolean {
    const state = this.#state
    const track = state.track
    let at = track.phaseDepth - 1
    while (at >= 0 && track.phases[at].name !== id) at--
    if (at < 0) return false
    while (track.phaseDepth - 1 > at) this.#unfinished(track)
    state.finishPhase(track.task, track.phases[at], endNs)
    track.phaseDepth--
    this.#contain(track, track.phases[track.phaseDepth].op, endNs)
    this.#touch(track)
    state.mark(track)
    return true
  }

  /** Every step of the current operation ends. */
  endAll(): void {
    const state = this.#state
    const track = state.track
    const base = track.current()?.phaseBase ?? 0
    while (track.phaseDepth > base) state.finishPhase(track.task, track.phases[--track.phaseDepth], state.ts)
    state.mark(track)
  }

  isOpen(name: string): boolean {
    const track = this.#state.track
    const id = this.#state.builder.phaseNames.find(name)
    for (let i = 0; i < track.phaseDepth; i++) if (track.phases[i].name === id) return true
    return false
  }

  /** A whole phase, known only now that it is over; it lies inside what is open. */
  past(track: TaskTrack, name: string, startNs: Ns): void {
    const state = this.#state
    const op = track.current()
    const id = state.builder.begin('phase')
    const depth = depthIn(track, op)
    const from = op !== undefined && startNs < op.startNs ? op.startNs : startNs
    const phase = { id, op: op?.id ?? -1, name: state.builder.phaseNames.id(name), startNs: from, depth }
    state.finishPhase(track.task, phase, state.ts)
    if (op?.fault) op.reaches(state.ts)
  }

  /** A whole phase of known length that begins now. */
  whole(name: string, startNs: Ns, endNs: Ns): void {
    const state = this.#state
    const track = state.track
    this.beforeBegin?.(track)
    const op = track.current()
    const depth = depthIn(track, op)
    const id = state.builder.begin('phase')
    const phase = { id, op: op?.id ?? -1, name: state.builder.phaseNames.id(name), startNs, depth }
    state.finishPhase(track.task, phase, endNs)
    this.#touch(track)
    this.#contain(track, op?.id ?? -1, endNs)
  }

  /** The innermost phase of this name has lost its end. */
  giveUp(name: string): void {
    const track = this.#state.track
    const id = this.#state.builder.phaseNames.find(name)
    let at = track.phaseDepth - 1
    while (at >= 0 && track.phases[at].name !== id) at--
    if (at < 0) return
    while (track.phaseDepth > at) this.#unfinished(track)
  }

  /**
   * i_mmap_rwsem is held shared while page tables of a file range are walked: in faults, truncate and punch that removes
   * mappings (mm/memory.c: unmap_mapping_pages), in writeback it write-protects them (fs/dax.c: dax_writeback_one).
   */
  beginUnmap(): void {
    const op = this.#state.track.current()
    if (op === undefined || this.#state.context !== 0) return
    this.begin(op.fault || UNMAP_OPS.has(op.kind) ? 'unmap' : 'write_protect')
  }

  endUnmap(): void {
    if (!this.end('unmap')) this.end('write_protect')
  }

  /** ext4_journal_start*: a request for a handle. Inside a handle it only joins it (fs/jbd2: jbd2__journal_start). */
  journalAsked(): void {
    const { track, ts } = this.#state
    if (!this.isOpen('handle') || !this.#state.sawHandleEvents) track.journalAskedNs = ts
  }

  /** jbd2_handle_start comes after the wait for a transaction that takes new handles. */
  handleBegins(): void {
    const state = this.#state
    const { track } = state
    const first = !state.sawHandleEvents
    state.sawHandleEvents = true
    const asked = track.journalAskedNs
    track.journalAskedNs = NaN
    if (first && this.isOpen('handle')) return
    if (asked <= state.ts) this.past(track, 'journal', asked)
    this.begin('handle')
  }

  handleEnds(): void {
    this.#state.sawHandleEvents = true
    if (!this.end('handle')) this.unmatched()
  }

  /** End of a block mapping; `zeroes`: new blocks that ext4_map_blocks zeroes before it publishes them. */
  mapEnds(zeroes: boolean): void {
    if (!this.end('map_blocks')) this.unmatched()
    this.#state.track.zeroFromNs = zeroes ? this.#state.ts : NaN
  }

  /** ext4_es_insert_extent: the mapping is published; what came since ext4_ext_map_blocks_exit was zeroing. */
  published(): void {
    const { track } = this.#state
    if (track.zeroFromNs === track.zeroFromNs) this.past(track, 'zero', track.zeroFromNs)
    track.zeroFromNs = NaN
  }

  unmatched(): void {
    this.#state.builder.diagnose('info', 'phase-end-without-begin', 'the end of a step whose begin is not in the trace')
  }

  /** Phases begun since `base`, newest first, end with their operation. */
  closeFrom(track: TaskTrack, op: OpFrame, endNs: Ns): void {
    while (track.phaseDepth > op.phaseBase) {
      const frame = track.phases[track.phaseDepth - 1]
      if (frame.untilOpEnd) {
        this.#state.finishPhase(track.task, frame, endNs)
        track.phaseDepth--
      } else this.#unfinished(track)
    }
  }

  abandonAll(track: TaskTrack): number {
    const count = track.phaseDepth
    while (track.phaseDepth > 0) this.#unfinished(track)
    return count
  }

  #begin(name: number, untilOpEnd: boolean): void {
    const state = this.#state
    const track = state.track
    if (track.phaseDepth >= limits.phaseDepth) {
      state.builder.diagnose('warning', 'too-deep', `steps nested deeper than ${limits.phaseDepth} were given up`)
      this.abandonAll(track)
    }
    this.beforeBegin?.(track)
    const op = track.current()
    const frame = (track.phases[track.phaseDepth] ??= new PhaseFrame())
    frame.id = state.builder.begin('phase')
    frame.name = name
    frame.op = op?.id ?? -1
    frame.startNs = state.ts
    frame.depth = depthIn(track, op)
    frame.untilOpEnd = untilOpEnd
    track.phaseDepth++
    if (op !== undefined) this.#reached(op)
    state.mark(track)
  }

  /** An operation whose length the trace measured, or that was taken for over, lasts as long as what is in it. */
  #contain(track: TaskTrack, id: number, endNs: Ns): void {
    for (let i = track.depth - 1; i >= 0; i--) {
      const op = track.ops[i]
      if (op.id !== id) continue
      if (op.quiet && endNs > op.endNs) op.reaches(endNs)
      if (endNs > op.insideNs && (op.bounded || endNs > this.#state.ts)) op.insideNs = endNs
      return
    }
  }

  #unfinished(track: TaskTrack): void {
    const frame = track.phases[--track.phaseDepth]
    this.#state.builder.diagnose('info', 'unfinished-phase', 'steps whose end is not in the trace have no duration')
    this.#state.finishPhase(track.task, frame, NaN)
  }

  /** An operation without an end event lasts at least until its last step. */
  #touch(track: TaskTrack): void {
    const op = track.current()
    if (op !== undefined) this.#reached(op)
  }

  #reached(op: OpFrame): void {
    if (op.fault || op.inferred) op.reaches(this.#state.ts)
  }
}

/** How deep a step that begins now lies in its operation. What was open around that may have ended inside it. */
function depthIn({ phaseDepth }: TaskTrack, op: OpFrame | undefined): number {
  if (op === undefined) return phaseDepth
  if (phaseDepth < op.phaseBase) op.phaseBase = phaseDepth
  return phaseDepth - op.phaseBase
}

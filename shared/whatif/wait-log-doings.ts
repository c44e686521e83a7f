/**
 * The log of what tasks were doing, read back: their phases in a part of the run, and what a holder did most of the time
 * somebody waited for it. The rules are the span builder's (shared/spans/phases.ts): phases end newest first, and an
 * operation takes with it what is open in it, as of unknown length.
 */

import { limits } from '../base/limits.ts'
import type { Ns } from '../model/trace.ts'
import { DOING_OTHER, DOING_UNKNOWN, History } from '../spans/track.ts'
import { OP_BEGINS, OP_ENDS, PHASE_BEGINS, PHASE_ENDS, WAIT_BEGINS, type WaitLog } from './wait-log.ts'

/** A phase of known length. */
export interface Step {
  readonly task: number
  readonly phase: number
  readonly startNs: Ns
  readonly endNs: Ns
}

/** What a task does is a phase, or one of these: waiting for a class is WAITS and its number. */
export const OTHER = DOING_OTHER
export const WAITS = 1 << 16

interface OpenPhase {
  readonly phase: number
  readonly startNs: Ns
  /** Place of the step in the order of beginnings. */
  readonly place: number
}

interface Doer {
  readonly phases: OpenPhase[]
  /** Open phases when each open operation began. */
  readonly ops: number[]
  /** Class it waits for, -1 none. */
  waits: number
  readonly history: History | undefined
}

export class Doings {
  anyPhase = false
  readonly #log: WaitLog
  readonly #tasks: number

  constructor(log: WaitLog, tasks: number) {
    this.#log = log
    this.#tasks = tasks
  }

  /** Phases that overlap [fromNs, toNs], in the order they began. */
  steps(fromNs: Ns, toNs: Ns): Step[] {
    const doers = this.#doers(false)
    const found: (Step & { readonly place: number })[] = []
    let place = 0
    for (const { length, atNs, task, what, value } of this.#log.pieces()) {
      for (let i = 0; i < length; i++) {
        const phase = value[i]
        const doer = doers[task[i]]
        if (what[i] === PHASE_BEGINS) begins(doer, { phase, startNs: atNs[i], place: place++ })
        else if (what[i] === PHASE_ENDS) {
          const over = ends(doer, phase)
          if (over === undefined || over.startNs > toNs || atNs[i] < fromNs || atNs[i] <= over.startNs) continue
          found.push({ task: task[i], phase, startNs: over.startNs, endNs: atNs[i], place: over.place })
        } else otherwise(doer, what[i], phase)
      }
    }
    this.anyPhase = place > 0
    return found.sort((a, b) => a.place - b.place)
  }

  /** What the holders of these edges did most of the time they were in the way. */
  told(edges: readonly number[]): (edge: number) => number {
    const { cols } = this.#log.edges
    const doers = this.#doers(true)
    const out = new Map<number, number>()
    let next = 0
    const tell = (upTo: number) => {
      for (; next < edges.length && cols.after[edges[next]] <= upTo; next++) {
        const edge = edges[next]
        const to = cols.atNs[edge]
        out.set(edge, doers[cols.task[edge]].history?.most(to - cols.overlapNs[edge], to) ?? DOING_UNKNOWN)
      }
    }
    let done = 0
    for (const { length, atNs, task, what, value } of this.#log.pieces()) {
      for (let i = 0; i < length; i++) {
        tell(done++)
        const doer = doers[task[i]]
        if (what[i] === PHASE_BEGINS) begins(doer, { phase: value[i], startNs: atNs[i], place: 0 })
        else if (what[i] === PHASE_ENDS) ends(doer, value[i])
        else otherwise(doer, what[i], value[i])
        doer.history?.push(atNs[i], doingOf(doer))
      }
    }
    tell(done)
    return (edge) => out.get(edge) ?? DOING_UNKNOWN
  }

  #doers(histories: boolean): Doer[] {
    return Array.from({ length: this.#tasks }, () => ({
      ...{ phases: [], ops: [], waits: -1 },
      history: histories ? new History() : undefined,
    }))
  }
}

function begins({ phases }: Doer, phase: OpenPhase): void {
  if (phases.length >= limits.phaseDepth) cut(phases, 0)
  phases.push(phase)
}

/** Returns the phase that is over. */
function ends({ phases }: Doer, phase: number): OpenPhase | undefined {
  let at = phases.length - 1
  while (at >= 0 && phases[at].phase !== phase) at--
  if (at === -1) return undefined
  const over = phases[at]
  cut(phases, at)
  return over
}

function otherwise(doer: Doer, what: number, value: number): void {
  if (what === OP_BEGINS) doer.ops.push(doer.phases.length)
  else if (what === OP_ENDS) cut(doer.phases, doer.ops.pop() ?? 0)
  else doer.waits = what === WAIT_BEGINS ? value : -1
}

/** One by one: cutting an array by its length is a call out of compiled code. */
function cut(phases: OpenPhase[], length: number): void {
  while (phases.length > length) phases.pop()
}

function doingOf({ phases, ops, waits }: Doer): number {
  if (waits >= 0) return WAITS + waits
  if (phases.length > 0) return phases[phases.length - 1].phase
  return ops.length > 0 ? DOING_OTHER : DOING_UNKNOWN
}

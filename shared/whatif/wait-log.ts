/**
 * What a run leaves behind of its waits: who waited for whom, and what every task was doing when, in columns that are only
 * added to. From it the longest wait is followed to its root once the run is over (wait-log-chain.ts). Rows and edges are
 * those the span builder would have made (shared/spans/edges.ts), with the same ids; holds that nobody waited for leave no row.
 */

import { GrowingTable } from '../base/columns.ts'
import { limits } from '../base/limits.ts'
import { EDGE_KINDS, MODES } from '../model/kinds.ts'
import type { Ns } from '../model/trace.ts'

const EDGE_HOLDER = EDGE_KINDS.indexOf('holder')
export const EDGE_QUEUED = EDGE_KINDS.indexOf('queued-writer')
export const EXCLUSIVE = MODES.indexOf('exclusive')
export const SHARED = MODES.indexOf('shared')

/** What begins or ends in a task, with a phase or a lock class where there is one. */
export const PHASE_BEGINS = 0
export const PHASE_ENDS = 1
export const OP_BEGINS = 2
export const OP_ENDS = 3
export const WAIT_BEGINS = 4
export const WAIT_ENDS = 5

const spanSchema = {
  id: 'u32',
  task: 'u32',
  lockClass: 'u32',
  /** -1 none. */
  opKind: 'i32',
  mode: 'u8',
  flags: 'u8',
  requestedNs: 'f64',
  acquiredNs: 'f64',
  releasedNs: 'f64',
} as const

const edgeSchema = {
  waiter: 'u32',
  holder: 'u32',
  kind: 'u8',
  overlapNs: 'f64',
  atNs: 'f64',
  /** Of the holder. */
  task: 'u32',
  lockClass: 'u32',
  /** Doings before it. */
  after: 'u32',
} as const

/** As much of a request for a lock as edges need. */
export interface Request {
  /** Row of its span, -1: it has none yet. */
  id: number
  readonly lock: number
  readonly lockClass: number
  readonly task: number
  readonly mode: number
  readonly contendedNs: Ns
  readonly acquiredNs: Ns
  /** Of a waiting reader: how much of the wait exclusive holders and queued writers explain so far. */
  explainedNs: Ns
  /** Somebody waited for it. */
  blocks: boolean
}

/** Entries of one piece of the log of doings. */
const PIECE = 1 << 16

/** So many entries never move again. */
interface DoingsPiece {
  /** Entries so far. */
  length: number
  readonly atNs: Float64Array
  readonly task: Uint16Array
  readonly what: Uint8Array
  readonly value: Uint16Array
}

export class WaitLog {
  readonly spans = new GrowingTable(spanSchema)
  readonly edges = new GrowingTable(edgeSchema)
  readonly #pieces: DoingsPiece[] = []
  #piece: DoingsPiece
  #inPiece = 0
  #nextSpan = 0
  /** Open waits by lock, oldest first. */
  readonly #waiters: (Request[] | undefined)[] = []

  constructor() {
    this.#piece = this.#newPiece()
  }

  /** In the order things happened. */
  pieces(): readonly DoingsPiece[] {
    this.#piece.length = this.#inPiece
    return this.#pieces
  }

  newSpan(): number {
    return this.#nextSpan++
  }

  doing(atNs: Ns, task: number, what: number, value: number): void {
    if (this.#inPiece === PIECE) {
      this.#piece = this.#newPiece()
      this.#inPiece = 0
    }
    const at = this.#inPiece++
    const piece = this.#piece
    piece.atNs[at] = atNs
    piece.task[at] = task
    piece.what[at] = what
    piece.value[at] = value
  }

  waitBegins(wait: Request): void {
    while (this.#waiters.length <= wait.lock) this.#waiters.push(undefined)
    ;(this.#waiters[wait.lock] ??= []).push(wait)
  }

  /** The lock was got, or given up. Readers queued behind a writer waited for its turn. */
  waitEnds(wait: Request, granted: boolean, now: Ns): void {
    const waiters = this.#waiters[wait.lock]
    const at = waiters?.indexOf(wait) ?? -1
    if (waiters === undefined || at === -1) return
    waiters.splice(at, 1)
    if (!granted || wait.mode !== EXCLUSIVE) return
    for (const reader of waiters) {
      if (reader.mode !== SHARED || reader.contendedNs < wait.contendedNs) continue
      const overlap = now - reader.contendedNs - reader.explainedNs
      if (!(overlap > 0)) continue
      reader.explainedNs += overlap
      this.#edge(reader, wait, { kind: EDGE_QUEUED, overlap, now })
    }
  }

  /** `hold` ends now: of its waiters the longest waiting are told of. */
  released(hold: Request, now: Ns): void {
    const waiters = hold.lock < this.#waiters.length ? this.#waiters[hold.lock] : undefined
    if (waiters === undefined) return
    const kept = Math.min(waiters.length, limits.edgesPerRelease)
    for (let i = 0; i < kept; i++) {
      const waiter = waiters[i]
      if (waiter.task === hold.task || (waiter.mode === SHARED && hold.mode === SHARED)) continue
      const overlap = now - Math.max(waiter.contendedNs, hold.acquiredNs)
      if (!(overlap >= 0)) continue
      if (waiter.mode === SHARED) waiter.explainedNs += overlap
      this.#edge(waiter, hold, { kind: EDGE_HOLDER, overlap, now })
    }
  }

  #edge(waiter: Request, holder: Request, { kind, overlap, now }: { kind: number; overlap: Ns; now: Ns }): void {
    if (waiter.id < 0) waiter.id = this.newSpan()
    if (holder.id < 0) holder.id = this.newSpan()
    holder.blocks = true
    const { edges } = this
    const at = edges.add()
    const { cols } = edges
    cols.waiter[at] = waiter.id
    cols.holder[at] = holder.id
    cols.kind[at] = kind
    cols.overlapNs[at] = overlap
    cols.atNs[at] = now
    cols.task[at] = holder.task
    cols.lockClass[at] = holder.lockClass
    cols.after[at] = (this.#pieces.length - 1) * PIECE + this.#inPiece
  }

  #newPiece(): DoingsPiece {
    const piece = {
      length: PIECE,
      atNs: new Float64Array(PIECE),
      task: new Uint16Array(PIECE),
      what: new Uint8Array(PIECE),
      value: new Uint16Array(PIECE),
    }
    this.#pieces.push(piece)
    return piece
  }
}

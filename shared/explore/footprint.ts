/**
 * What a move touches, and when two moves depend on each other. A footprint is a list of (object, kind) codes: variables
 * read or written, locks taken or released. A lock can only be taken when it is free, so a release and the acquisition it
 * makes possible are ordered, but never a race. Annotated waiting (handles, entry bits, ranges) is no lock: a task may look at
 * it whoever holds it, and what it looks at are variables, which the model names where it does so.
 *
 * One rule with care in it: an exclusive request against readers is a move (it queues, and later readers wait behind it),
 * so it does race with the release of a reader.
 */

import { ANNOTATED, FIRST_OBJECT, type LockMode, type SimLock } from '../sim/locks.ts'
import type { SimSink } from '../sim/sink.ts'
import type { SimTask } from '../sim/task.ts'
import type { OrderWatch } from './order-watch.ts'

export const READ = 0
export const WRITE = 1
const TAKE_SHARED = 2
const TAKE = 3
const TRY = 4
const RELEASE_SHARED = 5
const RELEASE = 6
export const KINDS = 8

/** Columns of the table of last accesses: like accesses share one. */
export const COLUMNS = 5
export const COLUMN = [0, 1, 0, 1, 4, 2, 3] as const
/** The column of looks at a lock. */
export const LOOKS = 4
/** Per kind, the columns it is ordered after. */
export const ORDERED_AFTER = [0b00010, 0b00011, 0b11010, 0b11111, 0b11111, 0b10010, 0b10010] as const
/**
 * Per kind, the columns it may race with: ordered, and either could have been first. A try that fails finds the lock held,
 * where it cannot be taken: it races with the release. One that succeeds has taken it, which is a code of its own.
 * Who takes a lock that somebody has found free, or held by another, could have taken it before that look.
 */
export const RACES_WITH = [0b00010, 0b00011, 0b10010, 0b10111, 0b01111, 0b10010, 0b10010] as const

/** Per kind, the columns of releases without which it could not have been. */
export const RELEASED_BEFORE = [0, 0, 0b01000, 0b01100, 0, 0, 0] as const

/** Locks and objects as one dense numbering: both count from 0, so one gets the even numbers. */
function slotOf(object: number): number {
  return object < FIRST_OBJECT ? object * 2 : (object - FIRST_OBJECT) * 2 + 1
}

export function slotOfCode(code: number): number {
  return Math.floor(code / KINDS)
}

export function kindOfCode(code: number): number {
  return code % KINDS
}

/** The look that a try begins with, of the same lock. */
export function tryOf(code: number): number {
  return slotOfCode(code) * KINDS + TRY
}

export function isTake(kind: number): boolean {
  return kind === TAKE || kind === TAKE_SHARED
}

/** A `see` or `touch` as the kernel codes it. To look whether a lock is taken is to try it and not to get it. */
export function codeOfAccess(footprint: number): number {
  if (footprint < 0) return slotOf(-1 - footprint) * KINDS + WRITE
  return slotOf(footprint) * KINDS + (footprint < FIRST_OBJECT ? TRY : READ)
}

/** What a task's next move begins with: its lock or its access; -1 nothing that anybody sees. */
export function pendingCode(task: SimTask): number {
  const lock = task.waitingFor
  if (lock !== undefined) return slotOf(lock.id) * KINDS + (task.waitingMode === 'shared' ? TAKE_SHARED : TAKE)
  return task.footprint === 0 ? -1 : codeOfAccess(task.footprint)
}

/** Do two moves depend on each other, by their footprints? */
export function dependent(a: readonly number[], b: readonly number[]): boolean {
  for (const one of a) {
    const slot = slotOfCode(one)
    const kind = kindOfCode(one)
    for (const other of b) {
      if (slotOfCode(other) !== slot) continue
      const kind2 = kindOfCode(other)
      if (((ORDERED_AFTER[kind] >> COLUMN[kind2]) & 1) === 1 || ((ORDERED_AFTER[kind2] >> COLUMN[kind]) & 1) === 1) {
        return true
      }
    }
  }
  return false
}

/** Collects what the moving task does with locks. */
export class FootprintSink implements SimSink {
  readonly codes: number[] = []
  /** Task that moves. */
  #mover = -1
  /** Shared holds per lock: a release does not say its mode. */
  readonly #shared: number[] = []
  #trying: LockMode | undefined
  readonly #watch: OrderWatch | undefined

  constructor(watch?: OrderWatch) {
    this.#watch = watch
  }

  /** A new world begins. */
  reset(): void {
    this.#shared.length = 0
    this.codes.length = 0
  }

  /** A task is about to move. */
  begin(mover: number): void {
    this.#mover = mover
    this.#trying = undefined
    this.codes.length = 0
  }

  #add(lock: SimLock, kind: number): void {
    this.codes.push(slotOf(lock.id) * KINDS + kind)
  }

  lockAcquire(task: SimTask, lock: SimLock, mode: LockMode, trylock: boolean): void {
    this.#trying = trylock ? mode : undefined
    if (trylock) this.#add(lock, TRY)
    else this.#watch?.wanted(task, lock, mode)
  }

  lockContended(task: SimTask, lock: SimLock): void {
    if (task.id === this.#mover) this.#takes(lock, task.waitingMode)
  }

  lockAcquired(task: SimTask, lock: SimLock): void {
    const mode = task.id === this.#mover && this.#trying !== undefined ? this.#trying : task.waitingMode
    if (mode === 'shared') this.#shared[lock.id] = (this.#shared[lock.id] ?? 0) + 1
    // A lock handed to a waiter belongs to the release that does it.
    if (task.id === this.#mover) this.#takes(lock, mode)
  }

  #takes(lock: SimLock, mode: LockMode): void {
    if (lock.spec !== ANNOTATED) this.#add(lock, mode === 'shared' ? TAKE_SHARED : TAKE)
  }

  lockRelease(_task: SimTask, lock: SimLock): void {
    const readers = this.#shared[lock.id] ?? 0
    if (readers > 0) this.#shared[lock.id] = readers - 1
    if (lock.spec !== ANNOTATED) this.#add(lock, readers > 0 ? RELEASE_SHARED : RELEASE)
  }

  phaseBegin(): void {
    // Phases are for films.
  }

  phaseEnd(): void {
    // Phases are for films.
  }

  opBegin(): void {
    // Operations are for films.
  }

  opEnd(): void {
    // Operations are for films.
  }

  switch(): void {
    // There are no CPUs in search mode.
  }

  wakeup(): void {
    // The search looks at the states of tasks.
  }

  finding(): void {
    // The kernel keeps its findings.
  }
}

/**
 * The scope of a question as something a loop can test. What counts in a window: a wait, a hold or an operation that
 * overlaps [fromNs, toNs). Totals are clipped to the window; minimum, mean, maximum and percentiles are of whole waits,
 * holds and operations, so that a window's edge never invents a short one.
 *
 * `op` names the operation a lock was taken in; NO_OP stands for "in none". An inode is that of the lock or of the
 * operation. Operations know no locks: with a lock, class or mode in scope they are those that took such a lock.
 */

import { MODES, NAMED_BY_BEHAVIOUR, NAMED_BY_STACKS } from '../../model/kinds.ts'
import type { Trace } from '../../model/trace.ts'
import type { Scope } from '../analysis.ts'
import { opEnds } from './op-ends.ts'
import { perTrace } from './per-trace.ts'

/** Name of "outside any operation" in results and in `scope.op`. */
export const NO_OP = 'none'

export interface Window {
  readonly fromNs: number
  readonly toNs: number
}

export function windowOf(scope: Scope): Window {
  return { fromNs: scope.fromNs ?? -Infinity, toNs: scope.toNs ?? Infinity }
}

/** Does [startNs, endNs) overlap the window? An instant does if it lies inside. */
export function overlaps(startNs: number, endNs: number, window: Window): boolean {
  return startNs < window.toNs && (endNs > window.fromNs || startNs >= window.fromNs)
}

/** How much of [startNs, endNs) lies in the window; 0 where either end is not known. */
export function clipped(startNs: number, endNs: number, window: Window): number {
  const from = startNs < window.fromNs ? window.fromNs : startNs
  const to = endNs > window.toNs ? window.toNs : endNs
  return to > from ? to - from : 0
}

/** Per lock: its class, its inode, whether its name was deduced, and whether it is a lock (annotation classes are lockdep's book-keeping, not locks). */
export const lockFacts = perTrace((trace) => {
  const count = trace.locks.length
  const classOf = new Uint32Array(count)
  const inodeOf = new Int32Array(count)
  const listed = new Uint8Array(count)
  const guessed = new Uint8Array(count)
  trace.locks.forEach((lock, id) => {
    classOf[id] = lock.lockClass
    inodeOf[id] = lock.inode
    guessed[id] = lock.label === NAMED_BY_STACKS || lock.label === NAMED_BY_BEHAVIOUR ? 1 : 0
    listed[id] = trace.lockClasses[lock.lockClass].kind === 'annotation' ? 0 : 1
  })
  return { classOf, inodeOf, listed, guessed }
})

const ANY = -1
const NONE = -2
const NEVER = -3

function kindOf(trace: Trace, op: string | undefined): number {
  if (op === undefined) return ANY
  const kind = trace.opKinds.indexOf(op)
  return kind >= 0 ? kind : op === NO_OP ? NONE : NEVER
}

export function namesLocks(scope: Scope): boolean {
  return scope.lock !== undefined || scope.lockClass !== undefined || scope.mode !== undefined
}

export function withoutLocks(scope: Scope): Scope {
  const { lock: _lock, lockClass: _lockClass, mode: _mode, ...rest } = scope
  return rest
}

export function onlyLocks({ lock, lockClass, mode }: Scope): Scope {
  return { lock, lockClass, mode }
}

/** Everything of a scope but its window, for lock spans. */
export class SpanFilter {
  readonly window: Window
  readonly #lockOk: Uint8Array
  readonly #inodeOf: Int32Array
  readonly #mode: number
  readonly #task: number
  readonly #kind: number
  readonly #inode: number
  readonly #span: Trace['lockSpan']['cols']
  readonly #op: Trace['op']['cols']

  constructor(trace: Trace, scope: Scope) {
    const facts = lockFacts(trace)
    this.window = windowOf(scope)
    this.#lockOk = facts.listed.slice()
    if (scope.lockClass !== undefined || scope.lock !== undefined) {
      for (let id = 0; id < this.#lockOk.length; id++) {
        if (scope.lockClass !== undefined && facts.classOf[id] !== scope.lockClass) this.#lockOk[id] = 0
        if (scope.lock !== undefined && id !== scope.lock) this.#lockOk[id] = 0
      }
    }
    this.#inodeOf = facts.inodeOf
    this.#mode = scope.mode === undefined ? ANY : MODES.indexOf(scope.mode)
    this.#task = scope.task ?? ANY
    this.#kind = kindOf(trace, scope.op)
    this.#inode = scope.inode ?? ANY
    this.#span = trace.lockSpan.cols
    this.#op = trace.op.cols
  }

  keeps(row: number): boolean {
    const span = this.#span
    if (this.#lockOk[span.lock[row]] === 0) return false
    if (this.#mode !== ANY && span.mode[row] !== this.#mode) return false
    if (this.#task !== ANY && span.task[row] !== this.#task) return false
    if (this.#kind === ANY && this.#inode === ANY) return true
    const op = span.op[row]
    if (this.#kind !== ANY && (op === -1 ? NONE : this.#op.kind[op]) !== this.#kind) return false
    if (this.#inode === ANY || this.#inodeOf[span.lock[row]] === this.#inode) return true
    return op !== -1 && this.#op.inode[op] === this.#inode
  }
}

/** Row numbers of the operations in scope, ascending. One that was not seen to end lasts until its task shows that it was over. */
export function opsIn(trace: Trace, scope: Scope): Uint32Array {
  const { task, kind, inode, startNs } = trace.op.cols
  const ends = opEnds(trace)
  const window = windowOf(scope)
  const wantedKind = kindOf(trace, scope.op)
  const wantedTask = scope.task ?? ANY
  const wantedInode = scope.inode ?? ANY
  const took = namesLocks(scope) ? opsThatTook(trace, scope) : undefined
  const rows = new Uint32Array(trace.op.length)
  let count = 0
  for (let row = 0; row < trace.op.length; row++) {
    if (wantedKind !== ANY && kind[row] !== wantedKind) continue
    if (wantedTask !== ANY && task[row] !== wantedTask) continue
    if (wantedInode !== ANY && inode[row] !== wantedInode) continue
    if (took !== undefined && took[row] === 0) continue
    if (overlaps(startNs[row], ends[row], window)) rows[count++] = row
  }
  return rows.subarray(0, count)
}

function opsThatTook(trace: Trace, scope: Scope): Uint8Array {
  const locksOnly = new SpanFilter(trace, onlyLocks(scope))
  const took = new Uint8Array(trace.op.length)
  const { op } = trace.lockSpan.cols
  for (let row = 0; row < trace.lockSpan.length; row++) {
    if (op[row] !== -1 && locksOnly.keeps(row)) took[op[row]] = 1
  }
  return took
}

/**
 * When waits ended: when the lock was got, or the wait was given up, which is then its released time. One whose end was lost is
 * released when it was asked for, and how long it was is not known. One without any end was still going on when the trace ended,
 * and had lasted that long by then, unless its task was seen to do what no waiting task does: then its end went unseen.
 */

import { SPAN_CONTENDED, SPAN_IRQ, TASK_STATES, type LockKind } from '../../model/kinds.ts'
import type { Trace } from '../../model/trace.ts'
import { perTrace } from './per-trace.ts'
import { lockFacts } from './scope.ts'
import { plainName } from './shows.ts'

/** Per lock span: when its wait ended, the end of the trace if it still waited then; NaN not known. */
export const waitEnds = perTrace((trace): Float64Array => {
  const { acquiredNs, requestedNs, releasedNs } = trace.lockSpan.cols
  const failed = failedWaits(trace)
  if (failed.length === 0) return acquiredNs
  const ends = acquiredNs.slice()
  for (const row of failed) ends[row] = waitOver(trace, row)
  const unended = failed.filter((row) => Number.isNaN(releasedNs[row]))
  if (unended.length === 0) return ends
  const wentOn = taskWentOn(trace)
  const open = unended.filter((row) => !wentOn(row))
  // Without events of ends each task's last wait would look like one that never ended.
  if (open.length < unended.length && endsNotRecorded(trace)) return ends
  for (const row of open) ends[row] = Math.max(requestedNs[row], trace.meta.durationNs)
  return ends
})

/** When a wait got its lock or was given up; NaN where its end is not in the trace. */
export function waitOver(trace: Trace, row: number): number {
  const { acquiredNs, requestedNs, releasedNs } = trace.lockSpan.cols
  if (!Number.isNaN(acquiredNs[row])) return acquiredNs[row]
  return releasedNs[row] > requestedNs[row] ? releasedNs[row] : NaN
}

/** Rows of waits whose begin is known and that were not seen to get their lock; annotation classes are no locks. */
function failedWaits(trace: Trace): number[] {
  const { lock, flags, acquiredNs, requestedNs } = trace.lockSpan.cols
  const { listed } = lockFacts(trace)
  const rows: number[] = []
  for (let row = 0; row < trace.lockSpan.length; row++) {
    if ((flags[row] & SPAN_CONTENDED) === 0 || listed[lock[row]] === 0) continue
    if (Number.isNaN(acquiredNs[row]) && requestedNs[row] >= 0) rows.push(row)
  }
  return rows
}

/** It still waited when the trace ended. */
export function isOpenWait(trace: Trace, row: number): boolean {
  const { acquiredNs, releasedNs } = trace.lockSpan.cols
  return Number.isNaN(acquiredNs[row]) && Number.isNaN(releasedNs[row]) && waitEnds(trace)[row] >= 0
}

/** ns a wait lasted, as far as the trace goes; NaN not known. */
export function waitedNs(trace: Trace, row: number): number {
  const ns = waitEnds(trace)[row] - trace.lockSpan.cols.requestedNs[row]
  // A duration is never negative, whatever clocks of two CPUs say.
  return ns < 0 ? 0 : ns
}

const ENDS: readonly (readonly [begin: string, end: string])[] = [
  ['contention_begin', 'contention_end'],
  ['lock_contended', 'lock_acquired'],
  ['mmap_lock_start_locking', 'mmap_lock_acquire_returned'],
]

function endsNotRecorded({ eventNames }: Trace): boolean {
  const names = new Set(eventNames.map(plainName))
  return ENDS.some(([begin, end]) => names.has(begin) && !names.has(end))
}

const SLEEPING: ReadonlySet<LockKind> = new Set(['mutex', 'rwsem', 'percpu-rwsem'])
/** Inside a wait for these no other lock is taken; whoever sleeps takes the spinlock of the queue. */
const SPINNING: ReadonlySet<LockKind> = new Set(['spinlock', 'rwlock', 'bit-lock'])
const DEAD = TASK_STATES.indexOf('dead')

/** Did the task of a wait begin an operation, ask for a lock or die after it, or end the operation it waited in? */
function taskWentOn(trace: Trace): (row: number) => boolean {
  const { task, op, lock, flags, requestedNs } = trace.lockSpan.cols
  const { classOf } = lockFacts(trace)
  const kindOf = (row: number): LockKind => trace.lockClasses[classOf[lock[row]]].kind
  const latest = (): Float64Array => new Float64Array(trace.tasks.length).fill(-Infinity)
  const began = latest()
  const asked = latest()
  const askedToSleep = latest()
  const note = (of: Float64Array, id: number, ns: number): void => {
    if (ns > of[id]) of[id] = ns
  }
  for (let row = 0; row < trace.op.length; row++) note(began, trace.op.cols.task[row], trace.op.cols.startNs[row])
  for (let row = 0; row < trace.taskState.length; row++) {
    const { state, startNs, task: of } = trace.taskState.cols
    if (state[row] === DEAD) note(began, of[row], startNs[row])
  }
  for (let row = 0; row < trace.lockSpan.length; row++) {
    if ((flags[row] & SPAN_IRQ) !== 0) continue
    note(asked, task[row], requestedNs[row])
    if (SLEEPING.has(kindOf(row))) note(askedToSleep, task[row], requestedNs[row])
  }
  return (row) => {
    const since = requestedNs[row]
    const id = task[row]
    const locks = SPINNING.has(kindOf(row)) ? asked : askedToSleep
    const opEnd = op[row] === -1 ? NaN : trace.op.cols.startNs[op[row]] + trace.op.cols.durationNs[op[row]]
    return began[id] > since || locks[id] > since || opEnd > since
  }
}

/**
 * When operations ended. One that was not seen to end was over at the latest when its task showed that it was: by beginning
 * another that does not happen inside one, another of its kind, or by dying. Without that it lasts as long as the trace.
 * Of page faults many kernels tell the begin alone: lasting to the end of the trace each would be in every window after it.
 */

import { FAULT_KINDS, TASK_STATES } from '../../model/kinds.ts'
import type { Trace } from '../../model/trace.ts'
import { perTrace } from './per-trace.ts'

/** Kinds that happen inside system calls; every other operation shows that the one before it is over. */
const NESTED: ReadonlySet<string> = new Set([...FAULT_KINDS, 'writeback', 'commit', 'invalidate'])
const DEAD = TASK_STATES.indexOf('dead')

/** Does what begins as the later kind show that the same task's earlier operation is over? Kinds by their number in the trace. */
export function opCloses(trace: Trace): (earlierKind: number, laterKind: number) => boolean {
  const nested = trace.opKinds.map((name) => NESTED.has(name))
  return (earlier, later) => !nested[later] || earlier === later
}

/** Per operation: when it ended, or was over at the latest; Infinity where nothing shows that it was. */
export const opEnds = perTrace((trace): Float64Array => {
  const { task, kind, startNs, durationNs } = trace.op.cols
  const nested = trace.opKinds.map((name) => NESTED.has(name))
  const diedNs = lastDeaths(trace)
  const ends = new Float64Array(trace.op.length)
  /** When a task begins the next operation that is not inside one, and by task and kind the next one inside. */
  const outer = new Float64Array(trace.tasks.length).fill(Infinity)
  const inner = new Map<number, number>()
  for (let row = trace.op.length - 1; row >= 0; row--) {
    const [id, start] = [task[row], startNs[row]]
    const key = id * trace.opKinds.length + kind[row]
    if (durationNs[row] >= 0) ends[row] = start + durationNs[row]
    else {
      const next = Math.min(outer[id], inner.get(key) ?? Infinity)
      ends[row] = Math.min(Math.max(start, next), diedNs[id] >= start ? diedNs[id] : Infinity)
    }
    if (nested[kind[row]]) inner.set(key, start)
    else outer[id] = start
  }
  return ends
})

function lastDeaths(trace: Trace): Float64Array {
  const { task, state, startNs } = trace.taskState.cols
  const died = new Float64Array(trace.tasks.length).fill(-Infinity)
  for (let row = 0; row < trace.taskState.length; row++) {
    if (state[row] === DEAD && startNs[row] > died[task[row]]) died[task[row]] = startNs[row]
  }
  return died
}

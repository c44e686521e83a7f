/** The tasks of a scope with what they did: states from scheduler events, operations, waiting. Idle tasks are left out. */

import { TASK_STATES } from '../../model/kinds.ts'
import type { Trace } from '../../model/trace.ts'
import type { Scope } from '../analysis.ts'
import { groupRows, orderGroups } from './grouping.ts'
import { perTrace } from './per-trace.ts'
import { clipped, windowOf, type Window } from './scope.ts'
import { waitEnds } from './wait-ends.ts'
import { showsWaits } from './waits.ts'
import { taskRef } from './words.ts'

export interface OverviewTask {
  readonly id: number
  readonly comm: string
  readonly pid: number
  /** ns per TASK_STATES entry; null where the trace has no sched events. */
  readonly states: readonly number[] | null
  readonly operations: number
  readonly waitNs: number | null
  /** Time inside operations; nested ones count once. */
  readonly busyNs: number
}

interface InScope {
  readonly ops: Uint32Array
  /** Measured waits. */
  readonly waits: Uint32Array
}

export function busyTasks(trace: Trace, scope: Scope, { ops, waits }: InScope): OverviewTask[] {
  const window = windowOf(scope)
  const states = trace.taskState.length > 0 ? statesOfTasks(trace, window) : undefined
  const operations = new Uint32Array(trace.tasks.length)
  for (const row of ops) operations[trace.op.cols.task[row]]++
  const busyNs = busyTime(trace, ops, window)
  const waitNs = waitTime(trace, waits, window)
  const known = showsWaits(trace).shows
  const width = TASK_STATES.length
  const running = (id: number): number => states?.[id * width] ?? 0
  const ids = trace.tasks
    .map((_, id) => id)
    .filter((id) => {
      if (trace.tasks[id].pid === 0 || (scope.task !== undefined && id !== scope.task)) return false
      const stateSum = states?.subarray(id * width, (id + 1) * width).some((ns) => ns > 0) ?? false
      return operations[id] > 0 || waitNs[id] > 0 || stateSum
    })
  ids.sort((a, b) => busyNs[b] - busyNs[a] || waitNs[b] - waitNs[a] || running(b) - running(a) || a - b)
  return ids.map((id) => ({
    ...taskRef(trace, id),
    states: states === undefined ? null : [...states.subarray(id * width, (id + 1) * width)],
    operations: operations[id],
    waitNs: known ? waitNs[id] : null,
    busyNs: busyNs[id],
  }))
}

/** ns per task and state. */
function statesOfTasks(trace: Trace, window: Window): Float64Array {
  const { task, state, startNs, durationNs } = trace.taskState.cols
  const out = new Float64Array(trace.tasks.length * TASK_STATES.length)
  for (let row = 0; row < trace.taskState.length; row++) {
    // A state that was not seen to end lasts to the end of the trace.
    const end = durationNs[row] >= 0 ? startNs[row] + durationNs[row] : trace.meta.durationNs
    out[task[row] * TASK_STATES.length + state[row]] += clipped(startNs[row], end, window)
  }
  return out
}

const opsByTask = perTrace((trace) => {
  const groups = groupRows(trace.op.cols.task, trace.tasks.length)
  orderGroups(groups, trace.op.cols.startNs)
  return groups
})

/** Time of each task inside at least one of these operations. */
function busyTime(trace: Trace, ops: Uint32Array, window: Window): Float64Array {
  const { startNs, durationNs } = trace.op.cols
  const { starts, rows } = opsByTask(trace)
  const wanted = new Uint8Array(trace.op.length)
  for (const row of ops) wanted[row] = 1
  const out = new Float64Array(trace.tasks.length)
  for (let task = 0; task < trace.tasks.length; task++) {
    let covered = -Infinity
    for (let i = starts[task]; i < starts[task + 1]; i++) {
      const row = rows[i]
      if (wanted[row] === 0 || !(durationNs[row] >= 0)) continue
      const end = startNs[row] + durationNs[row]
      out[task] += clipped(Math.max(startNs[row], covered), end, window)
      if (end > covered) covered = end
    }
  }
  return out
}

function waitTime(trace: Trace, waits: Uint32Array, window: Window): Float64Array {
  const { task, requestedNs } = trace.lockSpan.cols
  const endNs = waitEnds(trace)
  const out = new Float64Array(trace.tasks.length)
  for (const row of waits) out[task[row]] += clipped(requestedNs[row], endNs[row], window)
  return out
}

/**
 * One screen about a trace: key figures, operations over time, worst locks with what their holders did while others
 * waited, tasks by state. Waits and states are clipped to the window; operations count whole where they overlap it.
 */

import * as z from 'zod'
import { analysis, scopeSchema } from './analysis.ts'
import { keyFigures } from './parts/key-figures.ts'
import { overTime } from './parts/over-time.ts'
import { timeAxis } from './parts/bins.ts'
import { opsIn } from './parts/scope.ts'
import { waitsIn } from './parts/waits.ts'
import { worstLocks } from './parts/worst-locks.ts'
import { busyTasks } from './parts/busy-tasks.ts'

export interface OverviewKeys {
  readonly operations: number
  /** The kind with the largest total time, and its percentiles; null when there are no operations. */
  readonly mainOp: { readonly op: string; readonly p50Ns: number | null; readonly p99Ns: number | null } | null
  /** Sum of all lock waiting, of waits that never ended up to the end of the trace; null where the trace cannot show waits. */
  readonly waitTotalNs: number | null
  /** The trace has lock events, whether or not it can show waits. */
  readonly locksTaken: boolean
  /** Of the operations' total time, 0…1. */
  readonly waitShare: number | null
  /** `open`: it was not seen to end, and lasted at least that long. */
  readonly worstWait: {
    readonly waitId: number
    readonly waitNs: number
    readonly open: boolean
    readonly class: string
  } | null
  /** Waits that still went on when the trace ended. */
  readonly openWaits: number
  /** Failed operations by result, most first: `SIGBUS`, `ENOSPC` …; null: of no operation the trace says how it ended. */
  readonly failed: number | null
  readonly failures: readonly { readonly name: string; readonly count: number }[]
}

export interface OverviewLock {
  readonly class: string
  readonly classId: number
  readonly waitTotalNs: number
  readonly contended: number
  /** Of these, waits that still went on when the trace ended. */
  readonly openWaits: number
  /**
   * What the holders did while others waited, most first; they add up to waitTotalNs. `other`: in no known phase;
   * `wait:CLASS`: they waited themselves; `wakeup`: nobody held it, whoever was next had yet to run; `unknown`: no holder
   * is known.
   */
  readonly phases: readonly { readonly phase: string; readonly ns: number }[]
}

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

export interface OverviewResult {
  readonly fromNs: number
  readonly toNs: number
  readonly keys: OverviewKeys
  readonly overTime: {
    readonly binNs: number
    readonly bins: number
    /** Kinds in list order; startsPerBin[kind][bin] = operations that began there. */
    readonly kinds: readonly string[]
    readonly startsPerBin: readonly Uint32Array[]
    /** Raw events per bin: whole-trace resolution resampled to the bins. */
    readonly events: Float64Array
  }
  readonly locks: readonly OverviewLock[]
  /** Classes that were waited for. */
  readonly lockTotal: number
  /** Busiest first; idle tasks are left out. */
  readonly tasks: readonly OverviewTask[]
  readonly taskTotal: number
}

export const overview = analysis({
  id: 'overview',
  title: 'Overview',
  about: 'Key figures, operations over time, worst locks and tasks of a trace.',
  params: z.object({
    scope: scopeSchema.default({}),
    bins: z.int().positive().max(4096).default(200),
    locks: z.int().positive().max(100).default(8),
    tasks: z.int().positive().max(1000).default(24),
  }),
  run(trace, { scope, bins, locks, tasks }): OverviewResult {
    const axis = timeAxis(trace, scope, bins)
    const ops = opsIn(trace, scope)
    const waits = waitsIn(trace, scope)
    const worst = worstLocks(trace, scope, waits)
    const busy = busyTasks(trace, scope, { ops, waits })
    return {
      fromNs: axis.fromNs,
      toNs: axis.toNs,
      keys: keyFigures(trace, scope, { ops, waits }),
      overTime: overTime(trace, axis, ops),
      locks: worst.slice(0, locks),
      lockTotal: worst.length,
      tasks: busy.slice(0, tasks),
      taskTotal: busy.length,
    }
  },
})

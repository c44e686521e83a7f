/**
 * One screen about a trace: key figures, operations over time, worst locks with what their holders did while others
 * waited, tasks by state. Waits and states are clipped to the window; operations count whole where they overlap it.
 */

import * as z from 'zod'
import { analysis, scopeSchema } from './analysis.ts'
import { keyFigures, type OverviewKeys } from './parts/key-figures.ts'
import { overTime, type OverTime } from './parts/over-time.ts'
import { timeAxis } from './parts/bins.ts'
import { opsIn } from './parts/scope.ts'
import { waitsIn } from './parts/waits.ts'
import { worstLocks, type OverviewLock } from './parts/worst-locks.ts'
import { busyTasks, type OverviewTask } from './parts/busy-tasks.ts'

export interface OverviewResult {
  readonly fromNs: number
  readonly toNs: number
  readonly keys: OverviewKeys
  readonly overTime: OverTime
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

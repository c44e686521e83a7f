/**
 * Waiting over time: how many tasks were waiting on average in each time bin, the chosen locks apart from the rest. A
 * wait that never ended lasts to the end of the trace; one whose end went unseen is left out.
 */

import * as z from 'zod'
import type { Trace } from '../model/trace.ts'
import { analysis, scopeSchema, type Scope } from './analysis.ts'
import { IntervalBins, timeAxis, type TimeAxis } from './parts/bins.ts'
import { namesLocks, SpanFilter, withoutLocks } from './parts/scope.ts'
import { waitEnds } from './parts/wait-ends.ts'
import { contendedRows } from './parts/waits.ts'

export interface ContentionOverTimeResult {
  readonly fromNs: number
  readonly binNs: number
  /** Mean number of tasks waiting in each bin for the scope's lock(s). */
  readonly waiting: Float64Array
  /** The same for all locks (equal to `waiting` when the scope names none). */
  readonly waitingAll: Float64Array
}

export const contentionOverTime = analysis({
  id: 'contention-over-time',
  title: 'Waiting over time',
  about: 'When tasks waited: mean number of waiting tasks per time bin.',
  params: z.object({ scope: scopeSchema.default({}), bins: z.int().positive().max(4096).default(200) }),
  run(trace, { scope, bins }): ContentionOverTimeResult {
    const axis = timeAxis(trace, scope, bins)
    const waiting = meanWaiting(trace, scope, axis)
    const waitingAll = namesLocks(scope) ? meanWaiting(trace, withoutLocks(scope), axis) : waiting
    return { fromNs: axis.fromNs, binNs: axis.binNs, waiting, waitingAll }
  },
})

function meanWaiting(trace: Trace, scope: Scope, axis: TimeAxis): Float64Array {
  const { requestedNs } = trace.lockSpan.cols
  const endNs = waitEnds(trace)
  const filter = new SpanFilter(trace, scope)
  const open = new IntervalBins(axis)
  for (const row of contendedRows(trace)) {
    const end = endNs[row]
    if (end > axis.fromNs && requestedNs[row] < axis.toNs && filter.keeps(row)) open.add(requestedNs[row], end)
  }
  return open.means()
}

/**
 * The slowest operations in scope (and in a brush), each with the lock it waited for longest and what its holder did.
 * Operations that were not seen to end have no duration and are not ranked.
 */

import * as z from 'zod'
import { EDGE_KINDS, type EdgeKind } from '../model/kinds.ts'
import type { Trace } from '../model/trace.ts'
import { analysis, scopeSchema } from './analysis.ts'
import { largest } from './parts/grouping.ts'
import { brushed, brushSchema, measuredOps } from './parts/ops.ts'
import { onlyLocks, SpanFilter } from './parts/scope.ts'
import { holderPhase } from './parts/holder.ts'
import { mainEdge, waitOf, waitsByOp, waitsOfOps } from './parts/waits.ts'
import { known, opName, taskRef } from './parts/words.ts'

export interface SlowOp {
  readonly opId: number
  readonly op: string
  readonly taskId: number
  readonly task: string
  readonly pid: number
  readonly startNs: number
  readonly durationNs: number
  readonly waitNs: number | null
  readonly result: number | null
  /** Longest wait inside; null: none. */
  readonly waitedFor: {
    readonly waitId: number
    readonly class: string
    readonly waitNs: number
    /** Name of the task that was in its way for the largest part of the wait, and its row number; null unknown. */
    readonly holder: string | null
    readonly holderId: number | null
    /** That one held it, or was a writer queued before it. */
    readonly kind: EdgeKind | null
    readonly holderPhase: string | null
  } | null
}

export interface SlowestOpsResult {
  readonly rows: readonly SlowOp[]
  /** Operations in scope and brush. */
  readonly total: number
}

export const slowestOps = analysis({
  id: 'slowest-ops',
  title: 'Slowest operations',
  about: 'The worst operations and what they waited for.',
  params: z.object({
    scope: scopeSchema.default({}),
    brush: brushSchema.optional(),
    top: z.int().positive().max(10_000).default(50),
  }),
  run(trace, { scope, brush, top }): SlowestOpsResult {
    const { durationNs } = trace.op.cols
    const measured = measuredOps(trace, scope)
    const ops = brush === undefined ? measured : brushed(trace, { rows: measured, scope, brush })
    const waitNs = waitsOfOps(trace, scope)
    // A wait belongs to its operation wherever the window lies.
    const filter = new SpanFilter(trace, onlyLocks(scope))
    const rows = largest(ops, durationNs, top).map((row) => slowOp(trace, { row, waitNs: waitNs[row], filter }))
    return { rows, total: ops.length }
  },
})

function slowOp(trace: Trace, { row, waitNs, filter }: { row: number; waitNs: number; filter: SpanFilter }): SlowOp {
  const { task, startNs, durationNs, result } = trace.op.cols
  const { id, comm, pid } = taskRef(trace, task[row])
  return {
    opId: row,
    op: opName(trace, row) ?? '',
    taskId: id,
    task: comm,
    pid,
    startNs: startNs[row],
    durationNs: durationNs[row],
    waitNs: known(waitNs),
    result: known(result[row]),
    waitedFor: longestWait(trace, row, filter),
  }
}

function longestWait(trace: Trace, op: number, filter: SpanFilter): SlowOp['waitedFor'] {
  const { starts, rows } = waitsByOp(trace)
  let worst = -1
  for (let i = starts[op]; i < starts[op + 1]; i++) {
    if (!filter.keeps(rows[i]) || !(waitOf(trace, rows[i]) >= 0)) continue
    if (worst === -1 || waitOf(trace, rows[i]) > waitOf(trace, worst)) worst = rows[i]
  }
  if (worst === -1) return null
  const { lock, task } = trace.lockSpan.cols
  const edge = mainEdge(trace, worst, { fromNs: -Infinity, toNs: Infinity })
  const holder = edge === -1 ? -1 : task[trace.waitEdge.cols.holder[edge]]
  return {
    waitId: worst,
    class: trace.lockClasses[trace.locks[lock[worst]].lockClass].name,
    waitNs: waitOf(trace, worst),
    holder: holder === -1 ? null : trace.tasks[holder].comm,
    holderId: holder === -1 ? null : holder,
    kind: edge === -1 ? null : EDGE_KINDS[trace.waitEdge.cols.kind[edge]],
    holderPhase: edge === -1 ? null : holderPhase(trace, edge),
  }
}

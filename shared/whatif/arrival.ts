/** Whether a task's operations come when they come (open) or a while after the last one (closed): by evidence, or as asked. */

import { ApiError } from '../base/errors.ts'
import type { WorkloadOp } from './workload.ts'

export type Arrival = 'closed' | 'open'

/** One for all tasks, or by a task's name or pid. */
export type ArrivalChoice = Arrival | Readonly<Record<string, Arrival>>

export interface ArrivalOf {
  readonly arrival: Arrival
  readonly evidence: string
}

/**
 * Open: operations begin at a steady pace whatever the last one took. Closed: the pause is what is steady. The arrivals
 * must spread less than a quarter of their mean, and less than half as widely as the pauses.
 */
export function arrivalOf(ops: readonly WorkloadOp[], asked: Arrival | undefined): ArrivalOf {
  if (asked !== undefined) return { arrival: asked, evidence: 'as asked for' }
  const between = ops.slice(1).map((op, i) => op.startNs - ops[i].startNs)
  const pauses = ops.slice(1).map((op) => op.thinkCpuNs + op.thinkSleepNs)
  const [steady, loose] = [variation(between), variation(pauses)]
  const evidence = `begins vary by ${steady.toFixed(2)} of their mean distance, pauses by ${loose.toFixed(2)}`
  const open = ops.length >= 20 && steady < 0.25 && steady * 2 < loose
  return { arrival: open ? 'open' : 'closed', evidence }
}

export function askedFor(choice: ArrivalChoice | undefined, task: { comm: string; pid: number }): Arrival | undefined {
  if (choice === undefined || typeof choice === 'string') return choice
  return choice[task.comm] ?? choice[String(task.pid)]
}

/** A task that is named must be there. */
export function checkArrivals(
  choice: ArrivalChoice | undefined,
  tasks: readonly { readonly comm: string; readonly pid: number }[],
): void {
  if (choice === undefined || typeof choice === 'string') return
  const known = new Set(tasks.flatMap(({ comm, pid }) => [comm, String(pid)]))
  const lost = Object.keys(choice).find((name) => !known.has(name))
  if (lost === undefined) return
  const names = [...new Set(tasks.map(({ comm }) => comm))].slice(0, 20).join(', ')
  throw new ApiError('not-found', `no task '${lost}' with operations is in the trace`, `known: ${names}`)
}

function variation(values: readonly number[]): number {
  if (values.length < 2) return 0
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  if (mean === 0) return 0
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / values.length) / mean
}

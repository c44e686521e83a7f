/**
 * Who waited for whom: time each waiting task was blocked by each holding task, from the wait edges, or by a writer queued before
 * it. Several readers can block one writer at the same time; each pair gets all of its time, so a row can add up to more than
 * its task waited.
 */

import * as z from 'zod'
import type { Trace } from '../model/trace.ts'
import { analysis, scopeSchema } from './analysis.ts'
import { PairIds } from './parts/grouping.ts'
import { clipped, windowOf } from './parts/scope.ts'
import { waitEnds } from './parts/wait-ends.ts'
import { edges, explainedNs, QUEUED, waitsIn, wakeupNs } from './parts/waits.ts'
import { taskRef, type TaskRef } from './parts/words.ts'

export interface WaiterHolderResult {
  /** Tasks of the rows (waiters) and columns (holders), most time first; the rest is summed in a last `other` (id -1). */
  readonly waiters: readonly { readonly id: number; readonly comm: string; readonly pid: number }[]
  readonly holders: readonly { readonly id: number; readonly comm: string; readonly pid: number }[]
  /** overlapNs[w * holders.length + h]. */
  readonly overlapNs: Float64Array
  /** Of the sum of those, time behind writers that were queued and held nothing yet. */
  readonly queuedNs: number
  /** Wait time in scope that no known holder explains. */
  readonly unexplainedNs: number
  /** Of that, time in which nobody held the lock: a waiter had been let in and had yet to run. */
  readonly wakeupNs: number
}

export const waiterHolder = analysis({
  id: 'waiter-holder',
  title: 'Waiter × holder',
  about: 'Which task waited for which: blocked time per pair.',
  params: z.object({ scope: scopeSchema.default({}), top: z.int().positive().max(200).default(10) }),
  run(trace, { scope, top }): WaiterHolderResult {
    const window = windowOf(scope)
    const { task, requestedNs } = trace.lockSpan.cols
    const endNs = waitEnds(trace)
    const { holder, kind } = trace.waitEdge.cols
    const { byWaiter, from, to } = edges(trace)
    const pairs = new PairIds(trace.tasks.length, trace.tasks.length)
    const pairNs: number[] = []
    let unexplainedNs = 0
    let wakingNs = 0
    let queuedNs = 0
    for (const wait of waitsIn(trace, scope)) {
      unexplainedNs += clipped(requestedNs[wait], endNs[wait], window) - explainedNs(trace, wait, window)
      wakingNs += wakeupNs(trace, wait, window)
      for (let i = byWaiter.starts[wait]; i < byWaiter.starts[wait + 1]; i++) {
        const edge = byWaiter.rows[i]
        const ns = clipped(from[edge], to[edge], window)
        if (ns === 0) continue
        if (kind[edge] === QUEUED) queuedNs += ns
        const pair = pairs.id(task[wait], task[holder[edge]])
        pairNs[pair] = (pairNs[pair] ?? 0) + ns
      }
    }
    return { ...matrix(trace, { pairs, pairNs, top }), queuedNs, unexplainedNs, wakeupNs: wakingNs }
  },
})

interface Pairs {
  readonly pairs: PairIds
  readonly pairNs: readonly number[]
  readonly top: number
}

function matrix(
  trace: Trace,
  { pairs, pairNs, top }: Pairs,
): Pick<WaiterHolderResult, 'waiters' | 'holders' | 'overlapNs'> {
  const waiters = axis(trace, pairNs, top, (pair) => pairs.first(pair))
  const holders = axis(trace, pairNs, top, (pair) => pairs.second(pair))
  const overlapNs = new Float64Array(waiters.tasks.length * holders.tasks.length)
  pairNs.forEach((ns, pair) => {
    const row = waiters.place.get(pairs.first(pair)) ?? top
    const column = holders.place.get(pairs.second(pair)) ?? top
    overlapNs[row * holders.tasks.length + column] += ns
  })
  return { waiters: waiters.tasks, holders: holders.tasks, overlapNs }
}

interface Axis {
  readonly tasks: readonly TaskRef[]
  /** Task to its place; those without one share the last, `other`. */
  readonly place: ReadonlyMap<number, number>
}

function axis(trace: Trace, pairNs: readonly number[], top: number, taskOf: (pair: number) => number): Axis {
  const sums = new Map<number, number>()
  pairNs.forEach((ns, pair) => sums.set(taskOf(pair), (sums.get(taskOf(pair)) ?? 0) + ns))
  const ranked = [...sums].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([task]) => task)
  const tasks = ranked.slice(0, top).map((task) => taskRef(trace, task))
  if (ranked.length > top) tasks.push({ id: -1, comm: 'other', pid: -1 })
  return { tasks, place: new Map(ranked.slice(0, top).map((task, place) => [task, place])) }
}

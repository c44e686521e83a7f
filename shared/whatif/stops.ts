/**
 * Which cases of a step say how long the step itself takes: those in which its task waited for no lock and kept its CPU. The
 * others say what waiting costs. It measures nothing else.
 */

import { firstWhere } from '../base/search.ts'
import { SPAN_CONTENDED, TASK_STATES } from '../model/kinds.ts'
import type { Ns, Trace } from '../model/trace.ts'

export class Stops {
  /** Per task, in order: when it began to wait, for a lock or a CPU or anything else. */
  readonly #of = new Map<number, Ns[]>()

  constructor({ lockSpan, taskState }: Trace) {
    for (let row = 0; row < lockSpan.length; row++) {
      const { task, flags, requestedNs } = lockSpan.cols
      if ((flags[row] & SPAN_CONTENDED) !== 0) add(this.#of, task[row], requestedNs[row])
    }
    for (let row = 0; row < taskState.length; row++) {
      const { task, state, startNs } = taskState.cols
      if (TASK_STATES[state[row]] !== 'running') add(this.#of, task[row], startNs[row])
    }
    for (const times of this.#of.values()) times.sort((a, b) => a - b)
  }

  /** Did the task stop within these `ns`? */
  within(task: number, { from, ns }: { readonly from: Ns; readonly ns: Ns }): boolean {
    const times = this.#of.get(task) ?? []
    const next = firstWhere(0, times.length, (at) => times[at] >= from)
    return next < times.length && times[next] < from + ns
  }
}

function add(lists: Map<number, Ns[]>, task: number, at: Ns): void {
  const list = lists.get(task)
  if (list === undefined) lists.set(task, [at])
  else list.push(at)
}

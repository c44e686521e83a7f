/**
 * What each task was doing when, as flat segments: time goes to the innermost phase, and while the task waited for a
 * lock to `wait:CLASS`, whatever phase that wait lay in. Built once per trace; holds and wait edges look into it.
 * Waits in interrupt context are left out: they pass on the task's time but are not its doing.
 *
 *   phase a   ├──────────────────┤
 *   phase b        ├────────┤
 *   wait  L             ├──────┤
 *   segments  aaaaaabbbbbLLLLLLLaaa
 */

import { SPAN_IRQ } from '../../model/kinds.ts'
import type { Trace } from '../../model/trace.ts'
import { groupRows, orderGroups, type RowGroups } from './grouping.ts'
import { perTrace } from './per-trace.ts'
import { lockFacts } from './scope.ts'
import { waitsByTask } from './waits.ts'

/** Segments of task t are starts[t] … starts[t + 1), disjoint and in order. */
export interface Segments {
  readonly starts: Uint32Array
  readonly fromNs: Float64Array
  readonly toNs: Float64Array
  readonly label: Uint32Array
}

/** Labels are small integers: a phase, or waiting for a class, or one of two words for the rest. */
export function labelCount(trace: Trace): number {
  return trace.phaseNames.length + trace.lockClasses.length + 2
}

export function waitLabel(trace: Trace, lockClass: number): number {
  return trace.phaseNames.length + lockClass
}

/** In no phase that the trace shows. */
export function otherLabel(trace: Trace): number {
  return labelCount(trace) - 2
}

/** Interrupt context: phases of the task that was interrupted say nothing about it. */
export function interruptLabel(trace: Trace): number {
  return labelCount(trace) - 1
}

export function labelName(trace: Trace, label: number): string {
  const phases = trace.phaseNames.length
  if (label < phases) return trace.phaseNames[label]
  if (label === otherLabel(trace)) return 'other'
  if (label === interruptLabel(trace)) return 'interrupt'
  return `wait:${trace.lockClasses[label - phases].name}`
}

interface Open {
  readonly toNs: number
  readonly label: number
}

class Sweep {
  readonly fromNs: Float64Array
  readonly toNs: Float64Array
  readonly label: Uint32Array
  length = 0
  readonly #phases: Open[] = []
  readonly #waits: Open[] = []
  #now = -Infinity

  constructor(capacity: number) {
    this.fromNs = new Float64Array(capacity)
    this.toNs = new Float64Array(capacity)
    this.label = new Uint32Array(capacity)
  }

  phase(fromNs: number, toNs: number, label: number): void {
    this.#advance(fromNs)
    this.#phases.push({ toNs, label })
  }

  wait(fromNs: number, toNs: number, label: number): void {
    this.#advance(fromNs)
    this.#waits.push({ toNs, label })
  }

  endTask(): void {
    this.#advance(Infinity)
    this.#now = -Infinity
  }

  /** Give the time up to `toNs` to whatever is innermost. */
  #advance(toNs: number): void {
    while (this.#now < toNs) {
      const open = this.#innermost()
      if (open === undefined) {
        this.#now = toNs
        return
      }
      const end = open.toNs < toNs ? open.toNs : toNs
      this.#emit(this.#now, end, open.label)
      this.#now = end
    }
  }

  #innermost(): Open | undefined {
    for (const stack of [this.#waits, this.#phases]) {
      while (stack.length > 0 && stack[stack.length - 1].toNs <= this.#now) stack.pop()
      if (stack.length > 0) return stack[stack.length - 1]
    }
    return undefined
  }

  #emit(fromNs: number, toNs: number, label: number): void {
    const at = this.length++
    this.fromNs[at] = fromNs
    this.toNs[at] = toNs
    this.label[at] = label
  }
}

export const segments = perTrace((trace): Segments => {
  const phases = phasesByTask(trace)
  const waits = waitsByTask(trace)
  const { name, startNs, durationNs } = trace.phase.cols
  const { requestedNs, acquiredNs, lock, flags } = trace.lockSpan.cols
  const { classOf } = lockFacts(trace)
  const sweep = new Sweep(2 * (phases.rows.length + waits.rows.length))
  const starts = new Uint32Array(trace.tasks.length + 1)
  for (let task = 0; task < trace.tasks.length; task++) {
    let w = waits.starts[task]
    for (let p = phases.starts[task]; p <= phases.starts[task + 1]; p++) {
      const phase = p < phases.starts[task + 1] ? phases.rows[p] : -1
      const until = phase === -1 ? Infinity : startNs[phase]
      for (; w < waits.starts[task + 1] && requestedNs[waits.rows[w]] <= until; w++) {
        const row = waits.rows[w]
        // Also false for NaN: a wait without an end says nothing of the time after it began.
        if ((flags[row] & SPAN_IRQ) !== 0 || !(acquiredNs[row] > requestedNs[row])) continue
        sweep.wait(requestedNs[row], acquiredNs[row], waitLabel(trace, classOf[lock[row]]))
      }
      if (phase !== -1 && durationNs[phase] > 0) sweep.phase(until, until + durationNs[phase], name[phase])
    }
    sweep.endTask()
    starts[task + 1] = sweep.length
  }
  return {
    starts,
    fromNs: sweep.fromNs.slice(0, sweep.length),
    toNs: sweep.toNs.slice(0, sweep.length),
    label: sweep.label.slice(0, sweep.length),
  }
})

/** Phases by task in order of begin; of those that begin together the outer one first. */
function phasesByTask(trace: Trace): RowGroups {
  const groups = groupRows(trace.phase.cols.task, trace.tasks.length)
  orderGroups(groups, trace.phase.cols.startNs)
  return groups
}

/** First segment of a task that ends after `ns`. */
export function segmentAt(all: Segments, task: number, ns: number): number {
  let low = all.starts[task]
  let high = all.starts[task + 1]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (all.toNs[middle] > ns) high = middle
    else low = middle + 1
  }
  return low
}

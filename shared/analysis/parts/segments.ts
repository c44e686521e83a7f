/**
 * What each task was doing when, as flat segments: time goes to the innermost phase, and while the task waited for a
 * lock to `wait:CLASS`, whatever phase that wait lay in. Built once per trace; holds and wait edges look into it.
 * Waits in interrupt context are left out: they pass on the task's time but are not its doing.
 *
 *   phase a   ├──────────────────┤
 *   phase b        ├────────┤
 *   wait  L             ├──────┤
 *   segments  aaaaaabbbbbLLLLLLLaaa
 *   beneath   aaaaaabbbbbbbbbaaaaaa
 *
 * A lock that is taken inside a wait (the run queue's, on the way to sleep) is not held across that wait; for its holder
 * the phase beneath counts.
 */

import { SPAN_IRQ } from '../../model/kinds.ts'
import type { Trace } from '../../model/trace.ts'
import { groupRows, orderGroups, type RowGroups } from './grouping.ts'
import { perTrace } from './per-trace.ts'
import { lockFacts } from './scope.ts'
import { waitEnds } from './wait-ends.ts'
import { waitsByTask } from './waits.ts'

/** Segments of task t are starts[t] … starts[t + 1), disjoint and in order. */
export interface Segments {
  readonly starts: Uint32Array
  readonly fromNs: Float64Array
  readonly toNs: Float64Array
  readonly label: Uint32Array
  /** Innermost phase, whether the task waited or not. */
  readonly beneath: Uint32Array
  /** When the wait of a wait segment began. */
  readonly sinceNs: Float64Array
}

/** Labels are small integers: a phase, or waiting for a class, or one of two words for the rest. */
export function labelCount(trace: Trace): number {
  return trace.phaseNames.length + trace.lockClasses.length + 2
}

function waitLabel(trace: Trace, lockClass: number): number {
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
  readonly fromNs: number
  readonly toNs: number
  readonly label: number
}

class Sweep {
  readonly fromNs: Float64Array
  readonly toNs: Float64Array
  readonly label: Uint32Array
  readonly beneath: Uint32Array
  readonly sinceNs: Float64Array
  length = 0
  readonly #other: number
  readonly #phases: Open[] = []
  readonly #waits: Open[] = []
  #now = -Infinity

  constructor(capacity: number, other: number) {
    this.#other = other
    this.fromNs = new Float64Array(capacity)
    this.toNs = new Float64Array(capacity)
    this.label = new Uint32Array(capacity)
    this.beneath = new Uint32Array(capacity)
    this.sinceNs = new Float64Array(capacity)
  }

  phase(fromNs: number, toNs: number, label: number): void {
    this.#advance(fromNs)
    this.#phases.push({ fromNs, toNs, label })
  }

  wait(fromNs: number, toNs: number, label: number): void {
    this.#advance(fromNs)
    this.#waits.push({ fromNs, toNs, label })
  }

  endTask(): void {
    this.#advance(Infinity)
    this.#now = -Infinity
  }

  /** Give the time up to `toNs` to whatever is innermost. */
  #advance(toNs: number): void {
    while (this.#now < toNs) {
      const wait = this.#top(this.#waits)
      const phase = this.#top(this.#phases)
      if (wait === undefined && phase === undefined) {
        this.#now = toNs
        return
      }
      const end = Math.min(toNs, wait?.toNs ?? Infinity, phase?.toNs ?? Infinity)
      const at = this.length++
      this.fromNs[at] = this.#now
      this.toNs[at] = end
      this.beneath[at] = phase?.label ?? this.#other
      this.label[at] = wait?.label ?? this.beneath[at]
      this.sinceNs[at] = wait?.fromNs ?? NaN
      this.#now = end
    }
  }

  #top(stack: Open[]): Open | undefined {
    while (stack.length > 0 && stack[stack.length - 1].toNs <= this.#now) stack.pop()
    return stack.at(-1)
  }
}

export const segments = perTrace((trace): Segments => {
  const phases = phasesByTask(trace)
  const waits = waitsByTask(trace)
  const { name, startNs, durationNs } = trace.phase.cols
  const { requestedNs, lock, flags } = trace.lockSpan.cols
  const endNs = waitEnds(trace)
  const { classOf } = lockFacts(trace)
  const sweep = new Sweep(2 * (phases.rows.length + waits.rows.length), otherLabel(trace))
  const starts = new Uint32Array(trace.tasks.length + 1)
  for (let task = 0; task < trace.tasks.length; task++) {
    let w = waits.starts[task]
    for (let p = phases.starts[task]; p <= phases.starts[task + 1]; p++) {
      const phase = p < phases.starts[task + 1] ? phases.rows[p] : -1
      const until = phase === -1 ? Infinity : startNs[phase]
      for (; w < waits.starts[task + 1] && requestedNs[waits.rows[w]] <= until; w++) {
        const row = waits.rows[w]
        // Also false for NaN: a wait whose end went unseen says nothing of the time after it began.
        if ((flags[row] & SPAN_IRQ) !== 0 || !(endNs[row] > requestedNs[row])) continue
        sweep.wait(requestedNs[row], endNs[row], waitLabel(trace, classOf[lock[row]]))
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
    beneath: sweep.beneath.slice(0, sweep.length),
    sinceNs: sweep.sinceNs.slice(0, sweep.length),
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

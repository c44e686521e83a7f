/**
 * Counters: values over time that follow from a trace. What a trace cannot show is absent, never 0: `dirty` needs
 * writeback events, `free-blocks` (a change since the trace's start, for no event says how many there are) ext4's block
 * events, the journal's state jbd2's. A counter's samples at any width come from a tree of extremes over its steps.
 */

import { lowerBound } from '../base/search.ts'
import { perTrace } from '../analysis/parts/per-trace.ts'
import { SPAN_CONTENDED, TASK_STATES } from '../model/kinds.ts'
import type { Trace } from '../model/trace.ts'
import { drawnEnd, familyRows } from './families.ts'
import type { CounterColumns } from './types.ts'

const FANOUT = 16

/** Steps: from at[i] on the value is value[i]. Times ascend. */
export interface Steps {
  readonly at: Float64Array
  readonly value: Float64Array
}

export interface CounterKind {
  readonly id: string
  readonly label: string
  /** Events it is made of; none: it follows from spans. */
  readonly events: readonly string[]
}

const KINDS: readonly CounterKind[] = [
  { id: 'waiters', label: 'Tasks waiting for locks', events: [] },
  { id: 'runnable', label: 'Tasks ready to run', events: [] },
  { id: 'dirty', label: 'Dirty pages', events: ['global_dirty_state', 'balance_dirty_pages'] },
  { id: 'free-blocks', label: 'Free blocks since the start', events: ['ext4_free_blocks', 'ext4_allocate_blocks'] },
  { id: 'journal-handles', label: 'Open journal handles', events: ['jbd2_handle_start', 'jbd2_handle_stats'] },
  {
    id: 'journal-commit',
    label: 'Journal commit: 0 none, 1 started, 2 locking, 3 flushing, 4 logging',
    events: [
      'jbd2_start_commit',
      'jbd2_commit_locking',
      'jbd2_commit_flushing',
      'jbd2_commit_logging',
      'jbd2_end_commit',
    ],
  },
]

/** Counters this trace can show. */
export const countersOf = perTrace((trace) => {
  const has = new Set(trace.eventNames.filter((_, name) => trace.eventCounts[name] > 0))
  const waits = trace.lockSpan.cols.flags.some((flags) => (flags & SPAN_CONTENDED) !== 0)
  return KINDS.filter(({ id, events }) => {
    if (id === 'waiters') return waits
    if (id === 'runnable') return trace.taskState.length > 0
    // Allocations alone are no change of what is free: both have to be recorded. So do both ends of a handle.
    return id === 'dirty' || id === 'journal-commit'
      ? events.some((name) => has.has(name))
      : events.every((name) => has.has(name))
  })
})

/** Steps of a counter that follows from spans. */
export function stepsFromSpans(trace: Trace, id: string): Steps {
  const family = id === 'waiters' ? 'wait' : 'state'
  const { source, rows } = familyRows(trace, 'task', family)
  const runnable = TASK_STATES.indexOf('runnable')
  const { state } = trace.taskState.cols
  const counted = family === 'wait' ? rows : rows.filter((span) => state[span] === runnable)
  const starts = Float64Array.from(counted, (span) => source.start[span]).sort()
  const ends = Float64Array.from(counted, (span) => drawnEnd(trace, source, span)).sort()
  return merged(starts, ends)
}

function merged(starts: Float64Array, ends: Float64Array): Steps {
  const at = new Float64Array(starts.length + ends.length)
  const value = new Float64Array(at.length)
  let length = 0
  let now = 0
  for (let s = 0, e = 0; s < starts.length || e < ends.length;) {
    // What ends when another begins has ended.
    const begins = e >= ends.length || starts[s] < ends[e]
    const ns = begins ? starts[s++] : ends[e++]
    now += begins ? 1 : -1
    if (length > 0 && at[length - 1] === ns) value[length - 1] = now
    else {
      at[length] = ns
      value[length++] = now
    }
  }
  return { at: at.slice(0, length), value: value.slice(0, length) }
}

interface Extremes {
  readonly min: Float64Array
  readonly max: Float64Array
}

export interface CounterSample {
  readonly at: number
  readonly min: number
  readonly max: number
  readonly last: number
}

export class CounterLane {
  readonly #steps: Steps
  readonly #levels: Extremes[] = []

  constructor(steps: Steps) {
    this.#steps = steps
    let below: Extremes = { min: steps.value, max: steps.value }
    for (let nodes = Math.floor(steps.value.length / FANOUT); nodes > 0; nodes = Math.floor(nodes / FANOUT)) {
      const level = { min: new Float64Array(nodes), max: new Float64Array(nodes) }
      for (let node = 0; node < nodes; node++) {
        let [min, max] = [Infinity, -Infinity]
        for (let i = node * FANOUT; i < (node + 1) * FANOUT; i++) {
          if (below.min[i] < min) min = below.min[i]
          if (below.max[i] > max) max = below.max[i]
        }
        level.min[node] = min
        level.max[node] = max
      }
      this.#levels.push(level)
      below = level
    }
  }

  /**
   * Samples of [fromNs, toNs): one per bucket in which it changes, with its extremes there, and one where its last value
   * goes on alone. Each lasts until the next.
   */
  samples(fromNs: number, toNs: number, bucketNs: number): CounterSample[] {
    const { at, value } = this.#steps
    const out: CounterSample[] = []
    let i = lowerBound(this.#steps.at, fromNs)
    // A value that was set before the view lasts into it.
    if (i > 0) out.push({ at: fromNs, min: value[i - 1], max: value[i - 1], last: value[i - 1] })
    while (i < at.length && at[i] < toNs) {
      const end = (Math.floor(at[i] / bucketNs) + 1) * bucketNs
      const next = lowerBound(this.#steps.at, end)
      const { min, max } = this.#extremes(i, next)
      const last = value[next - 1]
      out.push({ at: at[i], min, max, last })
      const goesOn = min !== max && end < toNs && !(next < at.length && at[next] === end)
      if (goesOn) out.push({ at: end, min: last, max: last, last })
      i = next
    }
    return out
  }

  #extremes(first: number, last: number): { readonly min: number; readonly max: number } {
    let [min, max] = [Infinity, -Infinity]
    const take = ({ min: mins, max: maxs }: Extremes, at: number) => {
      if (mins[at] < min) min = mins[at]
      if (maxs[at] > max) max = maxs[at]
    }
    let nodes: Extremes = { min: this.#steps.value, max: this.#steps.value }
    let [low, high] = [first, last]
    for (let level = 0; low < high; level++) {
      while (low < high && low % FANOUT !== 0) take(nodes, low++)
      while (low < high && high % FANOUT !== 0) take(nodes, --high)
      low /= FANOUT
      high /= FANOUT
      if (low < high) nodes = this.#levels[level]
    }
    return { min, max }
  }
}

/** Adds up what events say, one event after the other. */
export class EventCounter {
  readonly #id: string
  readonly #at: number[] = []
  readonly #value: number[] = []
  #now = 0

  constructor(id: string) {
    this.#id = id
  }

  /** An event of one of the counter's names, with its payload as printed. */
  event(ns: number, name: string, payload: string): void {
    const value = this.#after(name, payload)
    if (value === undefined) return
    this.#now = value
    this.#at.push(ns)
    this.#value.push(value)
  }

  finish(): Steps {
    return { at: Float64Array.from(this.#at), value: Float64Array.from(this.#value) }
  }

  /** Payloads as include/trace/events/{writeback,ext4,jbd2}.h print them. */
  #after(name: string, payload: string): number | undefined {
    const field = (pattern: RegExp) => {
      const found = pattern.exec(payload)
      return found === null ? undefined : Number(found[1])
    }
    switch (this.#id) {
      case 'dirty':
        return field(/(?:^|\s)dirty=(\d+)/)
      case 'free-blocks': {
        const count = field(name === 'ext4_free_blocks' ? /\bcount (\d+)/ : /\blen (\d+)/)
        return count === undefined ? undefined : this.#now + (name === 'ext4_free_blocks' ? count : -count)
      }
      case 'journal-handles':
        // A handle that was open before the trace began is not one less than none.
        return name === 'jbd2_handle_start' ? this.#now + 1 : Math.max(0, this.#now - 1)
      case 'journal-commit':
        return COMMIT_STATES.indexOf(name)
      default:
        return undefined
    }
  }
}

const COMMIT_STATES = [
  'jbd2_end_commit',
  'jbd2_start_commit',
  'jbd2_commit_locking',
  'jbd2_commit_flushing',
  'jbd2_commit_logging',
]

/** Samples of several counters as columns, with where each one's begin. */
export class CounterWriter {
  readonly #at: number[] = []
  readonly #min: number[] = []
  readonly #max: number[] = []
  readonly #last: number[] = []

  get length(): number {
    return this.#at.length
  }

  add(at: number, { min, max, last }: { readonly min: number; readonly max: number; readonly last: number }): void {
    this.#at.push(at)
    this.#min.push(min)
    this.#max.push(max)
    this.#last.push(last)
  }

  columns(): CounterColumns {
    return {
      at: Uint32Array.from(this.#at),
      min: Float64Array.from(this.#min),
      max: Float64Array.from(this.#max),
      last: Float64Array.from(this.#last),
    }
  }
}

/**
 * The critical path of an operation: every moment of it, and what its end was waiting for in that moment. Its own task
 * runs, is ready to run, does I/O, or waits for a lock; while it waits, the path goes through the holder, and through
 * whoever that one waits for, one depth further down.
 *
 *   depth 0  running ──┬── waiting for i_mmap (held by T2) ──┬── running
 *   depth 1            └ T2: running, zero ┬ T2: waiting ────┘
 *   depth 2                                └ T3: io ─────────
 *
 * Without sched events it cannot tell running from sleeping: that time is `unknown`.
 */

import { firstWhere } from '../base/search.ts'
import { holderPhase } from '../analysis/parts/holder.ts'
import { labelName, otherLabel, segmentAt, segments } from '../analysis/parts/segments.ts'
import { waitEnds } from '../analysis/parts/wait-ends.ts'
import { edges, QUEUED, waitsByTask } from '../analysis/parts/waits.ts'
import { limits } from '../base/limits.ts'
import { SPAN_IRQ, TASK_STATES } from '../model/kinds.ts'
import type { Trace } from '../model/trace.ts'
import { lockName } from './lock-name.ts'
import type { CriticalPath, PathKind, PathSegment } from './answers.ts'
import { familyRows } from './families.ts'
import { rowId } from './row-ids.ts'
import { checkedSpan, spotOf } from './spans.ts'
import { doing, lasting } from './words.ts'

const KIND_OF_STATE: readonly PathKind[] = TASK_STATES.map((state) => {
  switch (state) {
    case 'running':
    case 'runnable':
    case 'io':
    case 'sleeping':
      return state
    case 'lock':
    case 'disk-sleep':
      return 'blocked'
    case 'dead':
      return 'unknown'
  }
})

interface Stretch {
  readonly task: number
  readonly fromNs: number
  readonly toNs: number
  readonly depth: number
}

export function pathOf(trace: Trace, op: number): CriticalPath {
  checkedSpan(trace, { family: 'op', id: op })
  const { startNs, durationNs, task } = trace.op.cols
  const fromNs = startNs[op]
  const toNs = Number.isNaN(durationNs[op]) ? Math.max(fromNs, trace.meta.durationNs) : fromNs + durationNs[op]
  const follower = new Follower(trace)
  follower.follow({ task: task[op], fromNs, toNs, depth: 0 })
  const spot = spotOf(trace, { family: 'op', id: op })
  const totals = totalsOf(follower.segments, toNs - fromNs)
  return {
    op: spot,
    segments: follower.segments,
    totals,
    truncated: follower.truncated,
    words: [
      `${spot.name} took ${lasting(trace, toNs - fromNs)}: ${totals
        .map(({ kind, ns }) => `${lasting(trace, ns)} ${KIND_WORDS[kind]}`)
        .join(', ')}.`,
      ...follower.segments.filter(({ kind, depth }) => kind === 'waiting' && depth === 0).map(({ words }) => words),
    ],
  }
}

const KIND_WORDS: Readonly<Record<PathKind, string>> = {
  running: 'running',
  runnable: 'ready to run',
  waiting: 'waiting for locks',
  io: 'waiting for I/O',
  blocked: 'asleep without a cause in the trace',
  sleeping: 'sleeping',
  unknown: 'of which the trace does not say whether it ran',
}

function totalsOf(all: readonly PathSegment[], durationNs: number): CriticalPath['totals'] {
  const sums = new Map<PathKind, number>()
  for (const { kind, depth, fromNs, toNs } of all) {
    if (depth === 0) sums.set(kind, (sums.get(kind) ?? 0) + toNs - fromNs)
  }
  return [...sums]
    .map(([kind, ns]) => ({ kind, ns, share: durationNs > 0 ? ns / durationNs : 0 }))
    .sort((a, b) => b.ns - a.ns)
}

class Follower {
  readonly segments: PathSegment[] = []
  truncated = false
  readonly #trace: Trace
  /** Tasks whose time is being followed, the operation's own first. */
  readonly #above: number[] = []

  constructor(trace: Trace) {
    this.#trace = trace
  }

  /** Everything a task did in a stretch of time, its waits followed to their holders. */
  follow({ task, fromNs, toNs, depth }: Stretch): void {
    const { requestedNs } = this.#trace.lockSpan.cols
    const endNs = waitEnds(this.#trace)
    this.#above.push(task)
    let now = fromNs
    for (const wait of this.#waitsIn(task, fromNs, toNs)) {
      const from = Math.max(now, requestedNs[wait])
      const to = Math.min(toNs, endNs[wait])
      // Also for NaN: of a wait whose end went unseen nothing is known after it began.
      if (!(to > from)) continue
      this.#own({ task, fromNs: now, toNs: from, depth })
      this.#wait(wait, { task, fromNs: from, toNs: to, depth })
      now = to
    }
    this.#own({ task, fromNs: now, toNs, depth })
    this.#above.pop()
  }

  /** In order of time; waits of interrupts are not the task's. */
  #waitsIn(task: number, fromNs: number, toNs: number): number[] {
    const { flags, requestedNs } = this.#trace.lockSpan.cols
    const { starts, rows, latestEnd } = waitsByTask(this.#trace)
    const out: number[] = []
    const first = firstWhere(starts[task], starts[task + 1], (at) => !(latestEnd[at] <= fromNs))
    for (let i = first; i < starts[task + 1] && requestedNs[rows[i]] < toNs; i++) {
      if ((flags[rows[i]] & SPAN_IRQ) === 0) out.push(rows[i])
    }
    return out
  }

  #wait(wait: number, stretch: Stretch): void {
    const trace = this.#trace
    const { byWaiter, from, to } = edges(trace)
    const { holder, kind } = trace.waitEdge.cols
    const { lock, task } = trace.lockSpan.cols
    const its = [...byWaiter.rows.subarray(byWaiter.starts[wait], byWaiter.starts[wait + 1])].filter(
      (edge) => to[edge] > stretch.fromNs && from[edge] < stretch.toNs,
    )
    const clip = (edge: number) => Math.min(to[edge], stretch.toNs) - Math.max(from[edge], stretch.fromNs)
    const main = its.length === 0 ? -1 : its.reduce((best, edge) => (clip(edge) > clip(best) ? edge : best))
    const holderTask = main === -1 ? undefined : trace.tasks[task[holder[main]]]
    const lockText = lockName(trace, lock[wait])
    const phase = main === -1 ? null : holderPhase(trace, main)
    const did = doing(null, phase)
    const stood = main !== -1 && kind[main] === QUEUED ? 'behind' : 'held by'
    const by =
      holderTask === undefined
        ? ', holder not known'
        : `, ${stood} ${holderTask.comm} (${holderTask.pid})${did === '' ? '' : ` ${did}`}`
    const added = this.#add(stretch, {
      kind: 'waiting',
      phase: this.#phaseAt(stretch.task, stretch.fromNs),
      lock: lockText,
      holder: holderTask?.comm ?? null,
      spanId: wait,
      words: `Waited ${lasting(trace, stretch.toNs - stretch.fromNs)} for ${lockText}${by}.`,
    })
    if (!added || stretch.depth + 1 >= limits.pathDepth) return
    let now = stretch.fromNs
    for (const edge of its) {
      const fromNs = Math.max(now, from[edge])
      const toNs = Math.min(stretch.toNs, to[edge])
      // Whose wait is being followed already is not followed once more.
      if (toNs <= fromNs || this.#above.includes(task[holder[edge]])) continue
      this.follow({ task: task[holder[edge]], fromNs, toNs, depth: stretch.depth + 1 })
      now = toNs
    }
  }

  /** Time that is not waiting for a lock: by state, and in each by phase. */
  #own({ task, fromNs, toNs, depth }: Stretch): void {
    if (toNs <= fromNs) return
    const { startNs, durationNs, state } = this.#trace.taskState.cols
    const { starts, rows } = familyRows(this.#trace, 'task', 'state')
    const after = firstWhere(starts[task], starts[task + 1], (at) => startNs[rows[at]] > fromNs)
    let now = fromNs
    for (let i = Math.max(starts[task], after - 1); i < starts[task + 1] && startNs[rows[i]] < toNs; i++) {
      const span = rows[i]
      const from = Math.max(now, startNs[span])
      const to = Math.min(toNs, Number.isNaN(durationNs[span]) ? toNs : startNs[span] + durationNs[span])
      if (to <= from) continue
      this.#phases({ task, fromNs: now, toNs: from, depth }, 'unknown')
      this.#phases({ task, fromNs: from, toNs: to, depth }, KIND_OF_STATE[state[span]])
      now = to
    }
    this.#phases({ task, fromNs: now, toNs, depth }, 'unknown')
  }

  #phases({ task, fromNs, toNs, depth }: Stretch, kind: PathKind): void {
    const all = segments(this.#trace)
    let now = fromNs
    while (now < toNs) {
      const at = segmentAt(all, task, now)
      const inside = at < all.starts[task + 1] && all.fromNs[at] <= now
      const next = at < all.starts[task + 1] ? (inside ? all.toNs[at] : all.fromNs[at]) : toNs
      const to = Math.min(toNs, next)
      const phase = inside ? this.#phaseName(all.beneath[at]) : null
      const stretch = { task, fromNs: now, toNs: to, depth }
      const within = phase === null ? '' : ` in ${phase}`
      const words = `${KIND_WORDS[kind]}${within} for ${lasting(this.#trace, to - now)}`
      if (!this.#add(stretch, { kind, phase, lock: null, holder: null, spanId: null, words: `${upper(words)}.` }))
        return
      now = to
    }
  }

  #phaseAt(task: number, ns: number): string | null {
    const all = segments(this.#trace)
    const at = segmentAt(all, task, ns)
    return at < all.starts[task + 1] && all.fromNs[at] <= ns ? this.#phaseName(all.beneath[at]) : null
  }

  #phaseName(label: number): string | null {
    return label === otherLabel(this.#trace) ? null : labelName(this.#trace, label)
  }

  /** False: there are too many. */
  #add(
    { task, fromNs, toNs, depth }: Stretch,
    what: Omit<PathSegment, 'depth' | 'fromNs' | 'toNs' | 'row' | 'task'>,
  ): boolean {
    const last = this.segments.at(-1)
    const { comm } = this.#trace.tasks[task]
    const row = rowId('task', task)
    const goesOn =
      last?.row === row &&
      last.depth === depth &&
      last.toNs === fromNs &&
      last.kind === what.kind &&
      last.phase === what.phase
    if (goesOn && what.kind !== 'waiting') {
      const words = `${upper(KIND_WORDS[what.kind])}${what.phase === null ? '' : ` in ${what.phase}`} for ${lasting(this.#trace, toNs - last.fromNs)}.`
      this.segments[this.segments.length - 1] = { ...last, toNs, words }
      return true
    }
    if (this.segments.length >= limits.pathSegments) {
      this.truncated = true
      return false
    }
    this.segments.push({ ...what, depth, fromNs, toNs, row, task: comm })
    return true
  }
}

function upper(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/**
 * Follows one wait to its root: from the wait along the edge with the largest overlap to the holder's span, from there
 * to what the holder itself waited for meanwhile, and so on. Each step looks only at the part of the first wait that is
 * still being explained, so a link never blames a holder for time in which nobody waited for it.
 *
 *   T1  waits for A ├───────────────────────┤
 *   T2  holds A   ├──────────────────────────┤       link 1: T2, overlap = all of it
 *   T2  waits for B     ├────────────┤
 *   T3  holds B      ├───────────────┤               link 2: T3, overlap = T2's wait
 */

import { limits } from '../../base/limits.ts'
import { EDGE_KINDS, SPAN_INFERRED, SPAN_IRQ } from '../../model/kinds.ts'
import type { Trace } from '../../model/trace.ts'
import { holderPhase } from './holder.ts'
import { clipped, type Window } from './scope.ts'
import { waitEnds } from './wait-ends.ts'
import { edges, holdOf, mainEdge, waitsByTask } from './waits.ts'
import { known, modeName, opName, taskRef } from './words.ts'

export interface ChainLink {
  readonly taskId: number
  readonly task: string
  readonly pid: number
  /** The holder's operation and what it spent most of the overlap in; null unknown. */
  readonly op: string | null
  readonly phase: string | null
  /** The lock the previous task waited for and this one held. */
  readonly class: string
  readonly mode: 'exclusive' | 'shared'
  /** `holder`, or `queued-writer`: it stood before the waiter in the queue. */
  readonly kind: 'holder' | 'queued-writer'
  readonly spanId: number
  /** null where the trace cannot show holds. */
  readonly heldNs: number | null
  /** Part of the chain's wait that this link explains. */
  readonly overlapNs: number
  readonly acquiredNs: number | null
  readonly inferred: boolean
}

export interface Chain {
  readonly links: readonly ChainLink[]
  /** It closes on itself, or was ended at limits.chainLinks. */
  readonly cut: boolean
}

export function followChain(trace: Trace, waitId: number, firstHolder?: number): Chain {
  const { from, to } = edges(trace)
  const { holder } = trace.waitEdge.cols
  const links: ChainLink[] = []
  const seen = new Set<number>()
  let wait = waitId
  let window: Window = { fromNs: -Infinity, toNs: Infinity }
  while (wait !== -1) {
    if (seen.has(wait) || links.length === limits.chainLinks) return { links, cut: true }
    seen.add(wait)
    const edge = mainEdge(trace, wait, window, links.length === 0 ? firstHolder : undefined)
    if (edge === -1) break
    window = { fromNs: Math.max(window.fromNs, from[edge]), toNs: Math.min(window.toNs, to[edge]) }
    links.push(link(trace, edge, window))
    wait = waitDuring(trace, holder[edge], window)
  }
  return { links, cut: false }
}

function link(trace: Trace, edge: number, { fromNs, toNs }: Window): ChainLink {
  const { lock, task, op, mode, flags, acquiredNs } = trace.lockSpan.cols
  const span = trace.waitEdge.cols.holder[edge]
  const { id, comm, pid } = taskRef(trace, task[span])
  return {
    taskId: id,
    task: comm,
    pid,
    op: opName(trace, op[span]),
    phase: holderPhase(trace, edge),
    class: trace.lockClasses[trace.locks[lock[span]].lockClass].name,
    mode: modeName(mode[span]),
    kind: EDGE_KINDS[trace.waitEdge.cols.kind[edge]],
    spanId: span,
    heldNs: known(holdOf(trace, span)),
    overlapNs: Math.max(0, toNs - fromNs),
    acquiredNs: known(acquiredNs[span]),
    inferred: (flags[span] & SPAN_INFERRED) !== 0,
  }
}

/** The wait of a span's task that takes most of the window, -1 none. Waits of interrupts are not the task's. */
function waitDuring(trace: Trace, span: number, window: Window): number {
  const { task, flags, requestedNs } = trace.lockSpan.cols
  const endNs = waitEnds(trace)
  const { starts, rows, latestEnd } = waitsByTask(trace)
  let best = -1
  let most = 0
  for (let i = lastBefore(trace, task[span], window.toNs); i >= starts[task[span]]; i--) {
    if (latestEnd[i] <= window.fromNs) break
    const row = rows[i]
    if ((flags[row] & SPAN_IRQ) !== 0) continue
    const ns = clipped(requestedNs[row], endNs[row], window)
    if (ns > most) {
      most = ns
      best = row
    }
  }
  return best
}

/** Place of the task's last wait that began before `ns`. */
function lastBefore(trace: Trace, task: number, ns: number): number {
  const { requestedNs } = trace.lockSpan.cols
  const { starts, rows } = waitsByTask(trace)
  let low = starts[task]
  let high = starts[task + 1]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (requestedNs[rows[middle]] < ns) low = middle + 1
    else high = middle
  }
  return low - 1
}

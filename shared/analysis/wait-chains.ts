/**
 * Wait chains: from a wait to the task that held the lock, to what that one waited for, down to the root. Worst means
 * longest, whole waits being compared even where a window cuts them; one that never ended lasts to the end of the trace.
 * `waitId` asks for one wait, whatever the scope.
 */

import * as z from 'zod'
import { ApiError } from '../base/errors.ts'
import { SPAN_CONTENDED } from '../model/kinds.ts'
import type { Trace } from '../model/trace.ts'
import { analysis, scopeSchema } from './analysis.ts'
import { followChain, type ChainLink } from './parts/chain.ts'
import { largest } from './parts/grouping.ts'
import { holderLabel } from './parts/holder.ts'
import { clipped, lockFacts, windowOf, type Window } from './parts/scope.ts'
import { labelCount } from './parts/segments.ts'
import { isOpenWait, waitedNs } from './parts/wait-ends.ts'
import { edges, mainEdge, waitsIn, wakeupNs } from './parts/waits.ts'
import { modeName, opName, taskRef } from './parts/words.ts'

export interface WaitChain {
  /** Row number of the waiting lockSpan: the id that `chain --wait` takes. */
  readonly waitId: number
  readonly taskId: number
  readonly task: string
  readonly pid: number
  readonly op: string | null
  readonly opId: number | null
  readonly class: string
  readonly classId: number
  readonly mode: 'exclusive' | 'shared'
  readonly startNs: number
  /** Where `open`, at least so long. */
  readonly waitNs: number
  /** It was not seen to end. */
  readonly open: boolean
  /** It ended without the lock. */
  readonly gaveUp: boolean
  /** Part of it in which nobody held the lock: this waiter, or one before it, had been let in and had yet to run. */
  readonly wakeupNs: number
  readonly links: readonly ChainLink[]
  /** The last task of the chain and what it was doing; null where the holder is unknown. */
  readonly rootTask: string | null
  readonly rootTaskId: number | null
  readonly rootOp: string | null
  /** True where the chain was cut at limits.chainLinks or closes on itself. */
  readonly cut: boolean
  /** Waits of the same cause (class, holder op and phase) this one stands for; set when `onePerCause`. */
  readonly alike?: number
}

export interface WaitChainsResult {
  readonly chains: readonly WaitChain[]
  /** Waits in scope. */
  readonly total: number
}

export const waitChains = analysis({
  id: 'wait-chains',
  title: 'Wait chains',
  about: 'Who held what, doing what, for how long, up to the root holder.',
  params: z.object({
    scope: scopeSchema.default({}),
    worst: z.int().positive().max(1000).default(10),
    waitId: z.int().nonnegative().optional(),
    /** Only the worst of each (class, holder operation, holder phase). */
    onePerCause: z.boolean().default(false),
    /** Only waits that this task (row number) was in the way of: it is the first link, worst is where it was longest. */
    holder: z.int().nonnegative().optional(),
  }),
  run(trace, { scope, worst, waitId, onePerCause, holder }): WaitChainsResult {
    if (waitId !== undefined) return { chains: [toChain(trace, checkedWait(trace, waitId))], total: 1 }
    const waits = waitsIn(trace, scope)
    if (holder !== undefined) return blockedBy(trace, { waits, holder, worst, window: windowOf(scope) })
    if (!onePerCause) {
      const chains = largest(waits, waitNs(trace, waits), worst).map((wait) => toChain(trace, wait))
      return { chains, total: waits.length }
    }
    const causes = byCause(trace, waits)
    const chains = causes.slice(0, worst).map(({ wait, alike }) => ({ ...toChain(trace, wait), alike }))
    return { chains, total: waits.length }
  },
})

function checkedWait(trace: Trace, waitId: number): number {
  const { flags } = trace.lockSpan.cols
  if (waitId >= trace.lockSpan.length || (flags[waitId] & SPAN_CONTENDED) === 0) {
    throw new ApiError(
      'not-found',
      `this trace has no wait ${waitId}`,
      'a wait is named by the row number of a contended lock span; without an id the worst waits are listed',
    )
  }
  return waitId
}

interface BlockedBy {
  readonly waits: Uint32Array
  readonly holder: number
  readonly worst: number
  readonly window: Window
}

function blockedBy(trace: Trace, { waits, holder, worst, window }: BlockedBy): WaitChainsResult {
  const { from, to } = edges(trace)
  const overlapNs = new Float64Array(trace.lockSpan.length)
  const blocked = waits.filter((wait) => {
    const edge = mainEdge(trace, wait, window, holder)
    if (edge !== -1) overlapNs[wait] = clipped(from[edge], to[edge], window)
    return overlapNs[wait] > 0
  })
  const chains = largest(blocked, overlapNs, worst).map((wait) => toChain(trace, wait, holder))
  return { chains, total: blocked.length }
}

/** Wait per span row, filled for these rows only. */
function waitNs(trace: Trace, rows: Uint32Array): Float64Array {
  const out = new Float64Array(trace.lockSpan.length)
  for (const row of rows) out[row] = waitedNs(trace, row)
  return out
}

interface Cause {
  wait: number
  alike: number
}

/** The worst wait of each (class, holder's operation, holder's phase), worst first. */
function byCause(trace: Trace, waits: Uint32Array): Cause[] {
  const causes = new Map<number, Cause>()
  for (const wait of waits) {
    const key = causeOf(trace, wait)
    const cause = causes.get(key)
    if (cause === undefined) causes.set(key, { wait, alike: 1 })
    else {
      cause.alike++
      if (waitedNs(trace, wait) > waitedNs(trace, cause.wait)) cause.wait = wait
    }
  }
  return [...causes.values()].sort((a, b) => waitedNs(trace, b.wait) - waitedNs(trace, a.wait) || a.wait - b.wait)
}

const ALWAYS = { fromNs: -Infinity, toNs: Infinity }

function causeOf(trace: Trace, wait: number): number {
  const { lock, op } = trace.lockSpan.cols
  const { classOf } = lockFacts(trace)
  const edge = mainEdge(trace, wait, ALWAYS)
  const holderOp = edge === -1 ? -1 : op[trace.waitEdge.cols.holder[edge]]
  const kind = edge === -1 ? 0 : holderOp === -1 ? 1 : trace.op.cols.kind[holderOp] + 2
  const label = edge === -1 ? -1 : holderLabel(trace, edge)
  return (classOf[lock[wait]] * (trace.opKinds.length + 2) + kind) * (labelCount(trace) + 1) + label + 1
}

function toChain(trace: Trace, wait: number, firstHolder?: number): WaitChain {
  const { lock, task, op, mode, requestedNs, acquiredNs } = trace.lockSpan.cols
  const waited = waitedNs(trace, wait)
  const { classOf } = lockFacts(trace)
  const open = Number.isNaN(waited) || isOpenWait(trace, wait)
  const { links, cut } = followChain(trace, wait, firstHolder)
  const { id, comm, pid } = taskRef(trace, task[wait])
  const root = links.at(-1)
  return {
    waitId: wait,
    taskId: id,
    task: comm,
    pid,
    op: opName(trace, op[wait]),
    opId: op[wait] === -1 ? null : op[wait],
    class: trace.lockClasses[classOf[lock[wait]]].name,
    classId: classOf[lock[wait]],
    mode: modeName(mode[wait]),
    startNs: requestedNs[wait],
    waitNs: waited >= 0 ? waited : 0,
    open,
    gaveUp: !open && Number.isNaN(acquiredNs[wait]),
    wakeupNs: wakeupNs(trace, wait, ALWAYS),
    links,
    rootTask: root?.task ?? null,
    rootTaskId: root?.taskId ?? null,
    rootOp: root?.op ?? null,
    cut,
  }
}

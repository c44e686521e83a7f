/**
 * In which order locks were taken: which class was asked for while holding which, and whether those orders go in a circle,
 * hang or no hang. lockdep's question, asked of a trace: classes are the names a trace prints, so two filesystems' locks of
 * one name are one class here, and a circle through them needs a second look.
 *
 * Annotation classes (jbd2_handle, sb_pagefaults, fs_reclaim …) count, since they can block. Holds whose end is not in the
 * trace are left out rather than believed to last for ever; trylocks are held but never waited for; interrupts have their
 * own order; RCU readers wait for nobody and have none. might_lock() notes are not spans and so not here. A lock of which only
 * waits are in the trace (contention events) was asked for; what was asked for under it cannot be seen, and that is said.
 */

import * as z from 'zod'
import {
  isRcu,
  knownToLockdep,
  lockdepSees,
  modeBit,
  needsQueuedWriter,
  OrderGraph,
  classesOf,
} from '../lockorder/order-graph.ts'
import type { OrderCycle, OrderEdge } from '../lockorder/order-graph.ts'
import { callerOf } from '../model/call-site.ts'
import type { LockReport } from '../model/extras.ts'
import { MODES, SPAN_HOLD_KNOWN, SPAN_INFERRED, SPAN_IRQ, SPAN_TRY } from '../model/kinds.ts'
import type { Trace } from '../model/trace.ts'
import { analysis, scopeSchema } from './analysis.ts'
import { callSites } from './parts/call-sites.ts'
import { groupRows, orderGroups, PairIds } from './parts/grouping.ts'
import { perTrace } from './parts/per-trace.ts'
import { lockFacts, windowOf, type Window } from './parts/scope.ts'
import { opName, taskRef, type TaskRef } from './parts/words.ts'

/** Who showed an order first. */
export interface LockOrderWitness {
  readonly task: TaskRef
  /** Operation it was in; null outside any. */
  readonly op: string | null
  /** When it asked for the second lock, ns. */
  readonly atNs: number
  /** Rows of the held and of the wanted lock span. */
  readonly heldSpan: number
  readonly wantedSpan: number
  /** False: the wanted span is a wait alone, its lock's holds are not in the trace. */
  readonly wantedHoldKnown: boolean
}

export interface LockOrderEdge extends LockOrderWitness {
  readonly from: string
  readonly to: string
  readonly count: number
  /** Each time it was seen, one of the two was deduced: what it is called, which lock, who or when. */
  readonly inferred: boolean
  /** Index into `reports`: lockdep printed this order; its spans are -1 and its time is that of the report. */
  readonly report?: number
  /** Call stack of the request, innermost first, where a report has it. */
  readonly stack?: readonly string[]
  /** The function that asked for the second lock, where a call stack tells. */
  readonly caller?: string
  /** Pairs of (held, wanted) modes that were seen. */
  readonly modes: readonly (readonly ['exclusive' | 'shared', 'exclusive' | 'shared'])[]
}

export interface LockOrderCycle {
  readonly classes: readonly string[]
  /** Places in `edges`, in order of the circle. */
  readonly edges: readonly number[]
  /** False: a bit lock is part of it, which lockdep does not track. */
  readonly lockdepSees: boolean
  /** True: readers meet readers somewhere, so it hangs only with a writer queued between them. */
  readonly needsQueuedWriter: boolean
}

export interface LockOrderResult {
  readonly classes: readonly { readonly name: string; readonly annotation: boolean; readonly lockdep: boolean }[]
  /** In order of first appearance. */
  readonly edges: readonly LockOrderEdge[]
  readonly cycles: readonly LockOrderCycle[]
  /** Circles found and not listed. */
  readonly cyclesLeftOut: number
  /** What lockdep itself reported in this input. */
  readonly reports: readonly LockReport[]
  /** Holds without a known end, which could not be followed. */
  readonly openHolds: number
  /** Classes of which only waits are in the trace: what was asked for while holding them cannot be seen. By name. */
  readonly waitsOnly: readonly string[]
  /** The trace shows no holds at all: no order can be seen, which is not the same as a good order. */
  readonly blind: boolean
}

export const lockOrder = analysis({
  id: 'lock-order',
  title: 'Lock order',
  about: 'Which lock was asked for while holding which, and do those orders go in a circle?',
  params: z.object({
    scope: scopeSchema.pick({ fromNs: true, toNs: true }).default({}),
    /** Only what lockdep can see: without folio and DAX entry bits. */
    lockdepOnly: z.boolean().default(false),
  }),
  run(trace, { scope, lockdepOnly }): LockOrderResult {
    const seen = nestings(trace, windowOf(scope))
    const graph = new OrderGraph<Nesting>()
    for (const one of seen.nestings) {
      const from = trace.lockClasses[one.outer].name
      const to = trace.lockClasses[one.inner].name
      if (isRcu(from) || isRcu(to)) continue
      if (lockdepOnly && !(knownToLockdep(from) && knownToLockdep(to))) continue
      graph.add(from, to, one.modes, () => one)
    }
    const reports = trace.extras?.lockReports ?? []
    addReports(trace, graph, { reports, lockdepOnly })
    return {
      classes: classesIn(trace, graph),
      edges: graph.edges.map((edge) => edgeRow(trace, edge)),
      cycles: graph.cycles.map((cycle) => cycleRow(graph, cycle)),
      cyclesLeftOut: graph.cyclesLeftOut,
      reports,
      openHolds: seen.openHolds,
      waitsOnly: seen.waitsOnly.filter((name) => !isRcu(name) && !(lockdepOnly && !knownToLockdep(name))),
      blind: seen.holds === 0 && reports.length === 0,
    }
  },
})

/** A pair of classes, the second asked for while holding the first: who did it first, how often, in which modes. */
interface Nesting {
  readonly outer: number
  readonly inner: number
  /** Rows of lock spans. */
  readonly held: number
  readonly wanted: number
  modes: number
  count: number
  inferred: boolean
  /** Of a report: which, and its edge. */
  readonly report?: { readonly index: number; readonly edge: number }
}

/** Orders that lockdep printed. Its chains have no times and no modes: what they show is that it happened. */
function addReports(
  trace: Trace,
  graph: OrderGraph<Nesting>,
  { reports, lockdepOnly }: { readonly reports: readonly LockReport[]; readonly lockdepOnly: boolean },
): void {
  const ids = new Map(trace.lockClasses.map(({ name }, id) => [name, id] as const))
  reports.forEach(({ edges }, index) =>
    edges.forEach(({ from, to }, edge) => {
      const outer = ids.get(from)
      const inner = ids.get(to)
      if (outer === undefined || inner === undefined || isRcu(from) || isRcu(to)) return
      if (lockdepOnly && !(knownToLockdep(from) && knownToLockdep(to))) return
      graph.add(from, to, modeBit('exclusive', 'exclusive'), () => ({
        ...{ outer, inner, held: -1, wanted: -1, modes: 0, count: 1, inferred: false },
        report: { index, edge },
      }))
    }),
  )
}

interface Nestings {
  /** In order of the first request. */
  readonly nestings: readonly Nesting[]
  readonly openHolds: number
  readonly holds: number
  readonly waitsOnly: readonly string[]
}

/** Lock spans by task and by context (interrupts apart), in order of their requests; deduced ones without a request are left out. */
const spansByContext = perTrace((trace) => {
  const { task, flags, requestedNs } = trace.lockSpan.cols
  const contexts = new Int32Array(trace.lockSpan.length)
  for (let row = 0; row < contexts.length; row++) {
    const asked = !Number.isNaN(requestedNs[row])
    contexts[row] = asked ? task[row] * 2 + ((flags[row] & SPAN_IRQ) === 0 ? 0 : 1) : -1
  }
  const groups = groupRows(contexts, trace.tasks.length * 2)
  orderGroups(groups, requestedNs)
  return groups
})

/** How many spans show a hold, and the classes none of whose do. */
const holdsOf = perTrace((trace) => {
  const { lock, flags } = trace.lockSpan.cols
  const { classOf } = lockFacts(trace)
  const [all, shown] = [new Uint32Array(trace.lockClasses.length), new Uint32Array(trace.lockClasses.length)]
  for (let row = 0; row < trace.lockSpan.length; row++) {
    all[classOf[lock[row]]]++
    if ((flags[row] & SPAN_HOLD_KNOWN) !== 0) shown[classOf[lock[row]]]++
  }
  const names = trace.lockClasses.filter((_, id) => all[id] > 0 && shown[id] === 0).map(({ name }) => name)
  return { holds: shown.reduce((sum, one) => sum + one, 0), waitsOnly: [...new Set(names)].sort() }
})

function nestings(trace: Trace, window: Window): Nestings {
  const { starts, rows } = spansByContext(trace)
  const { lock, flags, requestedNs, acquiredNs, releasedNs } = trace.lockSpan.cols
  const { classOf } = lockFacts(trace)
  const found = new Pairings(trace)
  let openHolds = 0
  const held: number[] = []
  for (let context = 0; context + 1 < starts.length; context++) {
    held.length = 0
    for (let i = starts[context]; i < starts[context + 1]; i++) {
      const wanted = rows[i]
      const at = requestedNs[wanted]
      let kept = 0
      for (const one of held) if (releasedNs[one] > at) held[kept++] = one
      held.length = kept
      if (at >= window.fromNs && at < window.toNs && (flags[wanted] & SPAN_TRY) === 0) {
        for (const one of held) {
          // Asked for earlier and still waited for: not held.
          if (acquiredNs[one] <= at && classOf[lock[one]] !== classOf[lock[wanted]]) found.add(one, wanted)
        }
      }
      if ((flags[wanted] & SPAN_HOLD_KNOWN) === 0) continue
      if (Number.isNaN(releasedNs[wanted])) openHolds += at < window.toNs ? 1 : 0
      else held.push(wanted)
    }
  }
  return { nestings: found.inOrder(), openHolds, ...holdsOf(trace) }
}

class Pairings {
  readonly #trace: Trace
  readonly #classOf: Uint32Array
  readonly #guessed: Uint8Array
  readonly #pairs: PairIds
  readonly #found: Nesting[] = []

  constructor(trace: Trace) {
    this.#trace = trace
    const { classOf, guessed } = lockFacts(trace)
    this.#classOf = classOf
    this.#guessed = guessed
    this.#pairs = new PairIds(trace.lockClasses.length, trace.lockClasses.length)
  }

  add(held: number, wanted: number): void {
    const { lock, mode, flags, requestedNs } = this.#trace.lockSpan.cols
    const outer = this.#classOf[lock[held]]
    const inner = this.#classOf[lock[wanted]]
    const bit = modeBit(MODES[mode[held]], MODES[mode[wanted]])
    const deduced = (span: number): boolean => (flags[span] & SPAN_INFERRED) !== 0 || this.#guessed[lock[span]] === 1
    const inferred = deduced(held) || deduced(wanted)
    const id = this.#pairs.id(outer, inner)
    const known = id < this.#found.length ? this.#found[id] : undefined
    if (known === undefined) {
      this.#found.push({ outer, inner, held, wanted, modes: bit, count: 1, inferred })
      return
    }
    known.count++
    known.modes |= bit
    known.inferred &&= inferred
    if (requestedNs[wanted] < requestedNs[known.wanted]) this.#found[id] = { ...known, held, wanted }
  }

  inOrder(): readonly Nesting[] {
    const { requestedNs } = this.#trace.lockSpan.cols
    return this.#found.sort((a, b) => requestedNs[a.wanted] - requestedNs[b.wanted] || a.wanted - b.wanted)
  }
}

function classesIn(trace: Trace, graph: OrderGraph<Nesting>): LockOrderResult['classes'] {
  const used = new Set<number>()
  for (const { witness } of graph.edges) used.add(witness.outer).add(witness.inner)
  return [...used].map((id) => {
    const { name, kind } = trace.lockClasses[id]
    return { name, annotation: kind === 'annotation', lockdep: knownToLockdep(name) }
  })
}

function edgeRow(trace: Trace, { from, to, modes, witness }: OrderEdge<Nesting>): LockOrderEdge {
  if (witness.report !== undefined) return reportedRow(trace, { from, to, ...witness.report })
  const { task, op, flags, requestedNs } = trace.lockSpan.cols
  const sites = callSites(trace)
  const site = sites.of[witness.wanted]
  const pairs = MODES.flatMap((held) => MODES.map((wanted) => [held, wanted] as const))
  return {
    from,
    to,
    count: witness.count,
    inferred: witness.inferred,
    modes: pairs.filter(([held, wanted]) => (modes & modeBit(held, wanted)) !== 0),
    task: taskRef(trace, task[witness.wanted]),
    op: opName(trace, op[witness.wanted]),
    atNs: requestedNs[witness.wanted],
    heldSpan: witness.held,
    wantedSpan: witness.wanted,
    wantedHoldKnown: (flags[witness.wanted] & SPAN_HOLD_KNOWN) !== 0,
    ...(site < 0 ? {} : { caller: sites.names[site] }),
  }
}

interface Reported {
  readonly from: string
  readonly to: string
  readonly index: number
  readonly edge: number
}

function reportedRow(trace: Trace, { from, to, index, edge }: Reported): LockOrderEdge {
  const report = trace.extras?.lockReports?.[index]
  const edges = report?.edges ?? []
  const stack = edges[edge]?.stack ?? []
  const caller = callerOf(stack.join('\n'))
  // lockdep remembers of its chain what was called, not by whom: only the last order is that of the task it reports.
  const about = edge === edges.length - 1 ? report?.tasks[0] : undefined
  const id = trace.tasks.findIndex(({ pid }) => pid === about?.pid)
  const first = trace.extras?.lockReports?.find(({ atNs }) => atNs !== null)?.atNs ?? 0
  return {
    from,
    to,
    count: 1,
    inferred: false,
    modes: [],
    task: { id, comm: about?.comm ?? '?', pid: about?.pid ?? 0 },
    op: null,
    atNs: report?.atNs === null || report === undefined ? NaN : Math.max(0, report.atNs - first),
    heldSpan: -1,
    wantedSpan: -1,
    wantedHoldKnown: false,
    report: index,
    stack,
    ...(caller === undefined ? {} : { caller }),
  }
}

function cycleRow(graph: OrderGraph<Nesting>, cycle: OrderCycle<Nesting>): LockOrderCycle {
  return {
    classes: classesOf(cycle),
    edges: cycle.edges.map((edge) => graph.edges.indexOf(edge)),
    lockdepSees: lockdepSees(classesOf(cycle)),
    needsQueuedWriter: needsQueuedWriter(cycle),
  }
}

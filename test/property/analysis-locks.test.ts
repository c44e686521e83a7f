/** Lock analyses against their definitions, on any trace and any scope. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contention } from '#shared/analysis/contention.ts'
import { CONTENTION_BY, type ContentionRow } from '#shared/analysis/parts/contention-row.ts'
import { contentionOverTime } from '#shared/analysis/contention-over-time.ts'
import { holdPhases } from '#shared/analysis/hold-phases.ts'
import { overview } from '#shared/analysis/overview.ts'
import { waitChains } from '#shared/analysis/wait-chains.ts'
import { waiterHolder } from '#shared/analysis/waiter-holder.ts'
import type { Scope } from '#shared/analysis/analysis.ts'
import type { Trace } from '#shared/model/trace.ts'
import {
  from,
  inside,
  inWindow,
  measuredWaits,
  naiveDivision,
  naiveEdge,
  naiveOps,
  naiveSpans,
  nearestRank,
  spanMatches,
  sum,
  to,
  type NaiveSpan,
} from '../support/naive-analysis.ts'
import { anyScope, anySmallTrace, traceOf } from '../support/small-trace.ts'

const runs = { numRuns: 400 }

function forAll(check: (trace: Trace, scope: Scope) => void): void {
  fc.assert(
    fc.property(anySmallTrace, anyScope, (small, scope) => check(traceOf(small), scope)),
    runs,
  )
}

describe('contention', () => {
  /** Held from when it was got to its release; only then where the end of the hold is not known. */
  function heldIn(span: NaiveSpan, scope: Scope): boolean {
    const end = span.holdKnown && !Number.isNaN(span.releasedNs) ? span.releasedNs : span.acquiredNs
    return inWindow(Number.isNaN(span.acquiredNs) ? end : span.acquiredNs, end, scope)
  }

  function acquiredIn(span: NaiveSpan, scope: Scope): boolean {
    return heldIn(span, scope) || (!Number.isNaN(span.acquiredNs) && waitedIn(span, scope))
  }

  /** Where it ended is not known: where it began. */
  function waitedIn(span: NaiveSpan, scope: Scope): boolean {
    const end = Number.isNaN(span.waitEndNs) ? span.requestedNs : span.waitEndNs
    return span.contended && inWindow(span.requestedNs, end, scope)
  }

  function groupOf(trace: Trace, span: NaiveSpan, by: (typeof CONTENTION_BY)[number]): string {
    const op = naiveOps(trace)[span.op]?.kind ?? 'none'
    // These traces have no call stacks: where a lock was asked for is not known of any.
    const minor = { class: '', instance: span.lock, task: span.task, op, site: '' }
    return `${span.lockClass}/${span.mode}/${minor[by]}`
  }

  function keyOf(row: ContentionRow): string {
    return `${row.classId}/${row.mode}/${row.lock ?? row.task?.id ?? row.op ?? row.site ?? ''}`
  }

  it('equals its definition for every grouping, window and scope', () => {
    fc.assert(
      fc.property(anySmallTrace, anyScope, fc.constantFrom(...CONTENTION_BY), (small, scope, by) => {
        const trace = traceOf(small)
        const result = contention.run(trace, contention.params.parse({ scope, by }))
        const counted = naiveSpans(trace).filter(
          (span) => spanMatches(trace, span, scope) && (acquiredIn(span, scope) || waitedIn(span, scope)),
        )
        const groups = Map.groupBy(counted, (span) => groupOf(trace, span, by))
        expect(result.rows.map(keyOf).sort()).toEqual([...groups.keys()].sort())
        for (const row of result.rows) {
          const spans = groups.get(keyOf(row)) ?? []
          const waits = spans.filter((span) => waitedIn(span, scope) && span.waitNs >= 0)
          const open = measuredWaits(trace, scope).filter(({ id, open }) => open && spans.some((s) => s.id === id))
          const holds = spans.filter((span) => heldIn(span, scope) && span.holdNs >= 0)
          const holdKnown = spans.some((span) => span.holdKnown)
          const acquired = spans.filter((span) => acquiredIn(span, scope))
          const waitNs = waits.map((span) => span.waitNs)
          const holdNs = holds.map((span) => span.holdNs)
          const waited = (all: readonly NaiveSpan[]) => sum(all.map((s) => inside(s.requestedNs, s.waitEndNs, scope)))
          expect(row.acquisitions).toBe(holdKnown ? acquired.length : NaN)
          expect(row.contended).toBe(spans.filter((span) => waitedIn(span, scope)).length)
          expect(row.openWaits).toBe(open.length)
          expect(row.openWaitNs).toBe(waited(open))
          expect(row.waitTotalNs).toBe(waited(waits) + waited(open))
          expect(row.openHolds).toBe(acquired.filter((s) => s.holdKnown && Number.isNaN(s.releasedNs)).length)
          expect([row.waitMinNs, row.waitP50Ns, row.waitP99Ns, row.waitMaxNs]).toEqual(
            [0, 0.5, 0.99, 1].map((q) => nearestRank(waitNs, q)),
          )
          expect(row.waitMeanNs).toBe(waits.length === 0 ? null : Math.round(sum(waitNs) / waits.length))
          const holdTotal = sum(holds.map((s) => inside(s.acquiredNs, s.releasedNs, scope)))
          expect(row.holdTotalNs).toBe(holdKnown && (holds.length > 0 || acquired.length === 0) ? holdTotal : null)
          expect([row.holdMinNs, row.holdP50Ns, row.holdP99Ns, row.holdMaxNs]).toEqual(
            [0, 0.5, 0.99, 1].map((q) => nearestRank(holdNs, q)),
          )
          expect(row.inferred).toBe(spans.some((span) => span.inferred))
        }
        expect(result.classes).toBe(new Set(counted.map((span) => span.lockClass)).size)
        expect(result.instances).toBe(new Set(counted.map((span) => span.lock)).size)
        const totals = result.rows.map((row) => row.waitTotalNs)
        expect(totals).toEqual([...totals].sort((a, b) => b - a))
      }),
      runs,
    )
  })

  it('cuts to `top` and to contended rows without changing them', () => {
    forAll((trace, scope) => {
      const all = contention.run(trace, contention.params.parse({ scope, by: 'instance' }))
      const cut = contention.run(trace, contention.params.parse({ scope, by: 'instance', top: 2, contendedOnly: true }))
      const contended = all.rows.filter((row) => row.contended > 0)
      expect(cut.rows).toEqual(contended.slice(0, 2))
      expect(cut.total).toBe(contended.length)
    })
  })

  it('names the phase that hold-phases gives the largest share to', () => {
    forAll((trace, scope) => {
      const phases = holdPhases.run(trace, holdPhases.params.parse({ scope })).rows
      for (const row of contention.run(trace, contention.params.parse({ scope })).rows) {
        const named = phases.filter(
          (p) => p.classId === row.classId && p.mode === row.mode && p.phase !== 'other' && p.phase !== 'interrupt',
        )
        const shares = [...Map.groupBy(named, (p) => p.phase).values()].map((all) => sum(all.map((p) => p.shareOfHold)))
        if (shares.length === 0) expect(row.mostlyIn).toBeUndefined()
        else expect(row.mostlyIn?.share).toBeCloseTo(Math.max(...shares), 12)
      }
    })
  })
})

describe('contention over time', () => {
  it('is the waiting of each bin divided by its width', () => {
    fc.assert(
      fc.property(anySmallTrace, anyScope, fc.integer({ min: 1, max: 20 }), (small, scope, bins) => {
        const trace = traceOf(small)
        const result = contentionOverTime.run(trace, contentionOverTime.params.parse({ scope, bins }))
        const end = Math.max(result.fromNs + 1, scope.toNs ?? trace.meta.durationNs)
        expect(result.waiting.length).toBe(Math.ceil((end - result.fromNs) / result.binNs))
        expect(result.waiting.length).toBeLessThanOrEqual(bins)
        const { lock: _l, lockClass: _c, mode: _m, ...anyLock } = scope
        const spans = naiveSpans(trace).filter((span) => span.contended && span.waitEndNs >= 0)
        result.waiting.forEach((_, bin) => {
          const fromNs = result.fromNs + bin * result.binNs
          const bounds = { fromNs, toNs: Math.min(fromNs + result.binNs, end) }
          const mean = (among: Scope): number =>
            sum(
              spans
                .filter((span) => spanMatches(trace, span, among))
                .map((s) => inside(s.requestedNs, s.waitEndNs, bounds)),
            ) /
            (bounds.toNs - fromNs)
          expect(result.waiting[bin]).toBeCloseTo(mean(scope), 9)
          expect(result.waitingAll[bin]).toBeCloseTo(mean(anyLock), 9)
        })
      }),
      runs,
    )
  })
})

describe('hold phases', () => {
  it('give every ns of every hold to what the holder did in it', () => {
    forAll((trace, scope) => {
      const { rows, total } = holdPhases.run(trace, holdPhases.params.parse({ scope }))
      const expected = new Map<string, { ns: number; spans: number }>()
      const totals = new Map<string, number>()
      for (const span of naiveSpans(trace)) {
        if (!(span.holdNs >= 0) || !spanMatches(trace, span, scope)) continue
        const fromNs = Math.max(span.acquiredNs, from(scope))
        const toNs = Math.min(span.releasedNs, to(scope))
        const op = naiveOps(trace)[span.op]?.kind ?? 'none'
        for (const [phase, ns] of naiveDivision(trace, { ...span, since: span.acquiredNs, fromNs, toNs })) {
          const major = `${span.lockClass}/${span.mode}`
          const known = expected.get(`${major}/${phase}/${op}`) ?? { ns: 0, spans: 0 }
          expected.set(`${major}/${phase}/${op}`, { ns: known.ns + ns, spans: known.spans + 1 })
          totals.set(major, (totals.get(major) ?? 0) + ns)
        }
      }
      const actual = rows.map((row) => [`${row.classId}/${row.mode}/${row.phase}/${row.op}`, row.holdNs, row.spans])
      const wanted = [...expected].map(([key, { ns, spans }]) => [key, ns, spans])
      expect(actual.sort()).toEqual(wanted.sort())
      expect(total).toBe(expected.size)
      for (const row of rows) {
        expect(row.shareOfHold).toBeCloseTo(row.holdNs / (totals.get(`${row.classId}/${row.mode}`) ?? 0), 12)
      }
    })
  })

  it('have shares that add up to 1 per class and mode', () => {
    forAll((trace, scope) => {
      const { rows } = holdPhases.run(trace, holdPhases.params.parse({ scope }))
      for (const group of Map.groupBy(rows, (row) => `${row.classId}/${row.mode}`).values()) {
        expect(sum(group.map((row) => row.shareOfHold))).toBeCloseTo(1, 9)
      }
    })
  })
})

/** ns of a wait inside the window, tick by tick, in which at least one edge's holder stood in the way. */
function explained(trace: Trace, wait: NaiveSpan, scope: Scope): number {
  const edges = Array.from({ length: trace.waitEdge.length }, (_, edge) => naiveEdge(trace, edge))
  const own = edges.filter((edge) => edge.waiter === wait.id)
  let ticks = 0
  for (let at = wait.requestedNs; at < wait.acquiredNs; at++) {
    const inScope = at >= from(scope) && at < to(scope)
    if (inScope && own.some((edge) => edge.fromNs <= at && edge.toNs > at)) ticks++
  }
  return ticks
}

/**
 * ns of a wait, inside the window, tick by tick, in which nobody held the lock: no edge covers the tick, and either none
 * comes after it or the next one's holder was itself waiting then.
 */
function wakeup(trace: Trace, wait: NaiveSpan, scope: Scope): number {
  const spans = naiveSpans(trace)
  const edges = Array.from({ length: trace.waitEdge.length }, (_, edge) => ({ ...naiveEdge(trace, edge), edge }))
  const own = edges.filter((edge) => edge.waiter === wait.id).sort((a, b) => a.fromNs - b.fromNs || a.edge - b.edge)
  let ticks = 0
  for (let at = wait.requestedNs; at < wait.acquiredNs && own.length > 0; at++) {
    if (at < from(scope) || at >= to(scope) || own.some((edge) => edge.fromNs <= at && edge.toNs > at)) continue
    const next = own.find((edge) => edge.fromNs > at)
    const holder = next === undefined ? undefined : spans[next.holder]
    const letIn = next?.queued === false && holder?.contended && holder.holdKnown && holder.requestedNs <= at
    if (next === undefined || letIn === true) ticks++
  }
  return ticks
}

describe('waiter × holder', () => {
  it('adds up the overlaps of every pair of tasks', () => {
    fc.assert(
      fc.property(anySmallTrace, anyScope, fc.integer({ min: 1, max: 4 }), (small, scope, top) => {
        const trace = traceOf(small)
        const result = waiterHolder.run(trace, waiterHolder.params.parse({ scope, top }))
        const waits = measuredWaits(trace, scope)
        const spans = naiveSpans(trace)
        const pairs = Array.from({ length: trace.waitEdge.length }, (_, edge) => naiveEdge(trace, edge))
          .filter((edge) => waits.some((wait) => wait.id === edge.waiter))
          .map((e) => ({
            queued: e.queued,
            w: spans[e.waiter].task,
            h: spans[e.holder].task,
            ns: inside(e.fromNs, e.toNs, scope),
          }))
          .filter(({ ns }) => ns > 0)
        const named = (list: readonly { id: number }[]): number[] => list.map(({ id }) => id).filter((id) => id !== -1)
        const place = (list: readonly { id: number }[], id: number): number => (named(list).includes(id) ? id : -1)
        result.waiters.forEach((waiter, w) =>
          result.holders.forEach((holder, h) => {
            const ns = pairs.filter(
              (pair) => place(result.waiters, pair.w) === waiter.id && place(result.holders, pair.h) === holder.id,
            )
            expect(result.overlapNs[w * result.holders.length + h]).toBe(sum(ns.map((pair) => pair.ns)))
          }),
        )
        expect(sum([...result.overlapNs])).toBe(sum(pairs.map(({ ns }) => ns)))
        expect(result.queuedNs).toBe(sum(pairs.filter(({ queued }) => queued).map(({ ns }) => ns)))
        expect(named(result.waiters).length).toBe(Math.min(top, new Set(pairs.map(({ w }) => w)).size))
        const unexplained = waits.map(
          (wait) => inside(wait.requestedNs, wait.acquiredNs, scope) - explained(trace, wait, scope),
        )
        expect(result.unexplainedNs).toBe(sum(unexplained))
        expect(result.wakeupNs).toBe(sum(waits.map((wait) => wakeup(trace, wait, scope))))
      }),
      runs,
    )
  })
})

describe('worst locks of the overview', () => {
  it('divide what was waited among what holders did, to the ns', () => {
    forAll((trace, scope) => {
      const { locks, lockTotal } = overview.run(trace, overview.params.parse({ scope }))
      const waits = measuredWaits(trace, scope)
      expect(locks.length).toBe(lockTotal)
      for (const lock of locks) {
        const own = waits.filter((wait) => wait.lockClass === lock.classId)
        expect(lock.waitTotalNs).toBe(sum(own.map((w) => inside(w.requestedNs, w.acquiredNs, scope))))
        expect(lock.openWaits).toBe(own.filter(({ open }) => open).length)
        expect(sum(lock.phases.map(({ ns }) => ns))).toBe(lock.waitTotalNs)
        const parts = new Map<string, number>()
        for (const wait of own) {
          const edges = Array.from({ length: trace.waitEdge.length }, (_, edge) => naiveEdge(trace, edge))
            .filter((edge) => edge.waiter === wait.id)
            .map((edge) => ({
              ...edge,
              fromNs: Math.max(edge.fromNs, from(scope)),
              toNs: Math.min(edge.toNs, to(scope)),
            }))
          const all = sum(edges.map((edge) => Math.max(0, edge.toNs - edge.fromNs)))
          for (const edge of edges) {
            const holder = naiveSpans(trace)[edge.holder]
            const since = edge.queued ? -Infinity : Number.isNaN(holder.acquiredNs) ? -Infinity : holder.acquiredNs
            const division = naiveDivision(trace, { ...holder, since, fromNs: edge.fromNs, toNs: edge.toNs })
            for (const [phase, ns] of division) {
              parts.set(phase, (parts.get(phase) ?? 0) + (ns * explained(trace, wait, scope)) / all)
            }
          }
        }
        parts.set('wakeup', sum(own.map((wait) => wakeup(trace, wait, scope))))
        const rounding = parts.size + 1
        for (const [phase, ns] of parts) {
          const found = lock.phases.find((part) => part.phase === phase)?.ns ?? 0
          expect(Math.abs(found - ns)).toBeLessThanOrEqual(rounding)
        }
      }
    })
  })
})

describe('wait chains', () => {
  it('list the longest waits of the scope, each begun by the edge that explains most of it', () => {
    forAll((trace, scope) => {
      const { chains, total } = waitChains.run(trace, waitChains.params.parse({ scope, worst: 5 }))
      const waits = measuredWaits(trace, scope).sort((a, b) => b.waitNs - a.waitNs || a.id - b.id)
      expect(total).toBe(waits.length)
      expect(chains.map(({ waitId }) => waitId)).toEqual(waits.slice(0, 5).map(({ id }) => id))
      for (const chain of chains) {
        const edges = Array.from({ length: trace.waitEdge.length }, (_, edge) => naiveEdge(trace, edge))
        const overlaps = edges.filter(({ waiter }) => waiter === chain.waitId).map((e) => e.toNs - e.fromNs)
        expect(chain.links.length > 0).toBe(overlaps.length > 0)
        if (chain.links.length > 0) expect(chain.links[0].overlapNs).toBe(Math.max(...overlaps))
        for (let i = 1; i < chain.links.length; i++) {
          expect(chain.links[i].overlapNs).toBeLessThanOrEqual(chain.links[i - 1].overlapNs)
        }
        const wait = waits.find(({ id }) => id === chain.waitId)
        expect(chain).toMatchObject({ waitNs: wait?.waitNs, open: wait?.open })
        if (wait !== undefined) expect(chain.wakeupNs).toBe(wakeup(trace, wait, {}))
        expect(chain.rootTask).toBe(chain.links.at(-1)?.task ?? null)
      }
    })
  })

  it('stand for every wait of the scope when only one per cause is asked for', () => {
    forAll((trace, scope) => {
      const { chains, total } = waitChains.run(
        trace,
        waitChains.params.parse({ scope, worst: 1000, onePerCause: true }),
      )
      expect(sum(chains.map(({ alike }) => alike ?? 0))).toBe(total)
      const causes = chains.map(({ class: name, links }) => {
        const first = links.at(0)
        return JSON.stringify([name, first === undefined ? 'unknown' : [first.op, first.phase]])
      })
      expect(new Set(causes).size).toBe(causes.length)
    })
  })
})

/** Figures of a selection against a full sort of what overlaps it. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SPAN_CONTENDED, SPAN_HOLD_KNOWN } from '#shared/model/kinds.ts'
import type { Trace } from '#shared/model/trace.ts'
import { statisticsOf } from '#shared/timeline/statistics.ts'
import { syntheticTrace } from '../support/synthetic-trace.ts'

const SMALL = { lockSpans: 400, phases: 200, ops: 120, tasks: 5, locks: 9 }

interface Naive {
  count: number
  unknown: number
  total: number
  durations: number[]
}

function naive(
  trace: Trace,
  { fromNs, toNs, tasks }: { fromNs: number; toNs: number; tasks: ReadonlySet<number> | undefined },
): { holds: Map<string, Naive>; ops: Map<string, Naive> } {
  const out = { holds: new Map<string, Naive>(), ops: new Map<string, Naive>() }
  const add = (to: Map<string, Naive>, key: string, start: number, end: number) => {
    const until = Number.isNaN(end) ? Infinity : Math.max(start, end)
    if (!(start < toNs && (until > fromNs || start >= fromNs))) return
    const entry = to.get(key) ?? { count: 0, unknown: 0, total: 0, durations: [] }
    to.set(key, entry)
    entry.count++
    if (Number.isNaN(end)) {
      entry.unknown++
      return
    }
    entry.durations.push(until - start)
    entry.total += Math.max(0, Math.min(until, toNs) - Math.max(start, fromNs))
  }
  for (let i = 0; i < trace.op.length; i++) {
    const { task, kind, startNs, durationNs } = trace.op.cols
    if (tasks?.has(task[i]) !== false) add(out.ops, trace.opKinds[kind[i]], startNs[i], startNs[i] + durationNs[i])
  }
  for (let i = 0; i < trace.lockSpan.length; i++) {
    const { task, lock, mode, flags, acquiredNs, releasedNs } = trace.lockSpan.cols
    const { name, kind } = trace.lockClasses[trace.locks[lock[i]].lockClass]
    if (kind === 'annotation' || (flags[i] & SPAN_HOLD_KNOWN) === 0 || Number.isNaN(acquiredNs[i])) continue
    if (tasks?.has(task[i]) !== false) {
      add(out.holds, mode[i] === 0 ? name : `${name} (shared)`, acquiredNs[i], releasedNs[i])
    }
  }
  return out
}

function rank(durations: readonly number[], q: number): number | null {
  const sorted = [...durations].sort((a, b) => a - b)
  return sorted.length === 0 ? null : sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]
}

const selection = fc.record({
  seed: fc.integer({ min: 1, max: 1_000_000 }),
  from: fc.double({ min: 0, max: 1, noNaN: true }),
  width: fc.double({ min: 0, max: 1, noNaN: true }),
  tasks: fc.option(fc.uniqueArray(fc.nat(4), { minLength: 1 }), { nil: undefined }),
})

describe('figures of a selection', () => {
  it('are those of a full sort, for any window and any rows', () => {
    fc.assert(
      fc.property(selection, ({ seed, from, width, tasks }) => {
        const trace = syntheticTrace({ ...SMALL, seed })
        const fromNs = Math.floor(from * trace.meta.durationNs)
        const toNs = fromNs + Math.ceil(width * trace.meta.durationNs)
        const rows = tasks?.map((task) => `task:${task}`)
        const found = statisticsOf(trace, { fromNs, toNs, rows })
        const expected = naive(trace, { fromNs, toNs, tasks: tasks && new Set(tasks) })
        for (const [table, wanted] of [
          [found.ops, expected.ops],
          [found.holds, expected.holds],
        ] as const) {
          expect(new Set(table.map(({ name }) => name))).toEqual(new Set(wanted.keys()))
          for (const row of table) {
            const { count, unknown, total, durations } = wanted.get(row.name) as Naive
            expect(row).toMatchObject({
              count,
              unknown,
              totalNs: total,
              minNs: rank(durations, 0),
              maxNs: rank(durations, 1),
              p50Ns: rank(durations, 0.5),
              p90Ns: rank(durations, 0.9),
              p99Ns: rank(durations, 0.99),
            })
          }
        }
      }),
      { numRuns: 80 },
    )
  })

  it('count a span once that is on two of the rows', () => {
    const trace = syntheticTrace({ ...SMALL, seed: 5 })
    const all = { fromNs: 0, toNs: trace.meta.durationNs + 1 }
    const tasks = Array.from({ length: 5 }, (_, task) => `task:${task}`)
    const locks = Array.from({ length: 9 }, (_, lock) => `lock:${lock}`)
    const both = statisticsOf(trace, { ...all, rows: [...tasks, ...locks] })
    expect(both.waits).toEqual(statisticsOf(trace, all).waits)
    const contended = trace.lockSpan.cols.flags.filter((flags) => (flags & SPAN_CONTENDED) !== 0).length
    const counted = both.waits.reduce((sum, { count }) => sum + count, 0)
    expect(counted).toBeGreaterThan(0)
    expect(counted).toBeLessThanOrEqual(contended)
  })
})

/** Operation analyses and the overview against their definitions, on any trace and any scope. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Scope } from '#shared/analysis/analysis.ts'
import { latency, LATENCY_BY, type LatencyRow } from '#shared/analysis/latency.ts'
import { latencyDistribution, type LatencyBrush } from '#shared/analysis/latency-distribution.ts'
import { latencyHeatmap } from '#shared/analysis/latency-heatmap.ts'
import { overview } from '#shared/analysis/overview.ts'
import { slowestOps } from '#shared/analysis/slowest-ops.ts'
import { TASK_STATES } from '#shared/model/kinds.ts'
import type { Trace } from '#shared/model/trace.ts'
import {
  from,
  inside,
  measuredWaits,
  naiveOps,
  naiveOpWait,
  naiveSpans,
  nearestRank,
  opMatches,
  spanMatches,
  sum,
  to,
  type NaiveOp,
} from '../support/naive-analysis.ts'
import { anyScope, anySmallTrace, traceOf } from '../support/small-trace.ts'

const runs = { numRuns: 400 }

function forAll(check: (trace: Trace, scope: Scope) => void): void {
  fc.assert(
    fc.property(anySmallTrace, anyScope, (small, scope) => check(traceOf(small), scope)),
    runs,
  )
}

function opsOf(trace: Trace, scope: Scope): NaiveOp[] {
  return naiveOps(trace).filter((op) => opMatches(trace, op, scope))
}

const finished = (op: NaiveOp): boolean => op.durationNs >= 0

const anyBrush: fc.Arbitrary<LatencyBrush> = fc
  .tuple(fc.nat(60), fc.nat(60), fc.nat(20), fc.nat(40))
  .map(([fromNs, length, minNs, height]) => ({ fromNs, toNs: fromNs + length, minNs, maxNs: minNs + height }))

/** An operation stands where it began, or at the left edge of the window. */
function inBrush(op: NaiveOp, scope: Scope, brush: LatencyBrush): boolean {
  const at = Math.max(op.startNs, scope.fromNs ?? 0)
  const { minNs = 0, maxNs = Infinity } = brush
  return at >= brush.fromNs && at < brush.toNs && op.durationNs >= minNs && op.durationNs < maxNs
}

describe('latency', () => {
  function keyOf(row: LatencyRow): string {
    return `${row.op}/${row.task?.id ?? row.inode?.id ?? ''}`
  }

  function groupOf(op: NaiveOp, by: (typeof LATENCY_BY)[number]): string {
    const minor = { op: '', task: op.task, inode: op.inode === -1 ? '' : op.inode }
    return `${op.kind}/${minor[by]}`
  }

  it('equals its definition for every grouping, window and scope', () => {
    fc.assert(
      fc.property(anySmallTrace, anyScope, fc.constantFrom(...LATENCY_BY), (small, scope, by) => {
        const trace = traceOf(small)
        const { rows } = latency.run(trace, latency.params.parse({ scope, by }))
        const groups = Map.groupBy(opsOf(trace, scope), (op) => groupOf(op, by))
        expect(rows.map(keyOf).sort()).toEqual([...groups.keys()].sort())
        for (const row of rows) {
          const ops = groups.get(keyOf(row)) ?? []
          const durations = ops.filter(finished).map((op) => op.durationNs)
          const waits = ops.filter((op) => finished(op) && naiveOpWait(trace, op, scope) >= 0)
          const base = sum(waits.map((op) => op.durationNs))
          const waited = sum(waits.map((op) => naiveOpWait(trace, op, scope)))
          expect(row.count).toBe(ops.length)
          const told = ops.some((op) => !Number.isNaN(op.result))
          expect(row.failed).toBe(told ? ops.filter((op) => op.result < 0).length : null)
          expect(row.unfinished).toBe(ops.length - durations.length)
          expect(row.totalNs).toBe(durations.length === 0 ? null : sum(durations))
          expect([row.minNs, row.p50Ns, row.p90Ns, row.p99Ns, row.p999Ns, row.maxNs]).toEqual(
            [0, 0.5, 0.9, 0.99, 0.999, 1].map((q) => nearestRank(durations, q)),
          )
          expect(row.meanNs).toBe(durations.length === 0 ? null : Math.round(sum(durations) / durations.length))
          expect(row.waitNs).toBe(waits.length === 0 ? null : waited)
          expect(row.waitShare).toBe(base === 0 ? null : waited / base)
        }
      }),
      runs,
    )
  })
})

describe('latency heat map', () => {
  it('counts every finished operation of the scope in the cell of its place and duration', () => {
    fc.assert(
      fc.property(anySmallTrace, anyScope, fc.integer({ min: 1, max: 12 }), (small, scope, columns) => {
        const trace = traceOf(small)
        const map = latencyHeatmap.run(trace, latencyHeatmap.params.parse({ scope, columns }))
        const ops = opsOf(trace, scope).filter(finished)
        expect(map.count).toBe(ops.length)
        expect(map.rowNs.length).toBe(map.rows + 1)
        expect(map.counts.length).toBe(map.rows * map.columns)
        expect(map.max).toBe(Math.max(0, ...map.counts))
        for (let row = 0; row < map.rows; row++) {
          for (let column = 0; column < map.columns; column++) {
            const cell = ops.filter((op) => {
              const at = Math.max(op.startNs, map.fromNs)
              const place = Math.min(map.columns - 1, Math.floor((at - map.fromNs) / map.binNs))
              return place === column && op.durationNs >= map.rowNs[row] && op.durationNs < map.rowNs[row + 1]
            })
            expect(map.counts[row * map.columns + column]).toBe(cell.length)
          }
        }
        const durations = ops.map((op) => op.durationNs)
        expect([map.p50Ns, map.p99Ns]).toEqual([nearestRank(durations, 0.5), nearestRank(durations, 0.99)])
      }),
      runs,
    )
  })
})

describe('latency distribution', () => {
  it('sorts all and the brushed operations into the same buckets', () => {
    fc.assert(
      fc.property(anySmallTrace, anyScope, anyBrush, (small, scope, brush) => {
        const trace = traceOf(small)
        const result = latencyDistribution.run(trace, latencyDistribution.params.parse({ scope, brush }))
        const all = opsOf(trace, scope).filter(finished)
        const part = all.filter((op) => inBrush(op, scope, brush))
        const waits = (ops: NaiveOp[]): number[] =>
          ops.map((op) => naiveOpWait(trace, op, scope)).filter((wait) => wait >= 0)
        for (const [side, ops] of [
          [result.all, all],
          [result.brushed, part],
        ] as const) {
          const durations = ops.map((op) => op.durationNs)
          expect(side?.count).toBe(ops.length)
          expect([...(side?.counts ?? [])]).toEqual(
            [...result.bucketNs.subarray(1)].map(
              (end, i) => durations.filter((ns) => ns >= result.bucketNs[i] && ns < end).length,
            ),
          )
          expect([side?.p50Ns, side?.p90Ns, side?.p99Ns]).toEqual(
            [0.5, 0.9, 0.99].map((q) => nearestRank(durations, q)),
          )
          expect(side?.waitNs).toBe(waits(ops).length === 0 ? null : sum(waits(ops)))
          const share = waits(ops).length === 0 || sum(waits(all)) === 0 ? null : sum(waits(ops)) / sum(waits(all))
          expect(side?.shareOfWaiting).toBe(share)
        }
      }),
      runs,
    )
  })

  it('has no brushed side without a brush', () => {
    const trace = traceOf({ ops: [{ startNs: 1, durationNs: 5 }] })
    expect(latencyDistribution.run(trace, latencyDistribution.params.parse({}))).not.toHaveProperty('brushed')
  })
})

describe('slowest operations', () => {
  it('are the longest of scope and brush, each with its longest wait in scope', () => {
    fc.assert(
      fc.property(anySmallTrace, anyScope, fc.option(anyBrush, { nil: undefined }), (small, scope, brush) => {
        const trace = traceOf(small)
        const params = slowestOps.params.parse({ scope, top: 3, ...(brush === undefined ? {} : { brush }) })
        const { rows, total } = slowestOps.run(trace, params)
        const ops = opsOf(trace, scope).filter(
          (op) => finished(op) && (brush === undefined || inBrush(op, scope, brush)),
        )
        const slowest = ops.sort((a, b) => b.durationNs - a.durationNs || a.id - b.id)
        expect(total).toBe(ops.length)
        expect(rows.map(({ opId }) => opId)).toEqual(slowest.slice(0, 3).map(({ id }) => id))
        const { lock, lockClass, mode } = scope
        for (const row of rows) {
          const waits = naiveSpans(trace)
            .filter((span) => span.op === row.opId && span.waitNs >= 0)
            .filter((span) => spanMatches(trace, span, { lock, lockClass, mode }))
            .sort((a, b) => b.waitNs - a.waitNs || a.id - b.id)
          expect(row.waitedFor?.waitId).toBe(waits.at(0)?.id)
          expect(row.waitedFor?.waitNs).toBe(waits.at(0)?.waitNs)
        }
      }),
      runs,
    )
  })
})

describe('overview', () => {
  it('has the key figures of its definition', () => {
    forAll((trace, scope) => {
      const { keys } = overview.run(trace, overview.params.parse({ scope }))
      const ops = opsOf(trace, scope)
      const waits = measuredWaits(trace, scope)
      const anyKnown =
        naiveOps(trace).some(({ waitNs }) => waitNs >= 0) ||
        naiveSpans(trace).some((span) => span.contended && !span.annotation)
      expect(keys.operations).toBe(ops.length)
      expect(keys.waitTotalNs).toBe(anyKnown ? sum(waits.map((w) => inside(w.requestedNs, w.acquiredNs, scope))) : null)
      const worst = waits.sort((a, b) => b.waitNs - a.waitNs || a.id - b.id).at(0)
      expect(keys.worstWait?.waitId).toBe(worst?.id)
      expect(keys.worstWait?.open).toBe(worst?.open)
      expect(keys.openWaits).toBe(waits.filter(({ open }) => open).length)
      const total = (kind: string): number =>
        sum(ops.filter((op) => op.kind === kind && finished(op)).map((op) => op.durationNs))
      const kinds = trace.opKinds.filter((kind) => ops.some((op) => op.kind === kind))
      expect(keys.mainOp?.op).toBe(kinds.find((kind) => kinds.every((other) => total(kind) >= total(other))))
      const told = ops.length === 0 || ops.some((op) => !Number.isNaN(op.result))
      expect(keys.failed).toBe(told ? ops.filter((op) => op.result < 0).length : null)
      expect(sum(keys.failures.map(({ count }) => count))).toBe(keys.failed ?? 0)
    })
  })

  it('counts every operation that began in the window in one bin, and every event of the whole trace', () => {
    fc.assert(
      fc.property(anySmallTrace, anyScope, fc.integer({ min: 1, max: 30 }), (small, scope, bins) => {
        const trace = traceOf(small)
        const { overTime } = overview.run(trace, overview.params.parse({ scope, bins }))
        const began = opsOf(trace, scope).filter((op) => op.startNs >= from(scope))
        overTime.kinds.forEach((kind, k) => {
          expect(sum([...overTime.startsPerBin[k]])).toBe(began.filter((op) => op.kind === kind).length)
          expect(overTime.startsPerBin[k].length).toBe(overTime.bins)
        })
        expect([...overTime.kinds]).toEqual(trace.opKinds.filter((kind) => began.some((op) => op.kind === kind)))
        const whole = overview.run(trace, overview.params.parse({ bins }))
        expect(sum([...whole.overTime.events])).toBeCloseTo(10, 9)
      }),
      runs,
    )
  })

  it('clips task states, busy time and waits to the window', () => {
    forAll((trace, scope) => {
      const { tasks } = overview.run(trace, overview.params.parse({ scope }))
      const ops = opsOf(trace, scope)
      const waits = measuredWaits(trace, scope)
      const { cols, length } = trace.taskState
      for (const task of tasks) {
        const own = ops.filter((op) => op.task === task.id)
        let busy = 0
        for (let at = 0; at < 200; at++) {
          const covered = own.some((op) => finished(op) && op.startNs <= at && op.endNs > at)
          if (covered && at >= from(scope) && at < to(scope)) busy++
        }
        expect(task.operations).toBe(own.length)
        expect(task.busyNs).toBe(busy)
        const waited = waits.filter((wait) => wait.task === task.id)
        expect(task.waitNs ?? 0).toBe(sum(waited.map((w) => inside(w.requestedNs, w.acquiredNs, scope))))
        const states = TASK_STATES.map((_, state) =>
          sum(
            Array.from({ length }, (_, row) => row)
              .filter((row) => cols.task[row] === task.id && cols.state[row] === state)
              .map((row) => inside(cols.startNs[row], cols.startNs[row] + cols.durationNs[row], scope)),
          ),
        )
        expect(task.states).toEqual(length === 0 ? null : states)
      }
      const listed = tasks.map(({ id }) => id)
      for (const op of ops) expect(listed).toContain(op.task)
    })
  })
})

/**
 * Views of the timeline against a naive oracle: every span of a row, one by one. At full zoom nothing is missing and
 * nothing is added; at any zoom counts add up, what is busy is busy to a pixel, and no more slices come than a screen
 * can show.
 */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limits } from '#shared/base/limits.ts'
import { SPAN_CONTENDED, SPAN_HOLD_KNOWN } from '#shared/model/kinds.ts'
import type { Trace } from '#shared/model/trace.ts'
import { CounterLane, stepsFromSpans } from '#shared/timeline/counters.ts'
import { rowsOf } from '#shared/timeline/rows.ts'
import type { TimelineView, TrackFamily } from '#shared/timeline/types.ts'
import { viewOf } from '#shared/timeline/view.ts'
import { traceOf } from '../support/small-trace.ts'
import { syntheticTrace } from '../support/synthetic-trace.ts'

const SMALL = { lockSpans: 300, phases: 200, ops: 100, tasks: 6, locks: 12 }

interface Spot {
  readonly id: number
  readonly start: number
  readonly end: number
}

/** Spans of a task, straight from the columns. */
function spansOf(trace: Trace, family: TrackFamily, task: number): Spot[] {
  const out: Spot[] = []
  const add = (id: number, start: number, end: number) => {
    if (!(start >= 0)) return
    out.push({ id, start, end: Number.isNaN(end) ? Math.max(start, trace.meta.durationNs) : Math.max(start, end) })
  }
  if (family === 'op') {
    const { cols, length } = trace.op
    for (let i = 0; i < length; i++)
      if (cols.task[i] === task) add(i, cols.startNs[i], cols.startNs[i] + cols.durationNs[i])
  } else {
    const { cols, length } = trace.lockSpan
    const [flag, start, end] =
      family === 'hold'
        ? [SPAN_HOLD_KNOWN, cols.acquiredNs, cols.releasedNs]
        : [SPAN_CONTENDED, cols.requestedNs, cols.acquiredNs]
    for (let i = 0; i < length; i++) {
      const kind = trace.lockClasses[trace.locks[cols.lock[i]].lockClass].kind
      if (cols.task[i] === task && (cols.flags[i] & flag) !== 0 && kind !== 'annotation') add(i, start[i], end[i])
    }
  }
  return out
}

interface Drawn {
  readonly family: TrackFamily
  readonly lane: number
  readonly start: number
  readonly end: number
  readonly id: number
  readonly count: number
  readonly share: number
}

function drawn({ tracks, slices, fromNs, unitNs }: TimelineView): Drawn[] {
  return tracks.flatMap(({ family, lane, begin, end }) =>
    Array.from({ length: end - begin }, (_, i) => ({
      family,
      lane,
      start: fromNs + slices.start[begin + i] * unitNs,
      end: fromNs + slices.end[begin + i] * unitNs,
      id: slices.id[begin + i],
      count: slices.count[begin + i],
      share: slices.share[begin + i],
    })),
  )
}

const seeds = fc.integer({ min: 1, max: 1_000_000 })
const families = ['op', 'hold', 'wait'] as const

describe('a view at full zoom', () => {
  it('has every span that overlaps it, exactly, and nothing else', () => {
    fc.assert(
      fc.property(seeds, fc.nat(5), fc.double({ min: 0, max: 1, noNaN: true }), (seed, task, where) => {
        const trace = syntheticTrace({ ...SMALL, seed })
        const fromNs = Math.floor(where * trace.meta.durationNs)
        const toNs = fromNs + 16_000
        const view = viewOf(trace, { fromNs, toNs, pixels: 16_000, rows: [`task:${task}`] })
        expect(view).toMatchObject({ fromNs, toNs, unitNs: 1, mergedNs: 0, coarse: false })
        for (const family of families) {
          const naive = spansOf(trace, family, task).filter(
            ({ start, end }) => start < toNs && (end > fromNs || start >= fromNs),
          )
          const open = new Set(naive.filter(({ end }) => end >= trace.meta.durationNs).map(({ id }) => id))
          const found = drawn(view).filter((slice) => slice.family === family)
          const clip = ({ id, start, end }: Spot) => `${id} ${Math.max(start, fromNs)} ${Math.min(end, toNs)}`
          expect(
            found
              .filter(({ id }) => !open.has(id))
              .map(clip)
              .sort(),
          ).toEqual(
            naive
              .filter(({ id }) => !open.has(id))
              .map(clip)
              .sort(),
          )
        }
      }),
      { numRuns: 60 },
    )
  })
})

describe('a view that is asked for exact times', () => {
  it('has the ends of every slice, not cut at its edges and not in units', () => {
    const hour = 3600e9
    const trace = traceOf({
      ops: [
        { startNs: 1, durationNs: hour + 7 },
        { startNs: 2 * hour + 3, durationNs: 5 },
      ],
      durationNs: 3 * hour,
    })
    const window = { fromNs: hour, toNs: 3 * hour, pixels: 100, rows: ['task:0'] }
    const { slices, exact } = viewOf(trace, { ...window, exact: true })
    expect([...slices.id]).toEqual([0, 1])
    expect([...(exact?.start ?? [])]).toEqual([1, 2 * hour + 3])
    expect([...(exact?.end ?? [])]).toEqual([hour + 8, 2 * hour + 8])
    expect(viewOf(trace, window).exact).toBeUndefined()
  })
})

describe('a view at any zoom', () => {
  const anyView = fc.record({
    seed: seeds,
    task: fc.nat(5),
    from: fc.double({ min: 0, max: 1, noNaN: true }),
    width: fc.double({ min: 0.0001, max: 1, noNaN: true }),
    pixels: fc.integer({ min: 1, max: 300 }),
  })

  it('counts every span once, shows busy time to a pixel, and has at most two slices per bucket and lane', () => {
    fc.assert(
      fc.property(anyView, ({ seed, task, from, width, pixels }) => {
        const trace = syntheticTrace({ ...SMALL, seed })
        const fromNs = Math.floor(from * trace.meta.durationNs)
        const toNs = fromNs + Math.max(1, Math.ceil(width * trace.meta.durationNs))
        const view = viewOf(trace, { fromNs, toNs, pixels, rows: [`task:${task}`] })
        expect(view.fromNs).toBeLessThanOrEqual(fromNs)
        expect(view.toNs).toBeGreaterThanOrEqual(toNs)
        const pixelNs = Math.max(1, (toNs - fromNs) / pixels)
        for (const { begin, end } of view.tracks) expect(end - begin).toBeLessThanOrEqual(2 * (pixels + 2))
        for (const family of families) {
          const naive = spansOf(trace, family, task).filter(
            ({ start, end }) => start < view.toNs && (end > view.fromNs || start >= view.fromNs),
          )
          const found = drawn(view).filter((slice) => slice.family === family)
          expect(found.reduce((sum, { count }) => sum + count, 0)).toBe(naive.length)
          // Where a span is, something is drawn within a pixel or two; where something is drawn, a span is that near.
          for (const { start, end } of naive) {
            const near = found.some(
              (slice) =>
                slice.start <= Math.max(start, view.fromNs) + view.unitNs &&
                slice.end + 4 * pixelNs >= Math.min(end, view.toNs) - view.unitNs &&
                slice.end + view.unitNs >= Math.max(start, view.fromNs),
            )
            expect(near || end >= trace.meta.durationNs).toBe(true)
          }
        }
      }),
      { numRuns: 150 },
    )
  })

  it('keeps covered time: a slice’s extent times its share is what its spans last', () => {
    fc.assert(
      fc.property(anyView, ({ seed, task, pixels }) => {
        const trace = syntheticTrace({ ...SMALL, seed })
        const { durationNs } = trace.meta
        const view = viewOf(trace, { fromNs: 0, toNs: durationNs + 1, pixels, rows: [`task:${task}`] })
        const lane0 = drawn(view).filter(({ family, lane }) => family === 'op' && lane === 0)
        const sum = lane0.reduce((ns, { start, end, share }) => ns + ((end - start) * share) / 255, 0)
        const known = spansOf(trace, 'op', task)
        fc.pre(known.every(({ id }) => !Number.isNaN(trace.op.cols.durationNs[id])))
        const naive = known.reduce((ns, { start, end }) => ns + end - start, 0)
        // share has 8 bits.
        expect(Math.abs(sum - naive)).toBeLessThanOrEqual(durationNs * 0.05 + lane0.length * view.unitNs)
      }),
      { numRuns: 60 },
    )
  })

  it('stays within the bytes of a view, however many rows it has', () => {
    const trace = syntheticTrace({ lockSpans: 200_000, phases: 100_000, ops: 60_000, tasks: 32, locks: 50, seed: 7 })
    const rows = Array.from({ length: 32 }, (_, task) => `task:${task}`)
    const view = viewOf(trace, { fromNs: 0, toNs: trace.meta.durationNs, pixels: 2000, rows })
    const bytes = Object.values(view.slices).reduce((sum, column: { byteLength: number }) => sum + column.byteLength, 0)
    expect(bytes).toBeLessThanOrEqual(limits.timelineBytes)
    expect(view.coarse).toBe(true)
    const holds = view.tracks.filter(({ family }) => family === 'hold')
    const counted = holds.reduce(
      (sum, { begin, end }) => sum + view.slices.count.subarray(begin, end).reduce((n, count) => n + count, 0),
      0,
    )
    const naive = rows.reduce((sum, _, task) => sum + spansOf(trace, 'hold', task).length, 0)
    expect(counted).toBe(naive)
  })
})

describe('a counter in a view', () => {
  it('has at every moment the value, within the extremes of its sample', () => {
    fc.assert(
      fc.property(
        seeds,
        fc.integer({ min: 1, max: 3000 }),
        fc.double({ min: 0, max: 0.9, noNaN: true }),
        (seed, pixels, where) => {
          const trace = syntheticTrace({ ...SMALL, seed })
          const { durationNs } = trace.meta
          const steps = stepsFromSpans(trace, 'waiters')
          const fromNs = Math.floor(where * durationNs)
          const params = { fromNs, toNs: durationNs, pixels, rows: ['counter:waiters'] }
          const lane = new CounterLane(steps)
          const view = viewOf(trace, params, { ticks: [], counters: [{ row: 0, lane }], indexed: 1 })
          const { begin, end } = view.tracks.find(({ family }) => family === 'counter') ?? { begin: 0, end: 0 }
          const { at, min, max } = view.counters
          expect(at).toHaveLength(end)
          expect(max.some((value) => value > 0)).toBe(
            steps.value.some((value, i) => value > 0 && steps.at[i] >= fromNs),
          )
          steps.at.forEach((ns, i) => {
            if (ns < view.fromNs || ns >= view.toNs) return
            const sample = at.subarray(begin, end).findLastIndex((unit) => view.fromNs + unit * view.unitNs <= ns)
            expect(sample).toBeGreaterThanOrEqual(0)
            expect(min[begin + sample]).toBeLessThanOrEqual(steps.value[i])
            expect(max[begin + sample]).toBeGreaterThanOrEqual(steps.value[i])
          })
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('rows', () => {
  const params = { section: 'task', text: '', idle: false, sort: 'natural', offset: 0, limit: 100 } as const

  it('says what happens on each row', () => {
    const trace = syntheticTrace({ ...SMALL, seed: 3 })
    const { rows, total, sections } = rowsOf(trace, params)
    expect(total).toBe(6)
    expect(sections).toMatchObject({ task: 6 })
    rows.forEach((row, task) => {
      const waits = spansOf(trace, 'wait', task).filter(({ id }) => !Number.isNaN(trace.lockSpan.cols.acquiredNs[id]))
      expect(row.waitedNs).toBe(waits.reduce((ns, { start, end }) => ns + end - start, 0))
    })
  })
})

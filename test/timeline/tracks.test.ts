/**
 * What is drawn against what is there, on traces of every shape: unknown ends, moments, overlaps, ties. For task rows, lock
 * rows, CPUs and inodes; amber, counters and ticks.
 */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { waitEnds } from '#shared/analysis/parts/wait-ends.ts'
import { limits } from '#shared/base/limits.ts'
import { SPAN_CONTENDED, SPAN_HOLD_KNOWN, TASK_STATES } from '#shared/model/kinds.ts'
import type { Trace } from '#shared/model/trace.ts'
import { CounterLane, EventCounter, stepsFromSpans, type Steps } from '#shared/timeline/counters.ts'
import { detailsOf } from '#shared/timeline/spans.ts'
import { statisticsOf } from '#shared/timeline/statistics.ts'
import { tickChunk, TickIndex, ticksOf } from '#shared/timeline/ticks.ts'
import { tracksOf, type Track } from '#shared/timeline/tracks.ts'
import { SLICE_OPEN, type TrackFamily } from '#shared/timeline/types.ts'
import { viewOf } from '#shared/timeline/view.ts'
import { anySmallTrace, traceOf } from '../support/small-trace.ts'

interface Slice {
  readonly id: number
  readonly start: number
  readonly end: number
  readonly lane: number
}

function slicesOf(tracks: readonly Track[], family: TrackFamily): Slice[] {
  return tracks
    .filter((track) => track.family === family)
    .flatMap(({ lane, slices }) =>
      Array.from({ length: slices.length }, (_, i) => ({
        id: slices.columns.id?.[i] ?? -1,
        start: slices.columns.start[i],
        end: slices.columns.end[i],
        lane,
      })),
    )
}

/** Spans that belong on a lock row, straight from the columns. */
function onLock(trace: Trace, lock: number, family: 'hold' | 'wait'): { id: number; start: number; end: number }[] {
  const { cols, length } = trace.lockSpan
  const given = (id: number): number => (cols.releasedNs[id] > cols.requestedNs[id] ? cols.releasedNs[id] : NaN)
  const got = (id: number): number => (Number.isNaN(cols.acquiredNs[id]) ? given(id) : cols.acquiredNs[id])
  const [flag, from, to] =
    family === 'hold'
      ? ([SPAN_HOLD_KNOWN, cols.acquiredNs, (id: number) => cols.releasedNs[id]] as const)
      : ([SPAN_CONTENDED, cols.requestedNs, got] as const)
  if (trace.lockClasses[trace.locks[lock].lockClass].kind === 'annotation') return []
  return Array.from({ length }, (_, id) => id)
    .filter((id) => cols.lock[id] === lock && (cols.flags[id] & flag) !== 0 && from[id] >= 0)
    .map((id) => ({ id, start: from[id], end: to(id) }))
}

describe('the tracks of a row', () => {
  it('have each span once, with its own times where they are known, and never overlap in a lane', () => {
    fc.assert(
      fc.property(anySmallTrace, fc.nat(3), (small, lock) => {
        const trace = traceOf(small)
        const tracks = tracksOf(trace, { section: 'lock', number: lock })
        for (const family of ['hold', 'wait'] as const) {
          const found = slicesOf(tracks, family)
          const naive = onLock(trace, lock, family)
          expect(found.map(({ id }) => id).toSorted((a, b) => a - b)).toEqual(naive.map(({ id }) => id))
          for (const { id, start, end } of naive) {
            const slice = found.find((one) => one.id === id)
            expect(slice?.start).toBe(start)
            if (!Number.isNaN(end)) expect(slice?.end).toBe(Math.max(start, end))
          }
          for (const lane of new Set(found.map((slice) => slice.lane))) {
            const its = found.filter((slice) => slice.lane === lane)
            for (let i = 1; i < its.length; i++) expect(its[i].start).toBeGreaterThanOrEqual(its[i - 1].end)
          }
        }
      }),
      { numRuns: 200 },
    )
  })

  it('are amber exactly while an edge says that somebody waited for the hold', () => {
    const trace = traceOf({
      spans: [
        { task: 0, acquiredNs: 0, releasedNs: 60 },
        { task: 1, requestedNs: 10, acquiredNs: 60, releasedNs: 70 },
        { task: 2, requestedNs: 40, acquiredNs: 70, releasedNs: 80 },
      ],
      edges: [
        { waiter: 1, holder: 0, overlapNs: 50 },
        { waiter: 2, holder: 0, overlapNs: 20 },
        { waiter: 2, holder: 1, overlapNs: 10 },
      ],
    })
    const tracks = tracksOf(trace, { section: 'lock', number: 0 })
    expect(slicesOf(tracks, 'blocking')).toEqual([
      { id: 0, start: 10, end: 60, lane: 0 },
      { id: 1, start: 60, end: 70, lane: 0 },
    ])
    expect(slicesOf(tracks, 'wait').map(({ id, lane }) => [id, lane])).toEqual([
      [1, 0],
      [2, 1],
    ])
    const view = viewOf(trace, { fromNs: 0, toNs: 100, pixels: 100, rows: ['lock:0'] })
    const hold = view.tracks.find(({ family }) => family === 'hold')
    expect(view.slices.waited[hold?.begin ?? -1]).toBe(Math.round((50 / 60) * 255))
  })

  it('put more overlaps than there are lanes into the last one, counted', () => {
    const crowd = limits.timelineLanes + 20
    const trace = traceOf({
      tasks: Array.from({ length: crowd + 1 }, (_, i) => `t${i}`),
      spans: [
        { task: 0, acquiredNs: 0, releasedNs: 90 },
        ...Array.from({ length: crowd }, (_, i) => ({ task: i + 1, requestedNs: i, acquiredNs: 90, releasedNs: 91 })),
      ],
    })
    const view = viewOf(trace, { fromNs: 0, toNs: 100, pixels: 100, rows: ['lock:0'] })
    const waits = view.tracks.filter(({ family }) => family === 'wait')
    expect(waits).toHaveLength(limits.timelineLanes)
    const counts = waits.map(({ begin, end }) => view.slices.count.subarray(begin, end).reduce((sum, n) => sum + n, 0))
    expect(counts.reduce((sum, n) => sum + n, 0)).toBe(crowd)
    expect(counts.at(-1)).toBe(21)
  })

  it('end a system call that was not seen to end where the next one begins, but not at a fault inside it', () => {
    const trace = traceOf({
      ops: [
        { kind: 'write', startNs: 0 },
        { kind: 'write_fault', startNs: 5, durationNs: 2 },
        { kind: 'fsync', startNs: 20, durationNs: 10 },
      ],
    })
    expect(slicesOf(tracksOf(trace, { section: 'task', number: 0 }), 'op')).toEqual([
      { id: 0, start: 0, end: 20, lane: 0 },
      { id: 2, start: 20, end: 30, lane: 0 },
      { id: 1, start: 5, end: 7, lane: 1 },
    ])
  })

  it('end a wait where it was given up, and claim no time for one whose end was lost', () => {
    const trace = traceOf({
      spans: [
        { task: 0, requestedNs: 10, releasedNs: 30 },
        { task: 0, requestedNs: 50, releasedNs: 50 },
        { task: 1, requestedNs: 60 },
      ],
      durationNs: 100,
    })
    const waits = (task: number) =>
      slicesOf(tracksOf(trace, { section: 'task', number: task }), 'wait').map(({ start, end }) => [start, end])
    expect(waits(0)).toEqual([
      [10, 30],
      [50, 50],
    ])
    expect(waits(1)).toEqual([[60, 100]])
    const steps = stepsFromSpans(trace, 'waiters')
    expect([10, 30, 50, 55, 60, 99].map((ns) => valueAt(steps, ns))).toEqual([1, 0, 0, 0, 1, 1])
  })

  it('end a hold that was not seen to end where another task took the lock', () => {
    const trace = traceOf({
      spans: [
        { task: 0, acquiredNs: 10 },
        { task: 1, acquiredNs: 40, releasedNs: 60 },
        { task: 0, lock: 1, acquiredNs: 50 },
      ],
      locks: [0, 0],
      durationNs: 100,
    })
    const found = slicesOf(tracksOf(trace, { section: 'task', number: 0 }), 'hold')
    expect(found.map(({ start, end }) => [start, end])).toEqual([
      [10, 40],
      [50, 100],
    ])
    expect(detailsOf(trace, { family: 'hold', id: 0 })).toMatchObject({
      endNs: null,
      untilNs: 40,
      flags: SLICE_OPEN,
    })
    const { holds } = statisticsOf(trace, { fromNs: 45, toNs: 49 })
    expect(holds).toMatchObject([{ count: 1, unknown: 0 }])
  })
})

function valueAt({ at, value }: Steps, ns: number): number {
  const i = at.findLastIndex((one) => one <= ns)
  return i === -1 ? 0 : value[i]
}

describe('counters', () => {
  it('count who waits at every moment', () => {
    fc.assert(
      fc.property(anySmallTrace, fc.nat(100), (small, ns) => {
        const trace = traceOf(small)
        const naive = trace.locks
          .flatMap((_, lock) => onLock(trace, lock, 'wait'))
          // One that was not seen to end counts where it still waited when the trace ended, and not where that is unknown.
          .filter(({ id, start }) => start <= ns && waitEnds(trace)[id] > ns)
        const steps = stepsFromSpans(trace, 'waiters')
        expect(valueAt(steps, ns)).toBe(naive.length)
      }),
      { numRuns: 200 },
    )
  })

  it('count who is ready to run', () => {
    const runnable = TASK_STATES.indexOf('runnable')
    const trace = traceOf({
      states: [
        { task: 0, state: runnable, startNs: 0, durationNs: 10 },
        { task: 1, state: runnable, startNs: 5, durationNs: 10 },
        { task: 2, state: 0, startNs: 0, durationNs: 50 },
      ],
    })
    const steps = stepsFromSpans(trace, 'runnable')
    expect([0, 5, 10, 15].map((ns) => valueAt(steps, ns))).toEqual([1, 2, 1, 0])
  })

  it('have the extremes of every bucket at any width', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: -5, max: 50 })), {
          maxLength: 600,
          size: 'max',
        }),
        fc.nat(4000),
        fc.nat(4000),
        fc.integer({ min: 0, max: 9 }),
        (gaps, from, width, power) => {
          let now = 0
          const at = Float64Array.from(gaps, ([gap]) => (now += gap))
          const value = Float64Array.from(gaps, ([, one]) => one)
          const bucket = 2 ** power
          const fromNs = Math.floor(from / bucket) * bucket
          const toNs = fromNs + Math.ceil((width + 1) / bucket) * bucket
          const samples = new CounterLane({ at, value }).samples(fromNs, toNs, bucket)
          const inside = [...at.keys()].filter((i) => at[i] >= fromNs && at[i] < toNs)
          const buckets = Map.groupBy(inside, (i) => Math.floor(at[i] / bucket))
          const naive = [...buckets].flatMap(([number, its]) => {
            const last = value[its[its.length - 1]]
            const min = Math.min(...its.map((i) => value[i]))
            const max = Math.max(...its.map((i) => value[i]))
            const end = (number + 1) * bucket
            // What it was at the bucket's end goes on until it changes.
            const alone = min !== max && end < toNs && !at.includes(end)
            return [{ at: at[its[0]], min, max, last }, ...(alone ? [{ at: end, min: last, max: last, last }] : [])]
          })
          const before = at.findLastIndex((one) => one < fromNs)
          const first =
            before === -1 ? [] : [{ at: fromNs, min: value[before], max: value[before], last: value[before] }]
          expect(samples).toEqual([...first, ...naive])
        },
      ),
      { numRuns: 200 },
    )
  })

  it('read what events print', () => {
    const counted = (id: string, events: readonly (readonly [string, string])[]) => {
      const counter = new EventCounter(id)
      events.forEach(([name, payload], i) => counter.event(i, name, payload))
      return [...counter.finish().value]
    }
    expect(
      counted('free-blocks', [
        ['ext4_free_blocks', 'dev 259,0 ino 12 mode 0100644 block 35521 count 3 flags VALIDATED|1ST_CLUSTER'],
        ['ext4_allocate_blocks', 'dev 259,0 ino 12 flags HINT_DATA len 5 block 34816 lblk 0 goal 34816 lleft 0'],
      ]),
    ).toEqual([3, -2])
    expect(
      counted('dirty', [['balance_dirty_pages', 'bdi 8:0: limit=1 setpoint=2 dirty=417 bdi_setpoint=3 bdi_dirty=9']]),
    ).toEqual([417])
    expect(
      counted('journal-commit', [
        ['jbd2_start_commit', ''],
        ['jbd2_commit_logging', ''],
        ['jbd2_end_commit', ''],
      ]),
    ).toEqual([1, 4, 0])
  })
})

describe('ticks', () => {
  const events = fc.array(
    fc.record({ gap: fc.integer({ min: -3, max: 40 }), cpu: fc.integer({ min: -1, max: 2 }), task: fc.nat(4) }),
    {
      maxLength: 700,
      size: 'max',
    },
  )

  it('are each event of a row, from chunks; and add up to them, from the index', () => {
    fc.assert(
      fc.property(events, fc.nat(4), (list, task) => {
        let now = 100
        const sizes = { task: 5, cpu: 3 }
        const columns = {
          length: list.length,
          ts: Float64Array.from(list, ({ gap }) => (now += gap)),
          cpu: Int32Array.from(list, ({ cpu }) => cpu),
          task: Uint32Array.from(list, (event) => event.task),
          name: Uint16Array.from(list, () => 0),
        }
        const naive = [...columns.ts].filter((_, i) => list[i].task === task).toSorted((a, b) => a - b)
        const window = { fromNs: -Infinity, toNs: Infinity }
        const row = { section: 'task', number: task } as const
        const near = ticksOf([tickChunk(columns, sizes)], row, window)
        expect([...near.columns.start]).toEqual(naive)
        const index = new TickIndex(sizes)
        index.add(columns)
        const far = index.lane(row).columns
        expect([...(far.count ?? [])].reduce((sum, n) => sum + n, 0)).toBe(naive.length)
        for (let i = 1; i < far.length; i++) expect(far.start[i]).toBeGreaterThanOrEqual(far.end[i - 1])
      }),
      { numRuns: 100 },
    )
  })
})

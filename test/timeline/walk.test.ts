/** Walking: along a row slice by slice, along a wait chain to its root, and along an operation's critical path. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SpanRef } from '#shared/timeline/answers.ts'
import { flowOf } from '#shared/timeline/flow.ts'
import { pathOf } from '#shared/timeline/path.ts'
import { stepOf } from '#shared/timeline/step.ts'
import { tracksOf } from '#shared/timeline/tracks.ts'
import { detailsOf } from '#shared/timeline/spans.ts'
import { anySmallTrace, traceOf } from '../support/small-trace.ts'

/** T0 waits for A, which T1 holds while it waits for B, which T2 holds in a commit. */
const CHAIN = traceOf({
  tasks: ['reader', 'writer', 'jbd2'],
  classes: [
    ['A', 'rwsem'],
    ['B', 'mutex'],
  ],
  locks: [0, 1],
  ops: [
    { task: 0, kind: 'read_fault', startNs: 0, durationNs: 100 },
    { task: 1, kind: 'truncate', startNs: 5, durationNs: 90 },
  ],
  phases: [{ task: 2, name: 'commit', startNs: 0, durationNs: 80 }],
  spans: [
    { lock: 0, task: 0, op: 0, requestedNs: 10, acquiredNs: 90, releasedNs: 95 },
    { lock: 0, task: 1, op: 1, acquiredNs: 8, releasedNs: 90 },
    { lock: 1, task: 1, op: 1, requestedNs: 20, acquiredNs: 70, releasedNs: 85 },
    { lock: 1, task: 2, acquiredNs: 2, releasedNs: 70 },
  ],
  edges: [
    { waiter: 0, holder: 1, overlapNs: 80 },
    { waiter: 2, holder: 3, overlapNs: 50 },
  ],
  states: [
    { task: 0, state: 0, startNs: 0, durationNs: 10 },
    { task: 0, state: 3, startNs: 10, durationNs: 80 },
    { task: 0, state: 0, startNs: 90, durationNs: 10 },
    { task: 2, state: 2, startNs: 0, durationNs: 80 },
  ],
  durationNs: 120,
})

describe('flow', () => {
  it('shows direct holders of a wait only, unless the whole chain is asked for', () => {
    const direct = flowOf(CHAIN, { span: { family: 'wait', id: 0 }, whole: false })
    expect(direct.edges.map(({ waiter, holder, depth }) => [waiter.id, holder.id, depth])).toEqual([[0, 1, 1]])
    const whole = flowOf(CHAIN, { span: { family: 'wait', id: 0 }, whole: true })
    expect(whole.edges.map(({ waiter, holder, depth }) => [waiter.id, holder.id, depth])).toEqual([
      [0, 1, 1],
      [2, 3, 2],
    ])
    expect(whole.edges[0]).toMatchObject({ fromNs: 10, toNs: 90, holder: { rows: ['task:1', 'lock:0'] } })
  })

  it('walks wait, hold, wait, hold to the root, and knows where it is', () => {
    const { steps, at } = flowOf(CHAIN, { span: { family: 'wait', id: 0 }, whole: false })
    expect(steps.map(({ family, id }) => `${family} ${id}`)).toEqual(['wait 0', 'hold 1', 'wait 2', 'hold 3'])
    expect(at).toBe(0)
    const fromHold = flowOf(CHAIN, { span: { family: 'hold', id: 1 }, whole: false })
    expect(fromHold.steps).toEqual(steps)
    expect(fromHold.at).toBe(1)
    expect(fromHold.edges.map(({ waiter }) => waiter.id)).toEqual([0])
  })

  it('tells the chain in words up to the root', () => {
    const { words } = flowOf(CHAIN, { span: { family: 'op', id: 0 }, whole: false })
    expect(words).toEqual([
      'reader (100) waited 80 ns for A (exclusive) in read_fault.',
      'writer (101) held A (exclusive) for 82 ns, 80 ns of it in the way, in truncate, waiting for B itself.',
      'jbd2 (102) held B (exclusive) for 68 ns, 50 ns of it in the way, in commit.',
      'The root is jbd2.',
    ])
  })

  it('answers for any span of any trace', () => {
    fc.assert(
      fc.property(anySmallTrace, (small) => {
        const trace = traceOf(small)
        const refs: SpanRef[] = [
          ...Array.from({ length: trace.op.length }, (_, id): SpanRef => ({ family: 'op', id })),
          ...Array.from({ length: trace.lockSpan.length }, (_, id): SpanRef => ({ family: 'hold', id })),
        ]
        for (const span of refs) {
          const flow = flowOf(trace, { span, whole: true })
          for (const { fromNs, toNs } of flow.edges) expect(toNs).toBeGreaterThanOrEqual(fromNs)
          expect(detailsOf(trace, span).words.length).toBeGreaterThan(0)
        }
      }),
      { numRuns: 100 },
    )
  })
})

describe('critical path', () => {
  it('goes through the holder and whoever the holder waits for', () => {
    const { segments, totals } = pathOf(CHAIN, 0)
    expect(
      segments.map(({ depth, task, kind, fromNs, toNs, phase }) => [depth, task, kind, fromNs, toNs, phase]),
    ).toEqual([
      [0, 'reader', 'running', 0, 10, null],
      [0, 'reader', 'waiting', 10, 90, null],
      [1, 'writer', 'unknown', 10, 20, null],
      [1, 'writer', 'waiting', 20, 70, null],
      [2, 'jbd2', 'io', 20, 70, 'commit'],
      [1, 'writer', 'unknown', 70, 90, null],
      [0, 'reader', 'running', 90, 100, null],
    ])
    expect(totals).toEqual([
      { kind: 'waiting', ns: 80, share: 0.8 },
      { kind: 'running', ns: 20, share: 0.2 },
    ])
  })

  it('says of a wait that was given up when that was, and goes on after it', () => {
    const trace = traceOf({
      ops: [{ startNs: 0, durationNs: 100 }],
      spans: [
        { task: 0, op: 0, requestedNs: 10, releasedNs: 30 },
        { task: 0, op: 0, requestedNs: 50, releasedNs: 50 },
        { task: 0, op: 0, requestedNs: 60, acquiredNs: 75, releasedNs: 80 },
      ],
      durationNs: 200,
    })
    const waits = pathOf(trace, 0).segments.filter(({ kind }) => kind === 'waiting')
    expect(waits.map(({ fromNs, toNs }) => [fromNs, toNs])).toEqual([
      [10, 30],
      [60, 75],
    ])
    const { endNs, waitNs, words } = detailsOf(trace, { family: 'wait', id: 0 })
    expect([endNs, waitNs]).toEqual([30, 20])
    expect(words).toEqual(['a (100) waited for 20 ns for L (exclusive) in fault.', 'It gave up and did not get it.'])
    expect(flowOf(trace, { span: { family: 'op', id: 0 }, whole: false }).chain?.waitId).toBe(0)
  })

  it('does not go round where two tasks wait for each other', () => {
    const trace = traceOf({
      ops: [{ startNs: 0, durationNs: 100 }],
      locks: [0, 0],
      spans: [
        { task: 0, lock: 0, op: 0, requestedNs: 10, acquiredNs: 90, releasedNs: 95 },
        { task: 1, lock: 0, acquiredNs: 5, releasedNs: 90 },
        { task: 1, lock: 1, requestedNs: 20, acquiredNs: 80, releasedNs: 85 },
        { task: 0, lock: 1, acquiredNs: 0, releasedNs: 80 },
      ],
      edges: [
        { waiter: 0, holder: 1, overlapNs: 80 },
        { waiter: 2, holder: 3, overlapNs: 60 },
      ],
    })
    const waits = pathOf(trace, 0).segments.filter(({ kind }) => kind === 'waiting')
    expect(waits.map(({ depth, task, fromNs, toNs }) => [depth, task, fromNs, toNs])).toEqual([
      [0, 'a', 10, 90],
      [1, 'b', 20, 80],
    ])
  })

  it('covers every moment of the operation exactly once at depth 0', () => {
    fc.assert(
      fc.property(anySmallTrace, (small) => {
        const trace = traceOf(small)
        for (let op = 0; op < trace.op.length; op++) {
          const { startNs, durationNs } = trace.op.cols
          const end = Number.isNaN(durationNs[op])
            ? Math.max(startNs[op], trace.meta.durationNs)
            : startNs[op] + durationNs[op]
          const own = pathOf(trace, op).segments.filter(({ depth }) => depth === 0)
          let now = startNs[op]
          for (const { fromNs, toNs } of own) {
            expect(fromNs).toBe(now)
            expect(toNs).toBeGreaterThan(fromNs)
            now = toNs
          }
          expect(now).toBe(end)
        }
      }),
      { numRuns: 150 },
    )
  })
})

describe('stepping along a row', () => {
  it('visits every slice once, forth and back', () => {
    fc.assert(
      fc.property(anySmallTrace, fc.nat(2), (small, task) => {
        const trace = traceOf(small)
        const row = `task:${task}`
        const families = ['op', 'phase', 'hold', 'wait'] as const
        const all = tracksOf(trace, { section: 'task', number: task }).flatMap(({ family, slices }) =>
          families.some((one) => one === family)
            ? [...(slices.columns.id?.subarray(0, slices.length) ?? [])].map((id) => `${family} ${id}`)
            : [],
        )
        for (const direction of ['next', 'previous'] as const) {
          const seen: string[] = []
          let from: SpanRef | { ns: number } = { ns: direction === 'next' ? -1 : 1e9 }
          for (;;) {
            const spot = stepOf(trace, { row, families, direction, from })
            if (spot === null) break
            seen.push(`${spot.family} ${spot.id}`)
            from = { family: spot.family, id: spot.id }
            expect(seen.length).toBeLessThanOrEqual(all.length)
          }
          expect(seen.toSorted()).toEqual(all.toSorted())
        }
      }),
      { numRuns: 150 },
    )
  })
})

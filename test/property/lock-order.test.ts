/** The lock order of any trace against its definition, and its circles against plain reachability. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lockOrder } from '#shared/analysis/lock-order.ts'
import { modeBit, needsQueuedWriter, OrderGraph, classesOf } from '#shared/lockorder/order-graph.ts'
import { MODES, SPAN_CONTENDED, SPAN_HOLD_KNOWN, SPAN_INFERRED, SPAN_TRY } from '#shared/model/kinds.ts'
import type { Trace } from '#shared/model/trace.ts'
import { inWindow, naiveSpans } from '../support/naive-analysis.ts'
import { anyScope, anySmallTrace, traceOf } from '../support/small-trace.ts'

const run = (trace: Trace, params: object = {}): ReturnType<typeof lockOrder.run> =>
  lockOrder.run(trace, lockOrder.params.parse(params))

interface Edge {
  count: number
  inferred: boolean
  modes: string[]
}

/** Every pair of spans, looked at one by one. */
function naiveEdges(trace: Trace, scope: object): Record<string, Edge> {
  const spans = naiveSpans(trace)
  const found: Record<string, Edge> = {}
  for (const wanted of spans) {
    for (const held of spans) {
      const before =
        held.requestedNs < wanted.requestedNs || (held.requestedNs === wanted.requestedNs && held.id < wanted.id)
      if (
        !held.holdKnown ||
        held.task !== wanted.task ||
        held.irq !== wanted.irq ||
        held.lockClass === wanted.lockClass ||
        !before
      )
        continue
      if (!(held.acquiredNs <= wanted.requestedNs && held.releasedNs > wanted.requestedNs)) continue
      if (!inWindow(wanted.requestedNs, wanted.requestedNs, scope)) continue
      const name = (span: (typeof spans)[number]): string => trace.lockClasses[span.lockClass].name
      const edge = (found[`${name(held)} ${name(wanted)}`] ??= { count: 0, inferred: true, modes: [] })
      edge.count++
      edge.inferred &&= held.inferred || wanted.inferred
      const modes = `${held.mode} ${wanted.mode}`
      if (!edge.modes.includes(modes)) edge.modes = [...edge.modes, modes].sort()
    }
  }
  return found
}

describe('lock order of a trace', () => {
  it('has the edges of its definition, with counts and modes, in any window', () => {
    fc.assert(
      fc.property(anySmallTrace, anyScope, (small, { fromNs, toNs }) => {
        const trace = traceOf(small)
        const scope = { ...(fromNs === undefined ? {} : { fromNs }), ...(toNs === undefined ? {} : { toNs }) }
        const got = Object.fromEntries(
          run(trace, { scope }).edges.map(({ from, to, count, inferred, modes }) => [
            `${from} ${to}`,
            { count, inferred, modes: modes.map((pair) => pair.join(' ')).sort() },
          ]),
        )
        expect(got).toEqual(naiveEdges(trace, scope))
      }),
      { numRuns: 400 },
    )
  })

  it('never asks for a trylock, and holds it all the same', () => {
    const trace = traceOf({
      classes: [
        ['A', 'mutex'],
        ['B', 'mutex'],
        ['C', 'mutex'],
      ],
      locks: [0, 1, 2],
      spans: [
        { lock: 0, acquiredNs: 1, releasedNs: 9 },
        { lock: 1, acquiredNs: 2, releasedNs: 8, flags: SPAN_HOLD_KNOWN | SPAN_TRY },
        { lock: 2, acquiredNs: 3, releasedNs: 4 },
      ],
    })
    expect(run(trace).edges.map(({ from, to }) => `${from} ${to}`)).toEqual(['A C', 'B C'])
  })

  it('closes a circle with the spans that showed each order, and lockdep does not see a folio', () => {
    const trace = traceOf({
      classes: [
        ['folio', 'bit-lock'],
        ['jbd2_handle', 'annotation'],
      ],
      locks: [0, 1],
      spans: [
        { lock: 1, task: 0, acquiredNs: 1, releasedNs: 9 },
        { lock: 0, task: 0, acquiredNs: 2, releasedNs: 3 },
        { lock: 0, task: 1, acquiredNs: 20, releasedNs: 30 },
        { lock: 1, task: 1, mode: 1, acquiredNs: 21, releasedNs: 22 },
      ],
    })
    const { cycles, edges } = run(trace)
    expect(cycles).toEqual([
      { classes: ['folio', 'jbd2_handle'], edges: [1, 0], lockdepSees: false, needsQueuedWriter: false },
    ])
    expect(edges[1]).toMatchObject({ heldSpan: 2, wantedSpan: 3, atNs: 21, task: { comm: 'b' } })
    expect(run(trace, { lockdepOnly: true })).toMatchObject({ edges: [], cycles: [] })
  })

  it('has what was asked for under a hold though only its waits are recorded, and names what cannot be seen', () => {
    const trace = traceOf({
      classes: [
        ['mmap_lock', 'rwsem'],
        ['mapping.invalidate_lock', 'rwsem'],
        ['i_rwsem', 'rwsem'],
      ],
      locks: [0, 1, 2],
      spans: [
        { lock: 0, acquiredNs: 1, releasedNs: 9 },
        { lock: 1, requestedNs: 2, acquiredNs: 5, flags: SPAN_CONTENDED | SPAN_INFERRED },
        // its holder is not known to hold it: the order below it cannot be seen
        { lock: 2, requestedNs: 6, acquiredNs: 8, flags: SPAN_CONTENDED },
        { lock: 1, requestedNs: 20, acquiredNs: 21, flags: SPAN_CONTENDED },
      ],
    })
    const { edges, waitsOnly, openHolds, blind } = run(trace)
    expect(edges.map(({ from, to, inferred, wantedHoldKnown }) => [from, to, inferred, wantedHoldKnown])).toEqual([
      ['mmap_lock', 'mapping.invalidate_lock', true, false],
      ['mmap_lock', 'i_rwsem', false, false],
    ])
    expect({ waitsOnly, openHolds, blind }).toEqual({
      waitsOnly: ['i_rwsem', 'mapping.invalidate_lock'],
      openHolds: 0,
      blind: false,
    })
  })

  it('says that it is blind where the trace shows no holds', () => {
    expect(run(traceOf({ spans: [{ requestedNs: 1, acquiredNs: 2, flags: 1 }] }))).toMatchObject({
      blind: true,
      edges: [],
    })
  })

  it('leaves RCU readers out and counts holds without an end', () => {
    const trace = traceOf({
      classes: [
        ['A', 'mutex'],
        ['rcu_read_lock', 'annotation'],
      ],
      locks: [0, 1],
      spans: [
        { lock: 0, acquiredNs: 1 },
        { lock: 1, acquiredNs: 2, releasedNs: 9 },
        { lock: 0, acquiredNs: 3, releasedNs: 5 },
      ],
    })
    expect(run(trace)).toMatchObject({ edges: [], cycles: [], openHolds: 1, blind: false })
  })
})

describe('order graph', () => {
  const anyEdges = fc.array(fc.tuple(fc.nat(5), fc.nat(5), fc.nat(3)), { maxLength: 25 })

  it('has a circle if and only if a class can reach itself, and every circle is a closed walk', () => {
    fc.assert(
      fc.property(anyEdges, (list) => {
        const graph = new OrderGraph<number>()
        list.forEach(([from, to, modes], i) => graph.add(`${from}`, `${to}`, 1 << modes, () => i))
        const reach = Array.from({ length: 6 }, (_, a) =>
          Array.from({ length: 6 }, (_, b) => list.some(([x, y]) => x === a && y === b && a !== b)),
        )
        for (let via = 0; via < 6; via++)
          for (let a = 0; a < 6; a++) for (let b = 0; b < 6; b++) reach[a][b] ||= reach[a][via] && reach[via][b]
        expect(graph.cycles.length > 0).toBe(reach.some((row, a) => row[a]))
        for (const cycle of graph.cycles) {
          cycle.edges.forEach((edge, i) => expect(edge.to).toBe(cycle.edges[(i + 1) % cycle.edges.length].from))
          expect(new Set(classesOf(cycle)).size).toBe(cycle.edges.length)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('asks for a queued writer exactly where readers meet readers', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(1), fc.nat(1)), { minLength: 2, maxLength: 4 }), (pairs) => {
        const graph = new OrderGraph<number>()
        pairs.forEach(([held, wanted], i) =>
          graph.add(`${i}`, `${(i + 1) % pairs.length}`, modeBit(MODES[held], MODES[wanted]), () => i),
        )
        const weak = pairs.some(([, wanted], i) => wanted === 1 && pairs[(i + 1) % pairs.length][0] === 1)
        expect(graph.cycles.map(needsQueuedWriter)).toEqual([weak])
      }),
    )
  })
})

/** Wait chains on hand-made traces: who is blamed, for how long, and where a chain ends. */

import { describe, expect, it } from 'vitest'
import { slowestOps } from '#shared/analysis/slowest-ops.ts'
import { waitChains, type WaitChain } from '#shared/analysis/wait-chains.ts'
import { limits } from '#shared/base/limits.ts'
import { SPAN_CONTENDED, SPAN_HOLD_KNOWN, SPAN_INFERRED, SPAN_IRQ } from '#shared/model/kinds.ts'
import { traceOf, type SmallTrace } from '../support/small-trace.ts'

function chainsOf(small: SmallTrace, params: object = {}): readonly WaitChain[] {
  return waitChains.run(traceOf(small), waitChains.params.parse(params)).chains
}

/**
 * fault (task 0) waits 10 … 90 for A, which punch (task 1) holds 0 … 90; punch waits 20 … 70 for B, which fsync (task 2)
 * holds 5 … 70.
 */
const twoLocks: SmallTrace = {
  tasks: ['fault', 'punch', 'fsync'],
  classes: [
    ['A', 'rwsem'],
    ['B', 'mutex'],
  ],
  locks: [0, 1],
  ops: [
    { task: 0, kind: 'write_fault', startNs: 0, durationNs: 95 },
    { task: 1, kind: 'punch_hole', startNs: 0, durationNs: 95 },
    { task: 2, kind: 'fsync', startNs: 0, durationNs: 95 },
  ],
  phaseNames: ['unmap', 'commit_wait'],
  spans: [
    { lock: 0, task: 0, op: 0, mode: 1, requestedNs: 10, acquiredNs: 90, releasedNs: 92 },
    { lock: 0, task: 1, op: 1, mode: 0, acquiredNs: 0, releasedNs: 90 },
    { lock: 1, task: 1, op: 1, requestedNs: 20, acquiredNs: 70, releasedNs: 80 },
    { lock: 1, task: 2, op: 2, acquiredNs: 5, releasedNs: 70 },
  ],
  edges: [
    { waiter: 0, holder: 1, overlapNs: 80, phase: 0 },
    { waiter: 2, holder: 3, overlapNs: 50, phase: 1 },
  ],
}

describe('a wait chain', () => {
  it('leads from the waiter over each holder to the root', () => {
    const [chain] = chainsOf(twoLocks)
    expect(chain).toMatchObject({ waitId: 0, task: 'fault', op: 'write_fault', class: 'A', mode: 'shared', waitNs: 80 })
    expect(chain.links).toMatchObject([
      { task: 'punch', op: 'punch_hole', phase: 'wait:B', class: 'A', mode: 'exclusive', heldNs: 90, overlapNs: 80 },
      { task: 'fsync', op: 'fsync', phase: 'commit_wait', class: 'B', mode: 'exclusive', heldNs: 65, overlapNs: 50 },
    ])
    expect(chain).toMatchObject({ rootTask: 'fsync', rootTaskId: 2, rootOp: 'fsync', cut: false })
  })

  it('blames a later link only for the part of the wait that is still open', () => {
    const spans = twoLocks.spans?.map((span, i) => (i === 0 ? { ...span, requestedNs: 60 } : span)) ?? []
    const chain = chainsOf({ ...twoLocks, spans }, { waitId: 0 })[0]
    expect(chain.links.map(({ overlapNs }) => overlapNs)).toEqual([30, 10])
  })

  it('begins with the holder that is asked about, and lists only waits it was in the way of', () => {
    const queue: SmallTrace = {
      tasks: ['waiter', 'long', 'short', 'aside'],
      spans: [
        { task: 0, requestedNs: 0, acquiredNs: 50, releasedNs: 60 },
        { task: 1, mode: 1, acquiredNs: 0, releasedNs: 40 },
        { task: 2, mode: 1, acquiredNs: 10, releasedNs: 25 },
        { task: 3, requestedNs: 5, acquiredNs: 30, releasedNs: 40 },
      ],
      edges: [
        { waiter: 0, holder: 1 },
        { waiter: 0, holder: 2 },
        { waiter: 3, holder: 1 },
      ],
    }
    expect(chainsOf(queue).map(({ waitId, rootTask }) => [waitId, rootTask])).toEqual([
      [0, 'long'],
      [3, 'long'],
    ])
    const [only, ...rest] = chainsOf(queue, { holder: 2 })
    expect(rest).toEqual([])
    expect(only).toMatchObject({ waitId: 0, links: [{ task: 'short', overlapNs: 15 }] })
    expect(chainsOf(queue, { holder: 3 })).toEqual([])
    expect(chainsOf(queue, { holder: 2, scope: { fromNs: 26 } })).toEqual([])
  })

  it('says how long the waiter had yet to run after the last holder let go', () => {
    const spans = [
      { task: 0, requestedNs: 0, acquiredNs: 100 },
      { task: 1, acquiredNs: 0, releasedNs: 30 },
    ]
    expect(chainsOf({ spans, edges: [{ waiter: 0, holder: 1, overlapNs: 30 }] })[0].wakeupNs).toBe(70)
    expect(chainsOf({ spans })[0].wakeupNs).toBe(0)
  })

  it('follows the holder with the largest overlap', () => {
    const [chain] = chainsOf({
      spans: [
        { task: 0, requestedNs: 0, acquiredNs: 50 },
        { task: 1, acquiredNs: 0, releasedNs: 20 },
        { task: 2, acquiredNs: 20, releasedNs: 50 },
      ],
      edges: [
        { waiter: 0, holder: 1, overlapNs: 20 },
        { waiter: 0, holder: 2, overlapNs: 30 },
      ],
    })
    expect(chain.links).toMatchObject([{ taskId: 2, overlapNs: 30 }])
  })

  it('goes on through a writer that stood before the reader in the queue', () => {
    const [chain] = chainsOf(
      {
        tasks: ['reader', 'writer', 'first'],
        spans: [
          { task: 0, mode: 1, requestedNs: 20, acquiredNs: 80 },
          { task: 1, mode: 0, requestedNs: 10, acquiredNs: 70, releasedNs: 80 },
          { task: 2, mode: 1, acquiredNs: 0, releasedNs: 70 },
        ],
        edges: [
          { waiter: 0, holder: 1, overlapNs: 50, kind: 1 },
          { waiter: 1, holder: 2, overlapNs: 60 },
        ],
      },
      { waitId: 0 },
    )
    expect(chain.links).toMatchObject([
      { task: 'writer', kind: 'queued-writer', overlapNs: 50 },
      { task: 'first', kind: 'holder', overlapNs: 50 },
    ])
  })

  it('of tasks that wait for each other is cut and says so', () => {
    const [chain] = chainsOf({
      classes: [
        ['A', 'mutex'],
        ['B', 'mutex'],
      ],
      locks: [0, 1],
      spans: [
        { lock: 0, task: 0, acquiredNs: 0, releasedNs: 100 },
        { lock: 1, task: 1, acquiredNs: 0, releasedNs: 100 },
        { lock: 1, task: 0, requestedNs: 10, acquiredNs: 90 },
        { lock: 0, task: 1, requestedNs: 20, acquiredNs: 95 },
      ],
      edges: [
        { waiter: 2, holder: 1, overlapNs: 80 },
        { waiter: 3, holder: 0, overlapNs: 75 },
      ],
    })
    expect(chain.cut).toBe(true)
    expect(chain.links.map(({ taskId }) => taskId)).toEqual([1, 0])
  })

  it('has at most limits.chainLinks links', () => {
    const length = limits.chainLinks + 5
    const [chain] = chainsOf({
      tasks: Array.from({ length: length + 1 }, (_, i) => `t${i}`),
      locks: Array.from({ length: length + 1 }, () => 0),
      spans: Array.from({ length }, (_, i) => [
        { lock: i, task: i, requestedNs: 10, acquiredNs: 90 },
        { lock: i, task: i + 1, acquiredNs: 0, releasedNs: 90 },
      ]).flat(),
      edges: Array.from({ length }, (_, i) => ({ waiter: 2 * i, holder: 2 * i + 1, overlapNs: 80 })),
    })
    expect(chain.links.length).toBe(limits.chainLinks)
    expect(chain.cut).toBe(true)
  })

  it('ends at the waiter where no holder is known, and says null', () => {
    const [chain] = chainsOf({ spans: [{ requestedNs: 0, acquiredNs: 50 }] })
    expect(chain).toMatchObject({ links: [], rootTask: null, rootTaskId: null, rootOp: null, cut: false })
  })

  it('does not follow waits of an interrupt that came upon the holder', () => {
    const [chain] = chainsOf({
      spans: [
        { task: 0, requestedNs: 0, acquiredNs: 50 },
        { task: 1, acquiredNs: 0, releasedNs: 50 },
        { task: 1, flags: SPAN_IRQ | SPAN_CONTENDED | SPAN_HOLD_KNOWN, requestedNs: 10, acquiredNs: 40 },
        { task: 2, acquiredNs: 0, releasedNs: 40 },
      ],
      edges: [
        { waiter: 0, holder: 1, overlapNs: 50 },
        { waiter: 2, holder: 3, overlapNs: 30 },
      ],
    })
    expect(chain.links.map(({ taskId }) => taskId)).toEqual([1])
  })

  it('says null of a hold that the trace cannot show, and that its holder was inferred', () => {
    const [chain] = chainsOf({
      spans: [
        { task: 0, requestedNs: 0, acquiredNs: 50, flags: SPAN_CONTENDED },
        { task: 1, flags: SPAN_INFERRED },
      ],
      edges: [{ waiter: 0, holder: 1, overlapNs: 30 }],
    })
    expect(chain.links).toMatchObject([{ taskId: 1, heldNs: null, acquiredNs: null, overlapNs: 30, inferred: true }])
  })

  it('finds what the holder did from its phases where its edge does not say', () => {
    const edges = twoLocks.edges?.map((edge) => ({ ...edge, phase: -1 })) ?? []
    const phases = [{ task: 2, name: 'commit_wait', startNs: 0, durationNs: 90 }]
    const [chain] = chainsOf({ ...twoLocks, edges, phases })
    expect(chain.links.map(({ phase }) => phase)).toEqual(['wait:B', 'commit_wait'])
  })

  it('of a wait that does not exist is refused by name', () => {
    expect(() => chainsOf(twoLocks, { waitId: 1 })).toThrow('this trace has no wait 1')
    expect(() => chainsOf(twoLocks, { waitId: 999 })).toThrow('this trace has no wait 999')
  })

  it('of a wait still open at the end of the trace lasts until there', () => {
    const [chain] = chainsOf({ spans: [{ requestedNs: 30 }], durationNs: 100 }, { waitId: 0 })
    expect(chain.waitNs).toBe(70)
  })
})

describe('one chain per cause', () => {
  it('is the worst of those with the same class, holder operation and phase, and counts them', () => {
    const chains = chainsOf(
      {
        phaseNames: ['p', 'q'],
        spans: [
          { task: 0, requestedNs: 0, acquiredNs: 10 },
          { task: 0, requestedNs: 20, acquiredNs: 40 },
          { task: 0, requestedNs: 50, acquiredNs: 55 },
          { task: 1, acquiredNs: 0, releasedNs: 60 },
        ],
        edges: [
          { waiter: 0, holder: 3, phase: 0 },
          { waiter: 1, holder: 3, phase: 0 },
          { waiter: 2, holder: 3, phase: 1 },
        ],
      },
      { onePerCause: true },
    )
    expect(chains.map(({ waitId, alike }) => [waitId, alike])).toEqual([
      [1, 2],
      [2, 1],
    ])
  })
})

describe('the slowest operations', () => {
  it('say which lock they waited for longest, who held it and what that one did', () => {
    const trace = traceOf(twoLocks)
    const { rows } = slowestOps.run(trace, slowestOps.params.parse({ scope: { op: 'write_fault' } }))
    expect(rows).toMatchObject([
      {
        opId: 0,
        task: 'fault',
        durationNs: 95,
        waitedFor: {
          waitId: 0,
          class: 'A',
          waitNs: 80,
          holder: 'punch',
          holderId: 1,
          kind: 'holder',
          holderPhase: 'wait:B',
        },
      },
    ])
  })
})

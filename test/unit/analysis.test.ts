/** Every analysis on traces small enough to check by hand, and on traces with nothing in them. */

import { describe, expect, it } from 'vitest'
import { analyses } from '#shared/analysis/index.ts'
import { contention } from '#shared/analysis/contention.ts'
import { contentionOverTime } from '#shared/analysis/contention-over-time.ts'
import { holdPhases } from '#shared/analysis/hold-phases.ts'
import { latency } from '#shared/analysis/latency.ts'
import { overview } from '#shared/analysis/overview.ts'
import { waiterHolder } from '#shared/analysis/waiter-holder.ts'
import { SPAN_CONTENDED, SPAN_HOLD_KNOWN, SPAN_INFERRED, SPAN_IRQ, SPAN_TRY, TASK_STATES } from '#shared/model/kinds.ts'
import { syntheticTrace } from '../support/synthetic-trace.ts'
import { traceOf, type SmallTrace } from '../support/small-trace.ts'

function everyAnswer(small: SmallTrace, params: object = {}): string[] {
  const trace = traceOf(small)
  return analyses.items.map((analysis) => JSON.stringify(analysis.run(trace, analysis.params.parse(params))))
}

/** Every number of an answer, however deep. */
function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value]
  if (ArrayBuffer.isView(value)) return [...(value as Float64Array | Uint32Array)]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : []
}

const nothing: SmallTrace = { tasks: [], classes: [], locks: [], durationNs: 0 }
const nan = { requestedNs: NaN, acquiredNs: NaN, releasedNs: NaN, flags: SPAN_CONTENDED | SPAN_HOLD_KNOWN }

describe('every analysis', () => {
  it('answers an empty trace, also in a window of it', () => {
    for (const answer of [...everyAnswer(nothing), ...everyAnswer(nothing, { scope: { fromNs: 5, toNs: 5 } })]) {
      expect(answer).toBeTypeOf('string')
    }
  })

  it('answers a trace of one operation that is one instant long', () => {
    const answers = everyAnswer({ ...nothing, tasks: ['a'], ops: [{ startNs: 0, durationNs: 0 }] })
    expect(answers.every((answer) => answer !== undefined)).toBe(true)
  })

  it('never turns a span without any known time into a figure', () => {
    const trace = traceOf({ spans: [nan, nan], edges: [{ waiter: 0, holder: 1 }], phases: [{ name: 'p', startNs: 3 }] })
    const [row] = contention.run(trace, contention.params.parse({})).rows
    expect(row).toBeUndefined()
    expect(overview.run(trace, overview.params.parse({})).keys).toMatchObject({ waitTotalNs: 0, worstWait: null })
    expect(waiterHolder.run(trace, waiterHolder.params.parse({})).unexplainedNs).toBe(0)
    for (const analysis of analyses.items) {
      expect(numbersIn(analysis.run(trace, analysis.params.parse({}))).filter((n) => !Number.isFinite(n))).toEqual([])
    }
  })

  it('gives the same answer twice, and the same for the same trace built anew', () => {
    const size = { lockSpans: 3000, phases: 1500, ops: 900, tasks: 7, locks: 90, seed: 7 }
    const first = syntheticTrace(size)
    const second = syntheticTrace(size)
    for (const analysis of analyses.items) {
      const ask = (trace: typeof first): string => JSON.stringify(analysis.run(trace, analysis.params.parse({})))
      expect(ask(first)).toBe(ask(first))
      expect(ask(second)).toBe(ask(first))
    }
  })

  it('does not change the trace', () => {
    const trace = syntheticTrace({ lockSpans: 3000, phases: 1500, ops: 900, tasks: 7, locks: 90, seed: 8 })
    const before = structuredClone(trace)
    for (const analysis of analyses.items) analysis.run(trace, analysis.params.parse({}))
    expect(trace).toEqual(before)
  })

  it('has defaults for all of its parameters', () => {
    for (const analysis of analyses.items) expect(analysis.params.safeParse({}).success).toBe(true)
  })
})

describe('contention', () => {
  const rowsOf = (small: SmallTrace, params: object = {}) =>
    contention.run(traceOf(small), contention.params.parse(params)).rows

  it('counts an acquisition though its release is not in the trace, without measuring its hold', () => {
    const rows = rowsOf({ spans: [{ acquiredNs: 10, releasedNs: 30 }, { acquiredNs: 50 }] })
    expect(rows).toMatchObject([{ acquisitions: 2, openHolds: 1, contended: 0, holdTotalNs: 20, holdMaxNs: 20 }])
    expect(rowsOf({ spans: [{ acquiredNs: 50 }] })).toMatchObject([{ acquisitions: 1, holdTotalNs: null }])
  })

  it('counts the acquisition of a wait in a window that ends before it', () => {
    const spans = [{ requestedNs: 10, acquiredNs: 50, releasedNs: 60 }]
    expect(rowsOf({ spans }, { scope: { fromNs: 20, toNs: 40 } })).toMatchObject([
      { acquisitions: 1, contended: 1, waitTotalNs: 20, holdTotalNs: null },
    ])
  })

  it('counts the release of a hold that began before the trace, without measuring it', () => {
    expect(rowsOf({ spans: [{ releasedNs: 30 }] })).toMatchObject([
      { acquisitions: 1, openHolds: 0, holdTotalNs: null, holdMeanNs: null, holdMaxNs: null },
    ])
  })

  it('counts a wait that never ended with the time to the end of the trace, and says so', () => {
    const never = { contended: 1, acquisitions: 0, openWaits: 1, waitMaxNs: null, waitP50Ns: null }
    expect(rowsOf({ spans: [{ requestedNs: 10 }] })).toMatchObject([{ ...never, waitTotalNs: 90, openWaitNs: 90 }])
    expect(rowsOf({ spans: [{ requestedNs: 10 }] }, { scope: { fromNs: 50, toNs: 60 } })).toMatchObject([
      { ...never, waitTotalNs: 10, openWaitNs: 10 },
    ])
  })

  it.each<[string, SmallTrace]>([
    ['a later operation', { ops: [{ startNs: 20 }] }],
    ['the end of its own', { ops: [{ startNs: 5, durationNs: 30 }] }],
    ['its death', { states: [{ task: 0, state: TASK_STATES.indexOf('dead'), startNs: 30, durationNs: 1 }] }],
  ])('counts a wait whose end went unseen as contended, not as measured: %s shows that it is over', (_, more) => {
    expect(rowsOf({ ...more, spans: [{ op: more.ops === undefined ? -1 : 0, requestedNs: 10 }] })).toMatchObject([
      { contended: 1, openWaits: 0, waitTotalNs: 0 },
    ])
  })

  it('takes no wait for endless where ends were not recorded', () => {
    const spans = [10, 20, 30].map((requestedNs) => ({ requestedNs, flags: SPAN_CONTENDED }))
    const begun = { ...traceOf({ spans }), eventNames: ['lock:contention_begin'], eventCounts: [3] }
    const rows = (trace: typeof begun) => contention.run(trace, contention.params.parse({})).rows
    expect(rows(begun)).toMatchObject([{ contended: 3, openWaits: 0, waitTotalNs: 0 }])
    expect(rows({ ...begun, eventNames: ['lock:contention_begin', 'lock:contention_end'] })).toMatchObject([
      { contended: 3, openWaits: 1, waitTotalNs: 70 },
    ])
  })

  it('keeps reads and writes apart', () => {
    const spans = [
      { acquiredNs: 1, releasedNs: 2, mode: 0 },
      { acquiredNs: 3, releasedNs: 9, mode: 1 },
    ]
    expect(rowsOf({ spans })).toMatchObject([
      { mode: 'shared', holdTotalNs: 6 },
      { mode: 'exclusive', holdTotalNs: 1 },
    ])
  })

  it('clips totals to the window and leaves single waits and holds whole', () => {
    const spans = [{ requestedNs: 0, acquiredNs: 40, releasedNs: 80 }]
    expect(rowsOf({ spans }, { scope: { fromNs: 30, toNs: 50 } })).toMatchObject([
      { waitTotalNs: 10, waitMaxNs: 40, holdTotalNs: 10, holdMaxNs: 40, acquisitions: 1, contended: 1 },
    ])
  })

  it('says nothing of holds and acquisitions where the trace shows only waits', () => {
    const spans = [{ flags: SPAN_CONTENDED | SPAN_INFERRED, requestedNs: 5, acquiredNs: 9 }]
    expect(rowsOf({ spans })).toMatchObject([
      { acquisitions: NaN, contended: 1, waitTotalNs: 4, holdTotalNs: null, holdMeanNs: null, inferred: true },
    ])
  })

  it('never lists annotation classes', () => {
    const spans = [{ requestedNs: 1, acquiredNs: 5, releasedNs: 9 }]
    expect(rowsOf({ classes: [['rcu_read_lock', 'annotation']], spans })).toEqual([])
  })

  it('counts a trylock as an acquisition that did not wait', () => {
    const spans = [{ flags: SPAN_HOLD_KNOWN | SPAN_TRY, acquiredNs: 5, releasedNs: 9 }]
    expect(rowsOf({ spans })).toMatchObject([{ acquisitions: 1, contended: 0, waitTotalNs: 0, holdTotalNs: 4 }])
  })

  it('names the operation `none` for locks taken outside any, and can be asked for them', () => {
    const small: SmallTrace = {
      ops: [{ kind: 'truncate', startNs: 0, durationNs: 50 }],
      spans: [
        { acquiredNs: 1, releasedNs: 2 },
        { op: 0, acquiredNs: 3, releasedNs: 9 },
      ],
    }
    expect(rowsOf(small, { by: 'op' }).map(({ op }) => op)).toEqual(['truncate', 'none'])
    expect(rowsOf(small, { by: 'op', scope: { op: 'none' } })).toMatchObject([{ op: 'none', holdTotalNs: 1 }])
  })
})

describe('contention over time', () => {
  it('lets a wait without a known end last to the end of the trace', () => {
    const trace = traceOf({ spans: [{ requestedNs: 50 }], durationNs: 100 })
    const { waiting } = contentionOverTime.run(trace, contentionOverTime.params.parse({ bins: 4 }))
    expect([...waiting]).toEqual([0, 0, 1, 1])
  })

  it('shows the chosen class apart from all', () => {
    const trace = traceOf({
      classes: [
        ['A', 'mutex'],
        ['B', 'mutex'],
      ],
      locks: [0, 1],
      spans: [
        { lock: 0, requestedNs: 0, acquiredNs: 50 },
        { lock: 1, requestedNs: 25, acquiredNs: 75 },
      ],
    })
    const params = contentionOverTime.params.parse({ bins: 2, scope: { lockClass: 1 } })
    const { waiting, waitingAll } = contentionOverTime.run(trace, params)
    expect([...waiting]).toEqual([0.5, 0.5])
    expect([...waitingAll]).toEqual([1.5, 0.5])
  })
})

describe('hold phases', () => {
  const small: SmallTrace = {
    classes: [
      ['mapping.invalidate_lock', 'rwsem'],
      ['&ei->i_data_sem', 'rwsem'],
    ],
    locks: [0, 1],
    ops: [{ kind: 'write_fault', startNs: 0, durationNs: 100 }],
    phases: [
      { name: 'dax_fault', startNs: 10, durationNs: 80 },
      { name: 'map_blocks', startNs: 20, durationNs: 40 },
    ],
    spans: [
      { lock: 0, op: 0, mode: 1, acquiredNs: 0, releasedNs: 100 },
      { lock: 1, op: 0, requestedNs: 30, acquiredNs: 45, releasedNs: 50 },
    ],
  }

  it('give time to the innermost phase, to waits for other locks, and the rest to `other`', () => {
    const { rows } = holdPhases.run(traceOf(small), holdPhases.params.parse({ scope: { lockClass: 0 } }))
    expect(rows.map(({ phase, op, holdNs, shareOfHold }) => [phase, op, holdNs, shareOfHold])).toEqual([
      ['dax_fault', 'write_fault', 40, 0.4],
      ['map_blocks', 'write_fault', 25, 0.25],
      ['other', 'write_fault', 20, 0.2],
      ['wait:&ei->i_data_sem', 'write_fault', 15, 0.15],
    ])
  })

  it('name the longest of them in the contention table', () => {
    const [first] = contention.run(traceOf(small), contention.params.parse({ scope: { lockClass: 0 } })).rows
    expect(first.mostlyIn).toEqual({ phase: 'dax_fault', share: 0.4 })
  })

  it('look beneath a wait that began before the lock was taken: the run queue lock is not held across a sleep', () => {
    const trace = traceOf({
      classes: [
        ['mmap_lock', 'rwsem'],
        ['&rq->__lock', 'spinlock'],
      ],
      locks: [0, 1],
      phases: [{ name: 'dax_fault', startNs: 0, durationNs: 30 }],
      spans: [
        { lock: 0, requestedNs: 10, acquiredNs: 60 },
        { lock: 1, acquiredNs: 20, releasedNs: 50 },
      ],
    })
    const { rows } = holdPhases.run(trace, holdPhases.params.parse({ scope: { lockClass: 1 } }))
    expect(rows.map(({ phase, holdNs }) => [phase, holdNs])).toEqual([
      ['other', 20],
      ['dax_fault', 10],
    ])
  })

  it('keep what an interrupt holds apart from the phases of the task it interrupted', () => {
    const irq = { flags: SPAN_HOLD_KNOWN | SPAN_IRQ, acquiredNs: 22, releasedNs: 24 }
    const { rows } = holdPhases.run(
      traceOf({ phases: [{ name: 'p', startNs: 0, durationNs: 50 }], spans: [irq] }),
      holdPhases.params.parse({}),
    )
    expect(rows).toMatchObject([{ phase: 'interrupt', holdNs: 2, shareOfHold: 1, op: 'none' }])
  })
})

describe('overview', () => {
  it('names failures by what the result means for the kind of operation', () => {
    const results = [-14, -14, -28, -95, -999]
    const trace = traceOf({
      ops: [
        ...results.map((result) => ({ kind: 'write_fault' as const, startNs: 1, durationNs: 1, result })),
        { kind: 'read', startNs: 1, durationNs: 1, result: -14 },
        { kind: 'read', startNs: 1, durationNs: 1, result: 4096 },
        { kind: 'read', startNs: 1, durationNs: 1 },
      ],
    })
    expect(overview.run(trace, overview.params.parse({})).keys).toMatchObject({
      operations: 8,
      failed: 6,
      failures: [
        { name: 'SIGBUS', count: 2 },
        { name: 'EFAULT', count: 1 },
        { name: 'ENOSPC', count: 1 },
        { name: 'EOPNOTSUPP', count: 1 },
        { name: 'errno 999', count: 1 },
      ],
    })
  })

  it('says null, not zero, of waits and states that the trace cannot show', () => {
    const trace = traceOf({ ops: [{ startNs: 0, durationNs: 10 }] })
    const { keys, tasks } = overview.run(trace, overview.params.parse({}))
    expect(keys).toMatchObject({ waitTotalNs: null, waitShare: null, worstWait: null })
    expect(tasks).toMatchObject([{ states: null, waitNs: null, busyNs: 10, operations: 1 }])
  })

  it('shares a wait out over several readers that blocked it at once; what is left is waking up', () => {
    const trace = traceOf({
      phases: [
        { task: 1, name: 'map_blocks', startNs: 0, durationNs: 60 },
        { task: 2, name: 'zero', startNs: 0, durationNs: 60 },
      ],
      spans: [
        { task: 0, requestedNs: 0, acquiredNs: 100 },
        { task: 1, mode: 1, acquiredNs: 0, releasedNs: 60 },
        { task: 2, mode: 1, acquiredNs: 0, releasedNs: 60 },
      ],
      edges: [
        { waiter: 0, holder: 1, overlapNs: 60 },
        { waiter: 0, holder: 2, overlapNs: 60 },
      ],
    })
    expect(overview.run(trace, overview.params.parse({})).locks).toMatchObject([
      {
        waitTotalNs: 100,
        phases: [
          { phase: 'wakeup', ns: 40 },
          { phase: 'map_blocks', ns: 30 },
          { phase: 'zero', ns: 30 },
        ],
      },
    ])
  })
})

describe('what holders did', () => {
  const spans = [
    { task: 0, requestedNs: 0, acquiredNs: 100 },
    { task: 1, acquiredNs: 10, releasedNs: 60 },
  ]
  const edges = [{ waiter: 0, holder: 1, overlapNs: 50 }]
  const phasesOf = (small: SmallTrace, scope: object = {}) =>
    overview.run(traceOf(small), overview.params.parse({ scope })).locks[0].phases

  it('is unknown before any known holder, and where there is none', () => {
    expect(phasesOf({ spans: spans.slice(0, 1) })).toEqual([{ phase: 'unknown', ns: 100 }])
    expect(phasesOf({ spans, edges })).toEqual([
      { phase: 'other', ns: 50 },
      { phase: 'wakeup', ns: 40 },
      { phase: 'unknown', ns: 10 },
    ])
  })

  it('is never called waking up where events were lost: somebody unseen may have held it', () => {
    const trace = traceOf({ spans, edges })
    const lossy = { ...trace, meta: { ...trace.meta, lostEvents: 3 } }
    expect(overview.run(lossy, overview.params.parse({})).locks[0].phases.map(({ phase }) => phase)).not.toContain(
      'wakeup',
    )
  })

  it('is waking up also while another waiter had been let in and had yet to run', () => {
    const queue = [
      { task: 0, requestedNs: 0, acquiredNs: 100 },
      { task: 1, acquiredNs: 0, releasedNs: 30 },
      { task: 2, requestedNs: 10, acquiredNs: 50, releasedNs: 100 },
    ]
    const both = [
      { waiter: 0, holder: 1, overlapNs: 30 },
      { waiter: 0, holder: 2, overlapNs: 50 },
    ]
    expect(phasesOf({ spans: queue, edges: both }, { task: 0 })).toEqual([
      { phase: 'other', ns: 80 },
      { phase: 'wakeup', ns: 20 },
    ])
  })

  it('is waking up from when a holder that was deduced woke the waiter', () => {
    const deduced = [
      { task: 0, requestedNs: 0, acquiredNs: 100, flags: SPAN_CONTENDED },
      { task: 1, releasedNs: 80, flags: SPAN_INFERRED },
    ]
    expect(phasesOf({ spans: deduced, edges: [{ waiter: 0, holder: 1, overlapNs: 30 }] })).toEqual([
      { phase: 'unknown', ns: 50 },
      { phase: 'other', ns: 30 },
      { phase: 'wakeup', ns: 20 },
    ])
  })

  it('is waiting in the queue while a writer ahead of a reader waited itself', () => {
    const queue = [
      { task: 0, mode: 1, requestedNs: 20, acquiredNs: 80 },
      { task: 1, mode: 0, requestedNs: 10, acquiredNs: 70, releasedNs: 80 },
    ]
    const behind = [
      { waiter: 0, holder: 1, overlapNs: 50, kind: 1 },
      { waiter: 0, holder: 1, overlapNs: 10 },
    ]
    expect(phasesOf({ spans: queue, edges: behind }, { task: 0 })).toEqual([
      { phase: 'wait:L', ns: 50 },
      { phase: 'other', ns: 10 },
    ])
  })
})

describe('latency', () => {
  it('of a scope that names a lock is that of the operations that took it, with their waits for it', () => {
    const trace = traceOf({
      locks: [0, 0],
      ops: [
        { startNs: 0, durationNs: 50, waitNs: 30 },
        { startNs: 50, durationNs: 10, waitNs: 0 },
      ],
      spans: [
        { lock: 0, op: 0, requestedNs: 0, acquiredNs: 20 },
        { lock: 1, op: 0, requestedNs: 30, acquiredNs: 40 },
      ],
    })
    expect(latency.run(trace, latency.params.parse({ scope: { lock: 1 } })).rows).toMatchObject([
      { count: 1, totalNs: 50, waitNs: 10, waitShare: 0.2 },
    ])
  })

  it('has an operation that was not seen to end in the windows before its task showed that it was over', () => {
    const open = { durationNs: NaN }
    const trace = traceOf({
      ops: [
        { startNs: 0, kind: 'fault', ...open },
        { startNs: 10, kind: 'fault', ...open },
        { startNs: 20, kind: 'write', ...open },
        { startNs: 30, kind: 'fault', ...open },
        { startNs: 40, kind: 'fsync', ...open },
        { startNs: 45, kind: 'fault', task: 1, ...open },
      ],
      durationNs: 100,
    })
    const inWindow = (fromNs: number) =>
      latency
        .run(trace, latency.params.parse({ scope: { fromNs, toNs: fromNs + 5 } }))
        .rows.map(({ op, count }) => [op, count])
    expect(inWindow(5)).toEqual([['fault', 1]])
    expect(inWindow(22)).toEqual([['write', 1]])
    expect(inWindow(32)).toEqual([
      ['fault', 1],
      ['write', 1],
    ])
    expect(inWindow(90)).toEqual([
      ['fault', 1],
      ['fsync', 1],
    ])
  })

  it('does not know failures of operations that do not say how they ended, nor the time of those not seen to end', () => {
    const trace = traceOf({
      ops: [
        { startNs: 0, durationNs: 5, kind: 'fault', result: NaN },
        { startNs: 10, durationNs: NaN, kind: 'write', result: NaN },
        { startNs: 20, durationNs: 7, kind: 'fsync', result: -5 },
        { startNs: 30, durationNs: 7, kind: 'fsync', result: NaN },
      ],
    })
    const { rows } = latency.run(trace, latency.params.parse({}))
    expect(rows.map(({ op, failed, totalNs, unfinished }) => [op, failed, totalNs, unfinished])).toEqual([
      ['fault', null, 5, 0],
      ['write', null, null, 1],
      ['fsync', 1, 14, 0],
    ])
    const keysOf = (op?: string) => overview.run(trace, overview.params.parse({ scope: { op } })).keys
    expect(keysOf().failed).toBe(1)
    expect(keysOf('fault')).toMatchObject({ failed: null, failures: [] })
    expect(keysOf('truncate')).toMatchObject({ operations: 0, failed: 0 })
  })
})

/** What the charts say in words: findings of a brush, steps of a wait chain, phases, where a tip stands. */
import { describe, expect, it } from 'vitest'
import type { DistributionSide } from '#shared/analysis/latency-distribution.ts'
import type { WaitChain } from '#shared/analysis/wait-chains.ts'
import type { ChainLink } from '#shared/analysis/parts/chain.ts'
import { nearestWaiting } from '#renderer/charts/over-time.ts'
import { linesThatFit, phaseTotals } from '#renderer/charts/phase-totals.ts'
import { tipPlace } from '#renderer/charts/tip.ts'
import { metricWords, phaseWords } from '#renderer/charts/words.ts'
import { chainSentence, chainSteps } from '#renderer/panels/contention/chain-steps.ts'
import { brushFinding, brushSize, distributionFinding, latencyText } from '#renderer/panels/latency/findings.ts'

function side(count: number, shareOfWaiting: number | null): DistributionSide {
  return { count, counts: new Uint32Array(0), p50Ns: 48_700, p90Ns: null, p99Ns: 412_000, waitNs: null, shareOfWaiting }
}

describe('a brush in words', () => {
  it('says "but" where few operations are most of the waiting', () => {
    expect(brushFinding(side(412, 0.38), side(38_412, 1), 'write faults')).toEqual({
      first: '412 write faults, 1.1 %',
      second: 'but 38 % of the waiting of all write faults',
    })
    expect(brushFinding(side(500, 0.55), side(1000, 1), 'reads').second).toBe('and 55 % of the waiting of all reads')
    expect(brushFinding(side(500, 0), side(1000, 1), 'reads').second).toBe('and 0 % of the waiting of all reads')
  })
  it('does not claim what was not recorded', () => {
    expect(brushFinding(side(1, null), side(2, null), 'reads').second).toBe('how much they waited is not known')
  })
  it('names open sides, and a unit once where both ends share it', () => {
    expect(latencyText({ fromNs: 0, toNs: 1, minNs: 300_000 }, 'ns')).toBe('above 300 µs')
    expect(latencyText({ fromNs: 0, toNs: 1, maxNs: 300_000 }, 'ns')).toBe('below 300 µs')
    expect(latencyText({ fromNs: 0, toNs: 1 }, 'ns')).toBe('any latency')
    expect(latencyText({ fromNs: 0, toNs: 1, minNs: 5.24e6, maxNs: 25.2e6 }, 'ns')).toBe('5.24 to 25.2 ms')
    expect(brushSize({ fromNs: 1.18e9, toNs: 1.24e9, minNs: 3e5 }, 'ns')).toBe('60.0 ms × above 300 µs')
  })
  it('has the distribution in one line', () => {
    const line = (all: number, part?: number) =>
      distributionFinding(side(all, null), part === undefined ? undefined : side(part, null), 'ns')
    expect(line(100, 2)).toBe('p50 48.7 µs, p99 412 µs; brush: p50 48.7 µs')
    // Of so few it would be the longest.
    expect(line(99, 1)).toBe('p50 48.7 µs')
    expect(line(1)).toBe('one operation: too few for percentiles')
    expect(distributionFinding({ ...side(0, null), p50Ns: null, p99Ns: null }, undefined, 'ns')).toBe(
      'nothing was measured',
    )
  })
})

const link: ChainLink = {
  taskId: 2,
  task: 'holetest/1',
  pid: 2,
  op: 'write_fault',
  phase: 'map_blocks',
  class: 'i_mmap_rwsem',
  mode: 'exclusive',
  kind: 'holder',
  spanId: 9,
  heldNs: 4_108_000,
  overlapNs: 4_102_000,
  acquiredNs: 1,
  inferred: false,
}
const chain: WaitChain = {
  waitId: 5,
  taskId: 1,
  task: 'holetest/3',
  pid: 1,
  op: 'write_fault',
  opId: 1,
  class: 'i_mmap_rwsem',
  classId: 0,
  mode: 'exclusive',
  startNs: 0,
  waitNs: 4_113_000,
  open: false,
  gaveUp: false,
  wakeupNs: 0,
  links: [link],
  rootTask: 'holetest/1',
  rootTaskId: 2,
  rootOp: 'write_fault',
  cut: false,
}

describe('a wait chain in words', () => {
  it('says that the trace ended before the wait did', () => {
    expect(chainSentence({ ...chain, open: true }, 'ns')).toContain('; it still did when the trace ended, 4.11')
  })

  it('is one sentence from the waiter to the root', () => {
    expect(chainSentence(chain, 'ns')).toBe(
      'holetest/3 (write fault) waits for i_mmap_rwsem, exclusive, 4.11 ms; ' +
        'holetest/1 (write fault in map_blocks) holds i_mmap_rwsem, exclusive for 4.11 ms, root: waits for no lock that was recorded, 4.10 ms',
    )
  })
  it('marks only the last holder as root, and none where the chain was cut', () => {
    const longer = { ...chain, links: [link, { ...link, class: 'journal', inferred: true, heldNs: null }] }
    expect(chainSteps(longer, 'ns').map(({ root }) => root)).toEqual([false, false, true])
    expect(chainSteps(longer, 'ns')[1].detail).toBe('holds i_mmap_rwsem, exclusive for 4.11 ms, waits for journal')
    expect(chainSteps(longer, 'ns')[2]).toMatchObject({
      inferred: true,
      detail: expect.stringMatching(/^holds journal, exclusive, root/),
    })
    expect(chainSteps({ ...longer, cut: true }, 'ns').some(({ root }) => root)).toBe(false)
  })
  it('sets waking up apart from the hold', () => {
    expect(chainSteps({ ...chain, wakeupNs: 1_200_000 }, 'ns')[0].detail).toBe(
      'waits for i_mmap_rwsem, exclusive; the last 1.20 ms after its holder had let go',
    )
    expect(chainSteps({ ...chain, wakeupNs: 1_000 }, 'ns')[0].detail).toBe('waits for i_mmap_rwsem, exclusive')
  })
  it('tells a writer that queues from one that holds', () => {
    const queued = { ...chain, links: [{ ...link, kind: 'queued-writer' as const }] }
    expect(chainSteps(queued, 'ns')[1].detail).toContain('queued before it for i_mmap_rwsem, exclusive')
  })
  it('says that the holder is unknown rather than nothing', () => {
    const steps = chainSteps({ ...chain, links: [], rootTask: null, rootOp: null }, 'ns')
    expect(steps[1]).toMatchObject({ task: 'holder unknown', dot: 'lock-unknown', ns: undefined })
  })
})

describe('metrics of a comparison', () => {
  it('are words, not names of fields', () => {
    expect(['opsPerSecond', 'lockWaitPerAcquisitionNs', 'write_fault.p999Ns', 'fsync.meanNs'].map(metricWords)).toEqual(
      ['operations per second', 'lock wait per acquisition', 'write fault p99.9', 'fsync mean'],
    )
  })
})

describe('phases', () => {
  it('are named only where something was recorded', () => {
    expect([phaseWords('map_blocks'), phaseWords('wait:journal'), phaseWords('other'), phaseWords(null)]).toEqual([
      'map_blocks',
      'waiting for journal',
      undefined,
      undefined,
    ])
  })
  it('add up over operations, largest first', () => {
    const row = (op: string, phase: string, holdNs: number) => ({
      class: 'c',
      classId: 0,
      mode: 'shared' as const,
      phase,
      op,
      holdNs,
      shareOfHold: 0,
      spans: 1,
    })
    const totals = phaseTotals([
      row('read', 'zero', 100),
      row('write', 'alloc', 250),
      row('write', 'zero', 200),
      row('write', 'pte', 0),
    ])
    expect(totals.map(({ phase, holdNs }) => [phase, holdNs])).toEqual([
      ['zero', 300],
      ['alloc', 250],
    ])
    expect(totals.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9)
  })
  it('are listed below the bars only where three lines fit', () => {
    expect([
      linesThatFit(40, 8),
      linesThatFit(91, 8),
      linesThatFit(92, 8),
      linesThatFit(500, 8),
      linesThatFit(60, 1),
    ]).toEqual([0, 0, 3, 8, 1])
  })
})

describe('places', () => {
  it('of a tip are on the roomier side of the pointer', () => {
    const size = { width: 400, height: 300 }
    expect(tipPlace({ x: 100, y: 50 }, size)).toEqual({ left: '112px', top: '64px', maxWidth: '280px' })
    expect(tipPlace({ x: 300, y: 250 }, size)).toEqual({ right: '112px', bottom: '62px', maxWidth: '280px' })
  })
  it('of the nearest waiting are found on both sides of an empty range', () => {
    const data = {
      fromNs: 0,
      binNs: 10,
      waiting: Float64Array.of(0, 2, 0, 0, 0, 0, 1, 0),
      waitingAll: new Float64Array(8),
    }
    expect(nearestWaiting(data, { fromNs: 30, toNs: 35 })).toEqual({ fromNs: 10, toNs: 20 })
    expect(nearestWaiting(data, { fromNs: 50, toNs: 55 })).toEqual({ fromNs: 60, toNs: 70 })
    expect(nearestWaiting({ ...data, waiting: new Float64Array(8) }, { fromNs: 0, toNs: 1 })).toBeUndefined()
  })
})

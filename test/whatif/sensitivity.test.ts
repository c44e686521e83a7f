/** Holds made shorter and longer: what a stretched run does to its throughput, what is asked about, and what slopes come to. */
import { describe, expect, it } from 'vitest'
import { run, type RunSpec } from '#shared/sim/run.ts'
import {
  holdsToVary,
  lockRanking,
  sensitivityRows,
  sensitivityWords,
  stretchHold,
  watchHolds,
  WHOLE_HOLD,
  type Hold,
  type HoldWork,
  type RunPoint,
} from '#shared/whatif/sensitivity.ts'

const MUTEX = '&mapping->i_mmap_mutex'
const spec: RunSpec = {
  scenario: 'SC1',
  params: { threads: 8, durationMs: 5 },
  strategy: 'F',
  checks: false,
  jitter: false,
}
const under = (phase: string): Hold => ({ class: MUTEX, mode: 'exclusive', phase, alsoUnder: [] })
function stretched(hold: Hold, change: number) {
  const { sink, onStart } = stretchHold(hold, change)
  return run(spec, sink, { onStart })
}
const holdOf = (result: ReturnType<typeof run>) => {
  const lock = result.lockStats.find((one) => one.class === MUTEX)
  return (lock?.holdTotalNs ?? NaN) / (lock?.acquisitions ?? NaN)
}

describe('a run whose holds are stretched', () => {
  const base = run(spec)

  it('is the run itself at no change, event by event', () =>
    expect(stretched(under(WHOLE_HOLD), 0).digest).toBe(base.digest))

  it('goes as much faster as the saturated lock is held shorter', () => {
    for (const [phase, change] of [
      [WHOLE_HOLD, -0.5],
      ['map_blocks', -1],
      ['map_blocks', 1],
      ['zero', -0.5],
    ] as const) {
      const other = stretched(under(phase), change)
      const shorter = holdOf(base) / holdOf(other)
      expect(Math.abs(shorter - 1)).toBeGreaterThan(0.05)
      // Beside the hold a hand-over costs 0.1 to 0.3 us each time, which no change of the hold touches.
      expect(other.opsPerSecond / base.opsPerSecond / shorter).toBeGreaterThan(0.85)
      expect(other.opsPerSecond / base.opsPerSecond / shorter).toBeLessThan(1.15)
    }
  })

  it('changes nothing where the lock is not held in that mode, or the phase is never entered', () => {
    expect(stretched({ ...under(WHOLE_HOLD), mode: 'shared' }, 1).digest).toBe(base.digest)
    expect(stretched(under('log_io'), 1).digest).toBe(base.digest)
  })

  it('is watched without being changed, and the work under the lock is its hold time', () => {
    const holds = watchHolds()
    const result = run(spec, holds.sink, holds)
    expect(result.digest).toBe(base.digest)
    const whole = holds.work().find((one) => one.class === MUTEX && one.phase === WHOLE_HOLD)
    const lock = base.lockStats.find((one) => one.class === MUTEX)
    const share = (whole?.ns ?? 0) / (lock?.holdTotalNs ?? NaN)
    expect(share).toBeGreaterThan(0.9)
    expect(share).toBeLessThanOrEqual(1)
  })
})

describe('what is asked about', () => {
  const work: readonly HoldWork[] = [
    { class: 'outer', mode: 'shared', phase: WHOLE_HOLD, ns: 1_010 },
    { class: 'outer', mode: 'shared', phase: 'map_blocks', ns: 600 },
    { class: 'inner', mode: 'exclusive', phase: WHOLE_HOLD, ns: 1_000 },
    { class: 'inner', mode: 'exclusive', phase: 'map_blocks', ns: 600 },
    { class: 'inner', mode: 'exclusive', phase: 'pte_set', ns: 10 },
    { class: 'idle', mode: 'exclusive', phase: WHOLE_HOLD, ns: 900 },
  ]
  const ask = (waits: readonly (readonly [string, number])[], most = 10) =>
    holdsToVary(work, { waits: waits.map(([name, waitTotalNs]) => ({ class: name, waitTotalNs })), most })

  it('are locks somebody waited for; small phases are left out', () =>
    expect(ask([['inner', 5]]).map(({ class: name, phase }) => [name, phase])).toEqual([
      ['inner', WHOLE_HOLD],
      ['inner', 'map_blocks'],
    ]))

  it('are one question where two locks are held over the same work, named after the one waited for longer', () => {
    const [whole, blocks] = ask([
      ['inner', 5],
      ['outer', 3],
    ])
    expect(whole).toEqual({ class: 'inner', mode: 'exclusive', phase: WHOLE_HOLD, alsoUnder: ['outer'] })
    expect(blocks).toEqual({ class: 'inner', mode: 'exclusive', phase: 'map_blocks', alsoUnder: ['outer'] })
  })

  it('are all locks where nobody waited, and no more than asked for', () => {
    expect(new Set(ask([]).map((one) => one.class))).toEqual(new Set(['outer', 'idle']))
    expect(ask([], 2)).toHaveLength(2)
  })
})

describe('slopes', () => {
  const at = (opsPerSecond: number): RunPoint => ({
    deadlocked: false,
    opsPerSecond,
    meanNs: 1e9 / opsPerSecond,
    p50Ns: 1,
    p99Ns: 2,
  })
  const seeds = [1, 1.01, 0.99, 1.02, 0.98, 1]
  const line = (slope: number, noise = 0) =>
    [-1, -0.5, 0.5, 1].map((change) => ({
      change,
      points: seeds.map((luck, i) => at(1_000 * luck * (1 + slope * change + (i % 2 === 0 ? noise : -noise)))),
    }))
  const base = seeds.map((luck) => at(1_000 * luck))
  const hold = (name: string, phase = WHOLE_HOLD): Hold => ({ class: name, mode: 'exclusive', phase, alsoUnder: [] })
  const rows = sensitivityRows(base, [
    { hold: hold('flat'), runs: line(0, 0.02) },
    { hold: hold('gentle'), runs: line(-0.1) },
    { hold: hold('steep'), runs: line(-0.4) },
  ])

  it('are the relative change per doubling; luck that runs share cancels out', () => {
    expect(rows.map((row) => row.class)).toEqual(['steep', 'gentle', 'flat'])
    expect(rows[0].slope).toBeCloseTo(-0.4, 9)
    expect(rows[0].slopeCi95?.[1]).toBeLessThan(-0.39)
    expect(rows[0].curve.map(({ change }) => change)).toEqual([-1, -0.5, 0, 0.5, 1])
    expect(rows[0].curve[0].ratio).toBeCloseTo(1.4, 9)
    expect(rows[0].curve[2].ratio).toBe(1)
  })

  it('say where the sample cannot tell', () => {
    expect(rows[2].enough).toBe(false)
    expect(sensitivityWords(rows[2])).toContain('too little to tell')
    const [alone] = sensitivityRows(base.slice(0, 1), [
      { hold: hold('steep'), runs: line(-0.4).map(({ change, points }) => ({ change, points: points.slice(0, 1) })) },
    ])
    expect(sensitivityWords(alone)).toMatch(/too few seeds to tell .*95 % interval not known/)
    expect(sensitivityWords(rows[0])).toMatch(/^All work under steep \(exclusive\): without it throughput is 1\.400 ×/)
  })

  it('leave out seeds whose runs ended in a deadlock, and say so', () => {
    const stuck = (points: readonly RunPoint[], from: number) =>
      points.map((point, seed) => (seed >= from ? { ...point, opsPerSecond: 1, deadlocked: true } : point))
    const shrunk = (from: number) =>
      line(-0.4).map(({ change, points }) => ({ change, points: change < 0 ? stuck(points, from) : points }))
    const [one] = sensitivityRows(base, [{ hold: hold('steep'), runs: shrunk(5) }])
    expect(one.slope).toBeCloseTo(-0.4, 9)
    expect(one.curve[0]).toMatchObject({ deadlocks: 1, ratio: expect.closeTo(1.4, 9) as number })
    expect(sensitivityWords(one)).toMatch(/gives 1\.200 × .* 2 runs that ended in a deadlock are left out\.$/)

    const [none] = sensitivityRows(stuck(base, 0), [{ hold: hold('steep'), runs: shrunk(0) }])
    expect(none).toMatchObject({ slope: null, slopeCi95: null, enough: false, latencySlope: null })
    expect(none.curve.map(({ ratio, p50Ns, deadlocks }) => [ratio, p50Ns, deadlocks])).toEqual([
      [null, null, 6],
      [null, null, 6],
      [null, null, 6],
      [null, 1, 0],
      [null, 1, 0],
    ])
    expect(sensitivityWords(none)).toBe(
      'All work under steep (exclusive): no seed has runs that all came to their end, so nothing can be told. 18 runs that ended in a deadlock are left out.',
    )
  })

  it('rank locks by slope and show their place by waiting beside it', () => {
    const ranking = lockRanking(rows, [
      { class: 'gentle', waitTotalNs: 900 },
      { class: 'steep', waitTotalNs: 100 },
    ])
    expect(ranking.map((lock) => [lock.class, lock.waitRank])).toEqual([
      ['steep', 2],
      ['gentle', 1],
      ['flat', null],
    ])
  })
})

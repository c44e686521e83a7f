/** What the Compare page draws, without a window: looks of runs, ratios, cumulative latency, bars, shared axes. */
import { describe, expect, it } from 'vitest'
import { kneeNames } from '#renderer/charts/experiment-lines.ts'
import { ratioAxis, ratioFinding, ratioRows } from '#renderer/charts/ratio-intervals.ts'
import { cdfPoints, quantileOf, shareWithin } from '#renderer/charts/run-lines.ts'
import { badgesOf, runLook } from '#renderer/charts/run-look.ts'
import { sharedAxes } from '#renderer/charts/waiting-pair.ts'
import { seenShort, tone, verdictRows } from '#renderer/panels/compare/columns.ts'
import { holdBars, timeBars } from '#renderer/panels/compare/lock-bars.ts'
import type { Ci95, ComparedStrategy } from '#shared/contract/simulation.ts'
import { comparedStrategy, comparison } from '../support/small-comparison.ts'

const badges = badgesOf(comparison().strategies.map(({ id }) => id))

describe('runs', () => {
  it('with replaced slots have primes, so that no two badges are the same', () => {
    expect(badgesOf(['F', 'F,tx=a', 'F,tx=b', 'E,tx=a'])).toEqual(['F', 'F′', 'F″', 'E′'])
  })
  it('from files have short badges, and one that was changed since has another', () => {
    const texts = ['mine.ts#1a2b3c4d', 'mine.ts#5e6f7081', 'a-strategy-with-a-long-name.ts#1a2b3c4d']
    expect(badgesOf(texts)).toEqual(['mine.ts', 'mine.ts′', 'a-strategy-…'])
  })
  it('look different for ten of them: colour and dash together', () => {
    const looks = Array.from({ length: 10 }, (_, i) => `${runLook(i).color} ${runLook(i).dash.join()}`)
    expect(new Set(looks).size).toBe(10)
    expect(runLook(0).dash).toEqual([])
  })
})

describe('knees of a forecast', () => {
  const line = (badge: string, position: number, knee: number | null) => ({
    badge,
    position,
    strategy: { id: badge, points: [], knee, kneeCi95: null, fit: null, words: '' },
  })
  it('in one place are named together, and neighbours take turns in height', () => {
    const knees = [line('E', 0, 2.7), line('F', 1, 1.32), line('H1', 2, 1.57), line('G', 3, 1.6), line('K', 4, 1.6)]
    expect([...kneeNames(knees, 9)]).toEqual([
      [1, { text: 'F', row: 0 }],
      [2, { text: 'H1 G K', row: 1 }],
      [0, { text: 'E', row: 2 }],
    ])
  })
  it('that nothing shows have no name', () => {
    expect(kneeNames([line('A', 0, null)], 9).size).toBe(0)
  })
})

describe('ratios', () => {
  const rows = ratioRows(comparison(), badges, 'opsPerSecond')
  it('say what they are, and when they cannot be told', () => {
    expect(rows.map(({ badge, text }) => `${badge} ${text}`)).toEqual([
      'E baseline',
      'F 0.50 ×',
      'E′ 1.01 ×, too close to tell',
    ])
    expect(ratioFinding(rows, 'throughput')).toBe("F: 0.50 × the baseline's throughput; not enough to say: E′")
  })
  it('say as the terminal does whether it is for want of runs or that the two are close', () => {
    const having = (ci95: Ci95) =>
      comparison().strategies.map((one) => ({
        ...one,
        versusBaseline: one.versusBaseline.map((row) => ({ ...row, ci95, enough: false })),
      }))
    const told = (ci95: Ci95) => ratioRows(comparison({ strategies: having(ci95) }), badges, 'opsPerSecond')[2].text
    expect(told([0.99, 1.02])).toBe('1.01 ×, too close to tell')
    expect(told([1.005, 1.02])).toBe('1.01 ×, too few runs to tell')
    expect(told(null)).toBe('1.01 ×, too few runs to tell')
  })
  it('without a figure are no ratio of 0', () => {
    expect(
      ratioRows(comparison(), badges, 'nothing')
        .slice(1)
        .map(({ ratio, text }) => [ratio, text]),
    ).toEqual([
      [undefined, 'too few of them'],
      [undefined, 'too few of them'],
    ])
    const base = comparison()
    const unlike = (one: Partial<ComparedStrategy>) =>
      ratioRows(
        { ...base, strategies: [base.strategies[0], { ...base.strategies[1], ...one }] },
        badges,
        'opsPerSecond',
      )[1]
    const versusBaseline = base.strategies[1].versusBaseline.map((row) => ({ ...row, ratio: null }))
    expect(unlike({ versusBaseline })).toMatchObject({ ratio: undefined, text: 'nothing to divide by' })
    expect(unlike({ deadlocks: 1 })).toMatchObject({ ratio: undefined, text: 'deadlocked' })
  })
  it.each([[0.46], [0.021], [1], [3], [700]])('have an axis that shows %f and 1', (ratio) => {
    const axis = ratioAxis([{ ...rows[1], ratio, ci95: [ratio * 0.9, ratio * 1.1] }])
    expect(axis.from).toBeLessThan(ratio * 0.9)
    expect(axis.to).toBeGreaterThan(ratio * 1.1)
    expect(axis.ticks).toContain(1)
  })
})

describe('cumulative latency', () => {
  const [cdf] = comparison().strategies[0].cdf
  it('ends at all of them; the tail ends where nothing is slower', () => {
    expect([...cdfPoints(cdf, 'cdf')].slice(-1)).toEqual([1])
    expect([...cdfPoints(cdf, 'tail')]).toHaveLength(4)
  })
  it('answers both ways', () => {
    expect([quantileOf(cdf, 0.5), quantileOf(cdf, 0.51), quantileOf(cdf, 1)]).toEqual([20_000, 40_000, 40_000])
    expect([shareWithin(cdf, 9_999), shareWithin(cdf, 20_000), shareWithin(cdf, 1e9)]).toEqual([0, 0.5, 1])
  })
})

describe('bars', () => {
  it('of an operation add up to its mean', () => {
    for (const row of timeBars(comparison(), badges, 'write_fault').rows)
      expect(row.parts.reduce((sum, { size }) => sum + size, 0)).toBe(20_000)
  })
  it('of a lock are wait and hold per acquisition', () => {
    const [row] = holdBars(comparison(), badges).rows
    expect(row.parts.map(({ size }) => size)).toEqual([10_000, 5_000])
  })
  it('say so where nothing finished or nobody waited', () => {
    const idle = comparison({ strategies: [comparedStrategy('E', { breakdown: [], locks: [] })] })
    expect(timeBars(idle, ['E'], 'write_fault').rows[0].figure).toBe('none finished')
    expect(holdBars(idle, ['E']).rows[0].figure).toBe('no lock was waited for')
  })
})

describe('the verdict table', () => {
  const rows = verdictRows(comparison(), badges, 'write_fault')
  it('has speed and safety in one row', () => {
    expect(rows[1]).toMatchObject({ badge: 'F', latency: { p99Ns: 40_000 }, seen: 'V5 3×' })
    expect(rows[0].seen).toBe('nothing seen')
  })
  it('tells counts that not every strategy has', () => {
    expect(rows.map(({ telling }) => telling)).toEqual(['', 'blocks left behind 4.0', ''])
    expect(rows[0].counts).toBe('blocks allocated 100')
  })
  it('calls more throughput better, more time worse, and nothing where it cannot be told', () => {
    const [speed, tail] = comparison().strategies[1].versusBaseline
    expect([tone(speed, 'more'), tone(tail, 'less')]).toEqual(['worse', 'worse'])
    expect(tone(comparison().strategies[2].versusBaseline[0], 'more')).toBe('dim')
  })
  it('names a deadlock before anything else', () => {
    expect(seenShort(comparedStrategy('F', { deadlocks: 2 }))).toBe('deadlock')
  })
})

describe('two runs', () => {
  it('share the longer time and the larger scale', () => {
    const run = (bins: number, most: number) => {
      const waiting = Float64Array.from({ length: bins }, (_, i) => (i === 1 ? most : 0))
      return { fromNs: 0, binNs: 10, waiting, waitingAll: waiting }
    }
    expect(sharedAxes([run(10, 3), run(20, 2)])).toEqual({ fromNs: 0, toNs: 200, most: 3 })
  })
})

/** The statistics of a comparison against published values, against brute force, and against what they promise. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stream } from '#shared/base/prng.ts'
import {
  bootstrap,
  compare,
  compareUnpaired,
  estimate,
  estimateSigned,
  rankSum,
  signedRank,
  tellsFromNone,
} from '#shared/whatif/statistics.ts'

/** All 2^n sign patterns, counted one by one. */
function bruteForce(differences: readonly number[]): number {
  const known = differences.filter((d) => d !== 0)
  const absolute = known.map(Math.abs)
  const ranks = absolute.map(
    (a) => absolute.filter((b) => b < a).length + (absolute.filter((b) => b === a).length + 1) / 2,
  )
  const total = ranks.reduce((a, b) => a + b, 0)
  const seen = ranks.reduce((sum, rank, i) => sum + (known[i] > 0 ? rank : 0), 0)
  const extreme = Math.min(seen, total - seen)
  let below = 0
  for (let signs = 0; signs < 2 ** known.length; signs++) {
    let sum = 0
    for (let i = 0; i < ranks.length; i++) if ((signs >> i) & 1) sum += ranks[i]
    if (sum <= extreme) below++
  }
  return known.length === 0 ? 1 : Math.min(1, (2 * below) / 2 ** known.length)
}

/** Enough to tell 95 of 100 from 92. */
const REPEATS = 600

/** A sum of twelve uniforms: normal enough, mean 6, standard deviation 1. */
function nearlyNormal(...seed: number[]): () => number {
  const [first, ...rest] = seed
  const random = stream(first, ...rest)
  return () => Array.from({ length: 12 }, () => random.u32() / 2 ** 32).reduce((a, b) => a + b, 0)
}

/** Differences of ranks 1 … n of which the positive ones add up to `sum`. */
function withRankSum(n: number, sum: number): number[] {
  const differences = Array.from({ length: n }, (_, i) => -(i + 1))
  for (let rank = n; rank > 0; rank--) {
    if (rank > sum) continue
    differences[rank - 1] = rank
    sum -= rank
  }
  return differences
}

describe("Wilcoxon's signed-rank test", () => {
  it("gives the p of Hollander and Wolfe's depression scores", () => {
    // The example of R's wilcox.test: V = 40, one-sided p 0.01953.
    const x = [1.83, 0.5, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.3]
    const y = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]
    expect(signedRank(x.map((value, i) => value - y[i]))).toBeCloseTo(0.0390625, 10)
  })

  /** Critical values of the two-sided test at 0.05, as every printed table has them. */
  it.each([
    [7, 2],
    [8, 3],
    [9, 5],
    [10, 8],
    [12, 13],
    [15, 25],
    [20, 52],
    [25, 89],
  ])('of %i pairs is significant up to a rank sum of %i', (n, critical) => {
    expect(signedRank(withRankSum(n, critical))).toBeLessThanOrEqual(0.05)
    expect(signedRank(withRankSum(n, critical + 1))).toBeGreaterThan(0.05)
  })

  it.each([
    [5, 0.0625],
    [6, 0.03125],
    [8, 0.0078125],
    [10, 0.001953125],
  ])('of %i pairs that all differ the same way is 2 / 2^n', (n, p) => {
    expect(signedRank(Array.from({ length: n }, (_, i) => i + 1))).toBe(p)
  })

  it('agrees with counting all sign patterns, ties and zeros included', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -6, max: 6 }), { minLength: 1, maxLength: 11 }), (differences) => {
        expect(signedRank(differences)).toBeCloseTo(bruteForce(differences), 12)
      }),
    )
  })

  it('of runs that do not differ at all is 1', () => expect(signedRank([0, 0, 0, 0, 0, 0])).toBe(1))
})

describe('an interval over seeds', () => {
  it('is the same every time', () => expect(estimate([3, 1, 4, 1, 5])).toEqual(estimate([3, 1, 4, 1, 5])))

  it('is not given for fewer than three runs', () => {
    expect(estimate([1, 2])).toEqual({ mean: 1.5, ci95: undefined })
    expect(estimate([1, 2, 3]).ci95).toBeDefined()
  })

  const holds = (ci95: readonly [number, number] | undefined, value: number) =>
    ci95 !== undefined && ci95[0] <= value && value <= ci95[1]

  it.each([3, 4, 5, 6, 8, 20])('of %i runs holds the true mean in 92 to 98 of 100 repetitions', (n) => {
    const draw = nearlyNormal(11, n)
    let held = 0
    for (let i = 0; i < REPEATS; i++) if (holds(estimate(Array.from({ length: n }, draw)).ci95, 6)) held++
    expect(held / REPEATS).toBeGreaterThan(0.92)
    expect(held / REPEATS).toBeLessThan(0.98)
  })

  it.each([3, 4, 5, 6, 8])('of %i pairs holds the true ratio in 92 to 98 of 100 repetitions', (n) => {
    const draw = nearlyNormal(12, n)
    let [paired, apart] = [0, 0]
    for (let i = 0; i < REPEATS; i++) {
      const baseline = Array.from({ length: n }, () => 100 + draw())
      if (
        holds(
          compare(
            baseline.map((value) => 0.8 * value + draw() - 6),
            baseline,
          ).ci95,
          0.8,
        )
      )
        paired++
      const other = Array.from({ length: n }, () => 0.8 * (100 + draw()))
      if (holds(compareUnpaired(other, baseline).ci95, 0.8)) apart++
    }
    expect(paired / REPEATS).toBeGreaterThan(0.92)
    expect(paired / REPEATS).toBeLessThan(0.98)
    // The smaller sample's degrees of freedom are too few for both: wider, never narrower.
    expect(apart / REPEATS).toBeGreaterThan(0.92)
  })

  it.each([3, 4, 5, 6, 8, 20])('tells %i differences of nothing from none in at most 6 of 100 repetitions', (n) => {
    const draw = nearlyNormal(13, n)
    let told = 0
    for (let i = 0; i < REPEATS; i++) if (tellsFromNone(Array.from({ length: n }, () => draw() - 6))) told++
    expect(told / REPEATS).toBeLessThan(0.06)
    expect(tellsFromNone(Array.from({ length: n }, (_, i) => 10 + i / 10))).toBe(true)
  })

  it.each([3, 4, 5, 6, 8])('of %i times never reaches below none, however far they are apart', (n) => {
    const times = Array.from({ length: n }, (_, i) => (i === 0 ? 1000 : 1))
    const same = times.map(() => 500)
    for (const { ci95 } of [estimate(times), compare(times, same), compareUnpaired(times, same)]) {
      expect(ci95?.[0]).toBeGreaterThan(0)
      expect(ci95?.[1]).toBeLessThan(100_000)
    }
    const none = times.map(() => 0)
    expect(estimate(none).ci95).toEqual([0, 0])
    expect(compareUnpaired(none, times).ci95).toEqual([0, 0])
    expect(estimateSigned(times.map((time) => time - 900)).ci95?.[0]).toBeLessThan(0)
  })

  it('of a statistic that is no mean needs six', () => {
    expect(bootstrap(5, (pick) => pick(0))).toBe(undefined)
    expect(bootstrap(6, (pick) => pick(0))).toBeDefined()
  })
})

describe('a comparison', () => {
  const baseline = [100, 140, 90, 120, 110, 130, 95, 105]

  it('of pairs sees a small difference that seeds would hide', () => {
    const { ratio, ci95, p, enough } = compare(
      baseline.map((value, i) => value * 0.97 - (i % 3)),
      baseline,
    )
    expect(ratio).toBeCloseTo(0.962, 2)
    expect(ci95?.[1]).toBeLessThan(0.98)
    expect(p).toBe(2 / 2 ** 8)
    expect(enough).toBe(true)
  })

  it('does not claim a difference that chance can make', () => {
    const { enough, ci95, p } = compare(
      baseline.map((value, i) => value + (i % 2 === 0 ? 5 : -4)),
      baseline,
    )
    expect(enough).toBe(false)
    expect(p).toBeGreaterThan(0.05)
    expect(ci95?.[0]).toBeLessThan(1)
    expect(ci95?.[1]).toBeGreaterThan(1)
  })

  it('of five seeds cannot tell, however clear it looks', () => {
    expect(compare([200, 210, 220, 230, 240], [100, 100, 100, 100, 100])).toMatchObject({ p: 0.0625, enough: false })
  })

  it('with a baseline of nothing has no ratio', () => {
    expect(compare([1, 2, 3, 4, 5, 6], [0, 0, 0, 0, 0, 0])).toMatchObject({
      ratio: NaN,
      ci95: undefined,
      enough: false,
    })
  })
})

describe('effects and independent samples', () => {
  it('rank-biserial is 1 where every pair is larger, -1 where every one is smaller, 0 where nothing differs', () => {
    expect(compare([2, 3, 4, 5, 6, 7], [1, 2, 3, 4, 5, 6]).effect).toBe(1)
    expect(compare([1, 2, 3], [2, 3, 4]).effect).toBe(-1)
    expect(compare([1, 2, 3], [1, 2, 3]).effect).toBe(0)
  })

  it('Mann-Whitney is exact: two of twenty orders of three and three are as far apart as these', () => {
    expect(rankSum([4, 5, 6], [1, 2, 3])).toEqual({ p: 0.1, effect: 1 })
    expect(rankSum([1, 2, 3], [4, 5, 6])).toEqual({ p: 0.1, effect: -1 })
    expect(rankSum([1, 1, 1], [1, 1, 1])).toEqual({ p: 1, effect: 0 })
  })

  it('says enough only of samples large and far enough', () => {
    const base = [10, 11, 12, 10, 11, 12, 10, 11]
    expect(
      compareUnpaired(
        base.map((value) => value * 2),
        base,
      ).enough,
    ).toBe(true)
    expect(
      compareUnpaired(
        base.map((value) => value * 1.01),
        base,
      ).enough,
    ).toBe(false)
    expect(compareUnpaired([20, 21, 22], [10, 11, 12]).enough).toBe(false)
  })
})

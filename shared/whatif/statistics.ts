/**
 * How sure a comparison of few runs is. Runs are compared in pairs that share a seed (common random numbers), so the
 * questions are about pairs: the ratio of two means with a bootstrap interval (Student's on a log scale below six pairs), and Wilcoxon's signed-rank test, exact for
 * every number of runs that occurs here. Deterministic: resampling draws from a stream of its own.
 *
 * simple-statistics has neither a paired signed-rank test nor a bootstrap, and much of it is computed with Math.exp and
 * Math.log, whose last bits differ between engines; what is needed of it here is forty lines.
 */

import { stream } from '../base/prng.ts'
import { expDeterministic } from '../sim/lognormal.ts'

/** [low, high] that covers the true value in 95 of 100 repetitions; undefined where the sample is too small to say. */
export type Interval = readonly [low: number, high: number]

const RESAMPLES = 4_000
/** Two values always lie beside each other; three begin to show how far values spread. */
const LEAST = 3
/** Fewer show too little of how values spread for drawing from them: Student's t stands for the bootstrap. */
const LEAST_DRAWN = 6
/** Student's t, 0.975, by n from 3 on. */
const STUDENT = [4.302653, 3.182446, 2.776445]
/** Below six pairs even a unanimous signed-rank test stays above 0.05. */
const LEAST_PAIRS = 6
const SIGNIFICANT = 0.05

/**
 * Share of the resampled means to cut off at either end. The bootstrap's spread is too small by √((n-1)/n) and knows no
 * t distribution; cutting at Φ(-√(n/(n-1)) · t(0.975, n-1)) undoes both (T. Hesterberg, "What Teachers Should Know About
 * the Bootstrap", 2015, expanded percentile interval). By n, from 6 on.
 */
const TAILS = [
  0.002432, 0.004109, 0.005738, 0.007225, 0.008551, 0.009722, 0.010757, 0.011671, 0.012483, 0.013207, 0.013856,
  0.014439, 0.014966, 0.015445, 0.015881,
]

function tailOf(n: number): number {
  // Beyond the table the cut-off is within 0.0001 of this.
  return n - LEAST_DRAWN < TAILS.length ? TAILS[n - LEAST_DRAWN] : 0.025 - 0.19 / n
}

/** Half of Student's interval of a mean whose squared standard error comes from `n` values; undefined where there is none. */
function student(mean: number, n: number, squaredError: number): number | undefined {
  if (n < LEAST || !Number.isFinite(mean) || !Number.isFinite(squaredError)) return undefined
  return STUDENT[n - LEAST] * Math.sqrt(squaredError)
}

/** Of what is never below 0 (times, counts, rates, their ratios): Student's on a log scale, as wide by the delta method. */
function positive(mean: number, n: number, squaredError: number): Interval | undefined {
  const half = student(mean, n, squaredError)
  if (half === undefined) return undefined
  if (mean === 0) return [0, 0]
  const factor = expDeterministic(half / mean)
  return [mean / factor, mean * factor]
}

/** Squared standard error of the mean. */
function squaredError(values: readonly number[]): number {
  const mean = meanOf(values)
  const squares = values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0)
  return squares / (values.length - 1) / values.length
}

export interface Estimate {
  readonly mean: number
  readonly ci95: Interval | undefined
}

export function meanOf(values: readonly number[]): number {
  return values.length === 0 ? NaN : values.reduce((sum, value) => sum + value, 0) / values.length
}

/** The mean of independent runs, of something that is never below 0. */
export function estimate(values: readonly number[]): Estimate {
  const mean = meanOf(values)
  if (values.length >= LEAST_DRAWN) return { mean, ci95: drawnMean(values) }
  return { mean, ci95: positive(mean, values.length, squaredError(values)) }
}

/** The same of differences, which may be below 0. */
export function estimateSigned(values: readonly number[]): Estimate {
  const mean = meanOf(values)
  if (values.length >= LEAST_DRAWN) return { mean, ci95: drawnMean(values) }
  const half = student(mean, values.length, squaredError(values))
  return { mean, ci95: half === undefined ? undefined : [mean - half, mean + half] }
}

function drawnMean(values: readonly number[]): Interval | undefined {
  return bootstrap(values.length, (pick) => {
    let sum = 0
    for (let i = 0; i < values.length; i++) sum += values[pick(i)]
    return sum / values.length
  })
}

export interface Comparison {
  /** Mean of the one over the mean of the other; NaN where the other's is 0. */
  readonly ratio: number
  readonly ci95: Interval | undefined
  /** Wilcoxon signed-rank, two-sided: how often chance alone makes a difference like this. */
  readonly p: number
  /** Matched-pairs rank-biserial correlation (D. Kerby 2014): 1 every pair is larger, -1 every pair is smaller, 0 even. */
  readonly effect: number
  /** False: the sample cannot tell the two apart. */
  readonly enough: boolean
}

/** `values[i]` and `baseline[i]` come from runs with one seed. */
export function compare(values: readonly number[], baseline: readonly number[]): Comparison {
  const n = values.length
  const ratio = meanOf(values) / meanOf(baseline)
  const ci95 = pairedInterval(values, baseline)
  const differences = values.map((value, i) => value - baseline[i])
  const p = signedRank(differences)
  const apart = ci95 !== undefined && (ci95[0] > 1 || ci95[1] < 1)
  const enough = n >= LEAST_PAIRS && apart && p <= SIGNIFICANT
  return { ratio: Number.isFinite(ratio) ? ratio : NaN, ci95, p, effect: rankBiserial(differences), enough }
}

function pairedInterval(values: readonly number[], baseline: readonly number[]): Interval | undefined {
  const n = values.length
  if (n < LEAST_DRAWN) {
    // How far each pair is from the ratio, as a share of the baseline: their mean is 0.
    const mean = meanOf(baseline)
    const ratio = meanOf(values) / mean
    const off = values.map((value, i) => (value - ratio * baseline[i]) / mean)
    return positive(ratio, n, squaredError(off))
  }
  return bootstrap(n, (pick) => {
    let one = 0
    let other = 0
    for (let i = 0; i < n; i++) {
      const at = pick(i)
      one += values[at]
      other += baseline[at]
    }
    return one / other
  })
}

/**
 * Can differences that should be 0 be told from none? Wrong in 5 of 100 samples of nothing, at most: the interval says so
 * below six, Wilcoxon's test with it from there on.
 */
export function tellsFromNone(differences: readonly number[]): boolean {
  const { ci95 } = estimateSigned(differences)
  const apart = ci95 !== undefined && (ci95[0] > 0 || ci95[1] < 0)
  return apart && (differences.length < LEAST_PAIRS || signedRank(differences) <= SIGNIFICANT)
}

/**
 * The same of values that have no partners: parts of two recordings. Both sides are resampled on their own, and chance is
 * Mann and Whitney's; the effect is Cliff's delta, the rank-biserial correlation of independent groups.
 */
export function compareUnpaired(values: readonly number[], baseline: readonly number[]): Comparison {
  const ratio = meanOf(values) / meanOf(baseline)
  const least = Math.min(values.length, baseline.length)
  const ci95 = ratioInterval(values, baseline)
  const { p, effect } = rankSum(values, baseline)
  const apart = ci95 !== undefined && (ci95[0] > 1 || ci95[1] < 1)
  return {
    ratio: Number.isFinite(ratio) ? ratio : NaN,
    ci95,
    p,
    effect,
    enough: least >= LEAST_PAIRS && apart && p <= SIGNIFICANT,
  }
}

function ratioInterval(values: readonly number[], baseline: readonly number[]): Interval | undefined {
  const n = Math.min(values.length, baseline.length)
  if (n < LEAST_DRAWN) {
    const base = meanOf(baseline)
    const ratio = meanOf(values) / base
    return positive(ratio, n, (squaredError(values) + ratio * ratio * squaredError(baseline)) / (base * base))
  }
  const random = stream(0x5eed, values.length, baseline.length)
  const mean = (list: readonly number[]) => {
    let sum = 0
    for (let i = 0; i < list.length; i++) sum += list[random.below(list.length)]
    return sum / list.length
  }
  const results = Float64Array.from({ length: RESAMPLES }, () => mean(values) / mean(baseline))
  if (results.some((value) => !Number.isFinite(value))) return undefined
  results.sort()
  const cut = Math.floor(tailOf(n) * RESAMPLES)
  return [results[cut], results[RESAMPLES - 1 - cut]]
}

/** Mann-Whitney, exact and two-sided, equal values sharing their mean rank; with the effect from -1 to 1. */
export function rankSum(
  values: readonly number[],
  baseline: readonly number[],
): { readonly p: number; readonly effect: number } {
  const [n, m] = [values.length, baseline.length]
  if (n === 0 || m === 0) return { p: 1, effect: 0 }
  const ranks = doubledRanks([...values, ...baseline])
  const total = ranks.reduce((sum, rank) => sum + rank, 0)
  const mine = ranks.slice(0, n).reduce((sum, rank) => sum + rank, 0)
  // ways[k][s]: in how many ways k of the values so far have ranks that add up to s.
  const ways = Array.from({ length: n + 1 }, () => new Float64Array(total + 1))
  ways[0][0] = 1
  for (const rank of ranks) {
    for (let k = n; k >= 1; k--) for (let s = total; s >= rank; s--) ways[k][s] += ways[k - 1][s - rank]
  }
  const all = ways[n].reduce((sum, count) => sum + count, 0)
  const middle = (n * total) / (n + m)
  const distance = Math.abs(mine - middle)
  let far = 0
  ways[n].forEach((count, s) => {
    if (Math.abs(s - middle) >= distance) far += count
  })
  return { p: Math.min(1, far / all), effect: (mine - n * (n + 1)) / (n * m) - 1 }
}

/** Favourable minus unfavourable rank sum, of all of it; 0 when nothing differs. */
function rankBiserial(differences: readonly number[]): number {
  const known = differences.filter((difference) => difference !== 0 && difference === difference)
  const ranks = doubledRanks(known.map(Math.abs))
  const total = ranks.reduce((sum, rank) => sum + rank, 0)
  const positive = ranks.reduce((sum, rank, i) => sum + (known[i] > 0 ? rank : 0), 0)
  return total === 0 ? 0 : (2 * positive) / total - 1
}

/** Interval of a statistic over resampled indices; the same for the same n and statistic, always. Of six and more. */
export function bootstrap(n: number, statistic: (pick: (i: number) => number) => number): Interval | undefined {
  if (n < LEAST_DRAWN) return undefined
  const random = stream(0x5eed, n)
  const drawn = new Int32Array(n)
  const pick = (i: number) => drawn[i]
  const results = new Float64Array(RESAMPLES)
  for (let r = 0; r < RESAMPLES; r++) {
    for (let i = 0; i < n; i++) drawn[i] = random.below(n)
    results[r] = statistic(pick)
  }
  if (results.some((value) => !Number.isFinite(value))) return undefined
  results.sort()
  const cut = Math.floor(tailOf(n) * RESAMPLES)
  return [results[cut], results[RESAMPLES - 1 - cut]]
}

/**
 * Two-sided p of Wilcoxon's signed-rank test, exact: the share of the 2^n ways to give signs to the ranks whose rank sum
 * is as far from the middle. Zero differences are left out, equal ones share their mean rank. 1 when nothing differs.
 */
export function signedRank(differences: readonly number[]): number {
  const known = differences.filter((difference) => difference !== 0 && difference === difference)
  const n = known.length
  if (n === 0) return 1
  const ranks = doubledRanks(known.map(Math.abs))
  const total = ranks.reduce((sum, rank) => sum + rank, 0)
  const positive = ranks.reduce((sum, rank, i) => sum + (known[i] > 0 ? rank : 0), 0)
  const extreme = Math.min(positive, total - positive)
  // ways[s]: probability that a random half of the ranks adds up to s.
  const ways = new Float64Array(total + 1)
  ways[0] = 1
  let reach = 0
  for (const rank of ranks) {
    reach += rank
    for (let s = reach; s >= 0; s--) ways[s] = 0.5 * (ways[s] + (s >= rank ? ways[s - rank] : 0))
  }
  let below = 0
  for (let s = 0; s <= extreme; s++) below += ways[s]
  return Math.min(1, 2 * below)
}

/** Twice the rank of each value, so that shared ranks stay whole numbers. */
function doubledRanks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b])
  const ranks = new Array<number>(values.length)
  for (let from = 0; from < order.length;) {
    let to = from
    while (to + 1 < order.length && values[order[to + 1]] === values[order[from]]) to++
    for (let i = from; i <= to; i++) ranks[order[i]] = from + to + 2
    from = to + 1
  }
  return ranks
}

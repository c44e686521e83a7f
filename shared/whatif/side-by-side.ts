/**
 * Figures of runs to strategies side by side: per strategy its means over seeds with how sure they are, and against the
 * baseline the ratio of every metric over pairs of runs with one seed. It judges speed; what is safe is for a search of
 * schedules to say (`withSearch`): what timed runs show is violated, but what they do not show proves nothing.
 */

import { bucketOf, bucketStart } from '../base/quantiles.ts'
import type {
  Breakdown,
  Cdf,
  Ci95,
  ComparedLock,
  ComparedOp,
  EstimateInfo,
  MostlyFailed,
  Searched,
  Verdict,
  VerdictViolation,
  VersusBaseline,
  ViolationInfo,
  WorstChain,
} from '../contract/simulation.ts'
import { SPREAD_SUB, type LockFigures, type OpFigures, type RunFigures, type Spread } from './figures.ts'
import { compare, compareUnpaired, estimate, meanOf, type Interval } from './statistics.ts'

export interface Run {
  readonly seed: number
  readonly figures: RunFigures
  readonly violations: readonly ViolationInfo[]
  /** It ended early, because everything waited for everything. */
  readonly deadlocked: boolean
}

/** The part of a compared strategy that its runs decide. */
export interface Measured {
  readonly runs: number
  readonly opsPerSecond: EstimateInfo
  readonly failed: number | null
  readonly mostlyFailed: MostlyFailed | null
  readonly ops: readonly ComparedOp[]
  readonly locks: readonly ComparedLock[]
  readonly breakdown: readonly Breakdown[]
  readonly verdict: Verdict
  readonly versusBaseline: readonly VersusBaseline[]
  readonly cdf: readonly Cdf[]
  readonly worstChain: WorstChain | null
}

/** `runs` and `baseline` in the order of the same seeds. */
export function measured(runs: readonly Run[], baseline: readonly Run[]): Measured {
  const figures = runs.map((run) => run.figures)
  const ops = compareOps(figures)
  return {
    runs: runs.length,
    opsPerSecond: estimateInfo(figures.map((figure) => figure.opsPerSecond)),
    failed: failedOf(ops),
    mostlyFailed: mostlyFailed(
      ops,
      baseline.flatMap((run) => run.figures.ops),
    ),
    ops,
    locks: compareLocks(figures),
    breakdown: breakdown(figures),
    verdict: timedVerdict(violationsOf(runs)),
    versusBaseline: runs === baseline ? [] : versus(...wholePairs(runs, baseline)),
    cdf: cdfs(figures),
    worstChain: worstChain(runs),
  }
}

/** A run that ended in a deadlock did a part of the work, and mostly the part before it hurt: no ratio is made of it. */
export function wholePairs<R extends Pick<Run, 'deadlocked'>>(
  runs: readonly R[],
  baseline: readonly R[],
): [readonly R[], readonly R[]] {
  const whole = runs.flatMap((run, i) =>
    run.deadlocked || baseline[i].deadlocked ? [] : [[run, baseline[i]] as const],
  )
  return [whole.map(([run]) => run), whole.map(([, base]) => base)]
}

/** Operations of a kind that are fewer than this share of all say little of a run. */
const WORTH = 0.05

/** How often a kind of operation was tried, in one run or in all. */
export interface Tried extends Pick<MostlyFailed, 'op' | 'count'> {
  /** null: the trace does not say. */
  readonly failed: number | null
}

/** null: of none of them it is known. */
function failedOf(tried: readonly Pick<Tried, 'failed'>[]): number | null {
  const known = tried.filter(({ failed }) => failed !== null)
  return known.length > 0 || tried.length === 0 ? sum(known, ({ failed }) => failed ?? 0) : null
}

/** Runs that mostly fail are fast at something else: no ratio is made of their speed, nor of others to theirs. */
export function mostlyFailed(runs: readonly Tried[], baseline: readonly Tried[]): MostlyFailed | null {
  const own = failures(runs)
  if (own !== undefined) return { in: 'runs', ...own }
  const theirs = failures(baseline)
  return theirs === undefined ? null : { in: 'baseline', ...theirs }
}

/** The kind of operation that failed most often, where it failed more often than not. */
function failures(tried: readonly Tried[]): Omit<MostlyFailed, 'in'> | undefined {
  const kinds = [...Map.groupBy(tried, ({ op }) => op)].map(([op, rows]) => {
    return { op, failed: failedOf(rows) ?? 0, count: sum(rows, ({ count }) => count) }
  })
  const all = sum(kinds, ({ count }) => count)
  return kinds
    .filter(({ failed, count }) => failed * 2 > count && count >= all * WORTH)
    .sort((a, b) => b.failed - a.failed)
    .at(0)
}

/** The runs of two lists that have the same seeds, both in the order of the first. The same list stays the same list. */
export function paired<R extends Pick<Run, 'seed'>>(
  runs: readonly R[],
  baseline: readonly R[],
): [readonly R[], readonly R[]] {
  if (runs === baseline) return [runs, baseline]
  const pairs = runs.flatMap((run) => {
    const base = baseline.find(({ seed }) => seed === run.seed)
    return base === undefined ? [] : [[run, base] as const]
  })
  return [pairs.map(([run]) => run), pairs.map(([, base]) => base)]
}

/** What timed runs say of safety: what they saw violated is violated; nothing seen proves nothing. */
function timedVerdict(violations: readonly VerdictViolation[]): Verdict {
  const safe = violations.length > 0 ? false : null
  return { safe, complete: false, executions: 0, violations, searched: [] }
}

/** With what searching schedules and power cuts found; `searched` empty: nobody searched. */
export function withSearch(
  verdict: Verdict,
  { searched, found }: { readonly searched: readonly Searched[]; readonly found: readonly VerdictViolation[] },
): Verdict {
  const violations = [...verdict.violations, ...found]
  const complete = searched.length > 0 && searched.every((one) => one.complete && one.crash.complete)
  return {
    safe: violations.length > 0 ? false : complete ? true : null,
    complete,
    executions: sum(searched, ({ executions }) => executions),
    violations,
    searched,
  }
}

function worstChain(runs: readonly Run[]): WorstChain | null {
  let worst: WorstChain | null = null
  for (const { seed, figures } of runs) {
    const chain = figures.worstChain
    if (chain !== undefined && chain.waitNs > (worst?.waitNs ?? 0)) worst = { seed, ...chain }
  }
  return worst
}

/** What the model counts beside operations, mean per run. */
export function meanCounters(runs: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const names = [...new Set(runs.flatMap((counters) => Object.keys(counters)))].sort()
  return Object.fromEntries(
    names.map((name) => [name, runs.reduce((total, one) => total + (one[name] ?? 0), 0) / runs.length]),
  )
}

export function estimateInfo(values: readonly number[]): EstimateInfo {
  const { mean, ci95 } = estimate(values)
  return { mean, ci95: known(ci95) }
}

function known(interval: Interval | undefined): Ci95 {
  return interval ?? null
}

/** Times that leave here are whole ns; ratios are made of the figures themselves. */
function meanNs(values: readonly number[]): number | null {
  const value = mean(values)
  return value === null ? null : Math.round(value)
}

/** Of their mean. */
export function knownNs(values: readonly number[]): Ci95 {
  const { ci95 } = estimate(values)
  return ci95 === undefined ? null : [Math.round(ci95[0]), Math.round(ci95[1])]
}

/** The same thing of every run that has it, in order of first appearance. */
function gather<T>(
  figures: readonly RunFigures[],
  items: (figure: RunFigures) => readonly T[],
  key: (item: T) => string,
) {
  const groups = new Map<string, T[]>()
  for (const figure of figures) {
    for (const item of items(figure)) {
      const group = groups.get(key(item))
      if (group === undefined) groups.set(key(item), [item])
      else group.push(item)
    }
  }
  return groups
}

function compareOps(figures: readonly RunFigures[]): ComparedOp[] {
  const groups = gather(
    figures,
    (figure) => figure.ops,
    (row) => row.op,
  )
  return [...groups].map(([op, rows]) => {
    const of = (pick: (row: OpFigures) => number | null) => rows.map(pick).filter((value) => value !== null)
    const totalNs = sum(rows, (row) => row.totalNs ?? 0)
    const measuredOps = sum(rows, (row) => row.measured)
    const waitNs = of((row) => row.waitNs)
    return {
      op,
      count: sum(rows, (row) => row.count),
      failed: failedOf(rows),
      totalNs: measuredOps > 0 ? totalNs : null,
      minNs: least(of((row) => row.minNs)),
      meanNs: measuredOps > 0 ? Math.round(totalNs / measuredOps) : null,
      p50Ns: meanNs(of((row) => row.p50Ns)),
      p90Ns: meanNs(of((row) => row.p90Ns)),
      p99Ns: meanNs(of((row) => row.p99Ns)),
      p999Ns: meanNs(of((row) => row.p999Ns)),
      maxNs: most(of((row) => row.maxNs)),
      waitNs: waitNs.length === 0 ? null : waitNs.reduce((a, b) => a + b, 0),
      waitShare: mean(of((row) => row.waitShare)),
      ci95: {
        p50Ns: knownNs(of((row) => row.p50Ns)),
        p99Ns: knownNs(of((row) => row.p99Ns)),
        p999Ns: knownNs(of((row) => row.p999Ns)),
      },
    }
  })
}

function compareLocks(figures: readonly RunFigures[]): ComparedLock[] {
  const groups = gather(
    figures,
    (figure) => figure.locks,
    (row) => `${row.class}\0${row.mode}`,
  )
  return [...groups.values()]
    .map((rows): ComparedLock => {
      const of = (pick: (row: LockFigures) => number | null) => rows.map(pick).filter((value) => value !== null)
      const contended = sum(rows, (row) => row.contended)
      const acquisitions = sum(rows, (row) => row.acquisitions)
      const waitTotalNs = sum(rows, (row) => row.waitTotalNs)
      const openWaits = sum(rows, (row) => row.openWaits)
      const openWaitNs = sum(rows, (row) => row.openWaitNs)
      const ended = contended - openWaits
      const holds = of((row) => row.holdTotalNs)
      const holdTotalNs = holds.length === 0 ? null : holds.reduce((a, b) => a + b, 0)
      return {
        class: rows[0].class,
        mode: rows[0].mode,
        acquisitions,
        contended,
        waitTotalNs,
        openWaits,
        openWaitNs,
        waitMeanNs: ended > 0 ? Math.round((waitTotalNs - openWaitNs) / ended) : null,
        waitMinNs: least(of((row) => row.waitMinNs)),
        waitMaxNs: most(of((row) => row.waitMaxNs)),
        waitP50Ns: meanNs(of((row) => row.waitP50Ns)),
        waitP99Ns: meanNs(of((row) => row.waitP99Ns)),
        openHolds: sum(rows, (row) => row.openHolds),
        holdTotalNs,
        holdMeanNs: holdTotalNs !== null && acquisitions > 0 ? Math.round(holdTotalNs / acquisitions) : null,
        holdMinNs: least(of((row) => row.holdMinNs)),
        holdMaxNs: most(of((row) => row.holdMaxNs)),
        holdP50Ns: meanNs(of((row) => row.holdP50Ns)),
        holdP99Ns: meanNs(of((row) => row.holdP99Ns)),
        inferred: rows.some((row) => row.inferred),
      }
    })
    .sort((a, b) => b.waitTotalNs - a.waitTotalNs || (b.holdTotalNs ?? 0) - (a.holdTotalNs ?? 0))
}

function breakdown(figures: readonly RunFigures[]): Breakdown[] {
  return compareOps(figures).flatMap(({ op, meanNs, count }) => {
    if (meanNs === null || count === 0) return []
    const waits = [
      ...gather(
        figures,
        (figure) => figure.waits.filter((wait) => wait.op === op),
        (wait) => wait.class,
      ),
    ]
      .map(([name, parts]) => ({ class: name, ns: Math.round(sum(parts, (part) => part.ns) / count) }))
      .sort((a, b) => b.ns - a.ns)
    const waited = waits.reduce((total, { ns }) => total + ns, 0)
    // A wait inside a wait (a spinlock in a sleeping lock's slow path) counts for both; the rest is never negative.
    return [{ op, meanNs, waits, restNs: Math.max(0, meanNs - waited) }]
  })
}

function violationsOf(runs: readonly Run[]): VerdictViolation[] {
  const found = new Map<string, VerdictViolation>()
  for (const { violations } of runs) {
    for (const violation of violations) {
      // Mistakes in a strategy's own file are told one by one.
      const key = violation.invariant === 'S1' ? violation.message : violation.invariant
      const first = found.get(key)
      const count = (first?.count ?? 0) + violation.count
      found.set(key, { ...(first ?? { ...violation, schedule: null }), count })
    }
  }
  return [...found.values()]
}

type Metric = readonly [name: string, of: (figure: RunFigures) => number | null]

function metricsOf(figures: readonly RunFigures[]): readonly Metric[] {
  const kinds = [...new Set(figures.flatMap((figure) => figure.ops.map((row) => row.op)))]
  return [
    ['opsPerSecond', (figure) => figure.opsPerSecond],
    ...kinds.flatMap((kind): Metric[] => [
      [`${kind}.meanNs`, (figure) => opOf(figure, kind)?.meanNs ?? null],
      [`${kind}.p50Ns`, (figure) => opOf(figure, kind)?.p50Ns ?? null],
      [`${kind}.p99Ns`, (figure) => opOf(figure, kind)?.p99Ns ?? null],
      [`${kind}.p999Ns`, (figure) => opOf(figure, kind)?.p999Ns ?? null],
    ]),
    ['lockWaitPerOpNs', (figure) => perOp(figure, (row) => row.waitTotalNs)],
    ['lockHoldPerOpNs', holdPerOp],
    ['lockAcquisitionsPerOp', (figure) => perOp(figure, (row) => row.acquisitions)],
    ['lockWaitPerAcquisitionNs', waitPerAcquisition],
  ]
}

/** Runs without partners, a baseline's and another's: parts of two recordings. */
export function versusUnpaired(figures: readonly RunFigures[], baseline: readonly RunFigures[]): VersusBaseline[] {
  return metricsOf(figures).flatMap(([metric, of]) => {
    const known = (list: readonly RunFigures[]) => list.map(of).filter((value) => value !== null)
    const [values, base] = [known(figures), known(baseline)]
    if (values.length === 0 || base.length === 0) return []
    const { ratio, ci95, p, effect, enough } = compareUnpaired(values, base)
    return [{ metric, ratio: ratio === ratio ? ratio : null, ci95: ci95 ?? null, p, effect, enough }]
  })
}

function versus(runs: readonly Run[], base: readonly Run[]): VersusBaseline[] {
  const figures = runs.map((run) => run.figures)
  const baseline = base.map((run) => run.figures)
  return metricsOf(figures).flatMap(([metric, of]) => {
    const pairs = figures
      .map((figure, i) => [of(figure), of(baseline[i])] as const)
      .filter((pair): pair is readonly [number, number] => pair[0] !== null && pair[1] !== null)
    if (pairs.length === 0) return []
    const { ratio, ci95, p, effect, enough } = compare(
      pairs.map(([value]) => value),
      pairs.map(([, base]) => base),
    )
    return [{ metric, ratio: ratio === ratio ? ratio : null, ci95: known(ci95), p, effect, enough }]
  })
}

function opOf(figure: RunFigures, kind: string): OpFigures | undefined {
  return figure.ops.find((row) => row.op === kind)
}

/** Over all locks: strategies have locks of different names, and more or fewer of them. */
function perOp(figure: RunFigures, of: (row: LockFigures) => number): number | null {
  return perOne(
    sum(figure.locks, of),
    sum(figure.ops, (row) => row.count),
  )
}

/** null where there is none, or of a trace that shows only waits. */
function perOne(total: number, count: number): number | null {
  const one = total / count
  return count === 0 || Number.isNaN(one) ? null : one
}

/** null where no lock of a trace shows its holds. */
function holdPerOp(figure: RunFigures): number | null {
  return figure.locks.every(({ holdTotalNs }) => holdTotalNs === null)
    ? null
    : perOp(figure, ({ holdTotalNs }) => holdTotalNs ?? 0)
}

function waitPerAcquisition({ locks }: RunFigures): number | null {
  return perOne(
    sum(locks, (row) => row.waitTotalNs),
    sum(locks, (row) => row.acquisitions),
  )
}

function cdfs(figures: readonly RunFigures[]): Cdf[] {
  return [
    ...gather(
      figures,
      (figure) => figure.spread,
      (spread) => spread.op,
    ),
  ].map(([op, spreads]) => {
    const counts = new Map<number, number>()
    for (const { bucket, count } of spreads) {
      bucket.forEach((at, i) => counts.set(at, (counts.get(at) ?? 0) + count[i]))
    }
    const buckets = [...counts.keys()].sort((a, b) => a - b)
    const total = buckets.reduce((all, bucket) => all + (counts.get(bucket) ?? 0), 0)
    let below = 0
    return {
      op,
      ...bandOf(spreads, buckets),
      // The bucket's last value: so many took at most this long.
      ns: Float64Array.from(buckets, (bucket) => bucketStart(bucket + 1, SPREAD_SUB) - 1),
      share: Float64Array.from(buckets, (bucket) => (below += counts.get(bucket) ?? 0) / total),
    }
  })
}

/** With the band over other runs than those the line is of: over the parts of one recording. */
export function withBands(cdf: readonly Cdf[], parts: readonly RunFigures[]): Cdf[] {
  return cdf.map((line) => {
    const spreads = parts.flatMap(({ spread }) => spread.filter(({ op }) => op === line.op))
    return {
      ...line,
      ...bandOf(
        spreads,
        Array.from(line.ns, (ns) => bucketOf(ns, SPREAD_SUB)),
      ),
    }
  })
}

/** Lowest and highest share of any run at each bucket; nothing of one run alone. */
function bandOf(spreads: readonly Spread[], buckets: readonly number[]): Pick<Cdf, 'low' | 'high'> {
  if (spreads.length < 2) return { low: null, high: null }
  const low = new Float64Array(buckets.length).fill(1)
  const high = new Float64Array(buckets.length)
  for (const { bucket, count } of spreads) {
    const total = count.reduce((all, one) => all + one, 0)
    let below = 0
    let next = 0
    buckets.forEach((at, i) => {
      while (next < bucket.length && bucket[next] <= at) below += count[next++]
      low[i] = Math.min(low[i], below / total)
      high[i] = Math.max(high[i], below / total)
    })
  }
  return { low, high }
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : meanOf(values)
}

function least(values: readonly number[]): number | null {
  return values.length === 0 ? null : Math.min(...values)
}

function most(values: readonly number[]): number | null {
  return values.length === 0 ? null : Math.max(...values)
}

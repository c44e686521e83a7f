/**
 * A comparison in sentences, the same in the terminal, the report and the window: who is faster and how sure that is, what
 * the slower ones wait for, what was seen to break. It never ranks what the sample cannot tell apart, and it never calls
 * a strategy safe.
 */

import { counted, formatCount, formatShare, timeText, UNKNOWN } from '../base/time.ts'
import type {
  Ci95,
  ComparedStrategy,
  CompareResult,
  MostlyFailed,
  Verdict,
  VersusBaseline,
} from '../contract/simulation.ts'
import type { Fidelity, SeedRange, SimulatedAgain } from '../contract/whatif.ts'

export type CompareWords = Pick<CompareResult, 'strategies' | 'baseline' | 'seeds'>

/** The operation the comparison is about: the most frequent one of all strategies together. */
export function mainOp({ strategies }: Pick<CompareResult, 'strategies'>): string | undefined {
  const counts = new Map<string, number>()
  for (const { ops } of strategies) {
    for (const { op, count } of ops) counts.set(op, (counts.get(op) ?? 0) + count)
  }
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).at(0)?.[0]
}

export function versusOf(
  strategy: Pick<ComparedStrategy, 'versusBaseline'>,
  metric: string,
): VersusBaseline | undefined {
  return strategy.versusBaseline.find((row) => row.metric === metric)
}

/** `194 k/s`, `2.37 M/s`, `812 /s` */
export function rateText(perSecond: number, group?: string): string {
  if (perSecond >= 1e9) return `${threeDigits(perSecond / 1e9)} G/s`
  if (perSecond >= 1e6) return `${threeDigits(perSecond / 1e6)} M/s`
  if (perSecond >= 1e3) return `${threeDigits(perSecond / 1e3)} k/s`
  return `${formatCount(Math.round(perSecond), group)} /s`
}

/** Three digits that matter of a number from 1 to 1000. */
function threeDigits(value: number): string {
  const decimals = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
  return decimalText(value, decimals)
}

/** A fixed number of decimals, without a locale. */
export function decimalText(value: number, decimals: number): string {
  return value.toFixed(decimals)
}

/** `0.57 ×` */
export function ratioText(ratio: number | null): string {
  return ratio === null ? '–' : `${ratioDigits(ratio, 2)} ×`
}

/** Decimals, fewer of a large ratio; of a tiny one as many digits that matter. */
function ratioDigits(ratio: number, decimals: number): string {
  if (ratio > 0 && ratio < 0.01) return ratio.toPrecision(decimals)
  return decimalText(ratio, ratio >= 10 ? 1 : decimals)
}

export function intervalText(ci95: Ci95, text: (value: number) => string): string {
  return ci95 === null ? 'not known' : `${text(ci95[0])} to ${text(ci95[1])}`
}

/** One digit more than the ratio itself: narrow intervals are wider than a rounding. */
export function ratioInterval(ci95: Ci95): string {
  return intervalText(ci95, (value) => ratioDigits(value, 3))
}

/** Why a sample cannot tell: too few runs for an interval, or for a test though they differ, or they do not differ enough. */
export function undecidedText({ ci95 }: Pick<VersusBaseline, 'ci95'>): string {
  const apart = ci95 === null || ci95[0] > 1 || ci95[1] < 1
  return apart ? 'too few runs to tell' : 'too close to tell'
}

/** `0.57 ×`, or that the sample cannot tell. */
export function versusText(row: VersusBaseline | undefined): string {
  if (row === undefined) return '–'
  if (row.ratio === 1 && row.ci95?.[0] === 1 && row.ci95[1] === 1) return 'the same'
  return row.enough ? ratioText(row.ratio) : undecidedText(row)
}

/** Beside a ratio in a table of all of them: what keeps it from telling a difference of the strategies; empty: nothing does. */
export function reservation(
  strategy: Pick<ComparedStrategy, 'deadlocks' | 'runs' | 'mostlyFailed'>,
  row: VersusBaseline,
): string {
  const { deadlocks, runs } = strategy
  if (deadlocks > 0) return `only the ${counted(runs - deadlocks, 'run')} that ended`
  if (strategy.mostlyFailed !== null) return incomparable(strategy)
  return row.enough ? '' : undecidedText(row)
}

/**
 * Why no ratio tells a strategy from the baseline; empty: one may. A run that ended in a deadlock did not do its work, one that
 * mostly failed did something else: neither has a rate.
 */
export function incomparable({
  deadlocks,
  mostlyFailed,
}: Pick<ComparedStrategy, 'deadlocks' | 'mostlyFailed'>): string {
  if (deadlocks > 0) return 'deadlocked'
  if (mostlyFailed === null) return ''
  return mostlyFailed.in === 'runs' ? 'mostly failed' : 'baseline mostly failed'
}

/** How much of all operations failed, faults among them: `49 %`; a dash where no result is known. */
export function failedShare({ failed, ops }: Pick<ComparedStrategy, 'failed' | 'ops'>): string {
  if (failed === null) return UNKNOWN
  const all = ops.reduce((sum, { count }) => sum + count, 0)
  return failed === 0 ? '0' : `${formatShare(failed / all)} %`
}

/** `52 348 of 52 988 write_fault failed` */
export function failedWords({ op, failed, count }: Omit<MostlyFailed, 'in'>, group?: string): string {
  return `${formatCount(failed, group)} of ${formatCount(count, group)} ${op} failed`
}

/** A metric against the baseline's. */
export function againstText(
  strategy: Pick<ComparedStrategy, 'id' | 'deadlocks' | 'mostlyFailed' | 'versusBaseline'>,
  baseline: string,
  metric: string,
): string {
  if (strategy.id === baseline) return 'baseline'
  return incomparable(strategy) || versusText(versusOf(strategy, metric))
}

/** Of a strategy's operations per second against the baseline's. Beside runs that cannot be compared there is none. */
export function speedInterval(strategy: ComparedStrategy): string {
  const found = versusOf(strategy, 'opsPerSecond')
  if (found === undefined) return ''
  return incomparable(strategy) === '' ? ratioInterval(found.ci95) : '–'
}

/** Half the width of an interval against its mean: `±2 %`. */
export function spreadText(mean: number, ci95: Ci95): string {
  if (ci95 === null || mean === 0) return '–'
  const half = ((ci95[1] - ci95[0]) / 2 / mean) * 100
  return `±${decimalText(half, half < 9.95 ? 1 : 0)} %`
}

/** Safety in a cell: what was violated, or how much was searched. */
export function verdictText({ safe, complete, executions, violations }: Verdict): string {
  const timed = violations.filter(({ schedule }) => schedule === null)
  const times = new Map<string, number>()
  for (const { invariant, count } of timed) times.set(invariant, (times.get(invariant) ?? 0) + count)
  const found = [...new Set(violations.flatMap(({ schedule, invariant }) => (schedule === null ? [] : [invariant])))]
  const seen = [
    ...[...times].map(([invariant, count]) => `${invariant} ${formatCount(count, ' ')}×`),
    ...found.filter((one) => timed.every(({ invariant }) => invariant !== one)).map((one) => `${one} by search`),
  ].join(', ')
  if (safe === true) return `held in all ${formatCount(executions, ' ')} schedules`
  if (seen !== '') return `violated: ${seen}`
  if (executions === 0) return 'nothing seen'
  return `nothing found in ${formatCount(executions, ' ')} schedules${complete ? '' : ', not all'}`
}

/** Below a table of verdicts nobody searched for. */
const ONLY_TIMED =
  'Safety is what timed runs happened to show: no interleavings were searched, so "nothing seen" does not mean safe.'

/** Below every table of verdicts: what was searched, and what "held" means. */
export function safetyNote(strategies: readonly Pick<ComparedStrategy, 'verdict'>[]): string {
  const searched = strategies.find(({ verdict }) => verdict.searched.length > 0)?.verdict.searched
  if (searched === undefined) return ONLY_TIMED
  const [{ bound }] = searched
  const preemptions = bound.preemptions === null ? 'without a bound' : `with at most ${bound.preemptions} preemptions`
  const subjects = searched.map(({ subject }) => subject).join(', ')
  return `Safety: schedules of ${subjects} ${preemptions}, at most ${formatCount(bound.budget, ' ')} each, and power cuts. "Held" means within that bound and size; "nothing found" that the search ended before all were seen.`
}

/** Names of the model's own counts that are not 0 everywhere. */
export function counterNames(strategies: readonly ComparedStrategy[]): string[] {
  const names = new Set(strategies.flatMap(({ counters }) => Object.keys(counters)))
  return [...names].filter((name) => strategies.some(({ counters }) => (counters[name] ?? 0) > 0)).sort()
}

/** A mean of counts: whole where it is large. */
export function counterText(mean: number): string {
  return mean === 0 ? '0' : mean < 9.95 ? decimalText(mean, 1) : formatCount(Math.round(mean), ' ')
}

/** The lock class operations wait for longest, per operation. */
export function worstWait(strategy: ComparedStrategy, op: string | undefined) {
  return strategy.breakdown.find((row) => row.op === op)?.waits.at(0)
}

/** Who waited longest, for what, because of whom. Recordings have no seeds: `seeded` false leaves it out. */
export function chainWords({ worstChain }: Pick<ComparedStrategy, 'worstChain'>, seeded = true): string {
  if (worstChain === null) return 'nobody waited for a lock'
  const { task, op, class: name, links, rootTask, rootOp, seed } = worstChain
  const doing = (kind: string | null) => (kind === null ? '' : ` in ${kind}`)
  const via = links.map(
    (link) => `${link.task}${doing(link.op)}${link.phase === null ? '' : `, ${link.phase}`}, held ${link.class}`,
  )
  const root = rootTask === null ? '' : `; at the root ${rootTask}${doing(rootOp)}`
  const by = via.length === 0 ? '' : `: ${via.join('; ')}`
  return `${task}${doing(op)} waited for ${name}${by}${root}${seeded ? ` (seed ${seed})` : ''}`
}

/** What a run with fitted prices is to come within of its trace. One that moves by more for nothing is chaotic. */
export const AGAIN_WITHIN = 0.03

/** Of a simulated trace: that the model makes it again, and how close fitted prices come. */
export function againWords({ strategy, seed, digest, identical, ...of }: SimulatedAgain): string {
  const percent = (error: number) => `${decimalText(error * 100, 1)} %`
  const same = identical
    ? `Run again under ${strategy} with seed ${seed}, its scenario has the trace's own digest, ${digest}.`
    : `Run again under ${strategy} with seed ${seed}, its scenario has another digest, ${digest}: the model has changed since.`
  if (of.fittedError === null) return same
  const fitted = Object.keys(of.prices)
  const prices = fitted.length === 0 ? 'no price could be fitted' : `with ${fitted.join(', ')} fitted to the trace`
  const chance =
    of.otherSeedError === null ? '' : `; the next seed alone moves them by up to ${percent(of.otherSeedError)}`
  const chaos =
    of.nudgedError === null || of.nudgedError < AGAIN_WITHIN
      ? ''
      : ` The run is chaotic (computed): 2 % more or less in its own prices moves them by up to ${percent(of.nudgedError)}, so only means over many seeds say something.`
  return `${same} Again ${prices}: means and medians of its operations within ${percent(of.fittedError)}${chance}.${chaos}`
}

/** The median errors of a replay, each with what one seed alone has: that much of it is chance. */
export function errorWords(found: Omit<Fidelity, 'rows'>): string {
  const percent = (error: number) => decimalText(error * 100, 1)
  const of = (name: string, error: number | null, seeds: SeedRange): string => {
    if (error === null) return `${name} not known`
    const alone = seeds === null ? '' : ` (one seed: ${percent(seeds[0])} to ${percent(seeds[1])} %)`
    return `${name} ${percent(error)} %${alone}`
  }
  const { seeds } = found
  return [
    of('p50', found.medianErrorP50, seeds.p50),
    of('p99', found.medianErrorP99, seeds.p99),
    of('lock waits', found.medianErrorWaits, seeds.waits),
  ].join(', ')
}

/** The finding, most important sentence first. `group` stands between thousands. */
export function findings(result: CompareWords, group?: string): string[] {
  const { strategies, baseline, seeds } = result
  const base = strategies.find(({ id }) => id === baseline)
  const op = mainOp(result)
  if (base === undefined || op === undefined) return ['No operation finished in any run.']
  return [
    `Baseline ${baseline}: ${rateText(base.opsPerSecond.mean, group)} over ${runsText(base.runs, seeds)}${waitWords(base, op, group)}${failedTail(base, group)}.`,
    ...strategies.filter((one) => one !== base).map((one) => against(one, { base, op, group })),
    ...strategies.flatMap((one) => broken(one, one === base)),
  ]
}

/** Of how many runs a throughput curve is, which has mostly fewer than what it stands beside. */
export function curveSeedsText(seeds: number | undefined, all: number): string {
  if (seeds === undefined) return 'Each value has its own runs.'
  const runs = seeds === 1 ? 'Each value is of one seed' : `Each value is the mean over ${seeds} seeds`
  return seeds < all ? `${runs}, all else of ${all}.` : `${runs}.`
}

/** Recordings have no seeds: what stands for runs is parts of their time. */
function runsText(runs: number, seeds: readonly number[]): string {
  if (seeds.length === 0) return `${runs} parts of its time`
  return counted(runs, 'run')
}

function failedTail({ mostlyFailed }: ComparedStrategy, group: string | undefined): string {
  return mostlyFailed === null ? '' : `; ${failedWords(mostlyFailed, group)}`
}

function against(
  strategy: ComparedStrategy,
  { base, op, group }: { readonly base: ComparedStrategy; readonly op: string; readonly group: string | undefined },
): string {
  const baseline = base.id
  const speed = versusOf(strategy, 'opsPerSecond')
  const rate = rateText(strategy.opsPerSecond.mean, group)
  const { id, deadlocks, runs, mostlyFailed } = strategy
  if (deadlocks > 0) {
    const stuck = `${id}: ${deadlocks} of ${runs} runs ended in a deadlock`
    return speed?.enough === true
      ? `${stuck}; the others are ${ratioText(speed.ratio)} as fast as ${baseline} (95 % interval ${ratioInterval(speed.ci95)}).`
      : `${stuck}, so there is nothing to compare with ${baseline}: its figures are of what came before.`
  }
  if (mostlyFailed !== null) {
    const whose = mostlyFailed.in === 'runs' ? '' : `of ${baseline} `
    return `${id}: ${rate}; ${whose}${failedWords(mostlyFailed, group)}, so its speed is not compared${whose === '' ? ` with ${baseline}` : ''}.`
  }
  if (speed?.ratio === undefined || speed.ratio === null) {
    return base.deadlocks > 0
      ? `${id}: ${rate}; ${base.deadlocks} of ${base.runs} runs of ${baseline} ended in a deadlock, so its speed is not compared.`
      : `${id}: ${rate}; there is nothing to divide by.`
  }
  const interval = ratioInterval(speed.ci95)
  const how = speed.enough
    ? `${ratioText(speed.ratio)} as fast as ${baseline} (95 % interval ${interval})`
    : `${undecidedText(speed)} it from ${baseline} (${ratioText(speed.ratio)}, 95 % interval ${interval})`
  const tail = versusOf(strategy, `${op}.p99Ns`)
  const p99 = tail !== undefined && tail.enough ? `; p99 of ${op} ${ratioText(tail.ratio)}` : ''
  return `${strategy.id}: ${rate}, ${how}${p99}${waitWords(strategy, op, group)}.`
}

function waitWords(strategy: ComparedStrategy, op: string, group: string | undefined): string {
  const row = strategy.breakdown.find((one) => one.op === op)
  const wait = row?.waits.at(0)
  if (row === undefined || wait === undefined || wait.ns * 20 < row.meanNs) return ''
  const time = (ns: number): string => timeText(ns, 'ns', group)
  return `; ${/^[aeiou]/.test(op) ? 'an' : 'a'} ${op} waits ${time(wait.ns)} on average for ${wait.class}, of ${time(row.meanNs)}`
}

function broken({ id, verdict, deadlocks, runs }: ComparedStrategy, isBase: boolean): string[] {
  // Of the others the first sentence says it.
  const stuck = deadlocks === 0 || !isBase ? [] : [`${id}: ${deadlocks} of ${runs} runs ended in a deadlock.`]
  return [
    ...verdict.violations.map(({ invariant, count, message, seed, schedule }) => {
      if (schedule !== null) return `${id} can violate ${invariant}: ${message} (found by searching schedules)`
      const often = count === 1 ? 'once' : `${formatCount(count, ' ')} times`
      return `${id} violated ${invariant} ${often} in ${runs} runs; first with seed ${seed}: ${message}`
    }),
    ...stuck,
  ]
}

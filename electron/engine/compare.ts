/**
 * The job that compares strategies: one run per strategy and seed in a pool of threads, every strategy with the same
 * seeds, then the statistics. Runs go seed by seed, so that a half-finished comparison already shows every strategy. The
 * file, where one is wanted, gets the first seed's run of each strategy: the ones to look at.
 */

import { availableParallelism } from 'node:os'
import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import type { Progress } from '#shared/contract/methods.ts'
import type {
  ComparedStrategy,
  CompareResult,
  Curve,
  StrategyProgress,
  ViolationInfo,
} from '#shared/contract/simulation.ts'
import { estimateInfo, meanCounters, measured, paired, withSearch } from '#shared/whatif/side-by-side.ts'
import { refuseUnwritable } from '../store/draft.ts'
import { Partials } from './compare-partial.ts'
import type { CompareRun, RunSpeed } from './compare-run.ts'
import { searchAll } from './compare-verdict.ts'
import type { JobContext } from './job-context.ts'
import { startPool, type ThreadPool } from './pool.ts'
import { choicesOf, describeWorkload, resolveRun, unitOf, type RunSpec } from './sim-run.ts'
import { simulateJob } from './simulate.ts'
import { markChildren } from './whatif-record.ts'

export interface CompareOptions extends JobContext {
  /** Everything but strategy and seed. */
  readonly workload: Omit<RunSpec, 'strategy' | 'seed'>
  readonly strategies: readonly string[]
  readonly baseline: string
  readonly seeds: readonly number[]
  readonly sweep: { readonly param: string; readonly values: readonly number[]; readonly seeds: number } | undefined
  /** Most schedules searched per strategy; 0: no verdict. */
  readonly explore: number
  readonly out: string | undefined
  readonly force: boolean
}

export type Compared = Omit<CompareResult, 'opened'>

export async function compareJob(options: CompareOptions): Promise<Compared> {
  const started = performance.now()
  const { strategies, seeds, workload, sweep } = options
  if (options.out !== undefined) refuseUnwritable(options.out, options)
  const plan = planOf(options)
  if (plan.length > limits.simRuns) {
    throw new ApiError(
      'limit',
      `this comparison needs ${plan.length} runs; ${limits.simRuns} are the most`,
      'take fewer strategies or seeds',
    )
  }
  for (const { spec } of plan) resolveRun(spec)
  const partials = new Partials(options)
  const results = await runAll(plan, options, { started, partials })
  const runsOf = (strategy: string) =>
    results.flatMap(({ planned, run }) => (planned.strategy === strategy && run !== undefined ? [run] : []))
  const baseline = runsOf(options.baseline)
  const traces = await record(options)
  const compared = strategies.map((id, i) => {
    const runs = id === options.baseline ? baseline : runsOf(id)
    const swept = results.flatMap(({ planned, mistakes }) => (planned.strategy === id ? mistakes : []))
    return withMistakes(strategyOf(id, { runs, baseline, trace: traces?.[i] }), swept)
  })
  return {
    ...describeWorkload(baseline[0].outcome, workload.scenario),
    baseline: options.baseline,
    seeds,
    strategies: await judged(compared, { options, partials }),
    curve: sweep === undefined ? null : curveOf(options, sweep, results),
    file: options.out ?? null,
    wallMs: Math.round(performance.now() - started),
  }
}

interface Judging {
  readonly options: CompareOptions
  readonly partials: Partials
}

/** With the verdict of each, as it comes. */
async function judged(compared: readonly ComparedStrategy[], { options, partials }: Judging) {
  const { workload, strategies, explore, signal, onProgress } = options
  if (explore === 0) return compared
  const { scenario, slots, fs } = workload
  const list = [...compared]
  await searchAll({
    ...{ strategies, signal, schedules: explore },
    worlds: [{ scenario, slots, fs, set: choicesOf(workload) }],
    onProgress: (progress) => onProgress({ ...progress, ...partials.of(() => list) }),
    onVerdict: (strategy, result) => {
      const at = strategies.indexOf(strategy)
      list[at] = { ...list[at], verdict: withSearch(list[at].verdict, result) }
    },
  })
  return list
}

interface Planned {
  readonly strategy: string
  /** Of the swept parameter; undefined: a run whose figures are compared. */
  readonly value: number | undefined
  readonly spec: RunSpec
}

function planOf({ workload, strategies, seeds, sweep }: CompareOptions): Planned[] {
  const runs = seeds.flatMap((seed) =>
    strategies.map((strategy) => ({ strategy, value: undefined, spec: { ...workload, strategy, seed } })),
  )
  if (sweep === undefined) return runs
  const swept = sweep.values.flatMap((value) =>
    seeds.slice(0, sweep.seeds).flatMap((seed) =>
      strategies.map((strategy) => {
        const set = { ...workload.set, [sweep.param]: value }
        return { strategy, value, spec: { ...workload, set, strategy, seed } }
      }),
    ),
  )
  return [...runs, ...swept]
}

/** What the runs of a plan gave, in its order; a swept run gives its speed only. */
interface Done {
  readonly planned: Planned
  readonly run: CompareRun | undefined
  /** In the strategy's file, seen in a swept run. */
  readonly mistakes: readonly ViolationInfo[]
  readonly opsPerSecond: number
  readonly events: number
}

interface Reporting {
  readonly started: number
  readonly partials: Partials
}

async function runAll(
  plan: readonly Planned[],
  options: CompareOptions,
  { started, partials }: Reporting,
): Promise<Done[]> {
  const { signal, onProgress } = options
  const threads = Math.max(1, Math.min(limits.jobs, availableParallelism(), plan.length))
  const pool = startPool({ entry: 'compare-run', threads })
  const done: Done[] = []
  const report = () =>
    onProgress({ ...progressOf(plan, done, options, started), ...partials.of(() => partialOf(options, done)) })
  report()
  try {
    return await Promise.all(
      plan.map(async (planned) => {
        const one = await runOne(pool, planned, signal)
        done.push(one)
        report()
        return one
      }),
    )
  } catch (error) {
    if (signal.aborted) throw new ApiError('cancelled', 'the comparison was cancelled; nothing of it was kept')
    throw error
  } finally {
    await pool.destroy()
  }
}

async function runOne(pool: ThreadPool, planned: Planned, signal: AbortSignal): Promise<Done> {
  if (planned.value !== undefined) {
    const speed = await pool.run<RunSpeed>(planned.spec, { signal, name: 'speed' })
    return { planned, run: undefined, ...speed }
  }
  const run = await pool.run<CompareRun>(planned.spec, { signal, name: 'run' })
  return { planned, run, mistakes: [], opsPerSecond: run.figures.opsPerSecond, events: run.outcome.events }
}

/** The runs so far side by side, in pairs of one seed; undefined until the baseline has one. */
function partialOf({ strategies, baseline }: CompareOptions, done: readonly Done[]): readonly ComparedStrategy[] {
  const runsOf = (id: string) =>
    done
      .flatMap(({ planned, run }) => (planned.strategy === id && run !== undefined ? [run] : []))
      .sort((a, b) => a.seed - b.seed)
  const base = runsOf(baseline)
  return strategies.flatMap((id) => {
    const runs = id === baseline ? base : runsOf(id)
    const [mine, theirs] = paired(runs, base)
    return mine.length === 0 ? [] : [strategyOf(id, { runs: mine, baseline: theirs, trace: undefined })]
  })
}

function progressOf(
  plan: readonly Planned[],
  done: readonly Done[],
  { strategies }: CompareOptions,
  started: number,
): Progress {
  const perStrategy = strategies.map((id): StrategyProgress => {
    const mine = done.filter(({ planned }) => planned.strategy === id)
    const compared = mine.filter(({ run }) => run !== undefined)
    return {
      id,
      done: mine.length,
      total: plan.filter((planned) => planned.strategy === id).length,
      opsPerSecond: compared.length === 0 ? null : estimateInfo(compared.map(({ opsPerSecond }) => opsPerSecond)),
    }
  })
  return {
    stage: 'comparing',
    done: done.length,
    total: plan.length,
    unit: 'runs',
    events: done.reduce((sum, { events }) => sum + events, 0),
    elapsedMs: Math.round(performance.now() - started),
    strategies: perStrategy,
  }
}

/** The first seed's runs into the file, the others as children of the baseline's; ids in the order of the strategies. */
async function record(options: CompareOptions): Promise<readonly (number | undefined)[] | undefined> {
  const { workload, strategies, seeds, out, force, signal, onProgress } = options
  if (out === undefined) return undefined
  const runs = strategies.map((strategy) => ({ ...workload, strategy, seed: seeds[0] }))
  const ids = (await simulateJob({ runs, out, force, signal, onProgress })).map(({ trace }) => trace)
  const parent = ids[strategies.indexOf(options.baseline)]
  markChildren(
    out,
    ids.filter((id): id is number => id !== undefined && id !== parent),
    parent,
  )
  return ids
}

function strategyOf(
  id: string,
  {
    runs,
    baseline,
    trace,
  }: { runs: readonly CompareRun[]; baseline: readonly CompareRun[]; trace: number | undefined },
): ComparedStrategy {
  const [{ outcome }] = runs
  return {
    id,
    title: outcome.title,
    slots: outcome.slots,
    ...measured(runs, baseline),
    digest: outcome.digest,
    trace: trace ?? null,
    counters: meanCounters(runs.map((run) => run.outcome.counters)),
    deadlocks: runs.filter(({ deadlocked }) => deadlocked).length,
  }
}

/** Swept runs are only counted, but what they show of the strategy's own file is told. */
function withMistakes(one: ComparedStrategy, swept: readonly ViolationInfo[]): ComparedStrategy {
  const { verdict } = one
  const known = new Set(verdict.violations.map(({ message }) => message))
  const fresh = swept.filter(({ message }) => !known.has(message) && known.add(message))
  if (fresh.length === 0) return one
  const violations = [...verdict.violations, ...fresh.map((mistake) => ({ ...mistake, schedule: null }))]
  return { ...one, verdict: { ...verdict, safe: false, violations } }
}

function curveOf(
  { strategies, workload, seeds }: CompareOptions,
  { param, values, seeds: most }: NonNullable<CompareOptions['sweep']>,
  results: readonly Done[],
): Curve {
  const at = (strategy: string, value: number) =>
    estimateInfo(
      results.flatMap(({ planned, opsPerSecond }) =>
        planned.strategy === strategy && planned.value === value ? [opsPerSecond] : [],
      ),
    )
  return {
    param,
    unit: unitOf(workload.scenario, param),
    values,
    seeds: Math.min(seeds.length, most),
    strategies: strategies.map((id) => ({ id, points: values.map((value) => at(id, value)) })),
  }
}

/**
 * The job that compares strategies: one run per strategy and seed in a pool of threads, every strategy with the same
 * seeds, then the statistics. Runs go seed by seed, so that a half-finished comparison already shows every strategy. The
 * file, where one is wanted, gets the first seed's run of each strategy: the ones to look at.
 */

import { availableParallelism } from 'node:os'
import { Piscina } from 'piscina'
import { ApiError, toWireError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import type { Progress } from '#shared/contract/methods.ts'
import type { ComparedStrategy, CompareResult, Curve, StrategyProgress } from '#shared/contract/simulation.ts'
import { estimateInfo, measured } from '#shared/whatif/side-by-side.ts'
import type { CompareRun } from './compare-run.ts'
import type { JobContext } from './jobs.ts'
import { describeWorkload, resolveRun, type RunSpec } from './sim-run.ts'
import { simulateJob } from './simulate.ts'
import { entryUrl } from './spawn.ts'

export interface CompareOptions extends JobContext {
  /** Everything but strategy and seed. */
  readonly workload: Omit<RunSpec, 'strategy' | 'seed'>
  readonly strategies: readonly string[]
  readonly baseline: string
  readonly seeds: readonly number[]
  readonly sweep: { readonly param: string; readonly values: readonly number[]; readonly seeds: number } | undefined
  readonly out: string | undefined
  readonly force: boolean
}

export type Compared = Omit<CompareResult, 'opened'>

export async function compareJob(options: CompareOptions): Promise<Compared> {
  const started = performance.now()
  const { strategies, seeds, workload, sweep } = options
  const plan = planOf(options)
  if (plan.length > limits.simRuns) {
    throw new ApiError(
      'limit',
      `this comparison needs ${plan.length} runs; ${limits.simRuns} are the most`,
      'take fewer strategies or seeds',
    )
  }
  for (const strategy of strategies) resolveRun({ ...workload, strategy, seed: seeds[0] })
  const results = await runAll(plan, options, started)
  const runsOf = (strategy: string) =>
    plan.flatMap((one, i) => (one.strategy === strategy && one.value === undefined ? [results[i]] : []))
  const baseline = runsOf(options.baseline)
  const traces = await record(options)
  return {
    ...describeWorkload(baseline[0].outcome, workload.scenario),
    baseline: options.baseline,
    seeds,
    strategies: strategies.map((id, i) => {
      const runs = id === options.baseline ? baseline : runsOf(id)
      return strategyOf(id, { runs, baseline, trace: traces?.[i] })
    }),
    curve: sweep === undefined ? null : curveOf(options, sweep, { plan, results }),
    file: options.out ?? null,
    wallMs: Math.round(performance.now() - started),
  }
}

interface Planned {
  readonly strategy: string
  readonly seed: number
  /** Of the swept parameter. */
  readonly value: number | undefined
  readonly spec: RunSpec
}

function planOf({ workload, strategies, seeds, sweep }: CompareOptions): Planned[] {
  const runs = seeds.flatMap((seed) =>
    strategies.map((strategy) => ({ strategy, seed, value: undefined, spec: { ...workload, strategy, seed } })),
  )
  if (sweep === undefined) return runs
  const swept = sweep.values.flatMap((value) =>
    seeds.slice(0, sweep.seeds).flatMap((seed) =>
      strategies.map((strategy) => {
        const set = { ...workload.set, [sweep.param]: value }
        return { strategy, seed, value, spec: { ...workload, set, strategy, seed } }
      }),
    ),
  )
  return [...runs, ...swept]
}

async function runAll(plan: readonly Planned[], options: CompareOptions, started: number): Promise<CompareRun[]> {
  const { signal, onProgress } = options
  const threads = Math.max(1, Math.min(limits.jobs, availableParallelism(), plan.length))
  const pool = new Piscina({ filename: entryUrl('compare-run').href, minThreads: threads, maxThreads: threads })
  const done: { readonly planned: Planned; readonly run: CompareRun }[] = []
  onProgress(progressOf(plan, done, options, started))
  try {
    return await Promise.all(
      plan.map(async (planned) => {
        const run = (await pool.run(planned.spec, { signal })) as CompareRun
        done.push({ planned, run })
        onProgress(progressOf(plan, done, options, started))
        return run
      }),
    )
  } catch (error) {
    if (signal.aborted) throw new ApiError('cancelled', 'the comparison was cancelled')
    throw error instanceof ApiError ? error : new ApiError(toWireError(error).code, toWireError(error).message)
  } finally {
    await pool.destroy()
  }
}

function progressOf(
  plan: readonly Planned[],
  done: readonly { readonly planned: Planned; readonly run: CompareRun }[],
  { strategies }: CompareOptions,
  started: number,
): Progress {
  const perStrategy = strategies.map((id): StrategyProgress => {
    const mine = done.filter(({ planned }) => planned.strategy === id && planned.value === undefined)
    return {
      id,
      done: done.filter(({ planned }) => planned.strategy === id).length,
      total: plan.filter((planned) => planned.strategy === id).length,
      opsPerSecond: mine.length === 0 ? null : estimateInfo(mine.map(({ run }) => run.figures.opsPerSecond)),
    }
  })
  return {
    stage: 'comparing',
    done: done.length,
    total: plan.length,
    unit: 'runs',
    events: done.reduce((sum, { run }) => sum + run.outcome.events, 0),
    elapsedMs: Math.round(performance.now() - started),
    strategies: perStrategy,
  }
}

/** The first seed's runs into the file; trace ids in the order of the strategies. */
async function record(options: CompareOptions): Promise<readonly (number | undefined)[] | undefined> {
  const { workload, strategies, seeds, out, force, signal, onProgress } = options
  if (out === undefined) return undefined
  const runs = strategies.map((strategy) => ({ ...workload, strategy, seed: seeds[0] }))
  return (await simulateJob({ runs, out, force, signal, onProgress })).map(({ trace }) => trace)
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
    deadlocks: runs.filter((run) => run.outcome.deadlock !== null).length,
  }
}

function meanCounters(runs: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const names = [...new Set(runs.flatMap((counters) => Object.keys(counters)))].sort()
  return Object.fromEntries(
    names.map((name) => [name, runs.reduce((sum, one) => sum + (one[name] ?? 0), 0) / runs.length]),
  )
}

function curveOf(
  { strategies }: CompareOptions,
  { param, values }: NonNullable<CompareOptions['sweep']>,
  { plan, results }: { readonly plan: readonly Planned[]; readonly results: readonly CompareRun[] },
): Curve {
  const at = (strategy: string, value: number) =>
    estimateInfo(
      plan.flatMap((planned, i) =>
        planned.strategy === strategy && planned.value === value ? [results[i].figures.opsPerSecond] : [],
      ),
    )
  return {
    param,
    unit: null,
    values,
    strategies: strategies.map((id) => ({ id, points: values.map((value) => at(id, value)) })),
  }
}

/**
 * All replays of a what-if in a pool of threads whose threads have the workload. Every strategy's pilot is made once, on
 * the thread that first needs it. A long workload is looked at first: its beginning under every strategy, so that there is
 * something to see at once, which the first whole runs replace. It reads no trace and stores nothing.
 */

import { availableParallelism } from 'node:os'
import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import type { ComparedStrategy, StrategyProgress } from '#shared/contract/simulation.ts'
import type { Pilot } from '#shared/whatif/pace.ts'
import { estimateInfo, meanCounters, measured, paired } from '#shared/whatif/side-by-side.ts'
import { operations, type Workload } from '#shared/whatif/workload.ts'
import type { Partials } from './compare-partial.ts'
import type { JobContext } from './job-context.ts'
import { startPool } from './pool.ts'
import type { ReplayRun, ReplaySpec, ReplayMaterial } from './whatif-run.ts'

export interface ReplayPlan {
  readonly workload: Workload
  readonly strategies: readonly string[]
  /** What the trace was recorded under: its pilot is what the others are measured by. */
  readonly baseline: string
  readonly seeds: readonly number[]
}

export interface Replayed {
  readonly strategy: string
  readonly run: ReplayRun
}

/** What the looks and the runs have given so far. */
interface State {
  readonly looks: Replayed[]
  readonly done: Replayed[]
}

/** Looks first, then seed by seed, so that a half-finished comparison knows every strategy. */
export async function replayAll(
  plan: ReplayPlan,
  { signal, onProgress }: JobContext,
  partials?: Partials,
): Promise<{ readonly done: readonly Replayed[]; readonly pilots: ReadonlyMap<string, Pilot> }> {
  const { workload, strategies, seeds, baseline } = plan
  const threads = Math.max(1, Math.min(limits.jobs, availableParallelism(), strategies.length * seeds.length))
  const workerData: ReplayMaterial = { workload, baseline }
  const pool = startPool({ entry: 'whatif-run', threads, workerData })
  const ask = <T>(name: string, task: unknown) => pool.run<T>(task, { signal, name })
  const state: State = { looks: [], done: [] }
  const report = reporter(plan, state, { onProgress, partials })
  const pilots = new Map<string, Promise<Pilot>>()
  const pilotOf = (strategy: string): Promise<Pilot> => {
    const known = pilots.get(strategy) ?? ask<Pilot>('pilotHere', strategy)
    pilots.set(strategy, known)
    return known
  }
  const whole = (strategy: string, seed: number) => async () => {
    // Its own first: another thread is at the baseline's.
    const made = await Promise.all([strategy, baseline].map(pilotOf))
    const { pilot, own } = pilotsFor(new Map([strategy, baseline].map((id, i) => [id, made[i]])), {
      strategy,
      baseline,
    })
    state.done.push({ strategy, run: await ask('again', { strategy, seed, demands: 'drawn', pilot, own }) })
  }
  const look = (strategy: string) => async () => {
    state.looks.push({ strategy, run: await ask('look', { strategy, seed: seeds[0] }) })
  }
  const looks = partials !== undefined && operations(workload) >= limits.lookOps * 2 ? strategies.map(look) : []
  const work = [...looks, ...seeds.flatMap((seed) => strategies.map((strategy) => whole(strategy, seed)))]
  report()
  try {
    await inLanes(work, threads, report)
    return { done: state.done, pilots: new Map(await Promise.all([...pilots].map(resolved))) }
  } catch (error) {
    if (signal.aborted) throw new ApiError('cancelled', 'the replay was cancelled')
    throw error
  } finally {
    await pool.destroy()
  }
}

async function resolved([id, pilot]: [string, Promise<Pilot>]): Promise<[string, Pilot]> {
  return [id, await pilot]
}

/** One after the other in so many lanes: what is begun first needs nothing that is begun later. */
async function inLanes(work: (() => Promise<void>)[], lanes: number, report: () => void): Promise<void> {
  const lane = async () => {
    for (let next = work.shift(); next !== undefined; next = work.shift()) {
      await next()
      report()
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}

/** The baseline's pilot, and that of the strategy where it is another. */
export function pilotsFor(
  pilots: ReadonlyMap<string, Pilot>,
  { strategy, baseline }: Pick<ReplaySpec, 'strategy'> & { readonly baseline: string },
): Pick<ReplaySpec, 'pilot' | 'own' | 'baseline'> {
  const pilot = pilots.get(baseline) ?? []
  const own = strategy === baseline ? undefined : pilots.get(strategy)
  return { pilot, baseline, ...(own === undefined ? {} : { own }) }
}

interface Reporting extends Pick<JobContext, 'onProgress'> {
  readonly partials: Partials | undefined
}

/** Whole runs are shown when every strategy has one: rows of one table are of one kind. */
function reporter(plan: ReplayPlan, { looks, done }: State, { onProgress, partials }: Reporting): () => void {
  const { strategies, seeds } = plan
  const started = performance.now()
  return () => {
    const all = strategies.every((id) => done.some(({ strategy }) => strategy === id))
    const looking = !all && looks.length > 0
    onProgress({
      stage: 'replaying',
      done: done.length,
      total: strategies.length * seeds.length,
      unit: 'runs',
      events: done.reduce((sum, { run }) => sum + run.events, 0),
      elapsedMs: Math.round(performance.now() - started),
      strategies: strategies.map((id) => progressOf(id, done, seeds.length)),
      ...(looking ? partials?.looked(sideBySide(plan, looks)) : partials?.of(() => sideBySide(plan, done))),
    })
  }
}

function progressOf(id: string, done: readonly Replayed[], total: number): StrategyProgress {
  const rates = done.flatMap(({ strategy, run }) => (strategy === id ? [run.figures.opsPerSecond] : []))
  return { id, done: rates.length, total, opsPerSecond: rates.length === 0 ? null : estimateInfo(rates) }
}

/** The runs so far, in pairs of one seed; strategies that have none yet are left out. */
export function sideBySide({ strategies, baseline }: ReplayPlan, done: readonly Replayed[]): ComparedStrategy[] {
  const runsOf = (id: string) =>
    done
      .filter((one) => one.strategy === id)
      .map(({ run }) => run)
      .sort((a, b) => a.seed - b.seed)
  const base = runsOf(baseline)
  return strategies.flatMap((id) => {
    const [runs, theirs] = paired(id === baseline ? base : runsOf(id), base)
    if (runs.length === 0) return []
    const [{ title, slots, digest }] = runs
    return [
      {
        ...{ id, title, slots, digest },
        ...measured(runs, theirs),
        trace: null,
        counters: meanCounters(runs.map(({ counters }) => counters)),
        deadlocks: runs.filter((run) => run.deadlocked).length,
      },
    ]
  })
}

/**
 * The job that answers "what if this trace had run under that lock": workload out of the trace, a pilot, then one replay
 * per strategy and seed in a pool of threads, with the same statistics a comparison of scenarios has, and beside them how
 * well the replay under the recorded strategy matches the trace.
 */

import { availableParallelism } from 'node:os'
import { Piscina } from 'piscina'
import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import type { WhatIfResult } from '#shared/contract/whatif.ts'
import type { Trace } from '#shared/model/trace.ts'
import { parseStrategy } from '#shared/sim/strategies/index.ts'
import { fidelityOf } from '#shared/whatif/fidelity.ts'
import type { ArrivalChoice } from '#shared/whatif/arrival.ts'
import type { Pilot } from '#shared/whatif/replay.ts'
import { measured } from '#shared/whatif/side-by-side.ts'
import { workloadOf, type Workload } from '#shared/whatif/workload.ts'
import { loadTrace } from '../store/load.ts'
import { openFile } from '../store/open.ts'
import type { JobContext } from './jobs.ts'
import { entryUrl } from './spawn.ts'
import type { ReplayRun, ReplaySpec } from './whatif-run.ts'

export const REPLAY_ASSUMPTIONS: readonly string[] = [
  'each operation of the replay works as long as the recorded one did, whatever the strategy; only waiting differs',
  'how that time divides over the steps of an operation, and so over its locks, follows the price list',
  'tasks do the same operations in the same order; a closed task pauses as long as it did, an open one begins when it did',
  'operations the model does not know are a fixed delay between those it knows',
  'operations recorded with 2 MiB pages are replayed with 4 KiB pages',
]

export interface WhatIfOptions extends JobContext {
  readonly path: string
  readonly trace: number
  readonly strategies: readonly string[]
  readonly baseline: string
  readonly seeds: readonly number[]
  readonly arrival: ArrivalChoice | undefined
}

export async function whatIfJob(options: WhatIfOptions): Promise<WhatIfResult> {
  const started = performance.now()
  const { strategies, baseline, seeds, arrival } = options
  const runs = strategies.length * seeds.length
  if (runs > limits.simRuns) {
    throw new ApiError(
      'limit',
      `this needs ${runs} replays; ${limits.simRuns} are the most`,
      'take fewer strategies or seeds',
    )
  }
  const known = strategies.map((id) => parseStrategy(id))
  const { recorded, workload } = readWorkload(options, arrival)
  const done = await replayAll({ workload, strategies, baseline, seeds }, options)
  const of = (id: string) => done.filter((one) => one.strategy === id).map(({ run }) => run)
  const base = of(baseline)
  return {
    workload: summaryOf(workload, recorded),
    baseline,
    seeds,
    strategies: strategies.map((id, i) => {
      const mine = id === baseline ? base : of(id)
      const { title, slots } = mine[0] ?? { title: id, slots: known[i].slots }
      return { id, title, slots, ...measured(mine, base), deadlocks: mine.filter((run) => run.deadlocked).length }
    }),
    fidelity: fidelityOf(
      recorded,
      base.map(({ figures }) => figures),
    ),
    assumptions: REPLAY_ASSUMPTIONS,
    wallMs: Math.round(performance.now() - started),
  }
}

/** The trace stays usable: its tables are read before the file is closed. */
export function readWorkload(
  { path, trace }: { readonly path: string; readonly trace: number },
  arrival?: ArrivalChoice,
) {
  const recorded = loadTrace(openFile(path), trace)
  return { recorded, workload: workloadOf(recorded, { arrival }) }
}

export interface ReplayPlan {
  readonly workload: Workload
  readonly strategies: readonly string[]
  /** What the trace was recorded under: the pilot's strategy. */
  readonly baseline: string
  readonly seeds: readonly number[]
}

export interface Replayed {
  readonly strategy: string
  readonly run: ReplayRun
}

/** Seed by seed, so that a half-finished comparison knows every strategy. */
export async function replayAll(plan: ReplayPlan, { signal, onProgress }: JobContext): Promise<Replayed[]> {
  const { workload, strategies, seeds, baseline } = plan
  const started = performance.now()
  const total = strategies.length * seeds.length
  const threads = Math.max(1, Math.min(limits.jobs, availableParallelism(), total))
  const pool = new Piscina({ filename: entryUrl('whatif-run').href, minThreads: threads, maxThreads: threads })
  let done = 0
  const report = () =>
    onProgress({
      stage: 'replaying',
      done,
      total,
      unit: 'runs',
      events: null,
      elapsedMs: Math.round(performance.now() - started),
    })
  report()
  try {
    const pilot = (await pool.run({ workload, strategy: baseline }, { signal, name: 'pilot' })) as Pilot
    const planned = seeds.flatMap((seed) => strategies.map((strategy) => ({ strategy, seed })))
    return await Promise.all(
      planned.map(async ({ strategy, seed }) => {
        const spec: ReplaySpec = { workload, pilot, strategy, seed, demands: 'drawn' }
        const run = (await pool.run(spec, { signal, name: 'run' })) as ReplayRun
        done++
        report()
        return { strategy, run }
      }),
    )
  } catch (error) {
    if (signal.aborted) throw new ApiError('cancelled', 'the replay was cancelled')
    throw error
  } finally {
    await pool.destroy()
  }
}

function summaryOf(
  { tasks, files: _files, background: _background, ...workload }: Workload,
  trace: Trace,
): WhatIfResult['workload'] {
  return {
    kind: 'trace',
    trace: trace.meta.name,
    ...workload,
    ops: tasks.reduce((sum, { ops }) => sum + ops.length, 0),
    tasks: tasks.map(({ comm, ops, arrival, evidence }) => ({ comm, ops: ops.length, arrival, evidence })),
  }
}

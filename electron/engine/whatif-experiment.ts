/**
 * What experiments on a workload (sensitivity, scaling) have in common, on the job's side: a scenario or a recorded trace
 * is made ready, a pool is started whose threads all have it, runs are counted. From here on both are the same.
 */

import { availableParallelism } from 'node:os'
import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import type { Fidelity } from '#shared/contract/whatif.ts'
import { parseStrategy } from '#shared/sim/strategies/index.ts'
import type { ArrivalChoice } from '#shared/whatif/arrival.ts'
import { fidelityOf } from '#shared/whatif/fidelity.ts'
import { pilotOf } from '#shared/whatif/replay.ts'
import { ASSUMPTIONS } from './sim-catalog.ts'
import type { JobContext } from './job-context.ts'
import { startPool } from './pool.ts'
import { scenarioStrategies } from './sim-run.ts'
import { readWorkload, REPLAY_ASSUMPTIONS } from './whatif.ts'
import { madeUnder } from './whatif-baseline.ts'
import type { Material, ScenarioWork } from './whatif-material.ts'
import { run as replayOnce } from './whatif-run.ts'

/** As the job gets it. */
export type Subject =
  | { readonly kind: 'scenario'; readonly workload: ScenarioWork }
  | {
      readonly kind: 'trace'
      readonly path: string
      readonly trace: number
      readonly baseline?: string | undefined
      readonly arrival?: ArrivalChoice | undefined
    }

export interface Prepared {
  readonly material: Material
  readonly name: string
  readonly assumptions: readonly string[]
  /** Of a replay under what the trace was recorded with; null: nothing to compare with. */
  readonly fidelity: Fidelity | null
}

/** Reads what there is to read; a trace's pilot and its fidelity take a run each. */
export async function prepareSubject(subject: Subject): Promise<Prepared> {
  if (subject.kind === 'scenario') {
    const { workload } = subject
    return { material: subject, name: workload.scenario, assumptions: ASSUMPTIONS, fidelity: null }
  }
  const { recorded, workload } = readWorkload(subject, { arrival: subject.arrival })
  const baseline = baselineOf(subject)
  const pilot = pilotOf(workload, parseStrategy(baseline), workload.fs)
  const again = await replayOnce({ workload, pilot, strategy: baseline, seed: 1, demands: 'drawn' })
  return {
    material: { kind: 'trace', workload, pilot },
    name: recorded.meta.name,
    assumptions: [...REPLAY_ASSUMPTIONS, ...workload.missing],
    fidelity: fidelityOf(recorded, [again.figures]),
  }
}

/** The strategies an experiment is about where none was named. */
export function usualStrategies(subject: Subject): readonly string[] {
  return subject.kind === 'scenario' ? scenarioStrategies(subject.workload.scenario) : [baselineOf(subject)]
}

function baselineOf(subject: Subject & { readonly kind: 'trace' }): string {
  return subject.baseline ?? madeUnder(subject)
}

export interface Pool {
  run<T>(name: string, task: unknown): Promise<T>
}

export interface PoolOptions extends Pick<JobContext, 'signal'> {
  readonly entry: string
  readonly material: Material
  /** What is cancelled, for the sentence. */
  readonly what: string
}

/** A pool whose threads all have the workload, for as long as `use` takes. */
export async function withPool<R>({ entry, material: of, signal, what }: PoolOptions, use: (pool: Pool) => Promise<R>) {
  const threads = Math.max(1, Math.min(limits.jobs, availableParallelism()))
  const pool = startPool({ entry, threads, workerData: of })
  try {
    return await use({ run: <T>(name: string, task: unknown) => pool.run<T>(task, { signal, name }) })
  } catch (error) {
    if (signal.aborted) throw new ApiError('cancelled', `${what} was cancelled`)
    throw error
  } finally {
    await pool.destroy()
  }
}

/** Runs done of runs planned, as progress. */
export function runProgress({ onProgress }: Pick<JobContext, 'onProgress'>, stage: string, total: number) {
  const started = performance.now()
  let done = 0
  const report = () =>
    onProgress({
      stage,
      done,
      total,
      unit: 'runs',
      events: null,
      elapsedMs: Math.round(performance.now() - started),
    })
  report()
  return (runs: number) => {
    done += runs
    report()
  }
}

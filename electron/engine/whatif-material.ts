/**
 * The workload of an experiment as it lies in every thread of its pool: sent once, when the thread starts, and not with
 * every run. From it and a strategy and seed comes what the model runs.
 */

import { workerData } from 'node:worker_threads'
import type { RunSpec as ModelSpec } from '#shared/sim/run.ts'
import type { Pilot } from '#shared/whatif/pace.ts'
import type { Workload } from '#shared/whatif/workload.ts'
import { resolveRun, type RunSpec } from './sim-run.ts'
import { modelOf } from './whatif-run.ts'

export type ScenarioWork = Omit<RunSpec, 'strategy' | 'seed'>

export type Material =
  | { readonly kind: 'scenario'; readonly workload: ScenarioWork }
  | {
      readonly kind: 'trace'
      readonly workload: Workload
      readonly pilot: Pilot
      /** Of the strategy that is asked about; left out: it is made where it is needed. */
      readonly own?: Pilot
    }

export interface OneRun {
  readonly strategy: string
  readonly seed: number
  /** No operation begins after this; undefined: the workload's own end. */
  readonly stopNs: number | undefined
}

/** Of this thread's pool. */
export function material(): Material {
  return workerData as Material
}

export function modelFor(of: Material, { strategy, seed, stopNs }: OneRun): ModelSpec {
  const stop = stopNs === undefined ? {} : { durationNs: stopNs }
  if (of.kind === 'scenario') return { ...resolveRun({ ...of.workload, strategy, seed }), checks: false, ...stop }
  const { kind: _kind, ...recorded } = of
  return { ...modelOf({ ...recorded, strategy, seed, demands: 'drawn' }), ...stop }
}

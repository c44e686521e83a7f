/**
 * Runs of a comparison, in a thread of the pool. What is left of a run whose figures are compared is those figures, added up
 * while it goes: no trace is made. A run of a throughput curve only counts its operations.
 */

import { setImmediate } from 'node:timers/promises'
import type { ViolationInfo } from '#shared/contract/simulation.ts'
import { run as runModel } from '#shared/sim/run.ts'
import type { Run } from '#shared/whatif/side-by-side.ts'
import { MISTAKE } from './mistakes.ts'
import { resolveRun, runTallied, violationsOf, type RunOutcome, type RunSpec } from './sim-run.ts'

export interface CompareRun extends Run {
  readonly outcome: RunOutcome
}

export interface RunSpeed {
  readonly opsPerSecond: number
  readonly events: number
  readonly mistakes: readonly ViolationInfo[]
}

export function speed(spec: RunSpec): RunSpeed {
  const result = runModel({ ...resolveRun(spec), checks: false })
  const { opsPerSecond, events } = result
  return { opsPerSecond, events, mistakes: violationsOf(result).filter(({ invariant }) => invariant === MISTAKE) }
}

export async function run(spec: RunSpec): Promise<CompareRun> {
  const { outcome, figures } = await runTallied(spec, {
    stopped: () => false,
    room: () => setImmediate(),
    onProgress: () => undefined,
  })
  return { seed: spec.seed, figures, violations: outcome.violations, deadlocked: outcome.deadlock !== null, outcome }
}

/**
 * Runs of a comparison, in a thread of the pool. A run whose figures are compared has the same recorder a stored run has,
 * and what is left of it is its figures; the trace is in memory while they are taken and is never sent anywhere. A run of
 * a throughput curve only counts its operations.
 */

import { setImmediate } from 'node:timers/promises'
import type { ViolationInfo } from '#shared/contract/simulation.ts'
import { TraceCollector } from '#shared/model/collect.ts'
import { run as runModel } from '#shared/sim/run.ts'
import { figuresOf } from '#shared/whatif/figures.ts'
import type { Run } from '#shared/whatif/side-by-side.ts'
import { MISTAKE } from './mistakes.ts'
import { resolveRun, runInto, violationsOf, type RunOutcome, type RunSpec } from './sim-run.ts'

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
  const collector = new TraceCollector()
  const outcome = await runInto(spec, collector, {
    stopped: () => false,
    room: () => setImmediate(),
    onProgress: () => undefined,
    keepsEvents: false,
  })
  const daemons = new Set(outcome.daemonPids)
  const figures = figuresOf(collector.trace(), outcome.simulatedNs, (pid) => !daemons.has(pid))
  return { seed: spec.seed, figures, violations: outcome.violations, outcome }
}

/**
 * One run of a comparison, in a thread of the pool: the model runs with the same recorder a stored run has, and what is
 * left of it is its figures. The trace is in memory while they are taken and is never sent anywhere.
 */

import { setImmediate } from 'node:timers/promises'
import { TraceCollector } from '#shared/model/collect.ts'
import { figuresOf } from '#shared/whatif/figures.ts'
import type { Run } from '#shared/whatif/side-by-side.ts'
import { runInto, type RunOutcome, type RunSpec } from './sim-run.ts'

export interface CompareRun extends Run {
  readonly outcome: RunOutcome
}

/** Raw events are counted and digested by the recorder; a comparison has no use for them after that. */
class SpansOnly extends TraceCollector {
  override events(): void {
    return undefined
  }
}

export default async function compareRun(spec: RunSpec): Promise<CompareRun> {
  const collector = new SpansOnly()
  const outcome = await runInto(spec, collector, {
    stopped: () => false,
    room: () => setImmediate(),
    onProgress: () => undefined,
  })
  const daemons = new Set(outcome.daemonPids)
  const figures = figuresOf(collector.trace(), outcome.simulatedNs, (pid) => !daemons.has(pid))
  return { seed: spec.seed, figures, violations: outcome.violations, outcome }
}

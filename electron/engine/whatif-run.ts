/**
 * Replays of a recorded workload, in a thread of the pool. Like a run of a comparison: what is left of it is its figures.
 * What the oracle would say is not asked here: a replay takes PTEs away where the trace shows that they were gone.
 */

import { setImmediate } from 'node:timers/promises'
import { limits } from '#shared/base/limits.ts'
import { TraceBuilder } from '#shared/model/builder.ts'
import { TraceCollector } from '#shared/model/collect.ts'
import { PHASES } from '#shared/sim/phases.ts'
import { SimRecorder } from '#shared/sim/record.ts'
import { prepare, runSlices, type RunSpec } from '#shared/sim/run.ts'
import { parseStrategy, strategyNamed, type ResolvedStrategy } from '#shared/sim/strategies/index.ts'
import { figuresOf } from '#shared/whatif/figures.ts'
import { machineCosts, pilotOf, replayOf, type Pilot } from '#shared/whatif/replay.ts'
import type { Run } from '#shared/whatif/side-by-side.ts'
import type { Workload } from '#shared/whatif/workload.ts'
import '../strategy/find.ts'

export interface ReplaySpec {
  readonly workload: Workload
  readonly pilot: Pilot
  readonly strategy: string
  readonly seed: number
  readonly demands: 'exact' | 'drawn'
}

export interface ReplayRun extends Run {
  readonly title: string
  readonly slots: Readonly<Record<string, string>>
  readonly deadlocked: boolean
  readonly truncated: boolean
}

export function pilot(spec: { readonly workload: Workload; readonly strategy: string }): Pilot {
  return pilotOf(spec.workload, parseStrategy(spec.strategy), spec.workload.fs)
}

/** The model's own specification of a replay. */
export function modelOf({
  workload,
  pilot,
  strategy,
  seed,
  demands,
}: ReplaySpec): RunSpec & { strategy: ResolvedStrategy } {
  const scenario = replayOf({ workload, pilot, demands })
  return {
    scenario: scenario.id,
    recorded: scenario,
    strategy: parseStrategy(strategy),
    fs: workload.fs,
    seed,
    checks: false,
    machine: machineCosts(workload),
    jitter: demands === 'drawn',
  }
}

export async function run(spec: ReplaySpec): Promise<ReplayRun> {
  const { workload, strategy, seed } = spec
  const collector = new TraceCollector()
  const builder = new TraceBuilder(collector, `replay ${strategy} seed ${seed}`, 'simulation')
  builder.keepsEvents = false
  const recorder = new SimRecorder({ builder, phases: PHASES })
  const model = modelOf(spec)
  const resolved = model.strategy
  const prepared = prepare(model, { sink: recorder, timed: true })
  const { k } = prepared.world
  recorder.attach(k)
  const slices = runSlices(prepared, { maxEvents: limits.simEvents })
  for (;;) {
    const slice = slices.next()
    if (slice.done !== true) {
      await setImmediate()
      continue
    }
    const { value } = slice
    recorder.finish(
      {
        scenario: model.scenario,
        strategy: resolved.label,
        seed: String(seed),
        cpus: workload.cpus,
        digest: value.digest,
      },
      k,
    )
    const daemons = new Set(k.tasks.filter(({ daemon }) => daemon).map(({ pid }) => pid))
    return {
      seed,
      figures: figuresOf(collector.trace(), value.simulatedNs, (pid) => !daemons.has(pid)),
      violations: [],
      title: strategyNamed(resolved.id).title,
      slots: resolved.slots,
      deadlocked: value.deadlock !== undefined,
      truncated: value.truncated,
    }
  }
}

/**
 * Replays of a recorded workload, in a thread of the pool. Like a run of a comparison: what is left of it is its figures.
 * What the oracle would say is not asked here: a replay takes PTEs away where the trace shows that they were gone. Mistakes in a
 * strategy of the user's own are told all the same.
 */

import { setImmediate } from 'node:timers/promises'
import { workerData } from 'node:worker_threads'
import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import { TraceBuilder } from '#shared/model/builder.ts'
import type { TraceSink } from '#shared/model/trace.ts'
import { PHASES } from '#shared/sim/phases.ts'
import { SimRecorder } from '#shared/sim/record.ts'
import { prepare, runSlices, type Prepared, type RunSpec } from '#shared/sim/run.ts'
import type { RunResult } from '#shared/sim/run-result.ts'
import { parseStrategy, strategyNamed, type ResolvedStrategy } from '#shared/sim/strategies/index.ts'
import { machineCosts, pilotOf, redraws, replayOf } from '#shared/whatif/replay.ts'
import type { Pilot } from '#shared/whatif/pace.ts'
import { RunTally } from '#shared/whatif/run-tally.ts'
import type { Run } from '#shared/whatif/side-by-side.ts'
import { beginning, type Workload } from '#shared/whatif/workload.ts'
import '../strategy/find.ts'
import { MISTAKE } from './mistakes.ts'
import { violationsOf } from './sim-run.ts'

/** What lies in every thread. */
export interface ReplayMaterial {
  readonly workload: Workload
  readonly baseline: string
}

export interface ReplaySpec {
  readonly workload: Workload
  readonly pilot: Pilot
  readonly strategy: string
  readonly seed: number
  readonly demands: 'exact' | 'drawn'
  /** The asked strategy's own pilot; left out: it is made where it is needed. */
  readonly own?: Pilot
  /** The pilot's strategy; left out: the asked one's own pilot is made even where it is the same. */
  readonly baseline?: string
}

export interface ReplayRun extends Run {
  readonly title: string
  readonly slots: Readonly<Record<string, string>>
  readonly digest: string
  readonly counters: Readonly<Record<string, number>>
  readonly events: number
  readonly truncated: boolean
}

export function pilot(spec: { readonly workload: Workload; readonly strategy: string }): Pilot {
  return pilotOf(spec.workload, parseStrategy(spec.strategy), spec.workload.fs)
}

/** What a strategy's own steps cost, once per thread: seeds share it. */
const ownPilots = new WeakMap<Workload, Map<string, Pilot>>()

export function ownPilot(workload: Workload, strategy: string): Pilot {
  const known = ownPilots.get(workload) ?? new Map<string, Pilot>()
  ownPilots.set(workload, known)
  const own = known.get(strategy) ?? pilotOf(workload, parseStrategy(strategy), workload.fs)
  known.set(strategy, own)
  return own
}

/** The model's own specification of a replay. */
export function modelOf({
  workload,
  pilot,
  strategy,
  seed,
  demands,
  baseline,
  own: given,
}: ReplaySpec): RunSpec & { strategy: ResolvedStrategy } {
  const own = strategy === baseline ? undefined : (given ?? ownPilot(workload, strategy))
  const scenario = replayOf({ workload, pilot, own, demands })
  const anew = redraws({ workload, pilot, demands })
  return {
    scenario: scenario.id,
    recorded: scenario,
    strategy: parseStrategy(strategy),
    fs: workload.fs,
    seed,
    checks: false,
    ...(anew ? {} : { machine: machineCosts(workload) }),
    // Measured times vary as they did; only a simulated run's own prices are drawn.
    jitter: anew,
  }
}

/** In a pool whose threads have the workload: a strategy's pilot on it. */
export function pilotHere(strategy: string): Pilot {
  return pilot({ workload: material().workload, strategy })
}

/** A replay of it: only what differs is sent. */
export function again(
  differs: Pick<ReplaySpec, 'strategy' | 'seed' | 'demands' | 'pilot' | 'own'>,
): Promise<ReplayRun> {
  return run({ ...material(), ...differs })
}

let beginningHere: Workload | undefined

/** A replay of its beginning. */
export function look(differs: Pick<ReplaySpec, 'strategy' | 'seed'>): Promise<ReplayRun> {
  const { workload: whole, baseline } = material()
  const workload = (beginningHere ??= beginning(whole, limits.lookOps))
  return run({ workload, pilot: ownPilot(workload, baseline), baseline, demands: 'drawn', ...differs })
}

function material(): ReplayMaterial {
  return workerData as ReplayMaterial
}

/** Nothing is left of it but its figures: no trace is made. */
export async function run(spec: ReplaySpec): Promise<ReplayRun> {
  const model = modelOf(spec)
  const tally = new RunTally()
  const prepared = prepare(model, { sink: tally, timed: true })
  const { k } = prepared.world
  tally.attach(k)
  const value = await toEnd(prepared, () => false)
  return {
    seed: spec.seed,
    figures: tally.finish(value),
    violations: violationsOf(value).filter(({ invariant }) => invariant === MISTAKE),
    title: strategyNamed(model.strategy.id).title,
    slots: model.strategy.slots,
    digest: value.digest,
    counters: value.counters,
    events: value.events,
    deadlocked: value.deadlock !== undefined,
    truncated: value.truncated,
  }
}

/** A replay as a trace of its own: what is stored. */
export async function replayInto(spec: ReplaySpec, sink: TraceSink, stopped: () => boolean) {
  const { workload, strategy, seed } = spec
  const builder = new TraceBuilder(sink, `replay ${strategy} seed ${seed}`, 'simulation')
  const recorder = new SimRecorder({ builder, phases: PHASES })
  const model = modelOf(spec)
  const prepared = prepare(model, { sink: recorder, timed: true })
  const { k } = prepared.world
  recorder.attach(k)
  const value = await toEnd(prepared, stopped)
  const { scenario, strategy: resolved } = model
  const meta = { scenario, strategy: resolved.label, seed: String(seed) }
  recorder.finish({ ...meta, cpus: workload.cpus, digest: value.digest }, k)
  return { model, value, daemons: daemonsOf(k) }
}

async function toEnd(prepared: Prepared, stopped: () => boolean): Promise<RunResult> {
  const slices = runSlices(prepared, { maxEvents: limits.simEvents })
  for (;;) {
    const slice = slices.next()
    if (slice.done === true) return slice.value
    if (stopped()) throw new ApiError('cancelled', 'the replay was cancelled')
    await setImmediate()
  }
}

/** Pids of tasks that are no part of the workload. */
function daemonsOf({ tasks }: Prepared['world']['k']): ReadonlySet<number> {
  return new Set(tasks.filter(({ daemon }) => daemon).map(({ pid }) => pid))
}

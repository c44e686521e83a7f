/**
 * The job that answers "what if this trace had run under that lock": workload out of the trace, a pilot, then one replay
 * per strategy and seed in a pool of threads, with the same statistics a comparison of scenarios has, and beside them how
 * well the replay under the recorded strategy matches the trace.
 */

import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import type { ComparedStrategy } from '#shared/contract/simulation.ts'
import type { WhatIfResult } from '#shared/contract/whatif.ts'
import type { Trace } from '#shared/model/trace.ts'
import { parseStrategy } from '#shared/sim/strategies/index.ts'
import { fidelityOf } from '#shared/whatif/fidelity.ts'
import type { ArrivalChoice } from '#shared/whatif/arrival.ts'
import type { Prices } from '#shared/whatif/prices.ts'
import type { Pilot } from '#shared/whatif/pace.ts'
import { withSearch } from '#shared/whatif/side-by-side.ts'
import { worldsFor } from '#shared/whatif/worlds.ts'
import { operations, workloadOf, type Workload, type WorkloadOptions } from '#shared/whatif/workload.ts'
import { refuseSource, refuseUnwritable } from '../store/draft.ts'
import { loadTrace } from '../store/load.ts'
import { openFile } from '../store/open.ts'
import '../strategy/find.ts'
import { Partials } from './compare-partial.ts'
import { searchAll } from './compare-verdict.ts'
import type { JobContext } from './job-context.ts'
import { simulatedAgain } from './sim-again.ts'
import { madeUnder } from './whatif-baseline.ts'
import { recordReplays } from './whatif-record.ts'
import { pilotsFor, replayAll, sideBySide, type ReplayPlan } from './whatif-replays.ts'
import type { ReplaySpec } from './whatif-run.ts'

export const REPLAY_ASSUMPTIONS: readonly string[] = [
  'each part of an operation works as long as the recorded one did; where a strategy has other steps, in proportion to their list prices',
  'how the time of a part divides over its steps, and so over its locks, follows the price list',
  'tasks do the same operations in the same order; a closed task pauses as long as it did, an open one begins when it did',
  'operations the model does not know are a fixed delay between those it knows, with the hold of mmap_lock they had',
  'a waiter that spins for a lock takes it over in the price `spinHandoff`, one that slept runs again after `wake`: measured from the trace where it shows enough wake-ups, adjustable with --set, never fitted to another trace',
  'operations recorded with 2 MiB pages are replayed with 4 KiB pages',
]

interface WhatIfOptions extends JobContext {
  readonly path: string
  readonly trace: number
  readonly strategies: readonly string[]
  readonly baseline: string
  readonly seeds: readonly number[]
  readonly arrival: ArrivalChoice | undefined
  readonly set: Prices
  /** Most schedules searched per strategy; 0: no verdict. */
  readonly explore: number
  /** A file for the trace and its replays; undefined: nothing is stored. */
  readonly out: string | undefined
  readonly force: boolean
}

/** As the job gets it: what the trace was made under may be for the trace to say. */
export type WhatIfAsked = Omit<WhatIfOptions, 'baseline'> & { readonly baseline: string | undefined }

export async function whatIfJob(asked: WhatIfAsked): Promise<Omit<WhatIfResult, 'opened'>> {
  const started = performance.now()
  const options = withBaseline(asked)
  const { strategies, baseline, seeds, arrival } = options
  const runs = strategies.length * seeds.length
  if (runs > limits.simRuns) {
    throw new ApiError(
      'limit',
      `this needs ${runs} replays; ${limits.simRuns} are the most`,
      'take fewer strategies or seeds',
    )
  }
  for (const id of strategies) parseStrategy(id)
  if (options.out !== undefined) {
    // Of the file that is read only this trace would be left.
    refuseSource(options.out, [options.path])
    refuseUnwritable(options.out, options)
  }
  const { recorded, workload } = readWorkload(options, { arrival, prices: options.set })
  const partials = new Partials(options)
  const plan: ReplayPlan = { workload, strategies, baseline, seeds }
  const { done, pilots } = await replayAll(plan, options, partials)
  const ids = await stored(options, workload, pilots)
  const again = await simulatedAgain(recorded, options)
  const compared = sideBySide(plan, done).map((one, i) => ({ ...one, trace: ids[i] ?? null }))
  return {
    workload: summaryOf(workload, recorded),
    baseline,
    seeds,
    strategies: await judged(compared, { options, workload, partials }),
    fidelity: {
      ...fidelityOf(
        recorded,
        done.filter(({ strategy }) => strategy === baseline).map(({ run }) => run.figures),
      ),
      ...(again === undefined ? {} : { again }),
    },
    assumptions: REPLAY_ASSUMPTIONS,
    file: options.out ?? null,
    wallMs: Math.round(performance.now() - started),
  }
}

function withBaseline(asked: WhatIfAsked): WhatIfOptions {
  const baseline = asked.baseline ?? madeUnder(asked)
  const { strategies } = asked
  return { ...asked, baseline, strategies: strategies.includes(baseline) ? strategies : [baseline, ...strategies] }
}

/** Trace ids of the first seed's replays, where a file is wanted. */
async function stored(
  { path, trace, out, force, strategies, baseline, seeds, signal, onProgress }: WhatIfOptions,
  workload: Workload,
  pilots: ReadonlyMap<string, Pilot>,
): Promise<readonly number[]> {
  if (out === undefined) return []
  const replays = strategies.map((strategy): ReplaySpec => {
    return { workload, ...pilotsFor(pilots, { strategy, baseline }), strategy, seed: seeds[0], demands: 'drawn' }
  })
  return recordReplays({ path, trace, out, force, replays, signal, onProgress })
}

interface Judging {
  readonly options: WhatIfOptions
  readonly workload: Workload
  readonly partials: Partials
}

/** A recording is too long to search: the small worlds where operations of its kinds meet are searched for it. */
async function judged(compared: readonly ComparedStrategy[], { options, workload, partials }: Judging) {
  const { strategies, explore, signal, onProgress } = options
  if (explore === 0) return compared
  const kinds = new Set(workload.tasks.flatMap(({ ops }) => ops.map(({ kind }) => kind)))
  const list = [...compared]
  await searchAll({
    ...{ strategies, signal, schedules: explore },
    worlds: worldsFor(kinds).map((scenario) => ({ scenario, set: {}, slots: {}, fs: undefined })),
    onProgress: (progress) => onProgress({ ...progress, ...partials.of(() => list) }),
    onVerdict: (strategy, result) => {
      const at = strategies.indexOf(strategy)
      list[at] = { ...list[at], verdict: withSearch(list[at].verdict, result) }
    },
  })
  return list
}

/** The trace stays usable: its tables are read before the file is closed. */
export function readWorkload(
  { path, trace }: { readonly path: string; readonly trace: number },
  options: WorkloadOptions = {},
) {
  const recorded = loadTrace(openFile(path), trace)
  return { recorded, workload: workloadOf(recorded, options) }
}

function summaryOf(
  { tasks, files: _files, background: _background, ...workload }: Workload,
  trace: Trace,
): WhatIfResult['workload'] {
  return {
    kind: 'trace',
    trace: trace.meta.name,
    ...workload,
    ops: operations({ tasks }),
    tasks: tasks.map(({ comm, ops, arrival, evidence }) => ({ comm, ops: ops.length, arrival, evidence })),
  }
}

/**
 * A simulated trace made again from what its run was given, which its file remembers: with the same seed it must have the same
 * digest. And with the prices that its phases show, each against what a run at list prices shows for the same phase: how close
 * fitted parameters come where everything else is known. What a file says its run was given is checked like a client's request.
 */

import { setImmediate } from 'node:timers/promises'
import * as z from 'zod'
import { latency } from '#shared/analysis/latency.ts'
import { ApiError } from '#shared/base/errors.ts'
import type { SimulatedAgain } from '#shared/contract/whatif.ts'
import { TraceCollector } from '#shared/model/collect.ts'
import type { Trace, TraceSink } from '#shared/model/trace.ts'
import { COSTS } from '#shared/sim/costs.ts'
import { calibrationOf } from '#shared/whatif/calibration.ts'
import type { JobContext } from './jobs.ts'
import { MODEL_SETTINGS } from './sim-catalog.ts'
import { runInto, SIM_RUN, type RunSpec } from './sim-run.ts'

const word = z.string().min(1).max(4096)
const given = z.object({
  scenario: word,
  strategy: word,
  slots: z.record(word, word),
  fs: word.optional(),
  set: z.record(word, z.union([z.string().max(4096), z.number(), z.boolean()])),
  seed: z.int().nonnegative(),
})

/** Fewer operations of a kind have no mean worth comparing. */
const MANY = 100

/** Undefined: not a simulated trace, or its file does not tell what its run was given. */
export async function simulatedAgain(recorded: Trace, job: JobContext): Promise<SimulatedAgain | undefined> {
  const spec = specOf(recorded)
  if (spec === undefined) return undefined
  try {
    const same = await runOf(spec, job)
    const listed = Object.fromEntries(Object.entries(spec.set).filter(([id]) => !isCost(id)))
    const other = await runOf({ ...spec, set: listed, seed: spec.seed + 1 }, job)
    const prices = fitted(recorded, other.trace)
    const again = await runOf({ ...spec, set: { ...spec.set, ...prices } }, job)
    return {
      strategy: spec.strategy,
      seed: spec.seed,
      digest: same.digest,
      identical: same.digest === recorded.meta.digest,
      fitted: Object.keys(prices),
      fittedError: worstError(recorded, again.trace),
      otherSeedError:
        Object.keys(listed).length === Object.keys(spec.set).length ? worstError(recorded, other.trace) : null,
    }
  } catch (error) {
    // A scenario, option or strategy file that is not there any more: nothing can be said of it.
    if (error instanceof ApiError && error.code !== 'cancelled') return undefined
    throw error
  }
}

function specOf({ diagnostics, meta }: Trace): RunSpec | undefined {
  const text = diagnostics.find(({ code }) => code === SIM_RUN)?.message
  if (text === undefined || meta.sourceFormat !== 'simulation') return undefined
  try {
    const { fs, ...spec } = given.parse(JSON.parse(text))
    return fs === undefined ? spec : { ...spec, fs }
  } catch {
    return undefined
  }
}

async function runOf(spec: RunSpec, { signal, onProgress }: JobContext) {
  const collector = new TraceCollector()
  const started = performance.now()
  const spansOnly: TraceSink = {
    events: () => undefined,
    spans: (batch) => collector.spans(batch),
    end: (end) => collector.end(end),
  }
  const { digest } = await runInto(spec, spansOnly, {
    stopped: () => signal.aborted,
    room: () => setImmediate(),
    onProgress: ({ doneNs, totalNs, events }) =>
      onProgress({
        ...{ stage: 'simulating again', done: doneNs, total: totalNs, unit: 'ns', events },
        elapsedMs: Math.round(performance.now() - started),
      }),
  })
  return { digest, trace: collector.trace() }
}

function isCost(id: string): boolean {
  return COSTS.some((one) => one.id === id)
}

/** A phase also has what locks cost on the way; in the run at list prices it has that, too. */
function fitted(recorded: Trace, listed: Trace): Readonly<Record<string, number>> {
  const [measured, at] = [recorded, listed].map((one) => calibrationOf(one, new Set(one.opKinds)).parameters)
  return Object.fromEntries(
    measured.flatMap(({ id, ns, defaultNs }) => {
      const list = at.find((one) => one.id === id)?.ns ?? null
      return ns === null || list === null || ns <= 0 || list <= 0 ? [] : [[id, inRange(id, (defaultNs * ns) / list)]]
    }),
  )
}

function inRange(id: string, ns: number): number {
  const { min, max } = MODEL_SETTINGS.find(({ name }) => name === id) ?? { min: null, max: null }
  return Math.round(Math.min(max ?? Infinity, Math.max(min ?? 0, ns)))
}

/** Of the mean and the median of each kind of which there are many, how far off the farthest is. */
export function worstError(recorded: Trace, again: Trace): number | null {
  const [rows, others] = [recorded, again].map((one) => latency.run(one, { by: 'op', scope: {}, top: 1_000 }).rows)
  const errors = rows.flatMap((row) => {
    const other = others.find(({ op }) => op === row.op)
    if (row.count < MANY || other === undefined) return []
    return [
      [row.meanNs, other.meanNs],
      [row.p50Ns, other.p50Ns],
    ].flatMap(([was, is]) => (was === null || is === null || was === 0 ? [] : [Math.abs(is / was - 1)]))
  })
  return errors.length === 0 ? null : Math.max(...errors)
}

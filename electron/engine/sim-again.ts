/**
 * A simulated trace made again from what its run was given, which its file remembers: with the same seed it must have the same
 * digest. And with the prices that its phases show, each against what a run at list prices shows for the same phase: how close
 * fitted parameters come where everything else is known. What a file says its run was given is checked like a client's request.
 */

import { setImmediate } from 'node:timers/promises'
import * as z from 'zod'
import { latency } from '#shared/analysis/latency.ts'
import { ApiError } from '#shared/base/errors.ts'
import type { ParamInfo } from '#shared/contract/simulation.ts'
import type { SimulatedAgain } from '#shared/contract/whatif.ts'
import { TraceCollector } from '#shared/model/collect.ts'
import { SIM_RUN } from '#shared/model/diagnostics.ts'
import type { Trace, TraceSink } from '#shared/model/trace.ts'
import { COSTS } from '#shared/sim/costs.ts'
import { parseParams } from '#shared/sim/run.ts'
import { scenarios } from '#shared/sim/scenarios/index.ts'
import { calibrationOf } from '#shared/whatif/calibration.ts'
import { AGAIN_WITHIN } from '#shared/whatif/words.ts'
import type { JobContext } from './job-context.ts'
import { resolveRun, runInto, settingsFor, type RunSpec } from './sim-run.ts'

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
/** Figures of a run that is not chaotic change by no more than its prices do. */
const LITTLE = 0.02
/** Of neighbouring prices: all more, all less, and against each other. */
const SIGNS = [
  [1, 1],
  [-1, -1],
  [1, -1],
  [-1, 1],
] as const

/** Undefined: not a simulated trace, or its file does not tell what its run was given. */
export async function simulatedAgain(recorded: Trace, job: JobContext): Promise<SimulatedAgain | undefined> {
  const spec = specOf(recorded)
  if (spec === undefined) return undefined
  try {
    const same = await runOf(spec, job)
    const listed = Object.fromEntries(Object.entries(spec.set).filter(([id]) => !isCost(id)))
    const other = await runOf({ ...spec, set: listed, seed: spec.seed + 1 }, job)
    const prices = fitted(spec, recorded, other.trace)
    const again = await runOf(priced(spec, prices), job)
    const fittedError = worstError(recorded, again.trace)
    return {
      strategy: spec.strategy,
      seed: spec.seed,
      digest: same.digest,
      identical: same.digest === recorded.meta.digest,
      prices,
      fittedError,
      otherSeedError:
        Object.keys(listed).length === Object.keys(spec.set).length ? worstError(recorded, other.trace) : null,
      nudgedError: (fittedError ?? 0) < AGAIN_WITHIN ? null : await movedByLittle(spec, { prices, recorded, job }),
    }
  } catch (error) {
    // A scenario, option or strategy file that is not there any more: nothing can be said of it.
    if (error instanceof ApiError && error.code !== 'cancelled') return undefined
    throw error
  }
}

/**
 * How far the run itself is moved by a little more or less in the prices that were fitted: where who is first hangs on that,
 * one run's figures are one draw, and no fitted prices can meet them.
 */
async function movedByLittle(
  spec: RunSpec,
  { prices, recorded, job }: Pick<SimulatedAgain, 'prices'> & { readonly recorded: Trace; readonly job: JobContext },
): Promise<number | null> {
  const own = settingsOf(spec).filter(({ name }) => name in prices)
  const errors: number[] = []
  for (const signs of SIGNS) {
    const moved = own.map((one, i) => {
      const ns = Number(spec.set[one.name] ?? one.default) * (1 + signs[i % 2] * LITTLE)
      return [one.name, inRange(one, ns)] as const
    })
    const { trace } = await runOf(priced(spec, Object.fromEntries(moved)), job)
    errors.push(worstError(recorded, trace) ?? 0)
  }
  return own.length === 0 ? null : Math.max(...errors)
}

/** The run with these prices instead of its own. */
export function priced(spec: RunSpec, prices: SimulatedAgain['prices']): RunSpec {
  return { ...spec, set: { ...spec.set, ...prices } }
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

/**
 * A phase also has what locks cost on the way; in the run at list prices it has that, too. What a price is without the user's
 * is the scenario's to say: one that is about another machine than the usual has a list of its own.
 */
export function fitted(spec: RunSpec, recorded: Trace, listed: Trace): Readonly<Record<string, number>> {
  const [measured, at] = [recorded, listed].map((one) => calibrationOf(one, new Set(one.opKinds)).parameters)
  const known = settingsOf(spec)
  return Object.fromEntries(
    measured.flatMap(({ id, ns }) => {
      const list = at.find((one) => one.id === id)?.ns ?? null
      const setting = known.find(({ name }) => name === id)
      if (setting === undefined || ns === null || list === null || ns <= 0 || list <= 0) return []
      return [[id, inRange(setting, (Number(setting.default) * ns) / list)]]
    }),
  )
}

function settingsOf(spec: RunSpec): readonly ParamInfo[] {
  const { scenario: id, params = {} } = resolveRun(spec)
  const scenario = scenarios.get(id)
  return settingsFor(scenario, parseParams(scenario, params))
}

function inRange({ min, max }: ParamInfo, ns: number): number {
  return Math.round(Math.min(max ?? Infinity, Math.max(min ?? 0, ns)))
}

/** Of the mean and the median of each kind of which there are many, how far off the farthest is. */
export function worstError(recorded: Trace, again: Trace): number | null {
  const others = figuresOf(again, 1)
  const errors = [...figuresOf(recorded, MANY)].flatMap(([what, was]) => {
    const is = others.get(what)
    return is === undefined || was === 0 ? [] : [Math.abs(is / was - 1)]
  })
  return errors.length === 0 ? null : Math.max(...errors)
}

/** Means and medians of the kinds of operation of which there are that many. */
export function figuresOf(trace: Trace, least = MANY): ReadonlyMap<string, number> {
  const { rows } = latency.run(trace, { by: 'op', scope: {}, top: 1_000 })
  return new Map(
    rows
      .filter(({ count }) => count >= least)
      .flatMap(
        ({ op, meanNs, p50Ns }) =>
          [
            [`${op} mean`, meanNs],
            [`${op} p50`, p50Ns],
          ] as const,
      )
      .flatMap(([what, ns]) => (ns === null ? [] : [[what, ns] as const])),
  )
}

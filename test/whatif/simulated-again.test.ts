/**
 * Every scenario's trace, made again from what its file keeps of the run: the same digest from the same prices, and within 3 %
 * from prices fitted to the trace. Where that is not so the run is chaotic, which is shown: its own prices, moved by no more
 * than 2 %, move it by more than 3 %. One draw of such a run cannot be met, but the mean of many can: over as many traces as fit
 * into a test, each made again at the prices fitted to it, means and medians are those of the traces, within 3 % or, where
 * seeds differ too much to say that, within the interval of the difference.
 */
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { figuresOf, fitted, priced, simulatedAgain, worstError } from '#electron/engine/sim-again.ts'
import { runInto, type RunSpec } from '#electron/engine/sim-run.ts'
import { TraceCollector } from '#shared/model/collect.ts'
import type { Trace } from '#shared/model/trace.ts'
import { scenarios } from '#shared/sim/scenarios/index.ts'
import { compare } from '#shared/whatif/statistics.ts'

const host = { stopped: () => false, room: () => setImmediate(), onProgress: () => undefined }
const job = { signal: new AbortController().signal, onProgress: () => undefined }

/**
 * Who is first, and so the whole run, hangs on little. Over how many traces their means are compared, by their spread; each takes
 * a second, so over a third of them unless FAULTLINE_LONG is set.
 */
const CHAOTIC: Readonly<Record<string, number>> = {
  'SC2 K': 40,
  'SC2 F': 30,
  'SC4 K': 30,
  'SC4 F': 40,
  'SC7 K': 20,
  'SC7 F': 20,
  'SC9 K': 12,
  'SC13 F': 30,
  'SC15 K': 20,
}

async function traceOf(spec: RunSpec): Promise<Trace> {
  const collector = new TraceCollector()
  await runInto(spec, collector, host)
  return collector.trace()
}

/** By figure, and in it by seed. */
type Figures = ReadonlyMap<string, readonly (number | undefined)[]>

/** Traces of so many seeds, and each of them made again; the list prices are seen in the next seed's. */
async function madeAgain(spec: RunSpec, seeds: number): Promise<readonly [own: Figures, again: Figures]> {
  const [own, again] = [new Map<string, number[]>(), new Map<string, number[]>()]
  let trace = await traceOf({ ...spec, seed: 1 })
  for (let seed = 1; seed <= seeds; seed++) {
    const next = await traceOf({ ...spec, seed: seed + 1 })
    put(own, seed, trace)
    put(again, seed, await traceOf(priced({ ...spec, seed }, fitted(spec, trace, next))))
    trace = next
  }
  return [own, again]
}

function put(into: Map<string, number[]>, seed: number, trace: Trace): void {
  for (const [what, ns] of figuresOf(trace)) {
    const bySeed = into.get(what) ?? []
    bySeed[seed] = ns
    into.set(what, bySeed)
  }
}

/** Of the seeds that have the figure in both. */
function inPairs(one: readonly (number | undefined)[] = [], other: readonly (number | undefined)[] = []) {
  const values: number[] = []
  const baseline: number[] = []
  for (const [seed, is] of one.entries()) {
    const was = other[seed]
    if (is === undefined || was === undefined) continue
    values.push(is)
    baseline.push(was)
  }
  return { values, baseline }
}

function specOf(scenario: string, strategy: string): RunSpec {
  const short = 'durationMs' in scenarios.get(scenario).params.shape
  // SC8 has sixteen tasks that never pause.
  return { scenario, strategy, slots: {}, set: short ? { durationMs: scenario === 'SC8' ? 3 : 10 } : {}, seed: 7 }
}

describe('a simulated trace made again', () => {
  it.each(scenarios.ids.flatMap((id) => ['K', 'F'].map((strategy) => [id, strategy] as const)))(
    '%s under %s has its digest, and from fitted prices means and medians within 0.03 where 0.02 in its own move it by less',
    async (id, strategy) => {
      const spec = specOf(id, strategy)
      const trace = await traceOf(spec)
      const again = await simulatedAgain(trace, job)
      expect(again).toMatchObject({ strategy, seed: 7, identical: true, digest: trace.meta.digest })
      if (CHAOTIC[`${id} ${strategy}`] === undefined) expect(again?.fittedError ?? 0).toBeLessThan(0.03)
      else expect(again?.nudgedError).toBeGreaterThan(0.03)
    },
  )

  const share = process.env['FAULTLINE_LONG'] === undefined ? 1 / 3 : 1
  it.each(Object.entries(CHAOTIC).map(([name, seeds]) => [name, Math.ceil(seeds * share)] as const))(
    'of chaotic %s: over %i traces, each made again at prices fitted to it, means and medians are those of the traces',
    async (name, seeds) => {
      const [id, strategy] = name.split(' ')
      const [own, again] = await madeAgain(specOf(id, strategy), seeds)
      const ratios = [...own.keys()].flatMap((what) => {
        const pairs = inPairs(again.get(what), own.get(what))
        const { ratio, ci95 } = compare(pairs.values, pairs.baseline)
        return ci95 === undefined ? [] : [{ what, ratio, low: ci95[0], high: ci95[1] }]
      })
      expect(ratios.length).toBeGreaterThan(0)
      for (const { what, ratio, low, high } of ratios) {
        const unbiased = Math.abs(ratio - 1) < 0.03 || (low <= 1 && high >= 1)
        expect(unbiased, `${what} is ${ratio} of the traces' own, 95 % interval ${low} to ${high}`).toBe(true)
      }
    },
  )

  it('of a price that was set finds that price in the trace', async () => {
    const spec = specOf('SC5', 'F')
    const trace = await traceOf({ ...spec, set: { ...spec.set, alloc: 3_000 } })
    const again = await simulatedAgain(trace, job)
    expect(again?.prices).toHaveProperty('alloc')
    expect(again?.fittedError).toBeLessThan(0.03)
    expect(worstError(trace, await traceOf(spec))).toBeGreaterThan(0.03)
  })

  it('whose file tells nothing, or nonsense, of its run is left alone', async () => {
    const trace = await traceOf(specOf('SC5', 'F'))
    const told = (message: string) => ({
      ...trace,
      diagnostics: trace.diagnostics.map((one) => (one.code === 'sim-run' ? { ...one, message } : one)),
    })
    expect(await simulatedAgain({ ...trace, diagnostics: [] }, job)).toBeUndefined()
    expect(await simulatedAgain(told('{'), job)).toBeUndefined()
    expect(await simulatedAgain(told('{"scenario":7}'), job)).toBeUndefined()
    const gone = { ...specOf('SC5', 'F'), scenario: 'SC99' }
    expect(await simulatedAgain(told(JSON.stringify(gone)), job)).toBeUndefined()
  })
})

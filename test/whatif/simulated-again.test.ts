/**
 * Every scenario's trace, made again from what its file keeps of the run: the same digest from the same prices, and within 3 %
 * from prices fitted to the trace. Where that is not so the run is chaotic, which is shown: a single nanosecond more in one
 * price moves it by more than that.
 */
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { simulatedAgain, worstError } from '#electron/engine/sim-again.ts'
import { runInto, type RunSpec } from '#electron/engine/sim-run.ts'
import { TraceCollector } from '#shared/model/collect.ts'
import type { Trace } from '#shared/model/trace.ts'
import { scenarios } from '#shared/sim/scenarios/index.ts'

const host = { stopped: () => false, room: () => setImmediate(), onProgress: () => undefined }
const job = { signal: new AbortController().signal, onProgress: () => undefined }

/** Who is first, and so the whole run, hangs on the price that is named, to the nanosecond. */
const CHAOTIC: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'SC2 K': { trap: 401 },
  'SC2 F': { esLookup: 121 },
  'SC4 K': { trap: 401 },
  'SC4 F': { esLookup: 121 },
  'SC7 K': { alloc: 1_501 },
  'SC7 F': { alloc: 1_501 },
  'SC9 K': { trap: 401 },
  'SC13 F': { trap: 401 },
  'SC15 K': { esLookup: 121 },
  'SC15 F': { esLookup: 121 },
}

async function traceOf(spec: RunSpec): Promise<Trace> {
  const collector = new TraceCollector()
  await runInto(spec, collector, host)
  return collector.trace()
}

function specOf(scenario: string, strategy: string): RunSpec {
  const short = 'durationMs' in scenarios.get(scenario).params.shape
  // SC8 has sixteen tasks that never pause.
  return { scenario, strategy, slots: {}, set: short ? { durationMs: scenario === 'SC8' ? 3 : 10 } : {}, seed: 7 }
}

describe('a simulated trace made again', () => {
  it.each(scenarios.ids.flatMap((id) => ['K', 'F'].map((strategy) => [id, strategy] as const)))(
    '%s under %s has its digest, and from fitted prices means and medians within 0.03 where a nanosecond moves it by less',
    async (id, strategy) => {
      const spec = specOf(id, strategy)
      const trace = await traceOf(spec)
      const again = await simulatedAgain(trace, job)
      expect(again).toMatchObject({ strategy, seed: 7, identical: true, digest: trace.meta.digest })
      const moved = CHAOTIC[`${id} ${strategy}`]
      if (moved === undefined) expect(again?.fittedError ?? 0).toBeLessThan(0.03)
      else expect(worstError(trace, await traceOf({ ...spec, set: { ...spec.set, ...moved } }))).toBeGreaterThan(0.03)
    },
    120_000,
  )

  it('of a price that was set finds that price in the trace', async () => {
    const spec = specOf('SC5', 'F')
    const trace = await traceOf({ ...spec, set: { ...spec.set, alloc: 3_000 } })
    const again = await simulatedAgain(trace, job)
    expect(again?.fitted).toContain('alloc')
    expect(again?.fittedError).toBeLessThan(0.03)
    expect(worstError(trace, await traceOf(spec))).toBeGreaterThan(0.03)
  }, 60_000)

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
  }, 60_000)
})

/** Replays of simulated traces: their own strategy and seed reproduce them, exactly from draws and closely from measurements. */
import { describe, expect, it } from 'vitest'
import { run as replay } from '#electron/engine/whatif-run.ts'
import type { Trace } from '#shared/model/trace.ts'
import { parseStrategy } from '#shared/sim/strategies/index.ts'
import { pilotOf } from '#shared/whatif/replay.ts'
import { workloadOf } from '#shared/whatif/workload.ts'
import { recordedRun } from '../support/recorded-run.ts'

const SEED = 7
const recorded = (strategy: string, params: Record<string, unknown>) => recordedRun({ strategy, params, seed: SEED })

/** Six tasks in one i_data_sem: who starves is chance, and a seed's mean differs from another's by a fifth. */
const HOLES = { threads: 6, blocks: 'holes', fileMiB: 8, commitMs: 0, durationMs: 20 }
/** Seeds differ by less than 1 %. */
const STEADY = { ...HOLES, threads: 2 }
const MAPPED = { threads: 4, blocks: 'mapped', fileMiB: 1, commitMs: 0, durationMs: 2 }

function workload(trace: Trace, strategy: string) {
  const one = workloadOf(trace)
  return { workload: one, pilot: pilotOf(one, parseStrategy(strategy), one.fs), strategy, baseline: strategy }
}

describe('replay of a simulated trace', () => {
  it.each([
    ['K', HOLES],
    ['K,guardMode=exclusive', HOLES],
    ['G', HOLES],
  ])('under its own strategy %s and seed has its digest', async (strategy, params) => {
    const { trace, result } = recorded(strategy, params)
    const again = await replay({ ...workload(trace, strategy), seed: SEED, demands: 'exact' })
    expect(again.digest).toBe(result.digest)
  })

  it('has another digest with another seed', async () => {
    const { trace, result } = recorded('K', HOLES)
    const again = await replay({ ...workload(trace, 'K'), seed: SEED + 1, demands: 'exact' })
    expect(again.digest).not.toBe(result.digest)
  })

  it.each([
    ['K', MAPPED],
    ['F', { ...MAPPED, threads: 2 }],
    ['E', STEADY],
    ['K', STEADY],
  ])('of %s takes, from measured distributions, what it took to 3 %%', async (strategy, params) => {
    const { trace, result } = recorded(strategy, params)
    const spec = workload(trace, strategy)
    const runs = await Promise.all([1, 2, 3, 4].map((seed) => replay({ ...spec, seed, demands: 'drawn' })))
    for (const { kind, meanNs, p50Ns } of result.opStats) {
      const of = (figure: 'meanNs' | 'p50Ns') =>
        runs.reduce((sum, one) => sum + (one.figures.ops.find(({ op }) => op === kind)?.[figure] ?? NaN), 0) /
        runs.length
      expect(Math.abs(of('meanNs') / meanNs - 1), `${kind} mean`).toBeLessThan(0.03)
      expect(Math.abs(of('p50Ns') / p50Ns - 1), `${kind} p50`).toBeLessThan(0.03)
    }
  })
})

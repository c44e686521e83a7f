/**
 * Predictions against real kernels: the same workload under two locks (corpus/backtest), held against the range of ratios
 * the corpus measured over repetitions; and replays under today's strategy against the recordings themselves. The bounds are
 * what recorded demands reach in the mean of three seeds, and a small margin: the goals `npm run bench -- whatif` holds.
 */
import { expect, it } from 'vitest'
import { run as replay } from '#electron/engine/whatif-run.ts'
import type { Trace } from '#shared/model/trace.ts'
import { parseStrategy } from '#shared/sim/strategies/index.ts'
import { backtestOf } from '#shared/whatif/backtest.ts'
import { fidelityOf } from '#shared/whatif/fidelity.ts'
import { pilotOf } from '#shared/whatif/replay.ts'
import { workloadOf } from '#shared/whatif/workload.ts'
import { describeWithCorpus, readCorpus } from '../support/corpus.ts'
import { importText } from '../support/import-text.ts'

interface TruthRatio {
  readonly workload: string
  readonly traced: boolean
  readonly kind: string
  readonly metric: string
  readonly min: number
  readonly max: number
}

const EXCLUSIVE = 'K,guardMode=exclusive'
const SEEDS = [1, 2, 3]

function recording(name: string): Trace {
  return importText(readCorpus(`${name}.trace.txt`)).trace
}

async function runsOf(trace: Trace, strategy: string, demands: 'exact' | 'drawn' = 'drawn') {
  const workload = workloadOf(trace)
  const spec = { workload, pilot: pilotOf(workload, parseStrategy('K'), workload.fs), baseline: 'K', strategy } as const
  const runs = []
  for (const seed of SEEDS) runs.push((await replay({ ...spec, seed, demands })).figures)
  return runs
}

function truth(workload: string, kind: string, metric: string): TruthRatio {
  const { ratios } = JSON.parse(readCorpus('backtest/truth.json').toString('utf8')) as { ratios: TruthRatio[] }
  const found = ratios.find(
    (one) => one.traced && one.workload === workload && one.kind === kind && one.metric === metric,
  )
  if (found === undefined) throw new Error(`truth.json has no ${workload} ${kind} ${metric}`)
  return found
}

describeWithCorpus('a back-test of one lock mode', () => {
  it.each(['ext4-rrrwww-u0', 'ext4-rrrwww-u50', 'ext4-rrrwww-u200'])(
    'of %s predicts read faults and duration within what repetitions measured',
    async (name) => {
      const [from, to] = [recording(`backtest/${name}.A1`), recording(`backtest/${name}.B1`)]
      const [asRecorded, predicted] = [await runsOf(from, 'K'), await runsOf(from, EXCLUSIVE)]
      const { rows, throughput } = backtestOf({ from, to, asRecorded, predicted, repeats: { from: [], to: [] } })
      const ratioOf = (op: string, figure: string) =>
        rows.find((row) => row.op === op && row.percentile === figure)?.predictedRatio
      const rate = throughput.find(({ op }) => op === 'read_fault')?.predictedRatio
      for (const [what, ratio, { min, max }] of [
        ['mean', ratioOf('read_fault', 'mean'), truth(name, 'rfault', 'mean_us')],
        ['p90', ratioOf('read_fault', 'p90'), truth(name, 'rfault', 'p90_us')],
        ['duration', ratioOf('', 'duration'), truth(name, 'all', 'wall_ms')],
        ['throughput', rate, truth(name, 'rfault', 'thread_rate_sum_per_s')],
      ] as const) {
        expect(ratio, what).toBeGreaterThanOrEqual(min)
        expect(ratio, what).toBeLessThanOrEqual(max)
      }
    },
  )
})

describeWithCorpus('a replay under the recorded strategy', () => {
  it.each([
    ['dax/dax-ext4-medium', 0.08, 0.18, 0.23],
    ['nolockdep/nl-dax-ext4-medium', 0.02, 0.3, 0.45],
    ['nolockdep/nl-dax-ext4-faultheavy', 0.3, 0.21, 0.19],
    ['backtest/ext4-rrrwww-u200.A1', 0.1, 0.08, 0.36],
  ])(
    'of %s has the latencies and waits of the recording: median error of p50, p99 and wait totals within %f, %f and %f',
    async (name, p50, p99, waits) => {
      const trace = recording(name)
      const { medianErrorP50, medianErrorP99, medianErrorWaits } = fidelityOf(trace, await runsOf(trace, 'K', 'exact'))
      expect(medianErrorP50).toBeLessThan(p50)
      expect(medianErrorP99).toBeLessThan(p99)
      expect(medianErrorWaits).toBeLessThan(waits)
    },
  )
})

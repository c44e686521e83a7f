/** The job that predicts trace B from trace A and says by how much it was wrong. B is read only for the comparison. */

import type { BacktestResult } from '#shared/contract/whatif.ts'
import { parseStrategy } from '#shared/sim/strategies/index.ts'
import { backtestOf } from '#shared/whatif/backtest.ts'
import { fidelityOf } from '#shared/whatif/fidelity.ts'
import type { Prices } from '#shared/whatif/prices.ts'
import { loadTrace } from '../store/load.ts'
import { openFile } from '../store/open.ts'
import type { JobContext } from './job-context.ts'
import { eachOnce, mistakesIn } from './mistakes.ts'
import { readWorkload, REPLAY_ASSUMPTIONS } from './whatif.ts'
import { madeUnder, simulatedUnder } from './whatif-baseline.ts'
import { replayAll } from './whatif-replays.ts'

interface Recorded {
  readonly path: string
  readonly trace: number
}

export interface BacktestOptions extends JobContext {
  readonly from: Recorded
  readonly to: Recorded
  readonly strategy: string | undefined
  readonly baseline: string | undefined
  readonly seeds: readonly number[]
  readonly repeats: { readonly from: readonly Recorded[]; readonly to: readonly Recorded[] }
  readonly set: Prices
}

/** What the recorded pairs this is for differ in. */
const EXCLUSIVE = 'K,guardMode=exclusive'

export async function backtestJob(options: BacktestOptions): Promise<BacktestResult> {
  const started = performance.now()
  const { seeds } = options
  const baseline = options.baseline ?? madeUnder(options.from)
  const strategy = options.strategy ?? simulatedUnder(options.to) ?? EXCLUSIVE
  for (const id of [baseline, strategy]) parseStrategy(id)
  const { recorded: from, workload } = readWorkload(options.from, { prices: options.set })
  const to = load(options.to)
  const repeats = { from: options.repeats.from.map(load), to: options.repeats.to.map(load) }
  const strategies = [...new Set([baseline, strategy])]
  const { done } = await replayAll({ workload, strategies, baseline, seeds }, options)
  const figuresOf = (id: string) =>
    done
      .filter((one) => one.strategy === id)
      .sort((a, b) => a.run.seed - b.run.seed)
      .map(({ run }) => run.figures)
  const asRecorded = figuresOf(baseline)
  const { fromTrace, defaults, missing } = workload
  return {
    from: from.meta.name,
    to: to.meta.name,
    strategy,
    baseline,
    seeds,
    ...backtestOf({ from, to, asRecorded, predicted: figuresOf(strategy), repeats }),
    mistakes: eachOnce(done.map(({ run }) => mistakesIn(run.violations))),
    repeats: { from: repeats.from.map(({ meta }) => meta.name), to: repeats.to.map(({ meta }) => meta.name) },
    fidelity: fidelityOf(from, asRecorded),
    workload: { fromTrace, defaults, missing },
    assumptions: REPLAY_ASSUMPTIONS,
    wallMs: Math.round(performance.now() - started),
  }
}

function load({ path, trace }: Recorded) {
  return loadTrace(openFile(path), trace)
}

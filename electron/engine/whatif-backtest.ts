/** The job that predicts trace B from trace A and says by how much it was wrong. B is read only for the comparison. */

import type { BacktestResult } from '#shared/contract/whatif.ts'
import { parseStrategy } from '#shared/sim/strategies/index.ts'
import { backtestOf } from '#shared/whatif/backtest.ts'
import { fidelityOf } from '#shared/whatif/fidelity.ts'
import { loadTrace } from '../store/load.ts'
import { openFile } from '../store/open.ts'
import type { JobContext } from './jobs.ts'
import { readWorkload, REPLAY_ASSUMPTIONS, replayAll } from './whatif.ts'

interface Recorded {
  readonly path: string
  readonly trace: number
}

export interface BacktestOptions extends JobContext {
  readonly from: Recorded
  readonly to: Recorded
  readonly strategy: string
  readonly baseline: string
  readonly seeds: readonly number[]
}

export async function backtestJob(options: BacktestOptions): Promise<BacktestResult> {
  const started = performance.now()
  const { strategy, baseline, seeds } = options
  parseStrategy(strategy)
  const { recorded: from, workload } = readWorkload(options.from)
  const to = loadTrace(openFile(options.to.path), options.to.trace)
  const strategies = [...new Set([baseline, strategy])]
  const done = await replayAll({ workload, strategies, baseline, seeds }, options)
  const figuresOf = (id: string) => done.filter((one) => one.strategy === id).map(({ run }) => run.figures)
  const asRecorded = figuresOf(baseline)
  return {
    from: from.meta.name,
    to: to.meta.name,
    strategy,
    baseline,
    seeds,
    rows: backtestOf({ from, to, asRecorded, predicted: figuresOf(strategy) }),
    fidelity: fidelityOf(from, asRecorded),
    assumptions: REPLAY_ASSUMPTIONS,
    wallMs: Math.round(performance.now() - started),
  }
}

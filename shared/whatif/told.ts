/**
 * A comparison as people are shown it: a percentile that cannot be told from the longest of its values is unknown, and there is no
 * ratio of it. Means over runs are told by the values in one run, a recording's by all it has. Scripts get every figure.
 */

import { told, toldOfLock } from '../analysis/parts/shown-percentiles.ts'
import type { Ci95, ComparedLock, ComparedOp, ComparedStrategy } from '../contract/simulation.ts'
import type { FidelityRow } from '../contract/whatif.ts'
import type { CompareWords } from './words.ts'

const QUANTILES = { p50Ns: 0.5, p99Ns: 0.99, p999Ns: 0.999 } as const
type Percentile = keyof typeof QUANTILES

export function toldStrategies({ strategies, baseline, seeds }: CompareWords): ComparedStrategy[] {
  const base = strategies.find(({ id }) => id === baseline)
  return strategies.map((strategy) => {
    const runs = seeds.length === 0 ? 1 : strategy.runs
    return {
      ...strategy,
      ops: strategy.ops.map((row) => toldOp(row, runs)),
      locks: strategy.locks.map((row) => toldLock(row, runs)),
      versusBaseline: strategy.versusBaseline.filter(({ metric }) =>
        [strategy, base].every((one) => one === undefined || tellsMetric(one, metric)),
      ),
    }
  })
}

const FIGURES: Readonly<Record<string, number>> = { p50: 0.5, p90: 0.9, p99: 0.99 }

/** Is a replay's figure of as many values as it takes? Sums are, whatever their count. */
export function tellsFigure({ figure, count }: Pick<FidelityRow, 'figure' | 'count'>): boolean {
  return !(figure in FIGURES) || told(FIGURES[figure], count, 0) !== null
}

export function toldFidelity(rows: readonly FidelityRow[]): FidelityRow[] {
  const unknown = { recordedNs: null, replayedNs: null, seedsNs: null, error: null }
  return rows.map((row) => (tellsFigure(row) ? row : { ...row, ...unknown }))
}

const each = (count: number, runs: number): number => Math.floor(count / Math.max(1, runs))

function toldOp(row: ComparedOp, runs: number): ComparedOp {
  const of = (name: Percentile): number | null => told(QUANTILES[name], each(row.count, runs), row[name])
  const interval = (name: Percentile): Ci95 => (of(name) === null ? null : row.ci95[name])
  return {
    ...row,
    ...{ p50Ns: of('p50Ns'), p99Ns: of('p99Ns'), p999Ns: of('p999Ns') },
    p90Ns: told(0.9, each(row.count, runs), row.p90Ns),
    ci95: { p50Ns: interval('p50Ns'), p99Ns: interval('p99Ns'), p999Ns: interval('p999Ns') },
  }
}

function toldLock(row: ComparedLock, runs: number): ComparedLock {
  const { waitP50, waitP99, holdP50, holdP99 } = toldOfLock({
    ...row,
    contended: each(row.contended, runs),
    acquisitions: each(row.acquisitions, runs),
  })
  return { ...row, waitP50Ns: waitP50, waitP99Ns: waitP99, holdP50Ns: holdP50, holdP99Ns: holdP99 }
}

/** Of a metric `op.p99Ns`: has each run, or part of a recording, enough of the operation? */
function tellsMetric({ ops, runs }: ComparedStrategy, metric: string): boolean {
  const dot = metric.lastIndexOf('.')
  const name = Object.keys(QUANTILES).find((one): one is Percentile => one === metric.slice(dot + 1))
  if (name === undefined) return true
  const row = ops.find(({ op }) => op === metric.slice(0, dot))
  return row === undefined || told(QUANTILES[name], each(row.count, runs), 0) !== null
}

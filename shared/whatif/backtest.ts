/**
 * A prediction held against what happened: figures of replays of trace A under B's strategy, beside figures of trace B.
 * The ratio B/A is what a user asks for, so both are given: the figure itself and how it moved from A.
 */

import { latency, type LatencyRow } from '../analysis/latency.ts'
import type { BacktestRow } from '../contract/whatif.ts'
import type { Trace } from '../model/trace.ts'
import type { RunFigures } from './figures.ts'
import { REPLAYED } from './workload.ts'
import { compare } from './statistics.ts'

const FIGURES: readonly (readonly [string, (row: LatencyRow) => number | null])[] = [
  ['mean', (row) => row.meanNs],
  ['p50', (row) => row.p50Ns],
  ['p90', (row) => row.p90Ns],
  ['p99', (row) => row.p99Ns],
]

export interface BacktestInput {
  readonly from: Trace
  readonly to: Trace
  /** Replays of `from` under its own strategy and under that of `to`, seed by seed. */
  readonly asRecorded: readonly RunFigures[]
  readonly predicted: readonly RunFigures[]
}

export function backtestOf(input: BacktestInput): BacktestRow[] {
  const a = rowsOf(input.from)
  const b = rowsOf(input.to)
  const latencies = REPLAYED.flatMap((op) => {
    const [rowA, rowB] = [a.get(op), b.get(op)]
    if (rowA === undefined || rowB === undefined) return []
    return FIGURES.flatMap(([percentile, of]) => {
      const pairs = input.predicted.flatMap(({ ops }, i) => {
        const pair = [ops.find((row) => row.op === op), input.asRecorded[i].ops.find((row) => row.op === op)]
        const [value, base] = pair.map((row) => (row === undefined ? null : of(row)))
        return value === null || base === null ? [] : [[value, base] as const]
      })
      const [actual, before] = [of(rowB), of(rowA)]
      if (pairs.length === 0 || actual === null || before === null) return []
      return [rowOf({ op, percentile, pairs, before, actual })]
    })
  })
  const pairs = input.predicted.map((run, i) => [run.simulatedNs, input.asRecorded[i].simulatedNs] as const)
  return [
    ...latencies,
    rowOf({ op: '', percentile: 'duration', pairs, before: spanOf(input.from), actual: spanOf(input.to) }),
  ]
}

function rowsOf(trace: Trace): ReadonlyMap<string, LatencyRow> {
  const { rows } = latency.run(trace, { by: 'op', scope: {}, top: 1_000 })
  return new Map(rows.map((row) => [row.op, row]))
}

/** From the first to the last moment of what a replay does again. */
function spanOf({ op, opKinds }: Trace): number {
  let [first, last] = [Infinity, 0]
  for (let row = 0; row < op.length; row++) {
    const kind = opKinds[op.cols.kind[row]]
    if (!REPLAYED.some((one) => one === kind) || op.cols.inode[row] < 0 || !(op.cols.durationNs[row] >= 0)) continue
    first = Math.min(first, op.cols.startNs[row])
    last = Math.max(last, op.cols.startNs[row] + op.cols.durationNs[row])
  }
  return Math.max(1, last - first)
}

interface Row {
  readonly op: string
  readonly percentile: string
  readonly pairs: readonly (readonly [predicted: number, asRecorded: number])[]
  readonly before: number
  readonly actual: number
}

function rowOf({ op, percentile, pairs, before, actual }: Row): BacktestRow {
  const { ratio, ci95 } = compare(
    pairs.map(([value]) => value),
    pairs.map(([, base]) => base),
  )
  // The replay's own error stays out of the prediction: what was recorded, moved as the replay moved.
  const predictedNs = before * ratio
  return {
    op,
    percentile,
    beforeNs: before,
    predictedNs,
    actualNs: actual,
    error: predictedNs / actual - 1,
    predictedRatio: ratio,
    predictedCi95: ci95 ?? null,
    actualRatio: actual / before,
  }
}

/**
 * A prediction held against what happened: figures of replays of trace A under B's strategy, beside figures of trace B.
 * The ratio B/A is what a user asks for, so both are given: the figure itself and how it moved from A. How much the same
 * kernel differs from itself is given beside the error, from repetitions of either recording.
 */

import type { LatencyRow } from '../analysis/latency.ts'
import type { BacktestRate, BacktestRatio, BacktestResult, BacktestRow, RepeatNoise } from '../contract/whatif.ts'
import type { Trace } from '../model/trace.ts'
import { kindSpans, opFigures, type KindSpan, type RunFigures } from './figures.ts'
import { REPLAYED } from './workload.ts'
import { compare, meanOf } from './statistics.ts'

const FIGURES: readonly (readonly [string, (row: LatencyRow) => number | null])[] = [
  ['mean', (row) => row.meanNs],
  ['p50', (row) => row.p50Ns],
  ['p90', (row) => row.p90Ns],
  ['p99', (row) => row.p99Ns],
]
/** Fewer operations of a kind than this have no percentiles worth predicting. */
const FEWEST = 20

export interface BacktestInput {
  readonly from: Trace
  readonly to: Trace
  /** Replays of `from` under its own strategy and under that of `to`, seed by seed. */
  readonly asRecorded: readonly RunFigures[]
  readonly predicted: readonly RunFigures[]
  /** Other recordings of the same workload, on A's kernel and on B's; the n-th of each belong together. */
  readonly repeats: { readonly from: readonly Trace[]; readonly to: readonly Trace[] }
}

/** Figures by operation and name, `mean`, `p50` … `throughput`, and `duration` of all together. */
type Measured = ReadonlyMap<string, number>

export function backtestOf(input: BacktestInput): Pick<BacktestResult, 'rows' | 'throughput'> {
  const [before, actual] = [measuredIn(input.from), measuredIn(input.to)]
  const recorded = input.asRecorded.map(measuredOf)
  const predicted = input.predicted.map(measuredOf)
  const repeats = { from: input.repeats.from.map(measuredIn), to: input.repeats.to.map(measuredIn) }
  const rows: BacktestRow[] = []
  const throughput: BacktestRate[] = []
  for (const [key, a] of before) {
    const b = actual.get(key)
    const pairs = predicted.flatMap((one, i) => {
      const [value, base] = [one.get(key), recorded[i].get(key)]
      return value === undefined || base === undefined ? [] : [[value, base] as const]
    })
    if (b === undefined || pairs.length === 0) continue
    const [op, figure] = key.split(' ')
    const noise = noiseOf(key, { before, actual, repeats })
    const ratio = ratioOf({ op, pairs, before: a, actual: b, noise })
    // The replay's own error stays out of the prediction: what was recorded, moved as the replay moved.
    const value = a * ratio.predictedRatio
    if (figure === 'throughput') {
      throughput.push({ ...ratio, beforePerSecond: a, predictedPerSecond: value, actualPerSecond: b })
    } else rows.push({ ...ratio, percentile: figure, beforeNs: a, predictedNs: Math.round(value), actualNs: b })
  }
  return { rows, throughput }
}

function measuredIn(trace: Trace): Measured {
  return measured(opFigures(trace), { spans: kindSpans(replayedOnly(trace)), duration: spanOf(trace) })
}

function measuredOf({ ops, spans, simulatedNs }: RunFigures): Measured {
  return measured(ops, { spans, duration: simulatedNs })
}

function measured(
  rows: readonly LatencyRow[],
  { spans, duration }: { readonly spans: readonly KindSpan[]; readonly duration: number },
): Measured {
  const figures = new Map<string, number>()
  for (const op of REPLAYED) {
    const row = rows.find((one) => one.op === op)
    if (row === undefined || row.count < FEWEST) continue
    const span = spans.find((one) => one.op === op)
    if (span === undefined) continue
    for (const [name, of] of FIGURES) {
      const value = of(row)
      if (value !== null) figures.set(`${op} ${name}`, value)
    }
    if (span.ns > 0) figures.set(`${op} throughput`, (span.count * 1e9) / span.ns)
  }
  return figures.set(' duration', duration)
}

/** The trace as a replay knows it: operations without a file, as of other programs, are none of the workload. */
function replayedOnly(trace: Trace): Trace {
  const { inode, durationNs } = trace.op.cols
  const known = Float64Array.from(durationNs, (ns, row) => (inode[row] >= 0 ? ns : NaN))
  return { ...trace, op: { ...trace.op, cols: { ...trace.op.cols, durationNs: known } } }
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

interface NoiseInput {
  readonly before: Measured
  readonly actual: Measured
  readonly repeats: { readonly from: readonly Measured[]; readonly to: readonly Measured[] }
}

function noiseOf(key: string, { before, actual, repeats }: NoiseInput): RepeatNoise | null {
  if (repeats.from.length === 0 && repeats.to.length === 0) return null
  const of = (traces: readonly Measured[]) => traces.flatMap((one) => one.get(key) ?? [])
  const [a, b] = [of([before, ...repeats.from]), of([actual, ...repeats.to])]
  const ratios = b.slice(0, a.length).map((value, i) => value / a[i])
  return {
    before: spreadOf(a),
    actual: spreadOf(b),
    ratioLow: Math.min(...ratios),
    ratioHigh: Math.max(...ratios),
    pairs: ratios.length,
  }
}

/** Coefficient of variation; null: one value has none. */
function spreadOf(values: readonly number[]): number | null {
  const mean = meanOf(values)
  if (values.length < 2 || !(mean > 0)) return null
  const squares = values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0)
  return Math.sqrt(squares / (values.length - 1)) / mean
}

interface Ratio {
  readonly op: string
  readonly pairs: readonly (readonly [predicted: number, asRecorded: number])[]
  readonly before: number
  readonly actual: number
  readonly noise: RepeatNoise | null
}

function ratioOf({ op, pairs, before, actual, noise }: Ratio): BacktestRatio {
  const { ratio, ci95 } = compare(
    pairs.map(([value]) => value),
    pairs.map(([, base]) => base),
  )
  const errorOf = (one: number) => (before * one) / actual - 1
  return {
    op,
    error: errorOf(ratio),
    errorCi95: ci95 === undefined ? null : [errorOf(ci95[0]), errorOf(ci95[1])],
    predictedRatio: ratio,
    predictedCi95: ci95 ?? null,
    actualRatio: actual / before,
    noise,
    inside: noise === null || noise.pairs < 2 ? null : ratio >= noise.ratioLow && ratio <= noise.ratioHigh,
  }
}

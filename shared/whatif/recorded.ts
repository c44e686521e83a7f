/**
 * Recordings side by side, before and after a patch, with the honesty of a comparison of runs: each recording is cut into
 * equal parts of its time, and what differs between parts is how sure one can be. That knows nothing of how far two
 * recordings of the same kernel would differ, and it says so. Nothing is replayed.
 */

import type { ComparedOp, ComparedStrategy } from '../contract/simulation.ts'
import type { Trace } from '../model/trace.ts'
import { figuresOf, type RunFigures } from './figures.ts'
import { estimateInfo, knownNs, measured, mostlyFailed, versusUnpaired, withBands } from './side-by-side.ts'

const MOST_PARTS = 20
/** Fewer operations in a part have no percentiles worth the name. */
const OPS_PER_PART = 30

export const RECORDED_ASSUMPTIONS: readonly string[] = [
  'one recording of each: intervals come from equal parts of its time and cover what changes within it, not from boot to boot',
  'parts of one recording are taken as independent; slow drifts make intervals too narrow',
  'percentiles of the ratios are means over parts; those of the tables are of the whole recording',
  'rates are of operations that succeeded; loads and stores that take no fault are not seen, so a kernel that maps more with each fault looks slower than it is',
  'recordings were made with the same events switched on; what one of them cannot show is left out, not counted as 0',
]

export interface Recorded {
  readonly name: string
  readonly trace: Trace
}

/** The first is what the others are measured against. */
export function recordedSideBySide(recordings: readonly Recorded[]): ComparedStrategy[] {
  const all = recordings.map(({ trace }) => ({
    whole: figuresOf(trace, trace.meta.durationNs, () => true),
    parts: partsOf(trace),
  }))
  return recordings.map(({ name, trace }, i): ComparedStrategy => {
    const { whole, parts } = all[i]
    const run = [{ seed: 1, figures: whole, violations: [], deadlocked: false }]
    const one = measured(run, run)
    return {
      ...one,
      id: name,
      title: [trace.meta.kernel, trace.meta.strategy].filter((part) => part !== undefined).join(', '),
      slots: {},
      runs: parts.length,
      opsPerSecond: {
        mean: whole.opsPerSecond,
        ci95: estimateInfo(parts.map(({ opsPerSecond }) => opsPerSecond)).ci95,
      },
      mostlyFailed: mostlyFailed(whole.ops, all[0].whole.ops),
      ops: one.ops.map((row) => withIntervals(row, parts)),
      cdf: withBands(one.cdf, parts),
      versusBaseline: i === 0 ? [] : versusUnpaired(parts, all[0].parts),
      digest: '',
      trace: null,
      counters: {},
      deadlocks: 0,
    }
  })
}

function partsOf(trace: Trace): RunFigures[] {
  const { durationNs } = trace.meta
  const count = Math.max(1, Math.min(MOST_PARTS, Math.floor(trace.op.length / OPS_PER_PART)))
  const length = durationNs / count
  return Array.from({ length: count }, (_, i) => {
    const scope = { fromNs: Math.round(i * length), toNs: Math.round((i + 1) * length) }
    return figuresOf(trace, length, () => true, scope)
  })
}

function withIntervals(row: ComparedOp, parts: readonly RunFigures[]): ComparedOp {
  const interval = (pick: 'p50Ns' | 'p99Ns' | 'p999Ns') => {
    const values = parts.flatMap(({ ops }) => ops.filter(({ op }) => op === row.op).map((one) => one[pick]))
    return knownNs(values.filter((value) => value !== null))
  }
  return { ...row, ci95: { p50Ns: interval('p50Ns'), p99Ns: interval('p99Ns'), p999Ns: interval('p999Ns') } }
}

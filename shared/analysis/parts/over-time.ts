/** Operations that began and events that happened per time bin. */

import type { Trace } from '../../model/trace.ts'
import { binOf, type TimeAxis } from './bins.ts'

export interface OverTime {
  readonly binNs: number
  readonly bins: number
  /** Kinds in list order; startsPerBin[kind][bin] = operations that began there. */
  readonly kinds: readonly string[]
  readonly startsPerBin: readonly Uint32Array[]
  /** Raw events per bin: whole-trace resolution resampled to the bins. */
  readonly events: Float64Array
}

export function overTime(trace: Trace, axis: TimeAxis, ops: Uint32Array): OverTime {
  const { kind, startNs } = trace.op.cols
  const starts: (Uint32Array | undefined)[] = trace.opKinds.map(() => undefined)
  for (const row of ops) {
    // What was already running when the axis begins did not begin here.
    if (startNs[row] < axis.fromNs) continue
    const bins = (starts[kind[row]] ??= new Uint32Array(axis.bins))
    bins[binOf(axis, startNs[row])]++
  }
  return {
    binNs: axis.binNs,
    bins: axis.bins,
    kinds: trace.opKinds.filter((_, k) => starts[k] !== undefined),
    startsPerBin: starts.filter((bins) => bins !== undefined),
    events: resample(trace, axis),
  }
}

/** The trace's event rate on another axis: a bucket's events are taken as spread evenly over it. */
function resample(trace: Trace, axis: TimeAxis): Float64Array {
  const { bucketNs, counts } = trace.rate
  const out = new Float64Array(axis.bins)
  const endNs = trace.meta.durationNs
  for (let bucket = 0; bucket < counts.length; bucket++) {
    if (counts[bucket] === 0) continue
    const from = bucket * bucketNs
    // The last bucket reaches beyond the trace's last event; nothing is spread there.
    const to = Math.max(from + 1, Math.min(from + bucketNs, Math.max(endNs, from + 1)))
    const density = counts[bucket] / (to - from)
    let at = Math.max(from, axis.fromNs)
    const last = Math.min(to, axis.toNs)
    while (at < last) {
      const bin = binOf(axis, at)
      const next = Math.min(last, bin === axis.bins - 1 ? last : axis.fromNs + (bin + 1) * axis.binNs)
      out[bin] += density * (next - at)
      at = next
    }
  }
  return out
}

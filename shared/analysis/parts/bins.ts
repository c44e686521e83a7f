/**
 * Time axes of charts: whole-ns bins over a window (or the whole trace), the last one possibly cut short. What lies
 * before the first bin or on the far edge is put into the nearest one, so that no count is lost.
 */

import type { Trace } from '../../model/trace.ts'
import type { Scope } from '../analysis.ts'

export interface TimeAxis {
  readonly fromNs: number
  readonly toNs: number
  readonly binNs: number
  /** At most as many as were asked for: bins are never narrower than 1 ns. */
  readonly bins: number
}

export function timeAxis(trace: Trace, scope: Scope, wanted: number): TimeAxis {
  const fromNs = scope.fromNs ?? 0
  const toNs = Math.max(fromNs, scope.toNs ?? trace.meta.durationNs)
  const span = Math.max(1, toNs - fromNs)
  const binNs = Math.ceil(span / wanted)
  return { fromNs, toNs: fromNs + span, binNs, bins: Math.ceil(span / binNs) }
}

export function binOf(axis: TimeAxis, ns: number): number {
  const bin = Math.floor((ns - axis.fromNs) / axis.binNs)
  return bin < 0 ? 0 : bin < axis.bins ? bin : axis.bins - 1
}

/** Width of a bin: the last one ends with the axis. */
function binWidth(axis: TimeAxis, bin: number): number {
  return Math.min(axis.binNs, axis.toNs - axis.fromNs - bin * axis.binNs)
}

/** Sums intervals into bins: constant work for an interval of any length. */
export class IntervalBins {
  readonly #axis: TimeAxis
  readonly #partial: Float64Array
  /** +1 where a run of full bins begins, -1 behind its end. */
  readonly #full: Int32Array

  constructor(axis: TimeAxis) {
    this.#axis = axis
    this.#partial = new Float64Array(axis.bins)
    this.#full = new Int32Array(axis.bins + 1)
  }

  add(startNs: number, endNs: number): void {
    const axis = this.#axis
    const from = startNs > axis.fromNs ? startNs : axis.fromNs
    const to = endNs < axis.toNs ? endNs : axis.toNs
    if (!(to > from)) return
    const first = binOf(axis, from)
    const last = binOf(axis, to)
    if (first === last) {
      this.#partial[first] += to - from
      return
    }
    this.#partial[first] += axis.fromNs + (first + 1) * axis.binNs - from
    this.#partial[last] += to - (axis.fromNs + last * axis.binNs)
    this.#full[first + 1]++
    this.#full[last]--
  }

  /** Mean number of intervals open at a time, per bin. */
  means(): Float64Array {
    const out = new Float64Array(this.#axis.bins)
    let open = 0
    for (let bin = 0; bin < out.length; bin++) {
      open += this.#full[bin]
      out[bin] = open + this.#partial[bin] / binWidth(this.#axis, bin)
    }
    return out
  }
}

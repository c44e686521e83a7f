/**
 * What a run counts by itself, without a recorder: operations by kind, how long each took (exact list of latencies while
 * it is short, then every value still in a log-linear histogram), what failed. Enough for a test or a progress line; the
 * full picture is the recorded trace.
 */

import { bucketOf, bucketStart } from '../base/quantiles.ts'
import type { Ns } from '../model/trace.ts'
import type { SimTask } from './task.ts'

/** 2^-7 relative width of a bucket. */
const SUB = 7

class OpStats {
  readonly kind: string
  count = 0
  failed = 0
  totalNs: Ns = 0
  maxNs: Ns = 0
  readonly #buckets = new Map<number, number>()

  constructor(kind: string) {
    this.kind = kind
  }

  add(ns: Ns, result: number): void {
    this.count++
    if (result < 0) this.failed++
    this.totalNs += ns
    if (ns > this.maxNs) this.maxNs = ns
    const bucket = bucketOf(ns, SUB)
    this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + 1)
  }

  /** Nearest-rank quantile to within a bucket (below 1 %), the longest itself in its own; NaN when there is nothing. */
  quantile(q: number): Ns {
    let left = Math.max(1, Math.ceil(q * this.count))
    for (const bucket of [...this.#buckets.keys()].sort((a, b) => a - b)) {
      left -= this.#buckets.get(bucket) ?? 0
      if (left <= 0) return bucket === bucketOf(this.maxNs, SUB) ? this.maxNs : bucketStart(bucket, SUB)
    }
    return NaN
  }
}

export class Stats {
  ops = 0
  readonly kinds = new Map<string, OpStats>()
  /** Counters of their own: faults that retried, blocks left beyond EOF, page-lock waits … */
  readonly counters = new Map<string, number>()
  /** Per task, begin of each operation it is in: a write may fault inside. */
  readonly #begun: Ns[][] = []

  begin(task: SimTask, now: Ns): void {
    ;(this.#begun[task.id] ??= []).push(now)
  }

  end(task: SimTask, op: { readonly kind: string; readonly result: number; readonly now: Ns }): void {
    this.ops++
    let kind = this.kinds.get(op.kind)
    if (kind === undefined) this.kinds.set(op.kind, (kind = new OpStats(op.kind)))
    kind.add(op.now - (this.#begun[task.id].pop() ?? op.now), op.result)
  }

  bump(counter: string, by = 1): void {
    this.counters.set(counter, (this.counters.get(counter) ?? 0) + by)
  }

  counter(name: string): number {
    return this.counters.get(name) ?? 0
  }
}

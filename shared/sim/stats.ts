/**
 * What a run counts by itself, without a recorder: operations by kind, how long each took (in a log-linear histogram, below
 * one per cent wide), what failed. Enough for a test or a progress line; the
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
  /** As many as the longest needs. */
  #buckets = new Uint32Array(0)

  constructor(kind: string) {
    this.kind = kind
  }

  add(ns: Ns, result: number): void {
    this.count++
    if (result < 0) this.failed++
    this.totalNs += ns
    if (ns > this.maxNs) this.maxNs = ns
    const bucket = bucketOf(ns, SUB)
    if (bucket >= this.#buckets.length) this.#roomFor(bucket)
    this.#buckets[bucket]++
  }

  #roomFor(bucket: number): void {
    const next = new Uint32Array(Math.max(bucket + 1, this.#buckets.length * 2))
    next.set(this.#buckets)
    this.#buckets = next
  }

  /** Nearest-rank quantile to within a bucket (below 1 %), the longest itself in its own; NaN when there is nothing. */
  quantile(q: number): Ns {
    let left = Math.max(1, Math.ceil(q * this.count))
    for (let bucket = 0; bucket < this.#buckets.length; bucket++) {
      left -= this.#buckets[bucket]
      if (left <= 0) return bucket === bucketOf(this.maxNs, SUB) ? this.maxNs : bucketStart(bucket, SUB)
    }
    return NaN
  }
}

export class Stats {
  ops = 0
  readonly kinds = new Map<string, OpStats>()
  readonly #counters = new Map<string, { count: number }>()
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
    const known = this.#counters.get(counter)
    if (known === undefined) this.#counters.set(counter, { count: by })
    else known.count += by
  }

  /** Counters of their own: faults that retried, blocks left beyond EOF, page-lock waits … */
  get counters(): ReadonlyMap<string, number> {
    return new Map([...this.#counters].map(([name, { count }]) => [name, count]))
  }

  counter(name: string): number {
    return this.#counters.get(name)?.count ?? 0
  }
}

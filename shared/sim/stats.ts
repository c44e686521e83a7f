/**
 * What a run counts by itself, without a recorder: operations by kind, how long each took, what failed. Percentiles are those a
 * recorded trace of the run gives, up to `limits.simDurations` of a kind; of more, to within a bucket of 1 %. Enough for a
 * comparison or a progress line; the full picture is the recorded trace.
 */

import { limits } from '../base/limits.ts'
import { bucketOf, bucketStart, quantiles } from '../base/quantiles.ts'
import type { Ns } from '../model/trace.ts'
import type { SimTask } from './task.ts'

/** 2^-7 relative width of a bucket. */
const SUB = 7

class OpStats {
  readonly kind: string
  /** A fault is a part of the access that took it. */
  readonly partOfAccess: boolean
  count = 0
  failed = 0
  totalNs: Ns = 0
  maxNs: Ns = 0
  /** The first of them, all there are while `count` says so. */
  #durations = new Float64Array(0)
  /** Of all, once they are too many to keep; as many buckets as the longest needs. */
  #buckets: Uint32Array | undefined

  constructor(kind: string) {
    this.kind = kind
    this.partOfAccess = kind === 'mkwrite' || kind.endsWith('_fault')
  }

  add(ns: Ns, result: number): void {
    if (result < 0) this.failed++
    this.totalNs += ns
    if (ns > this.maxNs) this.maxNs = ns
    if (this.count < limits.simDurations) this.#keep(ns)
    else {
      if (this.#buckets === undefined) for (const kept of this.#durations) this.#count(kept)
      this.#count(ns)
    }
    this.count++
  }

  #keep(ns: Ns): void {
    if (this.count === this.#durations.length) {
      const next = new Float64Array(Math.min(limits.simDurations, Math.max(16, this.count * 2)))
      next.set(this.#durations)
      this.#durations = next
    }
    this.#durations[this.count] = ns
  }

  #count(ns: Ns): void {
    const bucket = bucketOf(ns, SUB)
    let buckets = (this.#buckets ??= new Uint32Array(0))
    if (bucket >= buckets.length) {
      const next = new Uint32Array(Math.max(bucket + 1, buckets.length * 2))
      next.set(buckets)
      this.#buckets = buckets = next
    }
    buckets[bucket]++
  }

  /** Nearest-rank quantiles, one per q (ascending); NaN when there is nothing. */
  quantiles(qs: readonly number[]): Ns[] {
    const buckets = this.#buckets
    return buckets === undefined ? quantiles(this.#durations, this.count, qs) : qs.map((q) => this.#within(buckets, q))
  }

  /** The longest itself in its own bucket. */
  #within(buckets: Uint32Array, q: number): Ns {
    let left = Math.max(1, Math.ceil(q * this.count))
    for (let bucket = 0; bucket < buckets.length; bucket++) {
      left -= buckets[bucket]
      if (left <= 0) return bucket === bucketOf(this.maxNs, SUB) ? this.maxNs : bucketStart(bucket, SUB)
    }
    return NaN
  }
}

export class Stats {
  ops = 0
  /**
   * The work that got done, whatever it took: loads, stores and system calls of the workload that succeeded. A load counts
   * once, whether it faulted, how often, or found its page mapped by somebody else's fault.
   */
  completed = 0
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
    if (op.result >= 0 && !kind.partOfAccess) this.completes(task)
  }

  /** What is done inside another operation is a part of that. */
  completes(task: SimTask): void {
    if (!task.daemon && (this.#begun[task.id]?.length ?? 0) === 0) this.completed++
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

/**
 * Sums per kind of operation and per lock of one run, and the rows they come to: the same as the latency and contention
 * analyses make of a trace. Values are kept one by one where exact percentiles are asked for.
 */

import { LOCK_QUANTILES, lockFigures, mostWaited, type LockTotals } from '../analysis/contention.ts'
import { OP_QUANTILES, durationFigures, latencyFigures } from '../analysis/latency.ts'
import { distributionOf, type Distribution } from '../analysis/parts/grouping.ts'
import { NO_OP } from '../analysis/parts/scope.ts'
import { isFailure, modeName } from '../analysis/parts/words.ts'
import { bucketOf } from '../base/quantiles.ts'
import { OP_KINDS } from '../model/kinds.ts'
import type { Ns } from '../model/trace.ts'
import {
  SPREAD_SUB,
  spreadRow,
  type KindSpan,
  type LockFigures,
  type OpFigures,
  type RunFigures,
  type Spread,
} from './figures.ts'

/** Numbers in the order they come. */
class Values {
  #values = new Float64Array(256)
  #length = 0

  add(value: number): void {
    if (this.#length === this.#values.length) {
      const more = new Float64Array(this.#length * 2)
      more.set(this.#values)
      this.#values = more
    }
    this.#values[this.#length++] = value
  }

  /** Both, these first. */
  with(more: Values): Values {
    const both = new Values()
    both.#values = new Float64Array(this.#length + more.#length)
    both.#values.set(this.#values.subarray(0, this.#length))
    both.#values.set(more.#values.subarray(0, more.#length), this.#length)
    both.#length = both.#values.length
    return both
  }

  /** Asked once: it changes their order. */
  distribution(qs: readonly number[]): Distribution {
    return distributionOf(this.#values.subarray(0, this.#length), qs)
  }

  /** How many fall into each bucket, in the order of buckets. */
  buckets(): Map<number, number> {
    const counts = new Map<number, number>()
    for (let i = 0; i < this.#length; i++) {
      const bucket = bucketOf(this.#values[i], SPREAD_SUB)
      counts.set(bucket, (counts.get(bucket) ?? 0) + 1)
    }
    return counts
  }
}

/** One kind of operation. */
export class KindTally {
  readonly name: string
  readonly number: number
  /** Where the trace's list of kinds has it; -1: no operation of it is over yet. */
  place = -1
  #count = 0
  #failed = 0
  /** Of which it is known how they ended. */
  #told = 0
  #unfinished = 0
  /** Of those that succeeded. */
  #totalNs = 0
  #allNs = 0
  #waitNs = 0
  #firstNs = Infinity
  #lastNs = 0
  /** Of those that succeeded. */
  readonly #durations = new Values()
  #measured = 0
  readonly #failedDurations = new Values()

  constructor(name: string, number: number) {
    this.name = name
    this.number = number
  }

  /** The first of its kind is over; `before` kinds were over before. */
  over(before: number): void {
    const known = OP_KINDS.findIndex((kind) => kind === this.name)
    this.place = known === -1 ? OP_KINDS.length + before : known
  }

  add({ startNs, waitNs }: { readonly startNs: Ns; readonly waitNs: Ns }, endNs: Ns, result: number): void {
    this.#count++
    if (!Number.isNaN(result)) this.#told++
    if (isFailure(result)) this.#failed++
    const durationNs = endNs - startNs
    if (!(durationNs >= 0)) {
      this.#unfinished++
      return
    }
    if (!isFailure(result)) {
      this.#durations.add(durationNs)
      this.#totalNs += durationNs
      this.#measured++
    } else this.#failedDurations.add(durationNs)
    this.#allNs += durationNs
    this.#waitNs += waitNs
    if (startNs < this.#firstNs) this.#firstNs = startNs
    if (endNs > this.#lastNs) this.#lastNs = endNs
  }

  row(): OpFigures {
    const ended = this.#durations.with(this.#failedDurations).distribution(OP_QUANTILES)
    const { p50Ns, p90Ns, p99Ns } = durationFigures(ended)
    return {
      op: this.name,
      measured: this.#measured,
      ended: { p50Ns, p90Ns, p99Ns },
      ...latencyFigures({
        count: this.#count,
        failed: this.#told > 0 ? this.#failed : null,
        unfinished: this.#unfinished,
        totalNs: this.#totalNs,
        waitKnown: this.#count - this.#unfinished,
        waitBaseNs: this.#allNs,
        waitNs: this.#waitNs,
        durations: this.#durations.distribution(OP_QUANTILES),
      }),
    }
  }

  span(): KindSpan[] {
    const count = this.#count - this.#unfinished
    return count === 0 ? [] : [{ op: this.name, count, ns: this.#lastNs - this.#firstNs }]
  }

  spread(): Spread[] {
    return spreadRow(this.name, this.#durations.buckets())
  }
}

/** What is added up of a lock, in one kind of operation or in all. */
class Totals implements LockTotals {
  /** The first span that counts. */
  first = Infinity
  acquisitions = 0
  contended = 0
  waitTotalNs = 0
  openWaits = 0
  openWaitNs = 0
  openHolds = 0
  holdTotalNs = 0

  addOpenWait(ns: Ns): void {
    this.waitTotalNs += ns
    this.openWaits++
    this.openWaitNs += ns
  }
}

/** A request for a lock that is over, or with which the run ended. */
interface Finished {
  readonly id: number
  readonly kind: KindTally | undefined
  readonly contendedNs: Ns
  /** When the run ended, of a wait that still went on; NaN of others. */
  readonly endNs: Ns
}

/** A class of locks in one mode. */
export class LockTally {
  readonly className: string
  readonly classId: number
  readonly mode: number
  readonly #all = new Totals()
  /** By kind of operation, outside of any at the end. */
  readonly #byKind = new Map<KindTally | undefined, Totals>()
  readonly #waits = new Values()
  readonly #holds = new Values()
  #lastKind: KindTally | undefined = undefined
  #lastTotals: Totals | undefined = undefined

  constructor(className: string, classId: number, mode: number) {
    this.className = className
    this.classId = classId
    this.mode = mode
  }

  /** NaN: not known, or not yet. */
  add({ id, kind, contendedNs, endNs }: Finished, acquiredNs: Ns, releasedNs: Ns): void {
    const contended = contendedNs === contendedNs
    const got = acquiredNs === acquiredNs
    if (!contended && !got) return
    const all = this.#all
    const own = this.#of(kind)
    if (id < all.first) all.first = id
    if (id < own.first) own.first = id
    if (contended) {
      all.contended++
      own.contended++
      const waitNs = acquiredNs - contendedNs
      if (waitNs >= 0) {
        this.#waits.add(waitNs)
        all.waitTotalNs += waitNs
        own.waitTotalNs += waitNs
      } else if (endNs >= contendedNs) {
        all.addOpenWait(endNs - contendedNs)
        own.addOpenWait(endNs - contendedNs)
      }
    }
    if (!got) return
    all.acquisitions++
    own.acquisitions++
    const holdNs = releasedNs - acquiredNs
    if (!(holdNs >= 0)) {
      all.openHolds++
      own.openHolds++
      return
    }
    this.#holds.add(holdNs)
    all.holdTotalNs += holdNs
    own.holdTotalNs += holdNs
  }

  get counts(): boolean {
    return this.#all.first < Infinity
  }

  get first(): number {
    return this.#all.first
  }

  get totals(): LockTotals {
    return this.#all
  }

  row(): LockFigures {
    return {
      class: this.className,
      classId: this.classId,
      mode: modeName(this.mode),
      ...lockFigures(this.#all, {
        waits: this.#waits.distribution(LOCK_QUANTILES),
        holds: this.#holds.distribution(LOCK_QUANTILES),
        holdKnown: true,
      }),
      inferred: false,
    }
  }

  /** Of the kinds of operation that waited. */
  waited(): { readonly op: string; readonly class: string; readonly totals: Totals }[] {
    return [...this.#byKind].flatMap(([kind, totals]) =>
      totals.contended === 0 ? [] : [{ op: kind?.name ?? NO_OP, class: this.className, totals }],
    )
  }

  /** Mostly the same as before. */
  #of(kind: KindTally | undefined): Totals {
    if (this.#lastTotals !== undefined && this.#lastKind === kind) return this.#lastTotals
    let totals = this.#byKind.get(kind)
    if (totals === undefined) this.#byKind.set(kind, (totals = new Totals()))
    this.#lastKind = kind
    return (this.#lastTotals = totals)
  }
}

export function figuresOfTallies(
  kinds: readonly KindTally[],
  locks: readonly LockTally[],
): Pick<RunFigures, 'ops' | 'locks' | 'waits' | 'spread' | 'spans'> {
  const listed = kinds.filter(({ place }) => place >= 0).sort((a, b) => a.place - b.place)
  const spread = listed.flatMap((kind) => kind.spread())
  return {
    ops: listed.map((kind) => kind.row()),
    locks: locks
      .filter(({ counts }) => counts)
      .sort((a, b) => mostWaited(a.totals, b.totals) || a.first - b.first)
      .map((lock) => lock.row()),
    waits: locks
      .flatMap((lock) => lock.waited())
      .sort((a, b) => mostWaited(a.totals, b.totals) || a.totals.first - b.totals.first)
      .map(({ op, class: name, totals }) => ({ op, class: name, ns: totals.waitTotalNs })),
    spread,
    spans: listed.flatMap((kind) => kind.span()),
  }
}

/**
 * One lane of a timeline row: slices that do not overlap, in order, and what is needed to show any part of them at any
 * width without looking at each. At a merge width of B (a power of two), a slice of at least B stands alone; shorter
 * ones that begin in the same B-aligned bucket become one. So at most two slices per bucket come out: a long one leaves
 * the bucket it begins in, and the rest of a bucket is one group. Buckets are aligned to the trace and not to the view:
 * nothing flickers while panning.
 *
 * Sums come from prefix sums; which word has most of a group's time, and which slice is its longest, from a tree with 16
 * children per node. Both are exact for groups of up to SCAN slices; above, the word is the one with more than half of
 * the time where there is one (a weighted majority vote can be merged, a histogram of words would not fit).
 */

import { firstWhere, lowerBound } from '../base/search.ts'
import { NO_SPAN, SLICE_CUT_LEFT, SLICE_CUT_RIGHT } from './types.ts'

const FANOUT = 16
const SCAN = 64

export interface LaneColumns {
  readonly length: number
  readonly start: Float64Array
  /** At least `start`, at most the next slice's start. */
  readonly end: Float64Array
  /** Row in the span's table; undefined: they are no spans. */
  readonly id: Uint32Array | undefined
  readonly name: Uint16Array | Uint32Array
  readonly flags: Uint8Array | undefined
  /** Part of a slice spent waiting or waited for, to 7 digits; undefined: nothing is known of it. */
  readonly waited?: Float32Array | undefined
  /** Spans a slice stands for, where that is not one each. */
  readonly count?: Uint32Array | undefined
}

/** What comes out: one slice or several merged. */
export interface Merged {
  start: number
  end: number
  id: number
  name: number
  count: number
  /** ns really covered, and of those waited. */
  covered: number
  waited: number
  flags: number
  /** First and one past the last slice of the lane. */
  first: number
  last: number
}

interface Level {
  readonly longest: Uint32Array
  readonly name: Uint32Array
  readonly weight: Float64Array
}

export class Lane {
  readonly columns: LaneColumns
  readonly #covered: Sums | undefined
  readonly #waited: Sums | undefined
  readonly #count: Sums | undefined
  #sums: Float64Array | undefined
  #levels: readonly Level[] | undefined
  /** The answer of `#best`, kept to avoid an object per group. */
  #longest = 0
  #name = 0
  #weight = 0

  constructor(columns: LaneColumns) {
    this.columns = columns
    const { length, start, end, waited, count } = columns
    // Moments have one column for both and cover nothing.
    this.#covered = start === end ? undefined : new Sums(length, (i) => end[i] - start[i])
    this.#waited = waited && new Sums(length, (i) => waited[i])
    this.#count = count && new Sums(length, (i) => count[i])
  }

  get length(): number {
    return this.columns.length
  }

  /** About how much memory it takes. */
  get bytes(): number {
    const { waited, count } = this.columns
    return (
      this.length *
      (8 +
        8 +
        4 +
        this.columns.name.BYTES_PER_ELEMENT +
        3 +
        (waited === undefined ? 0 : 5) +
        (count === undefined ? 0 : 5))
    )
  }

  /** The first slice that is not over at `ns`; a moment at `ns` is not. */
  firstAt(ns: number): number {
    const { start, end } = this.columns
    return firstWhere(0, this.length, (at) => end[at] > ns || start[at] >= ns)
  }

  /** The first slice, not before `from`, that starts at `ns` or later. */
  firstFrom(ns: number, from = 0): number {
    const { start } = this.columns
    let step = 1
    let low = from
    while (low + step <= this.length && start[low + step - 1] < ns) {
      low += step
      step *= 2
    }
    return lowerBound(start, ns, low, Math.min(this.length, low + step - 1))
  }

  /**
   * Every slice that overlaps [fromNs, toNs), merged at `bucketNs` (0: not at all). `emit` gets the same object each time
   * and says false to stop.
   */
  merged(fromNs: number, toNs: number, bucketNs: number, emit: (slice: Merged) => boolean): void {
    const { length, columns } = this
    const { start, end } = columns
    const out: Merged = {
      start: 0,
      end: 0,
      id: 0,
      name: 0,
      count: 0,
      covered: 0,
      waited: 0,
      flags: 0,
      first: 0,
      last: 0,
    }
    let first = this.firstAt(fromNs)
    while (first < length && start[first] < toNs) {
      let last = first + 1
      if (end[first] - start[first] < bucketNs) {
        const bucketEnd = (Math.floor(start[first] / bucketNs) + 1) * bucketNs
        last = this.firstFrom(bucketEnd, first + 1)
        // Only the last one that starts in a bucket can be long: the others end before it starts.
        if (last - first > 1 && end[last - 1] - start[last - 1] >= bucketNs) last--
      }
      this.#fill(out, first, last)
      if (out.start < fromNs) out.flags |= SLICE_CUT_LEFT
      if (out.end > toNs) out.flags |= SLICE_CUT_RIGHT
      if (!emit(out)) return
      first = last
    }
  }

  #fill(out: Merged, first: number, last: number): void {
    const { start, end, id, name, flags } = this.columns
    out.first = first
    out.last = last
    out.start = start[first]
    out.end = end[last - 1]
    out.covered = this.#covered?.of(first, last) ?? 0
    out.waited = this.#waited?.of(first, last) ?? 0
    out.count = this.#count?.of(first, last) ?? last - first
    if (last - first === 1) {
      out.id = id === undefined ? NO_SPAN : id[first]
      out.name = name[first]
      out.flags = flags === undefined ? 0 : flags[first]
      return
    }
    this.#best(first, last)
    out.id = id === undefined ? NO_SPAN : id[this.#longest]
    out.name = this.#name
    out.flags = 0
  }

  /** Which slice is the longest of a range and which word has most of its time. */
  #best(first: number, last: number): void {
    this.#weight = 0
    this.#name = this.columns.name[first]
    this.#longest = first
    if (last - first <= SCAN) {
      this.#scanExactly(first, last)
      return
    }
    const levels = (this.#levels ??= buildLevels(this.columns))
    let low = Math.ceil(first / FANOUT)
    let high = Math.floor(last / FANOUT)
    this.#scan(first, low * FANOUT)
    for (let level = 0; low < high; level++) {
      const nodes = levels[level]
      while (low < high && low % FANOUT !== 0) this.#take(nodes, low++)
      while (low < high && high % FANOUT !== 0) this.#take(nodes, --high)
      low /= FANOUT
      high /= FANOUT
    }
    this.#scan(Math.floor(last / FANOUT) * FANOUT, last)
  }

  #scan(first: number, last: number): void {
    const { start, end, name } = this.columns
    for (let i = first; i < last; i++) {
      if (end[i] - start[i] > end[this.#longest] - start[this.#longest]) this.#longest = i
      this.#vote(name[i], end[i] - start[i] + 1)
    }
  }

  #scanExactly(first: number, last: number): void {
    const { start, end, name } = this.columns
    const sums = (this.#sums ??= sumsFor(this.columns))
    let most = 0
    for (let i = first; i < last; i++) {
      const ns = end[i] - start[i]
      if (ns > end[this.#longest] - start[this.#longest]) this.#longest = i
      const sum = (sums[name[i]] += ns + 1)
      if (sum <= most) continue
      most = sum
      this.#name = name[i]
    }
    for (let i = first; i < last; i++) sums[name[i]] = 0
  }

  #take({ longest, name, weight }: Level, node: number): void {
    const { start, end } = this.columns
    const other = longest[node]
    if (end[other] - start[other] > end[this.#longest] - start[this.#longest]) this.#longest = other
    this.#vote(name[node], weight[node])
  }

  #vote(name: number, weight: number): void {
    if (name === this.#name) this.#weight += weight
    else if (weight > this.#weight) {
      this.#name = name
      this.#weight = weight - this.#weight
    } else this.#weight -= weight
  }
}

/** One place per word of a lane: between questions all are 0. */
function sumsFor({ length, name }: LaneColumns): Float64Array {
  let most = 0
  for (let i = 0; i < length; i++) if (name[i] > most) most = name[i]
  return new Float64Array(most + 1)
}

/** Sums of any range: running ones every FANOUT values, the ragged ends added up. */
class Sums {
  readonly #value: (i: number) => number
  readonly #before: Float64Array

  constructor(length: number, value: (i: number) => number) {
    this.#value = value
    this.#before = new Float64Array(Math.floor(length / FANOUT) + 1)
    let sum = 0
    for (let i = 0; i < length; i++) {
      if (i % FANOUT === 0) this.#before[i / FANOUT] = sum
      sum += value(i)
    }
    if (length % FANOUT === 0) this.#before[length / FANOUT] = sum
  }

  of(first: number, last: number): number {
    return last - first === 1 ? this.#value(first) : this.#upTo(last) - this.#upTo(first)
  }

  #upTo(end: number): number {
    const block = Math.floor(end / FANOUT)
    let sum = this.#before[block]
    for (let i = block * FANOUT; i < end; i++) sum += this.#value(i)
    return sum
  }
}

/** Only whole nodes: a range's ragged ends are scanned. */
function buildLevels({ length, start, end, name }: LaneColumns): Level[] {
  const levels: Level[] = []
  for (
    let nodes = Math.floor(length / FANOUT), below: Level | undefined;
    nodes > 0;
    nodes = Math.floor(nodes / FANOUT)
  ) {
    const level = {
      longest: new Uint32Array(nodes),
      name: new Uint32Array(nodes),
      weight: new Float64Array(nodes),
    }
    for (let node = 0; node < nodes; node++) {
      let best = below === undefined ? node * FANOUT : below.longest[node * FANOUT]
      let word = 0
      let weight = 0
      for (let i = node * FANOUT; i < (node + 1) * FANOUT; i++) {
        const slice = below === undefined ? i : below.longest[i]
        if (end[slice] - start[slice] > end[best] - start[best]) best = slice
        const itsName = below === undefined ? name[i] : below.name[i]
        const itsWeight = below === undefined ? end[i] - start[i] + 1 : below.weight[i]
        if (itsName === word) weight += itsWeight
        else if (itsWeight > weight) {
          word = itsName
          weight = itsWeight - weight
        } else weight -= itsWeight
      }
      level.longest[node] = best
      level.name[node] = word
      level.weight[node] = weight
    }
    levels.push(level)
    below = level
  }
  return levels
}

/**
 * What a bounded search has done with, so that it does not go through it again on another way. Two ways are the same if they
 * make the same moves in the same order as far as the order matters (happens-before). A task that takes its turn there, having
 * done so before with as many preemptions to spare, leads to nothing new. What the orders below asked for above is kept with it
 * and asked for again (after Yang, Chen, Gopalakrishnan and Kirby, SPIN 2008: summaries), so a search that remembers goes
 * wherever one that does not would go. Ways that lead to the same meet where a turn begins: nothing else is kept.
 *
 * States are told apart by 64 bits of sums over their moves: with a million of them two fall together once in thirty million
 * searches. Nothing is forgotten; what is full stops learning.
 */

import { limits } from '../base/limits.ts'

/**
 * What is asked for above a point by what is below it. Of a move that a task is to go before: bits, one per event (the n-th
 * move of a task, wherever on a path) and task that asks.
 */
export class Asks {
  words = NO_WORDS
  /** Words in use: all behind are 0. */
  length = 0
  /** Tasks that are to go where the stretches before the point begin, as bits. */
  crossing = 0

  clear(): void {
    this.words.fill(0, 0, this.length)
    this.length = 0
    this.crossing = 0
  }

  set(bit: number): void {
    const word = bit >> 5
    if (word >= this.length) this.#reach(word + 1)
    this.words[word] |= 1 << (bit & 31)
  }

  /** Takes a bit out, and says whether it was there. */
  take(bit: number): boolean {
    const word = bit >> 5
    const mask = 1 << (bit & 31)
    if (word >= this.length || (this.words[word] & mask) === 0) return false
    this.words[word] &= ~mask
    return true
  }

  /** Adds what another one asks for. */
  add(other: Asks): void {
    this.crossing |= other.crossing
    if (other.length > this.length) this.#reach(other.length)
    for (let i = 0; i < other.length; i++) this.words[i] |= other.words[i]
  }

  #reach(length: number): void {
    if (length > this.words.length) {
      const next = new Int32Array(Math.max(16, length, this.words.length * 2))
      next.set(this.words)
      this.words = next
    }
    this.length = length
  }
}

const NO_WORDS = new Int32Array(0)

/** A task moves in a state: together 64 bits; and the preemptions spent then. */
export interface Turn {
  readonly one: number
  readonly two: number
  readonly preemptions: number
}

/** Columns of the table: the turn, and where what was asked for below it stands in the list of sets. */
const ONE = 0
const TWO = 1
const PREEMPTIONS = 2
const SET = 3
const WIDTH = 4

/** A set: what its turn's first move was asked to let go before it, what crosses it, how many bits, the bits. */
const OWN = 0
const CROSSING = 1
const COUNT = 2
const BITS = 3

export class Seen {
  /** Open addressing; `SET` 0 means free. */
  #table = new Int32Array(1024 * WIDTH)
  #count = 0
  /** Many turns ask for the same: each set is kept once. The first place stays empty, so that no set stands at 0. */
  #sets = new Int32Array(4096)
  #used = 1
  /** Where the sets stand, by what is in them: open addressing, 0 means free. */
  #places = new Int32Array(1024)
  #distinct = 0

  /** Where the set of a turn stands, if the turn has been searched with at most as many preemptions; -1 else. */
  find(turn: Turn): number {
    const at = this.#row(turn)
    return this.#table[at + SET] !== 0 && this.#table[at + PREEMPTIONS] <= turn.preemptions ? this.#table[at + SET] : -1
  }

  ownOf(set: number): number {
    return this.#sets[set + OWN]
  }

  crossingOf(set: number): number {
    return this.#sets[set + CROSSING]
  }

  /** Calls with each bit that is in a set. */
  eachEvent(set: number, call: (bit: number) => void): void {
    const end = set + BITS + this.#sets[set + COUNT]
    for (let i = set + BITS; i < end; i++) call(this.#sets[i])
  }

  /** All below a turn has been searched. */
  add(turn: Turn, asks: Asks, own: number): void {
    if (this.#used + asks.length * 32 + this.#table.length + this.#places.length > limits.exploreSeen) return
    const set = this.#setOf(asks, own)
    if ((this.#count + 1) * 4 * WIDTH > this.#table.length * 3) this.#growTable()
    const table = this.#table
    const at = this.#row(turn)
    if (table[at + SET] === 0) this.#count++
    table[at + ONE] = turn.one
    table[at + TWO] = turn.two
    table[at + PREEMPTIONS] = turn.preemptions
    table[at + SET] = set
  }

  /** Writes a set behind the others, and takes it back if it is there already. */
  #setOf(asks: Asks, own: number): number {
    const most = this.#used + BITS + asks.length * 32
    if (most > this.#sets.length) this.#sets = grown(this.#sets, most)
    const sets = this.#sets
    const set = this.#used
    let end = set + BITS
    for (let i = 0; i < asks.length; i++) {
      for (let left = asks.words[i]; left !== 0; left &= left - 1) sets[end++] = i * 32 + 31 - Math.clz32(left & -left)
    }
    sets[set + OWN] = own
    sets[set + CROSSING] = asks.crossing
    sets[set + COUNT] = end - set - BITS
    if ((this.#distinct + 1) * 2 > this.#places.length) this.#growPlaces()
    const places = this.#places
    let place = this.#hashOf(set) & (places.length - 1)
    for (; places[place] !== 0; place = (place + 1) & (places.length - 1)) {
      if (this.#same(places[place], set)) return places[place]
    }
    places[place] = set
    this.#distinct++
    this.#used = end
    return set
  }

  #hashOf(set: number): number {
    const end = set + BITS + this.#sets[set + COUNT]
    let hash = 0
    for (let i = set; i < end; i++) {
      hash = Math.imul(hash ^ this.#sets[i], 0x9e3779b1)
      hash ^= hash >>> 15
    }
    return hash
  }

  #same(a: number, b: number): boolean {
    const sets = this.#sets
    const length = BITS + sets[b + COUNT]
    for (let i = 0; i < length; i++) if (sets[a + i] !== sets[b + i]) return false
    return true
  }

  #row({ one, two }: { readonly one: number; readonly two: number }): number {
    const table = this.#table
    const rows = table.length / WIDTH
    let row = (one ^ (two >>> 7)) & (rows - 1)
    for (;;) {
      const at = row * WIDTH
      if (table[at + SET] === 0 || (table[at + ONE] === one && table[at + TWO] === two)) return at
      row = (row + 1) & (rows - 1)
    }
  }

  #growTable(): void {
    const old = this.#table
    this.#table = new Int32Array(old.length * 2)
    for (let at = 0; at < old.length; at += WIDTH) {
      if (old[at + SET] === 0) continue
      this.#table.set(old.subarray(at, at + WIDTH), this.#row({ one: old[at + ONE], two: old[at + TWO] }))
    }
  }

  #growPlaces(): void {
    const old = this.#places
    const places = new Int32Array(old.length * 2)
    for (const set of old) {
      if (set === 0) continue
      let place = this.#hashOf(set) & (places.length - 1)
      while (places[place] !== 0) place = (place + 1) & (places.length - 1)
      places[place] = set
    }
    this.#places = places
  }
}

function grown(array: Int32Array<ArrayBuffer>, least: number): Int32Array<ArrayBuffer> {
  const next = new Int32Array(Math.max(array.length * 2, least))
  next.set(array)
  return next
}

export function turnOf(task: number, sums: { readonly one: number; readonly two: number }, preemptions: number): Turn {
  return { one: sums.one ^ Math.imul(task + 1, 0x2545f491), two: sums.two, preemptions }
}

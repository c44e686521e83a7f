/**
 * What a bounded search has done with, so that it does not go through it again on another way. Two ways are the same if they
 * make the same moves in the same order as far as the order matters (happens-before). A task that takes its turn there, having
 * done so before with as many preemptions to spare, leads to nothing new. What the orders below asked for above is kept with it
 * and asked for again (after Yang, Chen, Gopalakrishnan and Kirby, SPIN 2008: summaries), so a search that remembers goes
 * wherever one that does not would go. Ways that lead to the same meet where a turn begins: nothing else is kept.
 *
 * States are told apart by 64 bits of sums over their moves: with a million of them two fall together once in thirty million
 * searches. Nothing is forgotten; what is full stops learning.
 *
 * Several threads may share one memory (`sharedMemory`): each goes through the whole tree, from another end (lane.ts), and leaves
 * out the turns that any of them has done with; whoever is through first has seen everything (so Laarman and others, ATVA 2011,
 * do with nested searches). They do not hand each other parts of the tree: a turn of which parts were given away is never done
 * with, and not remembered. A lock keeps them apart while they look a turn up or write one down; sets never change once they
 * stand, so they are read without it.
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

/** The head: the lock, turns kept, places of `sets` in use, sets kept, and how much of the table and of `places` is in use. */
const LOCK = 0
const COUNTED = 1
const USED = 2
const DISTINCT = 3
const TABLE_LENGTH = 4
const PLACES_LENGTH = 5
/** The lock: nobody has it, somebody has, somebody has and others sleep for it. */
const FREE = 0
const TAKEN = 1
const WANTED = 2

/** Lengths to begin with. */
const TABLE = 1024 * WIDTH
const SETS = 4096
const PLACES = 1024
const HEAD = [FREE, 0, 1, 0, TABLE, PLACES]

/** What threads share. It cannot move, so each array has its last length from the start; what is not used takes no room. */
export interface SharedMemory {
  readonly head: SharedArrayBuffer
  readonly table: SharedArrayBuffer
  readonly sets: SharedArrayBuffer
  readonly places: SharedArrayBuffer
}

export function sharedMemory(): SharedMemory {
  const cells = () => new SharedArrayBuffer(limits.exploreSeen * 2)
  const head = new SharedArrayBuffer(HEAD.length * 4)
  new Int32Array(head).set(HEAD)
  return { head, table: cells(), sets: cells(), places: cells() }
}

export class Seen {
  readonly #shared: boolean
  readonly #head: Int32Array
  /** Open addressing; `SET` 0 means free. */
  #table: Int32Array
  /** Many turns ask for the same: each set is kept once. The first place stays empty, so that no set stands at 0. */
  #sets: Int32Array
  /** Where the sets stand, by what is in them: open addressing, 0 means free. */
  #places: Int32Array

  /** Without a memory to share: one of its own. */
  constructor(memory?: SharedMemory) {
    this.#shared = memory !== undefined
    this.#head = memory === undefined ? Int32Array.from(HEAD) : new Int32Array(memory.head)
    this.#table = memory === undefined ? new Int32Array(TABLE) : new Int32Array(memory.table)
    this.#sets = memory === undefined ? new Int32Array(SETS) : new Int32Array(memory.sets)
    this.#places = memory === undefined ? new Int32Array(PLACES) : new Int32Array(memory.places)
  }

  /** Where the set of a turn stands, if the turn has been searched with at most as many preemptions; -1 else. */
  find(turn: Turn): number {
    this.#enter()
    const at = this.#row(turn)
    const table = this.#table
    const set = table[at + SET] !== 0 && table[at + PREEMPTIONS] <= turn.preemptions ? table[at + SET] : -1
    this.#leave()
    return set
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
    this.#enter()
    if (this.#hasRoom(asks)) this.#write(turn, asks, own)
    this.#leave()
  }

  #enter(): void {
    if (!this.#shared) return
    if (Atomics.compareExchange(this.#head, LOCK, FREE, TAKEN) === FREE) return
    while (Atomics.exchange(this.#head, LOCK, WANTED) !== FREE) Atomics.wait(this.#head, LOCK, WANTED)
  }

  #leave(): void {
    if (!this.#shared) return
    if (Atomics.exchange(this.#head, LOCK, FREE) === WANTED) Atomics.notify(this.#head, LOCK, 1)
  }

  #hasRoom(asks: Asks): boolean {
    const sets = this.#head[USED] + BITS + asks.length * 32
    const table = this.#head[TABLE_LENGTH] * (this.#tableIsFull() ? 2 : 1)
    const places = this.#head[PLACES_LENGTH] * (this.#placesAreFull() ? 2 : 1)
    if (!this.#shared) return sets + table + places <= limits.exploreSeen
    return sets <= this.#sets.length && table <= this.#table.length && places <= this.#places.length
  }

  /** Whether one more would make searching it slow. */
  #tableIsFull(): boolean {
    return (this.#head[COUNTED] + 1) * 4 * WIDTH > this.#head[TABLE_LENGTH] * 3
  }

  #placesAreFull(): boolean {
    return (this.#head[DISTINCT] + 1) * 2 > this.#head[PLACES_LENGTH]
  }

  #write(turn: Turn, asks: Asks, own: number): void {
    if (this.#tableIsFull()) this.#growTable()
    const at = this.#row(turn)
    // Another thread may have been there at the same time, with more to spare.
    if (this.#table[at + SET] !== 0 && this.#table[at + PREEMPTIONS] <= turn.preemptions) return
    const set = this.#setOf(asks, own)
    const table = this.#table
    if (table[at + SET] === 0) this.#head[COUNTED]++
    table[at + ONE] = turn.one
    table[at + TWO] = turn.two
    table[at + PREEMPTIONS] = turn.preemptions
    table[at + SET] = set
  }

  /** Writes a set behind the others, and takes it back if it is there already. */
  #setOf(asks: Asks, own: number): number {
    const most = this.#head[USED] + BITS + asks.length * 32
    if (most > this.#sets.length) this.#sets = grown(this.#sets, most)
    const sets = this.#sets
    const set = this.#head[USED]
    let end = set + BITS
    for (let i = 0; i < asks.length; i++) {
      for (let left = asks.words[i]; left !== 0; left &= left - 1) sets[end++] = i * 32 + 31 - Math.clz32(left & -left)
    }
    sets[set + OWN] = own
    sets[set + CROSSING] = asks.crossing
    sets[set + COUNT] = end - set - BITS
    if (this.#placesAreFull()) this.#growPlaces()
    const places = this.#places
    const last = this.#head[PLACES_LENGTH] - 1
    let place = this.#hashOf(set) & last
    for (; places[place] !== 0; place = (place + 1) & last) {
      if (this.#same(places[place], set)) return places[place]
    }
    places[place] = set
    this.#head[DISTINCT]++
    this.#head[USED] = end
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
    const last = this.#head[TABLE_LENGTH] / WIDTH - 1
    let row = (one ^ (two >>> 7)) & last
    for (;;) {
      const at = row * WIDTH
      if (table[at + SET] === 0 || (table[at + ONE] === one && table[at + TWO] === two)) return at
      row = (row + 1) & last
    }
  }

  #growTable(): void {
    const old = this.#table.slice(0, this.#head[TABLE_LENGTH])
    this.#head[TABLE_LENGTH] = old.length * 2
    this.#table = this.#emptied(this.#table, old.length * 2)
    for (let at = 0; at < old.length; at += WIDTH) {
      if (old[at + SET] === 0) continue
      this.#table.set(old.subarray(at, at + WIDTH), this.#row({ one: old[at + ONE], two: old[at + TWO] }))
    }
  }

  #emptied(array: Int32Array, length: number): Int32Array {
    return this.#shared ? array.fill(0, 0, length) : new Int32Array(length)
  }

  #growPlaces(): void {
    const old = this.#places.slice(0, this.#head[PLACES_LENGTH])
    this.#head[PLACES_LENGTH] = old.length * 2
    const places = this.#emptied(this.#places, old.length * 2)
    const last = old.length * 2 - 1
    for (const set of old) {
      if (set === 0) continue
      let place = this.#hashOf(set) & last
      while (places[place] !== 0) place = (place + 1) & last
      places[place] = set
    }
    this.#places = places
  }
}

function grown(array: Int32Array, least: number): Int32Array {
  const next = new Int32Array(Math.max(array.length * 2, least))
  next.set(array)
  return next
}

export function turnOf(task: number, sums: { readonly one: number; readonly two: number }, preemptions: number): Turn {
  return { one: sums.one ^ Math.imul(task + 1, 0x2545f491), two: sums.two, preemptions }
}

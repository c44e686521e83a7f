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

/** Columns of the table: the turn, what its first move was asked to let go before it, what crosses it, where its words are. */
const ONE = 0
const TWO = 1
const PREEMPTIONS = 2
const OWN = 3
const CROSSING = 4
const FROM = 5
const LENGTH = 6
const WIDTH = 7

export class Seen {
  /** Open addressing; an entry with no words has one all the same, so `FROM` 0 means free. */
  #table = new Int32Array(1024 * WIDTH)
  #count = 0
  #words = new Int32Array(4096)
  #used = 1

  /** Its place in the table, if it has been searched with at most as many preemptions; -1 else. */
  find(turn: Turn): number {
    const at = this.#place(turn)
    return this.#table[at + FROM] !== 0 && this.#table[at + PREEMPTIONS] <= turn.preemptions ? at : -1
  }

  ownOf(at: number): number {
    return this.#table[at + OWN]
  }

  crossingOf(at: number): number {
    return this.#table[at + CROSSING]
  }

  /** Calls with each bit that is set in the words of an entry. */
  eachEvent(at: number, call: (bit: number) => void): void {
    const from = this.#table[at + FROM]
    const length = this.#table[at + LENGTH]
    for (let i = 0; i < length; i++) {
      for (let left = this.#words[from + i]; left !== 0; left &= left - 1) {
        call(i * 32 + 31 - Math.clz32(left & -left))
      }
    }
  }

  /** All below a turn has been searched. */
  add(turn: Turn, asks: Asks, own: number): void {
    const size = asks.length + 1
    if (this.#used + size + this.#count * WIDTH > limits.exploreSeen) return
    if ((this.#count + 1) * 2 * WIDTH > this.#table.length) this.#growTable()
    const table = this.#table
    const at = this.#place(turn)
    if (table[at + FROM] === 0) this.#count++
    if (table[at + FROM] === 0 || table[at + LENGTH] < asks.length) {
      if (this.#used + size > this.#words.length) {
        const next = new Int32Array(Math.max(this.#used + size, this.#words.length * 2))
        next.set(this.#words)
        this.#words = next
      }
      table[at + FROM] = this.#used
      this.#used += size
    }
    table[at + ONE] = turn.one
    table[at + TWO] = turn.two
    table[at + PREEMPTIONS] = turn.preemptions
    table[at + OWN] = own
    table[at + CROSSING] = asks.crossing
    table[at + LENGTH] = asks.length
    const words = this.#words
    const from = table[at + FROM]
    for (let i = 0; i < asks.length; i++) words[from + i] = asks.words[i]
  }

  #place({ one, two }: { readonly one: number; readonly two: number }): number {
    const table = this.#table
    const rows = table.length / WIDTH
    let row = (one ^ (two >>> 7)) & (rows - 1)
    for (;;) {
      const at = row * WIDTH
      if (table[at + FROM] === 0 || (table[at] === one && table[at + TWO] === two)) return at
      row = (row + 1) & (rows - 1)
    }
  }

  #growTable(): void {
    const old = this.#table
    this.#table = new Int32Array(old.length * 2)
    for (let at = 0; at < old.length; at += WIDTH) {
      if (old[at + FROM] === 0) continue
      this.#table.set(old.subarray(at, at + WIDTH), this.#place({ one: old[at], two: old[at + TWO] }))
    }
  }
}

export function turnOf(task: number, sums: { readonly one: number; readonly two: number }, preemptions: number): Turn {
  return { one: sums.one ^ Math.imul(task + 1, 0x2545f491), two: sums.two, preemptions }
}

/**
 * Happens-before over the moves of one path, kept while the path grows and shrinks: vector clocks per move, and per object
 * the last access of each kind by each task. From it come the races: earlier moves of other tasks that depend on this one,
 * could have come after it, and are not ordered before it. Being woken is an order too, because who slept could
 * not have come first.
 */

import {
  COLUMN,
  COLUMNS,
  isTake,
  kindOfCode,
  LOOKS,
  ORDERED_AFTER,
  RACES_WITH,
  RELEASED_BEFORE,
  slotOfCode,
  tryOf,
} from './footprint.ts'

export class Order {
  readonly tasks: number
  /** Moves on the path. */
  length = 0
  /** Per task, after `clockOf`: moves (as index + 1) of each task that are ordered before its next one. */
  readonly clock: Int32Array
  readonly #tasksOfMove: number[] = []
  /** Row per move: per task, index + 1 of its last move ordered before or equal. */
  #clocks = new Int32Array(1024)
  /** Per slot, column and task: index + 1 of the last such access. */
  #last = new Int32Array(4096)
  /** Per task: index + 1 of its last move, and of the move that woke it since. */
  readonly #lastMove: Int32Array
  readonly #wokenBy: Int32Array
  /** What a move overwrote, to take it back: pairs of place and value, from `#undoFrom[move]`. */
  readonly #undo: number[] = []
  readonly #undoFrom: number[] = []
  readonly #previousMove: number[] = []
  readonly #wokenAtMove: number[][] = []
  readonly #wokenBefore: number[] = []
  /** Per move: which of its task's it is, from 1; and two sums over all moves up to it that name the state. */
  #ordinals = new Int32Array(1024)
  #sums = new Int32Array(2048)
  /** Per task: its moves, as indices. */
  readonly #movesOf: number[][]
  /** For `races` and `initials`. */
  readonly #racing: number[] = []
  readonly #latest: Int32Array
  readonly #first: Int32Array

  constructor(tasks: number) {
    this.tasks = tasks
    this.clock = new Int32Array(tasks)
    this.#lastMove = new Int32Array(tasks)
    this.#wokenBy = new Int32Array(tasks)
    this.#latest = new Int32Array(tasks)
    this.#first = new Int32Array(tasks)
    this.#movesOf = Array.from({ length: tasks }, () => [])
  }

  taskOf(move: number): number {
    return this.#tasksOfMove[move]
  }

  /** Which of its task's moves it is, from 1. */
  ordinalOf(move: number): number {
    return this.#ordinals[move]
  }

  /** The index of a task's move, by its ordinal. */
  indexOf(task: number, ordinal: number): number {
    return this.#movesOf[task][ordinal - 1]
  }

  /** What names the state after `length` moves, whichever way led to it. */
  sumsAt(length: number): { readonly one: number; readonly two: number } {
    if (length === 0) return { one: 0, two: 0 }
    return { one: this.#sums[2 * length - 2], two: this.#sums[2 * length - 1] }
  }

  /** Fills `clock` with what is ordered before the next move of `task`. */
  clockOf(task: number): void {
    const { clock, tasks } = this
    clock.fill(0)
    this.#join(this.#lastMove[task], clock, tasks)
    this.#join(this.#wokenBy[task], clock, tasks)
  }

  #join(move: number, into: Int32Array, tasks: number): void {
    if (move === 0) return
    const clocks = this.#clocks
    const from = (move - 1) * tasks
    for (let i = 0; i < tasks; i++) if (clocks[from + i] > into[i]) into[i] = clocks[from + i]
  }

  /**
   * Earlier moves of other tasks that race with a move of `task` with this footprint, as index + 1, without repeats: per
   * task the last one, or all of them; of looks at a lock that is taken all, or they would hide who had it. Call `clockOf(task)`
   * first; the releases that let it take its lock are added to the clock.
   */
  races(task: number, codes: readonly number[], all: boolean): readonly number[] {
    const found = this.#racing
    found.length = 0
    this.#latest.fill(0)
    // What a move does under a lock that it waits for cannot have come before the lock was free: that is settled first.
    for (const code of codes) if (isTake(kindOfCode(code))) this.#racesOf(task, code, all)
    for (const code of codes) {
      const released = RELEASED_BEFORE[kindOfCode(code)]
      if (released !== 0 && !codes.includes(tryOf(code))) this.#orderAfter(task, code, released)
    }
    for (const code of codes) if (!isTake(kindOfCode(code))) this.#racesOf(task, code, all)
    if (!all) for (const move of this.#latest) if (move !== 0 && !found.includes(move)) found.push(move)
    return found
  }

  #racesOf(task: number, code: number, all: boolean): void {
    const { tasks } = this
    const kind = kindOfCode(code)
    const mask = RACES_WITH[kind]
    const base = slotOfCode(code) * COLUMNS
    for (let column = 0; column < COLUMNS; column++) {
      if (((mask >> column) & 1) === 0) continue
      const from = (base + column) * tasks
      if (from >= this.#last.length) break
      const apart = all || (column === LOOKS && isTake(kind))
      for (let other = 0; other < tasks; other++) if (other !== task) this.#race(other, from + other, apart)
    }
  }

  /** Of one task's accesses those that are not ordered before the clock. */
  #race(other: number, at: number, all: boolean): void {
    const { clock } = this
    let move = this.#last[at]
    if (!all) {
      if (move > clock[other] && move > this.#latest[other]) this.#latest[other] = move
      return
    }
    for (; move > clock[other]; move = this.#before(move, at)) {
      if (!this.#racing.includes(move)) this.#racing.push(move)
    }
  }

  /** The access of the same kind before this one: what the move overwrote. */
  #before(move: number, at: number): number {
    const to = move === this.length ? this.#undo.length : this.#undoFrom[move]
    for (let i = this.#undoFrom[move - 1]; i < to; i += 2) if (this.#undo[i] === at) return this.#undo[i + 1]
    return 0
  }

  /** Adds to `clock` what a move of `task` with this footprint comes after by touching it. */
  join(task: number, codes: readonly number[]): void {
    for (const code of codes) this.#orderAfter(task, code, ORDERED_AFTER[kindOfCode(code)])
  }

  /**
   * Who could begin a path from before `move` (an index) that makes the moves since then that do not depend on it, and then
   * the next one of `task`, whose clock stands in `clock`: as bits. At least one of them must go from there for the race
   * between the two to be seen the other way round (source sets: Abdulla and others, POPL 2014).
   */
  initials(move: number, task: number): number {
    const { tasks } = this
    const first = this.#first.fill(0)
    const mover = this.#tasksOfMove[move]
    let mask = 0
    for (let at = move + 1; at < this.length; at++) {
      const other = this.#tasksOfMove[at]
      const row = at * tasks
      if (this.#clocks[row + mover] > move || first[other] !== 0) continue
      first[other] = at + 1
      if (this.#begins(other, this.#clocks, row)) mask |= 1 << other
    }
    if (first[task] === 0 && this.#begins(task, this.clock, 0)) mask |= 1 << task
    return mask
  }

  /** Does no first move of another task come before the one whose clock this is? */
  #begins(task: number, clocks: Int32Array, row: number): boolean {
    const first = this.#first
    for (let other = 0; other < this.tasks; other++) {
      if (other !== task && first[other] !== 0 && clocks[row + other] >= first[other]) return false
    }
    return true
  }

  /** The move of `task` with this footprint is made; `clock` holds what was ordered before it. */
  push(task: number, codes: readonly number[]): void {
    const { tasks, clock } = this
    const move = ++this.length
    this.#tasksOfMove[move - 1] = task
    this.#undoFrom[move - 1] = this.#undo.length
    this.join(task, codes)
    for (const code of codes) this.#note(task, code, move)
    this.#previousMove[move - 1] = this.#lastMove[task]
    this.#wokenBefore[move - 1] = this.#wokenBy[task]
    const woken = this.#wokenAtMove[move - 1]
    if (woken === undefined) this.#wokenAtMove[move - 1] = []
    else woken.length = 0
    this.#lastMove[task] = move
    this.#wokenBy[task] = 0
    clock[task] = move
    if (move * tasks > this.#clocks.length) this.#clocks = grown(this.#clocks, move * tasks)
    this.#clocks.set(clock, (move - 1) * tasks)
    this.#movesOf[task].push(move - 1)
    if (move > this.#ordinals.length) {
      this.#ordinals = grown(this.#ordinals, move)
      this.#sums = grown(this.#sums, 2 * move)
    }
    this.#ordinals[move - 1] = this.#movesOf[task].length
    this.#addUp(task, move)
  }

  /** A move is named by how many moves of each task come before it; a state by the sum of its moves' names. */
  #addUp(task: number, move: number): void {
    const { clock, tasks } = this
    const ordinals = this.#ordinals
    let one = Math.imul(task + 1, 0x9e3779b1)
    let two = Math.imul(task + 1, 0x85ebca77)
    for (let other = 0; other < tasks; other++) {
      const last = clock[other]
      const before = last === 0 ? 0 : ordinals[last - 1]
      one = Math.imul(one ^ before, 0xcc9e2d51)
      one ^= one >>> 15
      two = Math.imul(two + before + 0x27d4eb2f, 0x1b873593)
      two = (two << 13) | (two >>> 19)
    }
    one = Math.imul(one ^ (one >>> 13), 0xc2b2ae35)
    two = Math.imul(two ^ (two >>> 16), 0x7feb352d)
    const sums = this.#sums
    const at = 2 * move - 2
    sums[at] = (one ^ (one >>> 16)) + (at === 0 ? 0 : sums[at - 2])
    sums[at + 1] = (two ^ (two >>> 15)) + (at === 0 ? 0 : sums[at - 1])
  }

  #orderAfter(task: number, code: number, mask: number): void {
    const { tasks, clock } = this
    const base = slotOfCode(code) * COLUMNS
    for (let column = 0; column < COLUMNS; column++) {
      if (((mask >> column) & 1) === 0) continue
      const from = (base + column) * tasks
      if (from >= this.#last.length) break
      for (let other = 0; other < tasks; other++) {
        const move = this.#last[from + other]
        if (move > 0 && other !== task && move > clock[other]) this.#join(move, clock, tasks)
      }
    }
  }

  #note(task: number, code: number, move: number): void {
    const at = (slotOfCode(code) * COLUMNS + COLUMN[kindOfCode(code)]) * this.tasks + task
    if (at >= this.#last.length) this.#last = grown(this.#last, at + 1)
    this.#undo.push(at, this.#last[at])
    this.#last[at] = move
  }

  /** The last move woke a task, or handed it its lock. */
  wakes(task: number): void {
    this.#wokenBy[task] = this.length
    this.#wokenAtMove[this.length - 1].push(task)
  }

  /** Takes back all moves beyond the first `length`. */
  cutTo(length: number): void {
    while (this.length > length) {
      const move = this.length--
      const task = this.#tasksOfMove[move - 1]
      for (const woken of this.#wokenAtMove[move - 1]) this.#wokenBy[woken] = 0
      this.#lastMove[task] = this.#previousMove[move - 1]
      this.#wokenBy[task] = this.#wokenBefore[move - 1]
      this.#movesOf[task].pop()
      const from = this.#undoFrom[move - 1]
      for (let i = this.#undo.length - 2; i >= from; i -= 2) this.#last[this.#undo[i]] = this.#undo[i + 1]
      this.#undo.length = from
    }
  }
}

function grown(array: Int32Array<ArrayBuffer>, least: number): Int32Array<ArrayBuffer> {
  const next = new Int32Array(Math.max(array.length * 2, least))
  next.set(array)
  return next
}

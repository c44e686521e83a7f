/**
 * Happens-before over the moves of one path, kept while the path grows and shrinks: vector clocks per move, and per object
 * the last access of each kind by each task. From it come the races: the last earlier move of another task that depends on
 * this one, could have come after it, and is not ordered before it. Being woken is an order too, because who slept could
 * not have come first.
 */

import { COLUMN, COLUMNS, kindOfCode, ORDERED_AFTER, RACES_WITH, slotOfCode } from './footprint.ts'

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

  constructor(tasks: number) {
    this.tasks = tasks
    this.clock = new Int32Array(tasks)
    this.#lastMove = new Int32Array(tasks)
    this.#wokenBy = new Int32Array(tasks)
  }

  taskOf(move: number): number {
    return this.#tasksOfMove[move]
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
   * Per other task the last move that races with a move of `task` with this footprint, as index + 1, 0 none, into `races`.
   * Call `clockOf(task)` first.
   */
  races(task: number, codes: readonly number[], races: Int32Array): boolean {
    const { tasks, clock } = this
    const last = this.#last
    let any = false
    races.fill(0)
    for (const code of codes) {
      const mask = RACES_WITH[kindOfCode(code)]
      const base = slotOfCode(code) * COLUMNS
      for (let column = 0; column < COLUMNS; column++) {
        if (((mask >> column) & 1) === 0) continue
        const from = (base + column) * tasks
        if (from >= last.length) break
        for (let other = 0; other < tasks; other++) {
          const move = last[from + other]
          if (move === 0 || other === task || move <= clock[other] || move <= races[other]) continue
          races[other] = move
          any = true
        }
      }
    }
    return any
  }

  /** The move of `task` with this footprint is made; `clock` holds what was ordered before it. */
  push(task: number, codes: readonly number[]): void {
    const { tasks, clock } = this
    const move = ++this.length
    this.#tasksOfMove[move - 1] = task
    this.#undoFrom[move - 1] = this.#undo.length
    for (const code of codes) this.#orderAfter(task, code)
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
  }

  #orderAfter(task: number, code: number): void {
    const { tasks, clock } = this
    const mask = ORDERED_AFTER[kindOfCode(code)]
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

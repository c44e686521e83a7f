/**
 * The shortest telling of a schedule: fewest preemptions first, then fewest moves before everybody may go on in the default
 * order. A predicate says whether an attempt still shows what it is about. Greedy, over turns (moves of one task in a row):
 * the end is cut off, turns are left out, put together with the next turn of the same task, or made shorter, as long as
 * that helps. Attempts are played leniently: what cannot be done where it stands is left out.
 */

import { limits } from '../base/limits.ts'
import { Execution, type Outcome } from './execution.ts'
import type { Subject } from './subject.ts'

export interface Minimised {
  readonly moves: readonly number[]
  readonly preemptions: number
  readonly plays: number
}

/** Does this outcome still show it? Called after each attempt; the world that was judged last belongs to it. */
export type StillShows = (outcome: Outcome) => boolean

interface Turn {
  readonly task: number
  readonly moves: number
}

export function minimise(subject: Subject, moves: readonly number[], shows: StillShows): Minimised {
  const shrinking = new Shrinking(subject, shows)
  shrinking.try(moves)
  for (;;) {
    const before = shrinking.best
    shrinking.cutEnd()
    shrinking.leaveOut()
    shrinking.putTogether()
    shrinking.shorten()
    if (shrinking.best === before || shrinking.spent) break
  }
  const { best, preemptions, plays } = shrinking
  return { moves: best, preemptions, plays }
}

class Shrinking {
  best: readonly number[] = []
  preemptions = Infinity
  plays = 0
  readonly #subject: Subject
  readonly #shows: StillShows

  constructor(subject: Subject, shows: StillShows) {
    this.#subject = subject
    this.#shows = shows
  }

  get spent(): boolean {
    return this.plays >= limits.minimisePlays
  }

  /** Plays it and keeps it if it shows the same and is better. */
  try(moves: readonly number[]): boolean {
    if (this.spent) return false
    this.plays++
    const { made, outcome } = playLenient(this.#subject, moves)
    if (!this.#shows(outcome)) return false
    const { preemptions } = outcome
    if (preemptions > this.preemptions) return false
    if (preemptions === this.preemptions && made.length >= this.best.length) return false
    this.best = made
    this.preemptions = preemptions
    return true
  }

  /** The shortest beginning, in whole turns, after which the default order does the rest. */
  cutEnd(): void {
    const turns = turnsOf(this.best)
    for (let kept = 0; kept < turns.length; kept++) if (this.try(movesOf(turns.slice(0, kept)))) return
  }

  leaveOut(): void {
    for (let i = 0; i < turnsOf(this.best).length; i++) {
      while (i < turnsOf(this.best).length && this.try(movesOf(turnsOf(this.best).toSpliced(i, 1))));
    }
  }

  /** The next turn of the same task right after this one, or this one right before that. */
  putTogether(): void {
    for (let i = 0; i < turnsOf(this.best).length; i++) {
      const turns = turnsOf(this.best)
      const next = turns.findIndex((one, at) => at > i + 1 && one.task === turns[i].task)
      if (next === -1) continue
      const both = { task: turns[i].task, moves: turns[i].moves + turns[next].moves }
      const early = turns.toSpliced(next, 1).with(i, both)
      const late = turns.with(next, both).toSpliced(i, 1)
      if (this.try(movesOf(early)) || this.try(movesOf(late))) i--
    }
  }

  /** Fewer moves of a turn: none of half of them, then one less. */
  shorten(): void {
    for (let i = 0; i < turnsOf(this.best).length; i++) {
      for (let less = Math.floor(turnsOf(this.best)[i].moves / 2); less >= 1; less = Math.floor(less / 2)) {
        const turns = turnsOf(this.best)
        if (i >= turns.length) return
        const { task, moves } = turns[i]
        if (moves > less) this.try(movesOf(turns.with(i, { task, moves: moves - less })))
      }
    }
  }
}

function turnsOf(moves: readonly number[]): Turn[] {
  const turns: { task: number; moves: number }[] = []
  for (const task of moves) {
    const last = turns.at(-1)
    if (last?.task === task) last.moves++
    else turns.push({ task, moves: 1 })
  }
  return turns
}

function movesOf(turns: readonly Turn[]): number[] {
  return turns.flatMap(({ task, moves }) => Array.from({ length: moves }, () => task))
}

/** Makes the moves that can be made, then lets everybody go on. */
function playLenient(subject: Subject, moves: readonly number[]): { made: readonly number[]; outcome: Outcome } {
  const execution = new Execution(subject)
  const { k } = execution
  for (const id of moves) {
    if (execution.atRest || execution.moves.length >= limits.exploreDepth) break
    if (id < k.tasks.length && k.canStep(k.tasks[id])) execution.move(id)
  }
  const made = [...execution.moves]
  execution.runOut()
  execution.end()
  return { made, outcome: execution.outcome() }
}

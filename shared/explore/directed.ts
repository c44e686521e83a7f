/**
 * Directed runs: a script says who runs until where, as races are told. Each line lets one actor run alone until it stands
 * at its point; then the next. When the script ends, everybody goes on in the default order. A line whose point is not
 * reached (the actor waits, or has ended) is left and noted, because under a strategy that stops the race that is exactly
 * what happens: the actor waits, and the others go on.
 */

import { limits } from '../base/limits.ts'
import { Filming, type Filmed } from './replay.ts'
import type { Happening } from './film.ts'
import type { Subject } from './subject.ts'

/**
 * Where an actor is to stand. `acquire`: about to take a lock of the class; `acquired`, `release`, `phase`, `phase-end`,
 * `op`, `op-end`, `see`: the move in which that happened is made; `blocked`: it waits for something; `done`: it has ended.
 */
export interface Point {
  readonly at: Exclude<Happening['at'], 'found'> | 'blocked' | 'done'
  /** Lock class, phase, kind of operation, or name of what is looked at; any if left out. */
  readonly name?: string
  /** Which time of this line, from 1. */
  readonly nth?: number
}

export interface ScriptLine {
  /** Name of the task. */
  readonly actor: string
  readonly until: Point
}

export interface Directed extends Filmed {
  /** Per line of the script: was its point reached? */
  readonly reached: readonly boolean[]
}

export function direct(
  subject: Subject,
  script: readonly ScriptLine[],
  options: { readonly state?: boolean } = {},
): Directed {
  const filming = new Filming(subject, options.state !== false)
  const reached = script.map((line) => runUntil(filming, line))
  filming.runOut()
  return { ...filming.end(), reached }
}

function runUntil(filming: Filming, line: ScriptLine): boolean {
  const { execution, sink } = filming
  const { k } = execution
  const task = k.tasks.find((one) => one.comm === line.actor)
  if (task === undefined) return false
  const { at, name, nth = 1 } = line.until
  let seen = 0
  for (;;) {
    if (task.state === 'done') return at === 'done'
    const free = execution.canMove(task)
    if (at === 'blocked' && !free) {
      // It queues up for the lock, so that the film shows it waiting and later readers wait behind it.
      if (k.canStep(task)) filming.move(task.id)
      return true
    }
    if (!free || execution.moves.length >= limits.exploreDepth) return false
    filming.move(task.id)
    for (const one of sink.happened) {
      if (one.task === task.id && one.at === at && (name === undefined || one.name === name)) seen++
    }
    if (seen >= nth && at !== 'blocked' && at !== 'done') return true
  }
}

/**
 * One schedule played back: the given moves, then the default order, then judgement. With a film, or without (which is what
 * minimising does thousands of times). Moves that cannot be made are an error with a sentence, because they mean that the
 * schedule belongs to another model or was changed by hand; `lenient` leaves them out instead.
 */

import { ApiError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { OrderCycle, OrderEdge } from '../lockorder/order-graph.ts'
import type { OrderWitness } from '../sim/invariants/lock-order.ts'
import { Execution, type Outcome } from './execution.ts'
import { FilmSink, type FilmStep } from './film.ts'
import { encodeSchedule } from './schedule.ts'
import type { Subject } from './subject.ts'

export interface Filmed extends Outcome {
  readonly schedule: string
  readonly steps: readonly FilmStep[]
  /** The state before the first move, by name; steps say what changes. */
  readonly initialState: Readonly<Record<string, string>>
  /** Orders in which locks were asked for, and the circles in them; a witness's time is the move. */
  readonly lockOrder: {
    readonly edges: readonly OrderEdge<OrderWitness>[]
    readonly cycles: readonly OrderCycle<OrderWitness>[]
  }
}

/** Plays moves without a film. */
export function play(
  subject: Subject,
  moves: readonly number[],
  options: { readonly lenient?: boolean } = {},
): Outcome {
  const execution = new Execution(subject)
  for (const [i, id] of moves.entries()) {
    if (able(execution, id)) execution.move(id)
    else if (options.lenient !== true) throw cannotMove(execution, id, i)
  }
  execution.runOut()
  execution.end()
  return execution.outcome()
}

/** Plays moves as a film. */
export function film(
  subject: Subject,
  moves: readonly number[],
  options: { readonly state?: boolean; readonly lenient?: boolean } = {},
): Filmed {
  const filming = new Filming(subject, options.state !== false)
  const { execution } = filming
  for (const [i, id] of moves.entries()) {
    if (able(execution, id)) filming.move(id)
    else if (options.lenient !== true) throw cannotMove(execution, id, i)
  }
  filming.runOut()
  return filming.end()
}

/** An execution with a camera: for replays and for directed runs. */
export class Filming {
  readonly execution: Execution
  readonly sink: FilmSink
  readonly #initial: Readonly<Record<string, string>>

  constructor(subject: Subject, state = true) {
    this.sink = new FilmSink({ state })
    this.execution = new Execution(subject, this.sink)
    this.sink.begin(this.execution.world)
    this.#initial = Object.fromEntries(this.sink.initialState)
  }

  move(id: number): void {
    const { execution, sink } = this
    const task = execution.k.tasks[id]
    sink.moveBegins(execution.moves.length, task, task.footprint)
    execution.move(id)
    sink.moveEnds(task)
  }

  runOut(): void {
    const { execution } = this
    while (!execution.atRest) {
      if (execution.moves.length >= limits.exploreDepth) {
        execution.cut = true
        return
      }
      this.move(execution.next())
    }
  }

  end(): Filmed {
    const { execution, sink } = this
    const last = execution.k.tasks[Math.max(0, execution.last)]
    sink.moveBegins(-1, last, 0)
    execution.end()
    if (sink.happened.length > 0) sink.moveEnds(last)
    const outcome = execution.outcome()
    return {
      ...outcome,
      findings: outcome.findings.map((finding, i) => ({ ...finding, event: sink.events[i] ?? finding.event })),
      schedule: encodeSchedule({ ...nameOf(execution.subject), moves: execution.moves }),
      steps: sink.steps,
      initialState: this.#initial,
      lockOrder: { edges: sink.order.graph.edges, cycles: sink.order.graph.cycles },
    }
  }
}

function nameOf(subject: Subject): { subject: string; strategy: string } {
  return { subject: subject.id, strategy: subject.strategy }
}

function able(execution: Execution, id: number): boolean {
  const { tasks } = execution.k
  return id < tasks.length && execution.k.canStep(tasks[id])
}

function cannotMove(execution: Execution, id: number, at: number): ApiError {
  const { subject, k } = execution
  const who = id < k.tasks.length ? `${k.tasks[id].comm} (${k.tasks[id].state})` : `task ${id} of ${k.tasks.length}`
  return new ApiError(
    'bad-request',
    `move ${at + 1} of the schedule lets ${who} go on, which cannot move there in ${subject.id} under ${subject.strategy}`,
    'the schedule was made with another version of the model, or for another subject or strategy',
  )
}

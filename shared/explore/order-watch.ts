/**
 * Lock order over a whole search: one graph of all executions for the answer, and for each execution its own, so that a
 * circle that one schedule closes by itself is a violation (V11) with a schedule that shows it, hang or no hang. Most
 * subjects have no circle at all; as long as the graph of all has none, no execution has one and nothing else is kept.
 */

import { classesOf, type OrderCycle } from '../lockorder/order-graph.ts'
import { LockOrder, type OrderWitness } from '../sim/invariants/lock-order.ts'
import type { LockMode, SimLock } from '../sim/locks.ts'
import { silent, type SimSink } from '../sim/sink.ts'
import type { SimTask } from '../sim/task.ts'
import { Execution } from './execution.ts'
import type { Subject } from './subject.ts'

export class OrderWatch {
  readonly all = new LockOrder()
  #own: LockOrder | undefined
  #moves = 0

  /** A new execution. */
  begin(): void {
    this.#own = this.all.graph.cycles.length > 0 ? new LockOrder() : undefined
    this.#moves = 0
  }

  moved(moves = 1): void {
    this.#moves += moves
  }

  wanted(task: SimTask, lock: SimLock, mode: LockMode): void {
    if (task.held.length === 0) return
    this.all.wanted(task, lock, mode, this.#moves)
    this.#own?.wanted(task, lock, mode, this.#moves)
  }

  /** Circles that the execution closed by itself. */
  circles(subject: Subject, moves: () => readonly number[]): readonly OrderCycle<OrderWitness>[] {
    if (this.#own !== undefined) return this.#own.graph.cycles
    return this.all.graph.cycles.length === 0 ? [] : orderOf(subject, moves()).graph.cycles
  }
}

/** A sink that hears nothing but this. */
export function orderSink(watch: OrderWatch): SimSink {
  return {
    ...silent,
    lockAcquire(task, lock, mode, trylock) {
      if (!trylock) watch.wanted(task, lock, mode)
    },
  }
}

/** The lock order of one schedule. */
export function orderOf(subject: Subject, moves: readonly number[]): LockOrder {
  const order = new LockOrder()
  let made = 0
  const sink: SimSink = {
    ...silent,
    lockAcquire(task, lock, mode, trylock) {
      if (!trylock && task.held.length > 0) order.wanted(task, lock, mode, made)
    },
  }
  const execution = new Execution(subject, sink)
  for (; made < moves.length; made++) execution.move(moves[made])
  execution.runOut()
  return order
}

/** The same words whichever edge was the last to show. */
export function circleInWords(cycle: OrderCycle<OrderWitness>): string {
  const classes = classesOf(cycle)
  const at = classes.indexOf(classes.toSorted()[0])
  const turned = [...classes.slice(at), ...classes.slice(0, at)]
  return `lock order goes in a circle: ${[...turned, turned[0]].join(' → ')}`
}

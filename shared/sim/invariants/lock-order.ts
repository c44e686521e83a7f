/**
 * The simulated kernel's side of the lock order (V11): every request made while holding
 * something is an edge, handles, bits and freeze levels included. A circle is reported the first time its last edge shows,
 * hang or no hang. Trylocks add nothing, locks of one class inside each other neither (the wait-for graph sees real
 * self-deadlocks).
 */

import { assert } from '../../base/assert.ts'
import { modeBit, OrderGraph, type OrderCycle } from '../../lockorder/order-graph.ts'
import type { Ns } from '../../model/trace.ts'
import type { LockMode, SimLock } from '../locks.ts'
import type { SimTask } from '../task.ts'

export interface OrderWitness {
  readonly by: string
  readonly at: Ns
}

/** Lock classes of a world are a few dozen. */
const WIDTH = 64

export class LockOrder {
  readonly graph = new OrderGraph<OrderWitness>()
  /** Bit `modeBit` per pair of classes: a pair in known modes is not looked at twice. */
  readonly #known = new Uint8Array(WIDTH * WIDTH)

  /** The task asks for the lock; returns the circle this closes, if it does for the first time. */
  wanted(task: SimTask, lock: SimLock, mode: LockMode, at: Ns): OrderCycle<OrderWitness> | undefined {
    assert(lock.classNumber < WIDTH, 'a world has few lock classes')
    const { held } = task
    let circle: OrderCycle<OrderWitness> | undefined
    for (let i = 0; i < held.length; i++) {
      const { classNumber, mode: heldIn } = held[i]
      const pair = classNumber * WIDTH + lock.classNumber
      const modes = modeBit(heldIn, mode)
      if ((this.#known[pair] & modes) !== 0) continue
      this.#known[pair] |= modes
      circle = this.#add(task, { held: held[i].lock, wanted: lock }, modes, at) ?? circle
    }
    return circle
  }

  /** Made apart: a closure costs whoever could make one. */
  #add(
    { comm }: SimTask,
    { held, wanted }: { readonly held: SimLock; readonly wanted: SimLock },
    modes: number,
    at: Ns,
  ): OrderCycle<OrderWitness> | undefined {
    return this.graph.add(held.className, wanted.className, modes, () => ({ by: comm, at }))
  }
}

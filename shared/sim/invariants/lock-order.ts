/**
 * The order graph of all locks, bits and handles included: an edge from each class a task holds to the class it asks for
 * (V11; DOMAIN.md 2.1, "blind spot"). A circle is reported the first time its last edge shows, hang or no hang. Trylocks
 * add nothing, locks of one class inside each other neither (the wait-for graph sees real self-deadlocks).
 */

import type { SimLock } from '../locks.ts'
import type { SimTask } from '../task.ts'

export interface OrderEdge {
  readonly from: string
  readonly to: string
  /** Task that first showed it. */
  readonly by: string
}

/** Classes the kernel's own lockdep does not know (2.1): circles through them went unseen. */
const INVISIBLE = new Set(['folio', 'dax entry'])

export class LockOrder {
  readonly edges: OrderEdge[] = []
  readonly cycles: (readonly string[])[] = []
  readonly #known = new Set<number>()
  readonly #after = new Map<string, string[]>()

  /** The task asks for the lock; returns the circle this closes, if it does for the first time. */
  wanted(task: SimTask, lock: SimLock): readonly string[] | undefined {
    let circle: readonly string[] | undefined
    for (const held of task.held) {
      const key = held.lock.classNumber * 1024 + lock.classNumber
      if (held.lock.classNumber === lock.classNumber || this.#known.has(key)) continue
      this.#known.add(key)
      circle = this.#add(held.lock.className, lock.className, task) ?? circle
    }
    return circle
  }

  #add(from: string, to: string, task: SimTask): readonly string[] | undefined {
    this.edges.push({ from, to, by: task.comm })
    const path = this.#path(to, from)
    const after = this.#after.get(from)
    if (after === undefined) this.#after.set(from, [to])
    else after.push(to)
    if (path === undefined) return undefined
    this.cycles.push(path)
    return path
  }

  /** Classes from `start` to `goal` along known edges. */
  #path(start: string, goal: string): readonly string[] | undefined {
    const cameFrom = new Map<string, string>([[start, start]])
    const queue = [start]
    for (const at of queue) {
      if (at === goal) {
        const path = [goal]
        for (let step = goal; step !== start;) path.unshift((step = cameFrom.get(step) ?? start))
        return path
      }
      for (const next of this.#after.get(at) ?? []) {
        if (cameFrom.has(next)) continue
        cameFrom.set(next, at)
        queue.push(next)
      }
    }
    return undefined
  }
}

/** Would lockdep have seen the circle? */
export function lockdepSees(circle: readonly string[]): boolean {
  return !circle.some((name) => INVISIBLE.has(name))
}

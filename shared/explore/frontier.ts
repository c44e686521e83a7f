/**
 * The parts of a search that have been handed out and what is left to hand out. A search begins as one unit, the whole tree;
 * whenever somebody has nothing to do, a unit is stopped (search.ts) and what it has left comes here as units. What a unit's
 * races ask for above its own prefix comes here too, and each branch is handed out once. So the schedules that are seen are
 * the same however many share the work; only what sleep sets save differs a little.
 */

import { assert } from '../base/assert.ts'
import type { Found, OpenPoint, Sleeper, UnitResult, UnitSpec } from './unit.ts'

/** A point that belongs to no unit any more. */
interface Node {
  /** Branches that have been handed out or done, as bits. */
  done: number
  readonly point: Omit<OpenPoint, 'depth' | 'todo'>
  readonly doneCodes: Sleeper[]
  readonly children: Map<number, Node>
}

export interface Totals {
  executions: number
  redundant: number
  steps: number
  cut: number
}

export class Frontier {
  readonly totals: Totals = { executions: 0, redundant: 0, steps: 0, cut: 0 }
  /** Some move was over the bound. */
  bounded = false
  /** The first schedule of each violation. */
  readonly found = new Map<string, Found>()
  readonly #preemptions: number | undefined
  readonly #units: UnitSpec[] = [{ prefix: [], sleepers: [] }]
  #root: Node | undefined

  constructor(preemptions: number | undefined) {
    this.#preemptions = preemptions
  }

  get waiting(): number {
    return this.#units.length
  }

  /** The unit nearest to the root: it is likely to be the largest. */
  take(): UnitSpec | undefined {
    let best = 0
    for (let i = 1; i < this.#units.length; i++) {
      if (this.#units[i].prefix.length < this.#units[best].prefix.length) best = i
    }
    return this.#units.splice(best, 1).at(0)
  }

  /** Nobody has begun with it. */
  giveBack(unit: UnitSpec): void {
    this.#units.push(unit)
  }

  /** A unit has ended, or was stopped. */
  put(unit: UnitSpec, result: UnitResult): void {
    this.add(result)
    this.#adopt(unit, result)
    for (const { depth, tasks } of result.escapes) this.#branch(unit.prefix.slice(0, depth), tasks)
  }

  /** What was seen counts; what is left is somebody else's. */
  add(result: UnitResult): void {
    const { totals } = this
    totals.executions += result.executions
    totals.redundant += result.redundant
    totals.steps += result.steps
    totals.cut += result.cut
    if (result.bounded) this.bounded = true
    for (const found of result.found) if (!this.found.has(found.key)) this.found.set(found.key, found)
  }

  #adopt(unit: UnitSpec, { path, open }: UnitResult): void {
    let parent = unit.prefix.length === 0 ? undefined : this.#nodeAt(unit.prefix.slice(0, -1))
    for (const { depth, todo, ...point } of open) {
      const node: Node = { done: point.done, point, doneCodes: [...point.doneCodes], children: new Map() }
      if (parent === undefined) this.#root = node
      else parent.children.set(path[depth - 1], node)
      parent = node
      this.#hand(node, path.slice(0, depth), todo)
    }
  }

  #nodeAt(prefix: readonly number[]): Node {
    let node = this.#root
    for (const task of prefix) node = node?.children.get(task)
    assert(node !== undefined, 'what leads to a unit was handed in before')
    return node
  }

  #branch(prefix: readonly number[], tasks: number): void {
    const node = this.#nodeAt(prefix)
    this.#hand(node, prefix, tasks)
  }

  #hand(node: Node, prefix: readonly number[], tasks: number): void {
    const { point } = node
    for (let left = tasks & ~node.done; left !== 0; left &= left - 1) {
      const task = 31 - Math.clz32(left & -left)
      node.done |= 1 << task
      if (point.sleepers.some((one) => one.task === task) || this.#overBound(point, task)) continue
      this.#units.push({ prefix: [...prefix, task], sleepers: [...point.sleepers, ...node.doneCodes] })
    }
  }

  #overBound(point: Node['point'], task: number): boolean {
    if (this.#preemptions === undefined || point.continues === -1 || point.continues === task) return false
    if (point.preemptions < this.#preemptions) return false
    this.bounded = true
    return true
  }
}

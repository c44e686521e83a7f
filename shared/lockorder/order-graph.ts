/**
 * The order in which locks were taken, as lockdep keeps it: classes are nodes, "asked for B while holding A" is an edge
 * A → B, a circle is a deadlock that some schedule can reach (Documentation/locking/lockdep-design.rst). Simulated runs,
 * imported traces and lockdep's own reports feed this one graph. Bits without a lockdep map (folio and DAX entry locks) are
 * nodes like any other; `lockdepSees` says which circles the kernel could not have told anyone about.
 *
 * An edge remembers who showed it first and in which modes. A circle is reported once, when its last edge appears, as the
 * shortest path back. It does not know gate locks: a circle that an outer lock prevents is reported all the same, as
 * lockdep does.
 */

import { limits } from '../base/limits.ts'
import type { LockMode } from '../model/kinds.ts'

export interface OrderEdge<W> {
  readonly from: string
  readonly to: string
  /** Who showed it first. */
  readonly witness: W
  /** `modeBit`s of all witnesses: how the first was held, how the second was asked for. */
  modes: number
}

export interface OrderCycle<W> {
  /** Edges in order; the last one leads back to the first one's `from`. The last to appear comes first. */
  readonly edges: readonly OrderEdge<W>[]
}

/** One bit per pair of (held, wanted) modes. */
export function modeBit(held: LockMode, wanted: LockMode): number {
  return 1 << ((held === 'shared' ? 2 : 0) + (wanted === 'shared' ? 1 : 0))
}

const WANTED_EXCLUSIVE = 0b0101
const HELD_EXCLUSIVE = 0b0011

/** Classes the kernel's lockdep does not know (mm/filemap.c, fs/dax.c: bits with no lockdep_map). */
const INVISIBLE: ReadonlySet<string> = new Set(['folio', 'dax entry'])

export function knownToLockdep(className: string): boolean {
  return !INVISIBLE.has(className)
}

/**
 * RCU and SRCU readers: lockdep calls them recursive readers, which nothing can make wait (include/linux/rcupdate.h:
 * rcu_lock_acquire, read = 2). They are in no circle, so they are no part of an order.
 */
export function isRcu(className: string): boolean {
  return className.startsWith('rcu_') || className.endsWith('srcu')
}

/** Would lockdep have seen the circle? */
export function lockdepSees(classes: readonly string[]): boolean {
  return classes.every(knownToLockdep)
}

/**
 * True if somewhere in the circle readers meet readers: it hangs only with a writer queued between them, which a fair
 * rwsem lets wait ahead of later readers (kernel/locking/rwsem.c).
 */
export function needsQueuedWriter<W>({ edges }: OrderCycle<W>): boolean {
  return edges.some((edge, i) => {
    const after = edges[(i + 1) % edges.length]
    return (edge.modes & WANTED_EXCLUSIVE) === 0 && (after.modes & HELD_EXCLUSIVE) === 0
  })
}

export function classesOf<W>({ edges }: OrderCycle<W>): readonly string[] {
  return edges.map((edge) => edge.from)
}

export function inWords<W>(cycle: OrderCycle<W>): string {
  return [...classesOf(cycle), cycle.edges[0].from].join(' → ')
}

export class OrderGraph<W> {
  readonly edges: OrderEdge<W>[] = []
  readonly cycles: OrderCycle<W>[] = []
  /** Circles beyond limits.orderCycles: counted, not kept. */
  cyclesLeftOut = 0
  readonly #from = new Map<string, Map<string, OrderEdge<W>>>()

  /** Returns the circle this closes, if the edge is new and closes one. `witness` is asked for new edges only. */
  add(from: string, to: string, modes: number, witness: () => W): OrderCycle<W> | undefined {
    if (from === to) return undefined
    const known = this.#from.get(from)?.get(to)
    if (known !== undefined) {
      known.modes |= modes
      return undefined
    }
    const edge: OrderEdge<W> = { from, to, witness: witness(), modes }
    this.edges.push(edge)
    const back = this.#path(to, from)
    const after = this.#from.get(from) ?? new Map<string, OrderEdge<W>>()
    after.set(to, edge)
    this.#from.set(from, after)
    if (back === undefined) return undefined
    const cycle = { edges: [edge, ...back] }
    if (this.cycles.length < limits.orderCycles) this.cycles.push(cycle)
    else this.cyclesLeftOut++
    return cycle
  }

  /** Shortest way from `start` to `goal` along known edges. */
  #path(start: string, goal: string): OrderEdge<W>[] | undefined {
    const cameBy = new Map<string, OrderEdge<W> | undefined>([[start, undefined]])
    const queue = [start]
    for (const at of queue) {
      if (at === goal) {
        const path: OrderEdge<W>[] = []
        for (let edge = cameBy.get(goal); edge !== undefined; edge = cameBy.get(edge.from)) path.unshift(edge)
        return path
      }
      for (const [next, edge] of this.#from.get(at) ?? []) {
        if (cameBy.has(next)) continue
        cameBy.set(next, edge)
        queue.push(next)
      }
    }
    return undefined
  }
}

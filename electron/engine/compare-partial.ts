/**
 * A comparison as far as it is, for whoever watches it: computed again at most so often, because its statistics take longer
 * than a run does. Whoever reports progress adds it where it is due.
 */

import { limits } from '#shared/base/limits.ts'
import type { ComparedStrategy, PartialComparison } from '#shared/contract/simulation.ts'

/** The first row is there with the first run; after that a picture a second is what one can look at. */
const EVERY_MS = 1_000

export class Partials {
  readonly #plan: Pick<PartialComparison, 'baseline' | 'seeds'>
  #next = -Infinity

  constructor({ baseline, seeds }: Pick<PartialComparison, 'baseline' | 'seeds'>) {
    this.#plan = { baseline, seeds }
  }

  /** A look at the beginnings of the runs: new with every call, and cheap. */
  looked(strategies: readonly ComparedStrategy[]): { readonly partial?: PartialComparison } {
    if (!strategies.some(({ id }) => id === this.#plan.baseline)) return {}
    const { baseline, seeds } = this.#plan
    return { partial: { baseline, seeds: seeds.slice(0, 1), strategies, firstOps: limits.lookOps } }
  }

  /** Nothing where it is not due, or where the baseline has no run yet. */
  of(make: () => readonly ComparedStrategy[]): { readonly partial?: PartialComparison } {
    const now = performance.now()
    if (now < this.#next) return {}
    const strategies = make()
    if (!strategies.some(({ id }) => id === this.#plan.baseline)) return {}
    this.#next = performance.now() + EVERY_MS
    return { partial: { ...this.#plan, strategies } }
  }
}

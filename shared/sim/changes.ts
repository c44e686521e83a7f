/**
 * What becomes durable when a transaction commits, in the order in which it was changed. That a page has a block is most of
 * it, and kept as numbers: a closure for each would live until the commit, and be moved by the garbage collector meanwhile.
 * It does not ask what a change is worth without those before it; crashes between two changes are no part of the model.
 */

import type { Mapping } from './extents.ts'

export class Changes {
  length = 0
  /** Per change the durable mappings it goes into; undefined: it is one of the others, `#indices` says which. */
  readonly #durable: (Int32Array | undefined)[] = []
  readonly #indices: number[] = []
  readonly #mappings: Mapping[] = []
  readonly #others: (() => void)[] = []

  /** `durable[index]` becomes `mapping`. */
  map(durable: Int32Array, index: number, mapping: Mapping): void {
    this.#add(durable, index, mapping)
  }

  add(change: () => void): void {
    this.#add(undefined, this.#others.push(change) - 1, 0)
  }

  #add(durable: Int32Array | undefined, index: number, mapping: Mapping): void {
    this.length++
    this.#durable.push(durable)
    this.#indices.push(index)
    this.#mappings.push(mapping)
  }

  happen(): void {
    for (let i = 0; i < this.length; i++) {
      const durable = this.#durable[i]
      if (durable === undefined) this.#others[this.#indices[i]]()
      else durable[this.#indices[i]] = this.#mappings[i]
    }
  }
}

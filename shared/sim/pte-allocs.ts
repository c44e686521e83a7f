/**
 * Allocations of page tables by COW faults, some of which fail if asked to: what the error path of a fault lets go of can be
 * seen in no other way. Which fail is drawn from a stream of each task. Tables themselves are not modelled.
 */

import { stream, type Stream } from '../base/prng.ts'
import type { Kernel } from './kernel.ts'
import type { Stats } from './stats.ts'

export class PteAllocs {
  readonly #kernel: Kernel
  readonly #stats: Stats
  #failEvery = 0
  readonly #streams: (Stream | undefined)[] = []

  constructor(kernel: Kernel, stats: Stats) {
    this.#kernel = kernel
    this.#stats = stats
  }

  /** From now on one in `every` fails; 0: none. */
  failEvery(every: number): void {
    this.#failEvery = every
  }

  fails(): boolean {
    if (this.#failEvery === 0) return false
    const { seed, current } = this.#kernel
    const failed = (this.#streams[current.id] ??= stream(seed, 0xfa11, current.id)).below(this.#failEvery) === 0
    if (failed) this.#stats.bump('injected ENOMEM')
    return failed
  }
}

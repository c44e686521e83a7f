/**
 * Which blocks page tables map, those that only TLBs still hold included, and who put them there: what a dangling PTE (V1, V2)
 * is told from. Counting is cheap and always on; who it was is looked up only when something is wrong.
 */

import { actorIn, pageName } from '../finding.ts'
import { pteKind, pteTarget, PAGES_PER_PMD, PTE_NONE, type Pte, type Vma } from '../mm.ts'
import type { World } from '../world.ts'

/** Parts of a sentence, and what they name. */
export interface Mapping {
  readonly text: string
  readonly tasks: readonly string[]
  readonly objects: readonly string[]
}

/** More of them make no sentence any more. */
const TOLD = 3

export class MappedBlocks {
  readonly #world: World
  /** PTEs per block. */
  readonly #count: Int32Array
  /** By place of a PTE among those of all VMAs: who set it last, as number of the task plus 1. */
  #setBy = new Int32Array(0)

  constructor(world: World) {
    this.#world = world
    this.#count = new Int32Array(world.device.blocks)
  }

  count(block: number): number {
    return this.#count[block]
  }

  add(block: number, by: 1 | -1): void {
    this.#count[block] += by
  }

  /** The running task sets the PTE of a page. */
  sets(vma: Vma, index: number): void {
    const at = vma.placeOf(index)
    if (at >= this.#setBy.length) this.#roomFor(vma)
    this.#setBy[at] = actorIn(this.#world.k)
  }

  #roomFor(vma: Vma): void {
    const next = new Int32Array(Math.max(vma.placeOf(vma.pgoff) + vma.pages, this.#setBy.length * 2))
    next.set(this.#setBy)
    this.#setBy = next
  }

  /** Name of who set a page's PTE last. */
  whose(vma: Vma, index: number): string {
    const by = this.#setBy[vma.placeOf(index)] ?? 0
    return by === 0 ? `mm ${vma.mm.id}` : this.#world.k.tasks[by - 1].comm
  }

  /** Whose PTEs map a block, in words: `fault maps it at page 5 of inode 1`. */
  ofBlock(block: number): Mapping {
    const tasks = new Set<string>()
    const objects = new Set<string>()
    const parts: string[] = []
    for (const { vma, index } of this.#places(block)) {
      if (parts.length === TOLD) return { text: `${parts.join(', ')} and others map it`, ...lists(tasks, objects) }
      const task = this.whose(vma, index)
      const page = pageName({ number: vma.inode }, index)
      tasks.add(task)
      objects.add(page)
      parts.push(`${task} maps it at ${page}`)
    }
    const count = this.#count[block]
    const text = parts.length > 0 ? parts.join(' and ') : count === 1 ? '1 PTE maps it' : `${count} PTEs map it`
    return { text, ...lists(tasks, objects) }
  }

  *#places(block: number): Generator<{ readonly vma: Vma; readonly index: number }> {
    const holds = (pte: Pte) => pteKind(pte) === 'file' && pteTarget(pte) === block
    for (const { vmas } of this.#world.mms) {
      for (const vma of vmas) {
        for (let range = 0; range < vma.pmds.length; range++) {
          const at = block - vma.pmds[range]
          if (vma.pmds[range] >= 0 && at >= 0 && at < PAGES_PER_PMD) {
            yield { vma, index: vma.pgoff + range * PAGES_PER_PMD + at }
          }
        }
        const { ptes } = vma
        for (let i = 0; i < vma.pages; i++) {
          if (holds(ptes[i]) || holds(vma.stale?.[i] ?? PTE_NONE)) yield { vma, index: vma.pgoff + i }
        }
      }
    }
  }
}

function lists(tasks: ReadonlySet<string>, objects: ReadonlySet<string>): Omit<Mapping, 'text'> {
  return { tasks: [...tasks], objects: [...objects] }
}

/**
 * Metadata that no cache has yet: leaves of a file's extent tree and the bitmaps of block groups. The first who needs one
 * reads it from the device, under whatever locks it holds; who comes meanwhile waits for that read (fs/ext4/extents.c:
 * read_extent_tree_block, mballoc.c: ext4_mb_load_buddy). A run begins warm unless told otherwise.
 */

import { C } from './costs.ts'
import { WaitQueue } from './locks.ts'
import { P } from './phases.ts'
import type { Steps } from './task.ts'
import type { World } from './world.ts'

/** Extents a 4 KiB leaf has: (4096 - 12) / 12. */
export const EXTENTS_PER_LEAF = 340
/** Blocks one 4 KiB bitmap speaks of. */
export const BLOCKS_PER_GROUP = 32_768

export class ColdMetadata {
  readonly #world: World
  /** What has to be read, false, or is being read, true. */
  readonly #cold = new Map<string, boolean>()
  readonly #read = new WaitQueue('wait_on_buffer')

  constructor(world: World, blocks: number) {
    this.#world = world
    for (let block = 0; block < blocks; block += BLOCKS_PER_GROUP) this.#cold.set(groupOf(block), false)
  }

  /** A block that stands on the device before the run begins: its leaf does, too. */
  stands(inode: number, index: number): void {
    this.#cold.set(leafOf(inode, index), false)
  }

  /** The leaf of the extent tree where an index is looked up. */
  leaf(inode: number, index: number): Steps {
    return this.#need(leafOf(inode, index), C.extentLookupCold)
  }

  /** The bitmap the next block comes from. */
  group(): Steps {
    return this.#need(groupOf(this.#world.allocator.next), C.allocCold)
  }

  *#need(name: string, cost: number): Steps {
    const { k } = this.#world
    if (this.#cold.get(name) === false) {
      this.#cold.set(name, true)
      yield* this.#world.io(P.read_io, cost)
      this.#cold.delete(name)
      k.wake(this.#read, 0)
    }
    while (this.#cold.has(name)) if (k.sleepOn(this.#read, false)) yield
  }
}

function leafOf(inode: number, index: number): string {
  return `extents of ${inode} at ${Math.floor(index / EXTENTS_PER_LEAF)}`
}

function groupOf(block: number): string {
  return `group ${Math.floor(block / BLOCKS_PER_GROUP)}`
}

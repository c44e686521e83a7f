/**
 * What has been promised to survive a power cut (V15): the bytes a page showed when an fsync or msync began that has
 * returned since, and bytes stored through a MAP_SYNC mapping that their writer has flushed. A promise is kept by those
 * bytes or by any that were stored after it was asked for (caches may evict what nobody synced); a removal or a move of
 * the page ends it, because its transaction may commit at any moment.
 *
 * Kept only where someone judges power cuts (a search, SC7): a promise costs a copy of what the file shows.
 */

import type { Tag } from '../content.ts'
import type { Inode } from '../inode.ts'
import type { ContentOracle } from './content.ts'

interface Promised {
  readonly tags: Int32Array
  /** Serial of the last store when the promise was asked for, -1 no promise. */
  readonly since: Int32Array
  /** Per page: when a removal last began. */
  readonly removed: Int32Array
}

/** What an fsync that has begun will have promised when it returns. */
export interface Asked {
  readonly tags: Int32Array
  readonly sure: Uint8Array
  readonly since: number
  readonly at: number
}

export class Promises {
  readonly #content: ContentOracle
  readonly #slots: number
  readonly #files = new Map<number, Promised>()
  /** Told when something has been promised: the power may fail there. */
  onGive: (() => void) | undefined
  /** Removals begun so far. */
  #removals = 0

  constructor(content: ContentOracle, slots: number) {
    this.#content = content
    this.#slots = slots
  }

  #of(inode: Inode): Promised {
    let file = this.#files.get(inode.number)
    if (file === undefined) {
      const cells = inode.pages * this.#slots
      file = {
        tags: new Int32Array(cells),
        since: new Int32Array(cells).fill(-1),
        removed: new Int32Array(inode.pages),
      }
      this.#files.set(inode.number, file)
    }
    return file
  }

  /** fsync begins; `serial` is that of the last store so far. */
  ask(inode: Inode, serial: number): Asked {
    if (this.onGive !== undefined) this.#content.looks(inode)
    return { ...this.#content.sure(inode), since: serial, at: this.#removals }
  }

  /** fsync has returned without an error. */
  give(inode: Inode, asked: Asked): void {
    const file = this.#of(inode)
    for (let cell = 0; cell < asked.sure.length; cell++) {
      const index = Math.floor(cell / this.#slots)
      if (asked.sure[cell] === 0 || index >= inode.size || file.removed[index] > asked.at) continue
      if (file.since[cell] > asked.since) continue
      file.tags[cell] = asked.tags[cell]
      file.since[cell] = asked.since
    }
    this.onGive?.()
  }

  /** One slot's bytes, flushed by who stored them through a MAP_SYNC mapping. */
  giveSlot(inode: Inode, at: { readonly index: number; readonly slot: number }, tag: Tag): void {
    const file = this.#of(inode)
    const cell = at.index * this.#slots + at.slot
    file.tags[cell] = tag
    file.since[cell] = serialOf(tag)
    this.onGive?.()
  }

  /** A removal or a move of these pages begins. */
  end(inode: Inode, range: { readonly from: number; readonly to: number }): void {
    const file = this.#of(inode)
    const at = ++this.#removals
    for (let index = range.from; index < Math.min(range.to, inode.pages); index++) {
      file.removed[index] = at
      for (let slot = 0; slot < this.#slots; slot++) file.since[index * this.#slots + slot] = -1
    }
  }

  /** What was promised about a slot, if `found` (undefined: beyond the recovered end) does not keep it. */
  broken(inode: Inode, at: { readonly index: number; readonly slot: number }, found: Tag | undefined): Tag | undefined {
    const file = this.#files.get(inode.number)
    if (file === undefined) return undefined
    const cell = at.index * this.#slots + at.slot
    const since = file.since[cell]
    if (since === -1 || found === file.tags[cell]) return undefined
    if (found !== undefined && (found & 15) === (inode.number & 15) && serialOf(found) > since) {
      return undefined
    }
    return file.tags[cell]
  }
}

/** When a tag was stored, as a number that grows (World.tag). */
function serialOf(tag: Tag): number {
  return (tag >> 4) - 1
}

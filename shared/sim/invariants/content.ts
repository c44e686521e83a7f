/**
 * What a reader may see: per page and slot the last completed store, write() or removal of each file. While
 * a removal or write is under way over a slot, and after one that a store ran into, either outcome is right; the slot is
 * judged again from the next store that nothing overlaps.
 */

import { isGarbage, ZERO, describeForeign, describeTag, type Tag } from '../content.ts'
import { blockOf, isMapped } from '../extents.ts'
import { actorIn, pageName } from '../finding.ts'
import type { Inode } from '../inode.ts'
import type { World } from '../world.ts'

const SURE = 0
const UNDER_WAY = 1
/** Stored to while something was under way. */
const CROSSED = 2

interface Expected {
  readonly tags: Int32Array
  readonly state: Uint8Array
  /** Whose bytes they are, as number of the task plus 1; 0: they were there. */
  readonly by: Int32Array
  /** Removals and writes under way, per page. */
  readonly busy: Uint8Array
}

export interface Snapshot {
  readonly tags: Int32Array
  readonly state: Uint8Array
}

export class ContentOracle {
  readonly #world: World
  readonly #files = new Map<number, Expected>()

  constructor(world: World) {
    this.#world = world
  }

  #of(inode: Inode): Expected {
    let expected = this.#files.get(inode.number)
    if (expected === undefined) {
      const cells = inode.pages * this.#world.device.slots
      expected = {
        tags: new Int32Array(cells),
        state: new Uint8Array(cells),
        by: new Int32Array(cells),
        busy: new Uint8Array(inode.pages),
      }
      this.#files.set(inode.number, expected)
    }
    return expected
  }

  /** For a search: what it knows of these pages is looked at, or changes. */
  #touch(inode: Inode, range: { readonly from: number; readonly to: number }, write: boolean): void {
    const { k } = this.#world
    if (k.timed) return
    const last = Math.min(range.to, inode.pages)
    for (let index = range.from; index < last; index++) k.touch(inode.contentObject + index, write)
  }

  /** Somebody looks at all of a file. */
  looks(inode: Inode): void {
    this.#touch(inode, { from: 0, to: inode.pages }, false)
  }

  isBusy(inode: Inode, index: number): boolean {
    this.#world.k.touch(inode.contentObject + index, false)
    return this.#of(inode).busy[index] > 0
  }

  begin(inode: Inode, range: { readonly from: number; readonly to: number }, slots?: readonly number[]): void {
    const expected = this.#of(inode)
    this.#touch(inode, range, true)
    this.#each(inode, range, slots, (cell) => {
      if (expected.state[cell] === SURE) expected.state[cell] = UNDER_WAY
    })
    for (let index = range.from; index < Math.min(range.to, inode.pages); index++) expected.busy[index]++
  }

  /** The removal (tag ZERO) or write over these slots is complete. */
  end(
    inode: Inode,
    range: { readonly from: number; readonly to: number },
    result: { readonly tag: Tag; readonly slots?: readonly number[] },
  ): void {
    const expected = this.#of(inode)
    const last = Math.min(range.to, inode.pages)
    this.#touch(inode, range, true)
    for (let index = range.from; index < last; index++) expected.busy[index]--
    this.#each(inode, range, result.slots, (cell, index) => {
      if (expected.busy[index] > 0 || expected.state[cell] === CROSSED) return
      expected.state[cell] = SURE
      expected.tags[cell] = result.tag
      expected.by[cell] = this.#me()
    })
  }

  /** Collapse and insert: pages behind `from` stand `by` pages further, what comes in between or at the end is zeroes. */
  shifted(inode: Inode, from: number, by: number): void {
    const expected = this.#of(inode)
    const width = this.#world.device.slots
    const tags = expected.tags.slice()
    const state = expected.state.slice()
    const owners = expected.by.slice()
    this.#touch(inode, { from, to: inode.pages }, true)
    for (let index = from; index < inode.pages; index++) {
      expected.busy[index]--
      const source = index - by
      const inside = source >= from && source < inode.pages
      for (let slot = 0; slot < width; slot++) {
        const cell = index * width + slot
        expected.tags[cell] = inside ? tags[source * width + slot] : ZERO
        expected.by[cell] = inside ? owners[source * width + slot] : this.#me()
        const was = inside ? state[source * width + slot] : SURE
        expected.state[cell] = was === UNDER_WAY && expected.busy[index] === 0 ? SURE : was
      }
    }
  }

  /** What was under way went elsewhere: nothing is known of these slots until the next store. */
  abandon(inode: Inode, range: { readonly from: number; readonly to: number }, slots: readonly number[]): void {
    const expected = this.#of(inode)
    this.#touch(inode, range, true)
    for (let index = range.from; index < Math.min(range.to, inode.pages); index++) expected.busy[index]--
    this.#each(inode, range, slots, (cell) => {
      expected.state[cell] = CROSSED
    })
  }

  #each(
    inode: Inode,
    range: { readonly from: number; readonly to: number },
    slots: readonly number[] | undefined,
    visit: (cell: number, index: number) => void,
  ): void {
    const width = this.#world.device.slots
    const last = Math.min(range.to, inode.pages)
    for (let index = range.from; index < last; index++) {
      if (slots !== undefined) for (const slot of slots) visit(index * width + slot, index)
      else for (let slot = 0; slot < width; slot++) visit(index * width + slot, index)
    }
  }

  /** A store through a mapping has retired. */
  stored(inode: Inode, at: { readonly index: number; readonly slot: number }, tag: Tag): void {
    this.#world.k.touch(inode.contentObject + at.index, true)
    const expected = this.#of(inode)
    const cell = at.index * this.#world.device.slots + at.slot
    expected.tags[cell] = tag
    expected.by[cell] = this.#me()
    expected.state[cell] = expected.busy[at.index] > 0 ? CROSSED : SURE
  }

  /** What the file shows now, cell by cell, and which cells nothing is under way over. */
  sure(inode: Inode): { readonly tags: Int32Array; readonly sure: Uint8Array } {
    const expected = this.#of(inode)
    return { tags: expected.tags.slice(), sure: expected.state.map((state) => (state === SURE ? 1 : 0)) }
  }

  /** The tag a slot is known to have; undefined while something is under way over it. */
  tagOf(inode: Inode, at: { readonly index: number; readonly slot: number }): Tag | undefined {
    const expected = this.#of(inode)
    const cell = at.index * this.#world.device.slots + at.slot
    return expected.state[cell] === SURE ? expected.tags[cell] : undefined
  }

  /** What a page should show now, for a read that takes a while: it may return this, or what comes meanwhile. */
  before(inode: Inode, index: number): Snapshot {
    const expected = this.#of(inode)
    const width = this.#world.device.slots
    this.#world.k.touch(inode.contentObject + index, false)
    return {
      tags: expected.tags.slice(index * width, (index + 1) * width),
      state: expected.state.slice(index * width, (index + 1) * width),
    }
  }

  /** Judges what a load or read returned; `since` is what the page should have shown when a read began. */
  loaded(
    inode: Inode,
    at: { readonly index: number; readonly slot: number; readonly by: string; readonly since?: Snapshot | undefined },
    tag: Tag,
  ): void {
    const expected = this.#of(inode)
    const cell = at.index * this.#world.device.slots + at.slot
    const { k } = this.#world
    const object = inode.contentObject + at.index
    k.touch(object, false)
    if (isGarbage(tag) || (tag > 0 && (tag & 15) !== (inode.number & 15))) {
      this.#tell('V5', { ...at, inode }, () => ({ what: describeForeign(tag) }))
      const lost = expected.state[cell] === SURE && expected.tags[cell] > 0
      k.touch(object, true)
      if (lost) {
        const page = pageName(inode, at.index)
        const { what, tasks } = this.#wanted(expected, cell)
        k.report('V6', () => ({ message: `${k.current.comm}: ${what} to ${page} is lost`, tasks, objects: [page] }))
      }
      expected.state[cell] = CROSSED
      return
    }
    if (expected.state[cell] !== SURE || expected.tags[cell] === tag) return
    const wanted = expected.tags[cell]
    const { since } = at
    if (since !== undefined && (since.state[at.slot] !== SURE || since.tags[at.slot] !== wanted)) return
    const inPlace = this.#inPlace(inode, at.index, at.slot) === wanted
    this.#tell(wanted === ZERO ? 'V8' : inPlace ? 'V7' : 'V6', { ...at, inode }, () => {
      const { what, tasks } = this.#wanted(expected, cell)
      return { what: `${describeTag(tag)} instead of ${what}`, tasks }
    })
    k.touch(object, true)
    // Said once; the slot is judged again from the next store.
    expected.state[cell] = CROSSED
  }

  /** What a load or read should not have returned. */
  #tell(
    invariant: string,
    at: { readonly inode: Inode; readonly index: number; readonly by: string },
    tell: () => { readonly what: string; readonly tasks?: readonly string[] },
  ): void {
    const { k } = this.#world
    k.report(invariant, () => {
      const page = pageName(at.inode, at.index)
      const { what, tasks = [k.current.comm] } = tell()
      return { message: `${k.current.comm}: ${at.by} of ${page} returns ${what}`, tasks, objects: [page] }
    })
  }

  #me(): number {
    return actorIn(this.#world.k)
  }

  /** What a slot should show, by whom, and who that and the one who looks are. */
  #wanted({ tags, by }: Expected, cell: number): { readonly what: string; readonly tasks: readonly string[] } {
    const { current, tasks } = this.#world.k
    const tag = describeTag(tags[cell])
    if (by[cell] === 0) return { what: tag, tasks: [current.comm] }
    const { comm } = tasks[by[cell] - 1]
    if (comm === current.comm && tags[cell] !== ZERO) return { what: `its own ${tag}`, tasks: [comm] }
    return {
      what: tags[cell] === ZERO ? `the zeroes of ${comm}` : `${comm}'s ${tag}`,
      tasks: [...new Set([current.comm, comm])],
    }
  }

  /** What the page's own place holds: the cached page, else its block. */
  #inPlace(inode: Inode, index: number, slot: number): Tag {
    const page = inode.mapping.cache.get(index)
    if (page !== undefined && !page.hole && page.uptodate) return page.content[slot]
    const mapping = inode.extents.tree[index]
    return isMapped(mapping) ? this.#world.device.read(blockOf(mapping), slot) : ZERO
  }
}

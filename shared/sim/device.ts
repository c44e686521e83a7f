/**
 * The storage below a filesystem: per block and slot what a load sees, and for persistent memory what would survive a power
 * cut. A store through a mapping sits in CPU caches until it is flushed (clwb and fence) or evicted; non-temporal stores
 * and the kernel's zeroing helpers are durable at their end. With eADR the caches are durable too.
 */

import type { Ns } from '../model/trace.ts'
import { garbageOf, GARBAGE, type Tag } from './content.ts'

export class Device {
  readonly blocks: number
  readonly slots: number
  readonly eadr: boolean
  readonly #visible: Int32Array
  readonly #durable: Int32Array
  /** Slots with bytes that only caches hold. */
  readonly #dirty: Uint8Array
  dirtySlots = 0
  /** Moves with every store: each changes what a power cut would leave, or might. */
  version = 0
  /** Told after each store of a slot: the power may fail there. */
  onChange: (() => void) | undefined

  constructor(options: { readonly blocks: number; readonly slots: number; readonly eadr: boolean }) {
    this.blocks = options.blocks
    this.slots = options.slots
    this.eadr = options.eadr
    const cells = options.blocks * options.slots
    this.#visible = new Int32Array(cells).fill(GARBAGE)
    this.#durable = new Int32Array(cells).fill(GARBAGE)
    this.#dirty = new Uint8Array(cells)
  }

  read(block: number, slot: number): Tag {
    return this.#visible[block * this.slots + slot]
  }

  durable(block: number, slot: number): Tag {
    return this.#durable[block * this.slots + slot]
  }

  /** Is the slot's visible content still only in caches? */
  unflushed(block: number, slot: number): boolean {
    return this.#dirty[block * this.slots + slot] === 1
  }

  /** A store that stays in the caches (a mapping's user), or is durable at once (kernel copies, non-temporal). */
  store(block: number, slot: number, tag: Tag, durably: boolean): void {
    const at = block * this.slots + slot
    this.version++
    this.#visible[at] = tag
    if (durably || this.eadr) {
      this.#durable[at] = tag
      this.dirtySlots -= this.#dirty[at]
      this.#dirty[at] = 0
    } else if (this.#dirty[at] === 0) {
      this.#dirty[at] = 1
      this.dirtySlots++
    }
    this.onChange?.()
  }

  fill(block: number, tag: Tag, durably: boolean): void {
    for (let slot = 0; slot < this.slots; slot++) this.store(block, slot, tag, durably)
  }

  flush(block: number): void {
    for (let slot = 0; slot < this.slots; slot++) {
      this.store(block, slot, this.#visible[block * this.slots + slot], true)
    }
  }

  /** The block changes hands: what it holds is garbage to its next owner, in caches and on the medium. */
  disown(block: number, owner: number): void {
    for (let slot = 0; slot < this.slots; slot++) this.store(block, slot, garbageOf(owner), true)
  }
}

/** What all who read, or all who write, share of a device: its transfers follow one another. */
export class Channel {
  #freeAt: Ns = 0

  /** How long a transfer that begins at `at` takes whose CPU needs `cpuNs` and which holds the channel for `shareNs`. */
  takes(at: Ns, shareNs: Ns, cpuNs: Ns): Ns {
    this.#freeAt = Math.max(at, this.#freeAt) + shareNs
    return Math.max(cpuNs, this.#freeAt - at)
  }
}

/**
 * Free space as a search sees it: who takes a block, who frees one, who asks whether there is any. Taking and bringing back
 * decide which block comes next, so they are ordered; but whether there is one at all, which everybody asks who writes, changes
 * only where the last one goes or the first one comes back. It marks, the allocator counts.
 */

import type { Allocator } from './allocator.ts'
import type { Kernel } from './kernel.ts'

export class Space {
  readonly #kernel: Kernel
  readonly #allocator: Allocator
  /** Which block comes next; whether there is one; how many come back with their transaction. */
  readonly #next: number
  readonly #any: number
  readonly #pending: number
  /** Per block, whose it is. */
  readonly #owners: number

  constructor(kernel: Kernel, allocator: Allocator) {
    this.#kernel = kernel
    this.#allocator = allocator
    this.#owners = kernel.objects(allocator.blocks)
    this.#next = kernel.objects(3)
    this.#any = this.#next + 1
    this.#pending = this.#next + 2
  }

  ownerObject(block: number): number {
    return this.#owners + block
  }

  /** Is a block free now? */
  get isThere(): boolean {
    this.#kernel.touch(this.#any, false)
    return this.#allocator.freeCount > 0
  }

  /** Will one be when a transaction has committed? */
  get isPending(): boolean {
    this.#kernel.touch(this.#pending, true)
    return this.#allocator.pendingCount > 0
  }

  get isToCome(): boolean {
    return this.isThere || this.isPending
  }

  /** A block has just been taken. */
  taken(): void {
    this.#changes(this.#allocator.freeCount === 0)
  }

  /** Frees a block within a transaction. Who frees does not see the others: they read what whoever asks for the count changes. */
  free(block: number, tid: number): void {
    this.#kernel.touch(this.#pending, false)
    this.#allocator.free(block, tid)
  }

  /** A transaction is durable: its blocks are free. `common`: others may be freeing blocks in it now. */
  committed(tid: number, common: boolean): readonly number[] {
    const scarce = this.#allocator.freeCount === 0
    const freed = this.#allocator.committed(tid)
    this.#kernel.touch(this.#pending, common)
    if (freed.length > 0) this.#changes(scarce)
    return freed
  }

  #changes(scarce: boolean): void {
    this.#kernel.touch(this.#next, true)
    if (scarce) this.#kernel.touch(this.#any, true)
  }
}

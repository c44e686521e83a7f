/**
 * The block allocator: lowest free block first (deterministic), an owner per block, and the blocks freed in a transaction
 * that must not be reused before it commits (which is what makes an ENOSPC transient, R21). Space that comes back is
 * reported, so that the oracle can say whether an ENOSPC was honest (V17).
 */

import { assert } from '../base/assert.ts'

const FREE = -1

export class Allocator {
  readonly blocks: number
  /** Free blocks as a binary min-heap. */
  readonly #heap: number[] = []
  #untouched = 0
  readonly #ownerInode: Int32Array
  readonly #ownerIndex: Int32Array
  /** Inode a free block belonged to last, -1 none: its bytes are still there. */
  readonly #lastOwner: Int32Array
  readonly #pending = new Map<number, number[]>()
  pendingCount = 0

  constructor(blocks: number) {
    this.blocks = blocks
    this.#ownerInode = new Int32Array(blocks).fill(FREE)
    this.#ownerIndex = new Int32Array(blocks).fill(FREE)
    this.#lastOwner = new Int32Array(blocks).fill(FREE)
  }

  lastOwner(block: number): number {
    return this.#lastOwner[block]
  }

  get freeCount(): number {
    return this.#heap.length + this.blocks - this.#untouched
  }

  /** The block `allocate` would give; `blocks` if there is none. */
  get next(): number {
    return this.#heap.length > 0 ? this.#heap[0] : this.#untouched
  }

  /** A block for (inode, index), or undefined: ENOSPC. */
  allocate(inode: number, index: number): number | undefined {
    const block =
      this.#heap.length > 0 ? popHeap(this.#heap) : this.#untouched < this.blocks ? this.#untouched++ : undefined
    if (block === undefined) return undefined
    this.#ownerInode[block] = inode
    this.#ownerIndex[block] = index
    return block
  }

  /** An aligned run of untouched blocks (a power of two), or undefined. */
  allocateRun(inode: number, index: number, count: number): number | undefined {
    const first = Math.ceil(this.#untouched / count) * count
    if (first + count > this.blocks) return undefined
    while (this.#untouched < first) pushHeap(this.#heap, this.#untouched++)
    this.#untouched = first + count
    for (let i = 0; i < count; i++) {
      this.#ownerInode[first + i] = inode
      this.#ownerIndex[first + i] = index + i
    }
    return first
  }

  /** Frees a block within transaction `tid`: it is nobody's now, and reusable when the transaction has committed. */
  free(block: number, tid: number): void {
    assert(this.#ownerInode[block] !== FREE, `block ${block} is freed twice`)
    this.#lastOwner[block] = this.#ownerInode[block]
    this.#ownerInode[block] = FREE
    this.#ownerIndex[block] = FREE
    const list = this.#pending.get(tid)
    if (list === undefined) this.#pending.set(tid, [block])
    else list.push(block)
    this.pendingCount++
  }

  /** Transaction `tid` is durable: its freed blocks may be handed out. */
  committed(tid: number): readonly number[] {
    const list = this.#pending.get(tid) ?? []
    this.#pending.delete(tid)
    this.pendingCount -= list.length
    for (const block of list) pushHeap(this.#heap, block)
    return list
  }

  /** A block changes its place in its file (collapse and insert). */
  move(block: number, index: number): void {
    this.#ownerIndex[block] = index
  }

  owns(inode: number, index: number, block: number): boolean {
    return this.#ownerInode[block] === inode && this.#ownerIndex[block] === index
  }

  ownerOf(block: number): { readonly inode: number; readonly index: number } | undefined {
    const inode = this.#ownerInode[block]
    return inode === FREE ? undefined : { inode, index: this.#ownerIndex[block] }
  }
}

function pushHeap(heap: number[], value: number): void {
  let at = heap.push(value) - 1
  while (at > 0) {
    const parent = (at - 1) >> 1
    if (heap[parent] <= value) break
    heap[at] = heap[parent]
    at = parent
  }
  heap[at] = value
}

function popHeap(heap: number[]): number {
  const top = heap[0]
  const value = heap.pop() as number
  if (heap.length === 0) return top
  let at = 0
  for (;;) {
    let child = 2 * at + 1
    if (child >= heap.length) break
    if (child + 1 < heap.length && heap[child + 1] < heap[child]) child++
    if (value <= heap[child]) break
    heap[at] = heap[child]
    at = child
  }
  heap[at] = value
  return top
}

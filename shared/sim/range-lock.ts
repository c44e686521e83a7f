/**
 * Mapping range locks (lib/range_lock.c of the 2012-2013 proposals): strict FIFO per overlap, exclusive only. A request
 * waits for every earlier request that overlaps it, held or queued; that makes it fair without a shared mode.
 *
 * Each request is shown as a lock of its own while it lives (instances are pooled): ranges that do not touch are different
 * locks, and a wait is shown on the range waited for.
 */

import { got, letGo, waits, wants } from './annotate.ts'
import type { Kernel } from './kernel.ts'
import { ANNOTATED, WaitQueue, type SimLock } from './locks.ts'
import type { SimTask, Steps, StepsOf } from './task.ts'

export interface RangeRequest {
  readonly from: number
  /** Exclusive. */
  readonly to: number
  readonly task: SimTask
  readonly lock: SimLock
  readonly released: WaitQueue
  /** Itself and the tasks that wait for it: at 0 its lock may be given to another request. */
  interest: number
}

export class RangeLocks {
  readonly #kernel: Kernel
  readonly #inode: number
  /** Held and queued, oldest first. */
  readonly #requests: RangeRequest[] = []
  readonly #pool: { lock: SimLock; released: WaitQueue }[] = []
  readonly #pages: number
  /** For a search: one per page. */
  readonly object: number

  constructor(kernel: Kernel, inode: number, pages: number) {
    this.#kernel = kernel
    this.#inode = inode
    this.#pages = pages
    this.object = kernel.objects(pages)
  }

  get count(): number {
    return this.#requests.length
  }

  /** Does the task hold a range that overlaps these pages? */
  heldBy(task: SimTask, span: { readonly from: number; readonly to: number }): boolean {
    return this.#requests.some((one) => one.task === task && overlaps(one, span.from, span.to))
  }

  intersecting(from: number, to: number): number {
    let count = 0
    for (const other of this.#requests) if (overlaps(other, from, to)) count++
    return count
  }

  *acquire(from: number, to: number): StepsOf<RangeRequest> {
    const kernel = this.#kernel
    if (kernel.see(this.#seen(from), true)) yield
    this.#touch(from, to)
    const { lock, released } = this.#instance()
    const request: RangeRequest = { from, to, task: kernel.current, lock, released, interest: 1 }
    const before = this.#requests.filter((other) => overlaps(other, from, to))
    this.#requests.push(request)
    for (const other of before) other.interest++
    for (const other of before) yield* this.#waitFor(other)
    wants(kernel, lock, 'exclusive')
    got(kernel, lock, 'exclusive')
    return request
  }

  release(request: RangeRequest): void {
    letGo(this.#kernel, request.lock)
    const at = this.#requests.indexOf(request)
    // Released twice: `letGo` has said so.
    if (at === -1) return
    this.#touch(request.from, request.to)
    this.#requests.splice(at, 1)
    this.#kernel.wake(request.released, 0)
    this.#done(request)
  }

  #seen(index: number): number {
    return this.object + Math.min(index, this.#pages - 1)
  }

  /** A search sees a range as its pages; beyond the end they are one. */
  #touch(from: number, to: number): void {
    if (this.#kernel.timed) return
    const end = Math.min(to, this.#pages)
    this.#kernel.touch(this.#seen(from), true)
    for (let index = from + 1; index < end; index++) this.#kernel.touch(this.#seen(index), true)
  }

  #done(request: RangeRequest): void {
    if (--request.interest === 0) this.#pool.push({ lock: request.lock, released: request.released })
  }

  *#waitFor(other: RangeRequest): Steps {
    const kernel = this.#kernel
    if (this.#requests.includes(other)) {
      wants(kernel, other.lock, 'exclusive')
      while (this.#requests.includes(other)) {
        waits(kernel, other.lock, () => [other.task])
        if (kernel.sleepOn(other.released, false)) yield
        this.#touch(other.from, other.to)
      }
      got(kernel, other.lock, 'exclusive')
      letGo(kernel, other.lock)
    }
    this.#done(other)
  }

  #instance(): { lock: SimLock; released: WaitQueue } {
    return (
      this.#pool.pop() ?? {
        lock: this.#kernel.newLock('&mapping->range_lock', ANNOTATED, this.#inode),
        released: new WaitQueue('range'),
      }
    )
  }
}

function overlaps(request: RangeRequest, from: number, to: number): boolean {
  return request.from < to && from < request.to
}

/**
 * A binary min-heap of (time, payload) in typed arrays, ties in order of insertion: the simulator's event queue. No
 * objects per entry, so a run of millions of events allocates nothing here.
 */

import { assert } from './assert.ts'

const FIRST_SIZE = 256
const NO_NUMBERS = new Float64Array(0)
const NO_PAYLOADS = new Int32Array(0)

export class EventHeap {
  /** Made with the first entry: a kernel that only searches has none, and is built for every schedule. */
  #times = NO_NUMBERS
  #orders = NO_NUMBERS
  #payloads = NO_PAYLOADS
  #next = 0
  size = 0

  push(time: number, payload: number): void {
    if (this.size === this.#times.length) this.#grow()
    const order = this.#next++
    const times = this.#times
    let at = this.size++
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (times[parent] <= time) break
      times[at] = times[parent]
      this.#orders[at] = this.#orders[parent]
      this.#payloads[at] = this.#payloads[parent]
      at = parent
    }
    times[at] = time
    this.#orders[at] = order
    this.#payloads[at] = payload
  }

  /** Time of the first entry. */
  get time(): number {
    return this.size === 0 ? Infinity : this.#times[0]
  }

  /** Removes the first entry and returns its payload. */
  pop(): number {
    assert(this.size > 0, 'pop of an empty heap')
    const top = this.#payloads[0]
    const last = --this.size
    if (last > 0) this.#sift(this.#times[last], this.#orders[last], this.#payloads[last])
    return top
  }

  /** Puts an entry where the root was and lets it sink to its place. */
  #sift(time: number, order: number, payload: number): void {
    const times = this.#times
    const orders = this.#orders
    const size = this.size
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= size) break
      const right = child + 1
      if (
        right < size &&
        (times[right] < times[child] || (times[right] === times[child] && orders[right] < orders[child]))
      )
        child = right
      if (time < times[child] || (time === times[child] && order < orders[child])) break
      times[at] = times[child]
      orders[at] = orders[child]
      this.#payloads[at] = this.#payloads[child]
      at = child
    }
    times[at] = time
    orders[at] = order
    this.#payloads[at] = payload
  }

  #grow(): void {
    const length = Math.max(FIRST_SIZE, this.#times.length * 2)
    const times = new Float64Array(length)
    const orders = new Float64Array(length)
    const payloads = new Int32Array(length)
    times.set(this.#times)
    orders.set(this.#orders)
    payloads.set(this.#payloads)
    this.#times = times
    this.#orders = orders
    this.#payloads = payloads
  }
}

/**
 * perf writes the buffers of all CPUs in rounds; inside a round records of different CPUs are in no order. What was written
 * two FINISHED_ROUNDs ago can no longer be preceded by anything (tools/perf/util/ordered-events.c). Records are kept, as
 * bytes, until then, and given out by time.
 */

export class Rounds {
  #bytes: Uint8Array = new Uint8Array(1 << 20)
  #used = 0
  /** Time of each kept record, and where it lies in `#bytes`. */
  #times: number[] = []
  #starts: number[] = []
  #ends: number[] = []
  #max = -Infinity
  /** Records up to this time may go at the next end of a round. */
  #safe = -Infinity

  get size(): number {
    return this.#times.length
  }

  get bytes(): number {
    return this.#used
  }

  add(time: number, record: Uint8Array): void {
    const end = this.#used + record.length
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, this.#bytes.length * 2))
      grown.set(this.#bytes.subarray(0, this.#used))
      this.#bytes = grown
    }
    this.#bytes.set(record, this.#used)
    this.#times.push(time)
    this.#starts.push(this.#used)
    this.#ends.push(end)
    this.#used = end
    if (time > this.#max) this.#max = time
  }

  /** Takes a buffer as it is, whose records `place` then names: nothing may be kept yet. */
  over(bytes: Uint8Array): void {
    this.#bytes = bytes
    this.#used = bytes.length
  }

  place(time: number, from: number, to: number): void {
    this.#times.push(time)
    this.#starts.push(from)
    this.#ends.push(to)
  }

  /** A round ended: gives out what nothing can precede any more. */
  finish(give: (time: number, bytes: Uint8Array, from: number, to: number) => void): void {
    this.#give(this.#safe, give)
    this.#safe = this.#max
  }

  /** Everything, at the end of the data. */
  flush(give: (time: number, bytes: Uint8Array, from: number, to: number) => void): void {
    this.#give(Infinity, give)
  }

  #give(until: number, give: (time: number, bytes: Uint8Array, from: number, to: number) => void): void {
    const times = this.#times
    const order = times.map((_, i) => i).sort((a, b) => times[a] - times[b] || a - b)
    let count = 0
    while (count < order.length && times[order[count]] <= until) count++
    const old = this.#bytes
    for (let i = 0; i < count; i++) give(times[order[i]], old, this.#starts[order[i]], this.#ends[order[i]])
    if (count === 0) return
    const kept = order.slice(count).sort((a, b) => a - b)
    const [starts, ends] = [this.#starts, this.#ends]
    const bytes = new Uint8Array(Math.max(1 << 20, old.length))
    this.#bytes = bytes
    this.#times = kept.map((i) => times[i])
    this.#starts = []
    this.#ends = []
    this.#used = 0
    for (const i of kept) {
      bytes.set(old.subarray(starts[i], ends[i]), this.#used)
      this.#starts.push(this.#used)
      this.#used += ends[i] - starts[i]
      this.#ends.push(this.#used)
    }
  }
}

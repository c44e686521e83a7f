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
    const ready: number[] = []
    for (let i = 0; i < times.length; i++) if (!(times[i] > until)) ready.push(i)
    if (ready.length === 0) return
    ready.sort((a, b) => times[a] - times[b] || a - b)
    for (const i of ready) give(times[i], this.#bytes, this.#starts[i], this.#ends[i])
    this.#keepAfter(until)
  }

  /** What stays moves down in its buffer: rounds are short, and a new buffer for each costs more than all else. */
  #keepAfter(until: number): void {
    const [times, starts, ends] = [this.#times, this.#starts, this.#ends]
    let kept = 0
    let used = 0
    for (let i = 0; i < times.length; i++) {
      if (!(times[i] > until)) continue
      const length = ends[i] - starts[i]
      this.#bytes.copyWithin(used, starts[i], ends[i])
      times[kept] = times[i]
      starts[kept] = used
      ends[kept] = used + length
      used += length
      kept++
    }
    times.length = starts.length = ends.length = kept
    this.#used = used
  }
}

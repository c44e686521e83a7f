/**
 * What each CPU's events say about the recording itself: a CPU that says nothing for long, begins late or stops early, or
 * whose clock steps back. An idle CPU is silent too, so a gap is a remark, not a fault; a buffer that was overwritten shows
 * as a late beginning. Nothing is kept but a few numbers per CPU.
 */

import { timeText } from '../base/time.ts'
import type { Ns, TraceMeta } from './trace.ts'

export interface CpuFinding {
  readonly code: 'cpu-gap' | 'cpu-begins-late' | 'cpu-ends-early' | 'clock-step'
  readonly severity: 'info' | 'warning'
  readonly message: string
  readonly count: number
}

/** A CPU with fewer events says nothing about its pauses. */
const EVENTS = 200
/** Part of the trace that a gap takes at least, and how many times the CPU's usual distance of events. */
const SHARE = 0.25
const USUAL = 100
/** CPUs that are told about one by one. */
const TOLD = 16

export class CpuWatch {
  #count: number[] = []
  #first: number[] = []
  #last: number[] = []
  #gap: number[] = []
  #gapFrom: number[] = []
  #back: number[] = []
  #backs: number[] = []

  addAll(ts: Float64Array, cpu: Int32Array): void {
    for (let row = 0; row < ts.length; row++) this.add(ts[row], cpu[row])
  }

  add(ts: Ns, cpu: number): void {
    const n = this.#count[cpu]
    if (n === undefined) {
      if (cpu >= 0) this.#open(ts, cpu)
      return
    }
    this.#count[cpu] = n + 1
    const since = ts - this.#last[cpu]
    if (since > this.#gap[cpu]) {
      this.#gap[cpu] = since
      this.#gapFrom[cpu] = this.#last[cpu]
    } else if (since < 0) {
      this.#backs[cpu]++
      if (-since > this.#back[cpu]) this.#back[cpu] = -since
    }
    this.#last[cpu] = ts
  }

  #open(ts: Ns, cpu: number): void {
    while (this.#count.length <= cpu) {
      for (const column of [this.#count, this.#first, this.#last, this.#gap, this.#gapFrom, this.#back, this.#backs])
        column.push(0)
    }
    this.#count[cpu] = 1
    this.#first[cpu] = this.#last[cpu] = ts
  }

  /** `endNs`: the trace is [startNs, endNs]; times are told from its start. */
  findings(startNs: Ns, endNs: Ns, clock: TraceMeta['clockUnit']): readonly CpuFinding[] {
    const length = endNs - startNs
    const found: CpuFinding[] = []
    for (let cpu = 0; cpu < this.#count.length && found.length < TOLD; cpu++) {
      const count = this.#count[cpu]
      const usual = (this.#last[cpu] - this.#first[cpu]) / Math.max(1, count)
      if (this.#backs[cpu] > 0) {
        const message = `the clock of CPU ${cpu} steps back, by ${this.#back[cpu]} ${clock === 'tick' ? 'ticks' : 'ns'} at most`
        found.push({ code: 'clock-step', severity: 'warning', message, count: this.#backs[cpu] })
      }
      const long = (pause: Ns) => count >= EVENTS && pause > SHARE * length && pause > USUAL * usual
      // Shares would be 0 % and 100 % where one event stands alone before a long silence.
      const at = (ts: Ns) => timeText(ts - startNs, clock, ' ')
      const remark = (code: CpuFinding['code'], message: string) =>
        found.push({ code, severity: 'info', message, count: 1 })
      if (long(this.#first[cpu] - startNs)) {
        remark(
          'cpu-begins-late',
          `the first event of CPU ${cpu} comes after ${at(this.#first[cpu])} of ${at(endNs)}: it was idle, or its buffer was overwritten`,
        )
      }
      if (long(endNs - this.#last[cpu])) {
        remark(
          'cpu-ends-early',
          `the last event of CPU ${cpu} comes after ${at(this.#last[cpu])} of ${at(endNs)}: it was idle, or its buffer was full`,
        )
      }
      if (long(this.#gap[cpu])) {
        const from = this.#gapFrom[cpu]
        remark(
          'cpu-gap',
          `CPU ${cpu} has no event from ${at(from)} to ${at(from + this.#gap[cpu])}: it was idle, or events were lost`,
        )
      }
    }
    return found
  }
}

/**
 * Several traces on one time axis, as one trace: recordings of one machine made by different tools, or one after the other.
 * Each is read by its own reader into one buffer, put where its clock says it belongs (or where all begin together), moved by
 * its offset, and all events go through one recorder in order of time, so that a wait in one file is explained by a holder in
 * another. A pid is one task in all of them; readings of different clocks are the user's to bring together with offsets.
 */

import { ApiError } from '../base/errors.ts'
import type { TraceBuilder } from '../model/builder.ts'
import { EVENT_AFTER_ANY_LOSS, EVENT_AFTER_LOSS, EVENT_BOUNDARY } from '../model/kinds.ts'
import type { Ns } from '../model/trace.ts'
import { Recorder } from '../spans/recorder.ts'
import { EventBuffer } from './event-buffer.ts'
import { Scratch } from './scratch.ts'

/** By their clocks' readings, or all from their first event on. */
export type Alignment = 'clock' | 'start'

interface Placed {
  /** What the first trace's clock read at its first event. */
  readonly origin: bigint
  readonly clock: string
  readonly clockUnit: 'ns' | 'tick'
}

export class JoinedTraces {
  readonly #builder: TraceBuilder
  readonly #align: Alignment
  readonly #buffer: EventBuffer
  #first: Placed | undefined
  #from = 0
  /** undefined: of one of them it is not known. */
  #lost: number | undefined = 0
  #cpus: number | undefined
  #kernel: string | undefined
  #machine: string | undefined

  constructor(recorder: Recorder, align: Alignment) {
    this.#builder = recorder.builder
    this.#align = align
    this.#buffer = new EventBuffer(recorder, { holdAll: true })
  }

  /** What the reader of the next trace records into. */
  begin(): Recorder {
    const buffer = this.#buffer
    const part = new Recorder(this.#builder)
    part.keepsRecords = false
    const text = new Scratch()
    let before = 0
    const losses = new Set<number>()
    this.#from = buffer.length
    // What the reader before said is not of this one.
    this.#builder.meta.lostEvents = undefined
    part.event = (ts, cpu, task, context, name, bytes, from, to) => {
      const flags = context | before | (losses.delete(cpu) ? EVENT_AFTER_LOSS : 0)
      before = 0
      buffer.add({ ts, cpu, task, flags, name, tie: 0 }, { bytes: bytes.subarray(from, to), length: to - from })
    }
    part.stack = (task, frames) => {
      text.put(frames)
      buffer.stack(text, task)
    }
    part.lost = (cpu) => {
      if (cpu === undefined) before |= EVENT_AFTER_ANY_LOSS
      else losses.add(cpu)
    }
    part.boundary = () => {
      before |= EVENT_BOUNDARY
    }
    return part
  }

  /** Its reader has ended: its events go where they belong. */
  place(name: string, offsetNs: Ns): void {
    // A table or a report has no place on the axis; what it says is the trace's all the same.
    if (this.#buffer.length === this.#from) return
    const { meta } = this.#builder
    const start = BigInt(meta.startClock)
    this.#first ??= { origin: start, clock: meta.clock, clockUnit: meta.clockUnit }
    if (meta.clockUnit !== this.#first.clockUnit) {
      throw new ApiError(
        'bad-input',
        `${name} counts time in other units than the first trace: they have no axis in common`,
        'import them one by one, or record them with one clock (trace-cmd record -C mono)',
      )
    }
    const apart = this.#align === 'clock' ? start - this.#first.origin : 0n
    const shift = Number(apart) + offsetNs
    if (!Number.isSafeInteger(shift) || Math.abs(shift) > FARTHEST) {
      throw new ApiError(
        'bad-input',
        `${name} begins ${apart / 1_000_000_000n} s away from the first trace by their clocks`,
        'if the clocks have nothing to do with each other, let all begin together: --align start',
      )
    }
    this.#buffer.shift(this.#from, shift)
    this.#lost = this.#lost === undefined || meta.lostEvents === undefined ? undefined : this.#lost + meta.lostEvents
    if (meta.cpus !== undefined) this.#cpus = Math.max(this.#cpus ?? 0, meta.cpus)
    this.#kernel ??= meta.kernel
    this.#machine ??= meta.machine
  }

  /** Passes on up to `most` events; false: there are no more. */
  pass(most: number): boolean {
    return this.#buffer.pass(most)
  }

  end(): void {
    const { meta } = this.#builder
    meta.startClock = String((this.#first?.origin ?? 0n) + BigInt(this.#buffer.base))
    meta.clock = this.#first?.clock ?? 'unknown'
    meta.clockUnit = this.#first?.clockUnit ?? 'ns'
    meta.lostEvents = this.#lost
    meta.cpus = this.#cpus
    meta.kernel = this.#kernel
    meta.machine = this.#machine
  }
}

/** 30 days: traces further apart than this are not of one session. */
const FARTHEST = 30 * 86_400 * 1_000_000_000

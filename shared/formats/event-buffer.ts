/**
 * Events of formats that write them in no order (per thread, per CPU, per buffer flushed), put in order of time. Columns and
 * one text arena, no object per event. Up to limits.sortedBytes are held; beyond that the older half is passed on, so memory
 * is bounded, and what turns up later than that is out of order in the trace and said to be.
 */

import { decodeUtf8 } from '../base/bytes.ts'
import { ApiError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { OUT_OF_ORDER, TIME_OUT_OF_RANGE } from '../model/diagnostics.ts'
import { EVENT_AFTER_ANY_LOSS, EVENT_AFTER_LOSS, EVENT_BOUNDARY, EVENT_CONTEXT } from '../model/kinds.ts'
import type { Ns } from '../model/trace.ts'
import type { Recorder } from '../spans/recorder.ts'

const FIRST = 4096
/** Two times this far from the first event to both sides are still a length in whole ns. */
const LONGEST = Math.floor(Number.MAX_SAFE_INTEGER / 2)
/** Bytes of an event beside its payload. */
const ROW = 40
/** Beside EVENT_* bits: a call stack, which is no event. */
const STACK = 0x80

export interface BufferedEvent {
  readonly ts: Ns
  readonly cpu: number
  readonly task: number
  /** EVENT_* bits of its context, and of a loss on its CPU before it. */
  readonly flags: number
  readonly name: number
  /** Among events of the same moment: smaller first (a longer slice before the one inside it). */
  readonly tie: number
}

/** Bytes [0, length). */
export interface Payload {
  readonly bytes: Uint8Array
  readonly length: number
}

export class EventBuffer {
  readonly #recorder: Recorder
  #length = 0
  #ts = new Float64Array(FIRST)
  #tie = new Float64Array(FIRST)
  #cpu = new Int32Array(FIRST)
  #task = new Uint32Array(FIRST)
  #name = new Uint16Array(FIRST)
  /** EVENT_* bits, or STACK. */
  #kind = new Uint8Array(FIRST)
  #from = new Float64Array(FIRST)
  #size = new Uint32Array(FIRST)
  #args = new Uint8Array(FIRST * 32)
  #used = 0
  /** Rows in order, while they are passed on. */
  #order: Uint32Array | undefined
  #next = 0
  #latest = -Infinity
  #base: Ns | undefined

  readonly #holdAll: boolean

  /** `holdAll`: nothing is passed on before the end; more than the limit is an ApiError. */
  constructor(recorder: Recorder, { holdAll = false }: { readonly holdAll?: boolean } = {}) {
    this.#recorder = recorder
    this.#holdAll = holdAll
  }

  /** Rows so far. */
  get length(): number {
    return this.#length
  }

  /** Moves the rows from `from` on. */
  shift(from: number, by: Ns): void {
    for (let row = from; row < this.#length; row++) this.#ts[row] += by
  }

  /** Time of the first event passed on: 0 of the trace. */
  get base(): Ns {
    return this.#base ?? 0
  }

  add(event: BufferedEvent, payload: Payload): void {
    if (!(Math.abs(event.ts) <= LONGEST)) {
      this.#recorder.builder.diagnose('warning', TIME_OUT_OF_RANGE, 'times more than 52 days from the first event')
      return
    }
    this.#add(event, payload, event.flags)
  }

  /** A call stack of the event added last, or of the last event of a task. */
  stack(frames: Payload, task?: number): void {
    if (this.#length === 0) return
    const last = this.#length - 1
    const event = {
      ts: this.#ts[last],
      cpu: 0,
      task: task ?? this.#task[last],
      flags: 0,
      name: 0,
      tie: this.#tie[last],
    }
    this.#add(event, frames, STACK)
  }

  #add({ ts, cpu, task, name, tie }: BufferedEvent, payload: Payload, kind: number): void {
    if (this.#length * ROW + this.#used + payload.length > limits.sortedBytes) this.#passHalf()
    if (this.#length === this.#ts.length) this.#grow()
    if (this.#used + payload.length > this.#args.length) {
      const next = new Uint8Array(Math.max(this.#args.length * 2, this.#used + payload.length))
      next.set(this.#args.subarray(0, this.#used))
      this.#args = next
    }
    const row = this.#length++
    this.#ts[row] = ts
    this.#tie[row] = tie
    this.#cpu[row] = cpu
    this.#task[row] = task
    this.#name[row] = name
    this.#kind[row] = kind
    this.#from[row] = this.#used
    this.#size[row] = payload.length
    for (let i = 0, at = this.#used; i < payload.length; i++, at++) this.#args[at] = payload.bytes[i]
    this.#used += payload.length
  }

  /** Passes on up to `most` events; false: there are no more. */
  pass(most: number): boolean {
    this.#order ??= this.#sorted()
    const order = this.#order
    const end = Math.min(order.length, this.#next + most)
    for (; this.#next < end; this.#next++) this.#give(order[this.#next])
    if (this.#next < order.length) return true
    this.#clear()
    return false
  }

  #give(row: number): void {
    const recorder = this.#recorder
    const from = this.#from[row]
    const to = from + this.#size[row]
    if (this.#kind[row] === STACK) {
      recorder.stack(this.#task[row], decodeUtf8(this.#args, from, to))
      return
    }
    this.#base ??= this.#ts[row]
    const ts = this.#ts[row] - this.#base
    if (ts < this.#latest) {
      recorder.builder.diagnose('warning', OUT_OF_ORDER, 'events that came too late to be put in order')
    } else this.#latest = ts
    if ((this.#kind[row] & EVENT_BOUNDARY) !== 0) recorder.boundary()
    if ((this.#kind[row] & EVENT_AFTER_ANY_LOSS) !== 0) recorder.lost(undefined, undefined)
    if ((this.#kind[row] & EVENT_AFTER_LOSS) !== 0) recorder.lost(this.#cpu[row], undefined)
    const context = this.#kind[row] & EVENT_CONTEXT
    recorder.event(ts, this.#cpu[row], this.#task[row], context, this.#name[row], this.#args, from, to)
  }

  /** The older half goes on, the rest stays. */
  #passHalf(): void {
    if (this.#holdAll) {
      throw new ApiError(
        'limit',
        `these traces are too large to be put in one order: more than ${limits.sortedBytes} bytes`,
        'import them one by one, or cut them first',
      )
    }
    const order = this.#sorted()
    const middle = order.length >> 1
    for (let i = 0; i < middle; i++) this.#give(order[i])
    const rest = order.subarray(middle).slice().sort()
    const kept = rest.map((row) => row)
    const args = this.#args
    this.#args = new Uint8Array(args.length)
    this.#used = 0
    kept.forEach((row, at) => {
      for (const column of [this.#ts, this.#tie, this.#cpu, this.#task, this.#name, this.#kind, this.#size]) {
        column[at] = column[row]
      }
      const from = this.#from[row]
      this.#args.set(args.subarray(from, from + this.#size[at]), this.#used)
      this.#from[at] = this.#used
      this.#used += this.#size[at]
    })
    this.#length = kept.length
  }

  #clear(): void {
    this.#length = this.#used = this.#next = 0
    this.#order = undefined
  }

  #grow(): void {
    const wider = <T extends Float64Array | Int32Array | Uint32Array | Uint16Array | Uint8Array>(old: T): T => {
      const next = new (old.constructor as new (length: number) => T)(old.length * 2)
      next.set(old)
      return next
    }
    this.#ts = wider(this.#ts)
    this.#tie = wider(this.#tie)
    this.#cpu = wider(this.#cpu)
    this.#task = wider(this.#task)
    this.#name = wider(this.#name)
    this.#kind = wider(this.#kind)
    this.#from = wider(this.#from)
    this.#size = wider(this.#size)
  }

  /** Rows by time: runs that are in order already are merged, which is nearly all there is to do. */
  #sorted(): Uint32Array {
    const [ts, tie] = [this.#ts, this.#tie]
    const after = (a: number, b: number) => ts[a] > ts[b] || (ts[a] === ts[b] && tie[a] > tie[b])
    let rows = Uint32Array.from({ length: this.#length }, (_, row) => row)
    let starts = [0]
    for (let row = 1; row < rows.length; row++) if (after(row - 1, row)) starts.push(row)
    let spare = new Uint32Array(rows.length)
    while (starts.length > 1) {
      const merged: number[] = []
      for (let i = 0; i < starts.length; i += 2) {
        const middle = starts[i + 1] ?? rows.length
        merge(rows, spare, { from: starts[i], middle, to: starts[i + 2] ?? rows.length }, after)
        merged.push(starts[i])
      }
      ;[rows, spare, starts] = [spare, rows, merged]
    }
    return rows
  }
}

/** Two neighbouring runs of `rows` into one of `out`; equal ones keep their order. */
function merge(
  rows: Uint32Array,
  out: Uint32Array,
  { from, middle, to }: { readonly from: number; readonly middle: number; readonly to: number },
  after: (a: number, b: number) => boolean,
): void {
  let left = from
  let right = middle
  for (let at = from; at < to; at++) {
    const takeRight = left >= middle || (right < to && after(rows[left], rows[right]))
    out[at] = takeRight ? rows[right++] : rows[left++]
  }
}

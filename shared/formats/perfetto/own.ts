/**
 * ftrace events of Perfetto traces that Faultline wrote: they stand in the order they had, the first carries what the trace
 * knows of itself, and what went before an event (losses, another trace) is an event of its own in front of it.
 */

import { TIME_OUT_OF_RANGE } from '../../model/diagnostics.ts'
import type { Ns } from '../../model/trace.ts'
import { EVENT_AFTER_ANY_LOSS, EVENT_AFTER_LOSS, EVENT_BOUNDARY } from '../../model/kinds.ts'
import type { Recorder } from '../../spans/recorder.ts'
import { expectCarried, readCarried } from '../carried-meta.ts'
import { Scratch } from '../scratch.ts'
import type { FtraceEvent } from './bundle.ts'

/** `{"flags":N}` of the next event; call stacks of the event before. */
export const BEFORE = 'faultline_before'
export const STACK = 'kernel_stack'

type Carried = NonNullable<ReturnType<typeof readCarried>>

export class OwnPerfetto {
  readonly carried: Carried
  readonly #recorder: Recorder
  readonly #payload = new Scratch()
  /** Time of the carrying event: 0 of the exported trace; and of the first real one. */
  readonly #zero: { at: Ns | undefined }
  #first: Ns | undefined
  #task = 0

  /** undefined: it only looks like one of ours. */
  static of(recorder: Recorder, text: string): OwnPerfetto | undefined {
    const carried = readCarried(text)
    if (carried === undefined) return undefined
    expectCarried(recorder, carried)
    return new OwnPerfetto(recorder, carried)
  }

  constructor(recorder: Recorder, carried: Carried) {
    this.#recorder = recorder
    this.carried = carried
    this.#zero = { at: undefined }
  }

  get base(): Ns {
    return this.#first ?? 0
  }

  get startClock(): string {
    const from = (this.#first ?? 0) - (this.#zero.at ?? 0)
    return String(BigInt(this.carried.meta.startClock ?? '0') + BigInt(from))
  }

  /** False: it is no event of the trace. */
  event(
    cpu: number,
    { ts, pid, context, name, payload }: FtraceEvent,
    comms: ReadonlyMap<number, { readonly name: string; readonly tgid: number | undefined }>,
  ): boolean {
    const recorder = this.#recorder
    if (this.#zero.at === undefined) {
      this.#zero.at = ts
      return false
    }
    if (name === BEFORE) {
      const flags = Number(payload)
      if ((flags & EVENT_BOUNDARY) !== 0) recorder.boundary()
      if ((flags & EVENT_AFTER_ANY_LOSS) !== 0) recorder.lost(undefined, undefined)
      if ((flags & EVENT_AFTER_LOSS) !== 0) recorder.lost(cpu, undefined)
      return false
    }
    if (name === STACK) {
      recorder.stack(this.#task, payload)
      return false
    }
    this.#first ??= ts
    if (!(Math.abs(ts - this.#first) <= Number.MAX_SAFE_INTEGER)) {
      recorder.builder.diagnose('warning', TIME_OUT_OF_RANGE, 'times more than 104 days from the first event')
      return false
    }
    const { builder } = recorder
    this.#task = builder.task(pid, cpu)
    if (pid !== 0) builder.nameTask(this.#task, comms.get(pid)?.name ?? '')
    else if (comms.get(0)?.name === 'swapper') builder.nameTask(this.#task, `swapper/${cpu}`)
    this.#payload.put(payload)
    const from = cpu === noCpu(this.carried.meta) ? -1 : cpu
    recorder.event(
      ts - this.#first,
      from,
      this.#task,
      context,
      this.#recorder.builder.eventNamed(name),
      this.#payload.bytes,
      0,
      this.#payload.length,
    )
    return true
  }
}

/**
 * Stands for a CPU that is not known: the last that trace_processor takes (kMaxCpuCount of its ftrace tokenizer), unless the
 * machine has so many.
 */
export function noCpu({ cpus = 0 }: { readonly cpus?: number | undefined }): number {
  return cpus > LAST_CPU ? 65_535 : LAST_CPU
}

const LAST_CPU = 1023

/**
 * The door between importers and the trace: every event of every format comes through `event`. It stores the raw event
 * and hands it to the decoder of its name, if there is one, which reads the payload's fields and tells the span builder
 * what they mean (an operation began, a lock was taken). Readers know layouts, decoders know events, the span builder
 * knows kernels; none knows the others' business.
 */

import type { TraceBuilder } from '../model/builder.ts'
import { EVENT_RECORD } from '../model/kinds.ts'
import type { Ns } from '../model/trace.ts'
import { decoderSet } from './decoders.ts'
import type { Decoder } from './decoder.ts'
import { EventFields, type KnownNumbers, type LaterText } from './fields.ts'
import { SpanBuilder } from './span-builder.ts'

/** Contexts an event can happen in: the task itself, or an interrupt that runs on its time. */
export const CONTEXT_TASK = 0
export const CONTEXT_SOFTIRQ = 1
export const CONTEXT_HARDIRQ = 2
export const CONTEXT_NMI = 3

export class Recorder {
  readonly builder: TraceBuilder
  readonly spans: SpanBuilder
  /** May payloads be records? Only where every event comes straight from its reader. */
  keepsRecords = true
  readonly #fields = new EventFields()
  readonly #decoders: (Decoder | undefined)[] = []
  readonly #decoderFor = decoderSet()

  constructor(builder: TraceBuilder) {
    this.builder = builder
    this.spans = new SpanBuilder(builder)
  }

  /** One event. `context` is a CONTEXT_*; bytes[from, to) is the payload after `NAME: `, `known` its numbers. */
  event(
    ts: Ns,
    cpu: number,
    task: number,
    context: number,
    name: number,
    bytes: Uint8Array,
    from: number,
    to: number,
    known?: KnownNumbers,
  ): void {
    this.builder.event(ts, cpu, task, name, bytes, from, to, context)
    const decoder = this.#decoderOf(name)
    if (decoder !== undefined) decoder(this.spans.at(ts, cpu, task, context), this.#fields.of(bytes, from, to, known))
  }

  /** One event whose record is kept, bytes[from, to): `text` prints it for a decoder that does not do with `known`. */
  record(
    ts: Ns,
    cpu: number,
    task: number,
    context: number,
    name: number,
    bytes: Uint8Array,
    from: number,
    to: number,
    known: KnownNumbers | undefined,
    text: LaterText,
  ): void {
    this.builder.event(ts, cpu, task, name, bytes, from, to, context | EVENT_RECORD)
    const decoder = this.#decoderOf(name)
    if (decoder === undefined) return
    decoder(this.spans.at(ts, cpu, task, context), this.#fields.ofRecord(bytes, from, to, known, text))
  }

  /** Frames of a call stack (innermost first) of the last event of a task. */
  stack(task: number, frames: string): void {
    this.spans.stack(task, frames)
    if (!this.builder.stackOfLast(task, frames)) {
      this.builder.diagnose('info', 'stack-without-event', 'a stack trace whose event is not near was not attached')
    }
  }

  /** The recorder lost events here: what was open may have ended unseen. Readers count them, they know how many. */
  lost(cpu: number | undefined, _count: number | undefined): void {
    this.spans.lost(cpu)
    this.builder.lossBefore(cpu)
  }

  /** A second trace begins in the same input: nothing is matched across. */
  boundary(): void {
    this.spans.boundary()
    this.builder.boundaryBefore()
  }

  end(): void {
    this.spans.end()
    this.builder.end()
  }

  #decoderOf(name: number): Decoder | undefined {
    while (this.#decoders.length <= name) {
      this.#decoders.push(this.#decoderFor(this.builder.eventNames.text(this.#decoders.length)))
    }
    return this.#decoders[name]
  }
}

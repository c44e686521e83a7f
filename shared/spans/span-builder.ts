/** From events to operations, phases, lock spans and wait edges. */
import type { TraceBuilder } from '../model/builder.ts'
import type { Ns } from '../model/trace.ts'

export class SpanBuilder {
  readonly builder: TraceBuilder

  constructor(builder: TraceBuilder) {
    this.builder = builder
  }

  at(_ts: Ns, _cpu: number, _task: number, _context: number): this {
    return this
  }

  lost(_cpu: number | undefined, _count: number | undefined): void {}

  boundary(): void {}

  end(): void {}
}

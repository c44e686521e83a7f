/**
 * A sink that keeps a whole trace in memory: tests, small traces and simulated runs. Spans arrive in the order they were
 * finished and are put in their rows.
 */

import { allocate, type AnyColumn, type Columns, type Schema } from '../base/columns.ts'
import { assert } from '../base/assert.ts'
import {
  SPAN_TABLES,
  spanSchemas,
  type EventChunk,
  type SpanBatch,
  type SpanTable,
  type Trace,
  type TraceEnd,
  type TraceSink,
} from './trace.ts'

/** Time columns per span table: what a late-found start moves. */
export const timeColumns: Readonly<Record<SpanTable, readonly string[]>> = {
  op: ['startNs'],
  phase: ['startNs'],
  lockSpan: ['requestedNs', 'acquiredNs', 'releasedNs'],
  waitEdge: [],
  taskState: ['startNs'],
}

/** Rows in id order from batches in finishing order. Rows of the trace no batch had stay zero (a bug assertTrace finds). */
export function scatter(table: SpanTable, batches: readonly SpanBatch[], rows: number): Columns<Schema> {
  const schema: Schema = spanSchemas[table]
  const cols = allocate(schema, rows)
  for (const batch of batches) {
    for (const name of Object.keys(schema)) {
      const to = cols[name]
      const from = (batch.rows.cols as Record<string, AnyColumn>)[name]
      for (let i = 0; i < batch.rows.length; i++) to[batch.ids[i]] = from[i]
    }
  }
  return { length: rows, cols }
}

export class TraceCollector implements TraceSink {
  readonly chunks: EventChunk[] = []
  readonly #batches: Record<SpanTable, SpanBatch[]> = { op: [], phase: [], lockSpan: [], waitEdge: [], taskState: [] }
  #end: TraceEnd | undefined

  events(chunk: EventChunk): void {
    this.chunks.push(chunk)
  }

  spans(batch: SpanBatch): void {
    this.#batches[batch.table].push(batch)
  }

  end(end: TraceEnd): void {
    this.#end = end
  }

  trace(): Trace {
    const end = this.#end
    assert(end !== undefined, 'the trace has not ended')
    const tables: Record<string, Columns<Schema>> = {}
    for (const table of SPAN_TABLES) {
      const columns = scatter(table, this.#batches[table], end.rows[table])
      if (end.shiftNs !== 0) {
        for (const name of timeColumns[table]) {
          const column = columns.cols[name] as Float64Array
          for (let i = 0; i < columns.length; i++) column[i] += end.shiftNs
        }
      }
      tables[table] = columns
    }
    return { ...end, ...(tables as unknown as Pick<Trace, SpanTable>) }
  }
}

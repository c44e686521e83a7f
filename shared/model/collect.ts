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
      place(cols[name], batch.ids, (batch.rows.cols as Record<string, AnyColumn>)[name], batch.rows.length)
    }
  }
  return { length: rows, cols }
}

/** One loop per width: a loop over arrays of all kinds is several times as slow. */
function place(to: AnyColumn, ids: Uint32Array, from: AnyColumn, length: number): void {
  switch (to.BYTES_PER_ELEMENT) {
    case 8:
      return place64(to as Float64Array, ids, from as Float64Array, length)
    case 4:
      return place32(as32(to), ids, as32(from), length)
    case 2:
      return place16(as16(to), ids, as16(from), length)
    default:
      return place8(to as Uint8Array, ids, from as Uint8Array, length)
  }
}

function place64(to: Float64Array, ids: Uint32Array, from: Float64Array, length: number): void {
  for (let i = 0; i < length; i++) to[ids[i]] = from[i]
}

function place32(to: Int32Array, ids: Uint32Array, from: Int32Array, length: number): void {
  for (let i = 0; i < length; i++) to[ids[i]] = from[i]
}

function place16(to: Int16Array, ids: Uint32Array, from: Int16Array, length: number): void {
  for (let i = 0; i < length; i++) to[ids[i]] = from[i]
}

function place8(to: Uint8Array, ids: Uint32Array, from: Uint8Array, length: number): void {
  for (let i = 0; i < length; i++) to[ids[i]] = from[i]
}

function as32({ buffer, byteOffset, length }: AnyColumn): Int32Array {
  return new Int32Array(buffer, byteOffset, length)
}

function as16({ buffer, byteOffset, length }: AnyColumn): Int16Array {
  return new Int16Array(buffer, byteOffset, length)
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

/**
 * Writes one trace into a new file as it is built: spans become rows at once and column chunks beside them, raw events
 * become compressed chunks, and what is only known at the end (tasks, locks, words, counts) comes last. Nothing of the
 * trace is kept in memory but what ends it. The caller owns the file: one whose traces have not all ended is worthless.
 */

import { assert } from '#shared/base/assert.ts'
import type { AnyColumn } from '#shared/base/columns.ts'
import { timeColumns } from '#shared/model/collect.ts'
import {
  SPAN_TABLES,
  spanSchemas,
  type EventChunk,
  type GrowingNames,
  type SpanBatch,
  type SpanTable,
  type TraceEnd,
  type TraceSink,
} from '#shared/model/trace.ts'
import { encodeSpans } from './codec.ts'
import { packChunk, type PackedChunk } from './event-chunks.ts'
import type { ChunkNames, NewFile } from './new-file.ts'
import { recordContext, spanRecords, Words, type RecordContext } from './span-records.ts'
import { rowMaps, type FirstIds } from './span-rows.ts'

const parts = new Words(SPAN_TABLES.map((table) => rowMaps[table].part))

export class TraceWriter implements TraceSink {
  readonly keepsRecords = true
  readonly traceId: number
  readonly first: FirstIds
  readonly #file: NewFile
  readonly #spanChunks: Record<SpanTable, number>
  readonly #chunkNames: ChunkNames[] = []
  #context: RecordContext
  #ended = false

  constructor(file: NewFile) {
    this.#file = file
    const { traceId, first } = file.nextTrace()
    this.traceId = traceId
    this.first = first
    this.#context = recordContext(traceId, first, { opKinds: [], phaseNames: [], inodes: [] })
    this.#spanChunks = Object.fromEntries(SPAN_TABLES.map((table) => [table, 0])) as Record<SpanTable, number>
  }

  begin(names: GrowingNames): void {
    this.#context = recordContext(this.traceId, this.first, names)
  }

  events(chunk: EventChunk): void {
    this.packed(packChunk(chunk))
  }

  packed({ values, counts }: PackedChunk): void {
    const id = this.#file.eventChunks++
    const record = this.#file.record.begin().nothing().integer(this.traceId).integer(this.#chunkNames.length)
    for (const value of values) {
      if (value === null) record.nothing()
      else if (typeof value === 'number') record.integer(value)
      else record.blob(value)
    }
    record.end()
    this.#file.table('event_chunk').add(id, record)
    this.#chunkNames.push({ id, counts })
  }

  spans(batch: SpanBatch): void {
    const { table, ids } = batch
    const { part } = rowMaps[table]
    const rows = this.#file.table(part)
    const { record } = this.#file
    const encode = spanRecords[table] as (typeof spanRecords)[SpanTable & 'op']
    const first = this.first[part]
    for (let i = 0; i < ids.length; i++) {
      encode(record.begin(), batch as SpanBatch<'op'>, i, this.#context)
      record.end()
      rows.add(first + ids[i], record)
    }
    this.#spanChunk(batch)
  }

  end(end: TraceEnd): void {
    assert(!this.#ended, 'a trace ends once')
    this.#ended = true
    this.#file.traceEnded({ traceId: this.traceId, first: this.first, end, chunkNames: this.#chunkNames })
  }

  #spanChunk(batch: SpanBatch): void {
    const { table, ids } = batch
    const [ts0, ts1] = extent(batch)
    const cols = batch.rows.cols as Readonly<Record<string, AnyColumn>>
    const columns = encodeSpans(spanSchemas[table], { ids, cols, length: ids.length }, timeColumns[table], ts0)
    const record = this.#file.record.begin()
    record
      .integer(this.traceId)
      .text(parts.of(SPAN_TABLES.indexOf(table)))
      .integer(this.#spanChunks[table]++)
    record.integer(ids.length).integer(ts0).integer(ts1).blob(columns).end()
    // span_chunk has no id of its own: SQLite numbers such rows from 1.
    this.#file.table('span_chunk').add(++this.#file.spanChunks, record)
  }
}

/** Smallest and largest known time in a batch; 0 where it has none. */
function extent(batch: SpanBatch): readonly [number, number] {
  const cols = batch.rows.cols as Readonly<Record<string, AnyColumn>>
  let least = Infinity
  let most = -Infinity
  for (const name of timeColumns[batch.table]) {
    const durations = name === 'startNs' ? (cols.durationNs as Float64Array) : undefined
    const [first, last] = extentOf(cols[name] as Float64Array, durations, batch.ids.length)
    if (first < least) least = first
    if (last > most) most = last
  }
  return least > most ? [0, 0] : [least, most]
}

/** The same of one column. A loop of its own: over columns of every type it is ten times as slow. */
function extentOf(times: Float64Array, durations: Float64Array | undefined, length: number): readonly [number, number] {
  let least = Infinity
  let most = -Infinity
  for (let i = 0; i < length; i++) {
    const at = times[i]
    if (at < least) least = at
    if (at > most) most = at
    if (durations !== undefined && at + durations[i] > most) most = at + durations[i]
  }
  return [least, most]
}

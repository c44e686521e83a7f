/**
 * Writes one trace into an open database as it is built: spans become rows at once and column chunks beside them, raw
 * events become compressed chunks, and what is only known at the end (tasks, locks, words, counts) comes last. Nothing
 * of the trace is kept in memory. The caller owns the transaction and the file: a trace that was not ended must not be
 * committed.
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
import type { Db, Statement } from './database.ts'
import { CHUNK_COLUMNS, packChunk, type PackedChunk } from './event-chunks.ts'
import { Inserter } from './insert.ts'
import {
  insertBatch,
  PARTS,
  rowMaps,
  spanInserter,
  timeColumnsOf,
  type FirstIds,
  type SpanInserter,
} from './span-rows.ts'
import { writeEnd } from './write-end.ts'

export class TraceWriter implements TraceSink {
  readonly traceId: number
  readonly first: FirstIds
  readonly #db: Db
  readonly #rows: Readonly<Record<SpanTable, SpanInserter>>
  readonly #eventChunk: Statement
  readonly #chunkName: Inserter
  readonly #spanChunk: Statement
  readonly #spanChunks: Record<SpanTable, number>
  #names: GrowingNames = { opKinds: [], phaseNames: [], inodes: [] }
  #eventChunks = 0
  #chunkId: number
  #ended = false

  constructor(db: Db) {
    this.#db = db
    this.traceId = next(db, 'trace', 1)
    this.#chunkId = next(db, 'event_chunk', 0)
    this.first = Object.fromEntries(PARTS.map((part) => [part, next(db, part, 0)])) as FirstIds
    this.#rows = Object.fromEntries(
      SPAN_TABLES.map((table) => [table, spanInserter(db, table, this.traceId)]),
    ) as unknown as Record<SpanTable, SpanInserter>
    this.#eventChunk = db.prepare(
      `INSERT INTO event_chunk (${CHUNK_COLUMNS.join(',')}) VALUES (${CHUNK_COLUMNS.map(() => '?').join(',')})`,
    )
    this.#chunkName = new Inserter(db, 'event_chunk_name', ['chunk_id', 'name_seq', 'n'])
    this.#spanChunk = db.prepare('INSERT INTO span_chunk VALUES (?, ?, ?, ?, ?, ?, ?)')
    this.#spanChunks = Object.fromEntries(SPAN_TABLES.map((table) => [table, 0])) as Record<SpanTable, number>
  }

  begin(names: GrowingNames): void {
    this.#names = names
  }

  events(chunk: EventChunk): void {
    this.packed(packChunk(chunk))
  }

  packed({ values, counts }: PackedChunk): void {
    const id = this.#chunkId++
    this.#eventChunk.run([id, this.traceId, this.#eventChunks++, ...values])
    this.#chunkName.rows(counts.length, (params, at, i) => {
      params[at] = id
      params[at + 1] = counts[i][0]
      params[at + 2] = counts[i][1]
    })
  }

  spans(batch: SpanBatch): void {
    const { table } = batch
    const context = { first: this.first, names: this.#names }
    insertBatch(this.#rows[table], batch, context, orderOf(batch.ids))
    const [ts0, ts1] = extent(batch)
    const cols = batch.rows.cols as Readonly<Record<string, AnyColumn>>
    this.#spanChunk.run([
      this.traceId,
      rowMaps[table].part,
      this.#spanChunks[table]++,
      batch.ids.length,
      ts0,
      ts1,
      encodeSpans(spanSchemas[table], { ids: batch.ids, cols, length: batch.ids.length }, timeColumns[table], ts0),
    ])
  }

  end(end: TraceEnd): void {
    assert(!this.#ended, 'a trace ends once')
    this.#ended = true
    if (end.shiftNs !== 0) this.#shift(end)
    writeEnd(this.#db, { traceId: this.traceId, first: this.first, end })
  }

  /** An event earlier than the first line turned up: everything written so far is that much later than time 0. */
  #shift(end: TraceEnd): void {
    const by = BigInt(end.shiftNs)
    const trace = BigInt(this.traceId)
    this.#db.prepare('UPDATE event_chunk SET ts0 = ts0 + ?, ts1 = ts1 + ? WHERE trace_id = ?').run(by, by, trace)
    for (const table of SPAN_TABLES) {
      const { part } = rowMaps[table]
      const columns = timeColumnsOf[part]
      if (columns === undefined) continue
      this.#db
        .prepare('UPDATE span_chunk SET ts0 = ts0 + ?, ts1 = ts1 + ? WHERE trace_id = ? AND part = ?')
        .run(by, by, trace, part)
      const first = this.first[part]
      const set = columns.map((column) => `${column} = ${column} + :by`).join(', ')
      this.#db
        .prepare(`UPDATE ${part} SET ${set} WHERE id >= :first AND id < :last`)
        .run({ by, first: BigInt(first), last: BigInt(first + end.rows[table]) })
    }
  }
}

/** The first free id of a table. */
function next(db: Db, table: string, ifEmpty: number): number {
  const last = db.prepare(`SELECT max(id) FROM ${table}`).pluck().get() as number | null
  return last === null ? ifEmpty : last + 1
}

/**
 * Batch rows by id: SQLite appends in order faster than it inserts, and packs pages fuller. Ids of a batch lie close
 * together but for a few old ones (a lock held for long), so those are sorted and the others placed.
 */
function orderOf(ids: Uint32Array): Uint32Array {
  const n = ids.length
  let last = 0
  for (let i = 0; i < n; i++) if (ids[i] > last) last = ids[i]
  const base = Math.max(0, last + 1 - 4 * n)
  const place = new Int32Array(last + 1 - base).fill(-1)
  const old: number[] = []
  for (let i = 0; i < n; i++) {
    if (ids[i] < base) old.push(i)
    else place[ids[i] - base] = i
  }
  const order = new Uint32Array(n)
  let at = 0
  for (const i of old.sort((a, b) => ids[a] - ids[b])) order[at++] = i
  for (const i of place) if (i >= 0) order[at++] = i
  return order
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

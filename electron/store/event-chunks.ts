/**
 * Raw events as `event_chunk` rows: one zstd-compressed BLOB per column, so that a query that needs only times and
 * names reads 2 of 21 bytes per event. Counts per name beside each chunk answer "how many" without decoding anything.
 */

import type { EventChunk, Ns } from '#shared/model/trace.ts'
import { limits } from '#shared/base/limits.ts'
import { bytesOf, compress, damaged, decodeTimes, decompress, packTimes } from './codec.ts'
import type { Db } from './database.ts'
import { hasRecords, recordFormats, RecordTexts } from './event-records.ts'

const CHUNK_COLUMNS = 'id trace_id seq n ts0 ts1 args_bytes ts cpu task name stack args_end args flags'.split(' ')

export interface ChunkRow {
  readonly id: number
  readonly trace_id: number
  readonly n: number
  readonly ts0: number
  readonly ts1: number
  readonly args_bytes: number
  readonly ts: Uint8Array
  readonly cpu: Uint8Array
  readonly task: Uint8Array
  readonly name: Uint8Array
  readonly stack: Uint8Array | null
  readonly args_end: Uint8Array
  readonly args: Uint8Array
  readonly flags: Uint8Array | null
}

/** A chunk ready to be stored: compressed, and its events counted per name. Either thread of an import can make it. */
export interface PackedChunk {
  /** In CHUNK_COLUMNS order from `n` on. */
  readonly values: readonly (number | Uint8Array | null)[]
  readonly counts: readonly (readonly [name: number, n: number])[]
}

export function packChunk(chunk: EventChunk): PackedChunk {
  return { values: encodeChunk(chunk), counts: countNames(chunk) }
}

/** Events per name of a chunk, empty between chunks. */
const perName = new Uint32Array(0x10000)

/** Per name in id order. A dense count: a Map costs five times as much on 64 Ki events. */
function countNames({ name, length }: EventChunk): (readonly [number, number])[] {
  let last = 0
  for (let i = 0; i < length; i++) {
    const id = name[i]
    perName[id]++
    if (id > last) last = id
  }
  const counts: (readonly [number, number])[] = []
  for (let id = 0; id <= last; id++) if (perName[id] > 0) counts.push([id, perName[id]])
  perName.fill(0, 0, last + 1)
  return counts
}

function hasNone(stack: Int32Array): boolean {
  for (let i = 0; i < stack.length; i++) if (stack[i] >= 0) return false
  return true
}

function encodeChunk(chunk: EventChunk): (number | Uint8Array | null)[] {
  const { length, ts0, ts1 } = chunk
  return [
    length,
    ts0,
    ts1,
    chunk.args.length,
    packTimes(chunk.ts, length, ts0),
    compress(bytesOf(chunk.cpu)),
    compress(bytesOf(chunk.task)),
    compress(bytesOf(chunk.name)),
    hasNone(chunk.stack) ? null : compress(bytesOf(chunk.stack)),
    compress(bytesOf(chunk.argsEnd)),
    compress(chunk.args),
    chunk.flags === undefined ? null : compress(chunk.flags),
  ]
}

/** `texts`: of the trace, asked for where a chunk has records. */
function decodeChunk(row: ChunkRow, texts: () => RecordTexts): EventChunk {
  const { n, ts0, ts1 } = row
  const what = `event chunk ${row.id}`
  if (n < 1 || n > limits.eventsPerChunk) throw damaged(what, `it says it has ${n} events`)
  if (row.args_bytes > limits.chunkArgsBytes + limits.eventArgsBytes) {
    throw damaged(what, `it says it has ${row.args_bytes} bytes of payload`)
  }
  const view = (column: Uint8Array, length: number, width: number) => {
    const bytes = decompress(column, length * width, what)
    return [bytes.buffer, bytes.byteOffset, length] as const
  }
  const argsEnd = new Uint32Array(...view(row.args_end, n, 4))
  for (let i = 1; i < n; i++) if (argsEnd[i] < argsEnd[i - 1]) throw damaged(what, 'payloads overlap')
  if (argsEnd[n - 1] !== row.args_bytes) throw damaged(what, 'payloads do not fill their bytes')
  const ts = decodeTimes(row.ts, n, ts0, what)
  for (let i = 0; i < n; i++) {
    if (!(ts[i] >= ts0 && ts[i] <= ts1 && Number.isInteger(ts[i]))) throw damaged(what, `an event at ${ts[i]} ns`)
  }
  const chunk: EventChunk = {
    length: n,
    ts0,
    ts1,
    ts,
    cpu: new Int32Array(...view(row.cpu, n, 4)),
    task: new Uint32Array(...view(row.task, n, 4)),
    name: new Uint16Array(...view(row.name, n, 2)),
    stack: row.stack === null ? new Int32Array(n).fill(-1) : new Int32Array(...view(row.stack, n, 4)),
    argsEnd,
    args: decompress(row.args, row.args_bytes, what),
    ...(row.flags === null ? {} : { flags: new Uint8Array(...view(row.flags, n, 1)) }),
  }
  return hasRecords(chunk) ? texts().printed(chunk, what) : chunk
}

export interface EventRange {
  /** All traces of the file where left out. */
  readonly traceId?: number | undefined
  /** Chunks that touch [fromNs, toNs); everything where left out. */
  readonly fromNs?: Ns | undefined
  readonly toNs?: Ns | undefined
}

export interface StoredChunk {
  readonly id: number
  readonly traceId: number
  readonly chunk: EventChunk
}

/** The ids of the chunks that touch a range, in file order. */
export function chunksIn(db: Db, range: EventRange): readonly number[] {
  return db
    .prepare(
      `SELECT id FROM event_chunk WHERE (:trace IS NULL OR trace_id = :trace)
         AND (:to IS NULL OR ts0 < :to) AND (:from IS NULL OR ts1 >= :from) ORDER BY trace_id, seq`,
    )
    .pluck()
    .all({ trace: range.traceId ?? null, from: range.fromNs ?? null, to: range.toNs ?? null }) as number[]
}

/** Decoded chunks that touch a range, in file order. Rows outside the range are still in them. */
export function* readChunks(db: Db, range: EventRange = {}): Generator<StoredChunk> {
  const ids = chunksIn(db, range)
  const read = chunkReader(db)
  for (const id of ids) yield read(id)
}

/** Reads and decodes one chunk by its id. One statement for many calls: a query inside a query needs it at hand. */
export function chunkReader(db: Db): (id: number) => StoredChunk {
  const statement = db.prepare(`SELECT ${CHUNK_COLUMNS.join(',')} FROM event_chunk WHERE id = ?`)
  const texts = new Map<number, RecordTexts>()
  const textsOf = (trace: number): RecordTexts => {
    let known = texts.get(trace)
    if (known === undefined) texts.set(trace, (known = new RecordTexts(recordFormats(db, trace))))
    return known
  }
  return (id) => {
    const row = statement.get(id) as ChunkRow
    return { id, traceId: row.trace_id, chunk: decodeChunk(row, () => textsOf(row.trace_id)) }
  }
}

/**
 * Raw events as SQL sees them: `event`, a view over a virtual table that decodes chunks as the scan reaches them, and
 * `event_in(trace_id, from_ns, to_ns)`, which touches only the chunks of that window; trace 0 is all traces, arguments
 * left out are no limit (NULL equals nothing, as everywhere in SQL: no rows), what is no number is refused. Only arguments
 * limit what is decoded: the binding passes on no condition on a column. `args` of `event` is made from the payload
 * only for rows and queries that ask for it: decoding a payload costs more than all other columns together.
 * Both exist only inside Faultline; other SQLite clients see the chunks (migrations/README.md).
 */

import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import { eventArgs } from '#shared/formats/event-args.ts'
import type { EventChunk } from '#shared/model/trace.ts'
import { connect, type Db } from './database.ts'
import { chunkReader, chunksIn, type EventRange, type StoredChunk } from './event-chunks.ts'
import { listTraces } from './load.ts'

export const EVENT_COLUMNS = ['trace_id', 'ts_ns', 'cpu', 'task_id', 'name', 'args', 'stack'] as const

/** What integers in the chunks of one trace mean. */
export interface EventWords {
  readonly firstTask: number
  readonly names: readonly string[]
  readonly stacks: readonly string[]
}

export function eventWords(db: Db): ReadonlyMap<number, EventWords> {
  const words = (sql: string, id: number) => db.prepare(sql).pluck().all(id) as string[]
  return new Map(
    listTraces(db).map(({ id, first }) => [
      id,
      {
        firstTask: first.task,
        names: words('SELECT name FROM event_name WHERE trace_id = ? ORDER BY seq', id),
        stacks: words('SELECT frames FROM event_stack WHERE trace_id = ? ORDER BY seq', id),
      },
    ]),
  )
}

const UNKNOWN: EventWords = { firstTask: 0, names: [], stacks: [] }

/** The payload of one event as the trace printed it. */
export function payloadOf(chunk: EventChunk, row: number): string {
  const from = row === 0 ? 0 : chunk.argsEnd[row - 1]
  return Buffer.from(chunk.args.buffer, chunk.args.byteOffset + from, chunk.argsEnd[row] - from).toString('utf8')
}

/** The payload's fields as JSON text. */
export function argsJson(name: string, payload: string): string {
  return JSON.stringify(eventArgs(name, payload))
}

/** Reads events for the virtual tables through a connection of its own: the one that runs the query is busy with it. */
class EventSource {
  readonly #path: string
  #db: Db | undefined
  /** SQLite's count of what others wrote. */
  #version: unknown
  #words: ReadonlyMap<number, EventWords> = new Map()
  #read: ((id: number) => StoredChunk) | undefined
  /** A query that asks window by window asks for the same chunk many times. */
  #last: StoredChunk | undefined

  constructor(path: string) {
    this.#path = path
  }

  *chunks(range: EventRange): Generator<StoredChunk> {
    for (const id of chunksIn(this.#upToDate(), range)) {
      const stored = this.#stored(id)
      if (stored !== undefined) yield stored
    }
  }

  wordsOf(traceId: number): EventWords {
    return this.#words.get(traceId) ?? UNKNOWN
  }

  /** undefined: there is none. */
  chunk(id: number): StoredChunk | undefined {
    if (this.#last?.id === id) return this.#last
    this.#upToDate()
    return this.#stored(id)
  }

  close(): void {
    this.#db?.close()
    this.#db = undefined
  }

  #stored(id: number): StoredChunk | undefined {
    if (this.#last?.id === id) return this.#last
    const there = this.#db?.prepare('SELECT 1 FROM event_chunk WHERE id = ?').get(id) !== undefined
    return there ? (this.#last = this.#read?.(id)) : undefined
  }

  #upToDate(): Db {
    if (this.#db === undefined) {
      this.#db = connect(this.#path, { readonly: true, mustExist: true })
      this.#db.pragma('trusted_schema = OFF')
    }
    // Somebody may have added a trace since the last query.
    const version = this.#db.pragma('data_version', { simple: true })
    if (version !== this.#version) {
      this.#version = version
      this.#words = eventWords(this.#db)
      this.#read = chunkReader(this.#db)
      this.#last = undefined
    }
    return this.#db
  }
}

/** Make `event` and `event_in` known to a connection. Closing it closes what they use. */
export function registerEventTable(db: Db): void {
  const source = new EventSource(db.name)
  const close = db.close.bind(db)
  db.close = () => {
    source.close()
    return close()
  }
  const scale = limits.eventsPerChunk
  db.table('event_row', {
    columns: ['trace_id', 'ts_ns', 'cpu', 'task_id', 'name', 'ref'],
    directOnly: true,
    *rows() {
      for (const { id, traceId, chunk } of source.chunks({})) {
        const { firstTask, names } = source.wordsOf(traceId)
        for (let i = 0; i < chunk.length; i++) {
          const cpu = chunk.cpu[i] < 0 ? null : integer(chunk.cpu[i])
          const task = integer(firstTask + chunk.task[i])
          yield [integer(traceId), integer(chunk.ts[i]), cpu, task, names[chunk.name[i]] ?? '', integer(id * scale + i)]
        }
      }
    },
  })
  const part = (make: (words: EventWords, chunk: EventChunk, row: number) => string | null) => (ref: unknown) => {
    const at = ref === null ? NaN : Number(ref)
    const row = at % scale
    // A user's statement may call it with anything.
    const stored = Number.isSafeInteger(at) ? source.chunk((at - row) / scale) : undefined
    if (stored === undefined || row < 0 || row >= stored.chunk.length) return null
    return make(source.wordsOf(stored.traceId), stored.chunk, row)
  }
  db.function('event_args', { directOnly: true }, part(argsOf))
  db.function('event_frames', { directOnly: true }, part(stackOf))
  db.table('event_in', {
    columns: [...EVENT_COLUMNS],
    parameters: ['in_trace', 'from_ns', 'to_ns'],
    directOnly: true,
    *rows(trace: unknown, fromNs: unknown, toNs: unknown) {
      const traceId = optional(trace, 'trace_id')
      yield* windowRows(source, {
        traceId: traceId === 0 ? undefined : traceId,
        fromNs: optional(fromNs, 'from_ns'),
        toNs: optional(toNs, 'to_ns'),
      })
    },
  })
  db.exec(
    `CREATE TEMP VIEW event AS
       SELECT trace_id, ts_ns, cpu, task_id, name, event_args(ref) AS args, event_frames(ref) AS stack FROM event_row`,
  )
}

function* windowRows(source: EventSource, range: EventRange): Generator<(string | number | bigint | null)[]> {
  for (const { traceId, chunk } of source.chunks(range)) {
    const words = source.wordsOf(traceId)
    for (let i = 0; i < chunk.length; i++) {
      const ts = chunk.ts[i]
      if (ts < (range.fromNs ?? -Infinity) || ts >= (range.toNs ?? Infinity)) continue
      yield [
        integer(traceId),
        integer(ts),
        chunk.cpu[i] < 0 ? null : integer(chunk.cpu[i]),
        integer(words.firstTask + chunk.task[i]),
        words.names[chunk.name[i]] ?? '',
        argsOf(words, chunk, i),
        stackOf(words, chunk, i),
      ]
    }
  }
}

function argsOf(words: EventWords, chunk: EventChunk, row: number): string {
  return argsJson(words.names[chunk.name[row]] ?? '', payloadOf(chunk, row))
}

function stackOf(words: EventWords, chunk: EventChunk, row: number): string | null {
  return words.stacks[chunk.stack[row]] ?? null
}

/** The binding hands JS numbers to SQLite as REAL, where 7 / 2 is 3.5: integers have to be bigints. */
function integer(value: number): bigint {
  return BigInt(value)
}

/** NaN would be bound as NULL, which stands for no limit. */
function optional(value: unknown, name: string): number | undefined {
  if (value === undefined || typeof value === 'number') return value
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : NaN
  if (!Number.isNaN(number)) return number
  throw new ApiError(
    'bad-request',
    `SQL: event_in() was given a ${name} that is no number`,
    'FROM event_in(trace_id, from_ns, to_ns), trace 0 for all traces',
  )
}

/**
 * Raw events as rows of a table `event` in an exported file, for SQLite clients that know nothing of Faultline's column
 * chunks: the columns of CONTRACT's `event`, payloads as JSON text. The file opens in Faultline as before; there the view of
 * that name stands in front of the table.
 */

import { setImmediate } from 'node:timers/promises'
import { ApiError } from '#shared/base/errors.ts'
import { connect } from '../store/database.ts'
import { readChunks } from '../store/event-chunks.ts'
import { EVENT_COLUMNS, argsJson, eventWords, payloadOf } from '../store/event-table.ts'
import { Inserter } from '../store/insert.ts'

/** A file that has them already gets them anew. */
const TABLE = `DROP TABLE IF EXISTS event; CREATE TABLE event (
  trace_id INTEGER NOT NULL REFERENCES trace (id),
  ts_ns INTEGER NOT NULL,
  cpu INTEGER,
  task_id INTEGER NOT NULL REFERENCES task (id),
  name TEXT NOT NULL,
  args TEXT NOT NULL,
  stack TEXT
) STRICT`

export interface RawEventOptions {
  readonly signal: AbortSignal
  readonly onRows: (rows: number) => void
}

/** Adds the table to a file that nobody else has open; returns how many rows it has. */
export async function addRawEvents(path: string, { signal, onRows }: RawEventOptions): Promise<number> {
  const db = connect(path, { readonly: false, mustExist: true })
  try {
    // A draft: if this ends half-way, nobody ever sees the file.
    db.pragma('journal_mode = OFF')
    db.pragma('synchronous = OFF')
    db.exec('BEGIN')
    db.exec(TABLE)
    const words = eventWords(db)
    const insert = new Inserter(db, 'event', [...EVENT_COLUMNS])
    let rows = 0
    for (const { traceId, chunk } of readChunks(db)) {
      const { firstTask, names, stacks } = words.get(traceId) ?? { firstTask: 0, names: [], stacks: [] }
      insert.rows(chunk.length, (i) => {
        const name = names[chunk.name[i]] ?? ''
        const cpu = chunk.cpu[i] < 0 ? null : chunk.cpu[i]
        const stack = stacks[chunk.stack[i]] ?? null
        return [traceId, chunk.ts[i], cpu, firstTask + chunk.task[i], name, argsJson(name, payloadOf(chunk, i)), stack]
      })
      rows += chunk.length
      onRows(rows)
      await setImmediate()
      if (signal.aborted) throw new ApiError('cancelled', 'the export was cancelled')
    }
    db.exec('CREATE INDEX event_by_time ON event (trace_id, ts_ns)')
    db.exec('COMMIT')
    return rows
  } finally {
    db.close()
  }
}

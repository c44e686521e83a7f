/**
 * Chunks of raw events without their payloads: times, CPUs, tasks and names, a sixth of the work of reading all. Which
 * chunks touch a window is known from a list that is read once.
 */

import { limits } from '#shared/base/limits.ts'
import type { TickColumns } from '#shared/timeline/ticks.ts'
import { damaged, decodeTimes, decompress } from './codec.ts'
import type { Db } from './database.ts'

export interface ChunkPlace {
  readonly id: number
  readonly n: number
  readonly ts0: number
  readonly ts1: number
}

/** In file order. */
export function chunkPlaces(db: Db, traceId: number): readonly ChunkPlace[] {
  return db
    .prepare('SELECT id, n, ts0, ts1 FROM event_chunk WHERE trace_id = ? ORDER BY seq')
    .all(traceId) as ChunkPlace[]
}

interface TickRow {
  readonly ts: Uint8Array
  readonly cpu: Uint8Array
  readonly task: Uint8Array
  readonly name: Uint8Array
}

/** Reads by place; one statement for many calls. */
export function tickReader(db: Db): (place: ChunkPlace) => TickColumns {
  const statement = db.prepare('SELECT ts, cpu, task, name FROM event_chunk WHERE id = ?')
  return ({ id, n, ts0 }) => {
    const what = `event chunk ${id}`
    if (n < 1 || n > limits.eventsPerChunk) throw damaged(what, `it says it has ${n} events`)
    const row = statement.get(id) as TickRow
    const view = (column: Uint8Array, width: number) => {
      const bytes = decompress(column, n * width, what)
      return [bytes.buffer, bytes.byteOffset, n] as const
    }
    return {
      length: n,
      ts: decodeTimes(row.ts, n, ts0, what),
      cpu: new Int32Array(...view(row.cpu, 4)),
      task: new Uint32Array(...view(row.task, 4)),
      name: new Uint16Array(...view(row.name, 2)),
    }
  }
}

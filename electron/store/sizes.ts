/**
 * How long the texts and blobs of a file may be, before any of them is read: a file somebody sent may hold a name of half a
 * gigabyte, which would be in memory several times before anything noticed. SQLite says lengths without reading values
 * (octet_length), so asking costs one pass over rows that are read next anyway.
 * It does not judge what the values say: load.ts does.
 */

import { basename } from 'node:path'
import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import type { Db } from './database.ts'

/** Read whenever a file is opened or listed. */
export const HEAD_TABLES = ['trace', 'annotation'] as const
/** Read when a trace is loaded. Rows of spans are not: the engine reads their columns. */
export const TRACE_TABLES = [
  'task',
  'vocabulary',
  'event_name',
  'event_format',
  'event_stack',
  'diagnostic',
  'lock_class',
  'lock',
  'lock_stat',
  'lock_stat_site',
  'lock_report',
  'lock_name',
  'event_chunk',
  'span_chunk',
] as const

interface Caps {
  readonly storedValueBytes: number
  readonly storedTextBytes: number
}

export function checkSizes(db: Db, tables: readonly string[], caps: Caps = limits): void {
  for (const table of tables) {
    const columns = db.pragma(`table_info(${table})`) as { readonly name: string; readonly type: string }[]
    for (const type of ['TEXT', 'BLOB']) {
      const lengths = columns.filter((column) => column.type === type).map(({ name }) => `octet_length("${name}")`)
      if (lengths.length === 0) continue
      const sql = `SELECT ${lengths.map((length) => `coalesce(max(${length}), 0), coalesce(sum(${length}), 0)`).join(',')} FROM ${table}`
      const found = db.prepare(sql).raw().get() as number[]
      const longest = Math.max(...found.filter((_, i) => i % 2 === 0))
      const together = found.filter((_, i) => i % 2 === 1).reduce((sum, bytes) => sum + bytes, 0)
      if (longest > caps.storedValueBytes) throw tooLong(db, `a value of ${longest} bytes in its table ${table}`)
      if (type === 'TEXT' && together > caps.storedTextBytes)
        throw tooLong(db, `${together} bytes of text in its table ${table}`)
    }
  }
}

function tooLong(db: Db, what: string): ApiError {
  return new ApiError(
    'bad-input',
    `${basename(db.name)} has ${what}`,
    'Faultline writes none so long: import the trace again',
  )
}

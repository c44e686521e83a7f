/**
 * The tables of the open file as SQLite itself lists them, with how many rows each has. Read through the same door as every
 * statement; what the words about them add is in shared/contract.
 */

import type { QueryResult } from '#shared/contract/methods.ts'
import { SCHEMA_WORDS, TABLE_ORDER } from '#shared/contract/schema-words.ts'

export interface SchemaColumn {
  readonly name: string
  /** `int`, `text`, `real`, `blob`; empty where SQLite does not know. */
  readonly type: string
  readonly nullable: boolean
  /** `task.id` */
  readonly refers: string | undefined
  readonly about: string | undefined
}
export interface SchemaTable {
  readonly name: string
  readonly about: string | undefined
  /** The file's own bookkeeping: chunks, vocabularies. */
  readonly internal: boolean
  readonly columns: readonly SchemaColumn[]
  readonly rows: number | undefined
}

export const SCHEMA_SQL = `SELECT m.name, p.name, p.type, p."notnull" OR p.pk, f."table" || '.' || coalesce(f."to", 'id')
FROM pragma_table_list m
JOIN pragma_table_xinfo(m.name) p
LEFT JOIN pragma_foreign_key_list(m.name) f ON f."from" = p.name
WHERE m.name NOT LIKE 'sqlite_%' AND m.type IN ('table', 'view')
ORDER BY m.name, p.cid`

/** Columns of `event` are computed: SQLite has no types for them. */
const EVENT_TYPES: Readonly<Record<string, string>> = {
  trace_id: 'int',
  ts_ns: 'int',
  cpu: 'int',
  task_id: 'int',
  name: 'text',
  args: 'json',
  stack: 'text',
}

/** One row, one number per table. Events are counted by the trace, not by decoding them. */
export function countsSql(tables: readonly SchemaTable[]): string {
  const counts = tables.map(({ name }) =>
    name === 'event'
      ? '(SELECT sum(event_count) FROM trace)'
      : `(SELECT count(*) FROM "${name.replaceAll('"', '""')}")`,
  )
  return `SELECT ${counts.join(', ')}`
}

export function tablesOf({ rows }: QueryResult): SchemaTable[] {
  const columns = new Map<string, SchemaColumn[]>()
  for (const [table, column, type, notNull, refers] of rows) {
    const name = String(table)
    const list = columns.get(name) ?? []
    if (!list.some((one) => one.name === column))
      list.push({
        name: String(column),
        type: name === 'event' ? (EVENT_TYPES[String(column)] ?? '') : shortType(String(type ?? '')),
        nullable: notNull !== 1,
        refers: typeof refers === 'string' ? refers : undefined,
        about: SCHEMA_WORDS[name]?.columns[String(column)],
      })
    columns.set(name, list)
  }
  return [...columns]
    .map(([name, list]) => ({
      name,
      about: SCHEMA_WORDS[name]?.about,
      internal: SCHEMA_WORDS[name] === undefined,
      columns: list,
      rows: undefined,
    }))
    .sort((a, b) => rank(a.name) - rank(b.name) || (a.name < b.name ? -1 : 1))
}

export function withCounts(tables: readonly SchemaTable[], { rows }: QueryResult): SchemaTable[] {
  return tables.map((table, i) => ({ ...table, rows: Number(rows[0]?.[i] ?? 0) }))
}

function rank(name: string): number {
  const at = TABLE_ORDER.indexOf(name)
  return at < 0 ? TABLE_ORDER.length : at
}

function shortType(type: string): string {
  return type.toLowerCase().replace('integer', 'int')
}

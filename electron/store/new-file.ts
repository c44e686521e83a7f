/**
 * A new `.faultline` file, filled beside its place and renamed when it is complete (draft.ts). SQLite makes the empty
 * tables; then the large ones (chunks and spans) are filled page by page without it, millions of rows a second
 * (page-table.ts); at the end SQLite is opened again for everything small and for the indices, made from the texts of
 * the migrations. No journal, no sync: if the process dies the draft is worthless anyway.
 */

import { SPAN_TABLES, type TraceEnd } from '#shared/model/trace.ts'
import { connect, type Db } from './database.ts'
import { Inserter } from './insert.ts'
import { migrate } from './migrate.ts'
import { PAGE_BYTES, PageFile } from './page-file.ts'
import { PageTable } from './page-table.ts'
import { RecordWriter } from './record.ts'
import { PARTS, rowMaps, timeColumnsOf, type FirstIds, type Part } from './span-rows.ts'
import { writeEnd } from './write-end.ts'

/** Tables that are filled by pages. The first two have an index of their own, made again at the end. */
const CHUNKS = ['event_chunk', 'span_chunk'] as const
type PagedTable = (typeof CHUNKS)[number] | Part

interface Ended {
  readonly traceId: number
  readonly first: FirstIds
  readonly end: TraceEnd
  /** Per event chunk of the trace: its id and how many events of each name it has. */
  readonly chunkNames: readonly ChunkNames[]
}

export interface ChunkNames {
  readonly id: number
  readonly counts: readonly (readonly [name: number, n: number])[]
}

interface IndexText {
  readonly name: string
  readonly sql: string
}

/** An empty draft being filled by one TraceWriter after another. */
export class NewFile {
  readonly record = new RecordWriter()
  readonly #path: string
  readonly #indices: readonly IndexText[]
  readonly #pages: PageFile
  readonly #tables: ReadonlyMap<PagedTable, PageTable>
  readonly #ended: Ended[] = []
  #open = true
  /** Rows so far; ids go on from trace to trace. */
  eventChunks = 0
  spanChunks = 0

  constructor(path: string) {
    this.#path = path
    const paged: readonly PagedTable[] = [...CHUNKS, ...SPAN_TABLES.map((table) => rowMaps[table].part)]
    const db = connectFast(path)
    let roots: ReadonlyMap<string, number>
    try {
      db.pragma(`page_size = ${PAGE_BYTES}`)
      migrate(db)
      this.#indices = db
        .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")
        .all() as IndexText[]
      for (const { name } of this.#indices) db.exec(`DROP INDEX ${name}`)
      const tables = db.prepare("SELECT name, rootpage FROM sqlite_schema WHERE type = 'table'").raw().all()
      roots = new Map(tables as [string, number][])
    } finally {
      db.close()
    }
    this.#pages = new PageFile(path)
    this.#tables = new Map(paged.map((name) => [name, new PageTable(this.#pages, roots.get(name) ?? 0)]))
  }

  /** The table `add`s rows to. */
  table(name: PagedTable): PageTable {
    return this.#tables.get(name) as PageTable
  }

  /** What the next trace of this file is called and where its ids begin. */
  nextTrace(): { readonly traceId: number; readonly first: FirstIds } {
    const last = this.#ended.at(-1)
    if (last === undefined) return { traceId: 1, first: Object.fromEntries(PARTS.map((part) => [part, 0])) as FirstIds }
    const rows = partRows(last.end)
    const first = PARTS.map((part) => [part, last.first[part] + (rows.get(part) ?? 0)] as const)
    return { traceId: last.traceId + 1, first: Object.fromEntries(first) as FirstIds }
  }

  traceEnded(ended: Ended): void {
    this.#ended.push(ended)
  }

  /** Complete the file and close it, though it is perhaps not yet on disk. */
  finish(): void {
    for (const table of this.#tables.values()) table.finish()
    this.#pages.close()
    this.#open = false
    const db = connectFast(this.#path)
    try {
      db.exec('BEGIN')
      // First of all: until then their own indices say that they are empty.
      for (const table of CHUNKS) db.exec(`REINDEX ${table}`)
      for (const ended of this.#ended) finishTrace(db, ended)
      for (const { sql } of this.#indices) db.exec(sql)
      db.exec('COMMIT')
    } finally {
      db.close()
    }
  }

  /** Lets go of the file, whatever state it is in. */
  close(): void {
    if (this.#open) this.#pages.abandon()
    this.#open = false
  }
}

function connectFast(path: string): Db {
  const db = connect(path, { readonly: false, mustExist: false })
  db.pragma('journal_mode = OFF')
  db.pragma('synchronous = OFF')
  db.pragma('locking_mode = EXCLUSIVE')
  db.pragma('foreign_keys = OFF')
  db.pragma('cache_size = -65536')
  return db
}

/** How many rows of each part a trace has. */
function partRows(end: TraceEnd): ReadonlyMap<Part, number> {
  const rows = new Map<Part, number>([
    ['task', end.tasks.length],
    ['lock_class', end.lockClasses.length],
    ['lock', end.locks.length],
  ])
  for (const table of SPAN_TABLES) rows.set(rowMaps[table].part, end.rows[table])
  return rows
}

function finishTrace(db: Db, { traceId, first, end, chunkNames }: Ended): void {
  const names = new Inserter(db, 'event_chunk_name', ['chunk_id', 'name_seq', 'n'])
  for (const { id, counts } of chunkNames) names.rows(counts.length, (i) => [id, ...counts[i]])
  if (end.shiftNs !== 0) shift(db, { traceId, first, end })
  writeEnd(db, { traceId, first, end, rows: partRows(end) })
}

/** An event earlier than the first line turned up: everything written so far is that much later than time 0. */
function shift(db: Db, { traceId, first, end }: Omit<Ended, 'chunkNames'>): void {
  const by = BigInt(end.shiftNs)
  const trace = BigInt(traceId)
  db.prepare('UPDATE event_chunk SET ts0 = ts0 + ?, ts1 = ts1 + ? WHERE trace_id = ?').run(by, by, trace)
  for (const table of SPAN_TABLES) {
    const { part } = rowMaps[table]
    const columns = timeColumnsOf[part]
    if (columns === undefined) continue
    db.prepare('UPDATE span_chunk SET ts0 = ts0 + ?, ts1 = ts1 + ? WHERE trace_id = ? AND part = ?').run(
      ...[by, by, trace, part],
    )
    const set = columns.map((column) => `${column} = ${column} + :by`).join(', ')
    db.prepare(`UPDATE ${part} SET ${set} WHERE id >= :first AND id < :last`).run({
      by,
      first: BigInt(first[part]),
      last: BigInt(first[part] + end.rows[table]),
    })
  }
}

/**
 * Is a `.faultline` file whole? SQLite's own integrity and foreign-key checks, then ours: counts against the trace row,
 * every chunk decodes and says the truth about itself, every integer points at something, and the column chunks the
 * engine loads say the same as the rows everybody queries. It reports all it finds, in words, and repairs nothing.
 */

import { openSync, readSync, closeSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import type { AnyColumn, Columns, Schema } from '#shared/base/columns.ts'
import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import type { CheckResult, Progress } from '#shared/contract/methods.ts'
import { SPAN_TABLES, spanSchemas, type SpanBatch, type SpanTable, type Trace } from '#shared/model/trace.ts'
import { connectInMemory, explain, type Db } from './database.ts'
import { chunkReader, type StoredChunk } from './event-chunks.ts'
import { listTraces, loadUnnamed, type StoredTrace } from './load.ts'
import { migrate } from './migrate.ts'
import { looksLikeStore, openFile } from './open.ts'
import { insertBatch, PARTS, rowMaps, spanInserter } from './span-rows.ts'

export interface CheckOptions {
  readonly path: string
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: Progress) => void
}

interface Finding {
  readonly code: string
  readonly message: string
}

type Cell = string | bigint | null

/** Findings of one kind beyond this many say nothing more. */
const PER_KIND = 20

export async function checkFile(options: CheckOptions): Promise<CheckResult> {
  const findings: Finding[] = []
  const open = tryOpen(options.path)
  if ('finding' in open) return { ok: false, findings: [open.finding] }
  const { db } = open
  try {
    for (const step of steps(db, findings, options)) {
      step()
      // Let a cancel in, and the progress out.
      await setImmediate()
      if (options.signal?.aborted === true) throw new ApiError('cancelled', 'the check was cancelled')
    }
  } catch (error) {
    const known = explain(error, options.path)
    if (!(known instanceof ApiError) || known.code !== 'bad-input') throw known
    findings.push({ code: 'unreadable', message: known.message })
  } finally {
    db.close()
  }
  return { ok: findings.length === 0, findings }
}

/** A file of ours that does not open is a finding; anything that is not ours is the caller's mistake. */
function tryOpen(path: string): { readonly db: Db } | { readonly finding: Finding } {
  try {
    return { db: openFile(path) }
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'bad-input' || !isOurs(path)) throw error
    return { finding: { code: 'unreadable', message: error.message } }
  }
}

function isOurs(path: string): boolean {
  try {
    const file = openSync(path, 'r')
    const head = Buffer.alloc(100)
    try {
      return looksLikeStore(head.subarray(0, readSync(file, head, 0, 100, 0)))
    } finally {
      closeSync(file)
    }
  } catch {
    // A folder, for one: the error that brought us here says it better.
    return false
  }
}

function* steps(db: Db, findings: Finding[], options: CheckOptions): Generator<() => void> {
  const started = performance.now()
  let done = 0
  const found = (code: string, message: string) => {
    if (findings.filter((finding) => finding.code === code).length < PER_KIND) findings.push({ code, message })
  }
  const report = (rows: number) => {
    done += rows
    const elapsedMs = Math.round(performance.now() - started)
    options.onProgress?.({ stage: 'checking', done, total: null, unit: 'rows', events: null, elapsedMs })
  }
  yield () => checkSqlite(db, found)
  for (const stored of listTraces(db)) {
    const trace = loadUnnamed(db, stored.id)
    yield () => checkCounts(db, stored, found)
    const read = chunkReader(db)
    const ids = db
      .prepare('SELECT id FROM event_chunk WHERE trace_id = ? ORDER BY seq')
      .pluck()
      .all(stored.id) as number[]
    for (const id of ids) {
      yield () => {
        const chunk = attempt(() => whole(read(id)), found)
        if (chunk !== undefined) checkChunk(db, chunk, trace, found)
        report(chunk?.chunk.length ?? 0)
      }
    }
    for (const table of SPAN_TABLES) {
      yield () => {
        attempt(() => checkSpans(db, { stored, trace, table }, found), found)
        report(stored.rows[rowMaps[table].part])
      }
    }
  }
}

type Found = (code: string, message: string) => void

function attempt<T>(read: () => T, found: Found): T | undefined {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    found('damaged-chunk', error.message)
    return undefined
  }
}

/** Payloads too, which are made when they are asked for. */
function whole(stored: StoredChunk): StoredChunk {
  return { ...stored, chunk: { ...stored.chunk } }
}

function checkSqlite(db: Db, found: Found): void {
  for (const line of db.prepare(`PRAGMA integrity_check(${PER_KIND})`).pluck().all() as string[]) {
    if (line !== 'ok') found('integrity', `SQLite: ${line}`)
  }
  const broken = db.prepare('PRAGMA foreign_key_check').all() as { table: string; rowid: number; parent: string }[]
  for (const { table, rowid, parent } of broken.slice(0, PER_KIND)) {
    found('dangling', `${table} ${rowid} names a row that is not in ${parent}`)
  }
}

function checkCounts(db: Db, { id, meta, first, rows }: StoredTrace, found: Found): void {
  for (const part of PARTS) {
    const counted = db
      .prepare(`SELECT count(*) FROM ${part} WHERE id >= ? AND id < ?`)
      .pluck()
      .get(first[part], first[part] + rows[part])
    if (counted !== rows[part]) found('count', `trace ${id} has ${String(counted)} of ${rows[part]} ${part} rows`)
  }
  for (const table of ['event_chunk', 'event_name', 'event_rate']) {
    const counted = db.prepare(`SELECT total(n) FROM ${table} WHERE trace_id = ?`).pluck().get(id)
    if (counted !== meta.eventCount) {
      found('count', `trace ${id} says ${meta.eventCount} events, its ${table} rows say ${String(counted)}`)
    }
  }
}

function checkChunk(db: Db, { id, chunk }: StoredChunk, trace: Trace, found: Found): void {
  const counts = new Map<number, number>()
  let least = Infinity
  let most = -Infinity
  let strays = 0
  for (let i = 0; i < chunk.length; i++) {
    least = Math.min(least, chunk.ts[i])
    most = Math.max(most, chunk.ts[i])
    counts.set(chunk.name[i], (counts.get(chunk.name[i]) ?? 0) + 1)
    const inRange = chunk.task[i] < trace.tasks.length && chunk.name[i] < trace.eventNames.length
    if (!inRange || chunk.stack[i] >= trace.stacks.length || chunk.stack[i] < -1) strays++
  }
  if (strays > 0)
    found('dangling', `event chunk ${id} has ${strays} events that name no task, name or stack of the trace`)
  if (least !== chunk.ts0 || most !== chunk.ts1) {
    found('zone', `event chunk ${id} says ${chunk.ts0} … ${chunk.ts1} ns, its events are ${least} … ${most} ns`)
  }
  const stored = db.prepare('SELECT name_seq, n FROM event_chunk_name WHERE chunk_id = ?').raw().all(id) as [
    number,
    number,
  ][]
  if (stored.length !== counts.size || stored.some(([name, n]) => counts.get(name) !== n)) {
    found('count', `event chunk ${id} does not have the events its statistics say`)
  }
}

/**
 * The rows in SQL must be what the columns say, cell by cell: they are made again from the columns, in a database of
 * their own, and compared.
 */
function checkSpans(
  db: Db,
  { stored, trace, table }: { readonly stored: StoredTrace; readonly trace: Trace; readonly table: SpanTable },
  found: Found,
): void {
  const { part } = rowMaps[table]
  const columns = trace[table]
  const differences: string[] = []
  let differ = 0
  if (columns.length === 0) return
  const again = connectInMemory()
  try {
    migrate(again)
    again.pragma('foreign_keys = OFF')
    const insert = spanInserter(again, table)
    const rowsOf = (from: Db) =>
      from.prepare(`SELECT * FROM ${part} WHERE id >= ? AND id < ? ORDER BY id`).raw().safeIntegers()
    const [expected, actual] = [rowsOf(again), rowsOf(db)]
    const names = actual.columns().map(({ name }) => name)
    const context = { traceId: stored.id, first: stored.first, names: trace }
    for (let at = 0; at < columns.length; at += limits.spansPerBatch) {
      const n = Math.min(limits.spansPerBatch, columns.length - at)
      const batch = {
        table,
        ids: Uint32Array.from({ length: n }, (_, i) => at + i),
        rows: slice(table, columns, at, n),
      }
      insertBatch(insert, batch as SpanBatch, context)
      const ids = [BigInt(stored.first[part] + at), BigInt(stored.first[part] + at + n)]
      const made = expected.all(...ids) as Cell[][]
      const there = actual.all(...ids) as Cell[][]
      for (let i = 0; i < Math.min(made.length, there.length); i++) {
        const k = made[i].findIndex((cell, column) => cell !== there[i][column])
        if (k < 0) continue
        if (differ++ < 1)
          differences.push(`${names[k]} of ${part} ${there[i][0]} is ${there[i][k]}, its column says ${made[i][k]}`)
      }
      again.exec(`DELETE FROM ${part}`)
    }
  } finally {
    again.close()
  }
  if (differ > 0) found('rows-differ', `${differ} ${part} rows are not what the columns say: ${differences[0]}`)
}

function slice(table: SpanTable, { cols }: Trace[SpanTable], at: number, n: number): Columns<Schema> {
  const all = cols as Readonly<Record<string, AnyColumn>>
  return {
    length: n,
    cols: Object.fromEntries(Object.keys(spanSchemas[table]).map((name) => [name, all[name].subarray(at, at + n)])),
  }
}

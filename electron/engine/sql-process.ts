/**
 * The process a user's SQL statement runs in: one statement at a time, read-only, only statements that guard.ts lets
 * through, and no more rows and bytes than limits.ts allows; the whole of a long answer goes to a file. Cancelling is the
 * parent's business: it kills this process.
 */

import { ApiError, toWireError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import type { QueryResult } from '#shared/contract/methods.ts'
import type { Db, Statement } from '../store/database.ts'
import { openFile } from '../store/open.ts'
import { explainSql, guardedStatement } from '../store/guard.ts'
import { FileOut } from './file-out.ts'
import { parentChannel } from './parent-channel.ts'
import { spawnThread } from './spawn.ts'
import { placeOfError } from './sql-place.ts'
import type { SqlExport, SqlReply, SqlRequest } from './sql.ts'
import { rowText } from './text-rows.ts'

type Value = string | number | null
type Raw = Value | bigint | Uint8Array

function run({ path, sql, maxRows }: SqlRequest): QueryResult {
  const started = performance.now()
  const db = openFile(path)
  try {
    const statement = prepared(db, sql).raw(true).safeIntegers(true)
    const columns = statement.columns().map(({ name }) => name)
    const rows: Value[][] = []
    let bytes = 0
    let truncated = false
    for (const row of statement.iterate() as Iterable<Raw[]>) {
      const values = row.map(asValue)
      for (const value of values) bytes += typeof value === 'string' ? 2 * value.length + 16 : 16
      if (rows.length === maxRows || bytes > limits.sqlReplyBytes) {
        truncated = true
        break
      }
      rows.push(values)
    }
    return { columns, rows, truncated, wallMs: Math.round(performance.now() - started) }
  } finally {
    db.close()
  }
}

/** Rows between two words about how far it is. */
const SAY_EVERY = 20_000
/** Text gathered before it is written. */
const WRITE_CHARS = 256 * 1024

/** The whole answer as text. It ends by being complete, by a limit, or by the parent killing this process. */
function write({ path, sql, out, format }: SqlExport): number {
  const db = openFile(path)
  try {
    const statement = prepared(db, sql).raw(true).safeIntegers(true)
    const { head, line } = rowText(
      format,
      statement.columns().map(({ name }) => name),
    )
    const file = new FileOut(out)
    try {
      let text = head
      let rows = 0
      let bytes = 0
      const flush = (): void => {
        const piece = Buffer.from(text)
        bytes += piece.length
        if (bytes > limits.sqlExportBytes) throw tooLarge()
        file.write(piece)
        text = ''
      }
      for (const row of statement.iterate() as Iterable<Raw[]>) {
        text += line(row)
        if (++rows % SAY_EVERY === 0) parent.send({ progress: rows } satisfies SqlReply)
        if (text.length >= WRITE_CHARS) flush()
      }
      flush()
      return rows
    } finally {
      file.close()
    }
  } finally {
    db.close()
  }
}

function tooLarge(): ApiError {
  return new ApiError(
    'limit',
    `the answer is longer than the ${limits.sqlExportBytes} bytes a file of rows may have`,
    'aggregate, or ask for a part of the time',
  )
}

/** What is wrong with it also says where. */
function prepared(db: Db, sql: string): Statement {
  try {
    return guardedStatement(db, sql)
  } catch (error) {
    const message = error instanceof ApiError ? SAID_BY_SQLITE.exec(error.message)?.[1] : undefined
    const at = message === undefined ? undefined : placeOfError(sql, message, (part) => complaint(db, part))
    if (!(error instanceof ApiError) || at === undefined) throw error
    const where = `line ${at.line}, column ${at.column}`
    throw new ApiError(error.code, `${error.message} (${where})`, error.hint, at)
  }
}

const SAID_BY_SQLITE = /^SQL: ([\s\S]*)$/

function complaint(db: Db, sql: string): string | undefined {
  try {
    guardedStatement(db, sql)
    return undefined
  } catch (error) {
    return SAID_BY_SQLITE.exec((error as Error).message)?.[1]
  }
}

/** Integers beyond 2^53 stay exact as text; binary columns are named, not shown. */
function asValue(value: Raw): Value {
  if (typeof value === 'bigint') {
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : String(value)
  }
  if (value instanceof Uint8Array) return `<${value.length} bytes>`
  return value
}

// A parent that was killed cannot kill this process, and a statement that never ends notices nothing.
spawnThread('sql-watch', { parent: Number(process.argv[2] ?? process.ppid) }).unref()

const parent = parentChannel()
parent.onMessage((message) => {
  const request = message as SqlRequest | SqlExport
  let reply: SqlReply
  try {
    reply = 'out' in request ? { written: write(request) } : { result: run(request) }
  } catch (thrown) {
    reply = { error: toWireError(explainSql(thrown, request.path)) }
  }
  parent.send(reply)
})

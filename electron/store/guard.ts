/**
 * Which SQL of a user may run: one statement that begins with SELECT, VALUES, WITH or EXPLAIN, returns rows and writes
 * nothing. A read-only connection is not enough (it still runs ATTACH), and neither is asking SQLite whether a prepared
 * statement only reads: many PRAGMAs take effect while they are prepared, so the first word is looked at before.
 * It cannot stop a statement that runs too long: those run in a process that can be killed.
 */

import { basename } from 'node:path'
import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import { explain, sqliteCode, type Db, type Statement } from './database.ts'

const ALLOWED = ['SELECT', 'WITH', 'VALUES']

/** The statement, prepared; ApiError `bad-request` with the reason where it may not run. */
export function guardedStatement(db: Db, sql: string): Statement {
  if (sql.length > limits.sqlBytes) {
    throw new ApiError('limit', `the SQL statement is longer than ${limits.sqlBytes} characters`, 'make it shorter')
  }
  // SQLite would stop reading there.
  if (sql.includes('\0')) throw denied('there is a NUL character in it')
  const word = firstWord(sql)
  if (word === '') throw new ApiError('bad-request', 'there is no SQL statement', 'try: SELECT * FROM trace')
  if (!ALLOWED.includes(word))
    throw denied(`it begins with ${word.slice(0, 20)}, not with ${ALLOWED.join(', ')} or EXPLAIN`)
  const statement = prepare(db, sql)
  if (!statement.reader || !statement.readonly) throw denied('this statement does not only read')
  refuseParameters(statement)
  return statement
}

/**
 * The only thing SQL can ask SQLite that names a place on this machine, `pragma_database_list`, gets an answer of ours, with
 * the names of files. A module of that name comes before SQLite's own however a statement spells or qualifies it.
 */
export function hidePlaces(db: Db): void {
  const rows = db.pragma('database_list') as readonly { seq: number; name: string; file: string | null }[]
  const named = rows.map(({ seq, name, file }) => [BigInt(seq), name, file === null ? null : basename(file)])
  db.table('pragma_database_list', {
    columns: ['seq', 'name', 'file'],
    *rows() {
      yield* named
    },
  })
}

/** `?1`, `:x`: the binding misses a value for each as soon as it is to bind none. */
function refuseParameters(statement: Statement): void {
  try {
    statement.bind()
  } catch {
    throw new ApiError(
      'bad-request',
      'SQL: there is a parameter in it (?, :name, @name, $name), and nothing gives it a value',
      'write the value itself',
    )
  }
}

function prepare(db: Db, sql: string): Statement {
  try {
    return db.prepare(sql)
  } catch (error) {
    // The binding's own refusal.
    if (error instanceof RangeError) throw denied('there is more than one statement')
    if (sqliteCode(error) === 'SQLITE_ERROR' || sqliteCode(error) === 'SQLITE_AUTH') {
      throw new ApiError(
        'bad-request',
        `SQL: ${(error as Error).message}`,
        'see the tables: SELECT name, sql FROM sqlite_schema',
      )
    }
    throw error
  }
}

/** What went wrong in a user's statement, while it was prepared or while it ran. */
export function explainSql(error: unknown, path: string): unknown {
  switch (sqliteCode(error)) {
    case 'SQLITE_ERROR':
    case 'SQLITE_AUTH':
    case 'SQLITE_TOOBIG':
    case 'SQLITE_MISMATCH':
    case 'SQLITE_RANGE':
      return new ApiError(
        'bad-request',
        `SQL: ${error instanceof Error ? error.message : String(error)}`,
        'see the tables: SELECT name, sql FROM sqlite_schema',
      )
    case 'SQLITE_NOMEM':
      return new ApiError('limit', 'SQL: the statement needs more memory than it may use', 'ask for less at a time')
    default:
      return explain(error, path)
  }
}

function denied(why: string): ApiError {
  return new ApiError('bad-request', `this SQL is not run: ${why}`, 'write one SELECT; traces are read-only here')
}

/** The first keyword in capitals, behind blanks, comments and EXPLAIN [QUERY PLAN]; '' where there is none. */
function firstWord(sql: string): string {
  const blank = /^(?:[\s;\uFEFF]+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?(?:\*\/|$))+/
  let rest = sql
  const word = () => {
    rest = rest.replace(blank, '')
    const [found] = /^(?:[A-Za-z_]+|[\s\S])/.exec(rest) ?? ['']
    rest = rest.slice(found.length)
    return found.toUpperCase()
  }
  let first = word()
  if (first !== 'EXPLAIN') return first
  first = word()
  if (first !== 'QUERY') return first
  return word() === 'PLAN' ? word() : 'QUERY'
}

/** A user's SQL reads and nothing else, whatever it is dressed as. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import type { Db } from '#electron/store/database.ts'
import { explainSql, guardedStatement } from '#electron/store/guard.ts'
import { openFile, openFileForWriting } from '#electron/store/open.ts'
import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import { story } from '../support/trace-art.ts'
import { writeFile } from '../support/store.ts'

const folder = mkdtempSync(join(tmpdir(), 'faultline-guard-'))
let db: Db
/** The guard must hold where SQLite itself would let writes through, too. */
let writable: Db

beforeAll(() => {
  db = openFile(writeFile(join(folder, 'a.faultline'), story))
  writable = openFileForWriting(writeFile(join(folder, 'b.faultline'), story))
})
afterAll(() => {
  db.close()
  writable.close()
  rmSync(folder, { recursive: true, force: true })
})

const ATTACKS: readonly (readonly [string, string])[] = [
  ['attach', `ATTACH '${join(folder, 'stolen.db')}' AS x`],
  ['attach in a comment’s clothes', "/* SELECT */ ATTACH 'x.db' AS x"],
  ['detach', 'DETACH main'],
  ['pragma that writes the file', 'PRAGMA journal_mode = WAL'],
  ['pragma that acts while it is prepared', 'PRAGMA trusted_schema = ON'],
  ['pragma with comment first', '-- SELECT\nPRAGMA writable_schema = ON'],
  ['pragma behind semicolons and blanks', ' ;\t;\n PRAGMA query_only = OFF'],
  ['pragma under explain', 'EXPLAIN PRAGMA writable_schema = ON'],
  ['pragma under explain query plan', 'EXPLAIN QUERY PLAN PRAGMA writable_schema = ON'],
  ['pragma that only reads', 'PRAGMA table_info(op)'],
  ['load_extension', "SELECT load_extension('/tmp/x.so')"],
  ['two statements', 'SELECT 1; DROP TABLE op'],
  ['two statements, second behind a comment', 'SELECT 1; /* */ DELETE FROM op'],
  ['insert', 'INSERT INTO annotation SELECT 1, 1, 1, 1, 1, 1'],
  ['insert … returning', "INSERT INTO annotation (trace_id, kind, start_ns, text) VALUES (1, 'x', 0, '') RETURNING id"],
  ['delete … returning', 'DELETE FROM op RETURNING *'],
  ['update … returning', 'UPDATE op SET cpu = 1 RETURNING *'],
  ['writable CTE', 'WITH x AS (SELECT 1) DELETE FROM op RETURNING id'],
  ['CTE that inserts', 'WITH x AS (SELECT 1 a) INSERT INTO annotation SELECT a, 1, 1, 1, 1, 1 FROM x'],
  ['replace', "REPLACE INTO vocabulary VALUES (1, 'x', 1, 'x')"],
  ['create', 'CREATE TABLE x (y)'],
  ['create temp trigger', 'CREATE TEMP TRIGGER t AFTER INSERT ON op BEGIN SELECT 1; END'],
  ['create view', 'CREATE TEMP VIEW x AS SELECT 1'],
  ['drop', 'DROP TABLE op'],
  ['alter', 'ALTER TABLE op RENAME TO x'],
  ['vacuum into a file', `VACUUM INTO '${join(folder, 'copy.db')}'`],
  ['reindex', 'REINDEX'],
  ['analyze', 'ANALYZE'],
  ['begin', 'BEGIN IMMEDIATE'],
  ['savepoint', 'SAVEPOINT x'],
  ['rollback', 'ROLLBACK'],
  ['bare expression', '1 + 1'],
  ['NUL before a second statement', 'SELECT 1;\u0000DROP TABLE op'],
  ['nothing', ''],
  ['only a comment', '-- SELECT 1'],
  ['an open comment', '/* SELECT 1'],
  ['a byte order mark and a pragma', '\uFEFFPRAGMA writable_schema = ON'],
  ['a full-width SELECT', 'ＳＥＬＥＣＴ 1'],
]

/** As the SQL process does it. */
function run(on: Db, sql: string): unknown[] {
  try {
    return guardedStatement(on, sql).all()
  } catch (error) {
    throw explainSql(error, on.name)
  }
}

describe('the guard refuses', () => {
  it.each(ATTACKS)('%s', (_, sql) => {
    for (const target of [db, writable]) {
      expect(() => run(target, sql)).toThrow(ApiError)
    }
  })

  it('and none of these left a trace', () => {
    expect(existsSync(join(folder, 'stolen.db'))).toBe(false)
    expect(existsSync(join(folder, 'copy.db'))).toBe(false)
    expect(writable.prepare('SELECT count(*) FROM op').pluck().get()).toBe(2)
    expect(writable.prepare('SELECT count(*) FROM annotation').pluck().get()).toBe(0)
    for (const target of [db, writable]) {
      expect(target.pragma('trusted_schema', { simple: true })).toBe(0)
      expect(target.pragma('writable_schema', { simple: true })).toBe(0)
      expect(target.pragma('journal_mode', { simple: true })).toBe('delete')
    }
  })

  it('a statement longer than the limit', () => {
    expect(() => guardedStatement(db, `SELECT '${'x'.repeat(limits.sqlBytes)}'`)).toThrow(ApiError)
  })

  it('with SQLite’s own words what is misspelled', () => {
    expect(() => guardedStatement(db, 'SELECT nope FROM op')).toThrow('SQL: no such column: nope')
  })

  it('in a sentence what fails while it runs', () => {
    expect(() => run(db, 'SELECT abs(-9223372036854775808)')).toThrow('SQL: integer overflow')
  })
})

describe('the guard lets through', () => {
  it.each([
    ['select', 'SELECT kind, count(*) FROM op GROUP BY kind'],
    ['with', 'WITH x AS (SELECT 1 AS a) SELECT a FROM x'],
    ['values', 'VALUES (1), (2)'],
    ['lower case, comments, a trailing semicolon', '-- how many\n/* ops */ select count(*) from op; -- all'],
    ['explain', 'EXPLAIN SELECT * FROM op'],
    ['explain query plan', 'explain query plan select * from op'],
    ['the event table', "SELECT name, json_extract(args, '$.address') FROM event WHERE name = 'page_fault_user'"],
    ['a window of events', 'SELECT count(*) FROM event_in(1, 0, 1000)'],
    ['schema questions', "SELECT name FROM pragma_table_info('op')"],
  ])('%s', (_, sql) => {
    expect(guardedStatement(db, sql).all().length).toBeGreaterThan(0)
  })
})

it('tells no place on this machine: of files their names only', () => {
  const spelled = [
    'pragma_database_list',
    'PRAGMA_Database_List',
    'main."pragma_database_list"',
    'temp.pragma_database_list',
  ]
  for (const table of spelled) {
    expect(run(db, `SELECT seq, name, file FROM ${table}`)).toContainEqual({
      seq: 0,
      name: 'main',
      file: 'a.faultline',
    })
  }
  // Whatever else SQLite has to say of itself.
  const names = db.prepare('SELECT name FROM pragma_pragma_list UNION SELECT name FROM pragma_module_list')
  for (const name of names.pluck().all() as string[]) {
    for (const table of [`pragma_${name}`, name]) {
      for (const sql of [`SELECT * FROM "${table}"`, `EXPLAIN SELECT * FROM "${table}"`]) {
        expect(said(sql), sql).not.toContain(folder)
      }
    }
  }
})

function said(sql: string): string {
  try {
    return JSON.stringify(run(db, sql))
  } catch (error) {
    return String(error)
  }
}

it.each(['1e18', "'x'", "x'00'", '-1', '65535', '1.5', 'NULL'])('what is no event has no fields: %s', (ref) => {
  expect(db.prepare(`SELECT event_args(${ref}), event_frames(${ref})`).raw().get()).toEqual([null, null])
})

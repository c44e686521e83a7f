/** An error in a user's SQL says where it is: against what SQLite itself says about real statements. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { placeOfError } from '#electron/engine/sql-place.ts'
import type { Db } from '#electron/store/database.ts'
import { openFile } from '#electron/store/open.ts'
import { sqlStatements, sqlTokens, statementAt } from '#shared/base/sql-tokens.ts'
import { story } from '../support/trace-art.ts'
import { writeFile } from '../support/store.ts'

const folder = mkdtempSync(join(tmpdir(), 'faultline-place-'))
let db: Db
beforeAll(() => {
  db = openFile(writeFile(join(folder, 'a.faultline'), story))
})
afterAll(() => {
  db.close()
  rmSync(folder, { recursive: true, force: true })
})

function complaint(sql: string): string | undefined {
  try {
    db.prepare(sql)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
/** What the error is about, as text of the statement, with its line and column. */
function found(sql: string): string | undefined {
  const message = complaint(sql)
  if (message === undefined) throw new Error('nothing is wrong with it')
  const at = placeOfError(sql, message, complaint)
  return at && `${at.line}:${at.column} ${sql.slice(at.offset, at.offset + at.length)}`
}

describe('the place of an error', () => {
  it.each([
    ['SELECT id FORM op WHERE 1', '1:16 op'],
    ['SELECT id\nFROM op\nWHERE kind = = 1', '3:14 ='],
    ['SELECT , FROM op', '1:8 ,'],
    // the same token stands earlier where it is right
    ['SELECT (1) FROM op GROUP BY ) ORDER BY (1)', '1:29 )'],
    ["SELECT 'FROM' FROM op FROM task", '1:23 FROM'],
    ['SELECT 1 -- FROM FROM\nFROM FROM op', '2:6 FROM'],
    ['SELECT id FROM op WHERE', '1:19 WHERE'],
  ])('%s', (sql, place) => expect(found(sql)).toBe(place))

  it.each([
    ['SELECT nope FROM op', '1:8 nope'],
    ["SELECT 'nope', nope FROM op", '1:16 nope'],
    ['SELECT o.nope\nFROM op o', '1:8 o.nope'],
    ['SELECT 1\nFROM lock_clas', '2:6 lock_clas'],
    ['SELECT id FROM op JOIN task', '1:8 id'],
    ['SELECT medan(duration_ns) FROM op', '1:8 medan'],
    ['SELECT "a b" FROM nowhere', '1:19 nowhere'],
    ['SELECT max(1, 2, kind) FROM op WHERE count(*) > 1', '1:38 count'],
  ])('of a name in %s', (sql, place) => expect(found(sql)).toBe(place))

  it('is the first token with which a good beginning turns bad, wherever a bad one is put', () => {
    const good =
      "WITH w AS (SELECT op_id, sum(acquired_ns - requested_ns) ns FROM lock_span WHERE contended = 1 GROUP BY 1)\nSELECT o.kind, count(*), avg(w.ns) / 1e3 FROM op o JOIN w ON w.op_id = o.id WHERE o.kind <> 'write' ORDER BY 3 DESC LIMIT 10"
    expect(complaint(good)).toBeUndefined()
    const tokens = sqlTokens(good)
    fc.assert(
      fc.property(fc.integer({ min: 1, max: tokens.length - 1 }), (n) => {
        const from = tokens[n]?.from ?? 0
        const sql = `${good.slice(0, from)}] ${good.slice(from)}`
        const message = complaint(sql) ?? ''
        const at = placeOfError(sql, message, complaint)
        expect({ message, offset: at?.offset }).toEqual({ message, offset: from })
      }),
    )
  })

  it('is unknown for what goes wrong while a statement runs', () => {
    expect(placeOfError('SELECT abs(-9223372036854775808)', 'integer overflow', complaint)).toBeUndefined()
  })
})

describe('statements', () => {
  const text = "-- first; not the end\nSELECT ';' AS a;\n\n/* ; */ SELECT 2 -- two;\n;;\n"
  it('end at semicolons that are neither in texts nor in comments', () => {
    expect(sqlStatements(text).map((one) => one.text)).toEqual(["SELECT ';' AS a", 'SELECT 2'])
  })
  it('are found by a position in them, behind them and before the first', () => {
    expect(statementAt(text, 0)?.text).toBe("SELECT ';' AS a")
    expect(statementAt(text, text.indexOf('AS a'))?.text).toBe("SELECT ';' AS a")
    expect(statementAt(text, text.length)?.text).toBe('SELECT 2')
    expect(statementAt('  -- nothing', 3)).toBeUndefined()
  })
})

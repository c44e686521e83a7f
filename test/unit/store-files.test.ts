/** Opening files somebody sent: each thing that can be wrong is one sentence, nothing in a file runs, nothing hangs. */

import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { encodeSpans, packTimes } from '#electron/store/codec.ts'
import { connect, type Db } from '#electron/store/database.ts'
import { loadTrace } from '#electron/store/load.ts'
import {
  APPLICATION_ID,
  migrate,
  migrations,
  newestVersion,
  readSchema,
  schemaOf,
  versionOf,
} from '#electron/store/migrate.ts'
import { openFile } from '#electron/store/open.ts'
import { checkSizes } from '#electron/store/sizes.ts'
import { allocate, type AnyColumn } from '#shared/base/columns.ts'
import { ApiError } from '#shared/base/errors.ts'
import { spanSchemas } from '#shared/model/trace.ts'
import { collect, story } from '../support/trace-art.ts'
import { tempFolder, writeFile } from '../support/store.ts'

let folder: string
beforeEach(() => {
  folder = tempFolder()
})

const at = (name: string) => join(folder, name)
const written = (name: string, bytes: string | Uint8Array) => {
  writeFileSync(at(name), bytes)
  return at(name)
}
/** A good file, changed with plain SQL, which every SQLite client can do. */
const altered = (change: (db: Db) => void) => {
  const path = writeFile(at('altered.faultline'), story)
  const db = connect(path, { readonly: false, mustExist: true })
  change(db)
  db.close()
  return path
}
const patched = (offset: number, bytes: readonly number[]) => {
  const path = writeFile(at('patched.faultline'), story)
  const content = readFileSync(path)
  content.set(bytes, offset)
  writeFileSync(path, content)
  return path
}

function refusal(open: () => unknown): { code: string; message: string; hint: string | undefined } {
  try {
    open()
  } catch (error) {
    if (error instanceof ApiError) return { code: error.code, message: error.message, hint: error.hint }
    throw error
  }
  throw new Error('it was opened')
}
/** SQL that adds a report of lockdep, sound but for what is given. */
const lockReport = (odd: object) => {
  const sound = { kind: 'circular', title: 't', firstLine: 1, kernel: null, atNs: null, wanted: null, against: null }
  const body = JSON.stringify({ ...sound, tasks: [], edges: [], scenario: [], ...odd })
  return `INSERT INTO lock_report VALUES (1, 1, 'circular', 't', 1, '${body}')`
}
const opening = (path: string) => refusal(() => openFile(path).close())

describe('opening refuses, in one sentence,', () => {
  it('a file that is not there', () => {
    expect(opening(at('no.faultline'))).toMatchObject({
      code: 'not-found',
      message: 'no.faultline: no such file or folder',
    })
  })

  it('a file whose folder went away, without saying where that was', () => {
    expect(opening(at('no/where/a.faultline'))).toMatchObject({
      code: 'not-found',
      message: 'a.faultline: no such file or folder',
      hint: 'check the path',
    })
  })

  it('a folder', () => {
    mkdirSync(at('dir.faultline'))
    expect(opening(at('dir.faultline'))).toMatchObject({
      code: 'bad-input',
      message: 'dir.faultline is a folder, not a file',
    })
  })

  it.skipIf(process.platform === 'win32')('a pipe, without waiting for a writer', () => {
    execFileSync('mkfifo', [at('pipe')])
    expect(opening(at('pipe'))).toMatchObject({ code: 'bad-input', message: 'pipe is not a regular file' })
  })

  it('an empty file', () => {
    expect(opening(written('empty.faultline', ''))).toMatchObject({
      code: 'bad-input',
      message: 'empty.faultline is empty',
    })
  })

  it('text, and says how to import it', () => {
    const { code, message, hint } = opening(written('trace.txt', '# tracer: nop\n'.repeat(20)))
    expect([code, message]).toEqual(['bad-input', 'trace.txt is not a .faultline file'])
    expect(hint).toContain('faultline import')
  })

  it('a picture', () => {
    const jpeg = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(4096, 7)])
    expect(opening(written('a.jpg', jpeg)).message).toBe('a.jpg is not a .faultline file')
  })

  it('an SQLite database of another program', () => {
    const db = connect(at('other.db'), { readonly: false, mustExist: false })
    db.exec('CREATE TABLE t (x)')
    db.close()
    expect(opening(at('other.db'))).toMatchObject({
      code: 'bad-input',
      message: "other.db is an SQLite database, but not one of Faultline's",
    })
  })

  it('a file that was cut short anywhere', () => {
    const path = writeFile(at('cut.faultline'), story)
    const { size } = statSync(path)
    for (const left of [size - 1, size - 20_000, 4096, 150, 99, 20, 7]) {
      truncateSync(path, left)
      expect(opening(path)).toMatchObject({
        code: 'bad-input',
        message: 'cut.faultline is cut short: its end is missing',
      })
    }
  })

  it('a file of a newer version', () => {
    const path = patched(60, [0, 0, 0, 99])
    expect(opening(path)).toMatchObject({
      code: 'unsupported',
      message: `patched.faultline was written by a newer Faultline (file version 99, this program reads up to ${newestVersion()})`,
      hint: 'update Faultline to open it',
    })
  })

  it('a file in WAL mode, which reading would write beside', () => {
    expect(opening(patched(18, [2, 2])).message).toContain("is in SQLite's WAL mode")
  })

  it('a damaged page of its schema', () => {
    expect(opening(patched(100, Array<number>(2000).fill(0xee)))).toMatchObject({ code: 'bad-input' })
  })

  it.each([
    ['a view', 'CREATE VIEW v AS SELECT 1', 'view v'],
    ['a trigger', 'CREATE TRIGGER g AFTER INSERT ON op BEGIN SELECT 1; END', 'trigger g'],
    ['a virtual table', 'CREATE VIRTUAL TABLE f USING fts5(x)', 'table f'],
    ['an index of ours that computes', 'CREATE INDEX i ON op (start_ns + 1)', 'index i'],
  ])('%s somebody put in', (_, sql, what) => {
    const { code, message, hint } = opening(altered((db) => db.exec(sql)))
    expect(code).toBe('bad-input')
    expect(message).toMatch(new RegExp(`^altered\\.faultline has a ${what}.* that Faultline did not make`))
    expect(hint).toContain('drop it')
  })

  it('one of our tables replaced by a view that computes', () => {
    const path = altered((db) =>
      db.exec(
        'DROP TABLE annotation; CREATE VIEW annotation AS WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x FROM r) SELECT * FROM r',
      ),
    )
    expect(opening(path).message).toBe('altered.faultline is damaged: its table annotation is not what Faultline makes')
  })

  it('one of our tables with another column', () => {
    expect(opening(altered((db) => db.exec('ALTER TABLE op ADD COLUMN more INTEGER'))).message).toContain(
      'its table op is not what',
    )
  })
})

describe('opening', () => {
  it('accepts a plain table and its index that a user added', () => {
    openFile(altered((db) => db.exec('CREATE TABLE notes (x); CREATE INDEX notes_x ON notes (x)'))).close()
  })

  it('does not change the file by a byte', () => {
    const path = writeFile(at('same.faultline'), story)
    const before = readFileSync(path)
    const db = openFile(path)
    loadTrace(db, 1)
    db.prepare('SELECT count(*) FROM event').get()
    db.close()
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  it('does not write: not even what SQLite would let a reader do', () => {
    const db = openFile(writeFile(at('ro.faultline'), story))
    expect(() => db.exec("INSERT INTO annotation (trace_id, kind, start_ns, text) VALUES (1, 'x', 0, '')")).toThrow(
      'readonly',
    )
    db.close()
  })
})

describe('damage inside', () => {
  const loads = (path: string) =>
    refusal(() => {
      const db = openFile(path)
      try {
        const trace = loadTrace(db, 1)
        void [trace.op, trace.phase, trace.lockSpan, trace.waitEdge, trace.taskState]
        db.prepare('SELECT sum(length(args)) FROM event').get()
      } finally {
        db.close()
      }
    })

  it.each([
    ['a span chunk that is not zstd', "UPDATE span_chunk SET columns = zeroblob(100) WHERE part = 'op'"],
    [
      'a span chunk of another table',
      "UPDATE span_chunk SET columns = (SELECT columns FROM span_chunk WHERE part = 'task_state') WHERE part = 'op'",
    ],
    ['a chunk that says it has more rows', "UPDATE span_chunk SET n = 1000 WHERE part = 'lock_span'"],
    ['a chunk that says it has a negative number of rows', "UPDATE span_chunk SET n = -1 WHERE part = 'lock_span'"],
    ['a missing chunk', "DELETE FROM span_chunk WHERE part = 'phase'"],
    ['a trace that says it has 4 billion rows', "UPDATE trace_part SET n = 700000000 WHERE part = 'op'"],
    ['a part that is not there', "DELETE FROM trace_part WHERE part = 'op'"],
    ['a lock of a class that is not there', 'PRAGMA foreign_keys = OFF; UPDATE lock SET class_id = 77'],
    [
      'spans of locks that are not there',
      "PRAGMA foreign_keys = OFF; DELETE FROM lock; UPDATE trace_part SET n = 0 WHERE part = 'lock'",
    ],
    ['kinds without their words', "DELETE FROM vocabulary WHERE kind = 'op_kind'"],
    ['a clock that reads a word', "UPDATE trace SET start_clock = 'noon'"],
    ['a beginning that is no number', "UPDATE trace SET start_unix_ns = '1e9'"],
    ['rows that begin behind all numbers', "UPDATE trace_part SET first_id = 9223372036854775807 WHERE part = 'op'"],
    ['a report of nobody', lockReport({ tasks: [null] })],
    ['a report of orders that are none', lockReport({ edges: [null] })],
    ['a report with frames that are no text', lockReport({ edges: [{ from: 'a', to: 'b', stack: [{}] }] })],
    ['an event chunk that says it has more events', 'UPDATE event_chunk SET n = 70000'],
    ['an event chunk with a wrong payload size', 'UPDATE event_chunk SET args_bytes = 1'],
    ['an event chunk with a huge payload size', 'UPDATE event_chunk SET args_bytes = 1 << 40'],
    ['an event chunk with columns swapped', 'UPDATE event_chunk SET cpu = name'],
  ])('is a sentence: %s', (_, sql) => {
    expect(loads(altered((db) => db.exec(sql))).code).toBe('bad-input')
  })

  it('a severity and a kind of lock that are none of ours do not come through', () => {
    const db = openFile(
      altered((db) => {
        db.exec(`INSERT INTO diagnostic VALUES (9, 1, '\x1b[2J', 'odd', 'a remark', NULL, 1)`)
        db.exec(`UPDATE lock_class SET kind = '\x1b[2J'`)
      }),
    )
    const { diagnostics, lockClasses } = loadTrace(db, 1)
    db.close()
    expect(diagnostics.map(({ severity }) => severity)).toContain('warning')
    expect(JSON.stringify([diagnostics, lockClasses])).not.toContain('[2J')
  })

  it.each([
    ['a name', 'UPDATE task SET comm = CAST(zeroblob(70000000) AS TEXT)', 'task'],
    ['the name of the trace', 'UPDATE trace SET name = CAST(zeroblob(70000000) AS TEXT)', 'trace'],
    ['columns of operations', "UPDATE span_chunk SET columns = zeroblob(70000000) WHERE part = 'op'", 'span_chunk'],
    ['events', 'UPDATE event_chunk SET args = zeroblob(70000000)', 'event_chunk'],
    ['a note', "INSERT INTO annotation VALUES (1, 1, 'note', 0, 0, CAST(zeroblob(70000000) AS TEXT))", 'annotation'],
  ])('a value nobody would write is refused before it is read: %s', (_, sql, table) => {
    const path = altered((db) => db.exec(sql))
    const before = process.resourceUsage().maxRSS
    expect(loads(path)).toMatchObject({
      code: 'bad-input',
      message: `altered.faultline has a value of 70000000 bytes in its table ${table}`,
    })
    // KiB; the value itself has 68 000.
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(40_000)
  })

  it('a value that comes while the file is open is refused too', () => {
    const path = writeFile(at('grown.faultline'), story)
    const db = openFile(path)
    loadTrace(db, 1)
    const other = connect(path, { readonly: false, mustExist: true })
    other.exec('INSERT INTO task VALUES (99, 1, 99, 99, CAST(zeroblob(70000000) AS TEXT))')
    other.close()
    expect(refusal(() => loadTrace(db, 1)).message).toBe(
      'grown.faultline has a value of 70000000 bytes in its table task',
    )
    db.close()
  })

  it('words that are too many together are refused before they are read', () => {
    const db = openFile(writeFile(at('words.faultline'), story))
    const caps = { storedValueBytes: 1000, storedTextBytes: 30 }
    expect(refusal(() => checkSizes(db, ['vocabulary'], caps)).message).toMatch(
      /^words\.faultline has \d+ bytes of text in its table vocabulary$/,
    )
    checkSizes(db, ['vocabulary'], { ...caps, storedTextBytes: 1000 })
    db.close()
  })

  it.each([
    ['a start that is not known', 'startNs', NaN],
    ['a start before the trace', 'startNs', -1],
    ['half a nanosecond', 'durationNs', 0.5],
    ['an endless operation', 'durationNs', Infinity],
    ['a task that is not there', 'task', 99],
    ['an inode that is not there', 'inode', -2],
    ['a length beyond 64 bits', 'length', 1e300],
  ])('is a sentence: %s', (_, column, value) => {
    const cells: Record<string, number> = { ...story.spans[0].cells, [column]: value }
    const cols = allocate(spanSchemas.op, 2)
    for (const name of Object.keys(cols)) (cols as Record<string, AnyColumn>)[name].fill(cells[name] ?? 0)
    const columns = encodeSpans(spanSchemas.op, { ids: Uint32Array.of(0, 1), cols, length: 2 }, ['startNs'], 0)
    const { code, message } = loads(
      altered((db) => db.prepare("UPDATE span_chunk SET columns = ? WHERE part = 'op'").run(columns)),
    )
    expect([code, message]).toEqual(['bad-input', expect.stringContaining(`${column} of row 0 is ${value}`)])
  })

  it.each([
    ['no time', NaN],
    ['half a nanosecond', 0.5],
    ['a time outside the chunk', -1],
    ['no end of time', Infinity],
  ])('is a sentence: an event at %s', (_, at) => {
    const ts = packTimes(Float64Array.of(0, 1, 2, 3, at), 5, 0)
    expect(loads(altered((db) => db.prepare('UPDATE event_chunk SET ts = ?').run(ts)))).toMatchObject({
      code: 'bad-input',
      message: `event chunk 0 is damaged: an event at ${at} ns`,
    })
  })

  it('of any byte is a sentence or goes unnoticed, but never anything else', () => {
    const path = writeFile(at('noise.faultline'), story)
    const good = readFileSync(path)
    const { trace } = collect(story)
    let refused = 0
    for (let round = 0; round < 120; round++) {
      const bytes = Buffer.from(good)
      // Spread over the file, never the same bits.
      for (let k = 0; k < 24; k++) bytes[(round * 7919 + k * 104_729 + 100) % bytes.length] ^= 1 << ((k + round) % 8)
      writeFileSync(path, bytes)
      try {
        const db = openFile(path)
        try {
          expect(loadTrace(db, 1).op.length).toBe(trace.op.length)
          db.prepare('SELECT count(args) FROM event').get()
        } finally {
          db.close()
        }
      } catch (error) {
        refused++
        expect((error as Error).constructor.name, String(error)).toMatch(/^(ApiError|SqliteError|AssertionError)$/)
      }
    }
    expect(refused).toBeGreaterThan(0)
  })
})

describe('migrations', () => {
  it('make an empty file of the newest version with our mark', () => {
    const db = connect(at('new.faultline'), { readonly: false, mustExist: false })
    migrate(db)
    expect(db.pragma('application_id', { simple: true })).toBe(APPLICATION_ID)
    expect(versionOf(db)).toBe(migrations().length)
    db.close()
  })

  it('lead to the same schema from every older version as from nothing', () => {
    for (const { version } of migrations()) {
      const db = connect(at(`from-${version}.faultline`), { readonly: false, mustExist: false })
      migrate(db, version)
      migrate(db)
      expect(new Map(readSchema(db).map((object) => [object.name, object]))).toEqual(schemaOf(newestVersion()))
      db.close()
    }
  })

  it('make every table STRICT', () => {
    for (const { type, sql, name } of schemaOf(newestVersion()).values()) {
      if (type === 'table') expect(sql, name).toMatch(/\) STRICT(, WITHOUT ROWID)?$/)
    }
  })

  it('bring an older file up to date when it is opened, in a copy that replaces it', () => {
    const db = connect(at('old.faultline'), { readonly: false, mustExist: false })
    migrate(db, 1)
    db.exec(
      `INSERT INTO trace VALUES (1, 'old', 'ftrace', 'mono', 'ns', '0', NULL, 5, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1024)`,
    )
    db.close()
    const before = statSync(at('old.faultline')).ino
    const opened = openFile(at('old.faultline'))
    expect(opened.prepare('SELECT name FROM trace').pluck().get()).toBe('old')
    expect(versionOf(opened)).toBe(newestVersion())
    opened.close()
    expect(statSync(at('old.faultline')).ino).not.toBe(before)
  })

  it('make NULL of figures that perf lock did not have, and leave those of /proc/lock_stat', () => {
    const db = connect(at('tables.faultline'), { readonly: false, mustExist: false })
    migrate(db, 5)
    db.pragma('foreign_keys = OFF')
    for (const version of ['perf lock contention', 'perf lock report', '0.4']) {
      db.exec(
        `INSERT INTO lock_stat VALUES (NULL, 1, 0, 'shared', 7, 0, 0, 9, 20, NULL, ${version === 'perf lock contention' ? 0 : 8}, 0, 0, 0, 0, NULL, '${version}')`,
      )
    }
    migrate(db)
    expect(db.prepare('SELECT * FROM lock_stat').raw().all()).toEqual([
      [1, 1, 0, 'shared', 7, null, null, 9, 20, null, null, null, null, null, null, null, 'perf lock contention'],
      [2, 1, 0, 'shared', 7, null, null, 9, 20, null, 8, null, null, null, null, null, 'perf lock report'],
      [3, 1, 0, 'shared', 7, 0, 0, 9, 20, null, 8, 0, 0, 0, 0, null, '0.4'],
    ])
    db.close()
  })

  it('leave an older file alone that is not what it says', () => {
    const db = connect(at('evil.faultline'), { readonly: false, mustExist: false })
    migrate(db, 1)
    db.exec('CREATE TRIGGER evil AFTER INSERT ON trace BEGIN SELECT 1; END')
    db.close()
    const before = readFileSync(at('evil.faultline'))
    expect(opening(at('evil.faultline')).message).toContain('trigger evil that Faultline did not make')
    expect(readFileSync(at('evil.faultline')).equals(before)).toBe(true)
  })

  it('replace the file behind a link, not the link', () => {
    const db = connect(at('real.faultline'), { readonly: false, mustExist: false })
    migrate(db, 1)
    db.close()
    symlinkSync(at('real.faultline'), at('link.faultline'))
    openFile(at('link.faultline')).close()
    const real = connect(at('real.faultline'), { readonly: true, mustExist: true })
    expect(versionOf(real)).toBe(newestVersion())
    real.close()
  })
})

/** Exports as files: every format of every kind is written whole or not at all, and says what the trace says. */

import { copyFileSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parquetReadObjects } from 'hyparquet'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import BetterSqlite from 'better-sqlite3'
import { exportJob } from '#electron/engine/export.ts'
import type { ExportOptions } from '#electron/engine/export-tables.ts'
import { importTrace } from '#electron/engine/import.ts'
import { checkFile } from '#electron/store/check.ts'
import { EXPORT_FORMATS } from '#shared/contract/export-formats.ts'
import { EXPORT_TABLES } from '#shared/contract/methods.ts'
import { ApiError } from '#shared/base/errors.ts'
import { fixturePath, repoRoot } from '../support/corpus.ts'
import { tempFolder } from '../support/store.ts'

const folder = mkdtempSync(join(tmpdir(), 'faultline-export-'))
const path = join(folder, 'trace.faultline')

afterAll(() => rmSync(folder, { recursive: true, force: true }))

beforeAll(async () => {
  await importTrace({ source: fixturePath('ftrace/dax-ext4-lockdep.txt'), name: 'lockdep', out: path, force: true })
})

function exported(
  what: Partial<ExportOptions> & Pick<ExportOptions, 'format' | 'out'>,
): Promise<{ rows: number | null }> {
  const signal = new AbortController().signal
  return exportJob({ path, table: 'lock_span', force: false, signal, onProgress: () => undefined, ...what })
}

const sql = (file: string, statement: string): unknown[] => {
  const db = new BetterSqlite(file, { readonly: true })
  try {
    return db.prepare(statement).raw().all()
  } finally {
    db.close()
  }
}

describe('Parquet', () => {
  it.each(EXPORT_TABLES)('of %s has every row and cell of the CSV', async (table) => {
    const [parquet, ndjson] = [join(tempFolder(), 'x.parquet'), join(tempFolder(), 'x.ndjson')]
    const { rows } = await exported({ format: 'parquet', table, out: parquet })
    await exported({ format: 'ndjson', table, out: ndjson })
    const bytes = readFileSync(parquet)
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)
    const read = await parquetReadObjects({ file })
    const expected = readFileSync(ndjson, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(rows).toBe(expected.length)
    const plain = (row: Record<string, unknown>) =>
      Object.fromEntries(
        Object.entries(row).map(([key, value]) => [key, typeof value === 'bigint' ? Number(value) : value]),
      )
    expect(read.map(plain)).toEqual(expected)
  })

  it('keeps numbers numbers and what is not known null', async () => {
    const out = join(tempFolder(), 'x.parquet')
    await exported({ format: 'parquet', table: 'lock_span', out })
    const bytes = readFileSync(out)
    const [row] = await parquetReadObjects({
      file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
    })
    expect(typeof row['id']).toBe('bigint')
    expect(typeof row['mode']).toBe('string')
  })
})

it.each(['ftrace', 'chrome-json', 'perfetto'] as const)(
  'events without their names are a sentence in %s, and leave no file',
  async (format) => {
    const own = tempFolder()
    const spoilt = join(own, 'spoilt.faultline')
    copyFileSync(path, spoilt)
    const db = new BetterSqlite(spoilt)
    db.exec('DELETE FROM event_name')
    db.close()
    await expect(exported({ path: spoilt, format, out: join(own, 'out') })).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringMatching(/^event chunk \d+ is damaged/) as string,
    })
    expect(readdirSync(own)).toEqual(['spoilt.faultline'])
  },
)

describe('a .faultline file with raw events as rows', () => {
  it('has them in a table any SQLite client reads, and is whole to Faultline', async () => {
    const out = join(tempFolder(), 'raw.faultline')
    const { rows } = await exported({ format: 'faultline', rawEvents: true, out })
    const [[count]] = sql(path, 'SELECT event_count FROM trace') as [[number]]
    expect(rows).toBe(count)
    expect(sql(out, 'SELECT count(*) FROM event')).toEqual([[count]])
    const [[name, args]] = sql(out, "SELECT name, args FROM event WHERE name = 'lock_acquire' LIMIT 1") as [
      [string, string],
    ]
    expect(name).toBe('lock_acquire')
    expect(JSON.parse(args)).toHaveProperty('lockdep_addr')
    expect(sql(out, 'SELECT name, count(*) FROM event GROUP BY name ORDER BY name')).toEqual(
      sql(path, 'SELECT name, n FROM event_name WHERE n > 0 ORDER BY name'),
    )
    const checked = await checkFile({ path: out, signal: new AbortController().signal, onProgress: () => undefined })
    expect(checked.findings).toEqual([])
  })

  it('of a window has the events of the window', async () => {
    const out = join(tempFolder(), 'raw.faultline')
    const [[half]] = sql(path, 'SELECT duration_ns / 2 FROM trace') as [[number]]
    const { rows } = await exported({ format: 'faultline', rawEvents: true, toNs: half, out })
    expect(sql(out, 'SELECT count(*), max(ts_ns) < ? FROM event'.replace('?', String(half)))).toEqual([[rows, 1]])
  })
})

describe('an HTML report', () => {
  it('names the locks and operations of the trace, and loads nothing', async () => {
    const out = join(tempFolder(), 'x.html')
    await exported({ format: 'html', out })
    const page = readFileSync(out, 'utf8')
    const [[worst]] = sql(
      path,
      `SELECT c.name FROM lock_span s JOIN lock l ON l.id = s.lock_id JOIN lock_class c ON c.id = l.class_id
       WHERE s.contended = 1 AND c.kind <> 'annotation' GROUP BY c.id ORDER BY sum(s.acquired_ns - s.requested_ns) DESC LIMIT 1`,
    ) as [[string]]
    expect(page).toContain(worst.replaceAll('&', '&amp;').replaceAll('>', '&gt;').replaceAll('<', '&lt;'))
    expect(page).toContain('Operations')
    expect(page).not.toMatch(/(src|href)="?https?:/)
    expect(page).toContain("default-src 'none'")
  })

  /** The page's words of a trace of these lines. */
  const pageOf = async (lines: readonly string[], window: Partial<ExportOptions> = {}) => {
    const [source, file, out] = ['t.txt', 't.faultline', 't.html'].map((name) => join(tempFolder(), name))
    writeFileSync(source, `${lines.join('\n')}\n`)
    await importTrace({ source, name: 't', out: file, force: true })
    await exported({ path: file, format: 'html', out, ...window })
    return readFileSync(out, 'utf8')
      .replace(/<[^>]*>/g, '|')
      .replace(/\s+/g, ' ')
      .replace(/[| ]*\|[| ]*/g, '|')
  }

  it('of a clock that counts something else than time has ticks', async () => {
    const at = (tick: number, event: string) => `a-1 [000] ..... ${tick}: ${event}: 00000000aaaaaaaa`
    const lines = [at(100, 'contention_begin'), at(800, 'contention_end'), at(900, 'x')]
    const page = await pageOf(['# tracer: nop', ...lines], { fromNs: 200 })
    expect(page).toContain('|Only 200 ticks to 800 ticks of it is reported on.|')
    expect(page).toContain('|500 ticks|')
    expect(page).not.toMatch(/\|[\d.]+ [nµm]?s\|/)
  })

  it('says of a wait that never ended that it lasted at least so long', async () => {
    const at = (second: number, event: string) => `a-1 [000] ..... ${second}.000000: ${event}`
    const lines = ['# tracer: nop', at(1, 'contention_begin: 00000000aaaaaaaa (flags=MUTEX)'), at(5, 'x: y')]
    expect(await pageOf(lines)).toMatch(/\(unnamed mutex\)\|at least 4\.00 s\|/)
    expect(await pageOf(lines, { fromNs: 9e9 })).toContain(
      '|Only what is later than 9.00 s is reported on; the trace ends at 4.00 s.|',
    )
  })

  it('says of how many rows it shows the first', async () => {
    const out = join(tempFolder(), 'x.html')
    await exported({ format: 'html', out })
    const [[waits]] = sql(path, 'SELECT count(*) FROM lock_span WHERE contended = 1') as [[number]]
    expect(readFileSync(out, 'utf8')).toContain(`to the root; ${Math.min(25, waits)} of ${waits} waits.`)
  })

  it('marks a lock whose name or holder was deduced', async () => {
    const [file, out] = [join(tempFolder(), 'n.faultline'), join(tempFolder(), 'n.html')]
    const source = join(repoRoot, 'samples/nl-dax-ext4-small.trace.txt.zst')
    await importTrace({ source, name: 'no lockdep', out: file, force: true })
    await exported({ path: file, format: 'html', out })
    const text = readFileSync(out, 'utf8').replace(/<[^>]*>/g, '|')
    expect(text).toMatch(/mapping\.invalidate_lock[|\s]+shared, inferred/)
    expect(text).not.toMatch(/mmap_lock[|\s]+shared, inferred/)
  })
})

describe('every format', () => {
  it.each(EXPORT_FORMATS)(
    '%s: is written whole, does not replace a file, and cancelled leaves nothing',
    async (format) => {
      const own = tempFolder()
      const out = join(own, `x.${format}`)
      await exported({ format, table: 'event', out })
      expect(readdirSync(own)).toEqual([`x.${format}`])
      await expect(exported({ format, out })).rejects.toThrow(/exists/)
      const stop = new AbortController()
      const other = join(own, 'y')
      const cancelled = exported({
        ...{ format, table: 'event', out: other, rawEvents: format === 'faultline' },
        signal: stop.signal,
        onProgress: () => stop.abort(),
      })
      // A page and a small table are done before anybody could say stop.
      await cancelled.then(
        () => expect(['html', 'csv', 'ndjson', 'parquet']).toContain(format),
        (error: unknown) => {
          expect(error).toBeInstanceOf(ApiError)
          expect(existsSync(other)).toBe(false)
          expect(readdirSync(own)).toEqual([`x.${format}`])
        },
      )
    },
  )
})

/** What comes out of `export` and `query --csv`: whole tables, only when complete, the same into a file as into a pipe. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NAMED, workFolder } from './run-cli.ts'

const folder = workFolder()
afterAll(folder.remove)
/** Those of killed processes may go meanwhile. */
const exportFolders = () => readdirSync(tmpdir()).filter((name) => name.startsWith('faultline-export-'))

beforeAll(async () => {
  expect((await folder.run(['import', NAMED, '--out', 't.faultline'])).status).toBe(0)
})

function countRows(table: string): number {
  const db = new Database(folder.file('t.faultline'), { readonly: true })
  try {
    return db.prepare(`SELECT count(*) FROM ${table}`).pluck().get() as number
  } finally {
    db.close()
  }
}

describe('export', () => {
  it('writes lock_span as CSV with a header, every row, the same to a file and to a pipe', async () => {
    const before = exportFolders()
    const piped = await folder.run(['export', 't.faultline', '--format', 'csv'])
    const dashed = await folder.run(['export', 't.faultline', '--format', 'csv', '--out', '-'])
    expect(dashed).toEqual(piped)
    expect({ status: piped.status, stderr: piped.stderr }).toEqual({ status: 0, stderr: '' })
    const written = await folder.run(['export', 't.faultline', '--format', 'csv', '--out', 'spans.csv'])
    expect({ status: written.status, stdout: written.stdout }).toEqual({ status: 0, stdout: '' })
    expect(piped.stdout).toBe(readFileSync(folder.file('spans.csv'), 'utf8'))
    const lines = piped.stdout.trimEnd().split('\n')
    expect(lines[0]).toContain('requested_ns')
    expect(lines).toHaveLength(1 + countRows('lock_span'))
    expect(written.stderr).toBe(`spans.csv: ${String(lines.length - 1).replace(/\B(?=(\d{3})+$)/g, ' ')} rows\n`)
    expect(exportFolders().filter((name) => !before.includes(name))).toEqual([])
  })

  it.each([
    ['ftrace', 'whole.ftrace: 33 175 events\n'],
    ['chrome-json', 'whole.chrome-json: 41 855 events and spans\n'],
    ['html', 'whole.html: written\n'],
    ['faultline', 'whole.faultline: written\n'],
  ])('says of %s what it has counted', async (format, said) => {
    const { stderr } = await folder.run(['export', 't.faultline', '--format', format, '--out', `whole.${format}`])
    expect(stderr).toBe(said)
  })

  it('writes raw events as NDJSON, one object per event of the trace', async () => {
    const { status, stdout } = await folder.run(['export', 't.faultline', '--format', 'ndjson', '--table', 'event'])
    expect(status).toBe(0)
    const lines = stdout.trimEnd().split('\n')
    expect(lines).toHaveLength(33_175)
    for (const line of lines.slice(0, 100)) {
      expect(Object.keys(JSON.parse(line))).toEqual(expect.arrayContaining(['ts_ns', 'cpu', 'name', 'args']))
    }
  })

  it('keeps to a window', async () => {
    const args = [
      'export',
      't.faultline',
      '--format',
      'ndjson',
      '--table',
      'op',
      '--from',
      '50000000',
      '--to',
      '60000000',
    ]
    const { stdout } = await folder.run(args)
    const ops = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(ops.length).toBeGreaterThan(5)
    expect(ops.length).toBeLessThan(countRows('op'))
    for (const op of ops) {
      expect(op.start_ns).toBeLessThan(60_000_000)
      if (op.duration_ns !== null) expect(op.start_ns + op.duration_ns).toBeGreaterThan(50_000_000)
    }
  })

  it('as a .faultline file gives the same answers', async () => {
    expect(
      (await folder.run(['export', 't.faultline', '--format', 'faultline', '--out', 'copy.faultline'])).status,
    ).toBe(0)
    expect((await folder.run(['check', 'copy.faultline'])).status).toBe(0)
    const [a, b] = await Promise.all(
      ['t.faultline', 'copy.faultline'].map((file) => folder.run(['contention', file, '--json'])),
    )
    expect(a.stdout).toBe(b.stdout)
  })

  it('replaces a file only with --force', async () => {
    const args = ['export', 't.faultline', '--format', 'csv', '--table', 'task', '--out', 'once.csv']
    expect((await folder.run(args)).status).toBe(0)
    const again = await folder.run(args)
    expect(again.status).toBe(1)
    expect(again.stderr).toContain('once.csv')
    expect((await folder.run([...args, '--force'])).status).toBe(0)
    expect(existsSync(folder.file('once.csv'))).toBe(true)
  })
})

describe('query', () => {
  const SQL = `SELECT comm, pid, NULL AS missing, 'a"b,c' AS odd FROM task ORDER BY id LIMIT 2`

  it('prints CSV that quotes what needs it', async () => {
    const { status, stdout } = await folder.run(['query', 't.faultline', SQL, '--csv'])
    expect(status).toBe(0)
    const lines = stdout.split('\r\n')
    expect(lines[0]).toBe('comm,pid,missing,odd')
    expect(lines[1]).toMatch(/^[^,]+,\d+,,"a""b,c"$/)
  })

  it('prints JSON with null for NULL', async () => {
    const { columns, rows, truncated } = JSON.parse((await folder.run(['query', 't.faultline', SQL, '--json'])).stdout)
    expect({ columns, truncated }).toEqual({ columns: ['comm', 'pid', 'missing', 'odd'], truncated: false })
    expect(rows).toHaveLength(2)
    expect(rows[0].slice(2)).toEqual([null, 'a"b,c'])
  })

  it('says on standard error when there were more rows than it returns', async () => {
    const many = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 200000) SELECT i FROM n'
    const { status, stdout, stderr } = await folder.run(['query', 't.faultline', many, '--json'])
    expect(status).toBe(0)
    const { rows, truncated } = JSON.parse(stdout)
    expect(truncated).toBe(true)
    expect(rows).toHaveLength(100_000)
    expect(stderr).toContain('only the first 100 000 rows came back')
  })

  it('sees raw events as a table', async () => {
    const { rows } = JSON.parse(
      (await folder.run(['query', 't.faultline', 'SELECT count(*) FROM event', '--json'])).stdout,
    )
    expect(rows).toEqual([[33_175]])
  })
})

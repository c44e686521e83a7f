/** The engine's parts where they can fail by themselves: processes and threads that die, folders shared by two engines. */
import { fork, spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createEngine, type Engine } from '#electron/engine/engine.ts'
import { csvLine, ndjsonLine } from '#electron/engine/text-rows.ts'
import { exportTables, selectRows } from '#electron/engine/export-tables.ts'
import { stem } from '#electron/engine/names.ts'
import { createRecents } from '#electron/engine/recent.ts'
import { isInside, readablePath } from '#electron/engine/rights.ts'
import { forkSql } from '#electron/engine/spawn.ts'
import { createSqlRunner } from '#electron/engine/sql.ts'
import { isAlive } from '#electron/store/is-alive.ts'
import { limits } from '#shared/base/limits.ts'
import { EXPORT_TABLES, type Client } from '#shared/contract/methods.ts'
import { sampleText, SMALL, PROJECT } from '../support/engine.ts'

let folder: string
let engine: Engine
let client: Client

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'faultline-engine-'))
  writeFileSync(join(folder, 'small.txt'), sampleText(SMALL))
  engine = await createEngine({ host: 'desktop', dataDir: join(folder, 'data') })
  client = engine.connect()
})
afterAll(async () => {
  await engine.close()
  rmSync(folder, { recursive: true, force: true })
})

const open = (path: string) => client.call('files.open', { source: { kind: 'path', path } })

describe('processes', () => {
  test('an SQL process whose parent is killed ends, even inside a statement that never does', async () => {
    const { opened } = await open(join(folder, 'small.txt'))
    const file = readdirSync(join(folder, 'data/imports')).find((name) => name.startsWith('small'))
    expect(opened.traces).toHaveLength(1)
    const script = `
      import { fork } from 'node:child_process'
      const child = fork(${JSON.stringify(join(PROJECT, 'electron/engine/sql-process.ts'))}, [String(process.pid)], { serialization: 'advanced', execArgv: [] })
      process.stdout.write(child.pid + '\\n')
      child.send({ path: ${JSON.stringify(join(folder, 'data/imports', file ?? ''))}, maxRows: 1,
        sql: 'WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c' })
    `
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], { cwd: PROJECT })
    const pid = await new Promise<number>((resolve) =>
      parent.stdout.once('data', (text: Buffer) => resolve(Number(text))),
    )
    await new Promise((resolve) => setTimeout(resolve, 1500))
    expect(isAlive(pid)).toBe(true)
    parent.kill('SIGKILL')
    await expect.poll(() => isAlive(pid)).toBe(false)
  })

  test('an SQL process that dies by itself is an answer, and the next statement gets a new one', async () => {
    const { opened } = await open(join(folder, 'small.txt'))
    const path = join(
      folder,
      'data/imports',
      readdirSync(join(folder, 'data/imports')).find((name) => name.startsWith('small')) ?? '',
    )
    let last: ReturnType<typeof forkSql> | undefined
    const runner = createSqlRunner(() => (last = forkSql()))
    const signal = new AbortController().signal
    const endless = runner.run(
      {
        path,
        sql: 'WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c',
        maxRows: 1,
      },
      signal,
    )
    setTimeout(() => last?.kill(), 500)
    await expect(endless).rejects.toMatchObject({ code: 'limit' })
    expect((await runner.run({ path, sql: 'SELECT 1', maxRows: 1 }, signal)).rows).toEqual([[1]])
    runner.close()
    expect(opened.traces).toHaveLength(1)
  })

  test('a killed engine’s folder is removed by the next one, a living one’s is not', async () => {
    const sessions = join(folder, 'data/sessions')
    const dead = spawn(process.execPath, ['-e', ''])
    await new Promise((resolve) => dead.once('exit', resolve))
    for (const name of [`${dead.pid}-dead`, `${process.pid}-mine`]) mkdirSync(join(sessions, name), { recursive: true })
    await (await createEngine({ host: 'cli', dataDir: join(folder, 'data') })).close()
    expect(readdirSync(sessions)).toContain(`${process.pid}-mine`)
    expect(readdirSync(sessions)).not.toContain(`${dead.pid}-dead`)
  })

  test('an engine that is closed leaves no process, no temporary folder, and lets its own process end', async () => {
    const script = join(folder, 'run.mjs')
    const home = join(folder, 'data2')
    writeFileSync(
      script,
      `import { createEngine } from ${JSON.stringify(join(PROJECT, 'electron/engine/engine.ts'))}
       const engine = await createEngine({ host: 'cli', dataDir: ${JSON.stringify(home)} })
       const client = engine.connect()
       const { opened } = await client.call('files.open', { source: { kind: 'path', path: ${JSON.stringify(join(folder, 'small.txt'))} } })
       await client.call('query.run', { file: opened.file, sql: 'SELECT 1' })
       await client.call('upload.begin', { name: 'unused' })
       await engine.close()`,
    )
    const child = fork(script, { stdio: 'inherit', cwd: PROJECT })
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0)
    expect(readdirSync(join(home, 'sessions'))).toEqual([])
    expect(existsSync(join(home, 'recent.json'))).toBe(false)
  })
})

describe('memory', () => {
  test('more files than stay loaded can be open, and each still answers', async () => {
    const made = await client.call('trace.import', {
      source: { kind: 'path', path: join(folder, 'small.txt') },
      out: join(folder, 'f0.faultline'),
    })
    const bytes = readFileSync(made.file)
    const files: string[] = []
    for (let i = 0; i < limits.loadedFiles + 3; i++) {
      writeFileSync(join(folder, `f${i}.faultline`), bytes)
      files.push((await open(join(folder, `f${i}.faultline`))).opened.file)
    }
    expect(new Set(files).size).toBe(files.length)
    const answers = await Promise.all(
      files.map((file) => client.call('analysis.run', { file, trace: 1, id: 'contention', params: {} })),
    )
    for (const answer of answers) expect(answer).toEqual(answers[0])
  })

  test('a file that was replaced on disk is read anew, one that is gone is said to be', async () => {
    const path = join(folder, 'changing.faultline')
    const other = join(folder, 'middle.txt')
    writeFileSync(other, sampleText('dax-xfs-small.trace.txt.zst'))
    await client.call('trace.import', { source: { kind: 'path', path: join(folder, 'small.txt') }, out: path })
    const { opened } = await open(path)
    expect(opened.traces[0].events).toBe(3661)
    await client.call('trace.import', { source: { kind: 'path', path: other }, out: path, force: true })
    expect((await client.call('trace.info', { file: opened.file })).traces[0].events).toBe(33_175)
    rmSync(path)
    await expect(client.call('trace.info', { file: opened.file })).rejects.toMatchObject({ code: 'not-found' })
  })
})

test('imports nobody lists any more are removed after a week, others are kept', async () => {
  const home = mkdtempSync(join(tmpdir(), 'faultline-imports-'))
  try {
    const first = await createEngine({ host: 'desktop', dataDir: home })
    await first.connect().call('files.open', { source: { kind: 'path', path: join(folder, 'small.txt') } })
    await first.close()
    const [listed] = readdirSync(join(home, 'imports'))
    for (const name of ['old.faultline', 'young.faultline']) writeFileSync(join(home, 'imports', name), '')
    const longAgo = Date.now() / 1000 - 8 * 86_400
    for (const name of ['old.faultline', listed]) utimesSync(join(home, 'imports', name), longAgo, longAgo)
    await (await createEngine({ host: 'desktop', dataDir: home })).close()
    expect(readdirSync(join(home, 'imports')).sort()).toEqual([listed, 'young.faultline'].sort())
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
})

test('the router answers at once while a trace is imported and a statement runs', async () => {
  writeFileSync(join(folder, 'large.txt'), sampleText('dax-ext4-full.trace.txt.zst'))
  const { opened } = await open(join(folder, 'small.txt'))
  const stop = new AbortController()
  const importing = open(join(folder, 'large.txt'))
  const endless = client
    .call(
      'query.run',
      {
        file: opened.file,
        sql: 'WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c',
      },
      { signal: stop.signal },
    )
    .catch(() => undefined)
  let [ended, answers] = [false, 0]
  void importing.then(() => (ended = true))
  for (; !ended; answers++) {
    await client.call('app.info', {})
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  stop.abort()
  await endless
  expect((await importing).imported?.events).toBe(248_211)
  // A router that imported by itself would answer once, at the end.
  expect(answers).toBeGreaterThan(10)
})

test('the log says what was done, not what is in a trace', async () => {
  await open(join(folder, 'small.txt'))
  const log = readFileSync(join(folder, 'data/logs/engine.log'), 'utf8')
  expect(log).toContain('"method":"files.open"')
  expect(log).not.toMatch(/small\.txt|mmap_lock|contention_begin|SELECT/)
})

describe('the recent files', () => {
  test('of two engines are kept apart from damage and together', async () => {
    const home = mkdtempSync(join(tmpdir(), 'faultline-recent-'))
    try {
      const entry = (name: string) => ({
        source: { kind: 'path', path: join('/', name) } as const,
        imported: null,
        name,
        format: 'ftrace',
        clockUnit: 'tick' as const,
        durationNs: 1,
        events: 1,
        lost: null,
        openedAt: 1,
      })
      const [one, two] = [createRecents(home), createRecents(home)]
      await one.add(entry('a'))
      await two.add(entry('b'))
      await one.add(entry('a'))
      expect((await two.list()).map(({ name }) => name)).toEqual(['a', 'b'])
      await one.update(entry('b').source, { worstLock: 'inode', worstWaitNs: 7 })
      expect((await two.list()).map(({ worstLock }) => worstLock)).toEqual([null, 'inode'])
      expect((await two.list()).map(({ worstKnown }) => worstKnown)).toEqual([false, true])
      // opened again: what is known stays, unless the file is another one now
      await two.add(entry('b'))
      expect((await one.list()).map(({ worstLock }) => worstLock)).toEqual(['inode', null])
      await two.add({ ...entry('b'), events: 2 })
      expect((await one.list()).map(({ worstKnown }) => worstKnown)).toEqual([false, false])
      await one.add(entry('a'))
      await two.forget(entry('b').source)
      await one.update(entry('b').source, { worstLock: 'inode', worstWaitNs: 7 })
      expect((await two.list()).map(({ name }) => name)).toEqual(['a'])
      for (let i = 0; i < limits.recentFiles + 5; i++) await one.add(entry(`f${i}`))
      expect(await one.list()).toHaveLength(limits.recentFiles)
      for (const damage of ['', '{', '[{"name":7}]', 'null']) {
        writeFileSync(join(home, 'recent.json'), damage)
        expect(await one.list()).toEqual([])
      }
      const none = { worstLock: null, worstWaitNs: null }
      const { clockUnit, ...earlier } = { ...entry('earlier'), ...none }
      writeFileSync(join(home, 'recent.json'), JSON.stringify([{ ...entry('a'), ...none }, earlier]))
      expect((await one.list()).map((listed) => listed.clockUnit)).toEqual([clockUnit, null])
      await one.forget(entry('a').source)
      await one.forget(entry('earlier').source)
      await one.add(entry('new'))
      expect((await two.list()).map(({ name }) => name)).toEqual(['new'])
      expect(readdirSync(home)).toEqual(['recent.json'])
    } finally {
      rmSync(home, { recursive: true, force: true })
    }
  })
})

describe('names and paths', () => {
  test.each([
    ['capture.txt.gz', 'capture'],
    ['trace.dat', 'trace'],
    ['.hidden', 'hidden'],
    ['/a/b/run 1: best.trace.zst', 'run-1-best'],
    ['..', 'trace'],
    ['Ünïcödé.txt', 'Ünïcödé'],
    ['???', '-'],
  ])('%s is kept as %s', (name, kept) => {
    expect(stem(name)).toBe(kept)
  })

  test('whatever a file is called, its stem names a file in the folder it is put in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const file = `${stem(name)}-x.faultline`
        expect(file).not.toMatch(/[/\\:*?"<>|\0-\x1f]/)
        expect(isInside('/data/imports', join('/data/imports', file))).toBe(true)
      }),
    )
  })

  test('a path under --root never resolves outside it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('..', '.', 'small.txt', 'data', 'data2', '/', '//', 'etc', 'passwd')),
        async (parts) => {
          const real = await readablePath(parts.join('/'), { paths: 'root', local: false }, folder).catch(
            () => undefined,
          )
          if (real !== undefined) expect(isInside(folder, real)).toBe(true)
        },
      ),
    )
  })
})

describe('exports', () => {
  test('every table has its SQL, and every one runs', async () => {
    expect(Object.keys(exportTables).sort()).toEqual([...EXPORT_TABLES].sort())
    const { opened } = await open(join(folder, 'small.txt'))
    for (const table of EXPORT_TABLES) {
      const { rows, bytes } = await client.call('export.run', { file: opened.file, trace: 1, format: 'csv', table })
      const counted = await client.call('query.run', { file: opened.file, sql: `SELECT count(*) FROM ${table}` })
      expect({ table, rows }).toEqual({ table, rows: counted.rows[0][0] })
      if (bytes !== null) expect(Buffer.from(bytes).toString()).toMatch(/^[a-z_,]+\r\n/)
    }
  })

  test('a trace the file does not have exports no rows', async () => {
    const { opened } = await open(join(folder, 'small.txt'))
    for (const table of EXPORT_TABLES) {
      expect((await client.call('export.run', { file: opened.file, trace: 9, format: 'csv', table })).rows).toBe(0)
    }
  })

  test('times are bound as integers', () => {
    expect(selectRows({ table: 'op', trace: 1, fromNs: 1.5, toNs: 7 }).params).toEqual({ trace: 1n, from: 1n, to: 7n })
  })

  test('what CSV and NDJSON say of a row can be read back', () => {
    const cell = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.bigInt(),
      fc.constant(null),
    )
    fc.assert(
      fc.property(fc.array(cell, { minLength: 1, maxLength: 6 }), (cells) => {
        expect(parseCsv(csvLine(cells))).toEqual(cells.map((one) => (one === null ? '' : String(one))))
        const names = cells.map((_, i) => `c${i}`)
        const back = JSON.parse(ndjsonLine(names)(cells)) as Record<string, unknown>
        for (const [i, one] of cells.entries())
          expect(back[names[i]]).toEqual(typeof one === 'bigint' ? Number(one) : JSON.parse(JSON.stringify(one)))
      }),
    )
  })
})

/** One CSV line, by the book (RFC 4180), character by character. */
function parseCsv(line: string): string[] {
  const cells: string[] = ['']
  let quoted = false
  for (let i = 0; i < line.length - 2; i++) {
    const c = line[i]
    if (quoted && c === '"' && line[i + 1] === '"') cells[cells.length - 1] += line[i++]
    else if (c === '"') quoted = !quoted
    else if (c === ',' && !quoted) cells.push('')
    else cells[cells.length - 1] += c
  }
  return cells
}

/** One suite over all three transports: every method, every error a user can cause, cancel, progress and limits. */
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { OverviewResult } from '#shared/analysis/overview.ts'
import { ApiError, type ErrorCode } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import { exportedBytes } from '#shared/contract/download.ts'
import { methods, type MethodName, type Progress } from '#shared/contract/methods.ts'
import type { OpenedFile } from '#shared/contract/files.ts'
import { run as runModel } from '#shared/sim/run.ts'
import { LARGE, MIDDLE, NO_PATHS, sampleText, startHost, TRANSPORTS, type TestHost } from '../support/engine.ts'
import { bytesOf } from './bytes.ts'

const ENDLESS = 'WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c'

async function failure(promise: Promise<unknown>): Promise<ApiError> {
  const thrown = await promise.then(
    (value) => `no failure but ${JSON.stringify(value)}`,
    (error: unknown) => error,
  )
  expect(thrown).toBeInstanceOf(ApiError)
  return thrown as ApiError
}

const pickDigest = ({ digest, ops }: { readonly digest: string; readonly ops: number }) => ({ digest, ops })

const called = new Set<MethodName>()

describe.each(TRANSPORTS)('%s', (transport) => {
  let host: TestHost
  let small: OpenedFile

  const call: TestHost['client']['call'] = (method, params, options) => {
    called.add(method)
    return host.client.call(method, params, options)
  }
  const fails = async (promise: Promise<unknown>, code: ErrorCode) => {
    const error = await failure(promise)
    expect({ code: error.code, message: error.message }).toMatchObject({ code })
    expect(error.message).not.toMatch(/\n|\[object/)
    return error
  }
  const put = (name: string, bytes: string | Uint8Array) => {
    writeFileSync(join(host.root, name), bytes)
    return { kind: 'path', path: join(host.root, name) } as const
  }

  beforeAll(async () => {
    host = await startHost(transport)
    small = (await call('files.open', { source: { kind: 'path', path: join(host.root, 'small.txt') } })).opened
  })
  afterAll(() => host.close())

  describe('opening', () => {
    test('app.info says what this host can do', async () => {
      const info = await call('app.info', {})
      expect(info.paths).toBe(transport === 'WebSocket' ? 'root' : 'any')
      expect(info.formats.map(({ id }) => id)).toContain('ftrace')
      expect(info.analyses.length).toBeGreaterThan(5)
      expect(info.samples.length).toBeGreaterThanOrEqual(2)
      expect(info.samples.every(({ bytes, teaches }) => bytes > 0 && teaches !== '')).toBe(true)
    })

    test('a trace that is opened is imported, described and shown by path only to who may see it', () => {
      expect(small.traces).toHaveLength(1)
      expect(small.traces[0]).toMatchObject({
        id: 1,
        format: 'ftrace',
        events: 3661,
        shows: { waits: true, ops: true },
      })
      expect(small.path === join(host.root, 'small.txt')).toBe(transport !== 'WebSocket')
    })

    test('the same file has the same handle, and is not imported twice', async () => {
      const again = await call('files.open', { source: { kind: 'path', path: join(host.root, 'small.txt') } })
      expect(again.opened.file).toBe(small.file)
      expect(again.imported).toBeNull()
    })

    test('a file opened twice at once is imported once', async () => {
      const source = put('twice.txt', sampleText(MIDDLE))
      const both = await Promise.all([call('files.open', { source }), call('files.open', { source })])
      expect(both.filter(({ imported }) => imported !== null)).toHaveLength(1)
      expect(both[0].opened.file).toBe(both[1].opened.file)
    })

    test('a sample is imported with its summary, then listed and opened again from the list', async () => {
      const { opened, imported } = await call('files.open', { source: { kind: 'sample', sample: 'dax-xfs' } })
      expect(imported).toMatchObject({ format: 'ftrace', events: 33_175, lost: 0 })
      expect(opened.traces[0].events).toBe(33_175)
      const [latest] = await call('files.recent', {})
      expect(latest).toMatchObject({ source: { kind: 'sample' }, events: 33_175, missing: false })
      const again = await call('files.open', { source: latest.source })
      expect(again.opened.file).toBe(opened.file)
    })

    test('an upload is opened again by the name that came with it', async () => {
      const { upload } = await call('upload.begin', { name: 'sent.txt' })
      await call('upload.chunk', { upload, bytes: new Uint8Array(Buffer.from(sampleText(MIDDLE))) })
      const { opened, again } = await call('files.open', { source: { kind: 'upload', upload } })
      expect((await call('files.open', { source: again! })).opened.file).toBe(opened.file)
    })

    test('what the window keeps comes back, key by key, and is bounded', async () => {
      await call('window.keep', { key: 'settings', value: { theme: 'dark' } })
      await call('window.keep', { key: 'sql', value: ['SELECT 1'] })
      expect(await call('window.kept', {})).toMatchObject({
        settings: { theme: 'dark' },
        sql: ['SELECT 1'],
      })
      await fails(call('window.keep', { key: 'sql', value: 'x'.repeat(limits.keptBytes) }), 'limit')
      expect(await call('window.kept', {})).toMatchObject({ sql: ['SELECT 1'] })
    })

    test('the list names the worst lock, and forgets', async () => {
      const recent = async () => (await call('files.recent', {})).find(({ name }) => name === 'small.txt')
      await expect.poll(async () => (await recent())?.worstWaitNs).toBeGreaterThan(0)
      const entry = await recent()
      const { opened } = await call('files.open', { source: entry!.source })
      const overview = await call('analysis.run', { file: opened.file, trace: 1, id: 'overview', params: {} })
      const [worst] = (overview as OverviewResult).locks
      expect(entry).toMatchObject({ worstLock: worst.class, worstWaitNs: worst.waitTotalNs, clockUnit: 'ns' })
      expect(entry?.source.kind).toBe(transport === 'WebSocket' ? 'known' : 'path')
      const told = new Promise((resolve) => host.client.on('files.changed', resolve))
      await call('files.forget', { source: entry!.source })
      expect(await told).toEqual({ recent: true })
      expect(await recent()).toBeUndefined()
    })

    test('trace.info answers as opening did; a closed file is not there any more', async () => {
      const { opened } = await call('files.open', { source: put('closing.txt', sampleText(MIDDLE)) })
      expect(await call('trace.info', { file: opened.file })).toEqual(opened)
      await call('files.close', { file: opened.file })
      await fails(call('trace.info', { file: opened.file }), 'not-found')
    })

    test('a file that another connection has open stays open', async () => {
      const source = put('shared.txt', sampleText(MIDDLE))
      const other = await host.connect()
      const mine = (await call('files.open', { source })).opened
      const theirs = (await other.call('files.open', { source })).opened
      expect(theirs.file).toBe(mine.file)
      await call('files.close', { file: mine.file })
      expect((await other.call('trace.info', { file: theirs.file })).traces).toHaveLength(1)
    })

    test('files.check finds a sound file sound and a damaged one damaged', async () => {
      const { opened } = await call('files.open', { source: { kind: 'path', path: join(host.root, 'small.txt') } })
      const result = await call('export.run', { file: opened.file, format: 'faultline' })
      const bytes = Buffer.concat(await exportedBytes(host.client, result))
      expect(await call('files.check', { source: put('sound.faultline', bytes) })).toEqual({ ok: true, findings: [] })
      bytes.fill(0xff, Math.floor(bytes.length / 2), Math.floor(bytes.length / 2) + 4096)
      const damaged = await call('files.check', { source: put('damaged.faultline', bytes) })
      expect(damaged.ok).toBe(false)
      expect(damaged.findings.length).toBeGreaterThan(0)
    })
  })

  describe('importing', () => {
    test('trace.import writes where it may, and refuses to replace a file', async () => {
      const source = { kind: 'path', path: join(host.root, 'small.txt') } as const
      const out = join(host.root, 'made.faultline')
      if (!host.writes) {
        await fails(call('trace.import', { source, out }), 'permission')
        return
      }
      const summary = await call('trace.import', { source, out })
      expect(summary).toMatchObject({ file: out, format: 'ftrace', events: 3661, lost: 0 })
      await fails(call('trace.import', { source, out }), 'exists')
      expect((await call('trace.import', { source, out, force: true })).events).toBe(3661)
      expect((await call('files.open', { source: { kind: 'path', path: out } })).imported).toBeNull()
    })

    test('progress of an import goes up and names its stage', async () => {
      const seen: Progress[] = []
      await call('files.open', { source: put('progress.txt', sampleText(LARGE)) }, { onProgress: (p) => seen.push(p) })
      const parsing = seen.filter(({ stage }) => stage === 'parsing')
      expect(parsing.length).toBeGreaterThan(0)
      expect(parsing.map(({ done }) => done)).toEqual(parsing.map(({ done }) => done).toSorted((a, b) => a - b))
      expect(seen.every(({ elapsedMs }) => elapsedMs >= 0)).toBe(true)
    })

    test('an import that is cancelled answers so and leaves nothing', async () => {
      const before = readdirSync(join(host.dataDir, 'imports')).sort()
      const stop = new AbortController()
      const opening = call(
        'files.open',
        { source: put('cancelled.txt', sampleText(LARGE)) },
        { signal: stop.signal, onProgress: () => stop.abort() },
      )
      await fails(opening, 'cancelled')
      expect(readdirSync(join(host.dataDir, 'imports')).sort()).toEqual(before)
    })

    test('a client that goes away cancels its import, which leaves nothing', async () => {
      const before = readdirSync(join(host.dataDir, 'imports')).sort()
      const other = await host.connect()
      const begun = new Promise<void>((resolve) => {
        const source = put('gone.txt', sampleText(LARGE))
        other.call('files.open', { source }, { onProgress: () => resolve() }).catch(() => undefined)
      })
      await begun
      other.close()
      await expect.poll(() => readdirSync(join(host.dataDir, 'imports')).sort()).toEqual(before)
    })

    test.each([
      ['an empty file', 'empty.txt', ''],
      ['a picture', 'picture.jpg', Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16, 74, 70, 73, 70, 0)],
      ['a database that is not one', 'cut.faultline', 'SQLite format 3\0'],
    ])('%s is bad input, said in one sentence', async (_, name, bytes) => {
      const error = await fails(call('files.open', { source: put(name, bytes) }), 'bad-input')
      expect(error.message).not.toContain('\n')
    })

    test('a folder is bad input, a missing file is not found', async () => {
      mkdirSync(join(host.root, 'folder'), { recursive: true })
      await fails(call('files.open', { source: { kind: 'path', path: join(host.root, 'folder') } }), 'bad-input')
      await fails(call('files.open', { source: { kind: 'path', path: join(host.root, 'missing') } }), 'not-found')
    })

    test('unknown formats and samples are answered with the known ones', async () => {
      const source = { kind: 'path', path: join(host.root, 'small.txt') } as const
      expect((await fails(call('files.open', { source, format: 'ftrase' }), 'unknown-id')).hint).toContain('ftrace')
      expect(
        (await fails(call('files.open', { source: { kind: 'sample', sample: 'dax-xfz' } }), 'unknown-id')).hint,
      ).toContain('dax-xfs')
    })
  })

  describe('asking', () => {
    test('an analysis answers, checks its own parameters, and is known by id', async () => {
      const ask = (id: string, params: unknown, trace = 1) =>
        call('analysis.run', { file: small.file, trace, id, params })
      expect((await ask('contention', { by: 'class' })) as object).toMatchObject({ by: 'class' })
      expect((await fails(ask('contention', { by: 'colour' }), 'bad-request')).message).toContain('by')
      expect((await fails(ask('contentoin', {}), 'unknown-id')).hint).toContain('contention')
      await fails(ask('contention', {}, 99), 'not-found')
    })

    test('an analysis nobody waits for any more answers as cancelled', async () => {
      const stop = new AbortController()
      const asking = call(
        'analysis.run',
        { file: small.file, trace: 1, id: 'overview', params: {} },
        { signal: stop.signal },
      )
      stop.abort()
      await fails(asking, 'cancelled')
    })

    test('SQL answers with rows, exact integers and what it cut', async () => {
      const run = (sql: string, maxRows?: number) =>
        call('query.run', { file: small.file, sql, ...(maxRows === undefined ? {} : { maxRows }) })
      expect(await run("SELECT event_count, 7/2 AS half, NULL AS none, 'é' AS text FROM trace")).toMatchObject({
        columns: ['event_count', 'half', 'none', 'text'],
        rows: [[3661, 3, null, 'é']],
        truncated: false,
      })
      expect((await run('SELECT 9007199254740993')).rows).toEqual([['9007199254740993']])
      expect(await run('SELECT id FROM task', 2)).toMatchObject({ rows: [[0], [1]], truncated: true })
      expect((await run('SELECT count(*) FROM event')).rows).toEqual([[3661]])
    })

    test.each([
      'DELETE FROM trace',
      "ATTACH 'x.db' AS x",
      'PRAGMA journal_mode = WAL',
      'SELECT nonsense',
      'SELECT 1; SELECT 2',
    ])('SQL that may not run is refused: %s', async (sql) => {
      await fails(call('query.run', { file: small.file, sql }), 'bad-request')
    })

    test('a statement that never ends is cancelled, and others run meanwhile', async () => {
      const stop = new AbortController()
      const endless = fails(call('query.run', { file: small.file, sql: ENDLESS }, { signal: stop.signal }), 'cancelled')
      expect((await call('query.run', { file: small.file, sql: 'SELECT 1' })).rows).toEqual([[1]])
      await new Promise((resolve) => setTimeout(resolve, 300))
      stop.abort()
      await endless
      expect((await call('query.run', { file: small.file, sql: 'SELECT 2' })).rows).toEqual([[2]])
    })

    test('statements beyond the limit are refused while the others run', async () => {
      const stop = new AbortController()
      const running = Array.from({ length: limits.sqlProcesses }, () =>
        fails(call('query.run', { file: small.file, sql: ENDLESS }, { signal: stop.signal }), 'cancelled'),
      )
      await fails(call('query.run', { file: small.file, sql: 'SELECT 1' }), 'limit')
      stop.abort()
      await Promise.all(running)
    })

    test('a statement that eats all memory ends alone', async () => {
      const glutton =
        'WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 9) SELECT x, hex(zeroblob(30000000)) FROM c'
      const result = await call('query.run', { file: small.file, sql: glutton })
      expect(result).toMatchObject({ rows: [], truncated: true })
      expect((await call('query.run', { file: small.file, sql: 'SELECT 3' })).rows).toEqual([[3]])
    })
  })

  describe('simulating', () => {
    const quick = { scenario: 'SC1', set: { threads: 2, durationMs: 2, fileMiB: 8 } }

    test('the catalogue is the same for every client, and a run has one digest in every host', async () => {
      const { scenarios, strategies } = await call('sim.catalog', {})
      expect(scenarios[0].id).toBe('SC1')
      expect(strategies.map(({ id }) => id)).toContain('K')
      const { digest, ops } = await call('sim.run', { ...quick, strategy: 'F' })
      expect({ digest, ops }).toMatchObject(pickDigest(runModel({ scenario: 'SC1', strategy: 'F', params: quick.set })))
    })

    test('a kept run is open at once and among the recent files; others leave no file', async () => {
      const before = readdirSync(join(host.dataDir, 'imports')).length
      const { file, opened } = await call('sim.run', { ...quick, strategy: 'F', keep: true })
      expect(opened?.traces[0]).toMatchObject({ scenario: 'SC1', strategy: 'F', clock: 'sim' })
      expect(file?.includes('/')).toBe(transport !== 'WebSocket')
      expect(
        await call('analysis.run', { file: opened?.file ?? '', trace: 1, id: 'latency', params: {} }),
      ).toMatchObject({
        rows: [{ op: 'write_fault' }],
      })
      expect((await call('files.recent', {})).map(({ format }) => format)).toContain('simulation')
      expect(readdirSync(join(host.dataDir, 'imports'))).toHaveLength(before + 1)
      expect((await call('sim.run', quick)).file).toBeNull()
      expect(readdirSync(join(host.dataDir, 'imports'))).toHaveLength(before + 1)
    })

    test('a comparison carries its spreads as columns and says how far it is', async () => {
      const seen: Progress[] = []
      const onProgress = (progress: Progress) => void seen.push(progress)
      const result = await call(
        'sim.compare',
        { ...quick, strategies: ['E', 'K'], seeds: 3, explore: 20 },
        { onProgress },
      )
      expect(result.strategies.map(({ id }) => id)).toEqual(['E', 'K'])
      expect(result.strategies[0].cdf[0].ns).toBeInstanceOf(Float64Array)
      expect(result.strategies[0].cdf[0].share.at(-1)).toBe(1)
      expect(seen.at(0)).toMatchObject({ unit: 'runs', total: 6, strategies: [{ id: 'E', total: 3 }, { id: 'K' }] })
    })

    test('only who may write names a place, and nonsense is refused', async () => {
      const out = join(host.root, 'run.faultline')
      if (host.writes) expect((await call('sim.run', { ...quick, out })).file).toBe(out)
      else await fails(call('sim.run', { ...quick, out }), 'permission')
      await fails(call('sim.run', { ...quick, scenario: 'SC0' }), 'unknown-id')
      await fails(call('sim.compare', { ...quick, strategies: ['E'], baseline: 'F' }), 'unknown-id')
      await fails(call('sim.compare', { ...quick, seeds: 101 }), 'bad-request')
    })
  })

  describe('races', () => {
    test('are listed, run one by one with their film, and as a matrix with progress', async () => {
      expect((await call('race.list', {})).map(({ id }) => id)).toContain('R18c')
      const run = await call('race.run', { race: 'R05', strategy: 'E' })
      expect(run).toMatchObject({ outcome: 'violated', expected: 'violated', invariants: ['V6'] })
      expect(run.steps.at(0)).toMatchObject({ n: 1, task: 'fault-1', action: 'begins' })
      const seen: Progress[] = []
      const onProgress = (progress: Progress) => void seen.push(progress)
      const some = { races: ['R05', 'R18'], strategies: ['E', 'K'] }
      const { rows } = await call('verdicts.run', some, { onProgress })
      expect(rows.map(({ race, strategy, outcome }) => `${race} ${strategy} ${outcome}`)).toEqual([
        'R05 E violated',
        'R05 K held',
        'R18 E not-applicable',
        'R18 K held',
      ])
      expect(seen.at(-1)).toMatchObject({ unit: 'runs', total: 4 })
    })

    test('what there is not is refused with what there is', async () => {
      await fails(call('race.run', { race: 'R99', strategy: 'E' }), 'unknown-id')
      await fails(call('race.run', { race: 'R05', strategy: 'Q' }), 'unknown-id')
      await fails(call('race.run', { race: 'R05', strategy: 'E', slots: { lock: 'x' } }), 'unknown-id')
      await fails(call('verdicts.run', { races: ['R99'] }), 'unknown-id')
    })
  })

  bytesOf({ call, fails, called, host: () => host, small: () => small })

  describe('rights', () => {
    test('a client without rights names no path, but opens what it was made known', async () => {
      if (transport === 'WebSocket') return
      const page = await host.connect(NO_PATHS)
      await fails(
        page.call('files.open', { source: { kind: 'path', path: join(host.root, 'small.txt') } }),
        'permission',
      )
      await fails(
        page.call('export.run', { file: small.file, format: 'csv', out: join(host.root, 'x.csv') }),
        'permission',
      )
      await fails(page.call('files.open', { source: { kind: 'known', known: 'f00' } }), 'not-found')
      const [latest] = await page.call('files.recent', {})
      expect(latest.source.kind).not.toBe('path')
      expect((await page.call('files.open', { source: latest.source })).opened.traces).toHaveLength(1)
    })

    test('under --root means really under it: neither dots nor links lead out', async () => {
      if (transport !== 'WebSocket') return
      symlinkSync('/etc/passwd', join(host.root, 'link.txt'))
      for (const path of [
        '/etc/passwd',
        '../data/recent.json',
        join(host.root, '../data/recent.json'),
        join(host.root, 'link.txt'),
        '..',
      ]) {
        await fails(call('files.open', { source: { kind: 'path', path } }), 'permission')
      }
      expect((await call('files.open', { source: { kind: 'path', path: 'small.txt' } })).opened.file).toBe(small.file)
      await fails(call('export.run', { file: small.file, format: 'csv', out: 'x.csv' }), 'permission')
    })
  })

  test('parameters of the wrong shape never get through, whatever the method', async () => {
    for (const method of Object.keys(methods) as MethodName[]) {
      if (
        [
          'app.info',
          'files.recent',
          'sim.catalog',
          'race.list',
          'window.kept',
          'record.ability',
          'record.stop',
        ].includes(method)
      )
        continue
      for (const wrong of [undefined, null, 7, 'x', [], { file: 7 }, { source: { kind: 'nowhere' } }]) {
        await fails(call(method, wrong as never), 'bad-request')
      }
    }
  })

  test('a message over the limit is refused and the connection goes on', async () => {
    const { upload } = await call('upload.begin', { name: 'x' })
    await fails(call('upload.chunk', { upload, bytes: new Uint8Array(limits.messageBytes + 1) }), 'limit')
    await call('upload.cancel', { upload })
    expect((await call('app.info', {})).version).toMatch(/^\d/)
  })

  test('after closing, calls say that the connection is gone', async () => {
    const other = await host.connect()
    other.close()
    await fails(other.call('app.info', {}), 'disconnected')
  })
})

test('every method of the contract was called', () => {
  // test/timeline, test/explore and test/whatif call those.
  const elsewhere = /^(report|sweep|record|timeline|annotations|crash|explore|whatif)\.|^schedule\.replay$/
  const uncalled = Object.keys(methods).filter((name) => !called.has(name as MethodName) && !elsewhere.test(name))
  expect(uncalled).toEqual([])
})

test('columns come out of every transport the same: type, length, alignment, bits', async () => {
  const answers = await Promise.all(
    TRANSPORTS.map(async (transport) => {
      const host = await startHost(transport)
      try {
        const { opened } = await host.client.call('files.open', { source: { kind: 'sample', sample: 'dax-xfs' } })
        const ask = (id: string) => host.client.call('analysis.run', { file: opened.file, trace: 1, id, params: {} })
        return [await ask('latency-heatmap'), await ask('overview'), await ask('contention-over-time')]
      } finally {
        await host.close()
      }
    }),
  )
  const columns = arraysIn(answers[0])
  expect(columns.length).toBeGreaterThan(3)
  for (const answer of answers) {
    expect(answer).toEqual(answers[0])
    for (const [i, column] of arraysIn(answer).entries()) {
      expect(column.constructor).toBe(columns[i].constructor)
      expect(Buffer.from(column.buffer, column.byteOffset, column.byteLength)).toEqual(
        Buffer.from(columns[i].buffer, columns[i].byteOffset, columns[i].byteLength),
      )
    }
  }
})

function arraysIn(value: unknown): (Float64Array | Uint32Array)[] {
  if (ArrayBuffer.isView(value)) return [value as Float64Array]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(arraysIn)
}

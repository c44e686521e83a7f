/**
 * The desktop build, without Electron's runtime: electron-vite makes it, and the built engine answers behind a port with
 * its SQL processes brokered by the shell, as in the app. What only Electron can show is not claimed here.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'electron-vite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { FromEngine, ToEngine } from '#shared/contract/desktop.ts'
import type { Client } from '#shared/contract/methods.ts'
import { createClient } from '#shared/contract/rpc.ts'
import { portTransport } from '#shared/contract/transports.ts'
import { PROJECT } from '../support/engine.ts'
import { forkUtility, MessageChannel, type UtilityProcess } from '../support/utility-process.ts'

let folder: string
let engine: UtilityProcess
let client: Client
const sql = new Map<number, UtilityProcess>()
const granted = new Map<number, (source: unknown) => void>()

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'faultline-desktop-'))
  for (const name of ['migrations', 'samples', 'package.json'])
    cpSync(join(PROJECT, name), join(folder, name), { recursive: true })
  symlinkSync(join(PROJECT, 'node_modules'), join(folder, 'node_modules'), 'junction')
  process.env['FAULTLINE_OUT'] = join(folder, 'out')
  await build({ root: PROJECT, configFile: join(PROJECT, 'electron.vite.config.ts'), logLevel: 'error' })

  engine = forkUtility(entry('engine.js'))
  const ready = new Promise<void>((resolve, reject) => {
    engine.onMessage((message: FromEngine) => {
      if (message.kind === 'ready') resolve()
      else if (message.kind === 'failed') reject(new Error(message.message))
      else broker(message)
    })
  })
  engine.post({ kind: 'start', dataDir: join(folder, 'data'), startWith: [] } satisfies ToEngine)
  await ready
  client = connect()
})
afterAll(async () => {
  client.close()
  await engine.kill()
  rmSync(folder, { recursive: true, force: true })
})

const entry = (name: string) => pathToFileURL(join(folder, 'out/main', name))

function connect(): Client {
  const { port1, port2 } = new MessageChannel()
  engine.post({ kind: 'connect' } satisfies ToEngine, [port2])
  return createClient(portTransport(port1))
}

/** The shell's part, as electron/desktop/engine-process.ts does it. */
function broker(message: FromEngine): void {
  if (message.kind === 'fork-sql') {
    const child = forkUtility(entry('sql-process.js'))
    const { port1, port2 } = new MessageChannel()
    sql.set(message.id, child)
    child.post(null, [port1])
    engine.post({ kind: 'sql-port', id: message.id } satisfies ToEngine, [port2])
  } else if (message.kind === 'kill-sql') {
    void sql.get(message.id)?.kill()
    sql.delete(message.id)
    engine.post({ kind: 'sql-exit', id: message.id, how: 'killed' } satisfies ToEngine)
  } else if (message.kind === 'granted') {
    granted.get(message.request)?.(message.source)
  }
}

test('the built engine imports a sample and analyses it', async () => {
  const { opened, imported } = await client.call('files.open', { source: { kind: 'sample', sample: 'dax-xfs' } })
  expect(imported?.events).toBe(33_175)
  const result = await client.call('analysis.run', { file: opened.file, trace: 1, id: 'contention', params: {} })
  expect((result as { rows: unknown[] }).rows.length).toBeGreaterThan(0)
})

test('user SQL runs in a process that the shell forked, over a port of its own', async () => {
  const { opened } = await client.call('files.open', { source: { kind: 'sample', sample: 'dax-xfs' } })
  const ask = (text: string) => client.call('query.run', { file: opened.file, sql: text })
  expect((await ask('SELECT event_count FROM trace')).rows).toEqual([[33_175]])
  expect((await ask('SELECT count(*) FROM event')).rows).toEqual([[33_175]])
  expect(sql.size).toBe(1)
  await expect(ask('DELETE FROM trace')).rejects.toMatchObject({ code: 'bad-request' })
})

test('the window names no path, but opens what the shell made known', async () => {
  const path = join(PROJECT, 'samples/nl-dax-ext4-small.trace.txt.zst')
  await expect(client.call('files.open', { source: { kind: 'path', path } })).rejects.toMatchObject({
    code: 'permission',
  })
  const source = await new Promise((resolve) => {
    granted.set(1, resolve)
    engine.post({ kind: 'grant', request: 1, path } satisfies ToEngine)
  })
  const { opened } = await client.call('files.open', { source: source as { kind: 'known'; known: string } })
  expect(opened).toMatchObject({ name: 'nl-dax-ext4-small.trace.txt.zst', path })
})

test('told to stop, the engine cleans up and ends', async () => {
  const other = forkUtility(entry('engine.js'))
  const ready = new Promise<void>((resolve) =>
    other.onMessage((message: FromEngine) => message.kind === 'ready' && resolve()),
  )
  const dataDir = join(folder, 'data2')
  other.post({ kind: 'start', dataDir, startWith: [] } satisfies ToEngine)
  await ready
  const { port1, port2 } = new MessageChannel()
  other.post({ kind: 'connect' } satisfies ToEngine, [port2])
  const page = createClient(portTransport(port1))
  await page.call('upload.begin', { name: 'unused' })
  expect(readdirSync(join(dataDir, 'sessions'))).toHaveLength(1)
  let begun = () => undefined as void
  const progress = new Promise<void>((resolve) => (begun = resolve))
  const source = { kind: 'sample', sample: 'dax-ext4' } as const
  const pending = page.call('files.open', { source }, { onProgress: () => begun() }).catch((error: unknown) => error)
  await progress
  other.post({ kind: 'stop' } satisfies ToEngine)
  expect(await pending).toMatchObject({ code: 'disconnected' })
  await other.ended
  expect(readdirSync(join(dataDir, 'sessions'))).toEqual([])
  expect(readdirSync(join(dataDir, 'imports'))).toEqual([])
})

test('the preload is one CommonJS file that requires only Electron', () => {
  expect(readdirSync(join(folder, 'out/preload'))).toEqual(['preload.cjs'])
  const text = readFileSync(join(folder, 'out/preload/preload.cjs'), 'utf8')
  expect([...text.matchAll(/require\("([^"]+)"\)/g)].map(([, name]) => name)).toEqual(['electron'])
  expect(text).not.toMatch(/^import /m)
})

test('only the shell’s entry imports Electron, and it opens no database', () => {
  const main = join(folder, 'out/main')
  const importers = (name: string) =>
    readdirSync(main).filter((file) => readFileSync(join(main, file), 'utf8').includes(`from "${name}"`))
  expect(importers('electron')).toEqual(['main.js'])
  expect(importers('better-sqlite3')).not.toContain('main.js')
})

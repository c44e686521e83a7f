/**
 * A day's use in minutes, over the web host: pages come and go, open traces, look at them, search, run SQL and stop it,
 * simulate, compare and change their minds, upload half a file and leave. `node --expose-gc test/hardening/soak.ts ROUNDS`
 * (or `npm run soak -- ROUNDS`, without the collector) prints one JSON line per ten rounds: memory after collection, threads and processes, files left in the session.
 * What is done is chosen by a counter, so that two runs do the same.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createEngine } from '#electron/engine/engine.ts'
import { serveWeb } from '#electron/web/server.ts'
import type { Client } from '#shared/contract/methods.ts'
import { createClient } from '#shared/contract/rpc.ts'
import { openSocket } from '#shared/contract/transports.ts'
import { addressOf, dial } from '../support/engine.ts'

export interface SoakSample {
  readonly round: number
  readonly done: number
  readonly refused: number
  readonly rssMiB: number
  readonly heapMiB: number
  readonly processes: number
  readonly ports: number
  readonly sockets: number
  readonly sessionFiles: number
}

const SAMPLES = ['dax-xfs', 'nl-dax-ext4'] as const
const PAGES = 3
const ROUNDS_PER_SAMPLE = 10
/** What may happen to a call in a storm of cancels; anything else is a fault. */
const EXPECTED = new Set(['cancelled', 'disconnected', 'busy', 'limit', 'conflict', 'not-found'])

type Step = (client: Client, n: number) => Promise<unknown>

async function opened(client: Client, n: number): Promise<string> {
  const { samples } = await client.call('app.info', {})
  const sample = samples[n % Math.min(samples.length, SAMPLES.length)]?.id ?? ''
  return (await client.call('files.open', { source: { kind: 'sample', sample } })).opened.file
}

/** The call is given up after a moment, as by somebody who clicks elsewhere. */
async function givenUp(start: (signal: AbortSignal) => Promise<unknown>, ms: number): Promise<void> {
  const abort = new AbortController()
  const call = start(abort.signal).catch((error: unknown) => {
    if ((error as { code?: string }).code !== 'cancelled') throw error
  })
  await pause(ms)
  abort.abort()
  await call
}

const STEPS: readonly Step[] = [
  async (client, n) => {
    const file = await opened(client, n)
    for (const id of ['contention', 'latency', 'overview', 'doctor', 'lock-order'] as const)
      await client.call('analysis.run', { file, trace: 1, id, params: {} })
  },
  async (client, n) => {
    const file = await opened(client, n)
    for (let i = 0; i < 5; i++)
      await client.call('analysis.run', {
        file,
        trace: 1,
        id: 'contention',
        params: { fromNs: i * 1e6, toNs: (i + 9) * 1e6 },
      })
  },
  async (client, n) => {
    const file = await opened(client, n)
    await client.call('query.run', { file, sql: 'SELECT kind, count(*) FROM op GROUP BY kind' })
    const sql = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n'
    await givenUp((signal) => client.call('query.run', { file, sql }, { signal }), 60)
  },
  (client, n) => client.call('sim.run', { scenario: 'SC1', seed: n + 1, set: { threads: 2 } }),
  (client) =>
    givenUp(
      (signal) => client.call('sim.compare', { scenario: 'SC1', strategies: ['E', 'F', 'K'], seeds: 8 }, { signal }),
      120,
    ),
  (client) => client.call('upload.begin', { name: '../../half.txt' }),
  async (client, n) => {
    const file = await opened(client, n)
    await givenUp((signal) => client.call('export.run', { file, format: 'csv', table: 'event' }, { signal }), 30)
  },
  async (client, n) => {
    // A storm: many calls, all given up at once.
    const file = await opened(client, n)
    const abort = new AbortController()
    const calls = Array.from({ length: 40 }, (_, i) =>
      client
        .call(
          'analysis.run',
          { file, trace: 1, id: 'latency', params: { fromNs: i, toNs: 5e7 + i } },
          { signal: abort.signal },
        )
        .catch((error: unknown) => error),
    )
    abort.abort()
    await Promise.all(calls)
  },
]

export async function soak(rounds: number, tell: (sample: SoakSample) => void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'faultline-soak-'))
  const page = join(folder, 'page')
  mkdirSync(page)
  writeFileSync(join(page, 'index.html'), '<!doctype html>')
  const dataDir = join(folder, 'data')
  const engine = await createEngine({ host: 'web', dataDir })
  const host = await serveWeb({ engine, page })
  const { port, token } = addressOf(host.url)
  const connect = async () => createClient(await openSocket(dial(port), token))
  const clients = await Promise.all(Array.from({ length: PAGES }, connect))
  let done = 0
  let refused = 0
  for (let round = 1; round <= rounds; round++) {
    await Promise.all(
      clients.map(async (client, i) => {
        const step = STEPS[(round * 5 + i * 3) % STEPS.length]
        await step?.(client, round + i).then(
          () => done++,
          (error: unknown) => {
            if (!EXPECTED.has((error as { code?: string }).code ?? '')) throw error
            refused++
          },
        )
      }),
    )
    // One page is closed in the middle of things and another comes.
    const leaving = round % PAGES
    clients[leaving]?.close()
    clients[leaving] = await connect()
    if (round % ROUNDS_PER_SAMPLE === 0) tell(await sample({ round, done, refused, dataDir }))
  }
  for (const client of clients) client.close()
  await host.close()
  await engine.close()
  rmSync(folder, { recursive: true, force: true })
}

async function sample(of: { round: number; done: number; refused: number; dataDir: string }): Promise<SoakSample> {
  await pause(400)
  ;(globalThis as { gc?: () => void }).gc?.()
  const { rss, heapUsed } = process.memoryUsage()
  const active = process.getActiveResourcesInfo()
  const count = (name: string) => active.filter((each) => each === name).length
  const { dataDir, ...numbers } = of
  return {
    ...numbers,
    rssMiB: Math.round(rss / 2 ** 20),
    heapMiB: Math.round(heapUsed / 2 ** 20),
    processes: count('ProcessWrap'),
    ports: count('MessagePort'),
    sockets: count('TCPSocketWrap'),
    sessionFiles: filesBelow(join(dataDir, 'sessions')),
  }
}

function filesBelow(folder: string): number {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length
  } catch {
    return 0
  }
}

// The script itself, also through bin/run.mjs, for which it is no main module.
if (process.argv[1] === import.meta.filename)
  await soak(Number(process.argv[2] ?? 100), (each) => void process.stdout.write(`${JSON.stringify(each)}\n`))

/**
 * A running engine behind each of the three transports, for the contract suite: the same calls must give the same
 * answers whichever one is in between. Each host has a data directory and a folder of traces of its own, and is really
 * what it is called: the WebSocket goes through the real web host, the port into another thread.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MessageChannel, Worker } from 'node:worker_threads'
import { zstdDecompressSync } from 'node:zlib'
import { WebSocket } from 'ws'
import { createEngine, type ClientRights } from '#electron/engine/engine.ts'
import { serveWeb } from '#electron/web/server.ts'
import type { Client } from '#shared/contract/methods.ts'
import { createClient } from '#shared/contract/rpc.ts'
import { openSocket, portTransport } from '#shared/contract/transports.ts'

export const TRANSPORTS = ['in-process', 'MessagePort', 'WebSocket'] as const
export type TransportName = (typeof TRANSPORTS)[number]

const LOCAL: ClientRights = { paths: 'any', local: true }
export const NO_PATHS: ClientRights = { paths: 'none', local: true }

export interface TestHost {
  readonly transport: TransportName
  readonly client: Client
  /** Another connection. Rights are the transport's own where left out; the web host gives everybody the same. */
  connect(rights?: ClientRights): Promise<Client>
  /** Where clients may read: --root of the web host. */
  readonly root: string
  readonly dataDir: string
  /** May clients have files written? */
  readonly writes: boolean
  close(): Promise<void>
}

export const PROJECT = join(import.meta.dirname, '../..')

/** The text of a bundled sample. */
export function sampleText(file: string): Buffer {
  return zstdDecompressSync(readFileSync(join(PROJECT, 'samples', file)))
}

/** A small real trace (3 661 events), a middle one (33 175) and a large one (248 211). */
export const SMALL = 'nl-dax-ext4-small.trace.txt.zst'
export const MIDDLE = 'dax-xfs-small.trace.txt.zst'
export const LARGE = 'dax-ext4-full.trace.txt.zst'

export async function startHost(transport: TransportName): Promise<TestHost> {
  const folder = mkdtempSync(join(tmpdir(), 'faultline-test-'))
  const root = join(folder, 'traces')
  const dataDir = join(folder, 'data')
  mkdirSync(root)
  writeFileSync(join(root, 'small.txt'), sampleText(SMALL))
  const started = await start[transport](root, dataDir, folder)
  const clients: Client[] = []
  const connect = async (rights?: ClientRights) => {
    const client = await started.connect(rights)
    clients.push(client)
    return client
  }
  return {
    transport,
    root,
    dataDir,
    writes: transport !== 'WebSocket',
    client: await connect(),
    connect,
    async close() {
      for (const client of clients) client.close()
      await started.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

interface Started {
  connect(rights?: ClientRights): Promise<Client>
  close(): Promise<void>
}

const start: Record<TransportName, (root: string, dataDir: string, folder: string) => Promise<Started>> = {
  async 'in-process'(root, dataDir) {
    const engine = await createEngine({ host: 'desktop', dataDir, root })
    return { connect: (rights = LOCAL) => Promise.resolve(engine.connect(rights)), close: () => engine.close() }
  },
  MessagePort(root, dataDir) {
    const worker = new Worker(join(import.meta.dirname, 'engine-worker.ts'), {
      workerData: { host: 'desktop', dataDir, root },
    })
    return Promise.resolve({
      connect(rights = LOCAL) {
        const { port1, port2 } = new MessageChannel()
        worker.postMessage({ port: port2, rights }, [port2])
        return Promise.resolve(createClient(portTransport(port1)))
      },
      async close() {
        const gone = new Promise((resolve) => worker.once('exit', resolve))
        worker.postMessage({ port: undefined })
        await gone
      },
    })
  },
  async WebSocket(root, dataDir, folder) {
    const page = join(folder, 'page')
    mkdirSync(page)
    writeFileSync(join(page, 'index.html'), '<!doctype html><title>test</title>')
    const engine = await createEngine({ host: 'web', dataDir, root })
    const host = await serveWeb({ engine, page, hasRoot: true })
    return {
      async connect() {
        const { port, token } = addressOf(host.url)
        return createClient(await openSocket(dial(port), token))
      },
      async close() {
        await host.close()
        await engine.close()
      },
    }
  },
}

export function addressOf(url: string): { port: number; token: string } {
  const { port, hash } = new URL(url)
  return { port: Number(port), token: hash.replace('#token=', '') }
}

/** A socket as a browser on the served page would open it. */
export function dial(port: number, options: { origin?: string; host?: string; path?: string } = {}): WebSocket {
  const { origin = `http://127.0.0.1:${port}`, host = `127.0.0.1:${port}`, path = '/socket' } = options
  return new WebSocket(`ws://127.0.0.1:${port}${path}`, { origin, headers: { host } })
}

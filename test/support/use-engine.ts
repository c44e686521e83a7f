/**
 * An engine in a folder of its own, for the tests of one file (or one `describe`): started before them, gone with everything it
 * wrote after them. The folder is there at once; the client answers from the first test on.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { createEngine, type EngineOptions } from '#electron/engine/engine.ts'
import type { Client } from '#shared/contract/methods.ts'

export interface UsedEngine {
  readonly client: Client
  readonly folder: string
  /** The engine's own; everything else in the folder is the test's. */
  readonly dataDir: string
}

export function useEngine(host: EngineOptions['host'] = 'cli'): UsedEngine {
  const folder = mkdtempSync(join(tmpdir(), 'faultline-test-'))
  const dataDir = join(folder, 'data')
  let connected: Client | undefined
  let stop = () => Promise.resolve()
  beforeAll(async () => {
    const engine = await createEngine({ host, dataDir })
    connected = engine.connect()
    stop = () => engine.close()
  })
  afterAll(async () => {
    connected?.close()
    await stop()
    rmSync(folder, { recursive: true, force: true })
  })
  const there = (): Client => {
    if (connected === undefined) throw new Error('the engine starts before the first test')
    return connected
  }
  const client: Client = {
    call: (method, params, options) => there().call(method, params, options),
    on: (event, listener) => there().on(event, listener),
    close: () => there().close(),
  }
  return { client, folder, dataDir }
}

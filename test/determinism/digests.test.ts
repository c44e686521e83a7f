/**
 * Same specification, same digest: twice in one process, in a worker thread, in forked and fresh processes under other time
 * zones, locales and without the optimising compilers, and as committed (browser.test.ts: and in a browser). A change of the model that changes digests renews the file
 * (`node bin/run.mjs test/determinism/print.ts`) and says why.
 */
import { execFile, fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { digests } from './specs.ts'

const script = join(import.meta.dirname, 'print.ts')
const committed = JSON.parse(readFileSync(join(import.meta.dirname, 'digests.json'), 'utf8')) as Record<string, string>

async function inProcess(flags: readonly string[], env: NodeJS.ProcessEnv): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, script], {
    env: { ...process.env, ...env },
  })
  return JSON.parse(stdout)
}

describe('digests of short runs', () => {
  it('are those committed', () => expect(digests()).toEqual(committed))

  it('are the same the second time', () => expect(digests()).toEqual(digests()))

  it('are the same in a worker thread', async () => {
    const worker = new Worker(script)
    const got = await new Promise((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
    })
    await worker.terminate()
    expect(got).toEqual(committed)
  })

  it.each([
    { TZ: 'Pacific/Chatham', LC_ALL: 'tr_TR.UTF-8', LANG: 'tr_TR.UTF-8' },
    { TZ: 'Asia/Kathmandu', LC_ALL: 'ar_EG.UTF-8', LANG: 'ar_EG.UTF-8' },
  ])('are the same in a fresh process elsewhere in the world: $TZ', async (env) => {
    expect(await inProcess([], env)).toEqual(committed)
  })

  it('are the same in a forked process', async () => {
    const child = fork(script)
    const got = await new Promise((resolve, reject) => child.once('message', resolve).once('error', reject))
    child.disconnect()
    expect(got).toEqual(committed)
  })

  it('are the same without compilers', async () => {
    expect(await inProcess(['--no-opt', '--no-sparkplug'], {})).toEqual(committed)
  })
})

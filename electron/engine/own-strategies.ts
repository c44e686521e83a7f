/**
 * Loading a strategy of the user's own: reads the file under the client's rights, runs it once in a thread that is ended if it
 * does not come back, and puts it where all threads find it. Loading is running code, so a client says that its user agreed;
 * without that it gets what to ask.
 */

import { open } from 'node:fs/promises'
import { ApiError, fromWireError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import type { ParsedParams } from '#shared/contract/methods.ts'
import type { OwnStrategyInfo } from '#shared/contract/strategy.ts'
import { parseStrategy } from '#shared/sim/strategies/index.ts'
import '../strategy/find.ts'
import { digestOf, idOf, shelve } from '../strategy/shelf.ts'
import type { Files } from './files.ts'
import type { Call } from './importing.ts'
import { spawnThread } from './spawn.ts'
import type { StrategyAnswer } from './strategy-check.ts'
import type { Uploads } from './uploads.ts'

/** Beyond what its top level may take: the start of a thread on a busy machine. */
const START_MS = 60_000

export class OwnStrategies {
  readonly #files: Files
  readonly #uploads: Uploads

  constructor({ files, uploads }: { readonly files: Files; readonly uploads: Uploads }) {
    this.#files = files
    this.#uploads = uploads
  }

  async load({ source, agreed }: ParsedParams<'strategy.load'>, { client }: Call): Promise<OwnStrategyInfo> {
    const { path, name, upload } = await this.#files.locate(source, client)
    if (!agreed) {
      throw new ApiError(
        'permission',
        `${name} is a program: to load it is to run it`,
        'read it, and load it only if you trust it',
      )
    }
    const text = await textOf(path, name)
    if (upload !== undefined) await this.#uploads.drop(client, upload)
    const digest = digestOf(text)
    const id = idOf(name, digest)
    const { strategy, plain, hooks } = await firstRun({ id, file: name, text })
    shelve({ source: { id, file: name, text }, digest, strategy, plain, hooks })
    const { slots, switches, fs, media } = parseStrategy(id)
    return {
      id,
      file: name,
      digest,
      title: strategy.title,
      about: strategy.about,
      media,
      fs,
      slots: { ...slots, ...Object.fromEntries(Object.entries(switches).map(([key, value]) => [key, String(value)])) },
      own: Object.entries(plain).map(([slot, option]) => ({ slot, id: option.id, title: option.title })),
    }
  }
}

async function textOf(path: string, name: string): Promise<string> {
  const file = await open(path, 'r').catch((error: unknown) => {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    throw missing
      ? new ApiError('not-found', `${name}: no such file`, 'check the path')
      : new ApiError('permission', `${name}: cannot be read`, "check the file's permissions")
  })
  try {
    const found = await file.stat()
    if (!found.isFile()) throw new ApiError('bad-input', `${name}: this is not a file`, 'name a .ts or .js file')
    if (found.size > limits.strategyBytes) {
      throw new ApiError('limit', `${name}: a strategy may have ${limits.strategyBytes} bytes at most`, 'shorten it')
    }
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

async function firstRun(source: { readonly id: string; readonly file: string; readonly text: string }) {
  const thread = spawnThread('strategy-check', source)
  let timer: NodeJS.Timeout | undefined
  try {
    const answer = await new Promise<StrategyAnswer>((resolve, reject) => {
      timer = setTimeout(() => {
        reject(new ApiError('bad-input', `${source.file}: it does not come back when it is loaded`, 'correct the file'))
      }, limits.strategyLoadMs + START_MS)
      thread.once('message', resolve)
      thread.once('error', reject)
      thread.once('exit', (code) =>
        reject(new ApiError('bad-input', `${source.file}: it ended the thread it was loaded in (${code})`)),
      )
    })
    if ('error' in answer) throw fromWireError(answer.error)
    return answer
  } finally {
    clearTimeout(timer)
    await thread.terminate()
  }
}

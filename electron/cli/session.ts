/**
 * One run of the command line: the engine in this process, the signal that ends it, and what every verb does with them:
 * call with progress, open a `.faultline` file, pick the trace, run an analysis. It never imports on the side: a verb
 * that wants a `.faultline` file and is given a trace says which command makes one.
 */

import { access, constants, open, stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import type { Engine } from '#electron/engine/engine.ts'
import type { AnalysisId, AnalysisParams, AnalysisResult } from '#shared/analysis/index.ts'
import { ApiError } from '#shared/base/errors.ts'
import { unknownId } from '#shared/base/registry.ts'
import type { Client, MethodName, MethodParams, MethodResult, Source } from '#shared/contract/methods.ts'
import type { TraceInfo } from '#shared/contract/files.ts'
import { withOwnStrategies } from './own-strategies.ts'
import { printable } from './output.ts'
import { progressLine } from './progress.ts'

const SQLITE_MAGIC = 'SQLite format 3\0'

export interface OpenTrace {
  /** Token of the file, for further calls. */
  readonly file: string
  readonly trace: TraceInfo
  readonly analyse: <Id extends AnalysisId>(id: Id, params: AnalysisParams<Id>) => Promise<AnalysisResult<Id>>
}

export class Session {
  readonly signal: AbortSignal
  #started: Promise<{ readonly engine: Engine; readonly client: Client }> | undefined

  constructor(signal: AbortSignal) {
    this.signal = signal
  }

  /** The contract's client; the engine starts with the first use, so that help and usage errors cost nothing. */
  async client(): Promise<Client> {
    this.#started ??= start()
    return (await this.#started).client
  }

  /** A call that Ctrl-C cancels and that shows its progress on a terminal. */
  async call<M extends MethodName>(method: M, params: MethodParams<M>): Promise<MethodResult<M>> {
    const client = await this.client()
    const line = progressLine()
    try {
      return await client.call(method, await withOwnStrategies(client, params), {
        signal: this.signal,
        onProgress: (progress) => line.show(progress),
      })
    } finally {
      line.clear()
    }
  }

  async openFile(path: string) {
    const source = await faultlineFile(path)
    const { opened } = await this.call('files.open', { source }).catch(naming(path))
    return opened
  }

  /** The trace a verb is about: the one asked for, else the file's first. */
  async openTrace(path: string, id: number | undefined): Promise<OpenTrace> {
    const { file, traces } = await this.openFile(path)
    const trace = id === undefined ? traces[0] : traces.find((candidate) => candidate.id === id)
    if (trace === undefined) {
      if (id === undefined) throw new ApiError('not-found', `${path}: there is no trace in this file`)
      throw unknownId(
        'trace',
        String(id),
        traces.map((known) => String(known.id)),
      )
    }
    return {
      file,
      trace,
      // An analysis's result type follows from its id; the contract carries it as `unknown`.
      analyse: async <Id extends AnalysisId>(analysis: Id, params: AnalysisParams<Id>) =>
        (await this.call('analysis.run', { file, trace: trace.id, id: analysis, params })) as AnalysisResult<Id>,
    }
  }

  async close(): Promise<void> {
    const started = await this.#started?.catch(() => undefined)
    started?.client.close()
    await started?.engine.close()
  }
}

async function start() {
  const { createEngine } = await import('#electron/engine/engine.ts')
  const engine = await createEngine({ host: 'cli' })
  return { engine, client: engine.connect() }
}

/** A path that is there, can be read and is a database; anything else is one sentence that says what it is. */
export async function faultlineFile(path: string): Promise<Source> {
  await assertReadableFile(path)
  // A pipe has no beginning to look at twice, and who opens it waits for its writer.
  const head = (await stat(path)).isFile() ? await firstBytes(path, SQLITE_MAGIC.length) : undefined
  if (head?.length === 0) throw new ApiError('bad-input', `${path}: the file is empty`)
  if (head?.toString('latin1') !== SQLITE_MAGIC) {
    const command = `faultline import ${quoted(path)}`
    throw new ApiError(
      'bad-input',
      `${path}: this is not a .faultline file`,
      `if it is a trace, import it first: ${command}`,
    )
  }
  return { kind: 'path', path: resolve(path) }
}

/** Missing, a directory or not readable: said before anything is opened. */
export async function assertReadableFile(path: string): Promise<void> {
  try {
    const found = await stat(path)
    if (found.isDirectory()) {
      throw new ApiError('bad-input', `${path}: this is a folder, not a file`, 'name a file in it')
    }
    // Opening a pipe waits for who writes into it, and closing it again would be the end for them.
    if (found.isFile()) await (await open(path, 'r')).close()
    else await access(path, constants.R_OK)
  } catch (error) {
    throw fileError(path, error)
  }
}

export function fileError(path: string, error: unknown): ApiError {
  if (error instanceof ApiError) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new ApiError('not-found', `${path}: no such file`, 'check the path')
  if (code === 'EACCES' || code === 'EPERM')
    return new ApiError('permission', `${path}: not permitted`, "check the file's permissions")
  const why = error instanceof Error ? error.message : String(error)
  return new ApiError('bad-input', `${path}: cannot be read: ${why}`)
}

async function firstBytes(path: string, length: number): Promise<Buffer> {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

/**
 * For `catch`: a failure that names none of the files it may be about gets the first one's name in front. What was asked wrongly
 * is about none.
 */
export function naming(...paths: [string, ...string[]]): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof ApiError) || ['bad-request', 'unknown-id'].includes(error.code)) throw error
    if (paths.some((path) => error.message.includes(basename(path)))) throw error
    throw new ApiError(error.code, `${paths[0]}: ${error.message}`, error.hint)
  }
}

/** A path as one can paste it into a shell. */
export function quoted(path: string): string {
  return /^[\w./+:@%,=-]+$/.test(path) ? path : `'${printable(path).replaceAll("'", `'\\''`)}'`
}

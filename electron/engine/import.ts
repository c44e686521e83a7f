/**
 * Importing a trace: one thread reads and parses, another compresses and writes, and this one only watches over both, so
 * that the engine's own thread may do it. A failed, cancelled or killed import leaves nothing under the file's name. It
 * knows neither formats nor files nor SQL.
 */

import { MessageChannel } from 'node:worker_threads'
import { ApiError } from '#shared/base/errors.ts'
import type { Progress } from '#shared/contract/methods.ts'
import type { ImportSummary } from '#shared/contract/files.ts'
import type { ImportSource, Joining, Parsed, ParserData, WriterData } from './import-messages.ts'
import { importPair } from './import-pair.ts'
import { parsedAndWritten, type Heard } from './import-threads.ts'
import type { NamedPath } from './kernel-symbols.ts'

export interface ImportOptions {
  /** A path, or the bytes themselves. Compressed ones are recognised. */
  readonly source: ImportSource
  /** What the trace is called. */
  readonly name: string
  readonly out: string
  /** Further traces that go into the same one. */
  readonly joining?: Joining | undefined
  /** Names of kernel functions, for recordings that have none. */
  readonly kallsyms?: NamedPath | undefined
  /** A format id; found out where left out. */
  readonly format?: string | undefined
  /** Replace an existing file. */
  readonly force?: boolean | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

export async function importTrace(options: ImportOptions): Promise<ImportSummary> {
  const started = performance.now()
  if (options.signal?.aborted === true) throw cancelled(options)
  const parsed = await runThreads(options, started)
  return { file: options.out, ...parsed, wallMs: Math.round(performance.now() - started) }
}

function cancelled({ name }: ImportOptions): ApiError {
  return new ApiError('cancelled', `the import of ${name} was cancelled`)
}

/** Resolves with what was parsed once the file is in its place and both threads are gone. */
async function runThreads(options: ImportOptions, started: number): Promise<Parsed> {
  const { source, name, format, joining, kallsyms, out, force = false, signal } = options
  const stop = new Int32Array(new SharedArrayBuffer(4))
  const { port1: toWriter, port2: fromParser } = new MessageChannel()
  const parserData: ParserData = { source, name, format, joining, kallsyms, toWriter, stop }
  const writerData: WriterData = { out, force, fromParser, stop }
  const { parser, writer } = importPair()
  parser.postMessage(parserData, [toWriter])
  writer.postMessage(writerData, [fromParser])
  const progress = reporter(options, started)
  const halt = () => {
    Atomics.store(stop, 0, 1)
    // The parser may wait for input that never comes; the writer ends by itself between two batches and cleans up.
    void parser.terminate()
  }
  signal?.addEventListener('abort', halt, { once: true })
  try {
    return await parsedAndWritten({ parser, writer }, { halt, ...progress })
  } catch (error) {
    throw signal?.aborted === true ? cancelled(options) : error
  } finally {
    signal?.removeEventListener('abort', halt)
  }
}

function reporter({ onProgress }: ImportOptions, started: number): Omit<Heard, 'halt'> {
  const elapsedMs = () => Math.round(performance.now() - started)
  return {
    parsing({ done, total, events }) {
      onProgress?.({ stage: 'parsing', done, total, unit: 'bytes', events, elapsedMs: elapsedMs() })
    },
    writing() {
      onProgress?.({ stage: 'writing', done: 0, total: null, unit: 'rows', events: null, elapsedMs: elapsedMs() })
    },
  }
}

/**
 * Importing a trace: one thread reads and parses, another compresses and writes, and this one watches over both. The
 * file is written beside its place and gets its name when it is complete and on disk; a failed, cancelled or killed
 * import leaves nothing under that name. It knows neither formats nor SQL.
 */

import { MessageChannel } from 'node:worker_threads'
import { basename } from 'node:path'
import { ApiError } from '#shared/base/errors.ts'
import type { ImportSummary, Progress } from '#shared/contract/methods.ts'
import { Draft, refuseExisting } from '../store/draft.ts'
import type { ImportSource, Joining, Parsed, ParserData, WriterData } from './import-messages.ts'
import { parsedAndWritten, type Heard } from './import-threads.ts'
import type { NamedPath } from './kernel-symbols.ts'
import { spawnThread } from './spawn.ts'

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
  const { out, force = false } = options
  refuseCancelled(options)
  if (!force) refuseExisting(out)
  const draft = new Draft(out)
  try {
    draft.create()
    const parsed = await runThreads(options, draft, started)
    refuseCancelled(options)
    draft.commit({ force })
    return { file: out, ...parsed, wallMs: Math.round(performance.now() - started) }
  } finally {
    draft.discard()
  }
}

function refuseCancelled(options: ImportOptions): void {
  if (options.signal?.aborted === true) throw cancelled(options)
}

function cancelled({ name }: ImportOptions): ApiError {
  return new ApiError('cancelled', `the import of ${name} was cancelled`)
}

/** Resolves with what was parsed once the draft is complete and both threads are gone. */
async function runThreads(options: ImportOptions, draft: Draft, started: number): Promise<Parsed> {
  const { source, name, format, joining, kallsyms, out, signal } = options
  const stop = new Int32Array(new SharedArrayBuffer(4))
  const { port1: toWriter, port2: fromParser } = new MessageChannel()
  const parserData: ParserData = { source, name, format, joining, kallsyms, toWriter, stop }
  const writerData: WriterData = { draft: draft.path, target: basename(out), fromParser, stop }
  const parser = spawnThread('import-parser', parserData, [toWriter])
  const writer = spawnThread('import-writer', writerData, [fromParser])
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

/**
 * The parsing thread of an import: reads and decompresses the input, finds out its format, and lets the reader, the
 * recorder and the span builder make batches of it for the writing thread. Damage in the input is counted, not fatal;
 * what cannot be imported at all is an ApiError that says why.
 */

import { isMainThread, parentPort, workerData, type MessagePort } from 'node:worker_threads'
import { assert } from '#shared/base/assert.ts'
import { ApiError, toWireError } from '#shared/base/errors.ts'
import { formats, sniff } from '#shared/formats/index.ts'
import { TraceBuilder } from '#shared/model/builder.ts'
import { Recorder } from '#shared/spans/recorder.ts'
import { RemoteSink, stopped, type Parsed, type ParserData, type ParserMessage } from './import-messages.ts'
import { summarize } from './import-summary.ts'
import { openSource, type Input } from './source.ts'

const PROGRESS_EVERY_MS = 100

type Say = (message: ParserMessage) => void

async function parse(data: ParserData, say: Say): Promise<Parsed> {
  const input = await openSource(data.source, data.name)
  try {
    return await read(input, data, say)
  } finally {
    await input.close()
  }
}

async function read(input: Input, { name, format, toWriter, stop }: ParserData, say: Say): Promise<Parsed> {
  const sink = new RemoteSink(toWriter)
  const chosen = format === undefined ? sniff(input.head) : formats.get(format)
  const builder = new TraceBuilder(sink, name, chosen.id)
  const recorder = new Recorder(builder)
  const reader = chosen.reader(recorder)
  let reported = -Infinity
  for await (const bytes of input.chunks) {
    if (stopped(stop)) throw new ApiError('cancelled', `the import of ${name} was cancelled`)
    reader.push(bytes)
    await sink.room()
    const now = performance.now()
    if (now - reported < PROGRESS_EVERY_MS) continue
    reported = now
    say({ kind: 'progress', done: input.bytesRead, total: input.totalBytes ?? null, events: builder.eventCount })
  }
  reader.end()
  for (const { severity, code, message } of input.diagnostics) builder.diagnose(severity, code, message)
  recorder.end()
  assert(sink.ended !== undefined, 'a trace that was ended has an end')
  return summarize({ end: sink.ended, format: chosen.id, lines: reader.lines, bytes: input.bytesRead })
}

/** Formats do not know what their input is called; users have to. */
function named(thrown: unknown, name: string): unknown {
  if (!(thrown instanceof ApiError) || thrown.message.includes(name)) return thrown
  if (thrown.code !== 'bad-input' && thrown.code !== 'limit') return thrown
  return new ApiError(thrown.code, `${name}: ${thrown.message}`, thrown.hint)
}

async function run(port: MessagePort, data: ParserData): Promise<void> {
  const say: Say = (message) => port.postMessage(message)
  try {
    say({ kind: 'parsed', parsed: await parse(data, say) })
  } catch (thrown) {
    say({ kind: 'failed', error: toWireError(named(thrown, data.name)) })
  }
}

if (!isMainThread && parentPort !== null) void run(parentPort, workerData as ParserData)

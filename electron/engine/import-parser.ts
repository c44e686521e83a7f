/**
 * The parsing thread of an import: reads and decompresses the input, finds out its format, and lets the reader, the
 * recorder and the span builder make batches of it for the writing thread. Damage in the input is counted, not fatal;
 * what cannot be imported at all is an ApiError that says why.
 */

import { isMainThread, parentPort, type MessagePort } from 'node:worker_threads'
import { assert } from '#shared/base/assert.ts'
import { ApiError, toWireError } from '#shared/base/errors.ts'
import type { FileFormat, Format, FormatHost, StreamFormat } from '#shared/formats/format.ts'
import { formats, sniff } from '#shared/formats/index.ts'
import { JoinedTraces } from '#shared/formats/joined.ts'
import { PER_CPU_PARTS } from '#shared/model/diagnostics.ts'
import { TraceBuilder } from '#shared/model/builder.ts'
import { Recorder } from '#shared/spans/recorder.ts'
import {
  RemoteSink,
  stopped,
  type JoinedSource,
  type Parsed,
  type ParserData,
  type ParserMessage,
} from './import-messages.ts'
import { attempt } from './import-attempt.ts'
import { kernelSymbols } from './kernel-symbols.ts'
import { summarize } from './import-summary.ts'
import { perCpuParts } from './per-cpu-parts.ts'
import { openRandom } from './random-input.ts'
import { openSource, type FilePart, type Input } from './source.ts'

const PROGRESS_EVERY_MS = 100
/** Of traces that were joined: events between two looks at the writer. */
const EVENTS_PER_TICK = 65_536

type Say = (message: ParserMessage) => void

async function parse(data: ParserData, say: Say): Promise<Parsed> {
  // Looked for in the input that is read where there are none: a pipe can be opened only once.
  const found = await withInput(data.source, data.name, async (input) => {
    const parts = data.joining === undefined ? perCpuParts(input, () => refuseStopped(data)) : undefined
    return parts ?? read(input, data, say)
  })
  if (!isParts(found)) return found
  // The CPUs of one trace, as if each were in a file of its own.
  const [first, ...others] = found
  const more = others.map((source) => ({ source, name: data.name, offsetNs: 0 }))
  const joining = { more, align: 'clock', cpus: found.length } as const
  return withInput(first, data.name, (input) => read(input, { ...data, joining }, say))
}

const isParts = (found: Parsed | readonly FilePart[]): found is readonly FilePart[] => Array.isArray(found)

/** What is opened is closed, whatever comes of it. */
async function withInput<R>(
  source: JoinedSource['source'],
  name: string,
  use: (input: Input) => Promise<R>,
): Promise<R> {
  const input = await openSource(source, name)
  try {
    return await use(input)
  } finally {
    await input.close()
  }
}

async function read(input: Input, data: ParserData, say: Say): Promise<Parsed> {
  const sink = new RemoteSink(data.toWriter)
  const chosen = data.format === undefined ? sniff(input.head) : formats.get(data.format)
  const builder = new TraceBuilder(sink, data.name, chosen.id)
  const recorder = new Recorder(builder)
  const ticker = new Ticker({ data, sink, builder, say })
  const host = kernelSymbols(data.kallsyms)
  const joined = data.joining === undefined ? undefined : new JoinedTraces(recorder, data.joining.align)
  let { lines, bytes } = await readInput(input, { format: chosen, recorder: joined?.begin() ?? recorder, ticker, host })
  for (const { severity, code, message } of input.diagnostics) builder.diagnose(severity, code, message)
  if (joined !== undefined && data.joining !== undefined) {
    if (data.joining.cpus !== undefined) {
      const told = `the text has ${data.joining.cpus} CPUs one after the other: their events were put in order of time`
      builder.diagnose('info', PER_CPU_PARTS, told)
    }
    joined.place(data.name, 0)
    for (const source of data.joining.more) {
      const read = await readMore(source, data, { joined, ticker, builder, host })
      lines = lines === undefined || read.lines === undefined ? undefined : lines + read.lines
      bytes += read.bytes
    }
    while (joined.pass(EVENTS_PER_TICK)) await ticker.tick(bytes, bytes)
    joined.end()
  }
  recorder.end()
  assert(sink.ended !== undefined, 'a trace that was ended has an end')
  return summarize({ end: sink.ended, format: chosen.id, lines, bytes })
}

/** Another trace into the same buffer. */
async function readMore(
  { source, name, offsetNs }: JoinedSource,
  data: ParserData,
  { joined, ticker, builder, host }: { joined: JoinedTraces; ticker: Ticker; builder: TraceBuilder; host: FormatHost },
): Promise<ReadBytes> {
  try {
    return await withInput(source, name, async (input) => {
      const format = data.format === undefined ? sniff(input.head) : formats.get(data.format)
      const read = await readInput(input, { format, recorder: joined.begin(), ticker, host })
      for (const { severity, code, message } of input.diagnostics) builder.diagnose(severity, code, message)
      joined.place(name, offsetNs)
      return read
    })
  } catch (thrown) {
    throw named(thrown, name)
  }
}

function readInput(input: Input, { format, ...rest }: Reading<Format>): Promise<ReadBytes> {
  return format.input === 'file' ? readFile(input, { format, ...rest }) : readStream(input, { format, ...rest })
}

interface Reading<F> {
  readonly format: F
  readonly recorder: Recorder
  readonly ticker: Ticker
  readonly host: FormatHost
}

interface ReadBytes {
  /** undefined: the format has no lines. */
  readonly lines: number | undefined
  readonly bytes: number
}

async function readStream(input: Input, { format, recorder, ticker }: Reading<StreamFormat>): Promise<ReadBytes> {
  const reader = format.reader(recorder)
  for await (const bytes of input.chunks) {
    if (!attempt(recorder, input.bytesRead, () => reader.push(bytes))) break
    await ticker.tick(input.bytesRead, input.totalBytes)
  }
  reader.end()
  return { lines: reader.lines, bytes: input.bytesRead }
}

async function readFile(input: Input, { format, recorder, ticker, host }: Reading<FileFormat>): Promise<ReadBytes> {
  if (input.marked) {
    throw new ApiError(
      'bad-input',
      `this ${format.title} was written as text, which spoils bytes of it (PowerShell's > does that)`,
      'copy the file itself: adb pull, scp, or cmd /c "... > FILE"',
    )
  }
  const file = await openRandom(input, () => ticker.stopped())
  try {
    const reader = format.open(file, recorder, host)
    let more = true
    const step = (): void => {
      more = reader.step()
    }
    while (more && attempt(recorder, reader.done, step)) await ticker.tick(reader.done, file.size)
    reader.end()
    return { lines: undefined, bytes: input.plain === undefined ? input.bytesRead : file.size }
  } finally {
    file.close()
  }
}

/** Between two pieces of input: was it cancelled, has the writer room, is it time to say how far it is? */
class Ticker {
  readonly #of: { data: ParserData; sink: RemoteSink; builder: TraceBuilder; say: Say }
  #reported = -Infinity

  constructor(of: { data: ParserData; sink: RemoteSink; builder: TraceBuilder; say: Say }) {
    this.#of = of
  }

  stopped(): void {
    refuseStopped(this.#of.data)
  }

  async tick(done: number, total: number | undefined): Promise<void> {
    const { sink, builder, say } = this.#of
    this.stopped()
    await sink.room()
    const now = performance.now()
    if (now - this.#reported < PROGRESS_EVERY_MS) return
    this.#reported = now
    say({ kind: 'progress', done, total: total ?? null, events: builder.eventCount })
  }
}

function refuseStopped({ stop, name }: ParserData): void {
  if (stopped(stop)) throw new ApiError('cancelled', `the import of ${name} was cancelled`)
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

if (!isMainThread) parentPort?.once('message', (data: ParserData) => void run(parentPort as MessagePort, data))

/**
 * Fuzzers of what lies before and around the readers: event lines, each of which must be accounted for, sniffing, and the
 * decompressor. Nothing may be thrown but an ApiError, and the answer may not depend on how the bytes were cut.
 */

import { gzipSync, zstdCompressSync } from 'node:zlib'
import { openSource } from '#electron/engine/source.ts'
import { ApiError } from '#shared/base/errors.ts'
import type { Stream } from '#shared/base/prng.ts'
import { SKIP_CODES } from '#shared/model/diagnostics.ts'
import { eventArgs } from '#shared/formats/event-args.ts'
import { formats, sniff } from '#shared/formats/index.ts'
import { TraceBuilder } from '#shared/model/builder.ts'
import { assertTrace } from '#shared/model/check.ts'
import { TraceCollector } from '#shared/model/collect.ts'
import { Recorder } from '#shared/spans/recorder.ts'
import {
  eventsOf,
  feed,
  fingerprint,
  readText,
  textReaders,
  type ReadOptions,
  type TextFormat,
} from '../support/read-text.ts'
import { wound, wounded } from './damage.ts'
import { piece } from './readers.ts'
import { seedsOf } from './seeds.ts'
import type { Fuzzer } from './fuzzer.ts'

const textFormats = Object.keys(textReaders) as TextFormat[]

const seeds = textFormats.flatMap(seedsOf)

/** A piece of a real trace with up to eight wounds. */
function damaged(random: Stream): Buffer {
  return wounded(random, piece(random, seeds, false), seeds)
}

function must(held: boolean, what: string): void {
  if (!held) throw new Error(what)
}

/** An ApiError is an answer; anything else that is thrown is a bug. */
function answer(run: () => string): string {
  try {
    return run()
  } catch (error) {
    if (error instanceof ApiError) return `${error.code}: ${error.message}`
    throw error
  }
}

function accounted(format: TextFormat, bytes: Buffer, options: ReadOptions): string {
  return answer(() => {
    const read = readText(format, bytes, options)
    const { reader, trace } = read
    must(reader.events + reader.others + reader.skipped === reader.lines, 'a line is not accounted for')
    must(trace.meta.eventCount === reader.events, 'the trace has another number of events than the reader')
    const skips = trace.diagnostics.filter(({ code }) => SKIP_CODES.includes(code))
    must(skips.reduce((sum, { count }) => sum + count, 0) === reader.skipped, 'a skipped line has no diagnostic')
    for (const { name, payload } of eventsOf(read).slice(0, 50)) JSON.stringify(eventArgs(name, payload))
    return fingerprint(read)
  })
}

function reader(format: TextFormat): Fuzzer {
  return {
    id: `${format}-lines`,
    about: `every line of damaged ${format} text accounted for: whole, in chunks, without learned columns`,
    attempt(random) {
      const bytes = damaged(random)
      const whole = accounted(format, bytes, {})
      // A long line in chunks of a few bytes is only slow, not interesting.
      const chunk = bytes.length > 100_000 ? 60_000 + random.below(9000) : 1 + random.below(300)
      must(accounted(format, bytes, { chunk }) === whole, `chunks of ${chunk} bytes give another answer`)
      must(accounted(format, bytes, { columns: false }) === whole, 'learned columns give another answer')
    },
  }
}

const recorded: Fuzzer = {
  id: 'import',
  about: 'damaged traces through sniffing, a reader, all decoders and the span builder; the trace must be sound',
  attempt(random) {
    const bytes = damaged(random)
    answer(() => {
      const format = sniff(bytes.subarray(0, 65_536))
      must(formats.items.includes(format), 'sniffing made a format up')
      const collector = new TraceCollector()
      const recorder = new Recorder(new TraceBuilder(collector, 'fuzz', format.id))
      if (format.input === 'file') throw new ApiError('bad-input', 'a text became binary')
      const reader = format.reader(recorder)
      feed(reader, bytes, 1 + random.below(10_000))
      reader.end()
      recorder.end()
      assertTrace(collector.trace())
      return ''
    })
  },
}

const source: Fuzzer = {
  id: 'source',
  about: 'damaged gzip and zstd files, of plain text and of UTF-16, through the byte source',
  async attempt(random) {
    const text = seeds[random.below(seeds.length)].subarray(0, 5000 + random.below(40_000))
    const saved = [text, Buffer.from(`\ufeff${text.toString()}`, 'utf16le'), Buffer.from(`\ufeff${text.toString()}`)]
    const plain = saved[random.below(saved.length)]
    const compress = random.below(2) === 0 ? gzipSync : zstdCompressSync
    let bytes: Buffer = compress(plain)
    if (random.below(3) === 0) bytes = Buffer.concat([bytes, compress(plain)])
    if (random.below(8) !== 0) bytes = wound(random, bytes, seeds)
    try {
      const input = await openSource(bytes, 'fuzz')
      let length = 0
      for await (const chunk of input.chunks) length += chunk.length
      must(input.head.length === Math.min(65_536, length), 'the head is not the beginning')
      must(input.diagnostics.length <= 1, 'damage is told more than once')
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
    }
  },
}

/** Proof that the harness finds what is there to find: its property is false for most damage. */
export const canary: Fuzzer = {
  id: 'canary',
  about: 'claims that damage never costs a line; must fail',
  attempt(random) {
    const read = readText('ftrace', damaged(random))
    must(read.reader.skipped === 0, 'a line was skipped')
  },
}

export const formatFuzzers: readonly Fuzzer[] = [...textFormats.map(reader), recorded, source]

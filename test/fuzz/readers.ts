/**
 * Fuzzers of the readers that are no event lines: function_graph text, lock_stat tables, lockdep reports. Real
 * input with wounds goes through the reader, the decoders and the span builder. Nothing may be thrown but an ApiError, what
 * comes out must be a sound trace, and it may not depend on how the bytes were cut.
 */

import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ApiError } from '#shared/base/errors.ts'
import type { Stream } from '#shared/base/prng.ts'
import { formats } from '#shared/formats/index.ts'
import { TraceBuilder } from '#shared/model/builder.ts'
import { assertTrace } from '#shared/model/check.ts'
import { TraceCollector } from '#shared/model/collect.ts'
import { Recorder } from '#shared/spans/recorder.ts'
import { fixturePath, readFixture } from '../support/corpus.ts'
import { feed } from '../support/read-text.ts'
import type { Fuzzer } from './fuzzer.ts'

const WORDS = ['\n', ' ', '|', ' | ', '() {', '();', '}', '/*', '*/', '=>', ' -----\n', '0) ', ' us', '-> #1 (', '){++++}-{3:3}:', '{', '#', '99999999999999999999', '\xff', '\0', '1 lock held by a/1:\n', 'lock_stat version 0.4\n', '# tracer: function_graph\n'].map((word) => Buffer.from(word, 'latin1')) // prettier-ignore

export function seedsOf(format: string): readonly Buffer[] {
  return readdirSync(fixturePath(format))
    .filter((name) => name.endsWith('.txt'))
    .map((name) => readFixture(join(format, name)))
}

/** A seed with up to eight wounds: bits, cuts, repeats, words. */
function wounded(random: Stream, seeds: readonly Buffer[]): Buffer {
  let bytes: Buffer = Buffer.from(seeds[random.below(seeds.length)])
  for (let wounds = random.below(9); wounds > 0 && bytes.length > 0; wounds--) {
    const at = random.below(bytes.length)
    const end = Math.min(bytes.length, at + 1 + random.below(random.below(4) === 0 ? 2000 : 30))
    const word = WORDS[random.below(WORDS.length)]
    switch (random.below(6)) {
      case 0:
        bytes[at] ^= 1 << random.below(8)
        break
      case 1:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)])
        break
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)])
        break
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), word, bytes.subarray(at)])
        break
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at), word, bytes.subarray(end)])
        break
      default:
        bytes = bytes.subarray(0, at)
    }
  }
  return bytes
}

/** What a reading gives, or the sentence it is refused with. */
export function outcome(id: string, bytes: Buffer, chunk: number): string {
  const collector = new TraceCollector()
  const recorder = new Recorder(new TraceBuilder(collector, 'fuzz', id))
  try {
    const format = formats.get(id)
    if (format.input === 'file') throw new Error(`${id} is no text`)
    const reader = format.reader(recorder)
    feed(reader, bytes, chunk)
    reader.end()
    recorder.end()
  } catch (error) {
    if (error instanceof ApiError) return `${error.code}: ${error.message}`
    throw error
  }
  const trace = collector.trace()
  assertTrace(trace)
  const hash = createHash('sha256').update(JSON.stringify(trace, plain))
  for (const chunkOf of collector.chunks) hash.update(chunkOf.args).update(new Uint8Array(chunkOf.ts.buffer))
  return hash.digest('hex')
}

function plain(_: string, value: unknown): unknown {
  return ArrayBuffer.isView(value) ? Array.from(value as Uint8Array) : value
}

function text(id: string): Fuzzer {
  const seeds = seedsOf(id)
  return {
    id: `${id}-text`,
    about: `damaged ${id} input through its reader and all decoders, whole and in pieces`,
    attempt(random) {
      const bytes = wounded(random, seeds)
      const whole = outcome(id, bytes, Math.max(1, bytes.length))
      const chunk = 1 + random.below(400)
      if (outcome(id, bytes, chunk) !== whole) throw new Error(`chunks of ${chunk} bytes give another answer`)
    },
  }
}

export const READERS = ['function-graph', 'lock-stat', 'lockdep-report', 'perf-lock'] as const

export const readerFuzzers: readonly Fuzzer[] = READERS.map(text)

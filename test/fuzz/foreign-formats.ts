/**
 * Fuzzers of Chrome JSON and Perfetto: traces of ours and of others, damaged in every way, through the readers, all decoders
 * and the span builder. Nothing may be thrown but an ApiError, the trace must be sound, and memory follows the input.
 */

import { asChromeJson, asPerfetto, readBytes } from '../support/round-trip.ts'
import { message, packed, traceOf, type Message } from '../support/proto.ts'
import { readFixture } from '../support/corpus.ts'
import { ApiError } from '#shared/base/errors.ts'
import type { Stream } from '#shared/base/prng.ts'
import type { Fuzzer } from './fuzzer.ts'

const text = readBytes('ftrace', readFixture('ftrace/dax-xfs.txt').subarray(0, 60_000))

const CHROME = Buffer.from(
  JSON.stringify({
    otherData: { v: 1 },
    traceEvents: Array.from({ length: 60 }, (_, i) => ({
      ...{
        ph: 'BEXiCbensfMN'[i % 12],
        name: `n${i % 5}`,
        cat: 'c',
        ts: (i * 7) % 50,
        dur: i % 9,
        pid: i % 3,
        tid: i % 4,
      },
      ...{ id: i % 3, args: { deep: [{ x: i }, 'text "quoted" \\', null] } },
    })),
  }),
)

const event = (at: number, fields: Message): Message => ({ 8: at, 10: 5, 13: 2, 11: fields })
const PERFETTO = traceOf(
  {
    6: {
      1: [
        { 1: 6, 2: 1000 },
        { 1: 64, 2: 5, 3: 1, 4: 1000 },
      ],
      2: 6,
    },
  },
  { 2: { 1: { 1: 8, 3: '/bin/app' }, 2: { 1: 9, 3: 8, 2: 'worker' } } },
  {
    10: 5,
    13: 1,
    60: { 1: 1, 4: { 1: 8, 2: 9, 5: 'main' } },
    12: { 1: { 1: 1, 2: 'c' }, 2: { 1: 1, 2: 'n' }, 3: { 1: 1, 2: 'k' } },
  },
  ...Array.from({ length: 20 }, (_, i) =>
    event(10 + i, { 9: 1 + (i % 4), 11: 1, 10: 1, 3: 1, 4: { 1: 1, 12: [{ 3: i }, { 6: 'x' }] }, 30: i }),
  ),
  ...Array.from({ length: 10 }, (_, i) => event(40 + i, { 10: 1, 6: { 2: 'BEXbenifsC'.charCodeAt(i), 3: 5, 6: 1 } })),
  {
    1: {
      1: 0,
      2: [
        { 1: 5, 2: 9, 4: { 1: 'a', 2: 9, 4: 2, 5: 'b', 6: 3 } },
        { 1: 6, 2: 3, 327: { 1: 'x', 2: { 1: 'k', 5: 1 } } },
        { 1: 7, 2: 9, 329: { 1: 77, 2: [1, 2] } },
      ],
    },
  },
  {
    1: {
      1: 1,
      3: 1,
      4: {
        5: ['a', 'b'],
        1: packed([100, 5]),
        2: packed([0, 2]),
        3: packed([9, 3]),
        4: packed([1, 1]),
        6: packed([0, 1]),
      },
    },
  },
)

const WORDS = ['{', '}', '[', ']', '"', '\\', ',', ':', '1e999', 'null', '"ph":"X"', '\\ud800', '\u0000'].map((word) =>
  Buffer.from(word),
)

function damaged(random: Stream, whole: Buffer): Buffer {
  let bytes = Buffer.from(whole.subarray(0, random.below(3) === 0 ? random.below(whole.length) : whole.length))
  for (let wounds = random.below(7); wounds > 0 && bytes.length > 1; wounds--) {
    const at = random.below(bytes.length)
    const end = Math.min(bytes.length, at + 1 + random.below(random.below(4) === 0 ? 3000 : 30))
    const parts = [
      () => [bytes.subarray(0, at), Buffer.from([bytes[at] ^ (1 << random.below(8))]), bytes.subarray(at + 1)],
      () => [bytes.subarray(0, at), bytes.subarray(end)],
      () => [bytes.subarray(0, end), bytes.subarray(at)],
      () => [bytes.subarray(0, at), WORDS[random.below(WORDS.length)], bytes.subarray(at)],
      () => [bytes.subarray(0, at), Buffer.alloc(1 + random.below(12), 0xff), bytes.subarray(end)],
      () => [bytes.subarray(0, at), Buffer.alloc(random.below(400), random.below(256)), bytes.subarray(at)],
    ][random.below(6)]
    bytes = Buffer.concat(parts())
  }
  return bytes
}

function read(format: string, bytes: Buffer): void {
  try {
    readBytes(format, bytes)
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
  }
}

function fuzzer(format: string, seeds: readonly Buffer[]): Fuzzer {
  return {
    id: format,
    about: `damaged ${format} traces, ours and others', through reader, decoders and span builder`,
    attempt: (random) => read(format, damaged(random, seeds[random.below(seeds.length)])),
  }
}

/** Messages of random fields in random nesting: grammatical, and meaning nothing. */
const grammar: Fuzzer = {
  id: 'perfetto-grammar',
  about: 'random well-formed messages as Perfetto packets: any field, any nesting',
  attempt(random) {
    const make = (depth: number): Message => {
      const fields: Record<number, number | bigint | string | Buffer | Message> = {}
      for (let i = 1 + random.below(5); i > 0; i--) {
        const number = [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 30, 41, 42, 44, 50, 58, 59, 60, 327][random.below(21)]
        const kind = random.below(depth > 5 ? 3 : 6)
        fields[number] =
          kind === 0
            ? random.below(2 ** 31)
            : kind === 1
              ? (1n << 63n) + BigInt(random.below(9))
              : kind === 2
                ? 'text'
                : make(depth + 1)
      }
      return fields
    }
    read('perfetto', message({ 1: Array.from({ length: 1 + random.below(20) }, () => make(0)) }))
  },
}

export const foreignFuzzers: readonly Fuzzer[] = [
  fuzzer('chrome-json', [CHROME, Buffer.from(asChromeJson(text))]),
  fuzzer('perfetto', [PERFETTO, Buffer.from(asPerfetto(text))]),
  grammar,
]

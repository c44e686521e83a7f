/**
 * A fuzzer for every format of the registry: real input with wounds goes through the reader, the decoders and the span
 * builder. Nothing may be thrown but an ApiError, what comes out must be a sound trace, and it may not depend on how the
 * bytes were cut. Beside them whatever else is grammatical: random Perfetto messages.
 */

import { createHash } from 'node:crypto'
import { ApiError } from '#shared/base/errors.ts'
import type { Stream } from '#shared/base/prng.ts'
import type { Format } from '#shared/formats/format.ts'
import { formats } from '#shared/formats/index.ts'
import { message, type Message } from '../support/proto.ts'
import { readBytes, type Whole } from '../support/round-trip.ts'
import { wounded } from './damage.ts'
import { seedsOf } from './seeds.ts'
import type { Fuzzer } from './fuzzer.ts'
import type { Target } from './guided.ts'

/** Reads bytes, a format with its own frame in one go; an ApiError is an answer, anything else that is thrown is a bug. */
export function outcome(id: string, bytes: Buffer, chunk = bytes.length): string {
  let whole: Whole
  try {
    whole = readBytes(id, bytes, Math.max(1, chunk))
  } catch (error) {
    if (error instanceof ApiError) return `${error.code}: ${error.message}`
    throw error
  }
  const hash = createHash('sha256').update(JSON.stringify(whole.trace, plain))
  for (const { args, ts } of whole.chunks) hash.update(args).update(new Uint8Array(ts.buffer))
  return hash.digest('hex')
}

function plain(_: string, value: unknown): unknown {
  return ArrayBuffer.isView(value) ? Array.from(value as Uint8Array) : value
}

/** A seed, often only a piece of it: long ones would leave no time for attempts. */
export function piece(random: Stream, seeds: readonly Buffer[], whole: boolean): Buffer {
  const seed = seeds[random.below(seeds.length)]
  if (whole) return seed
  const from = random.below(3) === 0 ? random.below(seed.length) : 0
  return seed.subarray(from, from + 500 + random.below(12_000))
}

function reader({ id, input }: Format): Fuzzer {
  return {
    id,
    about: `damaged ${id} input through its reader, all decoders and the span builder${input === 'file' ? '' : ', whole and in pieces'}`,
    attempt(random) {
      const seeds = seedsOf(id)
      const bytes = wounded(random, piece(random, seeds, input === 'file' || random.below(2) === 0), seeds)
      const whole = outcome(id, bytes)
      if (input === 'file') return
      // A long line in chunks of a few bytes is only slow, not interesting.
      const chunk = bytes.length > 100_000 ? 60_000 + random.below(9000) : 1 + random.below(400)
      if (outcome(id, bytes, chunk) !== whole) throw new Error(`chunks of ${chunk} bytes give another answer`)
    },
  }
}

/** A format's reader for the coverage-guided search: what it does not throw away is kept and damaged further. */
export function targetOf(id: string): Target {
  return {
    run: (bytes) => void outcome(id, bytes),
    seeds: seedsOf(id),
    covers: (url) => /\/shared\/(formats|spans|model)\//.test(url),
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
    outcome('perfetto', message({ 1: Array.from({ length: 1 + random.below(20) }, () => make(0)) }))
  },
}

export const readerFuzzers: readonly Fuzzer[] = [...formats.items.map(reader), grammar]

/** The fuzzers of function_graph, lock_stat and lockdep text for a moment with a fixed seed; and input that stops anywhere. */

import { describe, expect, it } from 'vitest'
import { describeFailure, fuzz } from './fuzzer.ts'
import { outcome, readerFuzzers, READERS, seedsOf } from './readers.ts'

describe('fuzzing', () => {
  it.each(readerFuzzers)('$id: $about', async (fuzzer) => {
    const seed = 20_261_121
    const result = await fuzz(fuzzer, { seed, attempts: 300, ms: 4_000 })
    expect(result.failure, describeFailure(fuzzer, seed, result)).toBeUndefined()
    expect(result.attempts).toBeGreaterThan(5)
  })
})

describe('input that stops at any byte is a trace of what came before, or one sentence', () => {
  it.each(READERS)('%s', (id) => {
    const [seed] = seedsOf(id)
    const most = Math.min(seed.length, 1200)
    for (let length = 0; length <= most; length++) {
      expect(outcome(id, seed.subarray(0, length), Math.max(1, length))).toMatch(/^[0-9a-f]{64}$|^bad-input: /)
    }
  })
})

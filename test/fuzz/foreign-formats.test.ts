/** The fuzzers of Chrome JSON and Perfetto for a moment with a fixed seed. */

import { describe, expect, it } from 'vitest'
import { foreignFuzzers } from './foreign-formats.ts'
import { describeFailure, fuzz } from './fuzzer.ts'

describe('fuzzing', () => {
  it.each(foreignFuzzers)('$id: $about', async (fuzzer) => {
    const seed = 20_261_121
    const result = await fuzz(fuzzer, { seed, attempts: 300, ms: 4_000 })
    expect(result.failure, describeFailure(fuzzer, seed, result)).toBeUndefined()
    expect(result.attempts).toBeGreaterThan(20)
  })
})

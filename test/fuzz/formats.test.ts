/** Every fuzzer of the input side for a moment with a fixed seed, and the canary that shows they can fail. */

import { describe, expect, it } from 'vitest'
import { canary, formatFuzzers } from './formats.ts'
import { describeFailure, fuzz } from './fuzzer.ts'
import { printFuzzers } from './print-formats.ts'

describe('fuzzing', () => {
  it.each([...formatFuzzers, ...printFuzzers])('$id: $about', async (fuzzer) => {
    const seed = 20_261_120
    const result = await fuzz(fuzzer, { seed, attempts: 400, ms: 4_000, atLeast: 21 })
    expect(result.failure, describeFailure(fuzzer, seed, result)).toBeUndefined()
  })

  it('finds a false property, and the failure repeats from its two numbers', async () => {
    const found = await fuzz(canary, { seed: 7, attempts: 100 })
    const attempt = found.failure?.attempt
    expect(attempt).toBeDefined()
    const again = await fuzz(canary, { seed: 7, from: attempt ?? 0, attempts: 1 })
    expect(again.failure?.attempt).toBe(attempt)
    expect(describeFailure(canary, 7, found)).toContain(`npm run fuzz -- canary 7 ${attempt}`)
  })
})

/** The fuzzer of every reader for a moment with a fixed seed; and input that stops at any byte, for every format. */

import { describe, expect, it } from 'vitest'
import { formats } from '#shared/formats/index.ts'
import { describeFailure, fuzz } from './fuzzer.ts'
import { outcome, readerFuzzers } from './readers.ts'
import { seedsOf } from './seeds.ts'

describe('fuzzing', () => {
  it('has a fuzzer for every format of the registry', () => {
    expect(readerFuzzers.map(({ id }) => id)).toEqual(expect.arrayContaining(formats.items.map(({ id }) => id)))
  })

  it.each(readerFuzzers)('$id: $about', async (fuzzer) => {
    const seed = 20_261_121
    const result = await fuzz(fuzzer, { seed, attempts: 300, ms: 4_000, atLeast: 6 })
    expect(result.failure, describeFailure(fuzzer, seed, result)).toBeUndefined()
  })
})

describe('input that stops at any byte is a trace of what came before, or one sentence', () => {
  // Of longer input its first part: a reader that is pushed bytes does not know what it does not get.
  const MOST = 1800
  it.each(formats.items)('$id', ({ id, input }) => {
    const [seed] = seedsOf(id)
    const most = input === 'file' ? seed.length : Math.min(seed.length, MOST)
    let events = 0
    for (let length = 0; length <= most; length++) {
      const said = outcome(id, seed.subarray(0, length))
      expect(said).toMatch(/^[0-9a-f]{64}$|^bad-input: [^\n]+$/)
      if (!said.startsWith('bad-input')) events++
    }
    expect(events).toBeGreaterThan(0)
  })
})

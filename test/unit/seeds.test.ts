/** Seeds are whole numbers that can be told apart, or there is a sentence. */
import { expect, it } from 'vitest'
import { planJob } from '#electron/engine/sweep.ts'
import { seedsFrom } from '#electron/engine/seeds.ts'
import { sweepPlanSchema } from '#shared/contract/sweep.ts'

const LAST = Number.MAX_SAFE_INTEGER

it('counts up from the first', () => {
  expect(seedsFrom(7, 3)).toEqual([7, 8, 9])
  expect(new Set(seedsFrom(LAST - 5, 6)).size).toBe(6)
})

it('refuses seeds beyond the last, in a plan too', async () => {
  expect(() => seedsFrom(LAST - 4, 6)).toThrow('6 seeds from 9007199254740987 go beyond the last one, 9007199254740991')
  const plan = sweepPlanSchema.parse({ subject: { kind: 'scenario', scenario: 'SC1' }, seed: LAST, seeds: 6 })
  const call = { signal: new AbortController().signal, onProgress: () => undefined }
  await expect(planJob({ plan, version: '1', ...call })).rejects.toMatchObject({ code: 'bad-request' })
})

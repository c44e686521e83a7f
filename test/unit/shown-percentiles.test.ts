// Which percentiles people are shown: those that so many values can tell from their maximum.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { told, toldOf, toldOfLock } from '#shared/analysis/parts/shown-percentiles.ts'
import { quantiles } from '#shared/base/quantiles.ts'

it('shows a percentile exactly where distinct values have one that is not their maximum', () => {
  fc.assert(
    fc.property(fc.constantFrom(0.5, 0.9, 0.99, 0.999), fc.integer({ min: 1, max: 3000 }), (q, count) => {
      const values = Float64Array.from({ length: count }, (_, i) => i)
      const [value] = quantiles(values, count, [q])
      expect(told(q, count, value)).toBe(value < count - 1 ? value : null)
    }),
  )
})

it('counts operations whose end was seen, and knows nothing of none', () => {
  const row = { count: 130, unfinished: 31, p50Ns: 1, p90Ns: 2, p99Ns: 3, p999Ns: 4 } as Parameters<typeof toldOf>[0]
  expect(toldOf(row)).toEqual({ p50: 1, p90: 2, p99: null, p999: null })
  expect(toldOf({ ...row, unfinished: 30 }).p99).toBe(3)
  expect(told(0.5, 0, null)).toBeNull()
})

it('counts waits by those who had to wait, holds by acquisitions', () => {
  const row = { contended: 99, acquisitions: 100, waitP50Ns: 1, waitP99Ns: 2, holdP50Ns: 3, holdP99Ns: 4 }
  const shown = toldOfLock(row)
  expect(shown).toEqual({ waitP50: 1, waitP99: null, holdP50: 3, holdP99: 4 })
})

/** Binary search against looking at everything. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { firstWhere, lowerBound } from '#shared/base/search.ts'

const sorted = fc.array(fc.integer({ min: -20, max: 20 })).map((values) => values.sort((a, b) => a - b))

it('finds the first value that is not below, in any part of a list', () => {
  fc.assert(
    fc.property(sorted, fc.integer({ min: -22, max: 22 }), fc.nat(12), fc.nat(12), (values, least, a, b) => {
      const [from, to] = [Math.min(a, b, values.length), Math.min(Math.max(a, b), values.length)]
      const found = values.findIndex((value, at) => at >= from && at < to && value >= least)
      expect(lowerBound(values, least, from, to)).toBe(found === -1 ? to : found)
      expect(firstWhere(from, to, (at) => values[at] >= least)).toBe(found === -1 ? to : found)
    }),
  )
})

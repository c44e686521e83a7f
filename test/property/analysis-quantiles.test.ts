/** Quantiles equal those of a full sort: any size, any values, many equal ones. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bucketOf, bucketStart, quantiles, quantilesInPlace } from '#shared/base/quantiles.ts'
import { groupRows, GroupedValues, largest, orderGroups, PairIds } from '#shared/analysis/parts/grouping.ts'

const QS = [0.001, 0.5, 0.9, 0.99, 0.999, 1]

function bySort(values: readonly number[], qs: readonly number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b)
  return qs.map((q) => (sorted.length === 0 ? NaN : sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]))
}

/** Durations as traces have them: ns, whole microseconds, one value again and again, and the largest there can be. */
const duration = fc.oneof(
  fc.nat(100),
  fc.nat(1_000_000),
  fc.nat(2000).map((us) => us * 1000),
  fc.constant(7000),
  fc.maxSafeNat(),
)

describe('quantiles', () => {
  it('equal those of a full sort, and leave the values as they were', () => {
    fc.assert(
      fc.property(fc.array(duration, { maxLength: 3000, size: 'max' }), (list) => {
        const values = Float64Array.from(list)
        expect(quantiles(values, values.length, QS)).toEqual(bySort(list, QS))
        expect([...values]).toEqual(list)
        expect(quantilesInPlace(values, QS)).toEqual(bySort(list, QS))
      }),
      { numRuns: 300 },
    )
  })

  it('equal those of a full sort where thousands share a bucket', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 40), fc.integer({ min: 1, max: 100_000 }), fc.nat(), (base, width, seed) => {
        let state = seed
        const list = Array.from({ length: 5000 }, () => {
          state = (state * 1_103_515_245 + 12_345) % 2 ** 31
          return base + (state % width)
        })
        expect(quantiles(Float64Array.from(list), list.length, QS)).toEqual(bySort(list, QS))
      }),
      { numRuns: 60 },
    )
  })

  it('of nothing are not known', () => {
    expect(quantiles(new Float64Array(4), 0, [0.5])).toEqual([NaN])
  })

  it('look only at the values they are asked about', () => {
    expect(quantiles(Float64Array.of(5, 6, 1), 2, [0.5, 1])).toEqual([5, 6])
  })
})

describe('chart buckets', () => {
  it('hold the values from their start up to the next start', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.constantFrom(3, 5), (value, sub) => {
        const bucket = bucketOf(value, sub)
        expect(bucketStart(bucket, sub)).toBeLessThanOrEqual(value)
        expect(bucketStart(bucket + 1, sub)).toBeGreaterThan(value)
        expect(bucketOf(bucketStart(bucket, sub), sub)).toBe(bucket)
      }),
    )
  })
})

describe('grouping', () => {
  it('puts every row with a key in range into its group, in order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1, max: 6 })), (keys) => {
        const { starts, rows } = groupRows(Int32Array.from(keys), 5)
        for (let g = 0; g < 5; g++) {
          const expected = keys.map((_, row) => row).filter((row) => keys[row] === g)
          expect([...rows.subarray(starts[g], starts[g + 1])]).toEqual(expected)
        }
      }),
    )
  })

  it('orders groups by value, ties by row', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3), fc.nat(9))), (pairs) => {
        const values = Float64Array.from(pairs, ([, value]) => value)
        const groups = groupRows(
          Uint32Array.from(pairs, ([key]) => key),
          4,
        )
        const before = [...groups.rows]
        orderGroups(groups, values)
        for (let g = 0; g < 4; g++) {
          const part = before.slice(groups.starts[g], groups.starts[g + 1])
          const expected = part.sort((a, b) => values[a] - values[b] || a - b)
          expect([...groups.rows.subarray(groups.starts[g], groups.starts[g + 1])]).toEqual(expected)
        }
      }),
    )
  })

  it.each([
    ['a table', 10],
    ['a map', 10_000_000],
  ])('gives pairs dense ids by %s', (_, heights) => {
    const ids = new PairIds(heights, 7)
    expect([ids.id(3, 2), ids.id(9, 6), ids.id(3, 2), ids.id(0, 0)]).toEqual([0, 1, 0, 2])
    expect([ids.first(1), ids.second(1), ids.size]).toEqual([9, 6, 3])
  })

  it('finds the largest values as a full sort does', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50), { maxLength: 200 }), fc.integer({ min: 1, max: 30 }), (values, top) => {
        const rows = Uint32Array.from(values, (_, row) => row)
        const expected = [...rows].sort((a, b) => values[b] - values[a] || a - b).slice(0, top)
        expect(largest(rows, Float64Array.from(values), top)).toEqual(expected)
      }),
    )
  })

  it('keeps the values of each group apart', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3), fc.nat(1000)), { maxLength: 300 }), (pairs) => {
        const grouped = new GroupedValues(pairs.length)
        for (const [group, value] of pairs) grouped.add(group, value)
        for (let g = 0; g < 4; g++) {
          const own = pairs.filter(([group]) => group === g).map(([, value]) => value)
          const { count, total, min, max, quantiles: found } = grouped.of(g, 4, [0.5])
          expect([count, total]).toEqual([own.length, own.reduce((sum, value) => sum + value, 0)])
          expect([min, max, ...found]).toEqual([...bySort(own, [0.0001]), ...bySort(own, [1]), ...bySort(own, [0.5])])
        }
      }),
    )
  })
})

/** Rows are put in order: whatever order they came in, and cheaply where only neighbours of a long span are out of place. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { orderRows } from '#shared/timeline/order.ts'

function ordered(values: readonly number[]): { rows: number[]; looks: number } {
  const rows = Uint32Array.from(values, (_, i) => i)
  let looks = 0
  orderRows(rows, (a, b) => {
    looks++
    return values[a] < values[b] || (values[a] === values[b] && a < b)
  })
  return { rows: [...rows], looks }
}
const sorted = (values: readonly number[]) =>
  values.map((_, i) => i).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0) || a - b)

test('rows come out in order and none is lost, whatever their order was', () => {
  const values = fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 400 })
  fc.assert(
    fc.property(values, (list) => {
      expect(ordered(list).rows).toEqual(sorted(list))
    }),
  )
})

test('rows in order are looked at once each', () => {
  const list = Array.from({ length: 10_000 }, (_, i) => i)
  expect(ordered(list).looks).toBe(list.length - 1)
})

test('a long span behind each hundred that it holds costs a few looks per row, however many rows there are', () => {
  // begins in the order of ends: each hundredth span began before the 99 in front of it
  const list = Array.from({ length: 200_000 }, (_, i) => (i % 100 === 99 ? i - 99.5 : i))
  const { rows, looks } = ordered(list)
  expect(rows).toEqual(sorted(list))
  expect(looks / list.length).toBeLessThan(8)
})

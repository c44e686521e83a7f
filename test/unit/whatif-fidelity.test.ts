/** How well a replay matches its recording is said of figures that there are enough values for. */
import { expect, it } from 'vitest'
import { fidelityOf } from '#shared/whatif/fidelity.ts'
import { figuresOf } from '#shared/whatif/figures.ts'
import { toldFidelity } from '#shared/whatif/told.ts'
import { at, traceOf } from '../support/import-text.ts'

const fidelity = (count: number) => {
  const calls = Array.from({ length: count }, (_, i) => [
    at(100 * i, 1, 'sys_ftruncate(fd: 3, length: 0)'),
    at(100 * i + 10 + i, 1, 'sys_ftruncate -> 0x0'),
  ])
  // One more, that is not seen to end, counts for nothing.
  const trace = traceOf(...calls.flat(), at(100 * count, 1, 'sys_ftruncate(fd: 3, length: 0)'))
  return fidelityOf(trace, [figuresOf(trace, trace.meta.durationNs, () => true)])
}

it.each([
  [8, ['p50']],
  [9, ['p50']],
  [10, ['p50', 'p90']],
  [100, ['p50', 'p90', 'p99']],
])('of %i operations tells %j', (count, figures) => {
  const { rows, medianErrorP50, medianErrorP99 } = fidelity(count)
  const told = toldFidelity(rows)
  expect(told.map(({ figure }) => figure)).toEqual(['p50', 'p90', 'p99'])
  const known = told.filter(
    ({ recordedNs, replayedNs, error }) => recordedNs !== null && replayedNs !== null && error === 0,
  )
  expect(known.map(({ figure }) => figure)).toEqual(figures)
  expect([medianErrorP50, medianErrorP99]).toEqual([0, figures.includes('p99') ? 0 : null])
  // Scripts get every figure with its count.
  expect(rows.every((row) => row.recordedNs !== null && row.count === count)).toBe(true)
})

it('tells sums of however few waits', () => {
  const sum = { of: 'i_rwsem', figure: 'waitTotal', count: 1, recordedNs: 5, replayedNs: 6, seedsNs: null, error: 0.2 }
  expect(toldFidelity([sum])).toEqual([sum])
})

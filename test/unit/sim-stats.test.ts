/** What a run counts: percentiles are exact for as many operations as are kept, and to within a bucket of 1 % beyond. */
import { expect, it } from 'vitest'
import { limits } from '#shared/base/limits.ts'
import { stream } from '#shared/base/prng.ts'
import { Stats } from '#shared/sim/stats.ts'
import type { SimTask } from '#shared/sim/task.ts'

const QS = [0.5, 0.9, 0.99, 0.999]

it.each([
  ['one', 1, 0],
  ['all that are kept', limits.simDurations, 0],
  ['more than are kept', limits.simDurations + 5_000, 0.01],
])('of %s', (_, count, off) => {
  const stats = new Stats()
  const task = { id: 0 } as SimTask
  const random = stream(7, count)
  const durations = Float64Array.from({ length: count }, () => 500 + (1 << random.below(20)) + random.below(1_000))
  for (const ns of durations) {
    stats.begin(task, 1_000)
    stats.end(task, { kind: 'write_fault', result: 0, now: 1_000 + ns })
  }
  const found = stats.kinds.get('write_fault')
  const sorted = durations.toSorted()
  const exact = QS.map((q) => sorted[Math.ceil(q * count) - 1])
  expect(found).toMatchObject({ count, maxNs: sorted[count - 1], totalNs: sorted.reduce((sum, ns) => sum + ns, 0) })
  const told = found?.quantiles(QS) ?? []
  told.forEach((ns, i) => expect(Math.abs(ns / exact[i] - 1)).toBeLessThanOrEqual(off))
  expect(told).toHaveLength(QS.length)
})

/** What keeps a comparison from telling, as the window and the terminal say it: how much failed, and who did not end. */
import { expect, it } from 'vitest'
import { failedShare, findings } from '#shared/whatif/words.ts'
import { safetyShort } from '#renderer/panels/compare/safety.ts'
import { comparedStrategy } from '../support/small-comparison.ts'

it('says none, some, nearly all and all', () => {
  const { ops } = comparedStrategy('E')
  const of = (failed: number) => failedShare({ failed, ops: ops.map((one) => ({ ...one, count: 1_000 })) })
  expect([0, 1, 490, 996, 1_000].map(of)).toEqual(['0', '0.10 %', '49 %', '99.6 %', '100 %'])
})

it('says nothing of races before it knows which there are', () => {
  const none = { violated: [], hazards: 0, asked: 0, complete: 0, computed: 0, total: 0 }
  expect(safetyShort(none)).toBe('…')
})

it('says that the baseline deadlocked, not that there is nothing to divide by', () => {
  const strategies = [comparedStrategy('H1', { deadlocks: 6 }), comparedStrategy('K')]
  expect(findings({ strategies, baseline: 'H1', seeds: [1, 2, 3, 4, 5, 6] })[1]).toBe(
    'K: 400 k/s; 6 of 6 runs of H1 ended in a deadlock, so its speed is not compared.',
  )
})

/** How much failed, as the window and the terminal say it: all of it, and nearly all of it, in digits one can read. */
import { expect, it } from 'vitest'
import { failedShare } from '#shared/whatif/words.ts'
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

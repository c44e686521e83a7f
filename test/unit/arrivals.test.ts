/** What one may write into the Compare page's field for arrivals. */
import { expect, it } from 'vitest'
import { parseArrivals } from '#renderer/panels/compare/arrivals.ts'

it.each([
  ['', undefined],
  [' open ', 'open'],
  ['closed', 'closed'],
  ['fio=open, 4711=closed', { fio: 'open', '4711': 'closed' }],
  ['a=b=open', { 'a=b': 'open' }],
])('%j is taken as it is meant', (text, choice) => {
  expect(parseArrivals(text)).toEqual({ choice, problem: undefined })
})

it.each(['fio', 'fio=', '=open', 'fio=often', 'fio=open,,'])('%j is refused with what it is', (text) => {
  const { choice, problem } = parseArrivals(text)
  expect(choice).toBeUndefined()
  expect(problem).toContain('neither open nor closed')
})

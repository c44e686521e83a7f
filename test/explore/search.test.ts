/** The search against the naive enumerator: on random programs and on small scenarios both see exactly the same ends. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Search, type SearchOptions } from '../../shared/explore/search.ts'
import type { Subject } from '../../shared/explore/subject.ts'
import { enumerate } from './naive.ts'
import { programs, sizeOf, subjectOf } from './programs.ts'

function search(subject: Subject, options: Partial<SearchOptions>): { found: Set<string>; executions: number } {
  const unit = new Search(
    subject,
    { prefix: [], sleepers: [] },
    { preemptions: undefined, depth: 1_000, reduce: true, ...options },
  )
  while (unit.next());
  const result = unit.result()
  return { found: new Set(result.found.map((one) => one.key)), executions: result.executions }
}

const small = programs.filter((program) => interleavings(sizeOf(program)) < 6_000)

/** Interleavings of tasks with these numbers of moves. */
function interleavings(sizes: readonly number[]): number {
  let total = 0
  let ways = 1
  for (const size of sizes) for (let i = 1; i <= size; i++) ways = (ways * ++total) / i
  return ways
}

const RUNS = Number(process.env['RUNS'] ?? 150)

describe('on random programs over locks, variables and wait queues', () => {
  it('the reduced search sees every end that exists, and none more', () => {
    fc.assert(
      fc.property(small, (program) => {
        const subject = subjectOf(program)
        expect([...search(subject, {}).found].sort()).toEqual([...enumerate(subject).found].sort())
      }),
      { numRuns: RUNS },
    )
  })

  it('the search without reduction too', () => {
    fc.assert(
      fc.property(small, (program) => {
        const subject = subjectOf(program)
        expect([...search(subject, { reduce: false }).found].sort()).toEqual([...enumerate(subject).found].sort())
      }),
      { numRuns: RUNS / 3 },
    )
  })

  it.each([0, 1, 2])(
    'within %i preemptions the reduced search sees every end that exists within them',
    (preemptions) => {
      fc.assert(
        fc.property(small, (program) => {
          const subject = subjectOf(program)
          expect([...search(subject, { preemptions }).found].sort()).toEqual(
            [...enumerate(subject, { preemptions }).found].sort(),
          )
        }),
        { numRuns: RUNS },
      )
    },
  )
})

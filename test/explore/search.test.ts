/** The search against the naive enumerator: on random programs and on small scenarios both see exactly the same ends. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Search } from '../../shared/explore/search.ts'
import type { SearchOptions } from '../../shared/explore/unit.ts'
import type { Subject } from '../../shared/explore/subject.ts'
import { enumerate } from './naive.ts'
import { programs, sizeOf, subjectOf, type Op, type Program } from './programs.ts'

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

  it.each([undefined, 0, 1, 2])('where a task is a daemon, within %s preemptions too', (preemptions) => {
    fc.assert(
      fc.property(small, fc.nat(2), (program, daemon) => {
        const subject = subjectOf(program, { daemon: daemon % program.length })
        expect([...search(subject, { preemptions }).found].sort()).toEqual(
          [...enumerate(subject, { preemptions }).found].sort(),
        )
      }),
      { numRuns: RUNS },
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

const add = (of: number): Op => ({ do: 'add', of })
const mutex = (of: number, ...inside: Op[]): Op => ({ do: 'mutex', of, inside })
const shared = (of: number, ...inside: Op[]): Op => ({ do: 'shared', of, inside })
const exclusive = (of: number, ...inside: Op[]): Op => ({ do: 'exclusive', of, inside })
const tryLock = (of: number, ...inside: Op[]): Op => ({ do: 'try', of, inside })
const read = (of: number): Op => ({ do: 'read', of })
const signal = (of: number): Op => ({ do: 'signal', of })
const grab = (of: number): Op => ({ do: 'grab', of })
const pause: Op = { do: 'pause' }

/** Programs that told a wrong search from a right one. */
const telling: readonly (readonly [string, Program, daemon?: number])[] = [
  [
    'the task a race asks for sleeps, and another one must go first',
    [[mutex(0, add(1))], [{ do: 'read', of: 1 }], [mutex(1, tryLock(0))]],
  ],
  [
    'two circles at once',
    [
      [shared(0, exclusive(0)), mutex(0)],
      [shared(1, exclusive(1)), { do: 'read', of: 0 }],
    ],
  ],
  ['an earlier acquisition behind a later one', [[mutex(0, pause), mutex(0, mutex(0))], [mutex(0, tryLock(0))]]],
  ['a queued writer that waits for itself', [[shared(1, exclusive(1))], [exclusive(1)]]],
  ['a failed try hides an acquisition', [[pause, exclusive(0, pause), mutex(0, mutex(0))], [mutex(0, tryLock(0))]]],
  ['who waits for a lock for ever would have done more than take it', [[grab(1)], [mutex(1, grab(1))], [read(1)]]],
  ['all that could move sleep, and one waits', [[shared(0, tryLock(0, read(1)))], [tryLock(1, grab(1))], [grab(1)]]],
  ['a daemon that does not come to its turn', [[pause], [mutex(0, shared(0))]], 1],
  ['the end of a task that sleeps is the last', [[tryLock(0)], [signal(0)], [mutex(0, pause)]], 2],
  [
    'a pause under a lock is where it costs nothing to switch',
    [[tryLock(0, { do: 'await', of: 0 })], [mutex(0, pause, read(0))], [read(0)]],
    1,
  ],
  ['the pause of a daemon hides what it has locked', [[exclusive(1, pause)], [exclusive(1)]], 0],
  ['a turn that was searched before asks for an event', [[exclusive(0, pause)], [shared(0)], [pause]], 1],
  ['and for another', [[signal(0)], [{ do: 'copy', of: 0 }], [exclusive(0, read(0), pause)]], 0],
  [
    'a turn that was searched before asks for the stretch before',
    [
      [shared(1, grab(0), grab(1)), mutex(0), grab(1)],
      [tryLock(1, pause), shared(1, pause, add(0))],
    ],
    1,
  ],
]

describe.each(telling.map(([what, program, daemon = -1]) => [what, program, daemon] as const))('%s', (...given) => {
  const [, program, daemon] = given
  it.each([undefined, 0, 1, 2])('is seen within a bound of %s', (preemptions) => {
    const subject = subjectOf(program, { daemon })
    const { found } = enumerate(subject, { preemptions })
    expect([...search(subject, { preemptions }).found].sort()).toEqual([...found].sort())
  })
})

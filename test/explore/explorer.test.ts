/** A search shared among several sees what one alone sees; whatever is found replays; shortening keeps it and never adds preemptions. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Frontier } from '../../shared/explore/frontier.ts'
import { minimise } from '../../shared/explore/minimise.ts'
import { OrderWatch } from '../../shared/explore/order-watch.ts'
import { film, play } from '../../shared/explore/replay.ts'
import { sample } from '../../shared/explore/sample.ts'
import { decodeSchedule, encodeSchedule } from '../../shared/explore/schedule.ts'
import { findingKey, Search } from '../../shared/explore/search.ts'
import { Seen, sharedMemory } from '../../shared/explore/seen.ts'
import type { SearchOptions } from '../../shared/explore/unit.ts'
import { scenarioSubject, type Subject } from '../../shared/explore/subject.ts'
import { violationIn } from '../../shared/explore/verdict.ts'
import { subjectOf as namedSubject } from '../../shared/races/subjects.ts'
import { scenarios } from '../../shared/sim/scenarios/index.ts'
import { parseStrategy } from '../../shared/sim/strategies/index.ts'
import { enumerate } from './naive.ts'
import { programs, sizeOf, subjectOf } from './programs.ts'

const RUNS = Number(process.env['RUNS'] ?? 60)
const small = programs.filter((program) => sizeOf(program).reduce((sum, n) => sum + n, 0) < 11)

/** Stops every unit after `patience` schedules and shares out what it has left. */
function shared(subject: Subject, options: SearchOptions, patience: number): Frontier {
  const frontier = new Frontier(options.preemptions)
  for (let unit = frontier.take(); unit !== undefined; unit = frontier.take()) {
    const search = new Search(subject, unit, options)
    for (let n = 0; n < patience && search.next(); n++);
    frontier.put(unit, search.result())
  }
  return frontier
}

describe('a search in units', () => {
  it.each([undefined, 0, 1, 2])(
    'sees every end that exists within %s preemptions, however small its units are',
    (preemptions) => {
      fc.assert(
        fc.property(small, fc.integer({ min: 1, max: 4 }), (program, patience) => {
          const subject = subjectOf(program)
          const { found } = shared(subject, { preemptions, depth: 1_000, reduce: true }, patience)
          expect([...found.keys()].sort()).toEqual([...enumerate(subject, { preemptions }).found].sort())
        }),
        { numRuns: RUNS },
      )
    },
  )
})

/** Searches that share a memory take turns of a few schedules; the first that is through ends it. */
function together(subject: Subject, preemptions: number, lanes: number, patience: number): Set<string> {
  const memory = sharedMemory()
  const searches = Array.from({ length: lanes }, (_, lane) => {
    const options = { preemptions, depth: 1_000, reduce: true, lane, seen: new Seen(memory) }
    return new Search(subject, { prefix: [], sleepers: [] }, options)
  })
  for (let more = true, turn = 0; more; turn++) {
    for (let n = 0; n < patience && more; n++) more = searches[turn % lanes].next()
  }
  return new Set(searches.flatMap((search) => search.result().found.map((one) => one.key)))
}

describe('searches that share a memory', () => {
  it.each([0, 1, 2])('see together every end that exists within %s preemptions', (preemptions) => {
    const shape = fc.record({ lanes: fc.integer({ min: 2, max: 5 }), patience: fc.integer({ min: 1, max: 5 }) })
    fc.assert(
      fc.property(small, fc.integer({ min: -1, max: 1 }), shape, (program, daemon, { lanes, patience }) => {
        const subject = subjectOf(program, { daemon })
        const found = together(subject, preemptions, lanes, patience)
        expect([...found].sort()).toEqual([...enumerate(subject, { preemptions }).found].sort())
      }),
      { numRuns: RUNS },
    )
  })
})

/** Violations of a scenario in its size for a search, after some schedules. */
function explored(
  scenario: string,
  strategy: string,
  budget: number,
  preemptions = 2,
): { subject: Subject; search: Search } {
  const subject = scenarioSubject({ scenario, strategy, params: scenarios.get(scenario).search ?? {} })
  const watch = new OrderWatch()
  const search = new Search(subject, { prefix: [], sleepers: [] }, { preemptions, depth: 100_000, reduce: true, watch })
  while (search.executions < budget && search.next());
  return { subject, search }
}

describe('what is found', () => {
  it.each([
    ['SC2', 'E'],
    ['SC3', 'F'],
    ['SC5', 'E'],
    ['SC15', 'G'],
  ])('in %s under %s replays to the same violation, shortened or not', (scenario, strategy) => {
    const { subject, search } = explored(scenario, strategy, 20_000)
    const { found } = search.result()
    expect(found.length).toBeGreaterThan(0)
    for (const { key, moves } of found.slice(0, 4)) {
      const whole = encodeSchedule({ subject: subject.id, strategy: subject.strategy, moves })
      const { subject: id, strategy: label, moves: decoded } = decodeSchedule(whole)
      const again = namedSubject(id, parseStrategy(label))
      const filmed = film(again, decoded)
      expect(violationIn(filmed, key)).toBeDefined()
      if (key.startsWith('V11 lock order')) continue
      const short = minimise(again, decoded, ({ findings }) =>
        findings.some((one) => findingKey(one.invariant, one.message) === key),
      )
      expect(short.preemptions).toBeLessThanOrEqual(filmed.preemptions)
      expect(short.moves.length).toBeLessThanOrEqual(decoded.length)
      const replayed = film(again, short.moves)
      expect(violationIn(replayed, key)).toBeDefined()
      expect(replayed.preemptions).toBe(short.preemptions)
    }
  })

  it('under F in SC3 is the circle of i_mmap and the journal, without a hang', () => {
    const { search } = explored('SC3', 'F', 200)
    const keys = search.result().found.map((one) => one.key)
    expect(keys.some((key) => /^V11 .*i_mmap_mutex → jbd#_handle/.test(key))).toBe(true)
  })
})

/** More than any of them takes. */
const STEPS = 25_000_000

/** Nine tenths of all schedules within two preemptions are of these: two with FAULTLINE_LONG=1, one without. */
const WIDE = ['SC4', 'SC7', 'SC8', 'SC9', 'SC11', 'SC14']
const bounds = scenarios.ids.map(
  (id) => [id, WIDE.includes(id) && process.env['FAULTLINE_LONG'] === undefined ? 1 : 2] as const,
)

describe('a scenario in its size for a search, every schedule there is', () => {
  it.each(bounds)('raises no alarm under preset K in %s within %s preemptions', (scenario, preemptions) => {
    const { search } = explored(scenario, 'K', 0, preemptions)
    let complete = false
    while (!complete && search.steps < STEPS) complete = !search.next()
    expect({ complete, ...search.result() }).toMatchObject({ complete: true, cut: 0, found: [] })
  })

  // Small as it is, its actors meet where they would in the large one. What a scenario says of this is in scenarios.test.ts.
  it.each([
    ['SC3', 'E', 'V1'],
    ['SC9', 'C', 'V18'],
  ])('%s turns red under %s: %s', (scenario, strategy, invariant) => {
    const { search } = explored(scenario, strategy, 0)
    const isRed = () => search.result().found.some(({ key }) => key.startsWith(`${invariant} `))
    while (search.steps < STEPS / 4 && search.next() && (search.executions % 100 !== 0 || !isRed()));
    expect(isRed()).toBe(true)
  })
})

describe('schedules by lot', () => {
  it.each(['random', 'pct'] as const)('%s: a seed and a number name one schedule, which can be made', (mode) => {
    const subject = scenarioSubject({ scenario: 'SC2', strategy: 'E', params: scenarios.get('SC2').search ?? {} })
    const options = { mode, seed: 7, depth: 10_000, changes: 2 }
    const seen = new Set<string>()
    for (let n = 0; n < 300; n++) {
      const one = sample(subject, n, 50, { ...options, watch: new OrderWatch() })
      expect(sample(subject, n, 50, { ...options, watch: new OrderWatch() })).toEqual(one)
      for (const { key, moves } of one.found) {
        seen.add(key)
        if (!key.startsWith('V11')) expect(play(subject, moves).findings.length).toBeGreaterThan(0)
      }
    }
    expect(seen.size).toBeGreaterThan(0)
  })
})

/** The verdict matrix comes out by running every race, cell for cell; nothing asks for a strategy's name. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { contender, expectedOf, isGroup, judgeRace, races } from '#shared/races/index.ts'
import { parseStrategy, strategies } from '#shared/sim/strategies/index.ts'
import { cellsOf, published, verdictOf } from './support.ts'

describe('races under presets', () => {
  it.each(Object.keys(published.rows).sort())('%s comes out as published wherever that is certain', (race) => {
    const wanted = cellsOf(race)
    const got = wanted.map(([strategy]) => [strategy, verdictOf(race, strategy).outcome])
    expect(Object.fromEntries(got)).toEqual(Object.fromEntries(wanted))
  })

  it('what is shown as expected is the published matrix', () => {
    for (const race of races.ids) {
      const known = published.rows[race] === undefined ? {} : Object.fromEntries(cellsOf(race))
      for (const id of strategies.ids)
        expect([race, id, expectedOf(race, parseStrategy(id))]).toEqual([race, id, known[id]])
    }
  })

  it('an overridden strategy has no expected verdict', () => {
    expect(expectedOf('R05', parseStrategy('E,init=zero-in-alloc-tx'))).toBeUndefined()
  })
})

describe('the catalogue', () => {
  const letters = [
    'R01b',
    'R07b',
    'R09b',
    'R09c',
    'R11b',
    'R13a',
    'R13b',
    'R13c',
    'R18a',
    'R18b',
    'R18c',
    'R20b',
    'R21b',
    'R22b',
  ]

  it('has R01 to R33 and every lettered variant', () => {
    const numbered = Array.from({ length: 33 }, (_, i) => `R${String(i + 1).padStart(2, '0')}`)
    expect(races.ids).toEqual([...numbered, ...letters].sort())
  })

  it('runs: a group is as bad as the worst of its parts', () => {
    for (const race of races.items.filter(isGroup)) {
      const parts = race.parts.map((part) => verdictOf(part, 'G').outcome)
      const worst = ['violated', 'hazard', 'held', 'not-applicable'].find((outcome) =>
        parts.some((one) => one === outcome),
      )
      expect([race.id, verdictOf(race.id, 'G').outcome]).toEqual([race.id, worst])
    }
  })

  it('judges what a strategy is made of, not what it is called', () => {
    for (const [race, id] of [
      ['R03', 'K'],
      ['R03', 'F'],
      ['R24', 'H1'],
      ['R28', 'E'],
      ['R31', 'D'],
      ['R25', 'Z'],
    ] as const) {
      const strategy = { ...parseStrategy(id), id: 'nobody', label: 'nobody' }
      expect([race, id, judgeRace(race, contender(strategy)).outcome]).toEqual([race, id, verdictOf(race, id).outcome])
    }
  })

  it('asks for no strategy by name', () => {
    const folder = join(import.meta.dirname, '../../shared/races')
    for (const file of readdirSync(folder).filter((name) => name !== 'expected.ts' && name !== 'subject.ts')) {
      const code = readFileSync(join(folder, file), 'utf8')
      expect([file, /strategy\.(id|label)|strategies\.get/.exec(code)?.[0]]).toEqual([file, undefined])
    }
  })
})

describe('what is said about a race that held', () => {
  it('how many schedules were searched, and whether they are all within two preemptions', () => {
    expect(verdictOf('R01', 'K')).toMatchObject({ outcome: 'held', complete: true })
    expect(verdictOf('R01', 'K').executions).toBeGreaterThan(10)
  })

  it('a race that does not apply says why and has no schedule', () => {
    const verdict = verdictOf('R24', 'K')
    expect(verdict).toMatchObject({ outcome: 'not-applicable', schedule: undefined })
    expect(verdict.why).toMatch(/range/)
  })
})

/** Every stored schedule, one line each, replays to the violation it was stored for, and to no other one's worth of luck: twice. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { play } from '#shared/explore/replay.ts'
import { decodeSchedule, encodeSchedule } from '#shared/explore/schedule.ts'
import { badIn } from '#shared/races/judge.ts'
import { contender, isGroup, raceSubject, races } from '#shared/races/index.ts'
import { parseStrategy } from '#shared/sim/strategies/index.ts'
import { published, verdictOf } from './support.ts'

const lines = readFileSync(join(import.meta.dirname, 'schedules.txt'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => line.split(' '))

function replay(schedule: string): string {
  const { subject, strategy, moves } = decodeSchedule(schedule)
  const race = races.get(subject)
  if (isGroup(race)) throw new Error(`${subject} is a group`)
  const on = contender(parseStrategy(strategy))
  let seen = 'nothing'
  play(
    {
      ...raceSubject(race, on),
      judge(world) {
        const bad = badIn(race, on, world)
        if (bad !== undefined) seen = `${bad.outcome} ${bad.invariants.join(',')}`
      },
    },
    moves,
  )
  return seen
}

describe('stored schedules', () => {
  it.each(lines)('%s under %s violates %s again', (race, strategy, invariants, schedule) => {
    expect(decodeSchedule(schedule)).toMatchObject({ subject: race, strategy })
    expect(replay(schedule)).toBe(`violated ${invariants}`)
    expect(replay(schedule)).toBe(`violated ${invariants}`)
  })

  it('there is one for every cell that is published as vulnerable', () => {
    const stored = new Set(lines.map(([race, strategy]) => `${race} ${strategy}`))
    const groups = races.items.filter(isGroup)
    const missing = Object.entries(published.rows).flatMap(([race, { cells }]) =>
      Object.entries(cells)
        .filter(([, { verdict }]) => verdict === 'vulnerable')
        .map(([strategy]) => [race, strategy])
        .filter(([id, strategy]) => {
          const parts = groups.find((group) => group.id === id)?.parts ?? [id]
          return !parts.some((part) => stored.has(`${part} ${strategy}`))
        }),
    )
    expect(missing).toEqual([])
  })

  it('a schedule moved to a strategy that stops the race shows nothing', () => {
    const [, , , schedule] = lines.find(([race, strategy]) => race === 'R05' && strategy === 'E') ?? []
    const { moves } = decodeSchedule(schedule)
    const race = races.get('R05')
    if (isGroup(race)) throw new Error('R05 is a group')
    const outcome = play(raceSubject(race, contender(parseStrategy('K'))), moves, { lenient: true })
    expect(outcome.findings).toEqual([])
  })

  it('what the judge prints is what replays', () => {
    const { schedule = '', moves } = verdictOf('R03', 'F')
    expect(encodeSchedule({ subject: 'R03', strategy: 'F', moves })).toBe(schedule)
    expect(replay(schedule)).toMatch(/^violated V1/)
  })
})

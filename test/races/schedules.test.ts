/** Every stored schedule, one line each, replays to the violation it was stored for, and to no other one's worth of luck: twice. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { limits } from '#shared/base/limits.ts'
import { play } from '#shared/explore/replay.ts'
import { decodeSchedule, encodeSchedule } from '#shared/explore/schedule.ts'
import { Search } from '#shared/explore/search.ts'
import { badIn } from '#shared/races/judge.ts'
import { contender, isGroup, raceSubject, races } from '#shared/races/index.ts'
import { parseStrategy } from '#shared/sim/strategies/index.ts'
import type { World } from '#shared/sim/world.ts'
import { published, verdictOf } from './support.ts'

const lines = readFileSync(join(import.meta.dirname, 'schedules.txt'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => line.split(' '))

/** A race under a strategy that says what each execution of it came to. */
function watched(subject: string, strategy: string) {
  const race = races.get(subject)
  if (isGroup(race)) throw new Error(`${subject} is a group`)
  const on = contender(parseStrategy(strategy))
  let seen = 'nothing'
  return {
    subject: {
      ...raceSubject(race, on),
      judge(world: World) {
        const bad = badIn(race, on, world)
        if (bad !== undefined) seen = `${bad.outcome} ${bad.invariants.join(',')}`
      },
    },
    take: () => {
      const last = seen
      seen = 'nothing'
      return last
    },
  }
}

function replay(schedule: string): string {
  const { subject, strategy, moves } = decodeSchedule(schedule)
  const { subject: of, take } = watched(subject, strategy)
  play(of, moves)
  return take()
}

/** Each way of saying a little less: a turn left out, or shorter by a move. */
function shorter(moves: readonly number[]): number[][] {
  const starts = moves.flatMap((task, i) => (i === 0 || moves[i - 1] !== task ? [i] : []))
  return starts.flatMap((start, n) => {
    const end = starts[n + 1] ?? moves.length
    return [moves.toSpliced(start, end - start), moves.toSpliced(start, 1)]
  })
}

describe('stored schedules', () => {
  it.each(lines)('%s under %s violates %s again', (race, strategy, invariants, schedule) => {
    expect(decodeSchedule(schedule)).toMatchObject({ subject: race, strategy })
    expect(replay(schedule)).toBe(`violated ${invariants}`)
    expect(replay(schedule)).toBe(`violated ${invariants}`)
  })

  it('none can lose a turn or a move', () => {
    for (const [race, strategy, invariants, schedule] of lines) {
      const { subject, take } = watched(race, strategy)
      const { moves } = decodeSchedule(schedule)
      for (const less of shorter(moves)) {
        const { preemptions } = play(subject, less, { lenient: true })
        const seen = take()
        const more = preemptions > play(subject, moves).preemptions
        take()
        expect([schedule, less.join(), more || seen !== `violated ${invariants}`]).toEqual([
          schedule,
          less.join(),
          true,
        ])
      }
    }
  })

  it('no schedule with fewer preemptions shows the same', () => {
    for (const [race, strategy, invariants, schedule] of lines) {
      const { subject, take } = watched(race, strategy)
      const { preemptions } = play(subject, decodeSchedule(schedule).moves)
      take()
      if (preemptions === 0) continue
      const options = { preemptions: preemptions - 1, depth: limits.exploreDepth, reduce: true }
      const tree = new Search(subject, { prefix: [], sleepers: [] }, options)
      let more = true
      while (more && tree.steps < limits.raceSteps) {
        more = tree.next()
        expect([schedule, take()]).not.toEqual([schedule, `violated ${invariants}`])
      }
      expect([schedule, more]).toEqual([schedule, false])
    }
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

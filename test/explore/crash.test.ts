/** Power cuts: what the explorer finds, against all subsets of lines enumerated, and the races that are about them. */

import { describe, expect, it } from 'vitest'
import {
  crashOf,
  crashPoints,
  exploreCrashes,
  replayCrash,
  withCuts,
  type CrashOptions,
} from '#shared/explore/crash.ts'
import { play } from '#shared/explore/replay.ts'
import { decodeSchedule } from '#shared/explore/schedule.ts'
import { findingKey, Search } from '#shared/explore/search.ts'
import type { Subject } from '#shared/explore/subject.ts'
import { contender, isGroup, races, raceSubject } from '#shared/races/index.ts'
import { judgeLines, unflushedLines, type CacheLine } from '#shared/sim/invariants/crash.ts'
import { parseStrategy } from '#shared/sim/strategies/index.ts'

function subjectOf(id: string, strategy: string): Subject {
  const race = races.get(id)
  if (isGroup(race)) throw new Error(`${id} is a group`)
  return raceSubject({ ...race, crashes: undefined as never }, contender(parseStrategy(strategy)))
}

const found = (id: string, strategy: string, options: CrashOptions = {}) =>
  exploreCrashes(subjectOf(id, strategy), options)

const kinds = (id: string, strategy: string, options: CrashOptions = {}) =>
  [...new Set(found(id, strategy, options).violations.map(({ invariant }) => invariant))].sort()

/** Every subset of every crash point of every execution. */
function naive(subject: Subject, preemptions: number): string[] {
  const keys = new Set<string>()
  const cut = withCuts(subject, (world) => {
    const lines = unflushedLines(world)
    expect(lines.length).toBeLessThan(12)
    for (let bits = 0; bits < 1 << lines.length; bits++) {
      const at = ({ block, slot }: CacheLine) => lines.findIndex((line) => line.block === block && line.slot === slot)
      for (const { invariant, message } of judgeLines(world, (line) => ((bits >> at(line)) & 1) === 1)) {
        keys.add(findingKey(invariant, message))
      }
    }
  })
  const all = new Search(cut, { prefix: [], sleepers: [] }, { preemptions, depth: 10_000, reduce: false })
  while (all.next());
  return [...keys].sort()
}

describe('the crash explorer', () => {
  it.each([
    ['R10', 'E'],
    ['R10', 'K'],
    ['R22b', 'E'],
    ['R22b', 'K'],
  ])('finds what all subsets of lines at all points of all orders show: %s under %s', (id, strategy) => {
    const subject = subjectOf(id, strategy)
    for (const reduce of [true, false]) {
      const result = exploreCrashes(subject, { preemptions: 1, reduce, budget: 3_000_000 })
      expect(result.complete).toBe(true)
      const keys = result.violations.map(({ invariant, message }) => findingKey(invariant, message))
      expect([reduce, [...new Set(keys)].sort()]).toEqual([reduce, naive(subject, 1)])
    }
  })

  it.each([
    ['R10', 'E', ['V14']],
    ['R10', 'E,init=zero-in-alloc-tx', []],
    ['R10', 'G3', []],
    ['R10', 'K', []],
    ['R22b', 'E', ['V15']],
    ['R22b', 'G', []],
    ['R22b', 'K', []],
    ['R33', 'G3', []],
    ['R33', 'K', []],
    ['R33', 'K,mapSyncOrder=pte-first', ['V15']],
  ])('%s under %s: %j', (id, strategy, expected) => {
    expect(kinds(id, strategy)).toEqual(expected)
  })

  it('with eADR stores that were not flushed are there, and blocks that were not zeroed still show what they held', () => {
    expect(kinds('R22b', 'E', { eadr: true })).toEqual([])
    expect(kinds('R10', 'E', { eadr: true })).toEqual(['V14'])
  })

  it('says where the power failed, and the same happens there again', () => {
    const { violations } = found('R10', 'E')
    for (const { invariant, message, objects, schedule, event } of violations) {
      expect([objects.length > 0, objects.filter((object) => !message.includes(object))]).toEqual([true, []])
      expect(event).toMatch(/^power cut \d+, after move \d+$/)
      const { subject: text, moves } = decodeSchedule(schedule)
      const cut = crashOf(text)
      expect(cut?.subject).toBe('R10')
      if (cut === undefined) continue
      const again = replayCrash(subjectOf('R10', 'E'), moves, cut)
      expect(again?.violations).toContainEqual({ invariant, message, objects })
      expect(again?.recovered['i_size']).toBe('10 pages')
    }
    expect(violations.length).toBeGreaterThan(0)
  })

  it('finds the same with the same seed', () => {
    expect(found('R22b', 'E')).toEqual(found('R22b', 'E'))
  })

  it('cutting changes nothing in a run', () => {
    const subject = subjectOf('R22b', 'E')
    const plain = play(subject, [])
    const cut = play(
      withCuts(subject, () => undefined),
      [],
    )
    expect(cut.moves).toEqual(plain.moves)
    expect(cut.findings).toEqual(plain.findings)
  })

  it('gives every place of one execution, with what recovery shows there', () => {
    const [violation] = found('R10', 'E').violations
    const points = crashPoints(subjectOf('R10', 'E'), decodeSchedule(violation.schedule).moves)
    expect(points.map(({ point }) => point)).toEqual(points.map((_, i) => i + 1))
    const at = points[violation.point - 1]
    expect(at.violations.map(({ message }) => message)).toContain(violation.message)
    expect(at.recovered['page 5']).toMatch(/^block \d+: uninitialised bytes$/)
    expect(points[0].recovered['page 5']).toBeUndefined()
  })
})

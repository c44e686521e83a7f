/**
 * Every schedule that exploring has found, one line each, replays to the violation it was stored for, with as many preemptions, and
 * is as short as the minimiser makes it; under K, whose scenarios raise no alarm, none of them shows anything.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { minimise } from '#shared/explore/minimise.ts'
import { play } from '#shared/explore/replay.ts'
import { decodeSchedule } from '#shared/explore/schedule.ts'
import { findingKey } from '#shared/explore/search.ts'
import { subjectOf } from '#shared/races/subjects.ts'
import { parseStrategy } from '#shared/sim/strategies/index.ts'

const lines = readFileSync(join(import.meta.dirname, 'schedules.txt'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => line.split(' '))

describe('stored schedules of scenarios', () => {
  it.each(lines)(
    '%s under %s violates %s again, with %s preemptions',
    (scenario, strategy, invariant, preemptions, text) => {
      const { subject: id, strategy: label, moves } = decodeSchedule(text)
      expect([id.split(';')[0], label]).toEqual([scenario, strategy])
      const subject = subjectOf(id, parseStrategy(label))
      for (const outcome of [play(subject, moves), play(subject, moves)]) {
        expect(outcome.findings.map((one) => one.invariant)).toContain(invariant)
        expect(outcome.preemptions).toBe(Number(preemptions))
      }
      const under = play(subjectOf(id, parseStrategy('K')), moves, { lenient: true })
      expect(under.findings).toEqual([])
    },
  )

  it('are as short as they get', () => {
    for (const [, , invariant, preemptions, text] of lines) {
      const { subject: id, strategy, moves } = decodeSchedule(text)
      const subject = subjectOf(id, parseStrategy(strategy))
      const wanted = play(subject, moves).findings.find((one) => one.invariant === invariant)
      const key = findingKey(invariant, wanted?.message ?? '')
      const short = minimise(subject, moves, ({ findings }) =>
        findings.some((one) => findingKey(one.invariant, one.message) === key),
      )
      expect([text, short.preemptions, short.moves.length]).toEqual([text, Number(preemptions), moves.length])
    }
  })

  it('there are some of every kind of violation a search can find', () => {
    const kinds = new Set(lines.map(([, , invariant]) => invariant))
    for (const kind of ['V1', 'V3', 'V5', 'V6', 'V11', 'V17']) expect([...kinds]).toContain(kind)
    expect(lines.filter(([, strategy]) => strategy === 'K')).toEqual([])
  })
})

/** Power cuts through the engine, and the races about them against what the literature says of each preset. */

import { describe, expect, it } from 'vitest'
import { exploreCrashes } from '#shared/explore/crash.ts'
import { contender, expectedOf, isGroup, races, raceSubject } from '#shared/races/index.ts'
import { parseStrategy, strategies } from '#shared/sim/strategies/index.ts'
import { useEngine } from '../support/use-engine.ts'

describe('races about power cuts, found by cutting everywhere', () => {
  it.each(['R10', 'R22', 'R22b', 'R33'])('%s comes out as the literature has it', (id) => {
    const race = races.get(id)
    if (isGroup(race)) throw new Error(`${id} is a group`)
    for (const preset of strategies.ids) {
      const expected = expectedOf(id, parseStrategy(preset))
      const on = contender(parseStrategy(preset))
      if (expected === undefined || race.notApplicable(on) !== undefined) continue
      const { violations } = exploreCrashes(raceSubject(race, on), { budget: 30_000 })
      const bad = violations.some(({ invariant }) => race.invariants.includes(invariant))
      expect([id, preset, bad ? 'violated' : 'held']).toEqual([id, preset, expected])
    }
  })
})

describe('over the contract', () => {
  const { client } = useEngine()

  it('a violation’s schedule leads to the same power cut', async () => {
    const { violations, complete } = await client.call('crash.run', { subject: 'R10', strategy: 'E' })
    expect(complete).toBe(true)
    const [violation] = violations
    const { points, replay } = await client.call('crash.points', { schedule: violation.schedule })
    const { invariant, message, point, lines } = violation
    expect(replay).toMatchObject({ point, lines })
    expect(replay?.violations).toContainEqual(expect.objectContaining({ invariant, message }))
    expect(points[point - 1].violations.map((one) => one.message)).toContain(message)
  })

  it('slots change what comes out', async () => {
    const slots = { init: 'zero-in-alloc-tx' }
    const { violations } = await client.call('crash.run', { subject: 'R10', strategy: 'E', slots })
    expect(violations).toEqual([])
  })

  it('an unknown subject is refused with the nearest', async () => {
    await expect(client.call('crash.run', { subject: 'R99', strategy: 'E' })).rejects.toMatchObject({
      code: 'unknown-id',
    })
  })
})

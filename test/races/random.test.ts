/** Whatever strategy is put together from slots and switches, every race comes to an outcome, and says why it does not apply. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { contender, isGroup, judgeRace, races, type Contender } from '#shared/races/index.ts'
import { switches } from '#shared/sim/policies/switches.ts'
import { parseStrategy, slots, SLOTS, strategies } from '#shared/sim/strategies/index.ts'

const OVERRIDES = [
  ...SLOTS.flatMap((slot) => slots[slot].ids.map((option) => `${slot}=${option}`)),
  ...switches.items.flatMap(({ id, options }) => options.map((option) => `${id}=${option}`)),
]

/** undefined: a combination that is refused. */
function contenderOf(preset: string, overrides: readonly string[]): Contender | undefined {
  try {
    return contender(parseStrategy(preset, overrides))
  } catch {
    return undefined
  }
}

it('random strategies: an outcome for every race, never an exception', () => {
  const outcomes = new Set<string>()
  fc.assert(
    fc.property(fc.constantFrom(...strategies.ids), fc.subarray(OVERRIDES, { maxLength: 6 }), (preset, overrides) => {
      const on = contenderOf(preset, overrides)
      fc.pre(on !== undefined)
      for (const race of races.items) {
        if (isGroup(race)) continue
        const { outcome, why, schedule } = judgeRace(race.id, on, { budget: 2_000 })
        outcomes.add(outcome)
        expect([race.id, outcome, why === undefined]).toEqual([race.id, outcome, outcome === 'held'])
        expect(schedule === undefined).toBe(outcome === 'not-applicable')
      }
    }),
    { numRuns: 15 },
  )
  expect([...outcomes].sort()).toEqual(['hazard', 'held', 'not-applicable', 'violated'])
})

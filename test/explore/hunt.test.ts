/** Threads that share a search: whatever one of them fails of is what the search fails of, and who has had nothing to do has nothing to hand over. */
import { describe, expect, it } from 'vitest'
import { Hunt } from '#electron/engine/explore-hunt.ts'
import type { ExploreThread, Team } from '#electron/engine/explore-team.ts'
import type { UnitResult } from '#shared/explore/unit.ts'

const END: UnitResult = {
  executions: 20,
  redundant: 0,
  steps: 100,
  cut: 0,
  bounded: false,
  escapes: [],
  path: [],
  open: [],
  found: [],
}

type Calls = Readonly<Record<string, () => unknown>>

function hunting(threads: readonly Calls[], budget: number): Hunt {
  const team = {
    threads: threads.map((calls) => ({ call: (name: string) => Promise.resolve().then(() => calls[name]()) })),
  }
  const options = { preemptions: 2, budget, onProgress: () => undefined, started: 0 }
  return new Hunt(team as unknown as Team, options)
}

const whole = () => ({ executions: 20, steps: 100, result: END })
const breaks = (): never => {
  throw new Error('it broke')
}

describe('a thread that fails', () => {
  it.each([20, 1_000_000])('fails the search, also while all of a budget of %i is handed out', async (budget) => {
    await expect(hunting([{ slice: breaks }], budget).together(undefined)).rejects.toThrow('it broke')
  })

  it('fails it when another one has the rest of the budget, or is through', async () => {
    const both = hunting([{ slice: () => ({ executions: 5_000, steps: 1, result: END }) }, { slice: breaks }], 10_000)
    await expect(both.together(undefined)).rejects.toThrow('it broke')
  })

  it('fails it when it is to join', async () => {
    let slices = 0
    const slice = () => (++slices < 4 ? { executions: 5_000, steps: 1, result: undefined } : whole())
    const joins = () => Promise.reject<readonly ExploreThread[]>(new Error('it never began'))
    await expect(hunting([{ slice }], 1_000_000).together(joins)).rejects.toThrow('it never began')
  })
})

it('a thread for which nothing of the budget was left hands nothing over', async () => {
  const hunt = hunting([{ slice: whole }, { split: breaks }], 20)
  await hunt.together(undefined)
  expect(hunt.frontier.totals.executions).toBe(20)
  expect(hunt.leftOut(100)).toBeUndefined()
})

/**
 * The same world without time: any task that can move may move next. A random walk stands in for the explorer, to hold the
 * model to what a search needs: no schedule may break it, and K must be clean under all of them.
 */
import { describe, expect, it } from 'vitest'
import { stream } from '../../shared/base/prng.ts'
import { prepare } from '../../shared/sim/run.ts'
import { scenarios } from '../../shared/sim/scenarios/index.ts'
import type { Kernel } from '../../shared/sim/kernel.ts'

const MAX_STEPS = 20_000

function walk(scenario: string, strategy: string, seed: number): { k: Kernel; stuck: boolean; steps: number } {
  const { k } = prepare({ scenario, strategy, ops: 40 }, { timed: false }).world
  const random = stream(seed, 5)
  let steps = 0
  while (k.live > 0 && steps < MAX_STEPS && k.deadlock === undefined) {
    const able = k.tasks.filter((task) => k.canStep(task))
    if (able.length === 0) return { k, stuck: true, steps }
    k.step(able[random.below(able.length)])
    steps++
  }
  return { k, stuck: false, steps }
}

describe.each(scenarios.ids)('%s under random schedules', (scenario) => {
  it('K breaks no invariant and hangs nowhere', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const { k, stuck } = walk(scenario, 'K', seed)
      expect(k.findings.map((one) => `${one.invariant} ${one.message}`)).toEqual([])
      expect(stuck).toBe(false)
    }
  })

  it.each(['A', 'E', 'F', 'I', 'H1', 'H2', 'J', 'G2'])('%s never breaks the model itself', (strategy) => {
    expect(walk(scenario, strategy, 9).steps).toBeGreaterThan(0)
  })
})

describe('schedules find', () => {
  it('the lost wake-up of wake-one: some task is stuck for good', () => {
    const walks = Array.from({ length: 10 }, (_, i) => walk('SC15', 'G', i + 1))
    expect(walks.some(({ stuck, k }) => stuck && k.findings.some((one) => one.invariant === 'V13'))).toBe(true)
  })

  it('the deadlock of a range over a whole write()', () => {
    expect(walk('SC14', 'H1,rangeGranularity=syscall', 1).k.deadlock).toBeDefined()
  })
})

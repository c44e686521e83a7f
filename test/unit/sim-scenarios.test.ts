/** Every scenario's expected outcome, as its file states it. A run is made once however many expectations ask for it. */
import { describe, expect, it } from 'vitest'
import { run } from '../../shared/sim/run.ts'
import type { RunResult } from '#shared/sim/run-result.ts'
import { scenarios } from '../../shared/sim/scenarios/index.ts'
import { strategies, parseStrategy } from '../../shared/sim/strategies/index.ts'

describe.each(scenarios.items)('$id $title', (scenario) => {
  const runs = new Map<string, RunResult>()
  const runner = (strategy: string, params: Readonly<Record<string, unknown>> = {}) => {
    const key = `${strategy} ${JSON.stringify(params)}`
    let result = runs.get(key)
    if (result === undefined) runs.set(key, (result = run({ scenario: scenario.id, strategy, params })))
    return result
  }

  it.each(scenario.expected.map((one) => [one.text, one] as const))('%s', (_text, expectation) => {
    expect(expectation.holds(runner)).toBe(true)
  })

  it('names strategies that exist', () => {
    for (const one of scenario.strategies) expect(parseStrategy(one).label).toBe(one)
  })

  it('has parameters with labels and units', () => {
    for (const field of Object.values(scenario.params.shape)) {
      const meta = (field as { meta: () => { label?: string; unit?: string } | undefined }).meta()
      expect(meta?.label).toBeTruthy()
      expect(meta?.unit).toBeDefined()
    }
  })
})

describe('the set', () => {
  it('is SC1 to SC16 in order', () => {
    expect(scenarios.ids).toEqual(Array.from({ length: 16 }, (_, i) => `SC${i + 1}`))
  })

  it('runs under every preset without an exception', () => {
    for (const scenario of scenarios.items) {
      for (const strategy of strategies.ids) {
        const result = run({ scenario: scenario.id, strategy, durationNs: 300_000, ops: 400 }, undefined, {
          maxEvents: 60_000,
        })
        expect(result.events).toBeGreaterThan(0)
      }
    }
  })
})

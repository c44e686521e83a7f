/**
 * Exploring over all three transports: the same answers, several workers, progress while it runs, cancelling that answers at once
 * and leaves the engine free, power cuts, schedules and races. (test/contract has the other methods.)
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ExploreResult } from '#shared/contract/exploration.ts'
import type { Progress } from '#shared/contract/methods.ts'
import { startHost, TRANSPORTS, type TestHost } from '../support/engine.ts'

const SMALL = { scenario: 'SC5', strategy: 'E', set: { commitMs: 0 } } as const
const FAR = { scenario: 'SC4', strategy: 'K', preemptions: null, budget: 1_000_000_000 } as const

/** What does not depend on the clock or on who found it first. */
function told({ violations, tasks, subject, complete, safe, lockOrder }: ExploreResult) {
  const edges = lockOrder.edges.map(([from, to]) => `${from} ${to}`).sort()
  return { tasks, subject, complete, safe, edges, found: violations.map(({ invariant }) => invariant).sort() }
}

let first: ReturnType<typeof told> | undefined

describe.each(TRANSPORTS)('%s', (transport) => {
  let host: TestHost
  beforeAll(async () => {
    host = await startHost(transport)
  })
  afterAll(() => host.close())

  it('one worker and three see the same, here and over every other transport', async () => {
    const answers = [
      await host.client.call('explore.run', { ...SMALL, workers: 1 }),
      await host.client.call('explore.run', { ...SMALL, workers: 3 }),
    ]
    for (const answer of answers) {
      expect(told(answer)).toEqual((first ??= told(answer)))
      expect(answer).toMatchObject({ complete: true, safe: false, bound: { preemptions: 2 } })
    }
  })

  it('tells its progress, never backwards and never beyond the budget', async () => {
    const seen: Progress[] = []
    const budget = 3_000
    const result = await host.client.call(
      'explore.run',
      { scenario: 'SC3', strategy: 'K', budget, workers: 2 },
      { onProgress: (progress) => seen.push(progress) },
    )
    expect(result).toMatchObject({ executions: budget, complete: false })
    expect(seen.length).toBeGreaterThan(0)
    for (const [i, { stage, done, total, unit }] of seen.entries()) {
      expect({ stage, total, unit }).toEqual({ stage: 'exploring', total: budget, unit: 'runs' })
      expect(done).toBeGreaterThanOrEqual(i === 0 ? 0 : seen[i - 1].done)
      expect(done).toBeLessThanOrEqual(budget)
    }
  })

  it('is cancelled at once, with several workers, and the engine goes on', async () => {
    const stop = new AbortController()
    const running = host.client.call('explore.run', { ...FAR, workers: 3 }, { signal: stop.signal })
    const failed = expect(running).rejects.toMatchObject({ code: 'cancelled' })
    await new Promise((resolve) => setTimeout(resolve, 300))
    const asked = performance.now()
    stop.abort()
    await failed
    expect(performance.now() - asked).toBeLessThan(5_000)
    const after = await host.client.call('race.run', { race: 'R05', strategy: 'E', slots: {} })
    expect(after.outcome).toBe('violated')
  })

  it('a client that goes away ends its search', async () => {
    const other = await host.connect()
    const running = other.call('explore.run', { ...FAR, workers: 2 })
    const failed = expect(running).rejects.toMatchObject({ code: 'disconnected' })
    await new Promise((resolve) => setTimeout(resolve, 200))
    other.close()
    await failed
    const next = await host.client.call('explore.run', { ...SMALL, budget: 10, workers: 1 })
    expect(next.executions).toBe(10)
  })

  it('power cuts, their places, and schedules played back', async () => {
    const { violations, complete } = await host.client.call('crash.run', { subject: 'R10', strategy: 'E' })
    expect(complete).toBe(true)
    const [{ schedule, invariant, point }] = violations
    const { replay } = await host.client.call('crash.points', { schedule })
    expect(replay).toMatchObject({ point })
    const played = await host.client.call('schedule.replay', { schedule })
    expect(played).toMatchObject({ outcome: 'violated', scenario: 'R10' })
    expect(played.invariants).toContain(invariant)
  })

  it('part of the matrix, and what is no race or schedule', async () => {
    const { rows } = await host.client.call('verdicts.run', { races: ['R05'], strategies: ['E', 'K'] })
    expect(rows.map(({ outcome, within }) => [outcome, within])).toEqual([
      ['violated', null],
      ['held', 2],
    ])
    const refused = [
      host.client.call('explore.run', { scenario: 'SC99', strategy: 'K' }),
      host.client.call('race.run', { race: 'R99', strategy: 'K', slots: {} }),
      host.client.call('schedule.replay', { schedule: 'fl1:SC5:K:ab:zzzzz' }),
      host.client.call('schedule.replay', { schedule: 'fl1:R05:gone.ts#0a1b2c3d::3pkj4' }),
    ]
    for (const one of await Promise.allSettled(refused)) {
      expect(one).toMatchObject({
        status: 'rejected',
        reason: { message: expect.stringMatching(/^[^\n]+$/) as string },
      })
    }
  })
})

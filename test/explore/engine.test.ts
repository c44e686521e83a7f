/** Exploring through the engine and the command line: budget, workers, cancelling, replay, exit statuses. */
import { afterAll, describe, expect, it } from 'vitest'
import type { ExploreResult, ReplayResult } from '#shared/contract/exploration.ts'
import { workFolder } from '../golden/cli/run-cli.ts'
import { useEngine } from '../support/use-engine.ts'

const cli = workFolder()
const { client } = useEngine('desktop')
afterAll(() => cli.remove())

const SMALL = { scenario: 'SC5', strategy: 'E', set: { commitMs: 0 } }

function keys({ violations }: ExploreResult): string[] {
  return violations.map(({ invariant }) => invariant).sort()
}

describe('the engine', () => {
  it('sees the same with one thread and with two, all there is within the bound', async () => {
    const one = await client.call('explore.run', { ...SMALL, workers: 1 })
    const two = await client.call('explore.run', { ...SMALL, workers: 2 })
    expect(one).toMatchObject({ complete: true, incomplete: null, safe: false, scenario: 'SC5', strategy: 'E' })
    expect(two.complete).toBe(true)
    expect(keys(two)).toEqual(keys(one))
  })

  it('lets all threads go through what is within the bound, and says what each has done', async () => {
    const far = { scenario: 'SC13', strategy: 'K' }
    const alone = await client.call('explore.run', { ...far, workers: 1 })
    const both = await client.call('explore.run', { ...far, workers: 2 })
    expect(both).toMatchObject({ complete: true, safe: true, workers: 2 })
    expect(both.lockOrder.edges.map(([from, to]) => `${from} ${to}`).sort()).toEqual(
      alone.lockOrder.edges.map(([from, to]) => `${from} ${to}`).sort(),
    )
    expect(both.byWorker.reduce((sum, one) => sum + one.executions, 0)).toBe(both.executions)
    expect(both.byWorker.reduce((sum, one) => sum + one.steps, 0)).toBe(both.steps)
    for (const { executions } of both.byWorker) expect(executions).toBeGreaterThan(100)
    // Two that do not know of each other would need twice as many.
    expect(both.executions).toBeLessThan(1.5 * alone.executions)
  })

  it('keeps the budget exactly, whoever uses it up', async () => {
    const result = await client.call('explore.run', { scenario: 'SC9', strategy: 'K', budget: 1_234, workers: 3 })
    expect(result).toMatchObject({ executions: 1_234, complete: false, safe: true })
    expect(result.incomplete).toMatch(/^the budget of 1234 schedules was used up before all were seen/)
  })

  it('keeps the budget exactly, and says that it was used up', async () => {
    const result = await client.call('explore.run', { scenario: 'SC2', strategy: 'K', budget: 50 })
    expect(result).toMatchObject({ executions: 50, complete: false, safe: true })
    expect(result.incomplete).toMatch(
      /^the budget of 50 schedules was used up before all were seen, \d+ branch(es are| is) not gone into: /,
    )
  })

  it('replays what it found to the same violation', async () => {
    const { violations } = await client.call('explore.run', SMALL)
    for (const { schedule, invariant, steps } of violations) {
      const again = await client.call('schedule.replay', { schedule })
      expect(again.invariants).toContain(invariant)
      expect(again).toMatchObject({ outcome: 'violated', scenario: 'SC5', strategy: 'E', steps })
    }
  })

  it('replays the schedule of a race, and its moves under another strategy', async () => {
    const { schedule, invariants } = await client.call('race.run', { race: 'R05', strategy: 'E' })
    const again = await client.call('schedule.replay', { schedule: schedule ?? '' })
    expect(again.scenario).toBe('R05')
    expect(again.invariants).toEqual(expect.arrayContaining([...invariants]))
    const other = await client.call('schedule.replay', { schedule: schedule ?? '', strategy: 'K' })
    expect(other).toMatchObject({ strategy: 'K', outcome: 'held' })
  })

  it('draws schedules by lot, the same for the same seed', async () => {
    const drawn = { scenario: 'SC2', strategy: 'E', mode: 'pct', budget: 1_000, seed: 3 } as const
    const [first, second] = [await client.call('explore.run', drawn), await client.call('explore.run', drawn)]
    expect(first).toMatchObject({ executions: 1_000, complete: false })
    expect(keys(second)).toEqual(keys(first))
  })

  it('refuses more tasks than it can search, before any thread begins, and draws schedules of them by lot', async () => {
    const many = { scenario: 'SC2', strategy: 'E', set: { faulters: 30 }, budget: 20 }
    await expect(client.call('explore.run', many)).rejects.toMatchObject({
      code: 'limit',
      message: expect.stringMatching(/^a search has at most 30 tasks.* SC2;faulters=30.* has 32$/) as string,
      hint: expect.stringContaining('fewer actors') as string,
    })
    expect(await client.call('explore.run', { ...many, mode: 'random' })).toMatchObject({ executions: 20 })
  })

  it('stops when it is cancelled', async () => {
    const stop = new AbortController()
    const far = { scenario: 'SC4', strategy: 'K', budget: 1_000_000_000, preemptions: null }
    const promise = client.call('explore.run', far, { signal: stop.signal })
    setTimeout(() => stop.abort(), 300)
    await expect(promise).rejects.toMatchObject({ code: 'cancelled' })
  })
})

describe('the command line', () => {
  const under = ['explore', '--scenario', 'SC5', '--set', 'commitMs=0', '--strategy']

  it('explores and replays, in the fields scripts rely on', async () => {
    const { status, stdout } = await cli.run([...under, 'E', '--json'])
    expect(status).toBe(0)
    const found = JSON.parse(stdout) as ExploreResult
    expect(found).toMatchObject({ scenario: 'SC5', strategy: 'E', complete: true, bound: { preemptions: 2 } })
    const [{ schedule, invariant }] = found.violations
    expect(schedule).toMatch(/^fl1:SC5/)
    const again = await cli.run(['replay', schedule, '--json'])
    const replayed = JSON.parse(again.stdout) as ReplayResult
    expect(replayed).toMatchObject({ schedule, scenario: 'SC5', strategy: 'E' })
    expect(replayed.invariants).toContain(invariant)
  })

  it.each([
    ['E', 'unsafe', 0],
    ['E', 'safe', 3],
    ['K', 'safe', 0],
    ['K', 'unsafe', 3],
  ])('%s expected to be %s exits with %i', async (strategy, expected, status) => {
    expect((await cli.run([...under, strategy, '--expect', expected])).status).toBe(status)
  })

  it.each([
    ['the budget', ['--budget', '5'], /^not shown to be safe: the budget of 5 .*; go further: --budget 50$/m],
    [
      'chance',
      ['--mode', 'random', '--budget', '5'],
      /^not shown to be safe: .* by lot; --mode dfs goes through all$/m,
    ],
  ])('is not told that it is safe by a search that %s ended', async (_, more, why) => {
    const { status, stdout, stderr } = await cli.run([...under, 'K', '--json', '--expect', 'safe', ...more])
    expect(JSON.parse(stdout)).toMatchObject({ safe: true, complete: false })
    expect(status).toBe(3)
    expect(stderr).toMatch(why)
  })

  it.each([
    [['explore', '--strategy', 'K'], /--scenario is missing/],
    [['explore', '--scenario', 'SC99', '--strategy', 'K'], /SC99/],
    [['explore', '--scenario', 'SC1', '--strategy', 'K', '--bound', '2', '--exhaustive'], /--exhaustive/],
    [['replay', 'fl1:nonsense'], /no schedule/],
  ])('%j is wrong usage', async (args, why) => {
    const { status, stderr } = await cli.run(args)
    expect(status).toBe(2)
    expect(stderr).toMatch(why)
  })
})

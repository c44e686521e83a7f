/** What a long what-if shows first: the beginning of the workload under every strategy, and whole runs in its place later. */
import { describe, expect, it } from 'vitest'
import { Partials } from '#electron/engine/compare-partial.ts'
import { replayAll } from '#electron/engine/whatif-replays.ts'
import { pilot, run } from '#electron/engine/whatif-run.ts'
import { limits } from '#shared/base/limits.ts'
import type { Progress } from '#shared/contract/methods.ts'
import { beginning, operations, workloadOf } from '#shared/whatif/workload.ts'
import { recordedRun } from '../support/recorded-run.ts'
import { repeated } from '../support/repeated-workload.ts'

const LONG = 240_000
const STRATEGIES = ['K', 'F']
const smallReplayable = () => recordedRun({ strategy: 'K', params: { threads: 4, durationMs: 1 }, seed: 1 }).trace

async function replayed(ops: number) {
  const workload = repeated(workloadOf(smallReplayable()), ops)
  const plan = { workload, strategies: STRATEGIES, baseline: 'K', seeds: [1, 2] }
  const seen: Progress[] = []
  const ctx = { signal: new AbortController().signal, onProgress: (progress: Progress) => void seen.push(progress) }
  const { done, pilots } = await replayAll(plan, ctx, new Partials(plan))
  return { workload, done, pilots, partials: seen.flatMap(({ partial }) => (partial === undefined ? [] : [partial])) }
}

describe('a what-if of a long workload', () => {
  it(
    'shows the beginning under every strategy before any whole run, and never both in one table',
    async () => {
      const { partials, done } = await replayed(2 * limits.lookOps)
      expect(partials[0]).toMatchObject({ firstOps: limits.lookOps, seeds: [1] })
      const looks = partials.filter(({ firstOps }) => firstOps !== undefined)
      expect(looks.at(-1)?.strategies.map(({ id }) => id)).toEqual(STRATEGIES)
      for (const { firstOps, strategies } of partials) {
        const ops = strategies.map((one) => one.ops.reduce((sum, { count }) => sum + count, 0))
        for (const count of ops) {
          if (firstOps === undefined) expect(count).toBeGreaterThan(2 * limits.lookOps - 1)
          else expect(count).toBeLessThan(limits.lookOps * 1.1)
        }
      }
      expect(done.map(({ strategy, run: { seed } }) => `${strategy} ${seed}`).sort()).toEqual([
        'F 1',
        'F 2',
        'K 1',
        'K 2',
      ])
    },
    LONG,
  )

  it(
    'has in its whole runs what the same replays alone have',
    async () => {
      const { workload, done, pilots } = await replayed(1)
      expect([...pilots.keys()].sort()).toEqual(['F', 'K'])
      const nominal = pilot({ workload, strategy: 'K' })
      const alone = await run({ workload, pilot: nominal, baseline: 'K', strategy: 'F', seed: 2, demands: 'drawn' })
      const inPool = done.find(({ strategy, run: { seed } }) => strategy === 'F' && seed === 2)
      expect(inPool?.run.digest).toBe(alone.digest)
    },
    LONG,
  )

  it('is not looked at where its whole runs are short', async () => {
    const { partials } = await replayed(1)
    expect(partials.some(({ firstOps }) => firstOps !== undefined)).toBe(false)
  })
})

describe('the beginning of a workload', () => {
  it('has of every task the same part, and what lies between its operations', () => {
    const workload = repeated(workloadOf(smallReplayable()), 1_000)
    const begun = beginning(workload, 100)
    const share = 100 / operations(workload)
    begun.tasks.forEach(({ ops, steps }, i) => {
      expect(ops).toEqual(workload.tasks[i].ops.slice(0, Math.ceil(workload.tasks[i].ops.length * share)))
      expect(steps).toEqual(workload.tasks[i].steps.slice(0, steps.length))
      expect(steps.filter((step) => typeof step === 'number')).toEqual(ops.map((_, op) => op))
    })
  })

  it('is all of it where it is short', () => {
    const workload = workloadOf(smallReplayable())
    expect(beginning(workload, operations(workload))).toBe(workload)
  })
})

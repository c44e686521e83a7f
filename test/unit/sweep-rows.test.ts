/** Rows of a merged sweep: what a comparison of the same runs would tell, and nothing it would not. */
import { describe, expect, it } from 'vitest'
import { rowsOf } from '#electron/engine/sweep-merge.ts'
import type { SweepResult } from '#shared/contract/sweep.ts'

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8]
const work = { kind: 'scenario', scenario: 'SC1', slots: {}, set: {} } as const

function runs(strategy: string, rate: number, result: (seed: number) => Partial<SweepResult> = () => ({})) {
  return SEEDS.map((seed) => ({
    job: { job: seed, id: '0123456789ab', version: '1', work, strategy, baseline: 'E', seed },
    result: {
      opsPerSecond: rate * (1 + seed / 1_000),
      ...{ ops: 100, digest: '', deadlock: false, truncated: false, violations: {}, mistakes: [] },
      ...{ tried: [{ op: 'write_fault', count: 100, failed: 0 }] },
      ...result(seed),
    },
  }))
}
const base = runs('E', 1_000)
const row = (of: ReturnType<typeof runs>, baseline = base) => rowsOf([...baseline, ...of])[1]

describe('a row against the baseline', () => {
  it('is of pairs that share a seed', () => {
    expect(rowsOf(base)[0]).toMatchObject({ baseline: true, ratio: null, runs: 8 })
    expect(row(runs('F', 500))).toMatchObject({ baseline: false, enough: true, deadlocks: 0, mostlyFailed: null })
    expect(row(runs('F', 500)).ratio).toBeCloseTo(0.5, 9)
  })

  it('has no ratio where every run deadlocked, on either side', () => {
    const stuck = () => ({ deadlock: true })
    const none = { ratio: null, ratioCi95: null, enough: false }
    expect(row(runs('F', 50, stuck))).toMatchObject({ ...none, deadlocks: 8 })
    expect(row(runs('F', 500), runs('E', 1_000, stuck))).toMatchObject({ ...none, deadlocks: 0 })
  })

  it('leaves out the runs that deadlocked', () => {
    // They did little before it.
    const some = row(runs('F', 500, (seed) => (seed > 6 ? { deadlock: true, opsPerSecond: 1 } : {})))
    expect(some).toMatchObject({ deadlocks: 2, enough: true })
    expect(some.ratio).toBeCloseTo(0.5, 9)
  })

  it('has no ratio where a kind of operation mostly failed', () => {
    const failing = () => ({ tried: [{ op: 'write_fault', count: 100, failed: 90 }] })
    const fast = row(runs('F', 5_000, failing))
    expect(fast).toMatchObject({ ratio: null, enough: false, failed: 720 })
    expect(fast.mostlyFailed).toEqual({ in: 'runs', op: 'write_fault', failed: 720, count: 800 })
    expect(row(runs('F', 500), runs('E', 1_000, failing)).mostlyFailed?.in).toBe('baseline')
  })
})

/** How fast a strategy is: by the work it gets done, not by the faults it takes for it, and not by how fast it fails. */
import { describe, expect, it } from 'vitest'
import { runTallied, type RunSpec } from '#electron/engine/sim-run.ts'
import { modelOf } from '#electron/engine/whatif-run.ts'
import { run } from '#shared/sim/run.ts'
import { parseStrategy } from '#shared/sim/strategies/index.ts'
import type { ComparedStrategy } from '#shared/contract/simulation.ts'
import { pilotOf } from '#shared/whatif/replay.ts'
import { measured, type Run } from '#shared/whatif/side-by-side.ts'
import { againstText, findings, incomparable, ratioInterval, ratioText, reservation } from '#shared/whatif/words.ts'
import { beginning, workloadOf } from '#shared/whatif/workload.ts'
import { describeWithCorpus, readCorpus } from '../support/corpus.ts'
import { importText } from '../support/import-text.ts'

const host = { stopped: () => false, room: () => Promise.resolve(), onProgress: () => undefined }
const SEEDS = [1, 2, 3, 4, 5, 6]

async function runsOf(spec: Pick<RunSpec, 'scenario' | 'strategy' | 'set'>, seeds = SEEDS): Promise<Run[]> {
  return Promise.all(
    seeds.map(async (seed) => {
      const { outcome, figures } = await runTallied({ ...spec, slots: {}, fs: undefined, seed }, host)
      return { seed, figures, violations: outcome.violations, deadlocked: outcome.deadlock !== null }
    }),
  )
}

function compared(id: string, runs: readonly Run[], baseline: readonly Run[]): ComparedStrategy {
  return {
    ...{ id, title: id, slots: {}, digest: '', trace: null, counters: {}, deadlocks: 0 },
    ...measured(runs, baseline),
  }
}

describe('operations per second', () => {
  it('are the same work for all: whoever needs fewer faults is done earlier, and that much faster', () => {
    const of = (strategy: string) => run({ scenario: 'SC16', params: { threads: 2, fileMiB: 4 }, strategy })
    const [huge, small] = [of('K'), of('K,pmdFaults=false')]
    expect([huge.completed, small.completed]).toEqual([1_024, 1_024])
    expect([huge.ops, small.ops]).toEqual([2, 1_024])
    expect(huge.opsPerSecond / small.opsPerSecond).toBeCloseTo(small.simulatedNs / huge.simulatedNs, 6)
    expect(huge.opsPerSecond).toBeGreaterThan(100 * small.opsPerSecond)
  })

  it('count what another fault has mapped', () => {
    const of = (strategy: string) =>
      run({ scenario: 'SC8', params: { others: false, threads: 4, durationMs: 2 }, strategy })
    const [around, single] = [of('K'), of('H1')]
    const faults = (one: typeof around) => one.opStats.find(({ kind }) => kind === 'read_fault')?.count ?? NaN
    expect(single.completed).toBe(faults(single))
    // 16 pages around each
    expect(around.completed / faults(around)).toBeGreaterThan(10)
    expect(around.opsPerSecond).toBeGreaterThan(3 * single.opsPerSecond)
  })

  it('count system calls and leave out what failed, and the journal', () => {
    const { completed, opStats } = run({ scenario: 'SC13', params: { durationMs: 5 }, strategy: 'G,enospc=fail' })
    const of = (wanted: string) => opStats.find(({ kind }) => kind === wanted)
    const [stores, punches] = [of('write_fault'), of('punch_hole')]
    expect(stores?.failed).toBeGreaterThan(0)
    expect(completed).toBe((stores?.count ?? NaN) - (stores?.failed ?? NaN) + (punches?.count ?? NaN))
  })
})

describe('a strategy that fails fast', async () => {
  const set = { durationMs: 5 }
  const base = await runsOf({ scenario: 'SC13', strategy: 'G', set })
  const failing = await runsOf({ scenario: 'SC13', strategy: 'G,enospc=fail', set })
  const [g, fail] = [compared('G', base, base), compared('fail', failing, base)]

  it('has its failures counted, and percentiles of what succeeded', () => {
    const [row] = fail.ops.filter(({ op }) => op === 'write_fault')
    expect(fail.failed).toBe(row.failed)
    expect(fail.mostlyFailed).toEqual({ in: 'runs', op: 'write_fault', failed: row.failed, count: row.count })
    expect([g.failed, g.mostlyFailed]).toEqual([0, null])
    const told = failing.flatMap(({ figures }) => figures.ops.filter(({ op }) => op === 'write_fault'))
    for (const one of told) expect(one.measured).toBe(one.count - (one.failed ?? NaN))
    const { spread } = failing[0].figures
    const counted = spread.find(({ op }) => op === 'write_fault')?.count.reduce((sum, n) => sum + n, 0)
    expect(counted).toBe(told[0].measured)
  })

  it('is not called fast, in any place', () => {
    const words = { strategies: [g, fail], baseline: 'G', seeds: SEEDS }
    expect(findings(words)[1]).toMatch(
      /^fail: \d+ k\/s; [\d\s]+ of [\d\s]+ write_fault failed, so its speed is not compared with G\.$/,
    )
    const [speed] = fail.versusBaseline
    expect(speed.metric).toBe('opsPerSecond')
    expect([againstText(fail, 'G', 'opsPerSecond'), reservation(fail, speed)]).toEqual([
      'mostly failed',
      'mostly failed',
    ])
    const against = compared('G', base, failing)
    expect(incomparable(against)).toBe('baseline mostly failed')
    expect(
      findings({ strategies: [compared('fail', failing, failing), against], baseline: 'fail', seeds: SEEDS }),
    ).toEqual([
      expect.stringMatching(/^Baseline fail: .*; [\d\s]+ of [\d\s]+ write_fault failed\.$/),
      expect.stringMatching(/^G: .*; of fail [\d\s]+ of [\d\s]+ write_fault failed, so its speed is not compared\.$/),
      expect.stringContaining('V17'),
    ])
  })
})

it('tells a tiny ratio by its digits', () => {
  expect([0.00227, 0.57, 5.244, 443.2].map((ratio) => ratioText(ratio))).toEqual([
    '0.0023 ×',
    '0.57 ×',
    '5.24 ×',
    '443.2 ×',
  ])
  expect(ratioInterval([0.00226, 0.0022849])).toBe('0.00226 to 0.00228')
})

describeWithCorpus('a replay', () => {
  it('completes each recorded operation once, whatever it takes', () => {
    const whole = workloadOf(importText(readCorpus('dax/dax-ext4-small.trace.txt')).trace)
    const workload = beginning(whole, 1_000)
    const pilot = pilotOf(workload, parseStrategy('K'), workload.fs)
    const steps = workload.tasks.reduce((sum, task) => sum + (task.ops.length === 0 ? 0 : task.steps.length), 0)
    for (const strategy of ['K', 'E']) {
      expect(run(modelOf({ workload, pilot, strategy, seed: 2, demands: 'drawn' })).completed).toBe(steps)
    }
  })
})

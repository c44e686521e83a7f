/** Replays of a small workload whose answers can be worked out by hand: what is exact, and what a lock must do to it. */
import { describe, expect, it } from 'vitest'
import { parseStrategy } from '#shared/sim/strategies/index.ts'
import { run } from '#shared/sim/run.ts'
import { machineCosts, pilotOf, replayOf } from '#shared/whatif/replay.ts'
import type { Workload, WorkloadOp } from '#shared/whatif/workload.ts'

const OPS = 50
const MACHINE = {
  wakeNs: undefined,
  sticky: false,
  slices: undefined,
  seenSpinning: 'all',
  commit: undefined,
  commitEveryNs: undefined,
  background: [],
} as const

function workload(cpus: number, tasks: number): Workload {
  const op = (page: number, i: number): WorkloadOp => ({
    kind: 'write_fault',
    file: 0,
    page,
    pages: 1,
    placed: true,
    thinkCpuNs: 0,
    thinkSleepNs: 20_000,
    readyNs: i * 120_000,
    cpu: -1,
    startNs: i * 120_000,
    durationNs: 100_000,
    commits: false,
    workNs: [100_000, 0, 0, 0, 0, 0],
    sleepNs: 0,
  })
  const pages = OPS * tasks
  return {
    ...MACHINE,
    cpus,
    fs: 'ext4',
    dax: true,
    durationNs: OPS * 120_000,
    files: [{ name: '259:0:1', pages, holes: Array.from({ length: pages }, (_, i) => i) }],
    tasks: Array.from({ length: tasks }, (_, t) => ({
      comm: `w-${t}`,
      mm: 1,
      arrival: 'closed',
      evidence: '',
      barrierNs: undefined,
      ops: Array.from({ length: OPS }, (_, i) => op(t * OPS + i, i)),
      steps: Array.from({ length: OPS }, (_, i) => i),
    })),
    simulated: false,
    prices: {},
    calibration: { phases: [], parameters: [] },
    fromTrace: [],
    defaults: [],
    missing: [],
  }
}

function replay(one: Workload, strategy: string) {
  const pilot = pilotOf(one, parseStrategy('K'), 'ext4')
  const recorded = replayOf({ workload: one, pilot, demands: 'exact' })
  return run({
    scenario: recorded.id,
    recorded,
    strategy,
    fs: 'ext4',
    jitter: false,
    checks: false,
    machine: machineCosts(one),
  })
}

describe('replay of a recorded workload', () => {
  it('takes for each operation what it took, to 3 %, where nobody is in the way', () => {
    const [stats] = replay(workload(1, 1), 'K').opStats
    expect(stats.count).toBe(OPS)
    expect(Math.abs(stats.meanNs / 100_000 - 1)).toBeLessThan(0.03)
  })

  it('gives the same digest twice', () => {
    expect(replay(workload(4, 4), 'K').digest).toBe(replay(workload(4, 4), 'K').digest)
  })

  it('is slower where faults of one file go one at a time', () => {
    const shared = replay(workload(4, 4), 'K')
    const exclusive = replay(workload(4, 4), 'K,guardMode=exclusive')
    expect(exclusive.opStats[0].meanNs).toBeGreaterThan(shared.opStats[0].meanNs)
  })
})

/** A replay's result as the engine gives it, and a film with a violation. */
import type { TracesResult, WhatIfResult } from '#shared/contract/whatif.ts'
import type { Film } from '#electron/report/input.ts'
import { smallComparison } from '../support/small-runs.ts'

export function smallReplay(): WhatIfResult {
  const { strategies, seeds, baseline } = smallComparison()
  const workload: Partial<WhatIfResult['workload']> = {
    kind: 'trace',
    trace: 'dax <run>',
    fs: 'ext4',
    cpus: 4,
    ops: 1_234,
    tasks: [{ comm: 'worker', ops: 1_234, arrival: 'closed', evidence: 'pauses vary with waits' }],
    fromTrace: ['service times per operation'],
    defaults: ['wake-up latency: 4 us'],
    missing: ['who held the page lock'],
  }
  return {
    workload: workload as WhatIfResult['workload'],
    baseline,
    seeds,
    strategies,
    fidelity: {
      rows: [
        {
          of: 'write_fault',
          figure: 'p50',
          count: 99,
          recordedNs: 1_000,
          replayedNs: 1_100,
          seedsNs: [900, 1_300],
          error: 0.1,
        },
      ],
      medianErrorP50: 0.1,
      medianErrorP99: 0.2,
      medianErrorWaits: null,
      seeds: { p50: [0.05, 0.3], p99: null, waits: null },
    },
    assumptions: ['waiting differs, work does not'],
    file: null,
    opened: null,
    wallMs: 5,
  }
}

export const FACTS = {
  id: 1,
  file: 'dax <run>.faultline',
  alone: true,
  name: 'dax <run>',
  format: 'ftrace',
  events: 10_000,
  lost: 17,
  durationNs: 2_000_000,
  clock: 'mono',
  kernel: null,
  cpus: 4,
}

/** Two recordings as they are: no seeds, parts of their time instead. */
export function smallRecordings(): TracesResult {
  const { strategies, assumptions, wallMs } = smallComparison()
  const [before, after] = strategies.map((one, i) => ({
    ...one,
    id: ['before', 'after'][i] ?? 'other',
    runs: 20,
    digest: '',
  }))
  return {
    workload: { kind: 'traces', names: ['before', 'after'] },
    baseline: 'before',
    seeds: [],
    strategies: [{ ...before, versusBaseline: [] }, after],
    assumptions,
    wallMs,
  }
}

export const FILM: Film = {
  schedule: 'fl1:abc',
  subject: 'R05',
  strategy: 'F',
  findings: [
    {
      invariant: 'V5',
      severity: 'corruption',
      message: 'zeroed twice',
      tasks: [],
      objects: [],
      event: 'in move 1',
      task: undefined,
      move: 1,
    },
  ],
  tasks: ['faulter', 'puncher'],
  preemptions: 1,
  initialState: { 'block 7': 'free' },
  steps: [
    { n: 1, move: 0, task: 'faulter', action: 'takes the lock', lock: 'i_mmap', state: { 'block 7': 'allocated' } },
    { n: 2, move: 1, task: 'puncher', action: 'frees <it>', invariant: 'V5', state: { 'block 7': '' } },
  ],
}

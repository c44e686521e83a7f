/** A small comparison as the engine gives it: three strategies, one of them slower and broken, one too close to tell. */
import type { ComparedStrategy, CompareResult, SimCatalog, VersusBaseline } from '#shared/contract/simulation.ts'

const versus = (metric: string, ratio: number, enough: boolean): VersusBaseline => ({
  metric,
  ratio,
  ci95: [ratio * 0.95, ratio * 1.05],
  p: enough ? 0.03 : 0.4,
  effect: ratio > 1 ? 1 : -1,
  enough,
})

const latency = (p50Ns: number, p99Ns: number): ComparedStrategy['ops'][number] => ({
  op: 'write_fault',
  count: 100,
  failed: 0,
  totalNs: 100 * p50Ns,
  minNs: 1_000,
  meanNs: p50Ns,
  p50Ns,
  p90Ns: p50Ns,
  p99Ns,
  p999Ns: p99Ns,
  maxNs: p99Ns,
  waitNs: 0,
  waitShare: 0,
  ci95: { p50Ns: null, p99Ns: null, p999Ns: null },
})

export function comparedStrategy(id: string, part: Partial<ComparedStrategy> = {}): ComparedStrategy {
  return {
    id,
    title: `strategy ${id}`,
    slots: {},
    runs: 6,
    opsPerSecond: { mean: 400_000, ci95: [396_000, 404_000] },
    failed: 0,
    mostlyFailed: null,
    ops: [latency(20_000, 40_000)],
    locks: [
      {
        class: 'i_mmap',
        mode: 'exclusive',
        acquisitions: 100,
        contended: 50,
        waitTotalNs: 1_000_000,
        openWaits: 0,
        openWaitNs: 0,
        waitMeanNs: 20_000,
        waitMinNs: 1,
        waitMaxNs: 90_000,
        waitP50Ns: 20_000,
        waitP99Ns: 80_000,
        openHolds: 0,
        holdTotalNs: 500_000,
        holdMeanNs: 5_000,
        holdMinNs: 1,
        holdMaxNs: 9_000,
        holdP50Ns: 5_000,
        holdP99Ns: 8_000,
        inferred: false,
      },
    ],
    breakdown: [{ op: 'write_fault', meanNs: 20_000, waits: [{ class: 'i_mmap', ns: 12_000 }], restNs: 8_000 }],
    verdict: { safe: null, complete: false, executions: 0, violations: [], searched: [] },
    versusBaseline: [],
    cdf: [
      {
        op: 'write_fault',
        ns: Float64Array.of(10_000, 20_000, 40_000),
        share: Float64Array.of(0.25, 0.5, 1),
        low: Float64Array.of(0.2, 0.4, 1),
        high: Float64Array.of(0.3, 0.6, 1),
      },
    ],
    worstChain: null,
    digest: 'd',
    trace: null,
    counters: { 'blocks allocated': 100 },
    deadlocks: 0,
    ...part,
  }
}

export function comparison(part: Partial<CompareResult> = {}): CompareResult {
  return {
    workload: {
      kind: 'scenario',
      scenario: 'SC1',
      title: 'Under the mutex',
      question: 'What does it cost?',
      fs: 'ext4',
      params: { threads: 8 },
    },
    baseline: 'E',
    seeds: [1, 2, 3, 4, 5, 6],
    strategies: [
      comparedStrategy('E'),
      comparedStrategy('F', {
        opsPerSecond: { mean: 200_000, ci95: [190_000, 210_000] },
        versusBaseline: [versus('opsPerSecond', 0.5, true), versus('write_fault.p99Ns', 2, true)],
        verdict: {
          safe: false,
          complete: false,
          executions: 0,
          violations: [
            { invariant: 'V5', message: 'a page shows foreign bytes', count: 3, atNs: 10, seed: 1, schedule: null },
          ],
          searched: [],
        },
        counters: { 'blocks allocated': 50, 'blocks left behind': 4 },
      }),
      comparedStrategy('E,tx=early', {
        versusBaseline: [versus('opsPerSecond', 1.01, false), versus('write_fault.p99Ns', 0.99, false)],
      }),
    ],
    curve: null,
    assumptions: ['Costs are those of one machine.'],
    file: null,
    opened: null,
    wallMs: 1_200,
    ...part,
  }
}

const param = {
  name: 'threads',
  title: 'Threads',
  type: 'number',
  unit: null,
  min: 1,
  max: 64,
  default: 8,
  options: null,
  about: 'Threads',
} as const

const strategyInfo = (id: string, tx: string): SimCatalog['strategies'][number] => ({
  id,
  title: `strategy ${id}`,
  era: 'once',
  about: `what ${id} does`,
  history: `history of ${id}`,
  protects: `what ${id} protects`,
  costs: `what ${id} costs`,
  sources: ['a mail'],
  slots: { tx },
})

export const smallCatalog: SimCatalog = {
  scenarios: [
    {
      id: 'SC1',
      title: 'Under the mutex',
      question: 'What does it cost?',
      about: 'Threads fault one file.',
      params: [param],
      strategies: ['E', 'F', 'E,tx=early'],
      filesystems: ['ext4'],
      search: {},
      threadParam: 'threads',
      expected: ['F is slower'],
    },
    {
      id: 'SC9',
      title: 'Another',
      question: 'And this?',
      about: 'One task.',
      params: [],
      strategies: ['F', 'E'],
      filesystems: ['ext4'],
      search: {},
      threadParam: null,
      expected: [],
    },
  ],
  strategies: [strategyInfo('E', 'late'), strategyInfo('F', 'early')],
  slots: [
    {
      id: 'tx',
      title: 'when a transaction starts',
      slot: 'P5',
      default: null,
      options: [
        { id: 'early', title: 'early', about: '' },
        { id: 'late', title: 'late', about: '' },
      ],
    },
  ],
  filesystems: [{ id: 'ext4', title: 'ext4', about: 'a journal' }],
  invariants: [{ id: 'V5', title: 'no foreign bytes', about: '', severity: 'security' }],
  costs: [{ ...param, name: 'trap', title: 'fault entry', unit: 'ns', min: 100, max: 1_000, default: 350 }],
  assumptions: [],
}

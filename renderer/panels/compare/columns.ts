/**
 * The verdict table: speed and safety of a strategy in one row, never one without the other. Safety is what the races come
 * to, searched within a bound (safety.ts), and what timed runs happened to show. Rows are computed once from the result; the table shows, sorts and exports them.
 */

import type { ComparedLock, ComparedStrategy, CompareResult, VersusBaseline } from '#shared/contract/simulation.ts'
import { counterNames, counterText, verdictText, versusOf } from '#shared/whatif/words.ts'
import type { ColumnSpec } from '../../ui/table-spec.ts'

export interface VerdictRow {
  readonly position: number
  readonly badge: string
  readonly strategy: ComparedStrategy
  readonly baseline: boolean
  readonly p50Ns: number | null
  readonly p99Ns: number | null
  readonly speed: VersusBaseline | undefined
  readonly tail: VersusBaseline | undefined
  /** The lock waited for most. */
  readonly lock: ComparedLock | undefined
  readonly seen: string
  /** All of the model's own counts. */
  readonly counts: string
  /** Those that another strategy does not have: what tells them apart. */
  readonly telling: string
}

export function verdictRows(result: CompareResult, badges: readonly string[], op: string | undefined): VerdictRow[] {
  const counters = counterNames(result.strategies)
  const everywhere = counters.filter((name) => result.strategies.every((one) => (one.counters[name] ?? 0) > 0))
  return result.strategies.map((strategy, position) => {
    const latency = strategy.ops.find((one) => one.op === op)
    const [lock] = strategy.locks
    return {
      position,
      badge: badges[position] ?? strategy.id,
      strategy,
      baseline: strategy.id === result.baseline,
      p50Ns: latency?.p50Ns ?? null,
      p99Ns: latency?.p99Ns ?? null,
      speed: versusOf(strategy, 'opsPerSecond'),
      tail: op === undefined ? undefined : versusOf(strategy, `${op}.p99Ns`),
      lock: lock !== undefined && lock.waitTotalNs > 0 ? lock : undefined,
      seen: seenText(strategy),
      counts: countWords(strategy, counters),
      telling: countWords(
        strategy,
        counters.filter((name) => !everywhere.includes(name)),
      ),
    }
  })
}

function countWords({ counters }: ComparedStrategy, names: readonly string[]): string {
  return names
    .filter((name) => (counters[name] ?? 0) > 0)
    .map((name) => `${name} ${counterText(counters[name] ?? 0)}`)
    .join(', ')
}

export function seenText({ verdict, deadlocks, runs }: ComparedStrategy): string {
  const stuck = deadlocks === 0 ? [] : [`deadlock in ${deadlocks} of ${runs} runs`]
  const found = verdict.violations.length === 0 && stuck.length > 0 ? [] : [verdictText(verdict)]
  return [...stuck, ...found].join('; ')
}

/** The same for a narrow cell: `deadlock, V1, V11`. */
export function seenShort({ verdict, deadlocks }: ComparedStrategy): string {
  return [...(deadlocks > 0 ? ['deadlock'] : []), ...verdict.violations.map(({ invariant }) => invariant)].join(', ')
}

export function isBroken({ verdict, deadlocks }: ComparedStrategy): boolean {
  return verdict.violations.length > 0 || deadlocks > 0
}

/** Better, worse, or not to be told: for the colour beside the words. `more` is better for throughput, worse for time. */
export function tone(row: VersusBaseline | undefined, better: 'more' | 'less'): 'better' | 'worse' | 'dim' {
  if (row === undefined || row.ratio === null || !row.enough || row.ratio === 1) return 'dim'
  return row.ratio > 1 === (better === 'more') ? 'better' : 'worse'
}

const NOBODY = { why: () => 'nobody waited for a lock' } as const

const LOCK_COLUMNS: readonly ColumnSpec<VerdictRow>[] = [
  {
    key: 'lock',
    title: 'Lock',
    group: 'Waited for most',
    kind: 'mono',
    width: 98,
    value: (row) => row.lock?.class,
    ...NOBODY,
  },
  {
    key: 'wait',
    title: 'Max wait',
    group: 'Waited for most',
    kind: 'time',
    width: 68,
    value: (row) => row.lock?.waitMaxNs,
    ...NOBODY,
  },
  {
    key: 'hold',
    title: 'Max hold',
    group: 'Waited for most',
    kind: 'time',
    width: 68,
    value: (row) => row.lock?.holdMaxNs,
    ...NOBODY,
  },
]

/** Widths leave the rest of the line to the strategy's name: everything is in sight at 1280 px. */
export function verdictColumns(
  op: string,
  baseline: string,
  safety: (strategy: string) => string,
): ColumnSpec<VerdictRow>[] {
  return [
    { key: 'strategy', title: 'Strategy', value: (row) => row.strategy.id },
    {
      key: 'rate',
      title: 'Per second',
      group: 'Operations',
      kind: 'number',
      width: 108,
      value: (row) => row.strategy.opsPerSecond.mean,
      about: 'Operations finished per simulated second, mean over the seeds, and half its 95 % interval',
    },
    {
      key: 'speed',
      title: `vs ${baseline}`,
      group: 'Operations',
      kind: 'number',
      width: 102,
      value: (row) => row.speed?.ratio,
      about: 'Ratio of the means over runs with the same seeds',
    },
    { key: 'p50', title: 'p50', group: op, kind: 'time', width: 66, value: (row) => row.p50Ns },
    { key: 'p99', title: 'p99', group: op, kind: 'time', width: 70, value: (row) => row.p99Ns },
    {
      key: 'tail',
      title: `p99 vs ${baseline}`,
      group: op,
      kind: 'number',
      width: 102,
      value: (row) => row.tail?.ratio,
    },
    {
      key: 'races',
      title: 'Races',
      group: 'Safety',
      width: 150,
      value: (row) => safety(row.strategy.id),
      about:
        'Every catalogued race that can be asked of the strategy, on its own filesystem: directed schedules, then a search within two preemptions. A click shows the film',
    },
    {
      key: 'seen',
      title: 'Seen in timed runs',
      group: 'Safety',
      width: 112,
      value: (row) => row.seen,
      about: 'What the runs happened to show. No interleavings were searched: nothing seen does not mean safe',
    },
    {
      key: 'counts',
      title: 'Leaks, retries',
      group: 'Safety',
      width: 88,
      value: (row) => (row.counts === '' ? 'none' : row.counts),
      about: "The model's own counts that not every strategy has, mean per run; all of them are in the export",
    },
    ...LOCK_COLUMNS,
    { key: 'trace', title: '', width: 60, value: () => null, about: 'Trace', fixed: true },
  ]
}

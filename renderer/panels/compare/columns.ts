/**
 * The verdict table: speed and safety of a strategy in one row, never one without the other. Safety is what the races come
 * to, searched within a bound (safety.ts), and what timed runs happened to show. Rows are computed once from the result; the table shows, sorts and exports them.
 */

import type {
  ComparedLock,
  ComparedOp,
  ComparedStrategy,
  CompareResult,
  VerdictViolation,
  VersusBaseline,
} from '#shared/contract/simulation.ts'
import { counterNames, counterText, failedWords, versusOf } from '#shared/whatif/words.ts'
import { formatCount } from '../../ui/format.ts'
import type { ColumnSpec } from '../../ui/table-spec.ts'

export interface VerdictRow {
  readonly position: number
  readonly badge: string
  readonly strategy: ComparedStrategy
  readonly baseline: boolean
  /** Of the operation the table is about. */
  readonly latency: ComparedOp | undefined
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

export function verdictRows(
  result: Pick<CompareResult, 'strategies' | 'baseline'>,
  badges: readonly string[],
  op: string | undefined,
): VerdictRow[] {
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
      latency,
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

/** What failed, a line per kind. */
export function failuresWords({ ops }: ComparedStrategy): string {
  return ops
    .flatMap(({ op, failed, count }) => (failed === null || failed === 0 ? [] : [failedWords({ op, failed, count })]))
    .join('\n')
}

/** Of the timed runs; what a search found has a column of its own. */
export function seenInRuns({ verdict }: ComparedStrategy): readonly VerdictViolation[] {
  return verdict.violations.filter(({ schedule }) => schedule === null)
}

function seenText(strategy: ComparedStrategy): string {
  const { deadlocks, runs } = strategy
  const violations = seenInRuns(strategy)
  const stuck = deadlocks === 0 ? [] : [`deadlock in ${deadlocks} of ${runs} runs`]
  if (violations.length === 0) return stuck[0] ?? 'nothing seen'
  const found = [violations.map(({ invariant, count }) => `${invariant} ${formatCount(count)}×`).join(', ')]
  return [...stuck, ...found].join('; ')
}

/** The same for a narrow cell: `deadlock, V1, V11`. */
export function seenShort(strategy: ComparedStrategy): string {
  const seen = seenInRuns(strategy).map(({ invariant }) => invariant)
  return [...(strategy.deadlocks > 0 ? ['deadlock'] : []), ...seen].join(', ')
}

export function isBroken(strategy: ComparedStrategy): boolean {
  return seenInRuns(strategy).length > 0 || strategy.deadlocks > 0
}

/** Better, worse, or not to be told: for the colour beside the words. `more` is better for throughput, worse for time. */
export function tone(row: VersusBaseline | undefined, better: 'more' | 'less'): 'better' | 'worse' | 'dim' {
  if (row === undefined || row.ratio === null || !row.enough || row.ratio === 1) return 'dim'
  return row.ratio > 1 === (better === 'more') ? 'better' : 'worse'
}

/** How many schedules were searched for the verdict, and what came of it, for a narrow cell. */
export function searchedText({ verdict }: ComparedStrategy): string {
  const { searched, executions } = verdict
  if (searched.length === 0) return 'not searched'
  const found = foundBySchedule(verdict)
  const all = searched.every(({ complete }) => complete)
  const count = `${formatCount(executions)}${all ? ', all' : ' of more'}`
  return found.length === 0 ? count : `${found}; ${count}`
}

/** What schedules without a power cut violate: all that a narrow cell has room for. */
export function foundBySchedule({ violations }: ComparedStrategy['verdict']): string {
  const bySchedule = violations.filter(({ schedule }) => schedule !== null && !schedule.includes(';crash='))
  return [...new Set(bySchedule.map(({ invariant }) => invariant))].join(', ')
}

/** What was searched and how far, for the tooltip. */
export function searchedWords({ verdict }: ComparedStrategy): string {
  return verdict.searched
    .map(({ subject, executions, complete, incomplete, bound }) => {
      const within = bound.preemptions === null ? '' : ` with at most ${bound.preemptions} preemptions`
      const end = complete ? 'all there are' : (incomplete ?? 'not all')
      return `${subject}: ${formatCount(executions)} schedules${within}: ${end}`
    })
    .join('\n')
}

export function cutsText({ verdict }: ComparedStrategy): string {
  if (verdict.searched.length === 0) return 'not cut'
  const points = verdict.searched.reduce((sum, { crash }) => sum + crash.points, 0)
  const broken = verdict.searched.reduce((sum, { crash }) => sum + crash.violations, 0)
  return broken === 0 ? formatCount(points) : `✕ ${formatCount(broken)} of ${inThousands(points)}`
}

/** The cell has no room for seven digits. */
function inThousands(count: number): string {
  return count < 10_000 ? formatCount(count) : `${formatCount(Math.round(count / 1_000))} k`
}

const SPREAD = 'Mean of the runs and half its 95 % interval'
const NOBODY = { why: () => 'nobody waited for a lock' } as const

/** Widths leave the rest of the line to the strategy's name: everything is in sight at 1280 px. */
export function verdictColumns(
  op: string,
  baseline: string,
  safety: (strategy: string) => string,
): ColumnSpec<VerdictRow>[] {
  return [
    { key: 'strategy', title: 'Strategy', value: (row) => row.strategy.id },
    ...rateColumns(baseline),
    {
      key: 'p50',
      title: 'p50',
      group: op,
      kind: 'time',
      width: 100,
      value: (row) => row.latency?.p50Ns,
      about: SPREAD,
    },
    {
      key: 'p99',
      title: 'p99',
      group: op,
      kind: 'time',
      width: 104,
      value: (row) => row.latency?.p99Ns,
      about: SPREAD,
    },
    {
      key: 'p999',
      title: 'p99.9',
      group: op,
      kind: 'time',
      width: 104,
      value: (row) => row.latency?.p999Ns,
      about: SPREAD,
    },
    {
      key: 'wait',
      title: 'Worst wait',
      kind: 'time',
      width: 76,
      value: (row) => row.strategy.worstChain?.waitNs,
      ...NOBODY,
      about: 'The longest wait of all runs; a click records its run and shows the chain to its root',
    },
    ...safetyColumns(safety),
    { key: 'trace', title: '', width: 46, value: () => null, about: 'Trace', fixed: true },
  ]
}

/** How fast, and how much of it came to nothing. */
function rateColumns(baseline: string): ColumnSpec<VerdictRow>[] {
  return [
    {
      key: 'rate',
      title: 'Per second',
      group: 'Operations',
      kind: 'number',
      width: 100,
      value: (row) => row.strategy.opsPerSecond.mean,
      about:
        'Loads, stores and system calls that succeeded, per second (of recordings and their replays: recorded operations), mean over the runs, and half its 95 % interval',
    },
    {
      key: 'speed',
      title: `vs ${baseline}`,
      group: 'Operations',
      kind: 'number',
      width: 92,
      value: (row) => row.speed?.ratio,
      about: 'Ratio of the means over runs with the same seeds',
    },
    {
      key: 'failed',
      title: 'Failed',
      group: 'Operations',
      kind: 'count',
      width: 58,
      value: (row) => row.strategy.failed,
      about: 'Operations that failed, faults among them, of all operations of all runs. The tooltip has their kinds',
    },
  ]
}

/** What the strategy could violate: by races, by searching this workload's small world, by power cuts, and seen on the way. */
function safetyColumns(safety: (strategy: string) => string): ColumnSpec<VerdictRow>[] {
  return [
    {
      key: 'races',
      title: 'Races',
      group: 'Safety',
      width: 112,
      value: (row) => safety(row.strategy.id),
      about:
        'Every catalogued race that can be asked of the strategy, on its own filesystem: directed schedules, then a search within two preemptions. A click shows the film',
    },
    {
      key: 'searched',
      title: 'Schedules',
      group: 'Safety',
      width: 94,
      value: (row) => searchedText(row.strategy),
      about: 'Schedules searched in the small world of this workload, and what they violated. A click shows the film',
    },
    {
      key: 'cuts',
      title: 'Power cuts',
      group: 'Safety',
      width: 90,
      value: (row) => cutsText(row.strategy),
      about: 'Places where power was cut in thought, in all orders that were searched',
    },
    {
      key: 'seen',
      title: 'Seen in runs',
      group: 'Safety',
      width: 106,
      value: (row) => row.seen,
      about:
        'What the timed runs happened to show: nothing seen does not mean safe. The tooltip has what the model counts beside operations',
    },
  ]
}

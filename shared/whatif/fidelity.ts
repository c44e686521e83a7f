/**
 * How well the replay under the recorded strategy matches the recording itself: latency percentiles per operation kind and
 * wait totals of the lock classes waited for longest, each with its error. A prediction is worth no more than this.
 */

import { latency } from '../analysis/latency.ts'
import { contention } from '../analysis/contention.ts'
import type { Trace } from '../model/trace.ts'
import type { Fidelity, FidelityRow } from '../contract/whatif.ts'
import type { RunFigures } from './figures.ts'
import { isModelled } from './demands.ts'
import { lockName } from './names.ts'
import { REPLAYED } from './workload.ts'

const LOCKS = 3
/** What a contended rwsem of a fault or a file operation can be, mmap_lock aside, which has events of its own. */
const FILE_RWSEMS = new Set(['invalidate_lock', 'i_rwsem', 'i_data_sem', 'i_mmap_rwsem', 'xfs_nondir_ilock_class'])

export function fidelityOf(trace: Trace, runs: readonly RunFigures[]): Fidelity {
  const ops = opRows(trace, runs)
  const locks = lockRows(trace, runs)
  return {
    rows: [...ops, ...locks],
    medianErrorP50: medianError(ops.filter(({ figure }) => figure === 'p50')),
    medianErrorP99: medianError(ops.filter(({ figure }) => figure === 'p99')),
    medianErrorWaits: medianError(locks),
  }
}

function opRows(trace: Trace, runs: readonly RunFigures[]): FidelityRow[] {
  const { rows } = latency.run(trace, { by: 'op', scope: {}, top: 1_000 })
  return rows.flatMap((row) => {
    if (!REPLAYED.some((kind) => kind === row.op)) return []
    const replayed = runs.flatMap(({ ops }) => ops.filter(({ op }) => op === row.op))
    const of = (figure: string, pick: (one: typeof row) => number | null): FidelityRow =>
      rowOf(`${row.op}`, { figure, recorded: pick(row), replayed: mean(replayed.map(pick)), count: row.count })
    return [of('p50', (one) => one.p50Ns), of('p90', (one) => one.p90Ns), of('p99', (one) => one.p99Ns)]
  })
}

function lockRows(trace: Trace, runs: readonly RunFigures[]): FidelityRow[] {
  const { rows } = contention.run(trace, { by: 'class', scope: {}, top: 10_000, contendedOnly: true })
  const totals = new Map<string, { ns: number; count: number }>()
  for (const row of rows) {
    const name = lockName(row.class)
    // Waits for the journal are inferred where a task was seen asleep; who lost its CPU to the journal's thread was not.
    if (!isModelled(row.class) || name === 'journal') continue
    const { ns, count } = totals.get(name) ?? { ns: 0, count: 0 }
    totals.set(name, { ns: ns + row.waitTotalNs, count: count + row.contended })
  }
  return [...totals]
    .sort(([, a], [, b]) => b.ns - a.ns)
    .slice(0, LOCKS)
    .map(([name, { ns, count }]) => {
      // A wait whose lock the trace cannot name is compared with the waits for all such locks it names none of.
      const same = name.startsWith('(unnamed')
        ? (other: string) => FILE_RWSEMS.has(other) && !totals.has(other)
        : (other: string) => other === name
      const replayed = runs.map(({ locks }) =>
        locks.reduce((sum, lock) => sum + (same(lockName(lock.class)) ? lock.waitTotalNs : 0), 0),
      )
      return rowOf(name, { figure: 'waitTotal', recorded: ns, replayed: mean(replayed), count })
    })
}

interface Figure {
  readonly figure: string
  readonly recorded: number | null
  readonly replayed: number | null
  readonly count: number
}

function rowOf(of: string, { figure, recorded, replayed, count }: Figure): FidelityRow {
  const known = recorded !== null && replayed !== null && recorded > 0
  return {
    of,
    figure,
    count,
    recordedNs: recorded,
    replayedNs: replayed,
    error: known ? replayed / recorded - 1 : null,
  }
}

function mean(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length
}

function medianError(rows: readonly FidelityRow[]): number | null {
  const errors = rows.flatMap(({ error }) => (error === null ? [] : [Math.abs(error)])).sort((a, b) => a - b)
  if (errors.length === 0) return null
  const middle = errors.length >> 1
  return errors.length % 2 === 1 ? errors[middle] : (errors[middle - 1] + errors[middle]) / 2
}

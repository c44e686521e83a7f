/**
 * How well the replay under the recorded strategy matches the recording itself: latency percentiles per operation kind and
 * wait totals of the lock classes waited for longest, each with its error, of the mean over the seeds and of each seed alone.
 * A prediction is worth no more than this. Percentiles of too few values are in no median.
 */

import { contention } from '../analysis/contention.ts'
import type { Trace } from '../model/trace.ts'
import type { Fidelity, FidelityRow, SeedRange } from '../contract/whatif.ts'
import { opFigures as figuresOfOps, type RunFigures } from './figures.ts'
import { isModelled } from './demands.ts'
import { lockName } from './names.ts'
import { tellsFigure } from './told.ts'
import { REPLAYED } from './workload.ts'

const LOCKS = 3
/** What a contended rwsem of a fault or a file operation can be, mmap_lock aside, which has events of its own. */
const FILE_RWSEMS = new Set(['invalidate_lock', 'i_rwsem', 'i_data_sem', 'i_mmap_rwsem', 'xfs_nondir_ilock_class'])

export function fidelityOf(trace: Trace, runs: readonly RunFigures[]): Fidelity {
  const figures = [...opFigures(trace, runs), ...lockFigures(trace, runs)]
  const medianOf = (name: string, from: (figure: Figure) => number | null) =>
    medianError(
      figures.filter((one) => one.figure === name && tellsFigure(one)).map((one) => errorOf(one.recorded, from(one))),
    )
  const all = (name: string): number | null => medianOf(name, ({ replayed }) => mean(replayed))
  const alone = (name: string): SeedRange => rangeOf(runs.map((_, i) => medianOf(name, ({ replayed }) => replayed[i])))
  return {
    rows: figures.map(rowOf),
    medianErrorP50: all('p50'),
    medianErrorP99: all('p99'),
    medianErrorWaits: all('waitTotal'),
    seeds: { p50: alone('p50'), p99: alone('p99'), waits: alone('waitTotal') },
  }
}

interface Figure {
  /** Operation kind or lock. */
  readonly of: string
  readonly figure: string
  /** Of operations those that ended. */
  readonly count: number
  readonly recorded: number | null
  /** Of each run; null where it had none. */
  readonly replayed: readonly (number | null)[]
}

function opFigures(trace: Trace, runs: readonly RunFigures[]): Figure[] {
  return figuresOfOps(trace).flatMap((row) => {
    if (!REPLAYED.some((kind) => kind === row.op)) return []
    const again = runs.map(({ ops }) => ops.find(({ op }) => op === row.op))
    const of = (figure: string, pick: (one: typeof row) => number | null): Figure => ({
      ...{ of: `${row.op}`, figure, count: row.count - row.unfinished, recorded: pick(row) },
      replayed: again.map((one) => (one === undefined ? null : pick(one))),
    })
    return [
      of('p50', ({ ended }) => ended.p50Ns),
      of('p90', ({ ended }) => ended.p90Ns),
      of('p99', ({ ended }) => ended.p99Ns),
    ]
  })
}

function lockFigures(trace: Trace, runs: readonly RunFigures[]): Figure[] {
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
      return { of: name, figure: 'waitTotal', count, recorded: ns, replayed }
    })
}

function rowOf({ of, figure, count, recorded, replayed }: Figure): FidelityRow {
  const again = mean(replayed)
  return {
    ...{ of, figure, count },
    recordedNs: recorded,
    replayedNs: again === null ? null : Math.round(again),
    seedsNs: rangeOf(replayed),
    error: errorOf(recorded, again),
  }
}

function errorOf(recorded: number | null, replayed: number | null): number | null {
  return recorded !== null && replayed !== null && recorded > 0 ? replayed / recorded - 1 : null
}

function rangeOf(values: readonly (number | null)[]): SeedRange {
  const known = values.filter((value) => value !== null)
  return known.length < 2 ? null : [Math.min(...known), Math.max(...known)]
}

function mean(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length
}

function medianError(all: readonly (number | null)[]): number | null {
  const errors = all.flatMap((error) => (error === null ? [] : [Math.abs(error)])).sort((a, b) => a - b)
  if (errors.length === 0) return null
  const middle = errors.length >> 1
  return errors.length % 2 === 1 ? errors[middle] : (errors[middle - 1] + errors[middle]) / 2
}

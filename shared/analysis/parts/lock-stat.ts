/**
 * A /proc/lock_stat table as contention rows: its figures as they are, nothing computed but what it leaves out; and perf's table
 * of waits, which leaves out more. It has no
 * percentiles, no tasks and no operations; sites are those it lists, at most four per class, with counts and no times.
 */

import type { LockStat, LockStatRow } from '../../model/extras.ts'
import type { Trace } from '../../model/trace.ts'
import type { Scope } from '../analysis.ts'
import type { ContentionBy, ContentionRow } from './contention-row.ts'

interface Asked {
  readonly scope: Scope
  readonly by: ContentionBy
  readonly contendedOnly: boolean
}

interface TableRows {
  /** Most waited-for first. */
  readonly rows: readonly ContentionRow[]
  readonly classes: number
  readonly instances: number
}

/** Undefined for anything but a lock_stat table. */
export function lockStatRows(trace: Trace, { scope, by, contendedOnly }: Asked): TableRows | undefined {
  const table = trace.extras?.lockStat
  if (table === undefined) return undefined
  const inScope = table.rows.filter(
    (row) =>
      trace.lockClasses[row.lockClass].kind !== 'annotation' &&
      (scope.lockClass === undefined || row.lockClass === scope.lockClass) &&
      (scope.mode === undefined || row.mode === scope.mode),
  )
  const classes = new Set(inScope.map(({ lockClass }) => lockClass)).size
  // It is a table per class: there are no tasks and no operations in it.
  const none = by === 'op' || by === 'task'
  const rows = none ? [] : by === 'site' ? siteRows(trace, table, inScope) : inScope.map((row) => toRow(trace, row))
  const shown = contendedOnly ? rows.filter(({ contended }) => contended !== 0) : rows
  return { rows: [...shown].sort(mostWaited), classes, instances: classes }
}

function mostWaited(a: ContentionRow, b: ContentionRow): number {
  return (
    b.waitTotalNs - a.waitTotalNs ||
    b.contended - a.contended ||
    (b.holdTotalNs ?? 0) - (a.holdTotalNs ?? 0) ||
    b.acquisitions - a.acquisitions
  )
}

function toRow(trace: Trace, row: LockStatRow): ContentionRow {
  const waited = row.contentions !== 0
  const held = row.acquisitions !== 0
  const mean = (totalNs: number, meanNs: number, n: number) => Math.round(meanNs === meanNs ? meanNs : totalNs / n)
  return {
    class: trace.lockClasses[row.lockClass].name,
    classId: row.lockClass,
    mode: row.mode,
    acquisitions: row.acquisitions,
    contended: row.contentions,
    waitTotalNs: row.waitTotalNs,
    openWaits: 0,
    openWaitNs: 0,
    waitMeanNs: waited ? known(mean(row.waitTotalNs, row.waitMeanNs, row.contentions)) : null,
    waitMinNs: waited ? known(row.waitMinNs) : null,
    waitMaxNs: waited ? known(row.waitMaxNs) : null,
    waitP50Ns: null,
    waitP99Ns: null,
    openHolds: 0,
    holdTotalNs: known(row.holdTotalNs),
    holdMeanNs: held ? known(mean(row.holdTotalNs, row.holdMeanNs, row.acquisitions)) : null,
    holdMinNs: held ? known(row.holdMinNs) : null,
    holdMaxNs: held ? known(row.holdMaxNs) : null,
    holdP50Ns: null,
    holdP99Ns: null,
    inferred: false,
  }
}

function known(value: number): number | null {
  return value === value ? value : null
}

/**
 * lock_stat counts waits per site for a class as a whole: the rows stand under its most contended mode. Times and
 * acquisitions of a site are not in the table: NaN, null in JSON.
 */
function siteRows(trace: Trace, table: LockStat, inScope: readonly LockStatRow[]): ContentionRow[] {
  const worst = new Map<number, LockStatRow>()
  for (const row of inScope) {
    const known = worst.get(row.lockClass)
    if (known === undefined || row.contentions > known.contentions) worst.set(row.lockClass, row)
  }
  return table.sites.flatMap(({ lockClass, role, site, count }) => {
    const row = worst.get(lockClass)
    if (row === undefined || role !== 'waiter') return []
    const base = toRow(trace, row)
    return {
      ...base,
      site,
      contended: count,
      ...NO_TIMES,
    }
  })
}

const NO_TIMES = {
  acquisitions: NaN,
  waitTotalNs: NaN,
  waitMeanNs: null,
  waitMinNs: null,
  waitMaxNs: null,
  holdTotalNs: null,
  holdMeanNs: null,
  holdMinNs: null,
  holdMaxNs: null,
} as const

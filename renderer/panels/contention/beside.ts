/** The columns of a trace beside a lock_stat table: each figure of both, and where the two differ why. */

import type { LockStatRow } from '../../stores/lock-stat.ts'
import type { CellKind, ColumnSpec } from '../../ui/table-spec.ts'

type Figure = keyof NonNullable<LockStatRow['trace']>
type Row = LockStatRow

export function besideKey(row: Row): string {
  return `${row.class}|${row.mode}`
}

function pair(group: string, figure: Figure, kind: CellKind): ColumnSpec<Row>[] {
  return [
    {
      key: `${figure}-trace`,
      title: 'Trace',
      group,
      kind,
      width: 84,
      value: (row) => row.trace?.[figure],
      why: (row) => (row.trace === null ? 'the trace has no such lock' : 'the trace shows only waits of this lock'),
    },
    {
      key: `${figure}-table`,
      title: 'lock_stat',
      group,
      kind,
      width: 84,
      value: (row) => row.lockStat?.[figure],
      why: () => 'lock_stat has no such lock',
    },
  ]
}

function ratio(group: string, key: 'waitRatio' | 'holdRatio'): ColumnSpec<Row> {
  const why = () => 'not in both, or 0 in lock_stat'
  return { key, title: 'Ratio', group, kind: 'share', width: 72, value: (row) => row[key], why }
}

export const besideColumns: readonly ColumnSpec<Row>[] = [
  { key: 'class', title: 'Lock class', kind: 'mono', value: (row) => row.class },
  { key: 'mode', title: 'Mode', width: 74, value: (row) => row.mode },
  ...pair('Contended', 'contended', 'count'),
  ...pair('Waited', 'waitTotalNs', 'time'),
  ratio('Waited', 'waitRatio'),
  ...pair('Acquired', 'acquisitions', 'count'),
  ...pair('Held', 'holdTotalNs', 'time'),
  ratio('Held', 'holdRatio'),
  {
    key: 'why',
    title: 'Differs',
    width: 220,
    value: (row) => (row.differs ? (row.why ?? 'by more than measuring explains') : ''),
  },
]

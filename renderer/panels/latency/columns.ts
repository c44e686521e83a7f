/**
 * The columns of the percentiles table. All times share one unit, named in the panel's note, so that a row can be read
 * across; a percentile of too few operations would be their maximum under another name and is left unknown.
 */

import type { LatencyRow } from '#shared/analysis/latency.ts'
import { toldOf } from '#shared/analysis/parts/shown-percentiles.ts'
import type { Selection, SelectionPatch } from '../../stores/selection.ts'
import { kindLook } from '../../theme/kinds.ts'
import type { Cell, ColumnSpec } from '../../ui/table-spec.ts'
import type { LatencyBy } from './view.ts'

type Row = LatencyRow

export function rowKey(row: Row): string {
  return [row.op, row.task?.id ?? '', row.inode?.id ?? ''].join('|')
}

function measured(row: Row): number {
  return row.count - row.unfinished
}

function whyUnknown(): (row: Row) => string | undefined {
  return (row) =>
    measured(row) === 0
      ? 'none of them was seen to end'
      : `${measured(row)} operations are too few: it would be their maximum`
}

const TIMES: readonly (readonly [key: string, title: string, value: (row: Row) => number | null])[] = [
  ['min', 'Min', (row) => row.minNs],
  ['p50', 'p50', (row) => toldOf(row).p50],
  ['p90', 'p90', (row) => toldOf(row).p90],
  ['p99', 'p99', (row) => toldOf(row).p99],
  ['p999', 'p99.9', (row) => toldOf(row).p999],
  ['max', 'Max', (row) => row.maxNs],
]
export const TIME_KEYS = TIMES.map(([key]) => key)

const FIRST: Readonly<Record<LatencyBy, readonly ColumnSpec<Row>[]>> = {
  op: [{ key: 'op', title: 'Operation', value: (row) => kindLook(row.op).label }],
  task: [
    { key: 'task', title: 'Task', value: (row) => row.task?.comm },
    { key: 'op', title: 'Operation', value: (row) => kindLook(row.op).label },
  ],
  inode: [
    {
      key: 'inode',
      title: 'Inode',
      value: (row) => row.inode?.name,
      kind: 'mono',
      why: () => 'the trace does not say which file',
    },
    { key: 'op', title: 'Operation', value: (row) => kindLook(row.op).label },
  ],
}

export function latencyColumns(by: LatencyBy): readonly ColumnSpec<Row>[] {
  return [
    ...FIRST[by],
    {
      key: 'count',
      title: 'Count',
      value: (row) => row.count,
      kind: 'count',
      width: 68,
      about: 'Operations; those not seen to end are counted, not measured',
    },
    {
      key: 'failed',
      title: 'Failed',
      value: (row) => row.failed,
      kind: 'count',
      width: 54,
      why: () => 'the trace does not say how these ended',
    },
    ...TIMES.filter(([key]) => by === 'op' || key !== 'min').map(([key, title, value]): ColumnSpec<Row> => ({
      key,
      title,
      kind: 'time',
      width: 58,
      value,
      why: whyUnknown(),
    })),
    {
      key: 'waiting',
      title: 'Waiting',
      value: (row) => row.waitShare,
      kind: 'share',
      width: 66,
      about: 'Share of their time spent waiting for locks',
      why: () => 'the waits inside these operations were not recorded',
    },
    { key: 'strip', title: 'p50 to p99', value: (row) => row.p50Ns, width: 116, fixed: true },
  ]
}

const PID: ColumnSpec<Row> = { key: 'pid', title: 'PID', value: (row) => row.task?.pid, kind: 'number' }

/** Without the strip, which is a picture of columns that are there; with what the screen has no room for. */
export function latencyExportColumns(by: LatencyBy): readonly ColumnSpec<Row>[] {
  return [
    ...latencyColumns(by).filter(({ key }) => key !== 'strip'),
    ...(by === 'task' ? [PID] : []),
    ...(by === 'op' ? [] : [{ key: 'min', title: 'Min', value: (row: Row): Cell => row.minNs, kind: 'time' as const }]),
    { key: 'mean', title: 'Mean', value: (row) => row.meanNs, kind: 'time' },
    { key: 'total', title: 'Total', value: (row) => row.totalNs, kind: 'time', why: whyUnknown() },
    { key: 'wait', title: 'Lock wait', value: (row) => row.waitNs, kind: 'time' },
    { key: 'unfinished', title: 'Unfinished', value: (row) => row.unfinished, kind: 'count' },
  ]
}

/** Dimensions a grouping lists: the table is asked without them and marks what is chosen. */
export const LISTED = { op: ['op'], task: ['task'], inode: ['inode'] } as const satisfies Record<
  LatencyBy,
  readonly (keyof Selection)[]
>

export function patchOf(by: LatencyBy, row: Row): SelectionPatch {
  switch (by) {
    case 'op':
      return { op: row.op }
    case 'task':
      return { task: row.task?.id }
    case 'inode':
      return { inode: row.inode?.id }
  }
}

export function isChosen(by: LatencyBy, row: Row, selection: Selection): boolean {
  switch (by) {
    case 'op':
      return selection.op === row.op
    case 'task':
      return selection.task !== undefined && selection.task === row.task?.id
    case 'inode':
      return selection.inode !== undefined && selection.inode === row.inode?.id
  }
}

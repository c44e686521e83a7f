/**
 * The columns of the contention table: those of /proc/lock_stat, wait and hold apart, for every way of grouping. What a
 * trace cannot show stays null, and says why. A click selects exactly what the grouping lists, nothing else.
 */

import type { ContentionBy, ContentionRow } from '#shared/analysis/parts/contention-row.ts'
import { TOO_FEW, toldOfLock } from '#shared/analysis/parts/shown-percentiles.ts'
import type { Selection, SelectionPatch } from '../../stores/selection.ts'
import type { Cell, ColumnSpec } from '../../ui/table-spec.ts'

export const GROUPINGS: readonly { readonly id: ContentionBy; readonly label: string }[] = [
  { id: 'class', label: 'By class' },
  { id: 'instance', label: 'Instance' },
  { id: 'task', label: 'Task' },
  { id: 'op', label: 'Operation' },
  { id: 'site', label: 'Call site' },
]

type Row = ContentionRow

export function rowKey(row: Row): string {
  return [row.classId, row.mode, row.lock ?? '', row.task?.id ?? '', row.op ?? '', row.site ?? ''].join('|')
}

function whyHold({ class: name, holdTotalNs, holdP99Ns, openHolds }: Row): string | undefined {
  if (openHolds > 0 && holdTotalNs === null) return `${name} was held and not seen to be released`
  if (holdTotalNs === null) return `this trace shows waits for ${name}, but not when it was held`
  return holdP99Ns === null ? undefined : TOO_FEW
}
function whyWait({ contended, waitP99Ns }: Row): string | undefined {
  if (contended === 0) return 'nobody had to wait'
  return waitP99Ns === null ? undefined : TOO_FEW
}

function times(
  group: 'Wait' | 'Hold',
  of: readonly (readonly [string, string, (row: Row) => Cell])[],
): ColumnSpec<Row>[] {
  const why = group === 'Wait' ? whyWait : whyHold
  return of.map(([key, title, value], i) => ({
    key,
    title,
    group,
    value,
    kind: 'time' as const,
    width: i === 0 ? 78 : 72,
    why,
  }))
}

const WAIT = times('Wait', [
  ['waitTotal', 'Total', (row) => row.waitTotalNs],
  ['waitMean', 'Mean', (row) => row.waitMeanNs],
  ['waitP99', 'p99', (row) => toldOfLock(row).waitP99],
  ['waitMax', 'Max', (row) => row.waitMaxNs],
])
const HOLD = times('Hold', [
  ['holdTotal', 'Total', (row) => row.holdTotalNs],
  ['holdMean', 'Mean', (row) => row.holdMeanNs],
  ['holdP99', 'p99', (row) => toldOfLock(row).holdP99],
  ['holdMax', 'Max', (row) => row.holdMaxNs],
])

const CLASS: ColumnSpec<Row> = { key: 'class', title: 'Lock class', value: (row) => row.class, kind: 'mono' }
const MODE: ColumnSpec<Row> = { key: 'mode', title: 'Mode', value: (row) => row.mode, width: 74 }
const COUNTS: readonly ColumnSpec<Row>[] = [
  { key: 'acquisitions', title: 'Acquired', value: (row) => row.acquisitions, kind: 'count', width: 80 },
  {
    key: 'contended',
    title: 'Contended',
    value: (row) => row.contended,
    kind: 'count',
    width: 112,
    about: 'Acquisitions that had to wait, and their share of all',
  },
]
const MOSTLY: ColumnSpec<Row> = {
  key: 'mostlyIn',
  title: 'Mostly held in',
  value: (row) => row.mostlyIn?.phase,
  width: 190,
  about: 'The phase with the largest share of the hold time',
}

const FIRST: Readonly<Record<ContentionBy, readonly ColumnSpec<Row>[]>> = {
  class: [CLASS],
  instance: [
    CLASS,
    {
      key: 'address',
      title: 'Instance',
      value: (row) => row.address,
      kind: 'mono',
      width: 210,
      why: () => 'the trace hides its address',
    },
  ],
  task: [
    { key: 'task', title: 'Task', value: (row) => row.task?.comm, width: 130 },
    { key: 'pid', title: 'PID', value: (row) => row.task?.pid, kind: 'number', width: 64 },
    CLASS,
  ],
  op: [{ key: 'op', title: 'Operation', value: (row) => row.op, width: 140 }, CLASS],
  site: [
    {
      key: 'site',
      title: 'Asked for by',
      value: (row) => row.site,
      kind: 'mono',
      width: 220,
      why: () => 'no call stack was recorded with it',
    },
    CLASS,
  ],
}

/** Bars stand under the totals, which one compares, and under the column one sorts by. */
function barOf(column: ColumnSpec<Row>, sorted: string | undefined): string | undefined {
  const compared = column.key === 'waitTotal' || column.key === 'holdTotal' || column.key === sorted
  if (!compared || (column.kind !== 'time' && column.kind !== 'count')) return undefined
  return column.group === 'Wait' ? 'lock-waiting' : column.group === 'Hold' ? 'lock-held' : 'ph-2'
}

export function contentionColumns(by: ContentionBy, sorted?: string): readonly ColumnSpec<Row>[] {
  const columns = [...FIRST[by], MODE, ...COUNTS, ...WAIT, ...HOLD, ...(by === 'class' ? [MOSTLY] : [])]
  return columns.map((column) => {
    const bar = barOf(column, sorted)
    return bar === undefined ? column : { ...column, bar }
  })
}

/** CSV and "show as table" have everything the analysis knows, not only what fits on the screen. */
export function contentionExportColumns(by: ContentionBy): readonly ColumnSpec<Row>[] {
  const more = (group: 'Wait' | 'Hold', of: readonly (readonly [string, string, (row: Row) => Cell])[]) =>
    times(group, of)
  return [
    ...FIRST[by],
    MODE,
    ...COUNTS,
    ...WAIT,
    ...more('Wait', [
      ['waitMin', 'Min', (row) => row.waitMinNs],
      ['waitP50', 'p50', (row) => toldOfLock(row).waitP50],
    ]),
    { key: 'openWaits', title: 'Not seen to end', group: 'Wait', value: (row) => row.openWaits, kind: 'count' },
    ...HOLD,
    ...more('Hold', [
      ['holdMin', 'Min', (row) => row.holdMinNs],
      ['holdP50', 'p50', (row) => toldOfLock(row).holdP50],
    ]),
    MOSTLY,
    { key: 'mostlyShare', title: 'Share', value: (row) => row.mostlyIn?.share, kind: 'share' },
    { key: 'inferred', title: 'Inferred', value: (row) => row.inferred },
  ]
}

/** Dimensions a grouping lists: the table is asked without them and marks what is chosen. */
export const LISTED = {
  class: ['lockClass', 'mode', 'lock'],
  instance: ['lock', 'mode'],
  task: ['task'],
  op: ['op'],
  site: ['lockClass', 'mode', 'lock'],
} as const satisfies Record<ContentionBy, readonly (keyof Selection)[]>

export function patchOf(by: ContentionBy, row: Row): SelectionPatch {
  switch (by) {
    case 'class':
    case 'site':
      return { lockClass: row.classId, mode: row.mode, lock: undefined }
    case 'instance':
      return { lock: row.lock, mode: row.mode }
    case 'task':
      return { task: row.task?.id }
    case 'op':
      return { op: row.op }
  }
}

/** Is this row (one of) what is selected? */
export function isChosen(by: ContentionBy, row: Row, selection: Selection): boolean {
  switch (by) {
    case 'class':
    case 'site':
      return selection.lockClass === row.classId && (selection.mode === undefined || selection.mode === row.mode)
    case 'instance':
      return selection.lock === row.lock && (selection.mode === undefined || selection.mode === row.mode)
    case 'task':
      return selection.task === row.task?.id
    case 'op':
      return selection.op === row.op
  }
}

/**
 * Tables as data. `ColumnSpec` is what DataTable shows and sorts by; `TableSpec` is the plain table behind a chart or a
 * panel, as "show as table" and CSV give it: raw values (times in ns), so that nothing is lost to rounding.
 */

export type Cell = string | number | boolean | null | undefined
export type CellKind = 'text' | 'mono' | 'count' | 'time' | 'share' | 'number'

export interface ColumnSpec<R> {
  readonly key: string
  readonly title: string
  /** Columns next to each other with the same group stand under a common head. */
  readonly group?: string
  /** What the cell holds: sorted by, shown unless there is a slot, exported. Times in ns, shares 0…1. */
  readonly value: (row: R) => Cell
  /** `time` columns choose one unit for all rows; default `text`. */
  readonly kind?: CellKind
  /** The unit of a `number` column, in grey after it. */
  readonly unit?: string
  /** Name the unit of a time column once, in the head, not in every cell. */
  readonly unitInHead?: boolean
  /** px; text columns share what is left. */
  readonly width?: number
  /** Bar under the number: its colour token. Length is relative to the column's largest value. */
  readonly bar?: string
  /** Why a cell is unknown, as the tooltip of its dash. */
  readonly why?: (row: R) => string | undefined
  /** What the column means, as the tooltip of its head. */
  readonly about?: string
  /** Not sortable. */
  readonly fixed?: boolean
}

export interface Sort {
  readonly key: string
  readonly descending: boolean
}

export interface TableSpec {
  /** What its numbers are, where that is not what the chart's note says. */
  readonly note?: string
  readonly columns: readonly {
    readonly key: string
    readonly title: string
    readonly kind?: CellKind
    readonly unit?: string
  }[]
  readonly rows: readonly (readonly Cell[])[]
}

/** The table behind a DataTable: its own columns over its own rows. */
export function tableOf<R>(columns: readonly ColumnSpec<R>[], rows: readonly R[]): TableSpec {
  return {
    columns: columns.map(({ key, title, group, kind, unit }) => ({
      key,
      title: group === undefined ? title : `${group} ${title.toLowerCase()}`,
      ...(kind === undefined ? {} : { kind }),
      ...(unit === undefined ? {} : { unit }),
    })),
    rows: rows.map((row) => columns.map((column) => column.value(row))),
  }
}

export function isNumeric(kind: CellKind | undefined): boolean {
  return kind === 'count' || kind === 'time' || kind === 'share' || kind === 'number'
}

/** Unknown goes last, whichever way it is sorted; equal rows keep their order. */
export function sortRows<R>(rows: readonly R[], column: ColumnSpec<R> | undefined, descending: boolean): readonly R[] {
  if (!column) return rows
  const keyed = rows.map((row) => ({ row, key: column.value(row) }))
  const sign = descending ? -1 : 1
  return keyed
    .sort((a, b) => {
      if (isUnknown(a.key) || isUnknown(b.key)) return Number(isUnknown(a.key)) - Number(isUnknown(b.key))
      if (typeof a.key === 'number' && typeof b.key === 'number') return sign * (a.key - b.key)
      return sign * String(a.key).localeCompare(String(b.key), 'en', { numeric: true })
    })
    .map(({ row }) => row)
}

function isUnknown(cell: Cell): boolean {
  return cell === null || cell === undefined || (typeof cell === 'number' && Number.isNaN(cell))
}

/** RFC 4180: quoted where needed, CRLF. A cell that a spreadsheet would run as a formula gets a leading quote mark. */
export function toCsv({ columns, rows }: TableSpec): string {
  const head = columns.map(({ title, kind, unit }) =>
    quoted(title + (kind === 'time' ? ', ns' : unit ? `, ${unit}` : '')),
  )
  const lines = rows.map((row) => row.map((cell) => (isUnknown(cell) ? '' : quoted(cell))).join(','))
  return [head.join(','), ...lines, ''].join('\r\n')
}

function quoted(cell: Cell): string {
  const text = String(cell)
  const safe = typeof cell === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

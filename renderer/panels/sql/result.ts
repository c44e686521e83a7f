/**
 * An answer of SQL as the grid, the chart and the exports see it: what its columns hold, its rows in some order, its text
 * as CSV and NDJSON. Values stay what SQLite gave; numbers are only written with thin spaces between their digits.
 */

import { uniqueNames } from '#shared/base/unique-names.ts'
import type { QueryResult } from '#shared/contract/methods.ts'
import { isKnownKind } from '../../theme/kinds.ts'
import { formatCount } from '../../ui/format.ts'
import { toCsv } from '../../ui/table-spec.ts'

export type Value = string | number | null

export interface ResultColumn {
  readonly at: number
  readonly name: string
  /** All that is not NULL is a number. */
  readonly numeric: boolean
  /** Nothing but NULL. */
  readonly empty: boolean
  /** Longest text in characters, of the first rows. */
  readonly widest: number
  /** Names operation kinds, which are shown with their tags. */
  readonly kinds: boolean
}

/** Rows that are looked at to find a column's width. */
const SAMPLED = 400

export function columnsOf({ columns, rows }: QueryResult): ResultColumn[] {
  return columns.map((name, at) => {
    let numeric = true
    let empty = true
    let widest = name.length
    let kinds = false
    for (let i = 0; i < rows.length; i++) {
      const value = rows[i][at]
      if (value === null) continue
      empty = false
      if (typeof value !== 'number') numeric = false
      if (i >= SAMPLED) continue
      widest = Math.max(widest, valueText(value).length)
      kinds ||= isKnownKind(value)
    }
    return { at, name, numeric: numeric && !empty, empty, widest, kinds }
  })
}

export function valueText(value: Value): string {
  if (value === null) return 'NULL'
  if (typeof value === 'string') return value
  return Number.isInteger(value) ? formatCount(value) : String(value)
}

/** Row numbers in the order of a column; NULL last either way, equal rows as they came. */
export function sortedRows(rows: QueryResult['rows'], at: number, descending: boolean): Int32Array {
  const order = Int32Array.from(rows, (_, i) => i)
  const sign = descending ? -1 : 1
  return order.sort((i, k) => {
    const a = rows[i][at]
    const b = rows[k][at]
    if (a === null || b === null) return Number(a === null) - Number(b === null) || i - k
    if (typeof a === 'number' && typeof b === 'number') return sign * (a - b) || i - k
    return sign * (String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0) || i - k
  })
}

export function resultCsv({ columns, rows }: QueryResult): string {
  return toCsv({ columns: uniqueNames(columns).map((name) => ({ key: name, title: name })), rows })
}

export function resultNdjson({ columns, rows }: QueryResult): string {
  const names = uniqueNames(columns)
  const line = (row: readonly Value[]): string =>
    JSON.stringify(Object.fromEntries(names.map((name, i) => [name, row[i]])))
  return rows.map((row) => `${line(row)}\n`).join('')
}

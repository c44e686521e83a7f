/**
 * Rows as text: CSV (RFC 4180) or one JSON object per line. Exports of tables and answers of SQL are written by the same
 * functions. What is not known is empty, or null; binary is hexadecimal.
 */

import { uniqueNames } from '#shared/base/unique-names.ts'

export type Cell = string | number | bigint | null | Uint8Array

export interface RowText {
  readonly head: string
  readonly line: (cells: readonly Cell[]) => string
}

export function rowText(format: 'csv' | 'ndjson', columns: readonly string[]): RowText {
  const names = uniqueNames(columns)
  return format === 'csv' ? { head: csvLine(names), line: csvLine } : { head: '', line: ndjsonLine(names) }
}

/** Quoted where needed, CRLF. */
export function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`
}

function csvCell(cell: Cell): string {
  if (cell === null) return ''
  if (cell instanceof Uint8Array) return Buffer.from(cell).toString('hex')
  const text = String(cell)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

export function ndjsonLine(columns: readonly string[]): (cells: readonly Cell[]) => string {
  const keys = columns.map((name) => JSON.stringify(name))
  return (cells) => `{${cells.map((cell, i) => `${keys[i]}:${jsonCell(cell)}`).join(',')}}\n`
}

function jsonCell(cell: Cell): string {
  if (typeof cell === 'bigint') return String(cell)
  if (cell instanceof Uint8Array) return JSON.stringify(Buffer.from(cell).toString('hex'))
  return JSON.stringify(cell)
}

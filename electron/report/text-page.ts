/**
 * Plain text for a mail: 78 columns, ASCII where the words are ours, nothing but spaces to line things up. Tables that are
 * too wide lose their least important columns, and say so; a name that is too long stands on a line of its own.
 */

import { ACTS } from '#shared/base/controls.ts'

export const COLUMNS = 78
const GAP = '  '

const ASCII: Readonly<Record<string, string>> = {
  µ: 'u',
  '×': 'x',
  '–': '-',
  '—': '-',
  '±': '+-',
  '…': '...',
  '’': "'",
  '\u00a0': ' ',
  '\u2009': ' ',
  '\u202f': ' ',
}

/** Our typography as ASCII; control characters shown as `?`. Letters of names stay what they are. */
export function plain(text: string): string {
  return text.replace(/[µ×–—±…’\u00a0\u2009\u202f]/g, (c) => ASCII[c]).replace(ACTS, '?')
}

/** Lines of at most 78 columns, broken at spaces; what has none and is longer stays whole. */
export function wrapped(text: string, { first = '', rest = '' }: { first?: string; rest?: string } = {}): string {
  const lines: string[] = []
  let line = first
  let empty = true
  for (const word of plain(text).split(/\s+/)) {
    if (!empty && line.length + 1 + word.length > COLUMNS) {
      lines.push(line)
      line = rest
      empty = true
    }
    line += empty ? word : ` ${word}`
    empty = false
  }
  lines.push(line)
  return lines.join('\n')
}

export function head(text: string): string {
  const line = plain(text)
  return `${line}\n${'-'.repeat(Math.min(COLUMNS, line.length))}`
}

export interface TextColumn<T> {
  readonly head: string
  readonly cell: (row: T) => string
  readonly number?: boolean
  /** Higher numbers go first where there is no room; columns without one stay. */
  readonly dispensable?: number
}

/** The first column names the row. */
export function textTable<T>(rows: readonly T[], columns: readonly TextColumn<T>[]): string {
  let shown = columns.map((column) => {
    const cells = rows.map((row) => plain(column.cell(row)))
    return { column, cells, width: Math.max(plain(column.head).length, ...cells.map((cell) => cell.length)) }
  })
  const total = () => shown.reduce((sum, { width }) => sum + width, GAP.length * (shown.length - 1))
  const left: string[] = []
  while (total() > COLUMNS) {
    const worst = Math.max(...shown.map(({ column }) => column.dispensable ?? 0))
    if (worst === 0) break
    const at = shown.findLastIndex(({ column }) => column.dispensable === worst)
    left.unshift(shown[at].column.head)
    shown = shown.filter((_, i) => i !== at)
  }
  // What still does not fit is the name: it gets a line of its own above its row.
  const room = Math.max(8, shown[0].width - Math.max(0, total() - COLUMNS))
  const line = (name: string, of: (part: (typeof shown)[number]) => string) => {
    const cells = shown.slice(1).map((part) => {
      const text = of(part)
      return part.column.number === true ? text.padStart(part.width) : text.padEnd(part.width)
    })
    const rest = cells.length === 0 ? '' : GAP + cells.join(GAP)
    return (name.length > room ? `${name}\n${''.padEnd(room)}${rest}` : name.padEnd(room) + rest).trimEnd()
  }
  return [
    line(plain(columns[0].head), ({ column }) => plain(column.head)),
    ...rows.map((_, i) => line(shown[0].cells[i], ({ cells }) => cells[i])),
    ...(left.length === 0 ? [] : [wrapped(`(no room for: ${left.join(', ')})`)]),
  ].join('\n')
}

/** A bar of `#`. */
export function textBar(share: number, width: number): string {
  return share > 0 ? '#'.repeat(Math.max(1, Math.round(Math.min(1, share) * width))) : ''
}

/**
 * What the command line prints: tables, sentences, notes, one JSON document. Answers go to standard output, everything
 * said beside them to standard error, so that a pipe carries answers only. Text that comes out of a trace is somebody
 * else's: control characters are shown, never sent to the terminal. Colour only on a terminal that wants it (NO_COLOR).
 * Nothing is cut without a mark, and only to fit a terminal's width; a pipe gets everything.
 */

import { styleText } from 'node:util'
import { ACTS } from '#shared/base/controls.ts'
import type { TraceInfo } from '#shared/contract/files.ts'
import { formatCount, formatNsIn, formatShare, timeScale, timeText, UNKNOWN } from '#shared/base/time.ts'

/** Terminals and `cut`, `awk`, `sort` all get along with a plain space. */
const GROUP = ' '
const GAP = '  '
const MINIMUM_NAME_WIDTH = 16
const CUT = '…'

/** Traces of the clocks `counter` and `x86-tsc` count ticks, which are no time. */
export type ClockUnit = TraceInfo['clockUnit']

export function duration(ns: number | null | undefined, clock: ClockUnit = 'ns'): string {
  return ns === null || ns === undefined ? UNKNOWN : timeText(ns, clock, GROUP)
}

export function count(n: number | null | undefined): string {
  return n === null || n === undefined ? UNKNOWN : formatCount(n, GROUP)
}

export function percent(share: number | null | undefined): string {
  return share === null || share === undefined ? UNKNOWN : `${formatShare(share)} %`
}

/** `1 wait`, `2 waits` */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`
}

const unicode = (c: string): string => `\\u${(c.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`

/** Text from a trace or a file name with all of that made visible. */
export function printable(text: string): string {
  return text.replace(ACTS, (c) => {
    const code = c.codePointAt(0) ?? 0
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : unicode(c)
  })
}

export function bold(text: string): string {
  return styleText('bold', text, { stream: process.stdout })
}

export function dim(text: string): string {
  return styleText('dim', text, { stream: process.stdout })
}

/** One line or block of the answer. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** The one JSON document of `--json`. Its texts are exact: what a terminal might act on is escaped as JSON may be. */
export function printJson(document: unknown): void {
  process.stdout.write(`${jsonText(document)}\n`)
}

export function jsonText(document: unknown): string {
  // JSON has escaped the rest already; its own line breaks stay.
  return JSON.stringify(document, undefined, 2).replace(ACTS, (c) => (c === '\n' ? c : unicode(c)))
}

/** Something worth saying that is not the answer. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`)
}

export interface Column {
  readonly head: string
  /** Line below the head; empty for names and counts. */
  readonly unit: string
  /** Line above the head, over the first of neighbours that share it. */
  readonly group?: string
  readonly right: boolean
  readonly cells: readonly string[]
  /** Columns with a number go first, highest first, when a terminal is too narrow for all. Names never go. */
  readonly dispensable?: number
}

export function nameColumn(head: string, cells: readonly (string | null | undefined)[]): Column {
  return { head, unit: '', right: false, cells: cells.map((cell) => (cell ? printable(cell) : UNKNOWN)) }
}

export function countColumn(head: string, values: readonly (number | null)[], dispensable?: number): Column {
  return withRank({ head, unit: '', right: true, cells: values.map(count) }, dispensable)
}

/** All times of one column in one unit, named in the head. */
export function timeColumn(
  head: string,
  values: readonly (number | null)[],
  options: { readonly clock: ClockUnit; readonly dispensable?: number | undefined },
): Column {
  const { clock, dispensable } = options
  if (clock === 'tick') return { ...countColumn(head, values, dispensable), unit: 'ticks' }
  const known = values.filter((value) => value !== null)
  const scale = timeScale(known)
  const cells = values.map((value) => (value === null ? UNKNOWN : formatNsIn(value, scale, GROUP)))
  return withRank({ head, unit: known.length === 0 ? '' : scale.unit, right: true, cells }, dispensable)
}

export function shareColumn(head: string, values: readonly (number | null)[], dispensable?: number): Column {
  const cells = values.map((value) => (value === null ? UNKNOWN : formatShare(value)))
  return withRank({ head, unit: '%', right: true, cells }, dispensable)
}

/** The columns of a list of things, each by what it takes from a thing. */
export function columnsOf<T>(rows: readonly T[], clock: ClockUnit = 'ns') {
  type Of<V> = (row: T) => V
  return {
    name: (head: string, of: Of<string | null | undefined>) => nameColumn(head, rows.map(of)),
    count: (head: string, of: Of<number | null>, dispensable?: number) => countColumn(head, rows.map(of), dispensable),
    time: (head: string, of: Of<number | null>, dispensable?: number) =>
      timeColumn(head, rows.map(of), { clock, dispensable }),
    share: (head: string, of: Of<number | null>, dispensable?: number) => shareColumn(head, rows.map(of), dispensable),
  }
}

/** Says once, above them, what the heads of some columns have in common. */
export function grouped(group: string, columns: readonly Column[]): Column[] {
  return columns.map((column) => ({ ...column, group }))
}

function withRank(column: Column, dispensable: number | undefined): Column {
  return dispensable === undefined ? column : { ...column, dispensable }
}

export interface Table {
  readonly text: string
  /** Heads of the columns that a narrow terminal had no room for. */
  readonly leftOut: readonly string[]
}

/** Lays a table out; `width` undefined: as wide as it needs to be. */
export function layOut(columns: readonly Column[], width?: number): Table {
  const leftOut: string[] = []
  let kept = columns
  while (width !== undefined && totalWidth(kept) > width) {
    const worst = kept.reduce((a, b) => ((b.dispensable ?? 0) > (a.dispensable ?? 0) ? b : a))
    if (worst.dispensable === undefined) break
    leftOut.push(worst.group === undefined ? worst.head : `${worst.group} ${worst.head}`)
    kept = kept.filter((column) => column !== worst)
  }
  if (width !== undefined) kept = narrowNames(kept, totalWidth(kept) - width)
  const groups = groupHeads(kept)
  const widths = columnWidths(kept)
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => pad(cell, { width: widths[i], right: kept[i].right }))
      .join(GAP)
      .trimEnd()
  const heads = [groups, kept.map(({ head }) => head), kept.map(({ unit }) => unit)]
  const style = [dim, bold, dim]
  const shown = heads.flatMap((cells, i) => (cells.some((cell) => cell !== '') ? [style[i](line(cells))] : []))
  const rows = kept[0].cells.map((_, row) => line(kept.map((column) => column.cells[row])))
  return { text: [...shown, ...rows].join('\n'), leftOut }
}

/** Characters of a terminal's line; undefined for a pipe, and for a terminal that was never told its size and says 0. */
export function widthOf({ isTTY, columns }: Pick<NodeJS.WriteStream, 'isTTY' | 'columns'>): number | undefined {
  return isTTY && columns > 0 ? columns : undefined
}

/** Prints a table to the terminal's width, or in full into a pipe, and says which columns had no room. */
export function printTable(columns: readonly Column[]): void {
  const { text, leftOut } = layOut(columns, widthOf(process.stdout))
  print(text)
  if (leftOut.length > 0) note(`no room for: ${leftOut.join(', ')} (a wider terminal or --json has them)`)
}

/** Takes `excess` characters out of the widest name columns, marking every cell that was cut. */
function narrowNames(columns: readonly Column[], excess: number): readonly Column[] {
  if (excess <= 0) return columns
  const widest = columns.filter((column) => !column.right).sort((a, b) => columnWidth(b) - columnWidth(a))[0]
  if (widest === undefined) return columns
  const target = Math.max(MINIMUM_NAME_WIDTH, columnWidth(widest) - excess)
  const cells = widest.cells.map((cell) => cutMiddle(cell, target))
  return columns.map((column) => (column === widest ? { ...column, cells } : column))
}

/** Both ends of a name tell more than its middle. */
function cutMiddle(text: string, width: number): string {
  const characters = [...text]
  if (characters.length <= width) return text
  const tail = Math.floor((width - 1) / 2)
  return [...characters.slice(0, width - 1 - tail), CUT, ...characters.slice(characters.length - tail)].join('')
}

function columnWidth(column: Column): number {
  return [column.head, column.unit, ...column.cells].reduce((most, cell) => Math.max(most, [...cell].length), 0)
}

function groupHeads(columns: readonly Column[]): string[] {
  return columns.map(({ group = '' }, i) => (group === columns[i - 1]?.group ? '' : group))
}

function columnWidths(columns: readonly Column[]): number[] {
  const groups = groupHeads(columns)
  return columns.map((column, i) => Math.max(columnWidth(column), groups[i].length))
}

function totalWidth(columns: readonly Column[]): number {
  return columnWidths(columns).reduce((sum, width) => sum + width, GAP.length * (columns.length - 1))
}

function pad(text: string, to: { readonly width: number; readonly right: boolean }): string {
  const blank = ' '.repeat(Math.max(0, to.width - [...text].length))
  return to.right ? blank + text : text + blank
}

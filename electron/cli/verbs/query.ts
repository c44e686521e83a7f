/**
 * `faultline query`: one SQL statement over a file, read-only, in a process that can be killed. The tables are those of
 * the documentation, section `.faultline` files; `event` is there too, although raw events are not stored as rows.
 */

import { ApiError } from '#shared/base/errors.ts'
import type { QueryResult } from '#shared/contract/methods.ts'
import { flag, json } from '../options.ts'
import { note, plural, print, printable, printJson, printTable, type Column } from '../output.ts'
import { UNKNOWN } from '#shared/base/time.ts'
import { verb } from './verb.ts'

export const query = verb({
  id: 'query',
  about: 'run one read-only SQL statement over a file',
  args: [
    { name: '<F>', about: 'a .faultline file' },
    { name: '<SQL>', about: 'the statement' },
  ],
  options: { json, csv: flag('print CSV with a header line') },
  async run(session, [path, sql], options) {
    if (options.json && options.csv) throw new ApiError('bad-request', '--json and --csv exclude each other')
    const { file } = await session.openFile(path)
    const { columns, rows, truncated } = await session.call('query.run', { file, sql }).catch(asBadInput)
    if (options.json) printJson({ columns, rows, truncated })
    else if (options.csv) print(csvText([columns, ...rows], process.stdout.isTTY))
    else if (columns.length > 0) printTable(tableColumns(columns, rows))
    if (truncated)
      note(`there are more rows: only the first ${plural(rows.length, 'row')} came back; add LIMIT or a narrower WHERE`)
    return 0
  },
})

/** A statement that cannot run is bad input (exit 1), not a wrong way to call the verb. */
function asBadInput(error: unknown): never {
  if (error instanceof ApiError && error.code === 'bad-request')
    throw new ApiError('bad-input', error.message, error.hint)
  throw error
}

type Cell = QueryResult['rows'][number][number]

function tableColumns(columns: readonly string[], rows: QueryResult['rows']): Column[] {
  return columns.map((head, i) => {
    const cells = rows.map((row) => row[i])
    const right = cells.some((cell) => typeof cell === 'number') && cells.every((cell) => typeof cell !== 'string')
    return {
      head: printable(head),
      unit: '',
      right,
      cells: cells.map((cell) => (cell === null ? UNKNOWN : printable(String(cell)))),
    }
  })
}

/** Exact for a pipe or a file; a terminal would act on what is in it. The last line's end is printed with it. */
export function csvText(rows: readonly (readonly Cell[])[], terminal: boolean): string {
  const lines = rows.map(csvLine)
  return terminal ? lines.map(printable).join('\n') : lines.map((line) => `${line}\r`).join('\n')
}

/** RFC 4180: quotes only where needed; NULL is an empty field. */
export function csvLine(cells: readonly Cell[]): string {
  return cells
    .map((cell) => {
      const text = cell === null ? '' : String(cell)
      return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
    })
    .join(',')
}

/** Formats and the SQL schema as pages. The schema is that of a file made now; the words are the window's. */

import { SCHEMA_WORDS, TABLE_ORDER } from '#shared/contract/schema-words.ts'
import { EXPORT_FORMATS } from '#shared/contract/export-formats.ts'
import type { AppInfo } from '#shared/contract/methods.ts'
import { code, escaped, page, table } from './markdown.ts'

export function formatsPage({ formats }: AppInfo): string {
  const written: readonly string[] = EXPORT_FORMATS
  return page('Formats', 'the registry of formats', [
    'A format is recognised by its content, compressed (gzip, zstd) or not, from a file, standard input or a drop.',
    '## Read',
    table(
      ['id', 'what', 'usual endings', 'written too'],
      formats.map(({ id, title, extensions }) => [
        code(id),
        escaped(title),
        extensions.map((ending) => code(`.${ending}`)).join(' '),
        written.includes(id) ? 'yes' : '',
      ]),
    ),
    '## Written',
    written.map((id) => `- ${code(id)}`).join('\n'),
  ])
}

export interface ColumnInfo {
  readonly table: string
  readonly column: string
  readonly type: string
}

export function schemaPage(columns: readonly ColumnInfo[]): string {
  const known = (name: string): readonly ColumnInfo[] => {
    const found = columns.filter((column) => column.table === name)
    // `event` is a view of Faultline's own over compressed chunks: no table of the file has its columns.
    const words = Object.keys(SCHEMA_WORDS[name]?.columns ?? {})
    return found.length > 0 ? found : words.map((column) => ({ table: name, column, type: '' }))
  }
  return page('Tables of a .faultline file', 'migrations/ and the words the SQL page shows', [
    'A file is SQLite: any client reads it. Times are integer nanoseconds since the trace’s start.',
    ...TABLE_ORDER.map((name) =>
      [
        `## ${name}`,
        escaped(SCHEMA_WORDS[name]?.about ?? ''),
        table(
          ['column', 'type', ''],
          known(name).map(({ column, type }) => [
            code(column),
            type.toLowerCase(),
            escaped(SCHEMA_WORDS[name]?.columns[column] ?? ''),
          ]),
        ),
      ].join('\n\n'),
    ),
  ])
}

/**
 * A table as Parquet: rows in groups of a fixed number, so that a table of any size is written in the memory of one group.
 * Columns keep SQL's types: whole numbers are INT64, other numbers DOUBLE, words UTF-8 text, and all may be null. A column
 * whose type SQL does not declare (computed ones) has the type of its first values; text where those differ.
 */

import { setImmediate } from 'node:timers/promises'
import { ByteWriter, ParquetWriter, type SchemaElement } from 'hyparquet-writer'
import { ApiError } from '#shared/base/errors.ts'
import { uniqueNames } from '#shared/base/unique-names.ts'
import type { Db } from '../store/open.ts'
import { selectRows, type ExportOptions } from './export-tables.ts'
import type { FileOut } from './file-out.ts'
import type { Cell } from './text-rows.ts'

/** Rows of a row group. */
const GROUP = 65_536

type Kind = 'integer' | 'real' | 'text'

export async function writeParquet(db: Db, options: ExportOptions, file: FileOut): Promise<number> {
  const { sql, params } = selectRows(options)
  const statement = db.prepare(sql).raw(true).safeIntegers(true)
  const columns = statement.columns()
  const names = uniqueNames(columns.map(({ name }) => name))
  let writer: ParquetWriter | undefined
  let kinds: readonly Kind[] = []
  let group: Cell[][] = []
  let rows = 0
  const bytes = new ByteWriter()
  const flush = () => {
    kinds = kinds.length > 0 ? kinds : columns.map(({ type }, i) => kindOf(type, group, i))
    writer ??= new ParquetWriter({ writer: bytes, schema: schemaOf(names, kinds), createdBy: 'Faultline' })
    const columnData = names.map((name, i) => ({ name, data: group.map((row) => cellOf(row[i], kinds[i])) }))
    if (group.length > 0) void writer.write({ columnData, rowGroupSize: GROUP })
    file.write(bytes.getBytes())
    bytes.index = 0
    group = []
  }
  for (const row of statement.iterate(params) as Iterable<Cell[]>) {
    rows++
    if (group.push(row) < GROUP) continue
    flush()
    options.onProgress(file.progress(rows))
    // Lets the message "cancel" in.
    await setImmediate()
    if (options.signal.aborted) throw new ApiError('cancelled', 'the export was cancelled')
  }
  flush()
  void writer?.finish()
  file.write(bytes.getBytes())
  return rows
}

function schemaOf(names: readonly string[], kinds: readonly Kind[]): SchemaElement[] {
  const leaves = names.map((name, i): SchemaElement => {
    if (kinds[i] === 'text') return { name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' }
    return { name, type: kinds[i] === 'integer' ? 'INT64' : 'DOUBLE', repetition_type: 'OPTIONAL' }
  })
  return [{ name: 'root', num_children: leaves.length }, ...leaves]
}

function kindOf(declared: string | null, group: readonly (readonly Cell[])[], column: number): Kind {
  if (declared === 'INTEGER') return 'integer'
  if (declared === 'REAL') return 'real'
  if (declared === 'TEXT' || declared === 'BLOB') return 'text'
  const kinds = new Set(
    group.flatMap((row): Kind[] => {
      const cell = row[column]
      if (cell === null) return []
      return [typeof cell === 'bigint' ? 'integer' : typeof cell === 'number' ? 'real' : 'text']
    }),
  )
  return kinds.size === 1 ? [...kinds][0] : 'text'
}

function cellOf(cell: Cell, kind: Kind): bigint | number | string | null {
  if (cell === null) return null
  const value = cell instanceof Uint8Array ? Buffer.from(cell).toString('hex') : cell
  if (kind === 'text') return String(value)
  if (kind === 'real') return Number(value)
  return typeof value === 'bigint' ? value : null
}

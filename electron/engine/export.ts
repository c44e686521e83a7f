/**
 * The export job: rows of any table as CSV or NDJSON, a trace in a format of other programs (export-trace.ts), or the whole
 * file as `.faultline`. It streams, so the table may be larger than memory, and it writes beside the target and renames, so
 * a cancelled export leaves nothing.
 */

import { constants, copyFileSync, statSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { ApiError } from '#shared/base/errors.ts'
import { cutFile } from '../store/cut.ts'
import { explain, sqliteCode } from '../store/database.ts'
import { Draft, refuseExisting, refuseSource } from '../store/draft.ts'
import { openFile, traceIds, type Db } from '../store/open.ts'
import { isWritten, writeTrace } from './export-trace.ts'
import { FileOut } from './file-out.ts'
import { selectRows, type ExportFormat, type ExportOptions } from './export-tables.ts'
import { rowText, type Cell } from './text-rows.ts'

/** Text gathered before it is written. */
const WRITE_CHARS = 256 * 1024
/** Rows between two looks at the signal. */
const LOOK_EVERY = 4096

export async function exportJob(options: ExportOptions): Promise<{ readonly rows: number | null }> {
  if (!options.force) refuseExisting(options.out)
  refuseSource(options.out, [options.path])
  const db = openFile(options.path)
  const draft = new Draft(options.out)
  try {
    const rows = await (options.format === 'faultline'
      ? copyFile(db, options, draft.path)
      : intoFile(draft.path, async (file) => (await writerOf(options.format))(db, options, file)))
    draft.commit({ force: options.force })
    return { rows }
  } catch (error) {
    draft.discard()
    throw explain(error, sqliteCode(error) === undefined ? options.out : options.path)
  } finally {
    db.close()
  }
}

/** Everything is a copy of the file, which is never written while it is open here; a part of it is cut out. */
async function copyFile(db: Db, options: ExportOptions, to: string): Promise<number | null> {
  const { trace, fromNs, toNs, signal, onProgress } = options
  const started = performance.now()
  const ids = traceIds(db)
  if (trace !== undefined && !ids.includes(trace)) {
    throw new ApiError('not-found', `there is no trace ${trace} in this file`, 'see which there are: faultline info')
  }
  const elapsedMs = () => Math.round(performance.now() - started)
  const onRows = (done: number) =>
    onProgress({ stage: 'writing', done, total: null, unit: 'rows', events: null, elapsedMs: elapsedMs() })
  const whole = fromNs === undefined && toNs === undefined && (trace === undefined || ids.length === 1)
  let rows: number | null = null
  if (!whole) {
    rows = await cutFile(db, to, { traceIds: trace === undefined ? ids : [trace], fromNs, toNs, signal, onRows })
  } else {
    copyFileSync(options.path, to, constants.COPYFILE_FICLONE)
    const { size } = statSync(to)
    onProgress({ stage: 'writing', done: size, total: size, unit: 'bytes', events: null, elapsedMs: elapsedMs() })
  }
  if (options.rawEvents !== true) return rows
  return (await import('./export-raw-events.ts')).addRawEvents(to, { signal, onRows })
}

type Writer = (db: Db, options: ExportOptions, file: FileOut) => Promise<number>

/** Parquet and the report are loaded by who wants them. */
async function writerOf(format: ExportFormat): Promise<Writer> {
  if (isWritten(format)) return writeTrace
  if (format === 'parquet') return (await import('./export-parquet.ts')).writeParquet
  return format === 'html' ? (await import('./export-html.ts')).writeHtml : writeRows
}

async function intoFile(path: string, write: (file: FileOut) => Promise<number>): Promise<number> {
  const file = new FileOut(path)
  try {
    return await write(file)
  } finally {
    file.close()
  }
}

async function writeRows(db: Db, options: ExportOptions, file: FileOut): Promise<number> {
  const { sql, params } = selectRows(options)
  const statement = db.prepare(sql).raw(true).safeIntegers(true)
  const columns = statement.columns().map(({ name }) => name)
  const { head, line } = rowText(options.format === 'csv' ? 'csv' : 'ndjson', columns)
  let text = head
  let rows = 0
  for (const row of statement.iterate(params) as Iterable<Cell[]>) {
    text += line(row)
    rows++
    if (text.length >= WRITE_CHARS) {
      file.write(Buffer.from(text))
      text = ''
    }
    if (rows % LOOK_EVERY === 0) {
      options.onProgress(file.progress(rows))
      // Lets the message "cancel" in.
      await setImmediate()
      if (options.signal.aborted) throw new ApiError('cancelled', 'the export was cancelled')
    }
  }
  file.write(Buffer.from(text))
  return rows
}

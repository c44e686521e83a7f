/**
 * `faultline export`: a table of a trace as CSV, NDJSON or Parquet, or the trace (or a part of its time) in a format of
 * other programs, as a report or as a `.faultline` file of its own, into a file or to standard output. It is always written
 * to a file first and renamed or passed on when complete: an export that fails half-way has printed nothing.
 */

import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ApiError } from '#shared/base/errors.ts'
import { EXPORT_FORMATS, EXPORT_ROWS, TABLE_FORMATS } from '#shared/contract/export-formats.ts'
import { EXPORT_TABLES } from '#shared/contract/methods.ts'
import { tempFolder } from '../../store/temp-folder.ts'
import { choice, flag, force, from, refuse, text, to, traceId, windowOf } from '../options.ts'
import { note, plural, printable } from '../output.ts'
import { verb } from './verb.ts'

/** Formats a terminal cannot show. */
const BINARY: ReadonlySet<string> = new Set(['faultline', 'perfetto', 'parquet'])

export const exportTable = verb({
  id: 'export',
  about: 'write a table, or a trace as ftrace text, Chrome JSON, Perfetto, a report or a .faultline file',
  args: [{ name: '<F>', about: 'a .faultline file' }],
  options: {
    format: choice({ what: '--format', of: EXPORT_FORMATS, fallback: undefined, about: 'what to write (required)' }),
    table: choice({ what: '--table', of: EXPORT_TABLES, fallback: 'lock_span', about: 'for csv, ndjson and parquet' }),
    'raw-events': flag('for faultline: raw events as rows too, for other SQLite clients'),
    out: text('FILE', 'where to write; - is standard output (default)'),
    from,
    to,
    trace: traceId,
    force,
  },
  async run(session, [path], options, given) {
    const { format, 'raw-events': rawEvents } = options
    const out = options.out === '-' ? undefined : options.out
    if (format === undefined) {
      throw new ApiError('bad-request', '--format is missing', `known: ${EXPORT_FORMATS.join(', ')}`)
    }
    if (out === undefined && BINARY.has(format) && process.stdout.isTTY) {
      throw new ApiError('bad-request', `${format} is no text for a terminal`, 'name a file with --out')
    }
    refuseIdle(format, given)
    const table = TABLE_FORMATS.includes(format) ? options.table : undefined
    const range = windowOf(options)
    const { file, trace } = await session.openTrace(path, options.trace)
    const write = (to: string, replace: boolean) =>
      session.call('export.run', { file, trace: trace.id, format, table, rawEvents, ...range, out: to, force: replace })
    if (out !== undefined) {
      const { rows } = await write(resolve(out), options.force)
      const [one, many] = EXPORT_ROWS[format] ?? []
      note(printable(rows === null || one === undefined ? `${out}: written` : `${out}: ${plural(rows, one, many)}`))
      return 0
    }
    const folder = tempFolder('export')
    try {
      const whole = join(folder, `export.${format}`)
      await write(whole, false)
      const bytes = createReadStream(whole)
      const passed = { end: false, signal: session.signal }
      if (process.stdout.isTTY) await pipeline(bytes, shownLines, process.stdout, passed)
      else await pipeline(bytes, process.stdout, passed)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
    return 0
  },
})

function refuseIdle(format: (typeof EXPORT_FORMATS)[number], given: ReadonlySet<string>): void {
  if (format !== 'faultline') {
    const hint = TABLE_FORMATS.includes(format) ? '--table event has them' : 'other formats have the raw events anyway'
    refuse(given, ['raw-events'], 'is for --format faultline', hint)
  }
  if (!TABLE_FORMATS.includes(format)) {
    const hint = `${format} is of the whole trace: leave it out`
    refuse(given, ['table'], `is for --format ${TABLE_FORMATS.join(', ')}`, hint)
  }
}

/** The lines of a text as a terminal may have them. */
async function* shownLines(text: Readable): AsyncGenerator<string> {
  for await (const line of createInterface(text)) yield `${printable(line)}\n`
}

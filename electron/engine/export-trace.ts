/**
 * A whole trace, or a part of its time, in a format of other programs: the writers of shared/export over a stored trace.
 * Bytes go to the file as they come, so neither the trace nor its text is ever in memory as a whole.
 */

import { setImmediate } from 'node:timers/promises'
import { waitEnds } from '#shared/analysis/parts/wait-ends.ts'
import { writeChromeJson } from '#shared/export/chrome-json.ts'
import { writeFtraceText } from '#shared/export/ftrace-text.ts'
import { ByteOut } from '#shared/export/out.ts'
import type { Exported, TraceWriter } from '#shared/export/writer.ts'
import { writePerfetto } from '#shared/export/perfetto.ts'
import { ApiError } from '#shared/base/errors.ts'
import type { EventChunk, Trace } from '#shared/model/trace.ts'
import { damaged } from '../store/codec.ts'
import { readChunks, type EventRange } from '../store/event-chunks.ts'
import { loadTrace } from '../store/load.ts'
import { traceIds, type Db } from '../store/open.ts'
import type { ExportOptions } from './export-tables.ts'
import type { FileOut } from './file-out.ts'

const traceWriters = {
  ftrace: writeFtraceText,
  'chrome-json': writeChromeJson,
  perfetto: writePerfetto,
} as const satisfies Readonly<Record<string, TraceWriter>>
export type WrittenFormat = keyof typeof traceWriters

export function isWritten(format: string): format is WrittenFormat {
  return Object.hasOwn(traceWriters, format)
}

/** Bytes gathered before they are written. */
const WRITE_BYTES = 256 * 1024

/** Returns how many rows (events and spans) were written. */
export async function writeTrace(db: Db, options: ExportOptions, file: FileOut): Promise<number> {
  const { format, signal } = options
  if (!isWritten(format)) throw new ApiError('bad-request', `${format} is no format of a whole trace`)
  const out = new ByteOut()
  let rows = 0
  for (const step of traceWriters[format](exported(db, options), out)) {
    rows += step
    if (out.length >= WRITE_BYTES) file.write(out.take())
    options.onProgress(file.progress(rows))
    // Lets the message "cancel" in.
    await setImmediate()
    if (signal.aborted) throw new ApiError('cancelled', 'the export was cancelled')
  }
  file.write(out.take())
  return rows
}

function exported(db: Db, { trace: asked, fromNs, toNs }: ExportOptions): Exported {
  const id = asked ?? traceIds(db).at(0)
  if (id === undefined) throw new ApiError('not-found', 'there is no trace in this file')
  const window = { from: fromNs ?? 0, to: toNs ?? Infinity }
  const trace = loadTrace(db, id)
  const { from, to } = window
  const range = { traceId: id, fromNs: from, ...(to === Infinity ? {} : { toNs: to }) }
  return { trace, events: () => chunks(db, range, trace), window, waitEnds: waitEnds(trace) }
}

function* chunks(db: Db, range: EventRange, { tasks, eventNames }: Trace): Generator<EventChunk> {
  for (const { id, chunk } of readChunks(db, range)) {
    for (let i = 0; i < chunk.length; i++) {
      if (chunk.name[i] >= eventNames.length || chunk.task[i] >= tasks.length)
        throw damaged(`event chunk ${id}`, 'an event names no task or name of the trace')
    }
    yield chunk
  }
}

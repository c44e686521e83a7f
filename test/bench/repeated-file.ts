/**
 * Large stored traces for benchmarks: one file's trace written again and again, each time later, events and spans alike.
 * Real names, real mixes, real nesting; only the repetition is made up. It skips parsing, which other benchmarks measure.
 */

import { allocate, type AnyColumn, type Schema } from '#shared/base/columns.ts'
import { limits } from '#shared/base/limits.ts'
import { timeColumns } from '#shared/model/collect.ts'
import { SPAN_TABLES, spanSchemas, type SpanBatch, type SpanTable, type Trace } from '#shared/model/trace.ts'
import { readChunks } from '#electron/store/event-chunks.ts'
import { loadTrace } from '#electron/store/load.ts'
import { NewFile } from '#electron/store/new-file.ts'
import { openFile } from '#electron/store/open.ts'
import { TraceWriter } from '#electron/store/writer.ts'

/** Columns that name rows of another table. */
const REFERENCES: Readonly<Partial<Record<SpanTable, Readonly<Record<string, SpanTable>>>>> = {
  phase: { op: 'op' },
  lockSpan: { op: 'op' },
  waitEdge: { waiter: 'lockSpan', holder: 'lockSpan' },
}

/** Writes trace 1 of `from` to the new file `to` until it has at least `events` events; returns how many. */
export function repeatFile(from: string, to: string, events: number): number {
  const db = openFile(from)
  const file = new NewFile(to)
  try {
    const trace = loadTrace(db, 1)
    const writer = new TraceWriter(file)
    writer.begin(trace)
    const copies = Math.max(1, Math.ceil(events / trace.meta.eventCount))
    const period = trace.meta.durationNs + 1000
    for (let copy = 0; copy < copies; copy++) {
      const by = copy * period
      for (const { chunk } of readChunks(db, { traceId: 1 })) {
        writer.events({ ...chunk, ts0: chunk.ts0 + by, ts1: chunk.ts1 + by, ts: chunk.ts.map((ts) => ts + by) })
      }
      for (const table of SPAN_TABLES) for (const batch of batches(trace, table, { copy, by })) writer.spans(batch)
    }
    const { meta, rate } = trace
    const { tasks, lockClasses, locks, inodes, eventNames, opKinds, phaseNames, stacks, diagnostics } = trace
    writer.end({
      ...{ tasks, lockClasses, locks, inodes, eventNames, opKinds, phaseNames, stacks, diagnostics },
      meta: { ...meta, durationNs: period * copies - 1000, eventCount: meta.eventCount * copies },
      rate: { bucketNs: rate.bucketNs * copies, counts: rate.counts.map((count) => count * copies) },
      eventCounts: trace.eventCounts.map((count) => count * copies),
      shiftNs: 0,
      rows: Object.fromEntries(SPAN_TABLES.map((table) => [table, trace[table].length * copies])) as Record<
        SpanTable,
        number
      >,
    })
    file.finish()
    return meta.eventCount * copies
  } finally {
    file.close()
    db.close()
  }
}

function* batches(trace: Trace, table: SpanTable, { copy, by }: { copy: number; by: number }): Generator<SpanBatch> {
  const schema: Schema = spanSchemas[table]
  const from = trace[table].cols as Readonly<Record<string, AnyColumn>>
  const { length } = trace[table]
  const times: readonly string[] = timeColumns[table]
  for (let at = 0; at < length; at += limits.spansPerBatch) {
    const size = Math.min(limits.spansPerBatch, length - at)
    const cols = allocate(schema, size)
    for (const name of Object.keys(schema)) {
      const target = REFERENCES[table]?.[name]
      const add = times.includes(name) ? by : target === undefined ? 0 : copy * trace[target].length
      for (let i = 0; i < size; i++) {
        const value = from[name][at + i]
        cols[name][i] = value === -1 ? -1 : value + add
      }
    }
    const ids = Uint32Array.from({ length: size }, (_, i) => copy * length + at + i)
    yield { table, ids, rows: { length: size, cols } } as unknown as SpanBatch
  }
}

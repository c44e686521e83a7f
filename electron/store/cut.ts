/**
 * Copies traces of one file into a new one, whole or cut to a part of the time: what overlaps [from, to) is taken as it
 * is, times and the trace's start included, so that a finding at 12.3 s is at 12.3 s in the cut. Spans get new ids, and
 * what pointed at a span outside points at nothing. Tasks, locks and words stay, used or not. What told that the end of a wait went
 * unseen may be outside, so the wait says it itself.
 */

import { setImmediate } from 'node:timers/promises'
import { allocate, type AnyColumn, type Columns, type Schema } from '#shared/base/columns.ts'
import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import { waitEnds } from '#shared/analysis/parts/wait-ends.ts'
import { SPAN_CONTENDED, SPAN_HOLD_KNOWN } from '#shared/model/kinds.ts'
import {
  SPAN_TABLES,
  spanSchemas,
  type Annotation,
  type EventChunk,
  type Ns,
  type SpanBatch,
  type SpanTable,
  type Trace,
} from '#shared/model/trace.ts'
import { connect, type Db } from './database.ts'
import { readChunks } from './event-chunks.ts'
import { loadTrace, loadUnnamed } from './load.ts'
import { lockNames } from './lock-names.ts'
import { NewFile } from './new-file.ts'
import { TraceWriter } from './writer.ts'

export interface CutOptions {
  readonly traceIds: readonly number[]
  readonly fromNs?: Ns | undefined
  readonly toNs?: Ns | undefined
  readonly signal?: AbortSignal | undefined
  /** Called now and then with the events and spans copied so far. */
  readonly onRows?: ((rows: number) => void) | undefined
}

interface Window {
  readonly from: Ns
  readonly to: Ns
}

/** Write the traces to the new file at `path`; returns how many events and spans it has. */
export async function cutFile(db: Db, path: string, options: CutOptions): Promise<number> {
  const window = { from: options.fromNs ?? -Infinity, to: options.toNs ?? Infinity }
  const file = new NewFile(path)
  let rows = 0
  try {
    for (const id of options.traceIds) {
      for (const copied of cutTrace(db, loadUnnamed(db, id), { id, writer: new TraceWriter(file), window })) {
        rows += copied
        options.onRows?.(rows)
        await setImmediate()
        if (options.signal?.aborted === true) throw new ApiError('cancelled', 'the export was cancelled')
      }
    }
    file.finish()
  } finally {
    file.close()
  }
  copyNames(db, path, options.traceIds)
  return rows
}

/** What people call the locks stays something that can be taken back. */
function copyNames(db: Db, path: string, traceIds: readonly number[]): void {
  const names = traceIds.map((id) => lockNames(db, id))
  if (names.every(({ length }) => length === 0)) return
  const to = connect(path, { readonly: false, mustExist: true })
  try {
    const insert = to.prepare('INSERT INTO lock_name (trace_id, address, name) VALUES (?, ?, ?)')
    names.forEach((list, i) => {
      for (const { address, name } of list) insert.run(i + 1, address, name)
    })
  } finally {
    to.close()
  }
}

/** A whole trace into another file, piece by piece; yields how many rows each piece had. */
export function copyTrace(db: Db, id: number, writer: TraceWriter): Generator<number> {
  return cutTrace(db, loadTrace(db, id), { id, writer, window: { from: -Infinity, to: Infinity } })
}

interface Into {
  readonly id: number
  readonly writer: TraceWriter
  readonly window: Window
}

/** Copies piece by piece; yields how many rows each piece had. */
function* cutTrace(db: Db, trace: Trace, { id, writer, window }: Into): Generator<number> {
  writer.begin(trace)
  const eventCounts = trace.eventNames.map(() => 0)
  const counts = new Uint32Array(trace.rate.counts.length)
  let eventCount = 0
  for (const { chunk: whole } of readChunks(db, { traceId: id, fromNs: window.from, toNs: window.to })) {
    const chunk = cutChunk(whole, window)
    if (chunk === undefined) continue
    for (const name of chunk.name) eventCounts[name]++
    for (const ts of chunk.ts) counts[Math.min(counts.length - 1, Math.floor(ts / trace.rate.bucketNs))]++
    eventCount += chunk.length
    writer.events(chunk)
    yield chunk.length
  }
  const kept = Object.fromEntries(SPAN_TABLES.map((table) => [table, keep(trace, table, window)])) as Kept
  // An edge is kept with both its ends.
  kept.waitEdge = kept.waitEdge.filter(
    (row) =>
      newIds(kept.lockSpan, trace.waitEdge.cols.waiter[row]) >= 0 &&
      newIds(kept.lockSpan, trace.waitEdge.cols.holder[row]) >= 0,
  )
  const limited = window.from !== -Infinity || window.to !== Infinity
  const told = limited ? { ...trace, lockSpan: withUnseenEnds(trace) } : trace
  for (const table of SPAN_TABLES) {
    for (const batch of batches(told, table, kept)) {
      writer.spans(batch)
      yield batch.ids.length
    }
  }
  const rows = Object.fromEntries(SPAN_TABLES.map((table) => [table, kept[table].length])) as Record<SpanTable, number>
  const { tasks, lockClasses, locks, inodes, eventNames, opKinds, phaseNames, stacks, diagnostics } = trace
  writer.end({
    ...extrasIn(trace, kept),
    annotations: notesIn(db, id, window),
    ...{ tasks, lockClasses, locks, inodes, eventNames, eventCounts, opKinds, phaseNames, stacks, diagnostics, rows },
    meta: { ...trace.meta, eventCount },
    rate: { bucketNs: trace.rate.bucketNs, counts },
    shiftNs: 0,
  })
}

/** Stacks of the lock spans that stay; tables and reports are of the whole trace and stay whole. */
function extrasIn({ extras }: Trace, kept: Kept): Pick<Trace, 'extras'> {
  if (extras?.spanStacks === undefined) return extras === undefined ? {} : { extras }
  const { span, stack } = extras.spanStacks
  const stays = span.map((row) => newIds(kept.lockSpan, row) + 1)
  const rows = stays.filter((id) => id > 0).map((id) => id - 1)
  return { extras: { ...extras, spanStacks: { span: rows, stack: stack.filter((_, i) => stays[i] > 0) } } }
}

/** Marks and notes that stand in the window, or begin or end in it. */
function notesIn(db: Db, traceId: number, { from, to }: Window): Annotation[] {
  const rows = db
    .prepare('SELECT kind, start_ns, end_ns, text FROM annotation WHERE trace_id = ? ORDER BY id')
    .all(traceId) as { kind: string; start_ns: number; end_ns: number | null; text: string }[]
  return rows
    .filter(({ start_ns, end_ns }) => start_ns < to && (start_ns >= from || (end_ns ?? start_ns) > from))
    .map(({ kind, start_ns, end_ns, text }) => ({ kind, startNs: start_ns, endNs: end_ns ?? undefined, text }))
}

/** Old row numbers that stay, ascending: the place in the list is the new id. */
type Kept = Record<SpanTable, Uint32Array>

/** The new id of an old row, -1 if it did not stay. */
function newIds(kept: Uint32Array, row: number): number {
  let low = 0
  let high = kept.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (kept[middle] < row) low = middle + 1
    else high = middle
  }
  return kept[low] === row ? low : -1
}

function keep(trace: Trace, table: SpanTable, { from, to }: Window): Uint32Array {
  const overlaps = (start: Ns, end: Ns) => start < to && (start >= from || !(end <= from))
  const rows: number[] = []
  const { length } = trace[table]
  for (let row = 0; row < length; row++) {
    const [start, end] =
      table === 'waitEdge' ? [0, NaN] : table === 'lockSpan' ? extent(trace, row) : bounds(trace[table].cols, row)
    if (table === 'waitEdge' || overlaps(start, end)) rows.push(row)
  }
  return Uint32Array.from(rows)
}

/** NaN as an end: it lasts. */
function bounds(cols: Readonly<{ startNs: Float64Array; durationNs: Float64Array }>, row: number): [Ns, Ns] {
  return [cols.startNs[row], cols.startNs[row] + cols.durationNs[row]]
}

/**
 * From the first to the last known moment; a lock whose release was not seen is still held, and one that was not seen to be got is
 * still waited for. Without any it may be anywhere.
 */
function extent(trace: Trace, row: number): [Ns, Ns] {
  const { cols } = trace.lockSpan
  const known = [cols.requestedNs[row], cols.acquiredNs[row], cols.releasedNs[row]].filter((at) => !Number.isNaN(at))
  if (known.length === 0) return [-Infinity, NaN]
  const held = Number.isNaN(cols.releasedNs[row]) && (cols.flags[row] & SPAN_HOLD_KNOWN) !== 0
  return [known[0], held || isUnended(trace, row) ? NaN : known[known.length - 1]]
}

/** A wait of which neither getting the lock nor giving up is in the trace. */
function isUnended({ lockSpan: { cols } }: Trace, row: number): boolean {
  const { flags, acquiredNs, releasedNs } = cols
  return (flags[row] & SPAN_CONTENDED) !== 0 && Number.isNaN(acquiredNs[row]) && Number.isNaN(releasedNs[row])
}

/** The lock spans; of a wait whose end went unseen the release is when it was asked for, which says so (migrations/README.md). */
function withUnseenEnds(trace: Trace): Trace['lockSpan'] {
  const { length, cols } = trace.lockSpan
  const ends = waitEnds(trace)
  const unseen = (row: number) => isUnended(trace, row) && Number.isNaN(ends[row])
  const releasedNs = cols.releasedNs.map((at, row) => (unseen(row) ? cols.requestedNs[row] : at))
  return { length, cols: { ...cols, releasedNs } }
}

function* batches(trace: Trace, table: SpanTable, kept: Kept): Generator<SpanBatch> {
  const schema: Schema = spanSchemas[table]
  const from = trace[table].cols as Readonly<Record<string, AnyColumn>>
  const rows = kept[table]
  for (let at = 0; at < rows.length; at += limits.spansPerBatch) {
    const part = rows.subarray(at, at + limits.spansPerBatch)
    const cols = allocate(schema, part.length)
    for (const name of Object.keys(schema)) {
      const target = references[table]?.[name]
      for (let i = 0; i < part.length; i++) {
        const value = from[name][part[i]]
        cols[name][i] = target === undefined || value === -1 ? value : newIds(kept[target], value)
      }
    }
    const batch: { table: SpanTable; ids: Uint32Array; rows: Columns<Schema> } = {
      table,
      ids: Uint32Array.from(part, (_, i) => at + i),
      rows: { length: part.length, cols },
    }
    yield batch as unknown as SpanBatch
  }
}

/** Columns that name rows of other span tables. */
const references: Readonly<Partial<Record<SpanTable, Readonly<Record<string, SpanTable>>>>> = {
  phase: { op: 'op' },
  lockSpan: { op: 'op' },
  waitEdge: { waiter: 'lockSpan', holder: 'lockSpan' },
}

function cutChunk(chunk: EventChunk, { from, to }: Window): EventChunk | undefined {
  if (chunk.ts0 >= from && chunk.ts1 < to) return chunk
  const rows: number[] = []
  for (let i = 0; i < chunk.length; i++) if (chunk.ts[i] >= from && chunk.ts[i] < to) rows.push(i)
  if (rows.length === 0) return undefined
  const start = (row: number) => (row === 0 ? 0 : chunk.argsEnd[row - 1])
  const argsEnd = new Uint32Array(rows.length)
  let bytes = 0
  rows.forEach((row, i) => (argsEnd[i] = bytes += chunk.argsEnd[row] - start(row)))
  const args = new Uint8Array(bytes)
  rows.forEach((row, i) => args.set(chunk.args.subarray(start(row), chunk.argsEnd[row]), i === 0 ? 0 : argsEnd[i - 1]))
  const { flags } = chunk
  const ts = Float64Array.from(rows, (row) => chunk.ts[row])
  return {
    length: rows.length,
    ts0: ts.reduce((least, at) => Math.min(least, at)),
    ts1: ts.reduce((most, at) => Math.max(most, at)),
    ts,
    cpu: Int32Array.from(rows, (row) => chunk.cpu[row]),
    task: Uint32Array.from(rows, (row) => chunk.task[row]),
    name: Uint16Array.from(rows, (row) => chunk.name[row]),
    stack: Int32Array.from(rows, (row) => chunk.stack[row]),
    ...(flags === undefined ? {} : { flags: Uint8Array.from(rows, (row) => flags[row]) }),
    argsEnd,
    args,
  }
}

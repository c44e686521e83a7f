/**
 * The last part of writing a trace: what is only known when all of it was read. Tasks, locks and classes as rows anyone
 * can query, vocabularies, event names and stacks, the event rate, diagnostics, and last the `trace` row itself, without
 * which none of the rest counts.
 */

import type { Dictionaries, TraceEnd } from '#shared/model/trace.ts'
import type { Db, Param } from './database.ts'
import { writeExtras } from './extras.ts'
import { Inserter } from './insert.ts'
import type { FirstIds, Part } from './span-rows.ts'

/** Vocabularies of a trace, and the word `vocabulary.kind` has for each. */
export const VOCABULARIES = { opKinds: 'op_kind', phaseNames: 'phase_name', inodes: 'inode' } as const

interface Ending {
  readonly traceId: number
  readonly first: FirstIds
  readonly end: TraceEnd
  readonly rows: ReadonlyMap<Part, number>
}

const TRACE_COLUMNS = (
  'id name source_format clock clock_unit start_clock start_unix_ns duration_ns event_count lost_events kernel machine ' +
  'cpus scenario strategy seed digest parent_trace_id rate_bucket_ns'
).split(' ')

export function writeEnd(db: Db, ending: Ending): void {
  writeDictionaries(db, ending)
  writeTrace(db, ending)
  writeParts(db, ending)
  writeRate(db, ending)
  const { traceId, end } = ending
  writeExtras(db, ending, end.extras)
  insert(db, 'diagnostic', 'trace_id severity code message first_line count', end.diagnostics, (diagnostic) => [
    traceId,
    diagnostic.severity,
    diagnostic.code,
    diagnostic.message,
    diagnostic.firstLine ?? null,
    diagnostic.count,
  ])
  insert(db, 'annotation', 'trace_id kind start_ns end_ns text', end.annotations ?? [], (annotation) => [
    traceId,
    annotation.kind,
    annotation.startNs,
    annotation.endNs ?? null,
    annotation.text,
  ])
}

function insert<T>(
  db: Db,
  table: string,
  columns: string,
  rows: readonly T[],
  row: (value: T, seq: number) => readonly Param[],
): void {
  new Inserter(db, table, columns.split(' ')).rows(rows.length, (i) => row(rows[i], i))
}

function writeDictionaries(db: Db, { traceId, first, end }: Ending): void {
  insert(db, 'task', 'id trace_id pid tgid comm', end.tasks, (task, i) => [
    first.task + i,
    traceId,
    task.pid,
    task.tgid ?? null,
    task.comm,
  ])
  insert(db, 'lock_class', 'id trace_id name kind', end.lockClasses, (lockClass, i) => [
    first.lock_class + i,
    traceId,
    lockClass.name,
    lockClass.kind,
  ])
  insert(db, 'lock', 'id class_id address label inode', end.locks, (lock, i) => [
    first.lock + i,
    first.lock_class + lock.lockClass,
    lock.address ?? null,
    lock.label ?? null,
    lock.inode < 0 ? null : end.inodes[lock.inode],
  ])
  for (const [name, kind] of Object.entries(VOCABULARIES)) {
    const words = end[name as keyof Dictionaries] as readonly string[]
    insert(db, 'vocabulary', 'trace_id kind seq text', words, (text, i) => [traceId, kind, i, text])
  }
  insert(db, 'event_name', 'trace_id seq name n', end.eventNames, (name, i) => [traceId, i, name, end.eventCounts[i]])
  insert(db, 'event_format', 'trace_id name_seq system little format', end.recordFormats ?? [], (format) => [
    traceId,
    format.name,
    format.system,
    format.little ? 1 : 0,
    format.text,
  ])
  insert(db, 'event_stack', 'trace_id seq frames', end.stacks, (frames, i) => [traceId, i, frames])
}

function writeTrace(db: Db, { traceId, end }: Ending): void {
  const { meta } = end
  insert(db, 'trace', TRACE_COLUMNS.join(' '), [meta], () => [
    traceId,
    meta.name,
    meta.sourceFormat,
    meta.clock,
    meta.clockUnit,
    meta.startClock,
    meta.startUnixNs ?? null,
    meta.durationNs,
    meta.eventCount,
    meta.lostEvents ?? null,
    meta.kernel ?? null,
    meta.machine ?? null,
    meta.cpus ?? null,
    meta.scenario ?? null,
    meta.strategy ?? null,
    meta.seed ?? null,
    meta.digest ?? null,
    null,
    end.rate.bucketNs,
  ])
}

function writeParts(db: Db, { traceId, first, rows }: Ending): void {
  insert(db, 'trace_part', 'trace_id part first_id n', [...rows], ([part, n]) => [traceId, part, first[part], n])
}

function writeRate(db: Db, { traceId, end }: Ending): void {
  const counts = Array.from(end.rate.counts)
  insert(db, 'event_rate', 'trace_id start_ns n', counts, (n, i) => [traceId, i * end.rate.bucketNs, n])
}

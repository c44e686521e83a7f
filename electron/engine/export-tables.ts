/**
 * What the tables look like when they are exported: every column of the stored table, and behind them the names its ids
 * stand for, so that a CSV can be read without a second file. Which rows a time range selects is decided here too: rows
 * that overlap [from, to).
 */

import { ApiError } from '#shared/base/errors.ts'
import type { EXPORT_FORMATS } from '#shared/contract/export-formats.ts'
import type { EXPORT_TABLES } from '#shared/contract/methods.ts'
import type { JobContext } from './job-context.ts'
import { stem } from './names.ts'

export type ExportTable = (typeof EXPORT_TABLES)[number]
export type ExportFormat = (typeof EXPORT_FORMATS)[number]

interface TableSql {
  readonly columns: string
  readonly from: string
  /** SQL for the trace a row belongs to. */
  readonly trace?: string
  /** SQL for when a row begins and ends; a missing end is "still going on". Without: the table knows no times. */
  readonly time?: { readonly start: string; readonly end: string }
  readonly order?: string
}

const TASK = 't.comm AS task_comm, t.pid AS task_pid'
const LOCK = 'c.name AS lock_class, l.address AS lock_address, l.label AS lock_label'

export const exportTables: { readonly [T in ExportTable]: TableSql } = {
  trace: { columns: 'x.*', from: 'trace x', trace: 'x.id', order: 'x.id' },
  task: { columns: 'x.*', from: 'task x', trace: 'x.trace_id', order: 'x.id' },
  lock_class: { columns: 'x.*', from: 'lock_class x', trace: 'x.trace_id', order: 'x.id' },
  lock: {
    columns: 'x.*, c.name AS lock_class',
    from: 'lock x JOIN lock_class c ON c.id = x.class_id',
    trace: 'c.trace_id',
    order: 'x.id',
  },
  op: {
    columns: `x.*, ${TASK}`,
    from: 'op x JOIN task t ON t.id = x.task_id',
    trace: 'x.trace_id',
    time: { start: 'x.start_ns', end: 'x.start_ns + x.duration_ns' },
    order: 'x.id',
  },
  phase: {
    columns: `x.*, o.kind AS op_kind, ${TASK}`,
    from: 'phase x JOIN task t ON t.id = x.task_id LEFT JOIN op o ON o.id = x.op_id',
    trace: 't.trace_id',
    time: { start: 'x.start_ns', end: 'x.start_ns + x.duration_ns' },
    order: 'x.id',
  },
  lock_span: {
    columns: `x.*, ${LOCK}, ${TASK}, o.kind AS op_kind`,
    from:
      'lock_span x JOIN lock l ON l.id = x.lock_id JOIN lock_class c ON c.id = l.class_id ' +
      'JOIN task t ON t.id = x.task_id LEFT JOIN op o ON o.id = x.op_id',
    trace: 't.trace_id',
    // A wait whose hold nobody knows is over when it was; a lock whose release was not seen is still held, and one that was
    // not seen to be got or given up still waited for.
    time: {
      start: 'coalesce(x.requested_ns, x.acquired_ns, x.released_ns, 0)',
      end:
        'CASE WHEN x.hold_known OR x.contended AND x.acquired_ns IS NULL THEN x.released_ns ' +
        'ELSE coalesce(x.released_ns, x.acquired_ns, x.requested_ns) END',
    },
    order: 'x.id',
  },
  wait_edge: {
    columns: `x.*, ${LOCK}, ${TASK}, w.requested_ns, w.acquired_ns, ht.comm AS holder_comm, ht.pid AS holder_pid`,
    from:
      'wait_edge x JOIN lock_span w ON w.id = x.waiter_span_id JOIN lock l ON l.id = w.lock_id ' +
      'JOIN lock_class c ON c.id = l.class_id JOIN task t ON t.id = w.task_id ' +
      'JOIN lock_span h ON h.id = x.holder_span_id JOIN task ht ON ht.id = h.task_id',
    trace: 't.trace_id',
    // Given up is over, too.
    time: { start: 'coalesce(w.requested_ns, 0)', end: 'coalesce(w.acquired_ns, w.released_ns)' },
    order: 'x.id',
  },
  task_state: {
    columns: `x.*, ${TASK}`,
    from: 'task_state x JOIN task t ON t.id = x.task_id',
    trace: 't.trace_id',
    time: { start: 'x.start_ns', end: 'x.start_ns + x.duration_ns' },
    order: 'x.id',
  },
  event: {
    columns: `x.*, ${TASK}`,
    // Touches only the chunks of the window, and selects by itself.
    from: 'event_in(coalesce(@trace, 0), coalesce(@from, 0), coalesce(@to, 9007199254740991)) x LEFT JOIN task t ON t.id = x.task_id',
  },
  diagnostic: { columns: 'x.*', from: 'diagnostic x', trace: 'x.trace_id', order: 'x.id' },
  annotation: {
    columns: 'x.*',
    from: 'annotation x',
    trace: 'x.trace_id',
    time: { start: 'x.start_ns', end: 'x.end_ns' },
    order: 'x.id',
  },
}

export interface RowSelection {
  readonly table: ExportTable
  readonly trace?: number | undefined
  readonly fromNs?: number | undefined
  readonly toNs?: number | undefined
}

export interface ExportOptions extends RowSelection, JobContext {
  readonly path: string
  readonly out: string
  readonly force: boolean
  readonly format: ExportFormat
  /** `faultline` only: raw events also as rows of a table `event`, for other SQLite clients. */
  readonly rawEvents?: boolean | undefined
}

export interface SelectRows {
  readonly sql: string
  /** BigInt, because SQLite would take a number for REAL. */
  readonly params: { readonly trace: bigint | null; readonly from: bigint | null; readonly to: bigint | null }
}

export function selectRows({ table, trace, fromNs, toNs }: RowSelection): SelectRows {
  const { columns, from, time, order, trace: traceOf } = exportTables[table]
  const timed = fromNs !== undefined || toNs !== undefined
  if (timed && time === undefined && table !== 'event') {
    throw new ApiError('bad-request', `table ${table} has no times to select by`, 'leave the time range out')
  }
  const where = [
    trace === undefined || traceOf === undefined ? [] : [`${traceOf} = @trace`],
    fromNs === undefined || time === undefined
      ? []
      : [`(${time.end} IS NULL OR ${time.end} > @from OR ${time.start} >= @from)`],
    toNs === undefined || time === undefined ? [] : [`${time.start} < @to`],
  ].flat()
  const sql = [
    `SELECT ${columns} FROM ${from}`,
    ...(where.length > 0 ? [`WHERE ${where.join(' AND ')}`] : []),
    ...(order === undefined ? [] : [`ORDER BY ${order}`]),
  ].join(' ')
  return { sql, params: { trace: integer(trace), from: integer(fromNs), to: integer(toNs) } }
}

function integer(value: number | undefined): bigint | null {
  return value === undefined ? null : BigInt(Math.trunc(value))
}

/** Formats of a whole trace, and how their files end. */
const ENDINGS: Readonly<Partial<Record<ExportFormat, string>>> = {
  faultline: 'faultline',
  ftrace: 'trace.txt',
  'chrome-json': 'json',
  perfetto: 'pftrace',
  html: 'html',
}

/** What the exported file is called when it is saved. */
export function exportName(
  name: string,
  { format, table }: { readonly format: ExportFormat; readonly table: ExportTable },
): string {
  const whole = ENDINGS[format]
  return whole === undefined ? `${stem(name)}-${table}.${format}` : `${stem(name)}.${whole}`
}

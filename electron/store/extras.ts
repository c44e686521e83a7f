/**
 * What few traces have beside events and spans, as tables: call stacks of lock spans, a /proc/lock_stat table, lockdep's
 * reports. Written and read whole, with a trace's other dictionaries. A report is one JSON text: what it holds is only
 * ever wanted together.
 */

import { MODES, type LockMode } from '#shared/model/kinds.ts'
import { REPORT_KINDS, type LockReport, type LockStat, type TraceExtras } from '#shared/model/extras.ts'
import { damaged } from './codec.ts'
import type { Db } from './database.ts'
import { Inserter } from './insert.ts'
import type { FirstIds, Part } from './span-rows.ts'

const STAT_COLUMNS = (
  'trace_id class_id mode contentions contention_bounces wait_min_ns wait_max_ns wait_total_ns wait_mean_ns ' +
  'acquisitions acquisition_bounces hold_min_ns hold_max_ns hold_total_ns hold_mean_ns'
).split(' ')

export interface ExtrasOf {
  readonly traceId: number
  readonly first: FirstIds
}

export function writeExtras(db: Db, { traceId, first }: ExtrasOf, extras: TraceExtras | undefined): void {
  if (extras === undefined) return
  const { spanStacks, lockStat, lockReports = [] } = extras
  if (spanStacks !== undefined) {
    new Inserter(db, 'lock_span_stack', ['span_id', 'trace_id', 'stack_seq']).rows(spanStacks.span.length, (i) => [
      first.lock_span + spanStacks.span[i],
      traceId,
      spanStacks.stack[i],
    ])
  }
  const reports = new Inserter(db, 'lock_report', ['trace_id', 'kind', 'title', 'first_line', 'body'])
  reports.rows(lockReports.length, (i) => {
    const { kind, title, firstLine } = lockReports[i]
    return [traceId, kind, title, firstLine, JSON.stringify(lockReports[i])]
  })
  if (lockStat !== undefined) writeLockStat(db, { traceId, first }, lockStat)
}

function writeLockStat(db: Db, { traceId, first }: ExtrasOf, { rows, sites, version }: LockStat): void {
  const known = (value: number): number | null => (value === value ? value : null)
  new Inserter(db, 'lock_stat', [...STAT_COLUMNS, 'version']).rows(rows.length, (i) => {
    const row = rows[i]
    return [
      traceId,
      first.lock_class + row.lockClass,
      row.mode,
      ...[row.contentions, row.contentionBounces].map(known),
      ...[row.waitMinNs, row.waitMaxNs, row.waitTotalNs, row.waitMeanNs].map(known),
      ...[row.acquisitions, row.acquisitionBounces].map(known),
      ...[row.holdMinNs, row.holdMaxNs, row.holdTotalNs, row.holdMeanNs].map(known),
      version,
    ]
  })
  new Inserter(db, 'lock_stat_site', ['trace_id', 'class_id', 'role', 'site', 'count']).rows(sites.length, (i) => [
    traceId,
    first.lock_class + sites[i].lockClass,
    sites[i].role,
    sites[i].site,
    sites[i].count,
  ])
}

interface Counts {
  readonly first: FirstIds
  readonly rows: Readonly<Record<Part, number>>
  /** Stacks the trace has. */
  readonly stacks: number
}

type Row = Readonly<Record<string, number | string | null>>

/** Undefined where the trace has none of it. Numbers that point at nothing are damage. */
export function readExtras(db: Db, traceId: number, counts: Counts): TraceExtras | undefined {
  const spanStacks = readSpanStacks(db, traceId, counts)
  const lockStat = readLockStat(db, traceId, counts)
  const bodies = db.prepare('SELECT body FROM lock_report WHERE trace_id = ? ORDER BY id').pluck().all(traceId)
  const lockReports = (bodies as string[]).map(reportOf)
  const extras: TraceExtras = {
    ...(spanStacks === undefined ? {} : { spanStacks }),
    ...(lockStat === undefined ? {} : { lockStat }),
    ...(lockReports.length === 0 ? {} : { lockReports }),
  }
  return Object.keys(extras).length === 0 ? undefined : extras
}

function readSpanStacks(db: Db, traceId: number, { first, rows, stacks }: Counts): TraceExtras['spanStacks'] {
  const found = db
    .prepare('SELECT span_id, stack_seq FROM lock_span_stack WHERE trace_id = ? ORDER BY span_id')
    .raw()
    .all(traceId) as [number, number][]
  if (found.length === 0) return undefined
  const span = Uint32Array.from(found, ([id]) => id - first.lock_span)
  const stack = Uint32Array.from(found, ([, seq]) => seq)
  for (let i = 0; i < span.length; i++) {
    if (span[i] >= rows.lock_span || stack[i] >= stacks) {
      throw damaged('table lock_span_stack', `row ${i} names span ${span[i]} and stack ${stack[i]}`)
    }
  }
  return { span, stack }
}

function readLockStat(db: Db, traceId: number, { first, rows }: Counts): LockStat | undefined {
  const list = (table: string) =>
    db.prepare(`SELECT * FROM ${table} WHERE trace_id = ? ORDER BY id`).all(traceId) as Row[]
  const found = list('lock_stat')
  if (found.length === 0) return undefined
  const classOf = (row: Row): number => {
    const lockClass = Number(row['class_id']) - first.lock_class
    if (!(lockClass >= 0 && lockClass < rows.lock_class)) throw damaged('table lock_stat', `class ${row['class_id']}`)
    return lockClass
  }
  const number = (row: Row, column: string) => (row[column] === null ? NaN : Number(row[column]))
  return {
    version: String(found[0]['version']),
    rows: found.map((row) => ({
      lockClass: classOf(row),
      mode: modeOf(row['mode']),
      contentions: number(row, 'contentions'),
      contentionBounces: number(row, 'contention_bounces'),
      waitMinNs: number(row, 'wait_min_ns'),
      waitMaxNs: number(row, 'wait_max_ns'),
      waitTotalNs: number(row, 'wait_total_ns'),
      waitMeanNs: number(row, 'wait_mean_ns'),
      acquisitions: number(row, 'acquisitions'),
      acquisitionBounces: number(row, 'acquisition_bounces'),
      holdMinNs: number(row, 'hold_min_ns'),
      holdMaxNs: number(row, 'hold_max_ns'),
      holdTotalNs: number(row, 'hold_total_ns'),
      holdMeanNs: number(row, 'hold_mean_ns'),
    })),
    sites: list('lock_stat_site').map((row) => ({
      lockClass: classOf(row),
      role: row['role'] === 'holder' ? 'holder' : 'waiter',
      site: String(row['site']),
      count: number(row, 'count'),
    })),
  }
}

function modeOf(text: unknown): LockMode {
  return MODES.find((mode) => mode === text) ?? 'exclusive'
}

/** Somebody else's file: what is not shaped like a report is damage, not a crash later. */
function reportOf(body: string): LockReport {
  const bad = (why: string) => damaged('table lock_report', why)
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    throw bad('a report that is no JSON')
  }
  if (!isObject(value)) throw bad('a report that is no object')
  const report = value as unknown as LockReport
  const whole =
    REPORT_KINDS.includes(report.kind) &&
    typeof report.title === 'string' &&
    areTexts(report.scenario) &&
    areObjects(report.tasks) &&
    report.tasks.every(({ held }) => areObjects(held)) &&
    areObjects(report.edges) &&
    report.edges.every(({ from, to, stack }) => areTexts([from, to]) && areTexts(stack))
  if (!whole) throw bad('a report of another shape')
  return report
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function areObjects(list: unknown): boolean {
  return Array.isArray(list) && list.every(isObject)
}

function areTexts(list: unknown): boolean {
  return Array.isArray(list) && list.every((one) => typeof one === 'string')
}

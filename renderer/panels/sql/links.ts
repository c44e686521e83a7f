/**
 * Where a row of an answer is on the timeline. Columns that name a span (`op_id`, `waiter_span_id`, the `id` of the one
 * table that was asked) lead to it; else columns that hold a moment (`start_ns`, `ts_ns`, …), with `task_id` for the row.
 */

import { sqlTokens } from '#shared/base/sql-tokens.ts'
import type { Value } from './result.ts'

export type SpanTable = 'op' | 'phase' | 'lock_span' | 'task_state'

export type RowLink =
  | { readonly kind: 'span'; readonly table: SpanTable; readonly id: number }
  | { readonly kind: 'time'; readonly fromNs: number; readonly toNs: number; readonly task: number | undefined }

const SPAN_COLUMNS: Readonly<Record<string, SpanTable>> = {
  waiter_span_id: 'lock_span',
  lock_span_id: 'lock_span',
  span_id: 'lock_span',
  wait_id: 'lock_span',
  holder_span_id: 'lock_span',
  op_id: 'op',
  phase_id: 'phase',
}
const STARTS = ['start_ns', 'ts_ns', 'requested_ns', 'acquired_ns', 'at_ns', 'from_ns', 'released_ns', 'end_ns']
const LENGTHS = ['duration_ns', 'wait_ns', 'overlap_ns']
const ENDS = ['end_ns', 'to_ns', 'released_ns', 'acquired_ns']

/** How to find it for each row; undefined where rows lead nowhere. */
export function rowLinks(
  columns: readonly string[],
  sql: string,
): ((row: readonly Value[]) => RowLink | undefined) | undefined {
  const at = new Map(columns.map((name, i) => [name.toLowerCase(), i]))
  const own = idTable(sql)
  const spans = Object.entries(SPAN_COLUMNS).flatMap(([name, table]) => (at.has(name) ? [{ name, table }] : []))
  if (own && at.has('id')) spans.unshift({ name: 'id', table: own })
  const start = STARTS.find((name) => at.has(name))
  if (spans.length === 0 && start === undefined) return undefined

  return (row) => {
    const number = (name: string | undefined): number | undefined => {
      const value = name === undefined ? undefined : row[at.get(name) ?? -1]
      return typeof value === 'number' && Number.isFinite(value) ? value : undefined
    }
    for (const { name, table } of spans) {
      const id = number(name)
      if (id !== undefined && Number.isSafeInteger(id) && id >= 0) return { kind: 'span', table, id }
    }
    const fromNs = number(start)
    if (fromNs === undefined || fromNs < 0) return undefined
    const end = ENDS.map(number).find((value) => value !== undefined && value > fromNs)
    const length = LENGTHS.map(number).find((value) => value !== undefined && value > 0)
    return { kind: 'time', fromNs, toNs: end ?? fromNs + (length ?? 0), task: number('task_id') }
  }
}

/** The one table a simple statement asks: then its `id` is that table's. */
function idTable(sql: string): SpanTable | undefined {
  const words = sqlTokens(sql).map(({ text }) => text.toLowerCase())
  const from = words.indexOf('from')
  if (from < 0 || words.includes('join') || words.indexOf('from', from + 1) >= 0) return undefined
  const table = words[from + 1]
  const next = words.slice(from + 2, from + 5)
  if (next.includes(',')) return undefined
  return table === 'op' || table === 'phase' || table === 'lock_span' || table === 'task_state' ? table : undefined
}

const TIMES: Readonly<Record<SpanTable, string>> = {
  op: 's.start_ns, s.start_ns + coalesce(s.duration_ns, 0), s.kind',
  phase: 's.start_ns, s.start_ns + coalesce(s.duration_ns, 0), s.name',
  task_state: 's.start_ns, s.start_ns + coalesce(s.duration_ns, 0), s.state',
  lock_span: `coalesce(s.requested_ns, s.acquired_ns, s.released_ns), coalesce(s.released_ns, s.acquired_ns, s.requested_ns),
  (SELECT c.name FROM lock l JOIN lock_class c ON c.id = l.class_id WHERE l.id = s.lock_id)`,
}

/** From when to when a span was, its name, its trace, and the numbers of the span and its task in that trace. */
export function spanSql({ table, id }: { readonly table: SpanTable; readonly id: number }): string {
  return `SELECT ${TIMES[table]}, t.trace_id, ${ownNumber('s', table)}, ${ownNumber('t', 'task')}
FROM ${table} s JOIN task t ON t.id = s.task_id WHERE s.id = ${id}`
}

/** Its trace and its number there. */
export function taskSql(task: number): string {
  return `SELECT t.trace_id, ${ownNumber('t', 'task')} FROM task t WHERE t.id = ${task}`
}

function ownNumber(row: string, part: string): string {
  return `${row}.id - coalesce((SELECT first_id FROM trace_part p WHERE p.trace_id = t.trace_id AND p.part = '${part}'), 0)`
}

/**
 * How a span's columns become an SQL row and which SQL table each span table is. Row numbers become ids by adding the
 * trace's first id, small integers become words, NaN and -1 become NULL. A new file gets these rows as bytes
 * (span-records.ts); here they are made again, through SQL, for `check` to compare.
 */

import {
  EDGE_KINDS,
  MODES,
  SPAN_CONTENDED,
  SPAN_HOLD_KNOWN,
  SPAN_INFERRED,
  SPAN_IRQ,
  SPAN_TRY,
  TASK_STATES,
} from '#shared/model/kinds.ts'
import type { GrowingNames, SpanBatch, SpanTable } from '#shared/model/trace.ts'
import type { Db, Param } from './database.ts'
import { Inserter } from './insert.ts'

/** Parts of a trace that have ids: what `trace_part` lists. */
export const PARTS = ['task', 'lock_class', 'lock', 'op', 'phase', 'lock_span', 'wait_edge', 'task_state'] as const
export type Part = (typeof PARTS)[number]
export type FirstIds = Readonly<Record<Part, number>>

/** What rows need to know about their trace. */
export interface RowContext {
  readonly traceId: number
  readonly first: FirstIds
  readonly names: GrowingNames
}

export interface RowMap<K extends SpanTable = SpanTable> {
  readonly part: Part
  readonly columns: readonly string[]
  /** The row that batch row `i` becomes, in the order of `columns`. */
  row(batch: SpanBatch<K>, i: number, context: RowContext): readonly Param[]
}

const LARGEST = 9_223_372_036_854_775_807n

/** NaN is NULL. SQLite keeps integers of 64 bits; a double beyond them is written as the nearest one. */
function known(value: number): number | bigint | null {
  if (value !== value) return null
  if (value >= 2 ** 63) return LARGEST
  return value <= -(2 ** 63) ? -LARGEST - 1n : value
}

function optional(id: number, first: number): number | null {
  return id < 0 ? null : first + id
}

const op: RowMap<'op'> = {
  part: 'op',
  columns: 'id trace_id task_id kind start_ns duration_ns inode offset length result wait_ns cpu inferred'.split(' '),
  row: ({ ids, rows: { cols } }, i, { traceId, first, names }) => [
    first.op + ids[i],
    traceId,
    first.task + cols.task[i],
    names.opKinds[cols.kind[i]],
    cols.startNs[i],
    known(cols.durationNs[i]),
    cols.inode[i] < 0 ? null : names.inodes[cols.inode[i]],
    known(cols.offset[i]),
    known(cols.length[i]),
    known(cols.result[i]),
    known(cols.waitNs[i]),
    optional(cols.cpu[i], 0),
    cols.inferred[i],
  ],
}

const phase: RowMap<'phase'> = {
  part: 'phase',
  columns: 'id op_id task_id name start_ns duration_ns depth'.split(' '),
  row: ({ ids, rows: { cols } }, i, { first, names }) => [
    first.phase + ids[i],
    optional(cols.op[i], first.op),
    first.task + cols.task[i],
    names.phaseNames[cols.name[i]],
    cols.startNs[i],
    known(cols.durationNs[i]),
    cols.depth[i],
  ],
}

const lockSpan: RowMap<'lockSpan'> = {
  part: 'lock_span',
  columns: (
    'id lock_id task_id op_id mode requested_ns acquired_ns released_ns ' + 'contended inferred trylock irq hold_known'
  ).split(' '),
  row: ({ ids, rows: { cols } }, i, { first }) => {
    const bit = (flag: number) => ((cols.flags[i] & flag) === 0 ? 0 : 1)
    return [
      first.lock_span + ids[i],
      first.lock + cols.lock[i],
      first.task + cols.task[i],
      optional(cols.op[i], first.op),
      MODES[cols.mode[i]],
      known(cols.requestedNs[i]),
      known(cols.acquiredNs[i]),
      known(cols.releasedNs[i]),
      ...[SPAN_CONTENDED, SPAN_INFERRED, SPAN_TRY, SPAN_IRQ, SPAN_HOLD_KNOWN].map(bit),
    ]
  },
}

const waitEdge: RowMap<'waitEdge'> = {
  part: 'wait_edge',
  columns: 'id waiter_span_id holder_span_id overlap_ns holder_phase kind'.split(' '),
  row: ({ ids, rows: { cols } }, i, { first, names }) => [
    first.wait_edge + ids[i],
    first.lock_span + cols.waiter[i],
    first.lock_span + cols.holder[i],
    known(cols.overlapNs[i]),
    cols.phase[i] < 0 ? null : names.phaseNames[cols.phase[i]],
    EDGE_KINDS[cols.kind[i]],
  ],
}

const taskState: RowMap<'taskState'> = {
  part: 'task_state',
  columns: 'id task_id state start_ns duration_ns cpu'.split(' '),
  row: ({ ids, rows: { cols } }, i, { first }) => [
    first.task_state + ids[i],
    first.task + cols.task[i],
    TASK_STATES[cols.state[i]],
    cols.startNs[i],
    known(cols.durationNs[i]),
    optional(cols.cpu[i], 0),
  ],
}

export const rowMaps: { readonly [K in SpanTable]: RowMap<K> } = { op, phase, lockSpan, waitEdge, taskState }

export function spanInserter(db: Db, table: SpanTable): Inserter {
  const { part, columns } = rowMaps[table]
  return new Inserter(db, part, columns)
}

/** Insert a batch's rows as they are. */
export function insertBatch(into: Inserter, batch: SpanBatch, context: RowContext): void {
  const map = rowMaps[batch.table] as RowMap
  into.rows(batch.ids.length, (i) => map.row(batch, i, context))
}

/** Columns of SQL tables that hold times: what a late-found start moves. */
export const timeColumnsOf: Readonly<Partial<Record<Part, readonly string[]>>> = {
  op: ['start_ns'],
  phase: ['start_ns'],
  lock_span: ['requested_ns', 'acquired_ns', 'released_ns'],
  task_state: ['start_ns'],
}

/**
 * How a span's columns become an SQL row and which SQL table each span table is. Row numbers become ids by adding the
 * trace's first id, small integers become words, NaN and -1 become NULL. The writer and `check`, which makes the rows
 * again to compare them, use the same inserters.
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
import type { Db } from './database.ts'
import { Inserter, type Computed } from './insert.ts'

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

export type Param = number | bigint | string | null

export interface RowMap<K extends SpanTable = SpanTable> {
  readonly part: Part
  readonly columns: readonly string[]
  /** How SQL makes the columns from the values `fill` gives; left out, they are the columns. */
  readonly computed?: Computed
  /** Put the values of the row that batch row `i` becomes into params[at …]. */
  fill(params: Param[], at: number, batch: SpanBatch<K>, i: number, context: RowContext): void
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
  fill(p, at, { ids, rows: { cols } }, i, { traceId, first, names }) {
    p[at] = first.op + ids[i]
    p[at + 1] = traceId
    p[at + 2] = first.task + cols.task[i]
    p[at + 3] = names.opKinds[cols.kind[i]]
    p[at + 4] = cols.startNs[i]
    p[at + 5] = known(cols.durationNs[i])
    p[at + 6] = cols.inode[i] < 0 ? null : names.inodes[cols.inode[i]]
    p[at + 7] = known(cols.offset[i])
    p[at + 8] = known(cols.length[i])
    p[at + 9] = known(cols.result[i])
    p[at + 10] = known(cols.waitNs[i])
    p[at + 11] = optional(cols.cpu[i], 0)
    p[at + 12] = cols.inferred[i]
  },
}

const phase: RowMap<'phase'> = {
  part: 'phase',
  columns: 'id op_id task_id name start_ns duration_ns depth'.split(' '),
  fill(p, at, { ids, rows: { cols } }, i, { first, names }) {
    p[at] = first.phase + ids[i]
    p[at + 1] = optional(cols.op[i], first.op)
    p[at + 2] = first.task + cols.task[i]
    p[at + 3] = names.phaseNames[cols.name[i]]
    p[at + 4] = cols.startNs[i]
    p[at + 5] = known(cols.durationNs[i])
    p[at + 6] = cols.depth[i]
  },
}

/** The mode's bit beside the SPAN_* flags in what is bound. */
const SHARED = 0x80
const flag = (bit: number) => `(column8 & ${bit}) <> 0`

/** By far the most rows of a lock trace: flags and mode are bound as one number. */
const lockSpan: RowMap<'lockSpan'> = {
  part: 'lock_span',
  columns: (
    'id lock_id task_id op_id requested_ns acquired_ns released_ns ' + 'mode contended inferred trylock irq hold_known'
  ).split(' '),
  computed: {
    width: 8,
    values: [
      ...[1, 2, 3, 4, 5, 6, 7].map((i) => `column${i}`),
      `iif(column8 & ${SHARED}, '${MODES[1]}', '${MODES[0]}')`,
      ...[SPAN_CONTENDED, SPAN_INFERRED, SPAN_TRY, SPAN_IRQ, SPAN_HOLD_KNOWN].map(flag),
    ],
  },
  fill(p, at, { ids, rows: { cols } }, i, { first }) {
    p[at] = first.lock_span + ids[i]
    p[at + 1] = first.lock + cols.lock[i]
    p[at + 2] = first.task + cols.task[i]
    p[at + 3] = optional(cols.op[i], first.op)
    p[at + 4] = known(cols.requestedNs[i])
    p[at + 5] = known(cols.acquiredNs[i])
    p[at + 6] = known(cols.releasedNs[i])
    p[at + 7] = cols.flags[i] | (cols.mode[i] === 0 ? 0 : SHARED)
  },
}

const waitEdge: RowMap<'waitEdge'> = {
  part: 'wait_edge',
  columns: 'id waiter_span_id holder_span_id overlap_ns holder_phase kind'.split(' '),
  fill(p, at, { ids, rows: { cols } }, i, { first, names }) {
    p[at] = first.wait_edge + ids[i]
    p[at + 1] = first.lock_span + cols.waiter[i]
    p[at + 2] = first.lock_span + cols.holder[i]
    p[at + 3] = known(cols.overlapNs[i])
    p[at + 4] = cols.phase[i] < 0 ? null : names.phaseNames[cols.phase[i]]
    p[at + 5] = EDGE_KINDS[cols.kind[i]]
  },
}

const taskState: RowMap<'taskState'> = {
  part: 'task_state',
  columns: 'id task_id state start_ns duration_ns cpu'.split(' '),
  fill(p, at, { ids, rows: { cols } }, i, { first }) {
    p[at] = first.task_state + ids[i]
    p[at + 1] = first.task + cols.task[i]
    p[at + 2] = TASK_STATES[cols.state[i]]
    p[at + 3] = cols.startNs[i]
    p[at + 4] = known(cols.durationNs[i])
    p[at + 5] = optional(cols.cpu[i], 0)
  },
}

export const rowMaps: { readonly [K in SpanTable]: RowMap<K> } = { op, phase, lockSpan, waitEdge, taskState }

export function spanInserter(db: Db, table: SpanTable): Inserter {
  const { part, columns, computed } = rowMaps[table]
  return new Inserter(db, part, columns, computed)
}

/** Insert a batch's rows in the order of `order`, or as they are. */
export function insertBatch(into: Inserter, batch: SpanBatch, context: RowContext, order?: Uint32Array): void {
  const map = rowMaps[batch.table] as RowMap
  into.rows(batch.ids.length, (params, at, i) =>
    map.fill(params, at, batch, order === undefined ? i : order[i], context),
  )
}

/** Columns of SQL tables that hold times: what a late-found start moves. */
export const timeColumnsOf: Readonly<Partial<Record<Part, readonly string[]>>> = {
  op: ['start_ns'],
  phase: ['start_ns'],
  lock_span: ['requested_ns', 'acquired_ns', 'released_ns'],
  task_state: ['start_ns'],
}

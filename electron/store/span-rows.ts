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
  type OpKind,
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
  readonly first: FirstIds
  readonly names: GrowingNames
}

export type Param = number | bigint | string | null

/** One way to write a row: fewer values are bound where a row has little to say. */
interface RowForm<K extends SpanTable> {
  readonly columns: readonly string[]
  /** How SQL makes the columns from the values `fill` gives; left out, they are the columns. */
  readonly computed?: Computed
  /** Put the values of the row that batch row `i` becomes into params[at …]. */
  fill(params: Param[], at: number, batch: SpanBatch<K>, i: number, context: RowContext): void
}

export interface RowMap<K extends SpanTable = SpanTable> {
  readonly part: Part
  readonly forms: readonly RowForm<K>[]
  /** Which form batch row `i` takes; left out, the first. */
  form?(batch: SpanBatch<K>, i: number, context: RowContext): number
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

/** Stands for the trace's id in `computed`: the same for every row, so it is part of the statement. */
const TRACE_ID = ':trace'

/** task, cpu + 1 and a bit in one number: 22 + 17 + 1 bits (limits.entities, limits.cpus). */
function packed(task: number, cpu: number, bit: number): number {
  return (task * 0x20000 + (cpu + 1)) * 2 + bit
}
const packedTask = (column: string) => `${column} >> 18`
const packedCpu = (column: string) => `nullif((${column} >> 1) & 0x1ffff, 0) - 1`
const packedBit = (column: string) => `${column} & 1`

const opHead = 'id task_id cpu inferred trace_id kind start_ns wait_ns'.split(' ')
const opHeadValues = [
  'column1',
  packedTask('column2'),
  packedCpu('column2'),
  packedBit('column2'),
  TRACE_ID,
  ...[3, 4, 5].map((i) => `column${i}`),
]

/** The first `width` values of every form. */
function fillOpHead(p: Param[], at: number, batch: SpanBatch<'op'>, i: number, context: RowContext): void {
  const { cols } = batch.rows
  p[at] = context.first.op + batch.ids[i]
  p[at + 1] = packed(context.first.task + cols.task[i], cols.cpu[i], cols.inferred[i])
  p[at + 2] = context.names.opKinds[cols.kind[i]]
  p[at + 3] = cols.startNs[i]
  p[at + 4] = known(cols.waitNs[i])
}

/** By far the commonest kind. */
const FAULT: OpKind = 'fault'

/**
 * Most operations of most traces are faults without file, arguments or result, and many of them without a known end:
 * those bind five or six values, not ten; a fault without an end that did not wait binds three.
 */
const op: RowMap<'op'> = {
  part: 'op',
  forms: [
    {
      columns: [...opHead, 'duration_ns', 'inode', 'offset', 'length', 'result'],
      computed: { width: 10, values: [...opHeadValues, ...[6, 7, 8, 9, 10].map((i) => `column${i}`)] },
      fill(p, at, batch, i, context) {
        const { cols } = batch.rows
        fillOpHead(p, at, batch, i, context)
        p[at + 5] = known(cols.durationNs[i])
        p[at + 6] = cols.inode[i] < 0 ? null : context.names.inodes[cols.inode[i]]
        p[at + 7] = known(cols.offset[i])
        p[at + 8] = known(cols.length[i])
        p[at + 9] = known(cols.result[i])
      },
    },
    {
      columns: [...opHead, 'duration_ns'],
      computed: { width: 6, values: [...opHeadValues, 'column6'] },
      fill(p, at, batch, i, context) {
        fillOpHead(p, at, batch, i, context)
        p[at + 5] = known(batch.rows.cols.durationNs[i])
      },
    },
    { columns: opHead, computed: { width: 5, values: opHeadValues }, fill: fillOpHead },
    {
      columns: opHead,
      computed: { width: 3, values: [...opHeadValues.slice(0, 5), `'${FAULT}'`, 'column3', '0'] },
      fill(p, at, { ids, rows: { cols } }, i, { first }) {
        p[at] = first.op + ids[i]
        p[at + 1] = packed(first.task + cols.task[i], cols.cpu[i], cols.inferred[i])
        p[at + 2] = cols.startNs[i]
      },
    },
  ],
  form({ rows: { cols } }, i, { names }) {
    if (cols.inode[i] >= 0 || cols.offset[i] === cols.offset[i] || cols.length[i] === cols.length[i]) return 0
    if (cols.result[i] === cols.result[i]) return 0
    if (cols.durationNs[i] === cols.durationNs[i]) return 1
    return cols.waitNs[i] === 0 && names.opKinds[cols.kind[i]] === FAULT ? 3 : 2
  },
}

const phase: RowMap<'phase'> = {
  part: 'phase',
  forms: [
    {
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
    },
  ],
}

/** The mode's bit beside the SPAN_* flags in what is bound. */
const SHARED = 0x80
const flag = (bit: number) => `(column8 & ${bit}) <> 0`

/** By far the most rows of a lock trace: flags and mode are bound as one number. */
const lockSpan: RowMap<'lockSpan'> = {
  part: 'lock_span',
  forms: [
    {
      columns: (
        'id lock_id task_id op_id requested_ns acquired_ns released_ns ' +
        'mode contended inferred trylock irq hold_known'
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
    },
  ],
}

const waitEdge: RowMap<'waitEdge'> = {
  part: 'wait_edge',
  forms: [
    {
      columns: 'id waiter_span_id holder_span_id overlap_ns holder_phase kind'.split(' '),
      fill(p, at, { ids, rows: { cols } }, i, { first, names }) {
        p[at] = first.wait_edge + ids[i]
        p[at + 1] = first.lock_span + cols.waiter[i]
        p[at + 2] = first.lock_span + cols.holder[i]
        p[at + 3] = known(cols.overlapNs[i])
        p[at + 4] = cols.phase[i] < 0 ? null : names.phaseNames[cols.phase[i]]
        p[at + 5] = EDGE_KINDS[cols.kind[i]]
      },
    },
  ],
}

const STATE_WIDTH = 16
const stateWord = (column: string) =>
  `rtrim(substr('${TASK_STATES.map((state) => state.padEnd(STATE_WIDTH)).join('')}', (${column}) * ${STATE_WIDTH} + 1, ${STATE_WIDTH}))`

const taskState: RowMap<'taskState'> = {
  part: 'task_state',
  forms: [
    {
      columns: 'id task_id cpu state start_ns duration_ns'.split(' '),
      computed: {
        width: 4,
        values: [
          'column1',
          `column2 >> 21`,
          `nullif((column2 >> 4) & 0x1ffff, 0) - 1`,
          stateWord('column2 & 15'),
          'column3',
          'column4',
        ],
      },
      fill(p, at, { ids, rows: { cols } }, i, { first }) {
        p[at] = first.task_state + ids[i]
        p[at + 1] = ((first.task + cols.task[i]) * 0x20000 + (cols.cpu[i] + 1)) * 16 + cols.state[i]
        p[at + 2] = cols.startNs[i]
        p[at + 3] = known(cols.durationNs[i])
      },
    },
  ],
}

export const rowMaps: { readonly [K in SpanTable]: RowMap<K> } = { op, phase, lockSpan, waitEdge, taskState }

/** Prepared statements of a span table, one per form. */
export type SpanInserter = readonly Inserter[]

export function spanInserter(db: Db, table: SpanTable, traceId: number): SpanInserter {
  const { part, forms } = rowMaps[table]
  return forms.map(({ columns, computed }) => {
    if (computed === undefined) return new Inserter(db, part, columns)
    const values = computed.values.map((value) => (value === TRACE_ID ? String(traceId) : value))
    return new Inserter(db, part, columns, { ...computed, values })
  })
}

/**
 * Insert a batch's rows in the order of `order`, or as they are; forms one after the other, the commonest first: its
 * rows are appended, the others have to be looked for a place among them.
 */
export function insertBatch(into: SpanInserter, batch: SpanBatch, context: RowContext, order?: Uint32Array): void {
  const map = rowMaps[batch.table] as RowMap
  const row = (i: number) => (order === undefined ? i : order[i])
  const all = batch.ids.length
  if (map.form === undefined) {
    into[0].rows(all, (params, at, i) => map.forms[0].fill(params, at, batch, row(i), context))
    return
  }
  const chosen: number[][] = map.forms.map(() => [])
  for (let i = 0; i < all; i++) chosen[map.form(batch, row(i), context)].push(row(i))
  const byCount = map.forms.map((_, f) => f).sort((a, b) => chosen[b].length - chosen[a].length)
  for (const f of byCount) {
    const form = map.forms[f]
    const rows = chosen[f]
    into[f].rows(rows.length, (params, at, i) => form.fill(params, at, batch, rows[i], context))
  }
}

/** Columns of SQL tables that hold times: what a late-found start moves. */
export const timeColumnsOf: Readonly<Partial<Record<Part, readonly string[]>>> = {
  op: ['start_ns'],
  phase: ['start_ns'],
  lock_span: ['requested_ns', 'acquired_ns', 'released_ns'],
  task_state: ['start_ns'],
}

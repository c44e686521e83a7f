/**
 * A span's columns as the bytes of its row, table by table, in the order migrations/0002-spans.sql declares the columns.
 * span-rows.ts says the same as SQL; `faultline check` makes the rows again from that and compares them cell by cell.
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
import type { RecordWriter } from './record.ts'
import type { FirstIds } from './span-rows.ts'

/** What rows need to know about their trace. */
export interface RecordContext {
  readonly traceId: number
  readonly first: FirstIds
  readonly opKinds: Words
  readonly phaseNames: Words
  readonly inodes: Words
}

export function recordContext(traceId: number, first: FirstIds, names: GrowingNames): RecordContext {
  const { opKinds, phaseNames, inodes } = names
  return { traceId, first, opKinds: new Words(opKinds), phaseNames: new Words(phaseNames), inodes: new Words(inodes) }
}

/** A list of words that may grow, each encoded once. */
export class Words {
  readonly #list: readonly string[]
  readonly #encoded: Uint8Array[] = []

  constructor(list: readonly string[]) {
    this.#list = list
  }

  of(index: number): Uint8Array {
    while (this.#encoded.length <= index) this.#encoded.push(Buffer.from(this.#list[this.#encoded.length]))
    return this.#encoded[index]
  }
}

const modes = new Words(MODES)
const edgeKinds = new Words(EDGE_KINDS)
const taskStates = new Words(TASK_STATES)

/** Row `i` of a batch into the record. The id is the row's key, so its column is empty. */
type Encode<K extends SpanTable> = (to: RecordWriter, batch: SpanBatch<K>, i: number, context: RecordContext) => void

const op: Encode<'op'> = (to, { rows: { cols } }, i, { traceId, first, opKinds, inodes }) => {
  to.nothing().integer(traceId)
  to.integer(first.task + cols.task[i]).text(opKinds.of(cols.kind[i]))
  to.cell(cols.startNs, i).cell(cols.durationNs, i)
  if (cols.inode[i] < 0) to.nothing()
  else to.text(inodes.of(cols.inode[i]))
  to.cell(cols.offset, i).cell(cols.length, i).cell(cols.result, i).cell(cols.waitNs, i)
  to.id(cols.cpu[i]).integer(cols.inferred[i])
}

const phase: Encode<'phase'> = (to, { rows: { cols } }, i, { first, phaseNames }) => {
  to.nothing()
  reference(to, cols.op[i], first.op)
  to.integer(first.task + cols.task[i]).text(phaseNames.of(cols.name[i]))
  to.cell(cols.startNs, i).cell(cols.durationNs, i).integer(cols.depth[i])
}

const lockSpan: Encode<'lockSpan'> = (to, { rows: { cols } }, i, { first }) => {
  const flags = cols.flags[i]
  to.nothing()
    .integer(first.lock + cols.lock[i])
    .integer(first.task + cols.task[i])
  reference(to, cols.op[i], first.op)
  to.text(modes.of(cols.mode[i]))
  to.cell(cols.requestedNs, i).cell(cols.acquiredNs, i).cell(cols.releasedNs, i)
  bit(to, flags & SPAN_CONTENDED)
  bit(to, flags & SPAN_INFERRED)
  bit(to, flags & SPAN_TRY)
  bit(to, flags & SPAN_IRQ)
  bit(to, flags & SPAN_HOLD_KNOWN)
}

const waitEdge: Encode<'waitEdge'> = (to, { rows: { cols } }, i, { first, phaseNames }) => {
  to.nothing()
    .integer(first.lock_span + cols.waiter[i])
    .integer(first.lock_span + cols.holder[i])
  to.cell(cols.overlapNs, i)
  if (cols.phase[i] < 0) to.nothing()
  else to.text(phaseNames.of(cols.phase[i]))
  to.text(edgeKinds.of(cols.kind[i]))
}

const taskState: Encode<'taskState'> = (to, { rows: { cols } }, i, { first }) => {
  to.nothing()
    .integer(first.task + cols.task[i])
    .text(taskStates.of(cols.state[i]))
  to.cell(cols.startNs, i).cell(cols.durationNs, i).id(cols.cpu[i])
}

function reference(to: RecordWriter, id: number, first: number): void {
  if (id < 0) to.nothing()
  else to.integer(first + id)
}

function bit(to: RecordWriter, set: number): void {
  to.integer(set === 0 ? 0 : 1)
}

export const spanRecords: { readonly [K in SpanTable]: Encode<K> } = { op, phase, lockSpan, waitEdge, taskState }

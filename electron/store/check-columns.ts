/**
 * What the numbers in span columns may be: ids point at something, times are whole and not negative. A loaded table is
 * checked once, so that nothing that uses a trace ever has to ask, whoever made the file. Whether a trace makes sense
 * beyond that is assertTrace's question (shared/model/check.ts).
 */

import type { AnyColumn, Columns, Schema } from '#shared/base/columns.ts'
import { EDGE_KINDS, MODES, TASK_STATES } from '#shared/model/kinds.ts'
import type { Dictionaries, SpanTable } from '#shared/model/trace.ts'
import { damaged } from './codec.ts'
import type { Part } from './span-rows.ts'

export interface Targets {
  readonly dictionaries: Dictionaries
  readonly rows: Readonly<Record<Part, number>>
}

/** How many things each referring column of a table can point at. */
function sizes(table: SpanTable, { dictionaries, rows }: Targets): Readonly<Record<string, number>> {
  const { tasks, locks, inodes, opKinds, phaseNames } = dictionaries
  switch (table) {
    case 'op':
      return { task: tasks.length, kind: opKinds.length, inode: inodes.length }
    case 'phase':
      return { op: rows.op, task: tasks.length, name: phaseNames.length }
    case 'lockSpan':
      return { lock: locks.length, task: tasks.length, op: rows.op, mode: MODES.length }
    case 'waitEdge':
      return {
        waiter: rows.lock_span,
        holder: rows.lock_span,
        phase: phaseNames.length,
        kind: EDGE_KINDS.length,
      }
    case 'taskState':
      return { task: tasks.length, state: TASK_STATES.length }
  }
}

/** Throws ApiError `bad-input` for the first number that cannot be. -1 is "none" in signed id columns. */
export function checkColumns(table: SpanTable, { cols }: Columns<Schema>, targets: Targets): void {
  for (const [name, size] of Object.entries(sizes(table, targets))) {
    const stray = firstStray(cols[name], size)
    if (stray >= 0) throw damaged(`table ${table}`, `${name} of row ${stray} is ${cols[name][stray]}, of ${size}`)
  }
  for (const [name, column] of Object.entries(cols)) {
    if (!(column instanceof Float64Array)) continue
    const odd = name.endsWith('Ns') ? firstNoTime(column, name !== 'startNs') : firstFraction(column)
    if (odd >= 0) throw damaged(`table ${table}`, `${name} of row ${odd} is ${column[odd]}`)
  }
}

function firstNoTime(column: Float64Array, mayBeUnknown: boolean): number {
  for (let i = 0; i < column.length; i++) {
    const at = column[i]
    if (at >= 0 && at <= Number.MAX_SAFE_INTEGER && Math.trunc(at) === at) continue
    if (!mayBeUnknown || !Number.isNaN(at)) return i
  }
  return -1
}

/** Sizes, offsets and results are any whole number of 64 bits, or not known. */
function firstFraction(column: Float64Array): number {
  for (let i = 0; i < column.length; i++) {
    const value = column[i]
    if (!Number.isNaN(value) && (Math.trunc(value) !== value || Math.abs(value) > 2 ** 64)) return i
  }
  return -1
}

function firstStray(column: AnyColumn, size: number): number {
  const least = column instanceof Int32Array ? -1 : 0
  for (let i = 0; i < column.length; i++) if (column[i] >= size || column[i] < least) return i
  return -1
}

/**
 * What the integers in span columns point at. A loaded table is checked against it once, so that nothing that uses a
 * trace ever has to ask whether an id is in range, whoever made the file.
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

/** Throws ApiError `bad-input` for the first reference that leads nowhere. -1 is "none" in signed columns. */
export function checkReferences(table: SpanTable, { cols }: Columns<Schema>, targets: Targets): void {
  for (const [name, size] of Object.entries(sizes(table, targets))) {
    const stray = firstStray(cols[name], size)
    if (stray >= 0) throw damaged(`table ${table}`, `${name} of row ${stray} is ${cols[name][stray]}, of ${size}`)
  }
}

function firstStray(column: AnyColumn, size: number): number {
  const least = column instanceof Int32Array ? -1 : 0
  for (let i = 0; i < column.length; i++) if (column[i] >= size || column[i] < least) return i
  return -1
}

/**
 * Raw events as ticks on task and CPU rows. Where a view spans many chunks of events, single ones are narrower than a
 * pixel: then each row's events come in groups of those of the same BLOCK consecutive events of the trace, from an index
 * that is a thirtieth of the trace. Where it spans few, the chunks themselves are looked at.
 */

import { groupRows, type RowGroups } from '../analysis/parts/grouping.ts'
import { GrowingTable } from '../base/columns.ts'
import { Lane } from './lane.ts'
import { orderRows } from './order.ts'

/** Events in file order that share a place in the index. */
const BLOCK = 128

/** What ticks need of a chunk of events. */
export interface TickColumns {
  readonly length: number
  readonly ts: Float64Array
  readonly cpu: Int32Array
  readonly task: Uint32Array
  readonly name: Uint16Array
}

export type TickRow = { readonly section: 'task' | 'cpu'; readonly number: number }

const schema = { row: 'i32', start: 'f64', end: 'f64', count: 'u32', name: 'u32' } as const

/** Groups of one section's events, row by row as they come. */
class Groups {
  readonly table = new GrowingTable(schema)
  /** Place in the table of each row's latest group, and the block it is of. */
  readonly #place: Uint32Array
  readonly #block: Uint32Array

  constructor(rows: number) {
    this.#place = new Uint32Array(rows)
    this.#block = new Uint32Array(rows)
  }

  add(row: number, ns: number, name: number, block: number): void {
    if (row < 0 || row >= this.#block.length) return
    const { table } = this
    if (this.#block[row] === block) {
      const at = this.#place[row]
      table.cols.count[at]++
      if (ns < table.cols.start[at]) table.cols.start[at] = ns
      if (ns > table.cols.end[at]) table.cols.end[at] = ns
      return
    }
    const at = table.add()
    table.cols.row[at] = row
    table.cols.start[at] = table.cols.end[at] = ns
    table.cols.count[at] = 1
    table.cols.name[at] = name
    this.#place[row] = at
    this.#block[row] = block
  }
}

export class TickIndex {
  readonly #groups: { readonly task: Groups; readonly cpu: Groups }
  /** 0 is "in no block". */
  #block = 0
  readonly #sizes: { readonly task: number; readonly cpu: number }
  #rows: { readonly task: RowGroups; readonly cpu: RowGroups } | undefined

  constructor(sizes: { readonly task: number; readonly cpu: number }) {
    this.#sizes = sizes
    this.#groups = { task: new Groups(sizes.task), cpu: new Groups(sizes.cpu) }
  }

  add({ length, ts, cpu, task, name }: TickColumns): void {
    for (let i = 0; i < length; i++) {
      if (i % BLOCK === 0) this.#block++
      this.#groups.task.add(task[i], ts[i], name[i], this.#block)
      this.#groups.cpu.add(cpu[i], ts[i], name[i], this.#block)
    }
  }

  /** A row's events in groups; once everything has been added. */
  lane({ section, number }: TickRow): Lane {
    const of = (which: 'task' | 'cpu') => {
      const { table } = this.#groups[which]
      return groupRows(table.cols.row.subarray(0, table.length), this.#sizes[which])
    }
    const { starts, rows } = (this.#rows ??= { task: of('task'), cpu: of('cpu') })[section]
    const { cols } = this.#groups[section].table
    const its = rows.subarray(starts[number] ?? 0, starts[number + 1] ?? 0)
    // Times of different CPUs may be out of order in a file: a lane's never are.
    orderRows(its, (a, b) => cols.start[a] < cols.start[b] || (cols.start[a] === cols.start[b] && a < b))
    const end = Float64Array.from(its, (i) => cols.end[i])
    for (let i = 0; i + 1 < its.length; i++) end[i] = Math.min(end[i], cols.start[its[i + 1]])
    return new Lane({
      length: its.length,
      start: Float64Array.from(its, (i) => cols.start[i]),
      end,
      id: undefined,
      name: Uint32Array.from(its, (i) => cols.name[i]),
      flags: undefined,
      count: Uint32Array.from(its, (i) => cols.count[i]),
    })
  }
}

/** A chunk with its events by row: made once, used by every view that sees it. */
export interface TickChunk extends TickColumns {
  readonly byTask: RowGroups
  readonly byCpu: RowGroups
}

export function tickChunk(columns: TickColumns, sizes: { readonly task: number; readonly cpu: number }): TickChunk {
  return {
    ...columns,
    byTask: groupRows(columns.task, sizes.task),
    byCpu: groupRows(columns.cpu, sizes.cpu),
  }
}

/** Single ticks of a row that lie in [fromNs, toNs). */
export function ticksOf(
  chunks: readonly TickChunk[],
  { section, number }: TickRow,
  { fromNs, toNs }: { readonly fromNs: number; readonly toNs: number },
): Lane {
  const parts = chunks.map(({ byTask, byCpu, ...chunk }) => {
    const { starts, rows } = section === 'task' ? byTask : byCpu
    return { ...chunk, rows: rows.subarray(starts[number] ?? 0, starts[number + 1] ?? 0) }
  })
  const room = parts.reduce((sum, { rows }) => sum + rows.length, 0)
  const start = new Float64Array(room)
  const name = new Uint32Array(room)
  let length = 0
  for (const { rows, ts, name: names } of parts) {
    for (const row of rows) {
      if (ts[row] < fromNs || ts[row] >= toNs) continue
      start[length] = ts[row]
      name[length++] = names[row]
    }
  }
  let inOrder = true
  for (let i = 1; i < length && inOrder; i++) inOrder = start[i - 1] <= start[i]
  if (inOrder) return momentsLane(start.subarray(0, length), name.subarray(0, length))
  const order = Uint32Array.from({ length }, (_, i) => i)
  orderRows(order, (a, b) => start[a] < start[b] || (start[a] === start[b] && a < b))
  return momentsLane(
    Float64Array.from(order, (i) => start[i]),
    Uint32Array.from(order, (i) => name[i]),
  )
}

function momentsLane(at: Float64Array, name: Uint32Array): Lane {
  return new Lane({ length: at.length, start: at, end: at, id: undefined, name, flags: undefined })
}

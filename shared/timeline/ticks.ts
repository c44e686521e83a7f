/**
 * Raw events as ticks on task and CPU rows. Where a view spans many chunks of events, single ones are narrower than a
 * pixel: then each row's events come in groups of those of the same BLOCK consecutive events of the trace, from an index
 * that is a hundredth of the trace. Where it spans few, the chunks themselves are looked at.
 */

import { groupRows, type RowGroups } from '../analysis/parts/grouping.ts'
import { GrowingTable } from '../base/columns.ts'
import { Lane, type LaneColumns } from './lane.ts'

/** Events in file order that share a place in the index. */
const BLOCK = 256
export const NO_SPAN = 0xffff_ffff

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
    if (number >= this.#sizes[section]) return laneOf(0, () => NOTHING)
    const its = rows.subarray(starts[number], starts[number + 1])
    return laneOf(its.length, (i) => ({
      start: cols.start[its[i]],
      end: cols.end[its[i]],
      count: cols.count[its[i]],
      name: cols.name[its[i]],
    }))
  }
}

interface Tick {
  readonly start: number
  readonly end: number
  readonly count: number
  readonly name: number
}
const NOTHING: Tick = { start: 0, end: 0, count: 0, name: 0 }

/** Single ticks of some rows from whole chunks. */
export function ticksOf(chunks: readonly TickColumns[], wanted: readonly TickRow[]): Lane[] {
  const found = wanted.map((): Tick[] => [])
  const byTask = new Map<number, Tick[]>()
  const byCpu = new Map<number, Tick[]>()
  wanted.forEach(({ section, number }, i) => (section === 'task' ? byTask : byCpu).set(number, found[i]))
  for (const { length, ts, cpu, task, name } of chunks) {
    for (let i = 0; i < length; i++) {
      const onTask = byTask.get(task[i])
      const onCpu = byCpu.get(cpu[i])
      if (onTask === undefined && onCpu === undefined) continue
      const tick = { start: ts[i], end: ts[i], count: 1, name: name[i] }
      onTask?.push(tick)
      onCpu?.push(tick)
    }
  }
  return found.map((ticks) => laneOf(ticks.length, (i) => ticks[i]))
}

/** Times of different CPUs may be out of order in a file: a lane's never are. */
function laneOf(length: number, tick: (i: number) => Tick): Lane {
  const order = Uint32Array.from({ length }, (_, i) => i)
  for (let i = 1; i < length; i++) {
    if (tick(i - 1).start <= tick(i).start) continue
    order.sort((a, b) => tick(a).start - tick(b).start || a - b)
    break
  }
  const columns: LaneColumns = {
    length,
    start: new Float64Array(length),
    end: new Float64Array(length),
    id: new Uint32Array(length).fill(NO_SPAN),
    name: new Uint32Array(length),
    flags: new Uint8Array(length),
    count: new Uint32Array(length),
  }
  order.forEach((from, i) => {
    const { start, end, count, name } = tick(from)
    columns.start[i] = start
    columns.end[i] = end
    columns.name[i] = name
    if (columns.count !== undefined) columns.count[i] = count
  })
  for (let i = 0; i + 1 < length; i++) columns.end[i] = Math.min(columns.end[i], columns.start[i + 1])
  return new Lane(columns)
}

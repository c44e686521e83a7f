/**
 * Tables as structs of typed arrays. Spans and events number in the millions: one object each would cost a hundred
 * bytes and a garbage collection, a column costs its width. A schema names the columns once; batches, growing tables
 * and stored chunks all derive from it. Unknown is NaN in f64 columns and -1 in i16/i32 columns.
 */

import { assert } from './assert.ts'

const constructors = {
  u8: Uint8Array,
  u16: Uint16Array,
  u32: Uint32Array,
  i16: Int16Array,
  i32: Int32Array,
  f64: Float64Array,
} as const

export type ColumnType = keyof typeof constructors
export type Schema = Readonly<Record<string, ColumnType>>
export type ColumnOf<T extends ColumnType> = InstanceType<(typeof constructors)[T]>
export type AnyColumn = ColumnOf<ColumnType>

/** The arrays of a table; only the first `length` rows (of the table that owns them) mean something. */
export type Arrays<S extends Schema> = { [K in keyof S]: ColumnOf<S[K]> }

/** A finished table: arrays cut to their length. */
export interface Columns<S extends Schema> {
  readonly length: number
  readonly cols: Readonly<Arrays<S>>
}

export function allocate<S extends Schema>(schema: S, length: number): Arrays<S> {
  const out: Record<string, AnyColumn> = {}
  for (const [name, type] of Object.entries(schema)) out[name] = new constructors[type](length)
  return out as Arrays<S>
}

/** Bytes one row takes. */
export function rowBytes(schema: Schema): number {
  return Object.values(schema).reduce((sum, type) => sum + constructors[type].BYTES_PER_ELEMENT, 0)
}

export function columnConstructor(type: ColumnType): (typeof constructors)[ColumnType] {
  return constructors[type]
}

/** A table that grows by doubling. Hot code reads `cols` and writes its cells directly at the row `add()` returns. */
export class GrowingTable<S extends Schema> {
  readonly schema: S
  cols: Arrays<S>
  length = 0
  #capacity: number

  constructor(schema: S, capacity = 1024) {
    this.schema = schema
    this.#capacity = capacity
    this.cols = allocate(schema, capacity)
  }

  /** A new row at the end; its cells are zero. */
  add(): number {
    if (this.length === this.#capacity) this.reserve(this.length + 1)
    return this.length++
  }

  reserve(rows: number): void {
    if (rows <= this.#capacity) return
    this.#capacity = Math.max(this.#capacity * 2, rows)
    const next = allocate(this.schema, this.#capacity)
    for (const name of Object.keys(this.schema)) next[name].set(this.cols[name])
    this.cols = next
  }

  /** The rows so far, cut to length (copied, so that the buffers can be transferred). The table starts anew. */
  take(): Columns<S> {
    const out: Record<string, AnyColumn> = {}
    for (const name of Object.keys(this.schema)) out[name] = this.cols[name].slice(0, this.length)
    const length = this.length
    this.length = 0
    return { length, cols: out as Arrays<S> }
  }
}

/** The buffers of a table, for a transfer list. */
export function buffersOf(table: Columns<Schema>): ArrayBuffer[] {
  return Object.values(table.cols).map((column) => {
    assert(column.buffer instanceof ArrayBuffer, 'shared buffers are not transferred')
    return column.buffer
  })
}

/**
 * Inserts rows 64 to a statement: binding and stepping once per row costs twice as much (0.85 against 1.8 M rows/s).
 * Statements are prepared once per table and reused for the whole load. A value costs 50 ns to bind (as an argument; 65
 * as an element of an array), a string more: a table can have its columns computed by SQL from fewer values (`values`),
 * which costs a fifth of that.
 */

import type { Db, Statement } from './database.ts'
import type { Param } from './span-rows.ts'

const ROWS = 64

/** SQL for each column from `width` bound values, which it calls column1, column2 … */
export interface Computed {
  readonly width: number
  readonly values: readonly string[]
}

export class Inserter {
  readonly #width: number
  readonly #many: Statement
  readonly #one: Statement
  readonly #params: Param[]
  readonly #single: Param[]

  constructor(db: Db, table: string, columns: readonly string[], computed?: Computed) {
    this.#width = computed?.width ?? columns.length
    const row = `(${Array(this.#width).fill('?').join(',')})`
    const statement = (rows: number) => {
      const values = `VALUES ${Array<string>(rows).fill(row).join(',')}`
      const source = computed === undefined ? values : `SELECT ${computed.values.join(',')} FROM (${values})`
      return db.prepare(`INSERT INTO ${table} (${columns.join(',')}) ${source}`)
    }
    this.#many = statement(ROWS)
    this.#one = statement(1)
    this.#params = Array<Param>(ROWS * this.#width).fill(null)
    this.#single = Array<Param>(this.#width).fill(null)
  }

  /** Insert `count` rows; `fill` puts row i's values into params[at …]. */
  rows(count: number, fill: (params: Param[], at: number, i: number) => void): void {
    const whole = count - (count % ROWS)
    for (let i = 0; i < whole; i += ROWS) {
      for (let k = 0; k < ROWS; k++) fill(this.#params, k * this.#width, i + k)
      this.#many.run(...this.#params)
    }
    for (let i = whole; i < count; i++) {
      fill(this.#single, 0, i)
      this.#one.run(...this.#single)
    }
  }
}

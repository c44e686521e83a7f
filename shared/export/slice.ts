/** A span as viewers draw it, on a track. */

import type { Ns } from '../model/trace.ts'

export type Category = 'op' | 'phase' | 'wait' | 'hold' | 'running'

export interface Slice {
  readonly category: Category
  /** Row in its table. */
  readonly row: number
  readonly name: string
  readonly start: Ns
  end: Ns
}

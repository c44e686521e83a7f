/** Who waited for whom: time each waiting task was blocked by each holding task, from the wait edges. */
import * as z from 'zod'
import { analysis, scopeSchema } from './analysis.ts'

export interface WaiterHolderResult {
  /** Tasks of the rows (waiters) and columns (holders), most time first; the rest is summed in a last `other` (id -1). */
  readonly waiters: readonly { readonly id: number; readonly comm: string; readonly pid: number }[]
  readonly holders: readonly { readonly id: number; readonly comm: string; readonly pid: number }[]
  /** overlapNs[w * holders.length + h]. */
  readonly overlapNs: Float64Array
  /** Wait time in scope that no known holder explains. */
  readonly unexplainedNs: number
}

export const waiterHolder = analysis({
  id: 'waiter-holder',
  title: 'Waiter × holder',
  about: 'Which task waited for which: blocked time per pair.',
  params: z.object({ scope: scopeSchema.default({}), top: z.int().positive().max(200).default(10) }),
  run(): WaiterHolderResult {
    throw new Error('assertion failed: being written')
  },
})

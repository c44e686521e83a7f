/** Waiting over time: how many tasks were waiting on average in each time bin, the chosen class apart from the rest. */
import * as z from 'zod'
import { analysis, scopeSchema } from './analysis.ts'

export interface ContentionOverTimeResult {
  readonly fromNs: number
  readonly binNs: number
  /** Mean number of tasks waiting in each bin for the scope's lock(s). */
  readonly waiting: Float64Array
  /** The same for all locks (equal to `waiting` when the scope names none). */
  readonly waitingAll: Float64Array
}

export const contentionOverTime = analysis({
  id: 'contention-over-time',
  title: 'Waiting over time',
  about: 'When tasks waited: mean number of waiting tasks per time bin.',
  params: z.object({ scope: scopeSchema.default({}), bins: z.int().positive().max(4096).default(200) }),
  run(): ContentionOverTimeResult {
    throw new Error('assertion failed: being written')
  },
})

/** How much of a lock's hold time was spent inside which phase of which operation. Shares add up to 1 per (class, mode):
 *  time is given to the innermost phase, waits for other locks to `wait:CLASS`, the rest to `other`. */
import * as z from 'zod'
import { analysis, scopeSchema } from './analysis.ts'

export interface HoldPhaseRow {
  readonly class: string
  readonly classId: number
  readonly mode: 'exclusive' | 'shared'
  readonly phase: string
  readonly op: string
  readonly holdNs: number
  /** Of the (class, mode)'s whole hold time. */
  readonly shareOfHold: number
  readonly spans: number
}

export interface HoldPhasesResult {
  readonly rows: readonly HoldPhaseRow[]
  readonly total: number
}

export const holdPhases = analysis({
  id: 'hold-phases',
  title: 'Hold time by phase',
  about: 'What was done under the lock: how much of its hold time lies inside map_blocks, zero, unmap, commit waits.',
  params: z.object({ scope: scopeSchema.default({}), top: z.int().positive().max(10_000).default(1000) }),
  run(): HoldPhasesResult {
    throw new Error('assertion failed: being written')
  },
})

/** Lock contention with the columns of /proc/lock_stat, read and write apart. */
import * as z from 'zod'
import { analysis, scopeSchema } from './analysis.ts'

export const CONTENTION_BY = ['class', 'instance', 'op', 'task'] as const
export type ContentionBy = (typeof CONTENTION_BY)[number]

export interface ContentionRow {
  readonly class: string
  /** Row numbers to select by. `lock` only for `instance`. */
  readonly classId: number
  readonly lock?: number
  readonly address?: string
  /** `op`: operation kind that waited or held. */
  readonly op?: string
  /** `task`: row number, comm and pid of the task that waited or held. */
  readonly task?: { readonly id: number; readonly comm: string; readonly pid: number }
  readonly mode: 'exclusive' | 'shared'
  readonly acquisitions: number
  readonly contended: number
  readonly waitTotalNs: number
  readonly waitMeanNs: number | null
  readonly waitMinNs: number | null
  readonly waitMaxNs: number | null
  readonly waitP50Ns: number | null
  readonly waitP99Ns: number | null
  /** null where the trace cannot show holds of this lock. */
  readonly holdTotalNs: number | null
  readonly holdMeanNs: number | null
  readonly holdMinNs: number | null
  readonly holdMaxNs: number | null
  readonly holdP50Ns: number | null
  readonly holdP99Ns: number | null
  /** Phase with the largest share of the hold time (only by class), with that share 0…1. */
  readonly mostlyIn?: { readonly phase: string; readonly share: number }
  readonly inferred: boolean
}

export interface ContentionResult {
  readonly by: ContentionBy
  readonly rows: readonly ContentionRow[]
  /** Rows before the cut to `top`. */
  readonly total: number
  readonly classes: number
  readonly instances: number
}

export const contention = analysis({
  id: 'contention',
  title: 'Lock contention',
  about: 'Which locks were waited for, how long, and how long they were held.',
  params: z.object({
    scope: scopeSchema.default({}),
    by: z.enum(CONTENTION_BY).default('class'),
    contendedOnly: z.boolean().default(false),
    top: z.int().positive().max(10_000).default(1000),
  }),
  run(): ContentionResult {
    throw new Error('assertion failed: being written')
  },
})

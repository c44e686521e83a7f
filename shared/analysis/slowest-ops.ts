/** The slowest operations in scope (and in a brush), each with the lock it waited for longest and what its holder did. */
import * as z from 'zod'
import { analysis, scopeSchema } from './analysis.ts'
import { brushSchema } from './latency-distribution.ts'

export interface SlowOp {
  readonly opId: number
  readonly op: string
  readonly taskId: number
  readonly task: string
  readonly pid: number
  readonly startNs: number
  readonly durationNs: number
  readonly waitNs: number | null
  readonly result: number | null
  /** Longest wait inside; null: none. */
  readonly waitedFor: {
    readonly waitId: number
    readonly class: string
    readonly waitNs: number
    readonly holder: string | null
    readonly holderPhase: string | null
  } | null
}

export interface SlowestOpsResult {
  readonly rows: readonly SlowOp[]
  /** Operations in scope and brush. */
  readonly total: number
}

export const slowestOps = analysis({
  id: 'slowest-ops',
  title: 'Slowest operations',
  about: 'The worst operations and what they waited for.',
  params: z.object({
    scope: scopeSchema.default({}),
    brush: brushSchema.optional(),
    top: z.int().positive().max(10_000).default(50),
  }),
  run(): SlowestOpsResult {
    throw new Error('assertion failed: being written')
  },
})

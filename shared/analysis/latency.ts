/** Operation latency: counts, exact percentiles and the share spent waiting for locks. */
import * as z from 'zod'
import { analysis, scopeSchema } from './analysis.ts'

export const LATENCY_BY = ['op', 'task', 'inode'] as const

export interface LatencyRow {
  /** The group: an operation kind; with by=task or inode also that. */
  readonly op: string
  readonly task?: { readonly id: number; readonly comm: string; readonly pid: number }
  readonly inode?: { readonly id: number; readonly name: string }
  readonly count: number
  readonly failed: number
  /** Operations whose end was not seen: counted, not measured. */
  readonly unfinished: number
  readonly totalNs: number
  readonly minNs: number | null
  readonly meanNs: number | null
  readonly p50Ns: number | null
  readonly p90Ns: number | null
  readonly p99Ns: number | null
  readonly p999Ns: number | null
  readonly maxNs: number | null
  /** Lock waiting inside these operations; null where the trace cannot show waits. */
  readonly waitNs: number | null
  readonly waitShare: number | null
}

export interface LatencyResult {
  readonly by: (typeof LATENCY_BY)[number]
  readonly rows: readonly LatencyRow[]
  readonly total: number
}

export const latency = analysis({
  id: 'latency',
  title: 'Operation latency',
  about: 'How long each kind of operation took, and how much of it was waiting.',
  params: z.object({
    scope: scopeSchema.default({}),
    by: z.enum(LATENCY_BY).default('op'),
    top: z.int().positive().max(10_000).default(1000),
  }),
  run(): LatencyResult {
    throw new Error('assertion failed: being written')
  },
})

/**
 * A report of a comparison over the contract: what the client shows goes back as it came and returns as one file. The
 * engine adds what it knows itself (version, facts of the trace, films of schedules) and checks that it is a comparison.
 */

import * as z from 'zod'
import { limits } from '../base/limits.ts'
import type { AnyComparison, ScalingResult, SensitivityResult } from './whatif.ts'

const comparison = z.custom<AnyComparison>((given) => typeof given === 'object' && given !== null)

export const reportSchema = z.object({
  /** A page that stands alone, or plain text of 78 columns. */
  format: z.enum(['html', 'text']),
  result: comparison,
  /** Comparisons that belong to it and follow in the same file. */
  beside: z.array(comparison).max(4).default([]),
  /** How to make it again; left out, it is made from the result. */
  command: z.string().min(1).max(20_000).optional(),
  /** The replayed trace, or the compared ones, for their facts. */
  traces: z
    .array(z.object({ file: z.string().min(1).max(64), trace: z.int().positive() }))
    .max(26)
    .default([]),
  /** Counterexamples to show. */
  films: z.array(z.string().min(1).max(limits.scheduleChars)).max(limits.reportFilms).default([]),
  sensitivity: z.custom<SensitivityResult>((given) => typeof given === 'object' && given !== null).optional(),
  scaling: z.custom<ScalingResult>((given) => typeof given === 'object' && given !== null).optional(),
  /** Path to write; without it the bytes come back. */
  out: z.string().optional(),
  force: z.boolean().default(false),
})

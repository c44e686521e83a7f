/**
 * What an analysis is: a pure function from a trace and parameters to a result, with the parameters' schema beside it.
 * The CLI, the window and the HTML report are three-line callers. An analysis never sees SQL, a clock or a host.
 */

import * as z from 'zod'
import type { Trace } from '../model/trace.ts'

/**
 * What part of a trace is asked about. Everything is optional and everything given must hold: spans and operations that
 * overlap [fromNs, toNs); waits and holds are clipped to the window. `task`, `lock`, `lockClass` are row numbers.
 */
export const scopeSchema = z.object({
  fromNs: z.number().nonnegative().optional(),
  toNs: z.number().nonnegative().optional(),
  task: z.int().nonnegative().optional(),
  lockClass: z.int().nonnegative().optional(),
  lock: z.int().nonnegative().optional(),
  mode: z.enum(['exclusive', 'shared']).optional(),
  op: z.string().optional(),
  inode: z.int().nonnegative().optional(),
})
export type Scope = z.infer<typeof scopeSchema>

export interface Analysis<Id extends string, P extends z.ZodType, R> {
  readonly id: Id
  readonly title: string
  /** One sentence: the question it answers. */
  readonly about: string
  readonly params: P
  run(trace: Trace, params: z.output<P>): R
}

export function analysis<const Id extends string, P extends z.ZodType, R>(
  definition: Analysis<Id, P, R>,
): Analysis<Id, P, R> {
  return definition
}

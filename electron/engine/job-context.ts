/** What passes between a job and whoever runs it, whichever thread it has: a signal that says stop, progress, its end. */

import type { WireError } from '#shared/base/errors.ts'
import type { Progress } from '#shared/contract/methods.ts'

export interface JobContext {
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
}

/** What a job's thread says. */
export type JobMessage =
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'done'; readonly result: unknown }
  | { readonly kind: 'failed'; readonly error: WireError }

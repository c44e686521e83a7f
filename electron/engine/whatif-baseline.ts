/**
 * What a trace was made under, where nobody says: a simulated one knows it, and a recorded one is of today's kernels, which
 * is K. It reads one row: a strategy of the user's own that the trace names must be there, like one that is asked for.
 */

import { ApiError } from '#shared/base/errors.ts'
import { openFile } from '../store/open.ts'

const TODAY = 'K'

interface Stored {
  readonly path: string
  readonly trace: number
}

export function madeUnder(of: Stored): string {
  return simulatedUnder(of) ?? TODAY
}

/** Undefined: it was recorded. */
export function simulatedUnder({ path, trace }: Stored): string | undefined {
  const db = openFile(path)
  try {
    const row = db.prepare('SELECT strategy FROM trace WHERE id = ?').get(trace) as
      { readonly strategy: string | null } | undefined
    if (row === undefined) throw new ApiError('not-found', `${path}: there is no trace ${trace} in this file`)
    return row.strategy ?? undefined
  } finally {
    db.close()
  }
}

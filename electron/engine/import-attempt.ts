/**
 * A reader that gives up in the middle of its input (a limit, damage it cannot pass) has read a trace up to there: it is kept,
 * and says how far it goes. Formats themselves pass over what damage they can; this is for the rest.
 */

import { ApiError } from '#shared/base/errors.ts'
import { DAMAGED_DATA } from '#shared/model/diagnostics.ts'
import type { Recorder } from '#shared/spans/recorder.ts'

/** One piece of input; false: it was the last. Without a single event there is nothing to keep: the reason is the answer. */
export function attempt({ builder }: Recorder, byte: number, read: () => void): boolean {
  try {
    read()
    return true
  } catch (thrown) {
    const given = thrown instanceof ApiError && (thrown.code === 'bad-input' || thrown.code === 'limit')
    if (!given || builder.eventCount === 0) throw thrown
    const message = `read ${builder.eventCount} events up to byte ${byte}, then: ${thrown.message}`
    builder.diagnose('warning', DAMAGED_DATA, message)
    return false
  }
}

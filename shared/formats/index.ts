/**
 * The registry of formats, and how input is recognised: every format says how sure it is of the first bytes, the surest
 * wins. When none is, the answer is a sentence about what the bytes look like instead (foreign.ts), never a guess.
 */

import { ApiError } from '../base/errors.ts'
import { registry } from '../base/registry.ts'
import * as all from './all.ts'
import { describeForeign, READS } from './foreign.ts'
import type { Format } from './format.ts'

export const formats = registry<Format>(
  'format',
  Object.values<Format>(all).sort((a, b) => (a.id < b.id ? -1 : 1)),
)

/** Below this nobody is sure enough: a text in which one line in twenty is an event is no trace. */
const SURE = 0.05

/** The format of input that begins with `head` (decompressed, up to limits.sniffBytes); ApiError `bad-input` if none. */
export function sniff(head: Uint8Array): Format {
  const marked = formats.items.find((format) => format.magic === true && format.sniff(head) === 1)
  if (marked !== undefined) return marked
  const foreign = describeForeign(head)
  if (foreign !== undefined && foreign.certain) throw refusal(foreign)
  let best: Format | undefined
  let sure = SURE
  for (const format of formats.items) {
    const score = format.sniff(head)
    if (score > sure) {
      best = format
      sure = score
    }
  }
  if (best !== undefined) return best
  throw refusal(foreign ?? { looksLike: 'text in which no line is an event', hint: READS })
}

function refusal(foreign: { readonly looksLike: string; readonly hint: string }): ApiError {
  return new ApiError('bad-input', `cannot import this: it looks like ${foreign.looksLike}`, foreign.hint)
}

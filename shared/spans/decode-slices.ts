/**
 * Payloads of slices from formats of other programs, `name="…" dur=N …`: the name is a JSON string (shared/formats/
 * slice-payload.ts writes them), the length of a complete slice stands right behind it.
 */

import { ByteInterner } from '../base/bytes.ts'
import { limits } from '../base/limits.ts'
import type { Decoder } from './decoder.ts'
import type { EventFields } from './fields.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
/** `name=` */
const NAME_AT = 5
/** ` dur=` */
const DUR = 5

/** One set per trace: names are decoded once. */
export function sliceDecoders(): Readonly<Record<string, Decoder>> {
  const names = new ByteInterner('slice names', limits.entities)
  const texts: string[] = []
  let nameTo = 0

  function nameOf({ bytes, from, to }: EventFields): string {
    let end = from + NAME_AT + 1
    while (end < to && bytes[end] !== QUOTE) end += bytes[end] === BACKSLASH ? 2 : 1
    nameTo = Math.min(to, end + 1)
    if (bytes[from + NAME_AT] !== QUOTE) return '?'
    const id = names.intern(bytes, from + NAME_AT, nameTo)
    return (texts[id] ??= unquoted(names.text(id)))
  }

  return {
    slice_begin: (spans, fields) => spans.slices.begin(nameOf(fields)),
    slice(spans, fields) {
      const name = nameOf(fields)
      const duration = fields.numberAt(nameTo + DUR, 10)
      spans.slices.begin(name, duration >= 0 ? duration : 0)
    },
    slice_end: (spans) => spans.slices.end(),
  }
}

function unquoted(text: string): string {
  try {
    const name: unknown = JSON.parse(text)
    return typeof name === 'string' && name !== '' ? name : '(unnamed)'
  } catch {
    return '?'
  }
}

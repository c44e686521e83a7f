/**
 * Payloads of the events a simulated run has beyond a real kernel's: op_begin, op_end, phase_begin, phase_end. With them
 * the raw events of a run say all its spans say, so a run that was exported as text is the same trace when it is read.
 */

import type { Decoder } from './decoder.ts'
import { key, type EventFields } from './fields.ts'

const KIND = key('kind')
const DEV = key('dev')
const INO = key('ino')
const OFFSET = key('offset')
const LENGTH = key('length')
const RESULT = key('ret')
const NAME = key('name')
const SPACE = 0x20

/** The word after a key; '' where there is none. */
function word(fields: EventFields, name: Uint8Array): string {
  const from = fields.find(name)
  if (from < 0) return ''
  let to = from
  while (to < fields.to && fields.bytes[to] !== SPACE) to++
  return fields.text(from, to)
}

export const simDecoders: Readonly<Record<string, Decoder>> = {
  op_begin(spans, fields) {
    const inode = fields.number(INO)
    const frame = spans.ops.push(word(fields, KIND))
    if (inode === inode) frame.inode = spans.builder.inodes.id(`${word(fields, DEV)}:${inode}`)
    frame.offset = fields.number(OFFSET)
    frame.length = fields.number(LENGTH)
  },
  op_end(spans, fields) {
    spans.ops.endTop(fields.number(RESULT))
  },
  phase_begin(spans, fields) {
    spans.phases.begin(word(fields, NAME))
  },
  phase_end(spans, fields) {
    if (!spans.phases.end(word(fields, NAME))) spans.phases.unmatched()
  },
}

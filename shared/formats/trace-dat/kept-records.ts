/**
 * Records that are kept instead of the text they print: spans need the text of few events, and people look at few. Kept are
 * the bytes the print format reads, without the fields all events have (type, flags, pid). Only of records whose text depends
 * on nothing else: where a symbol or a constant text of the kernel may be in it, or where it may be long, the text is kept.
 */

import { limits } from '../../base/limits.ts'
import { isKernel, type Part, type Piece, type Program } from './print-program.ts'
import type { RecordView } from './record.ts'

/** kernel/trace/trace_events.c: trace_define_common_fields. They are never in the text of what is kept. */
export const COMMON_BYTES = 8

/** Bytes [COMMON_BYTES, end) of a record say all its text does. */
export interface KeptRecord {
  readonly end: number
  /** Where addresses are: only those of user space have no symbol. */
  readonly addresses: readonly number[]
}

/** What they write, their fields alone decide, and how long it is at most. */
const SELF_CONTAINED: ReadonlySet<Piece['kind']> = new Set([
  'literal',
  'hex',
  'user-address',
  'decimal',
  'bits',
  'linear',
  'characters',
  'remembered',
])

/** undefined: only the text of such events can be kept. */
export function keptRecord(parts: readonly Part[], { start, reach, room }: Program): KeptRecord | undefined {
  const remembered = parts.reduce((sum, { piece, most = 0 }) => sum + (piece?.kind === 'remembered' ? most : 0), 0)
  if (start < COMMON_BYTES || reach <= COMMON_BYTES || room + remembered > limits.recordTextBytes) return undefined
  const addresses: number[] = []
  for (const { piece, symbols } of parts) {
    if (piece === undefined || !SELF_CONTAINED.has(piece.kind)) return undefined
    if (piece.kind === 'user-address') addresses.push(piece.offset)
    else if (symbols === true) return undefined
  }
  return { end: reach, addresses }
}

/** Can this record be kept? */
export function isKept({ end, addresses }: KeptRecord, record: RecordView): boolean {
  const { view, at, little } = record
  if (at + end > record.end) return false
  for (let i = 0; i < addresses.length; i++) if (isKernel(view, at + addresses[i], little)) return false
  return true
}

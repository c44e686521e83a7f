/**
 * Records that are kept instead of the text they print: spans need the text of few events, and people look at few. Kept are
 * the bytes the print format reads, without the fields all events have (type, flags, pid). Only of records whose text depends
 * on nothing else: where a symbol or a constant text of the kernel may be in it, or where it may be long, the text is kept.
 * The bytes may come from a stranger's file: those that do not fit their format are refused.
 */

import { encodeUtf8 } from '../../base/bytes.ts'
import { limits } from '../../base/limits.ts'
import type { RecordFormat } from '../../model/trace.ts'
import type { ByteWriter } from './byte-writer.ts'
import { eventFormatText, parseEventFormat } from './event-format.ts'
import { compilePrint } from './print-compile.ts'
import { isKernel, type Part, type Piece, type Program, type Write } from './print-program.ts'
import { RecordView } from './record.ts'
import { Symbols } from './symbols.ts'

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

/** Prints kept records. */
export class KeptPrinters {
  readonly #formats: readonly RecordFormat[]
  readonly #printers: (KeptPrinter | undefined)[] = []

  constructor(formats: readonly RecordFormat[]) {
    this.#formats = formats
  }

  /** Of events of this name; undefined: their records cannot be printed. */
  of(name: number): KeptPrinter | undefined {
    if (name < this.#printers.length && this.#printers[name] !== undefined) return this.#printers[name]
    while (this.#printers.length <= name) this.#printers.push(undefined)
    return (this.#printers[name] = this.#make(name))
  }

  #make(name: number): KeptPrinter | undefined {
    const stored = this.#formats.find((format) => format.name === name)
    const text = stored === undefined ? undefined : eventFormatText(encodeUtf8(stored.text), stored.system)
    const format = text === undefined ? undefined : parseEventFormat(text)
    if (stored === undefined || format === undefined) return undefined
    const record = new RecordView(stored.little)
    const { write, kept } = compilePrint({ format, record, symbols: NO_SYMBOLS })
    return kept === undefined ? undefined : new KeptPrinter(record, write, kept)
  }
}

const NO_SYMBOLS = new Symbols(new Uint8Array(0), new Uint8Array(0))

class KeptPrinter {
  readonly #record: RecordView
  readonly #write: Write
  readonly #bytes: number

  constructor(record: RecordView, write: Write, { end }: KeptRecord) {
    this.#record = record
    this.#write = write
    this.#bytes = end - COMMON_BYTES
  }

  /** Appends the text of the record bytes[from, to); false: it is no record of this format. */
  print(bytes: Uint8Array, from: number, to: number, out: ByteWriter): boolean {
    if (to - from !== this.#bytes) return false
    const record = this.#record
    record.over(bytes)
    // The common fields before it, perhaps before the bytes begin, are not read.
    record.at = from - COMMON_BYTES
    record.end = to
    this.#write(out)
    return true
  }
}

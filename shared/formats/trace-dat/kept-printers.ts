/**
 * The texts of kept records (kept-records.ts), printed when somebody looks at them, by the format that is stored beside them.
 * The bytes may come from a stranger's file: those that do not fit their format are refused.
 */

import { encodeUtf8 } from '../../base/bytes.ts'
import type { RecordFormat } from '../../model/trace.ts'
import type { ByteWriter } from './byte-writer.ts'
import { eventFormatText, parseEventFormat } from './event-format.ts'
import { COMMON_BYTES, type KeptRecord } from './kept-records.ts'
import { compilePrint } from './print-compile.ts'
import type { Write } from './print-program.ts'
import { RecordView } from './record.ts'
import { Symbols } from './symbols.ts'

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

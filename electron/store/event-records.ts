/**
 * Payloads that are stored as the kernel's records become text here, when a chunk is read: whoever reads chunks sees text
 * only, byte for byte what the reader of the trace.dat would have printed. Printing waits until the payloads are asked for,
 * since many queries want times and names. A record that does not fit its format is damage, and said.
 */

import { limits } from '#shared/base/limits.ts'
import { ByteWriter } from '#shared/formats/trace-dat/byte-writer.ts'
import { KeptPrinters } from '#shared/formats/trace-dat/kept-printers.ts'
import { EVENT_RECORD } from '#shared/model/kinds.ts'
import type { EventChunk, RecordFormat } from '#shared/model/trace.ts'
import { damaged } from './codec.ts'
import type { Db } from './database.ts'

/** A chunk's text, and what the writer asks for to be sure that the last event has room. */
const MOST = limits.chunkArgsBytes + 2 * limits.eventArgsBytes

export function recordFormats(db: Db, traceId: number): readonly RecordFormat[] {
  const rows = db
    .prepare(
      `SELECT name_seq, system, little, format FROM event_format
       WHERE trace_id = ? AND octet_length(format) <= ? ORDER BY name_seq`,
    )
    .raw()
    .all(traceId, limits.eventFormatBytes) as [number, string, number, string][]
  return rows.map(([name, system, little, text]) => ({ name, system, little: little !== 0, text }))
}

export function hasRecords({ flags }: EventChunk): boolean {
  if (flags === undefined) return false
  for (let row = 0; row < flags.length; row++) if ((flags[row] & EVENT_RECORD) !== 0) return true
  return false
}

type Payloads = Pick<EventChunk, 'args' | 'argsEnd'>

/** The texts of one trace's records. */
export class RecordTexts {
  readonly #printers: KeptPrinters
  readonly #writer = new ByteWriter(MOST)

  constructor(formats: readonly RecordFormat[]) {
    this.#printers = new KeptPrinters(formats)
  }

  /** The chunk with text for its records. `what` it is, for whom it may concern that it is damaged. */
  printed(chunk: EventChunk, what: string): EventChunk {
    const { flags, length, ts0, ts1, ts, cpu, task, name, stack } = chunk
    const plain = (flags ?? new Uint8Array(length)).map((bits) => bits & ~EVENT_RECORD)
    let payloads: Payloads | undefined
    const printed = () => (payloads ??= this.#print(chunk, what))
    return {
      ...{ length, ts0, ts1, ts, cpu, task, name, stack },
      ...(plain.some((bits) => bits !== 0) ? { flags: plain } : {}),
      get args() {
        return printed().args
      },
      get argsEnd() {
        return printed().argsEnd
      },
    }
  }

  #print({ length, name, flags, args, argsEnd }: EventChunk, what: string): Payloads {
    const writer = this.#writer
    const printers = this.#printers
    const ends = new Uint32Array(length)
    writer.reset()
    for (let row = 0, from = 0; row < length; row++) {
      const to = argsEnd[row]
      if (((flags?.[row] ?? 0) & EVENT_RECORD) === 0) writer.copy(args, from, to)
      else if (printers.of(name[row])?.print(args, from, to, writer) !== true) {
        throw damaged(what, `the record of its event ${row} does not fit the format of such events`)
      }
      from = to
      ends[row] = writer.at
    }
    if (writer.cut) throw damaged(what, `its records have more than ${limits.chunkArgsBytes} bytes of text`)
    return { args: writer.bytes.slice(0, writer.at), argsEnd: ends }
  }
}

/**
 * What a format is. A format that is read front to back is a push parser: bytes go in as they are read (any cut, also inside a line or a
 * character), events come out through a Recorder. It never seeks, never keeps more than a line, never throws on damage:
 * what it cannot use is counted as a diagnostic with a code of SKIP_CODES (diagnostics.ts) and its first line.
 * Names and payloads that reach the Recorder have one spelling in all formats: see event-body.ts.
 */

import type { Recorder } from '../spans/recorder.ts'
import type { RandomFile } from './random-file.ts'

export interface FormatReader {
  /** Bytes in file order. They are not kept. */
  push(bytes: Uint8Array): void
  /**
   * No more bytes: parse what is left and set the trace's meta. A last line without newline counts as a line. Throws
   * ApiError `bad-input` if hardly anything was of this format. The caller then ends the recorder.
   */
  end(): void
  /** Lines read so far; undefined for binary formats. */
  readonly lines: number | undefined
}

interface AnyFormat {
  /** What --format takes and `list formats` prints. */
  readonly id: string
  readonly title: string
  /** For file dialogs, without dot. */
  readonly extensions: readonly string[]
  /** How sure the first bytes (up to limits.sniffBytes, decompressed) look like this format: 0 … 1, highest wins. */
  sniff(head: Uint8Array): number
  /** It begins with bytes nothing else begins with: where `sniff` says 1, no other format need be asked. */
  readonly magic?: true
}

/** Read from front to back. */
export interface StreamFormat extends AnyFormat {
  readonly input: 'stream'
  reader(recorder: Recorder): FormatReader
}

/** Its parts point at each other: it is read in any order, and a stream is spooled first. */
export interface FileFormat extends AnyFormat {
  readonly input: 'file'
  /** Throws ApiError `bad-input` for a file that is damaged beyond use. */
  open(file: RandomFile, recorder: Recorder, host?: FormatHost): FileReader
}

/** A kallsyms that is not of the file itself. */
export interface GivenSymbols {
  readonly kallsyms: Uint8Array
  /** Where it is from, for people. */
  readonly from: string
}

/** What a host may know beside the file. */
export interface FormatHost {
  /** The kallsyms the user gave, else one of exactly the kernel with this build id (hex digits). */
  kernelSymbols(buildId: string | undefined): GivenSymbols | undefined
}

export type Format = StreamFormat | FileFormat

export interface FileReader {
  /** Some more events into the recorder, as many as a tick of progress takes; false at the end. */
  step(): boolean
  /** Bytes of the file that were used so far. */
  readonly done: number
  /** After the last step: sets the trace's meta. The caller then ends the recorder. */
  end(): void
}

/**
 * What a format is. A text format is a push parser: bytes go in as they are read (any cut, also inside a line or a
 * character), events come out through a Recorder. It never seeks, never keeps more than a line, never throws on damage:
 * what it cannot use is counted as a diagnostic with a code of SKIP_CODES (diagnostics.ts) and its first line.
 * Names and payloads that reach the Recorder have one spelling in all formats: see event-body.ts.
 */

import type { Recorder } from '../spans/recorder.ts'

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

export interface Format {
  /** An id of CONTRACT.md section 4. */
  readonly id: string
  readonly title: string
  /** For file dialogs, without dot. */
  readonly extensions: readonly string[]
  /** How sure the first bytes (up to limits.sniffBytes, decompressed) look like this format: 0 … 1, highest wins. */
  sniff(head: Uint8Array): number
  reader(recorder: Recorder): FormatReader
}

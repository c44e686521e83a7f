/**
 * What a format is. A text format is a push parser: bytes go in as they are read (any cut, also inside a line or a
 * character), events come out through a Recorder. It never seeks, never keeps more than a line, never throws on damage:
 * what it cannot use is counted by `skip` with the reason and the first line it happened on.
 */

import type { Recorder } from '../spans/recorder.ts'

export interface FormatReader {
  /** Bytes in file order. They are not kept. */
  push(bytes: Uint8Array): void
  /** No more bytes: parse what is left. A last line without newline counts as a line. */
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

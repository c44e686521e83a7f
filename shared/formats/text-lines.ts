/**
 * Small texts by lines, as strings: tables and kernel logs, whose readers look at a few thousand short lines with regular
 * expressions. It cuts and decodes lines, knows the number of the one in work and says what was skipped. It is not for
 * event texts: those never make a string of a line (lines.ts, event-line.ts).
 */

import { decodeUtf8 } from '../base/bytes.ts'
import { limits } from '../base/limits.ts'
import * as code from '../model/diagnostics.ts'
import type { Recorder } from '../spans/recorder.ts'
import { LineSplitter } from './lines.ts'

interface TextLinesOptions {
  readonly recorder: Recorder
  /** What of a longer line is looked at, in bytes: expressions never see more. */
  readonly columns: number
  /** One line without its end. */
  readonly line: (text: string) => void
}

export class TextLines {
  readonly #recorder: Recorder
  readonly #splitter: LineSplitter

  constructor({ recorder, columns, line }: TextLinesOptions) {
    this.#recorder = recorder
    this.#splitter = new LineSplitter({
      fast: () => -1,
      tooLong: () => this.skip(code.LINE_TOO_LONG, `lines longer than ${limits.lineBytes} bytes were skipped`),
      line: (bytes, from, to) => line(decodeUtf8(bytes, from, Math.min(to, from + columns))),
    })
  }

  /** Lines finished. */
  get count(): number {
    return this.#splitter.lines
  }

  /** The line in work, 1-based. */
  get number(): number {
    return this.#splitter.lines + 1
  }

  push(bytes: Uint8Array): void {
    this.#splitter.push(bytes)
  }

  end(): void {
    this.#splitter.end()
  }

  /** After the end: tells of an input that stops inside a line. */
  sayUnfinished(): void {
    this.#splitter.sayRest(this.#recorder.builder)
  }

  /** The line in work is no use. */
  skip(reason: string, message: string): void {
    this.diagnose('warning', reason, message)
  }

  /** `what` is a code of diagnostics.ts; lines of one code are counted, the first is named. */
  diagnose(severity: 'info' | 'warning', what: string, message: string): void {
    this.#recorder.builder.diagnose(severity, what, message, this.number)
  }
}

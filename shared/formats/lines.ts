/**
 * Bytes to lines. Chunks may be cut anywhere, also inside a line or a character; whole lines are handed over where they
 * lie in the chunk (no copy, no string), only the piece of a line at a chunk's end is carried over. A line longer than
 * limits.lineBytes is never collected: it is reported as too long and skipped, so memory stays bounded whatever comes.
 * A byte-order mark at the start and the CRs of line ends are not part of any line, nor is what a log put before it, nor
 * numbers and colours, where the handler wants them off (log-prefix.ts, line-numbers.ts).
 */

import { limits } from '../base/limits.ts'
import type { TraceBuilder } from '../model/builder.ts'
import { LINE_MARKS, LOG_PREFIX, UNFINISHED_LINE } from '../model/diagnostics.ts'
import { ESCAPE, LineNumbers, withoutColours } from './line-numbers.ts'
import { logPrefix } from './log-prefix.ts'

const LF = 10
const CR = 13

/** What is done with lines. Offsets are into `bytes`, which is only valid during the call. */
export interface LineHandler {
  /**
   * A chance to take a whole line from `at` in one pass, before anyone looked for its end: returns the offset after its
   * newline, or -1 to get the line through `line` instead. It must find the newline before `end`.
   */
  fast(bytes: Uint8Array, at: number, end: number): number
  line(bytes: Uint8Array, from: number, to: number): void
  tooLong(): void
}

export class LineSplitter {
  /** Lines finished. Inside a handler call the 1-based number of its line is `lines + 1`. */
  lines = 0
  /** The input did not end with a newline. */
  unfinished = false
  readonly #handler: LineHandler
  readonly #logs: boolean
  /** The first line a log stood before; 0: none. */
  #firstLogged = 0
  readonly #numbers = new LineNumbers()
  /** The first line with colours; 0: none. */
  #firstColoured = 0
  #plain = new Uint8Array(0)
  #carry = new Uint8Array(4096)
  #carried = 0
  /** Inside a line that is too long. */
  #skipping = false

  /** `logs`: lines may have come through a log or another program, whose times, numbers and colours are none of their own. */
  constructor(handler: LineHandler, { logs = false }: { readonly logs?: boolean } = {}) {
    this.#handler = handler
    this.#logs = logs
  }

  push(bytes: Uint8Array): void {
    const end = bytes.length
    let at = 0
    if (this.#carried > 0 || this.#skipping) {
      const newline = bytes.indexOf(LF)
      this.#keep(bytes, 0, newline === -1 ? end : newline)
      if (newline === -1) return
      this.#finishCarried()
      at = newline + 1
    } else if (this.lines === 0) {
      at = markLength(bytes, end)
    }
    let escape = this.#logs ? bytes.indexOf(ESCAPE, at) : -1
    while (at < end) {
      if (escape !== -1 && escape < at) escape = bytes.indexOf(ESCAPE, at)
      if (escape !== -1) {
        const newline = bytes.indexOf(LF, at)
        if (newline > escape) {
          this.#coloured(bytes, at, newline)
          at = newline + 1
          continue
        }
      }
      const next = this.#handler.fast(bytes, this.#logs ? this.#behindLog(bytes, at, end) : at, end)
      if (next !== -1) {
        this.lines++
        at = next
        continue
      }
      const newline = bytes.indexOf(LF, at)
      if (newline === -1) {
        this.#keep(bytes, at, end)
        return
      }
      this.#whole(bytes, at, newline)
      at = newline + 1
    }
  }

  end(): void {
    if (this.#carried === 0 && !this.#skipping) return
    this.unfinished = true
    this.#finishCarried()
  }

  #coloured(bytes: Uint8Array, from: number, to: number): void {
    // One that is too long is not copied, only counted.
    if (to - from > limits.lineBytes) return this.#whole(bytes, from, to)
    if (this.#firstColoured === 0) this.#firstColoured = this.lines + 1
    if (this.#plain.length < to - from) this.#plain = new Uint8Array(2 * (to - from))
    this.#whole(this.#plain, 0, withoutColours(bytes, from, to, this.#plain))
  }

  #whole(bytes: Uint8Array, from: number, to: number): void {
    if (to - from > limits.lineBytes) this.#handler.tooLong()
    else {
      const start = this.#logs ? this.#behindLog(bytes, from, to) : from
      let end = to
      while (end > start && bytes[end - 1] === CR) end--
      this.#handler.line(bytes, start, end)
    }
    this.lines++
  }

  #behindLog(bytes: Uint8Array, from: number, to: number): number {
    let start = from
    let length = logPrefix(bytes, start, to)
    // A log's date has numbers and colons too.
    if (length === 0) {
      start += this.#numbers.length(bytes, from, to, this.lines + 1)
      if (start > from) length = logPrefix(bytes, start, to)
    }
    if (length > 0 && this.#firstLogged === 0) this.#firstLogged = this.lines + 1
    return start + length
  }

  /** After the end: tells of lines that came through a log, and of an input that stops inside a line. */
  sayRest(builder: TraceBuilder): void {
    if (this.#firstLogged > 0) {
      const what = 'the lines come from a log, whose times, levels and senders before them were cut off'
      builder.diagnose('info', LOG_PREFIX, what, this.#firstLogged)
    }
    const numbered = this.#numbers.first
    if (numbered > 0 || this.#firstColoured > 0) {
      const off = [
        ...(numbered > 0 ? ['numbers before the lines'] : []),
        ...(this.#firstColoured > 0 ? ['colours'] : []),
      ]
      const first = numbered > 0 ? numbered : this.#firstColoured
      builder.diagnose(
        'info',
        LINE_MARKS,
        `${off.join(' and ')} are of the program that printed them and were cut off`,
        first,
      )
    }
    if (!this.unfinished) return
    builder.diagnose('info', UNFINISHED_LINE, 'the last line has no newline: it may be cut short', this.lines)
  }

  /** A piece of a line whose end has not been seen, or has just been found. */
  #keep(bytes: Uint8Array, from: number, to: number): void {
    if (this.#skipping) return
    const length = this.#carried + (to - from)
    if (length > limits.lineBytes) {
      this.#skipping = true
      this.#carried = 0
      return
    }
    if (length > this.#carry.length) {
      const grown = new Uint8Array(Math.max(length, this.#carry.length * 2))
      grown.set(this.#carry.subarray(0, this.#carried))
      this.#carry = grown
    }
    for (let i = from, j = this.#carried; i < to; i++, j++) this.#carry[j] = bytes[i]
    this.#carried = length
  }

  #finishCarried(): void {
    const length = this.#carried
    this.#carried = 0
    if (this.#skipping) {
      this.#skipping = false
      this.#handler.tooLong()
      this.lines++
      return
    }
    const from = this.lines === 0 ? markLength(this.#carry, length) : 0
    if (this.#logs && this.#carry.subarray(from, length).includes(ESCAPE)) this.#coloured(this.#carry, from, length)
    else this.#whole(this.#carry, from, length)
  }
}

/** Length of a UTF-8 byte-order mark at the start of a file. */
function markLength(bytes: Uint8Array, length: number): number {
  return length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
}

/**
 * What programs that print lines of files put into them: numbers before every line (`cat -n`, `nl`, `grep -n` with and
 * without the file's name) and colours. Numbers are known by the first line and by going up; readers' own lines begin with
 * blanks, # or a task's name.
 */

import { isDigit, skipSpaces } from './event-line.ts'

/** Begins a colour, as a terminal reads it. */
export const ESCAPE = 27
const TAB = 9
const BLANK = 32
const DASH = 45
const COLON = 58
const OPEN = 91
/** Longest name of a file, most digits of a number. */
const NAME = 256
const DIGITS = 12

export class LineNumbers {
  /** The first line that had one; 0: none. */
  first = 0
  #last = -1
  #line = 0

  /** Length of the number before line `line` (from 1 on), 0 for none. Of one line it may be asked twice. */
  length(bytes: Uint8Array, from: number, to: number, line: number): number {
    if (line > 1 && this.first === 0) return 0
    const start = skipSpaces(bytes, from, to)
    const behind = this.#number(bytes, start, to, line)
    if (behind !== -1) return behind - from
    const name = start === from ? behindName(bytes, from, to) : -1
    return name === -1 ? 0 : Math.max(from, this.#number(bytes, name, to, line)) - from
  }

  /** The offset behind the number at `at` and what separates it; -1 for none. */
  #number(bytes: Uint8Array, at: number, to: number, line: number): number {
    let number = 0
    let i = at
    while (i < to && i - at < DIGITS && isDigit(bytes[i])) number = number * 10 + bytes[i++] - 48
    if (i === at || i >= to || !this.#separates(bytes[i])) return -1
    if (line === this.#line ? number !== this.#last : number <= this.#last) return -1
    this.#last = number
    this.#line = line
    if (this.first === 0) this.first = line
    return i + 1
  }

  /** grep has a dash before the lines around those it found. */
  #separates(byte: number): boolean {
    return byte === TAB || byte === COLON || (byte === DASH && this.first !== 0)
  }
}

/** Copies [from, to) without colours into `into`, which is as long; returns the length of what is left. */
export function withoutColours(bytes: Uint8Array, from: number, to: number, into: Uint8Array): number {
  let length = 0
  for (let i = from; i < to; i++) {
    if (bytes[i] === ESCAPE && i + 1 < to && bytes[i + 1] === OPEN) {
      let end = i + 2
      while (end < to && bytes[end] >= 0x20 && bytes[end] < 0x40) end++
      if (end < to) {
        i = end
        continue
      }
    }
    into[length++] = bytes[i]
  }
  return length
}

/** Behind `trace.txt:` where a digit follows; -1 for anything else. */
function behindName(bytes: Uint8Array, from: number, to: number): number {
  const stop = Math.min(to, from + NAME)
  let i = from
  while (i < stop && bytes[i] > BLANK && bytes[i] !== COLON) i++
  return i > from && i + 1 < stop && bytes[i] === COLON && isDigit(bytes[i + 1]) ? i + 1 : -1
}

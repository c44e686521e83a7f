/**
 * One event line of tracefs or trace-cmd report text, taken apart: task, CPU, context, time, and where the event's own
 * text begins. This is the general way, for every layout and any column widths; readers learn the columns of a file from
 * it and then run over the lines that repeat them without it (event-text.ts).
 *
 *     COMM-PID [CPU] FLAGS SECONDS.MICROS: BODY              tracefs; FLAGS absent with irq-info off, in report too
 *     COMM-PID (  TGID) [CPU] FLAGS SECONDS.MICROS: BODY     record-tgid
 *     COMM-PID   CPUFLAGS TIMEus+: BODY                      latency-format; report -l has SECONDS.MICROS there
 *     COMM PID CPU FLAGS PREEMPT INDEX [HEX] MSms (+MS): BODY    latency-format with verbose
 *     SOURCE: COMM-PID …                                     report of several buffers or files, all to one width
 *
 * Layouts: kernel/trace/trace_output.c (trace_print_context, trace_print_lat_context), trace-cmd's tracecmd_show_data.
 * A comm is any 15 bytes, so PID is what follows the last `-` that lets the rest of the line parse.
 */

import { limits } from '../base/limits.ts'
import { CONTEXT_HARDIRQ, CONTEXT_NMI, CONTEXT_SOFTIRQ, CONTEXT_TASK } from '../spans/recorder.ts'

/** Where the task and CPU stand. */
export const LAYOUT_BRACKET = 0
const LAYOUT_GLUED = 1
export const LAYOUT_VERBOSE = 2

/** How the time is written. */
export const TIME_SECONDS = 0
export const TIME_MICROS = 1
export const TIME_TICKS = 2

/** Columns in which a comm can end: `%16s-` is the widest. */
const COMM_COLUMNS = 16
/** Those of the layout whose CPU is glued to the flags: `%8.8s-`. */
const SHORT_COMM = 8
/** A `-` further right than this belongs to no task; sources are paths as they were given. */
const TASK_COLUMNS = 256
const FLAGS_MIN = 3
const FLAGS_MAX = 8
/** Flags that a time may follow without a blank; the last of them is a dot, or a digit would be of either. */
const TICKS_BEHIND = 5

const SPACE = 32
const DASH = 45
const DOT = 46
const COLON = 58

const contexts = new Uint8Array(256).fill(CONTEXT_TASK)
for (const letter of 'hH') contexts[letter.charCodeAt(0)] = CONTEXT_HARDIRQ
contexts['s'.charCodeAt(0)] = CONTEXT_SOFTIRQ
for (const letter of 'zZ') contexts[letter.charCodeAt(0)] = CONTEXT_NMI

/**
 * CONTEXT_* by the flags at `at`: the third letter (trace_print_lat_fmt), or the fourth where PREEMPT_RT's kernels have
 * need-resched-lazy before it. Elsewhere the fourth is a depth, a dot or hexadecimal, and no letter of a context.
 */
export function contextOfFlags(bytes: Uint8Array, at: number): number {
  const context = contexts[bytes[at + 2]]
  return context === CONTEXT_TASK ? contexts[bytes[at + 3]] : context
}

export function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57
}

function isHexDigit(byte: number): boolean {
  return isDigit(byte) || (byte >= 97 && byte <= 102)
}

/** Parse results are fields, so that a line costs no object. They mean something after `parse` returned true. */
export class EventLine {
  layout = LAYOUT_BRACKET
  time = TIME_SECONDS
  commFrom = 0
  commTo = 0
  /** The name of a buffer or file before the task, empty where there is none. */
  sourceFrom = 0
  sourceTo = 0
  pid = 0
  /** -1: the line does not say. */
  tgid = -1
  cpu = 0
  context = CONTEXT_TASK
  /** End of the bytes that name the task (and in the glued layout the CPU): from the line's start to here. */
  prefixTo = 0
  /** 0: no flags column. */
  flagsLength = 0
  /** Time as hi·10^9 + lo, in ns or ticks: a clock's ns need not fit a number. */
  hi = 0
  lo = 0
  bodyFrom = 0

  parse(bytes: Uint8Array, from: number, to: number): boolean {
    const stop = Math.min(to, from + TASK_COLUMNS)
    let chosen = -1
    for (let i = from; i < stop; i++) {
      if (bytes[i] !== DASH || !isDigit(bytes[i + 1]) || !this.#task(bytes, from, i, to)) continue
      if (chosen === -1 || i - from <= COMM_COLUMNS) chosen = i
    }
    if (chosen !== -1) return this.#task(bytes, from, chosen, to)
    return this.#verbose(bytes, from, to)
  }

  /** A comm ends before the `-` at `dash`: does the rest of the line agree? */
  #task(bytes: Uint8Array, from: number, dash: number, to: number): boolean {
    let i = this.#digits(bytes, dash + 1, to, 10)
    if (i === -1 || bytes[i] !== SPACE) return false
    this.pid = this.#value
    this.commTo = dash
    i = skipSpaces(bytes, i, to)
    this.tgid = -1
    if (bytes[i] === 40) {
      i = this.#tgid(bytes, i, to)
      if (i === -1) return false
    }
    if (bytes[i] === 91) {
      this.#comm(bytes, from, dash - COMM_COLUMNS)
      return this.#bracket(bytes, i, to)
    }
    this.#comm(bytes, from, dash - SHORT_COMM)
    return this.#glued(bytes, i, to)
  }

  /** The comm in its column, which no comm is wider than, and the name that may stand before it. */
  #comm(bytes: Uint8Array, from: number, column: number): void {
    const sourced = column - 2 > from && bytes[column - 1] === SPACE && bytes[column - 2] === COLON
    this.sourceFrom = sourced ? skipSpaces(bytes, from, column) : from
    this.sourceTo = sourced ? column - 2 : from
    this.commFrom = skipSpaces(bytes, sourced ? column : from, this.commTo)
  }

  #tgid(bytes: Uint8Array, at: number, to: number): number {
    let i = skipSpaces(bytes, at + 1, to)
    if (bytes[i] === DASH) {
      while (i < to && bytes[i] === DASH) i++
    } else {
      i = this.#digits(bytes, i, to, 10)
      if (i === -1) return -1
      this.tgid = this.#value
    }
    return i < to && bytes[i] === 41 ? skipSpaces(bytes, i + 1, to) : -1
  }

  #bracket(bytes: Uint8Array, at: number, to: number): boolean {
    let i = this.#digits(bytes, at + 1, to, 5)
    if (i === -1 || bytes[i] !== 93 || this.#value > limits.cpus) return false
    this.layout = LAYOUT_BRACKET
    this.cpu = this.#value
    this.prefixTo = at
    i = skipSpaces(bytes, i + 1, to)
    this.flagsLength = 0
    this.context = CONTEXT_TASK
    return this.#timestamp(bytes, i, to) || this.#flagged(bytes, i, to)
  }

  #glued(bytes: Uint8Array, at: number, to: number): boolean {
    const i = this.#digits(bytes, at, to, 5)
    if (i === -1 || this.#value > limits.cpus) return false
    this.layout = LAYOUT_GLUED
    this.cpu = this.#value
    this.prefixTo = i
    return this.#flagged(bytes, i, to)
  }

  /** Flags, blanks, time. */
  #flagged(bytes: Uint8Array, at: number, to: number): boolean {
    let i = at
    while (i < to && bytes[i] > SPACE && i - at <= FLAGS_MAX) i++
    this.flagsLength = i - at
    if (this.flagsLength > FLAGS_MAX) return this.#ticksBehind(bytes, at, to)
    if (this.flagsLength < FLAGS_MIN || bytes[i] !== SPACE) return false
    this.context = contextOfFlags(bytes, at)
    return this.#timestamp(bytes, skipSpaces(bytes, i, to), to)
  }

  /** `0d..2.215366336771860:`: report -l leaves no blank before ticks of more than twelve digits. */
  #ticksBehind(bytes: Uint8Array, at: number, to: number): boolean {
    if (bytes[at + TICKS_BEHIND - 1] !== DOT) return false
    this.flagsLength = TICKS_BEHIND
    this.context = contextOfFlags(bytes, at)
    return this.#timestamp(bytes, at + TICKS_BEHIND, to) && this.time === TIME_TICKS
  }

  #timestamp(bytes: Uint8Array, at: number, to: number): boolean {
    let i = at
    let hi = 0
    while (i < to && isDigit(bytes[i]) && i - at <= 24) i++
    const digits = i - at
    if (digits === 0 || digits > 24 || i + 1 >= to) return false
    if (bytes[i] === DOT) {
      if (digits > 15 || !this.#fraction(bytes, i + 1, to)) return false
      this.hi = numberOf(bytes, at, i)
      return true
    }
    if (bytes[i] === 117 && bytes[i + 1] === 115 && i + 3 < to && bytes[i + 3] === COLON && digits <= 15) {
      const micros = numberOf(bytes, at, i)
      hi = Math.floor(micros / 1e6)
      this.lo = (micros - hi * 1e6) * 1000
      this.time = TIME_MICROS
      i += 3
    } else if (bytes[i] === COLON) {
      const split = Math.max(at, i - 9)
      hi = numberOf(bytes, at, split)
      this.lo = numberOf(bytes, split, i)
      this.time = TIME_TICKS
    } else return false
    this.hi = hi
    this.#body(bytes, i + 1, to)
    return true
  }

  /** Up to nine decimals and the colon behind a seconds figure. */
  #fraction(bytes: Uint8Array, at: number, to: number): boolean {
    let i = at
    while (i < to && isDigit(bytes[i])) i++
    const digits = i - at
    if (digits === 0 || digits > 9 || i >= to || bytes[i] !== COLON) return false
    this.lo = numberOf(bytes, at, i) * 10 ** (9 - digits)
    this.time = TIME_SECONDS
    this.#body(bytes, i + 1, to)
    return true
  }

  #body(bytes: Uint8Array, at: number, to: number): void {
    this.bodyFrom = at < to && bytes[at] === SPACE ? at + 1 : at
  }

  /** The verbose layout, from its `[hex]` time outwards. */
  #verbose(bytes: Uint8Array, from: number, to: number): boolean {
    const stop = Math.min(to, from + 2 * TASK_COLUMNS)
    for (let i = from + 1; i < stop; i++) {
      if (bytes[i] === 91 && bytes[i - 1] === SPACE && this.#verboseAt(bytes, from, i, to)) return true
    }
    return false
  }

  #verboseAt(bytes: Uint8Array, from: number, bracket: number, to: number): boolean {
    let close = bracket + 1
    while (close < to && isHexDigit(bytes[close])) close++
    const digits = close - bracket - 1
    if (digits < 8 || digits > 16 || bytes[close] !== 93) return false
    // ` CPU FLAGS PREEMPT INDEX [`, read from its end: hex, hex, decimal, decimal, decimal.
    const words: number[] = []
    let end = bracket
    for (let n = 0; n < 5; n++) {
      while (end > from && bytes[end - 1] === SPACE) end--
      let start = end
      while (start > from && isHexDigit(bytes[start - 1])) start--
      if (start === end || start === from || bytes[start - 1] !== SPACE || end - start > 16) return false
      words.push(start, end)
      end = start
    }
    const flags = numberOf(bytes, words[4], words[5])
    this.cpu = numberOf(bytes, words[6], words[7])
    this.pid = numberOf(bytes, words[8], words[9])
    if (!(this.cpu <= limits.cpus && this.pid < 2 ** 32)) return false
    this.commTo = behindComm(bytes, from, words[8], words[9])
    this.commFrom = skipSpaces(bytes, from, this.commTo)
    // Not what a `-` further right was tried for.
    this.sourceFrom = this.sourceTo = from
    this.prefixTo = words[9]
    this.layout = LAYOUT_VERBOSE
    this.tgid = -1
    this.flagsLength = 0
    this.context = contextOfBits(flags)
    return this.#verboseTime(bytes, bracket + 1, close, to)
  }

  /** `[HEX] MS.USms (+MS.USms): `: HEX is the whole clock in us; without `ms` it is in the clock's own ticks. */
  #verboseTime(bytes: Uint8Array, hexFrom: number, hexTo: number, to: number): boolean {
    const stop = Math.min(to, hexTo + TASK_COLUMNS)
    let i = skipSpaces(bytes, hexTo + 1, stop)
    let millis = false
    while (i + 1 < stop && bytes[i] !== COLON) {
      if (bytes[i] === 109 && bytes[i + 1] === 115) millis = true
      i++
    }
    if (i >= stop || bytes[i] !== COLON || bytes[i - 1] !== 41) return false
    const per = millis ? 1_000_000 : 1_000_000_000
    this.hi = 0
    this.lo = 0
    for (let k = hexFrom; k < hexTo; k++) {
      // hi·per + lo, times 16, plus a digit: exact however large the clock is.
      const digit = bytes[k] <= 57 ? bytes[k] - 48 : bytes[k] - 87
      const low = this.lo * 16 + digit
      const carry = Math.floor(low / per)
      this.hi = this.hi * 16 + carry
      this.lo = low - carry * per
    }
    if (millis) this.lo *= 1000
    this.time = millis ? TIME_MICROS : TIME_TICKS
    this.#body(bytes, i + 1, to)
    return true
  }

  #value = 0

  /** Up to `most` digits: the offset behind them and their value in `#value`; -1 if there is none. */
  #digits(bytes: Uint8Array, at: number, to: number, most: number): number {
    let i = at
    let value = 0
    while (i < to && isDigit(bytes[i]) && i - at < most) value = value * 10 + bytes[i++] - 48
    this.#value = value
    return i === at || i >= to ? -1 : i
  }
}

/** TRACE_FLAG_NMI, _HARDIRQ, _SOFTIRQ of include/linux/trace_events.h. */
function contextOfBits(flags: number): number {
  if ((flags & 0x40) !== 0) return CONTEXT_NMI
  if ((flags & 0x08) !== 0) return CONTEXT_HARDIRQ
  return (flags & 0x10) !== 0 ? CONTEXT_SOFTIRQ : CONTEXT_TASK
}

/** End of COMM in `%16s %7d`: blanks beyond the separator and the padding of a short pid are the comm's own. */
function behindComm(bytes: Uint8Array, from: number, pidFrom: number, pidTo: number): number {
  const least = Math.max(from, Math.min(pidFrom, pidTo - 7) - 1)
  let end = pidFrom
  while (end > least && bytes[end - 1] === SPACE) end--
  return end
}

export function skipSpaces(bytes: Uint8Array, at: number, to: number): number {
  let i = at
  while (i < to && bytes[i] === SPACE) i++
  return i
}

/** Decimal digits as a number; NaN if another byte is among them. */
function numberOf(bytes: Uint8Array, from: number, to: number): number {
  let value = 0
  for (let i = from; i < to; i++) value = isDigit(bytes[i]) ? value * 10 + bytes[i] - 48 : NaN
  return value
}

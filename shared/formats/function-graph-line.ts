/**
 * One line of function_graph text, taken apart. Its columns are options of the tracer, so any of them can be missing:
 *
 *     [SECONDS.MICROS |] [CPU)] [COMM-PID |] [FLAGS |] [MARK LENGTH us |]  CALL
 *      0)  rfault -475   =>  rfault -476          a task switch, between rules of dashes
 *      0)   ==========> |                         an interrupt begins (<========== ends)
 *
 * COMM is cut to seven characters (kernel/trace/trace_functions_graph.c: print_graph_proc). A comm can contain a bar, so a
 * column that makes no sense is read on to the next one.
 */

import { limits } from '../base/limits.ts'
import { CONTEXT_TASK } from '../spans/recorder.ts'
import { contextOfFlags, isDigit, skipSpaces } from './event-line.ts'

export const GRAPH_NONE = 0
/** A call, an exit or an event in a comment: `contentFrom` … */
export const GRAPH_CALL = 1
export const GRAPH_COMMENT = 2
export const GRAPH_SWITCH = 3
/** Rules of dashes and marks of interrupts. */
export const GRAPH_MARK = 4

const SPACE = 32
const DASH = 45
const BAR = 124
const CLOSE = 41
const FLAGS_LEAST = 4
const FLAGS_MOST = 8
/** Columns before the call are shorter than this. */
const COLUMN = 64

/** Parse results are fields, so that a line costs no object. */
export class GraphLine {
  hasTime = false
  hi = 0
  lo = 0
  /** 0 where the column is off. */
  cpu = 0
  /** COMM-PID without blanks around, empty where the line does not say. */
  taskFrom = 0
  taskTo = 0
  /** After a switch. */
  nextFrom = 0
  nextTo = 0
  context = CONTEXT_TASK
  /** From the length's column on; of a comment, what is between its signs. */
  contentFrom = 0
  contentTo = 0

  /** Returns a GRAPH_*. */
  parse(bytes: Uint8Array, from: number, to: number): number {
    this.hasTime = false
    this.cpu = 0
    this.taskFrom = this.taskTo = 0
    this.context = CONTEXT_TASK
    let i = skipSpaces(bytes, from, to)
    if (bytes[i] === DASH && bytes[i + 1] === DASH) return isRule(bytes, i, to) ? GRAPH_MARK : GRAPH_NONE
    let digits = this.#digits(bytes, i, to)
    if (digits > i && bytes[digits] === 46) {
      // Without a bar behind it, it is the length.
      const bar = this.#time(bytes, i, digits, to)
      if (bar !== -1) i = skipSpaces(bytes, bar + 1, to)
      digits = bar === -1 ? i : this.#digits(bytes, i, to)
    }
    let known = this.hasTime
    if (digits > i && digits < to && bytes[digits] === CLOSE && digits - i <= 5) {
      this.cpu = this.#value
      if (this.cpu > limits.cpus) return GRAPH_NONE
      i = digits + 1
      known = true
    }
    return this.#columns(bytes, i, to, known)
  }

  #value = 0

  #digits(bytes: Uint8Array, from: number, to: number): number {
    let i = from
    let value = 0
    while (i < to && isDigit(bytes[i]) && i - from < 15) value = value * 10 + bytes[i++] - 48
    this.#value = value
    return i
  }

  /** `SECONDS.MICROS |`: the offset of its bar, -1 if it is none. */
  #time(bytes: Uint8Array, from: number, dot: number, to: number): number {
    let i = dot + 1
    let fraction = 0
    while (i < to && isDigit(bytes[i]) && i - dot <= 9) fraction = fraction * 10 + bytes[i++] - 48
    const digits = i - dot - 1
    if (digits === 0) return -1
    i = skipSpaces(bytes, i, to)
    if (bytes[i] !== BAR) return -1
    this.#digits(bytes, from, dot)
    this.hi = this.#value
    this.lo = fraction * 10 ** (9 - digits)
    this.hasTime = true
    return i
  }

  /** `known`: a time or a CPU says that this is a line of the tracer; else only its length column does. */
  #columns(bytes: Uint8Array, from: number, to: number, known: boolean): number {
    let at = from
    let start = from
    for (;;) {
      const stop = Math.min(to, start + COLUMN)
      let bar = start
      while (bar < stop && bytes[bar] !== BAR) bar++
      if (bar >= stop || bytes[bar] !== BAR) {
        if (!known) return GRAPH_NONE
        return this.#switch(bytes, at, to) ? GRAPH_SWITCH : this.#content(bytes, at, at, to)
      }
      const a = skipSpaces(bytes, at, bar)
      const b = trimmed(bytes, a, bar)
      if (a === b || isLength(bytes, a, b)) return known || a !== b ? this.#content(bytes, a, bar + 1, to) : GRAPH_NONE
      if (isArrow(bytes, a, b)) return GRAPH_MARK
      if (this.#isTask(bytes, a, b)) {
        this.taskFrom = a
        this.taskTo = b
        known = true
      } else if (isFlags(bytes, a, b)) this.context = contextOfFlags(bytes, a)
      else if (isCall(bytes, a, bar)) return known ? this.#content(bytes, a, a, to) : GRAPH_NONE
      else {
        start = bar + 1
        continue
      }
      at = start = bar + 1
    }
  }

  #content(bytes: Uint8Array, from: number, callFrom: number, to: number): number {
    const end = trimmed(bytes, from, to)
    const call = skipSpaces(bytes, callFrom, end)
    if (call >= end) return GRAPH_NONE
    if (bytes[call] === 47 && bytes[call + 1] === 42) {
      this.contentFrom = Math.min(end, skipSpaces(bytes, call + 2, end))
      const closed = end >= this.contentFrom + 2 && bytes[end - 1] === 47 && bytes[end - 2] === 42
      this.contentTo = closed ? trimmed(bytes, this.contentFrom, end - 2) : end
      return GRAPH_COMMENT
    }
    if (bytes[call] !== 125 && !isCall(bytes, call, end)) return GRAPH_NONE
    this.contentFrom = from
    this.contentTo = end
    return GRAPH_CALL
  }

  /** `PREV-PID   =>  NEXT-PID` */
  #switch(bytes: Uint8Array, from: number, to: number): boolean {
    const a = skipSpaces(bytes, from, to)
    const end = trimmed(bytes, a, to)
    for (let i = a; i + 1 < end; i++) {
      if (bytes[i] !== 61 || bytes[i + 1] !== 62 || bytes[i - 1] !== SPACE || bytes[i + 2] !== SPACE) continue
      const prevTo = trimmed(bytes, a, i)
      const nextFrom = skipSpaces(bytes, i + 2, end)
      if (!this.#isTask(bytes, a, prevTo) || !this.#isTask(bytes, nextFrom, end)) continue
      this.taskFrom = a
      this.taskTo = prevTo
      this.nextFrom = nextFrom
      this.nextTo = end
      return true
    }
    return false
  }

  /** Ends with `-DIGITS`. */
  #isTask(bytes: Uint8Array, from: number, to: number): boolean {
    let i = to
    while (i > from && isDigit(bytes[i - 1])) i--
    return i < to && to - i <= 10 && i > from && bytes[i - 1] === DASH
  }
}

function trimmed(bytes: Uint8Array, from: number, to: number): number {
  let end = to
  while (end > from && bytes[end - 1] === SPACE) end--
  return end
}

/** `+ 24.239 us`, `1.224 us` */
function isLength(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from < 4 || bytes[to - 1] !== 115 || bytes[to - 2] !== 117 || bytes[to - 3] !== SPACE) return false
  let i = isDigit(bytes[from]) ? from : skipSpaces(bytes, from + 1, to)
  if (!isDigit(bytes[i])) return false
  while (i < to && (isDigit(bytes[i]) || bytes[i] === 46)) i++
  return i === to - 3
}

function isArrow(bytes: Uint8Array, from: number, to: number): boolean {
  return to - from >= 10 && bytes[from + 1] === 61 && bytes[from + 2] === 61 && bytes[to - 2] === 61
}

function isFlags(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from < FLAGS_LEAST || to - from > FLAGS_MOST) return false
  for (let i = from; i < to; i++) {
    const c = bytes[i]
    const letter = (c >= 97 && c <= 122) || (c >= 65 && c <= 90)
    if (!letter && !isDigit(c) && c !== 46 && c !== 35) return false
  }
  return true
}

/** `name(` or `name [module](`: begins like a function's name and has a parenthesis. */
function isCall(bytes: Uint8Array, from: number, to: number): boolean {
  const first = bytes[from]
  if (!((first >= 97 && first <= 122) || (first >= 65 && first <= 90) || first === 95)) return false
  for (let i = from; i < to; i++) if (bytes[i] === 40) return true
  return false
}

function isRule(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] !== DASH && bytes[i] !== SPACE) return false
  return true
}

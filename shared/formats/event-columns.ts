/**
 * The one-pass way through an event line: a file repeats the same columns line after line, so the place of `[CPU]`, the
 * width of the flags and the spelling of the time are learned from one line that the general parser took and tried on
 * the next. `read` either takes a whole line exactly as the general parser would or refuses it; it never guesses.
 *
 * It runs before anyone looked for the line's end, so every step must make sure no newline was passed: the task's bytes
 * equal bytes that were once inside a line, flags are printable, the rest is digits and punctuation.
 */

import type { ByteInterner } from '../base/bytes.ts'
import { limits } from '../base/limits.ts'
import { CONTEXT_TASK } from '../spans/recorder.ts'
import {
  BODY_NAMED,
  BODY_NONE,
  BODY_STACK,
  BODY_USER_STACK,
  EventBody,
  behindDifference,
  constantName,
} from './event-body.ts'
import {
  LAYOUT_BRACKET,
  LAYOUT_VERBOSE,
  TIME_MICROS,
  TIME_SECONDS,
  TIME_TICKS,
  contextOfFlags,
  type EventLine,
} from './event-line.ts'
import type { TaskPrefixes } from './task-prefixes.ts'

const LF = 10
const CR = 13
const SPACE = 32
const OPEN = 40
const DOT = 46
const COLON = 58
const LESS = 60

/** CPUs and prefix bytes of the cache of the task last seen on each CPU. */
const CPUS = 256
const WIDTH = 48
/** Names whose followers are remembered, and their longest spelling. */
const NAMES = 1024
const SPELLING = 48
/** Room a line's columns behind the prefix may take: CPU, flags, blanks, time. */
const HEAD = 64

export class ColumnReader {
  cpu = 0
  task = 0
  context = CONTEXT_TASK
  hi = 0
  lo = 0
  name = 0
  payloadFrom = 0
  payloadTo = 0

  /** The bytes that are read now, four at a time. */
  #bytes: Uint8Array = new Uint8Array(0)
  #words = new DataView(this.#bytes.buffer)
  readonly #tasks: TaskPrefixes
  readonly #names: ByteInterner
  readonly #padded: boolean
  readonly #body = new EventBody()
  #learned = false
  #width = 0
  #bracket = true
  #time = TIME_SECONDS
  #flags = 0
  /** Per CPU: the prefix of its last line, and that prefix's task or -1. */
  readonly #prefixes = new Uint8Array(CPUS * WIDTH)
  readonly #prefixWords = new DataView(this.#prefixes.buffer)
  readonly #prefixTask = new Int32Array(CPUS).fill(-1)

  /** Per name: the name that came after it the last time, or -1; and `NAME: ` as the lines have it. */
  readonly #follower = new Int32Array(NAMES).fill(-1)
  readonly #spellings = new Uint8Array(NAMES * SPELLING)
  readonly #spellingTo = new Uint32Array(NAMES)

  constructor(tasks: TaskPrefixes, names: ByteInterner, padded: boolean) {
    this.#tasks = tasks
    tasks.renamed = () => this.#prefixTask.fill(-1)
    this.#names = names
    this.#padded = padded
  }

  /** Columns of a line the general parser took. */
  learn(from: number, line: EventLine): void {
    const width = line.prefixTo - from
    this.#learned = line.layout !== LAYOUT_VERBOSE && width <= WIDTH
    const bracket = line.layout === LAYOUT_BRACKET
    if (width !== this.#width || bracket !== this.#bracket) this.#prefixTask.fill(-1)
    this.#width = width
    this.#bracket = bracket
    this.#time = line.time
    this.#flags = line.flagsLength
  }

  /** The event on the line at `at`: the offset after its newline, or -1 for a line that differs in any way. */
  read(bytes: Uint8Array, at: number, end: number): number {
    if (!this.#learned) return -1
    if (bytes !== this.#bytes) this.#look(bytes)
    let i = at + this.#width
    if (i + HEAD > end) return -1
    if (this.#bracket) {
      if (!this.#bracketed(bytes, at, i)) return -1
      i += 6
    } else if (!this.#glued(bytes, at, i)) return -1
    const flags = this.#flags
    this.context = CONTEXT_TASK
    if (flags !== 0) {
      for (let k = 0; k < flags; k++) if (bytes[i + k] <= SPACE) return -1
      if (bytes[i + flags] !== SPACE) return -1
      this.context = contextOfFlags(bytes, i)
      i += flags
    }
    const stop = at + this.#width + HEAD
    while (i < stop && bytes[i] === SPACE) i++
    i = this.#clock(bytes, i, stop)
    return i === -1 ? -1 : this.#rest(bytes, at, i, end)
  }

  #look(bytes: Uint8Array): void {
    this.#bytes = bytes
    this.#words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** `[012] ` at `i`, and the task before it. */
  #bracketed(bytes: Uint8Array, at: number, i: number): boolean {
    const a = bytes[i + 1] - 48
    const b = bytes[i + 2] - 48
    const c = bytes[i + 3] - 48
    if (bytes[i] !== 91 || a >>> 0 > 9 || b >>> 0 > 9 || c >>> 0 > 9) return false
    if (bytes[i + 4] !== 93 || bytes[i + 5] !== SPACE) return false
    const cpu = a * 100 + b * 10 + c
    this.cpu = cpu
    if (cpu >= CPUS) return this.#find(bytes, at, i, cpu)
    const cached = this.#prefixTask[cpu]
    if (cached !== -1) {
      const prefixes = this.#prefixes
      const words = this.#words
      const cachedWords = this.#prefixWords
      let k = cpu * WIDTH
      let j = at
      while (j + 4 <= i && cachedWords.getInt32(k) === words.getInt32(j)) {
        j += 4
        k += 4
      }
      while (j < i && prefixes[k] === bytes[j]) {
        j++
        k++
      }
      if (j === i) {
        this.task = cached
        return true
      }
    }
    if (!this.#find(bytes, at, i, cpu)) return false
    for (let j = at, k = cpu * WIDTH; j < i; j++, k++) this.#prefixes[k] = bytes[j]
    this.#prefixTask[cpu] = this.task
    return true
  }

  #find(bytes: Uint8Array, at: number, to: number, cpu: number): boolean {
    const task = this.#tasks.find(bytes, at, to, cpu)
    this.task = task
    return task !== -1
  }

  /** `COMM-PID   CPU`, all of it the prefix. */
  #glued(bytes: Uint8Array, at: number, to: number): boolean {
    const task = this.#tasks.findGlued(bytes, at, to)
    this.task = task
    this.cpu = this.#tasks.cpu
    return task !== -1
  }

  /** The time and its colon; returns the offset behind them, or -1. */
  #clock(bytes: Uint8Array, at: number, stop: number): number {
    let i = at
    let value = 0
    let digit = bytes[i] - 48
    while (digit >>> 0 <= 9 && i < stop) {
      value = value * 10 + digit
      digit = bytes[++i] - 48
    }
    if (i === at || i - at > 15) return -1
    if (this.#time === TIME_SECONDS) return this.#decimals(bytes, i, value)
    if (this.#time === TIME_TICKS && bytes[i] === COLON) {
      this.hi = Math.floor(value / 1e9)
      this.lo = value - this.hi * 1e9
      return i + 1
    }
    if (this.#time === TIME_MICROS && bytes[i] === 117 && bytes[i + 1] === 115 && bytes[i + 3] === COLON) {
      if (bytes[i + 2] < SPACE) return -1
      this.hi = Math.floor(value / 1e6)
      this.lo = (value - this.hi * 1e6) * 1000
      return i + 4
    }
    return -1
  }

  /** `.123456:` or `.123456789:` behind the seconds. */
  #decimals(bytes: Uint8Array, dot: number, seconds: number): number {
    if (bytes[dot] !== DOT) return -1
    let i = dot + 1
    let value = 0
    let digit = bytes[i] - 48
    while (digit >>> 0 <= 9 && i <= dot + 9) {
      value = value * 10 + digit
      digit = bytes[++i] - 48
    }
    if (bytes[i] !== COLON) return -1
    const decimals = i - dot - 1
    if (decimals === 6) this.lo = value * 1000
    else if (decimals === 9) this.lo = value
    else return -1
    this.hi = seconds
    return i + 1
  }

  /** Name and payload, up to and with the newline. */
  #rest(bytes: Uint8Array, at: number, behindClock: number, end: number): number {
    if (bytes[behindClock] !== SPACE) return -1
    const from = this.#padded ? behindDifference(bytes, behindClock + 1, end) : behindClock + 1
    const first = bytes[from]
    if (first <= SPACE || first === OPEN || first === LESS) return -1
    let i = this.#expected(bytes, from, end)
    if (i === -1) {
      i = from
      while (i < end) {
        const byte = bytes[i]
        if (byte === COLON || byte <= SPACE || byte === OPEN) break
        i++
      }
      if (i + 2 >= end) return -1
      if (bytes[i] !== COLON || bytes[i + 1] !== SPACE) return this.#oddly(bytes, at, from, i, end)
      const name = this.#names.find(bytes, from, i)
      if (name === -1) return -1
      i += 2
      this.#follows(name, bytes, from, i)
      this.name = name
    }
    if (this.#padded) {
      while (i < end && bytes[i] === SPACE) i++
      if (bytes[i] === LESS) return -1
    }
    const newline = endOfLine(this.#words, i, end)
    if (newline === -1 || newline - at > limits.lineBytes) return -1
    this.payloadFrom = i
    this.payloadTo = beforeReturns(bytes, i, newline)
    return newline + 1
  }

  /** Is this the name that followed the last one's name before? Returns the offset behind `NAME: `, or -1. */
  #expected(bytes: Uint8Array, from: number, end: number): number {
    const name = this.name < NAMES ? this.#follower[this.name] : -1
    if (name === -1) return -1
    const to = this.#spellingTo[name]
    let k = name * SPELLING
    const length = to - k
    if (from + length >= end) return -1
    const spellings = this.#spellings
    let i = from
    while (k < to && spellings[k] === bytes[i]) {
      i++
      k++
    }
    if (k !== to) return -1
    this.name = name
    return i
  }

  /** Remembers that `NAME: ` came after the last name. */
  #follows(name: number, bytes: Uint8Array, from: number, to: number): void {
    if (name >= NAMES || to - from > SPELLING) return
    if (this.name < NAMES) this.#follower[this.name] = name
    if (this.#spellingTo[name] !== 0) return
    let k = name * SPELLING
    for (let i = from; i < to; i++) this.#spellings[k++] = bytes[i]
    this.#spellingTo[name] = k
  }

  /** Bodies that are not `NAME: PAYLOAD`: system calls, functions. */
  #oddly(bytes: Uint8Array, at: number, from: number, i: number, end: number): number {
    const newline = endOfLine(this.#words, i, end)
    if (newline === -1 || newline - at > limits.lineBytes) return -1
    const to = beforeReturns(bytes, i, newline)
    const body = this.#body
    const kind = body.parse(bytes, from, to, this.#padded)
    if (kind === BODY_NONE || kind === BODY_STACK || kind === BODY_USER_STACK) return -1
    const constant = constantName(kind)
    const name =
      kind === BODY_NAMED
        ? this.#names.find(bytes, body.nameFrom, body.nameTo)
        : this.#names.find(constant, 0, constant.length)
    if (name === -1) return -1
    this.name = name
    this.payloadFrom = body.payloadFrom
    this.payloadTo = body.payloadTo
    return newline + 1
  }
}

/** The CRs of a line's end are no part of it (a terminal may add one to each). */
function beforeReturns(bytes: Uint8Array, from: number, newline: number): number {
  let to = newline
  while (to > from && bytes[to - 1] === CR) to--
  return to
}

/** Four bytes at a time until one of them is a newline (a byte of `word` is 0), then one by one. */
function endOfLine(words: DataView, from: number, end: number): number {
  let i = from
  for (; i + 4 <= end; i += 4) {
    const word = words.getInt32(i) ^ 0x0a0a0a0a
    if (((word - 0x01010101) & ~word & 0x80808080) !== 0) break
  }
  for (; i < end; i++) if (words.getUint8(i) === LF) return i
  return -1
}

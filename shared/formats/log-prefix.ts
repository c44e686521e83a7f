/**
 * What a log puts before every line of a trace that went through it: a trace is dumped to the console when the kernel dies
 * (ftrace_dump_on_oops) and read from dmesg, a serial line or the journal, and programs write theirs to a log. It is cut off
 * before any reader sees the line; else it would be part of task names, and stacks and loss marks would not be known.
 *
 *     <4>[  100.000246][ T9065] LINE             console, dmesg: level, time, caller, each only where it is on
 *     [Mon Nov 23 17:49:00 2026] LINE            dmesg -T
 *     Nov 23 17:49:00 host kernel: [ …] LINE     syslog, journalctl; also `ts`, which has no host
 *     2026-11-23T17:49:00+0000 host app[12]: LINE
 *
 * Readers pad what their lines begin with, or begin them with #, so that a line which begins like this is of a log.
 */

import { isDigit } from './event-line.ts'

const LF = 10
const BLANK = 32
const DOT = 46
const COLON = 58
const OPEN = 91
const CLOSE = 93
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec '
const DAYS = 'Mon Tue Wed Thu Fri Sat Sun '
/** Longest host name and longest name of a program. */
const WORD = 64

/** Bytes a prefix can begin with: every other line costs one look. */
const begins = new Uint8Array(256)
for (const letter of `[<12${MONTHS.replaceAll(/[a-z ]/g, '')}`) begins[letter.charCodeAt(0)] = 1

/** Length of the prefix of the line at `from`, 0 for none. `to` may lie behind the line's end. */
export function logPrefix(bytes: Uint8Array, from: number, to: number): number {
  return begins[bytes[from]] === 0
    ? 0
    : behindTime(bytes, behindDate(bytes, behindLevel(bytes, from, to), to), to) - from
}

// Each gives the offset behind what it knows, or `at`.

/** `<4>` */
function behindLevel(bytes: Uint8Array, at: number, to: number): number {
  if (bytes[at] !== 60) return at
  const i = behindDigits(bytes, at + 1, to)
  return i > at + 1 && i - at <= 4 && i < to && bytes[i] === 62 ? i + 1 : at
}

/** `[  100.000246][ T9065] `, `[Mon Nov 23 17:49:00 2026] ` */
function behindTime(bytes: Uint8Array, at: number, to: number): number {
  if (at >= to || bytes[at] !== OPEN) return at
  let i = behindBlanks(bytes, at + 1, to)
  const dot = behindDigits(bytes, i, to)
  if (dot > i && dot < to && bytes[dot] === DOT) {
    i = behindDigits(bytes, dot + 1, to)
    if (i - dot !== 7) return at
  } else {
    i = behindName(bytes, at + 1, to, DAYS)
    i = i === -1 ? -1 : behindMonth(bytes, i, to)
    if (i === -1 || i >= to || bytes[i] !== BLANK) return at
    i = behindDigits(bytes, i + 1, to)
  }
  if (i >= to || bytes[i] !== CLOSE) return at
  i = behindCaller(bytes, i + 1, to)
  return behindBlank(bytes, i, to) ?? at
}

/** `[ T9065]`, `[    C0]` */
function behindCaller(bytes: Uint8Array, at: number, to: number): number {
  if (at >= to || bytes[at] !== OPEN) return at
  const i = behindBlanks(bytes, at + 1, to)
  if (bytes[i] !== 84 && bytes[i] !== 67) return at
  const end = behindDigits(bytes, i + 1, to)
  return end > i + 1 && end < to && bytes[end] === CLOSE ? end + 1 : at
}

/** `Nov 23 17:49:00 host kernel: ` or `2026-11-23T17:49:00+0000 host app[12]: `, without host and program too. */
function behindDate(bytes: Uint8Array, at: number, to: number): number {
  const month = behindMonth(bytes, at, to)
  const i = month === -1 ? behindIso(bytes, at, to) : behindFraction(bytes, month, to)
  const line = i === -1 ? undefined : behindBlank(bytes, i, to)
  return line === undefined ? at : behindSender(bytes, line, to)
}

/** `Nov 23 17:49:00`; -1 for anything else. */
function behindMonth(bytes: Uint8Array, at: number, to: number): number {
  const day = behindName(bytes, at, to, MONTHS)
  if (day === -1) return -1
  const i = behindDigits(bytes, bytes[day] === BLANK ? day + 1 : day, to)
  return i === day + 2 && bytes[i] === BLANK ? behindClock(bytes, i + 1, to) : -1
}

/** `2026-11-23T17:49:00.123+00:00` or with Z; -1 for anything else. */
function behindIso(bytes: Uint8Array, at: number, to: number): number {
  if (at + 19 > to || !isDigits(bytes, at, 4) || !isDigits(bytes, at + 5, 2) || !isDigits(bytes, at + 8, 2)) return -1
  if (bytes[at + 4] !== 45 || bytes[at + 7] !== 45 || bytes[at + 10] !== 84) return -1
  const clock = behindClock(bytes, at + 11, to)
  if (clock === -1) return -1
  const i = behindFraction(bytes, clock, to)
  if (bytes[i] === 90) return i + 1
  if (bytes[i] !== 43 && bytes[i] !== 45) return i
  const minutes = bytes[i + 3] === COLON ? i + 4 : i + 3
  return minutes + 2 <= to && isDigits(bytes, i + 1, 2) && isDigits(bytes, minutes, 2) ? minutes + 2 : -1
}

/** `host kernel: `, `host app[12]: ` */
function behindSender(bytes: Uint8Array, at: number, to: number): number {
  const host = behindWord(bytes, at, to)
  if (host === at || host >= to || bytes[host] !== BLANK || !isLetter(bytes[host + 1])) return at
  let i = behindWord(bytes, host + 1, to)
  if (bytes[i] === OPEN) {
    i = behindDigits(bytes, i + 1, to)
    if (i >= to || bytes[i++] !== CLOSE) return at
  }
  return i < to && bytes[i] === COLON ? (behindBlank(bytes, i + 1, to) ?? at) : at
}

/** Three letters of `names` and a blank; -1 for none. */
function behindName(bytes: Uint8Array, at: number, to: number, names: string): number {
  if (at + 4 > to || bytes[at + 3] !== BLANK) return -1
  for (let k = 0; k < names.length; k += 4) {
    if (bytes[at] !== names.charCodeAt(k) || bytes[at + 1] !== names.charCodeAt(k + 1)) continue
    if (bytes[at + 2] === names.charCodeAt(k + 2)) return at + 4
  }
  return -1
}

/** `17:49:00`; -1 for anything else. */
function behindClock(bytes: Uint8Array, at: number, to: number): number {
  if (at + 8 > to || bytes[at + 2] !== COLON || bytes[at + 5] !== COLON) return -1
  return isDigits(bytes, at, 2) && isDigits(bytes, at + 3, 2) && isDigits(bytes, at + 6, 2) ? at + 8 : -1
}

function behindFraction(bytes: Uint8Array, at: number, to: number): number {
  if (bytes[at] !== DOT && bytes[at] !== 44) return at
  const i = behindDigits(bytes, at + 1, to)
  return i === at + 1 ? at : i
}

/** The one blank before the line; a log may have cut it off an empty one. */
function behindBlank(bytes: Uint8Array, at: number, to: number): number | undefined {
  if (at >= to || bytes[at] === LF || bytes[at] === 13) return at
  return bytes[at] === BLANK ? at + 1 : undefined
}

function behindBlanks(bytes: Uint8Array, at: number, to: number): number {
  let i = at
  while (i < to && bytes[i] === BLANK) i++
  return i
}

function behindDigits(bytes: Uint8Array, at: number, to: number): number {
  let i = at
  while (i < to && isDigit(bytes[i])) i++
  return i
}

function behindWord(bytes: Uint8Array, at: number, to: number): number {
  let i = at
  while (i < to && i - at < WORD && (isLetter(bytes[i]) || isDigit(bytes[i]) || (bytes[i] >= 45 && bytes[i] <= 47))) i++
  return i
}

function isDigits(bytes: Uint8Array, at: number, count: number): boolean {
  for (let i = at; i < at + count; i++) if (!isDigit(bytes[i])) return false
  return true
}

function isLetter(byte: number): boolean {
  return (byte >= 97 && byte <= 122) || (byte >= 65 && byte <= 90) || byte === 95
}

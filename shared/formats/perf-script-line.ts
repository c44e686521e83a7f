/**
 * One line of `perf script` taken apart (tools/perf/builtin-script.c: perf_sample__fprintf_start):
 *
 *     COMM PID[/TID] [CPU] SECONDS.FRACTION: SYSTEM:EVENT: PAYLOAD
 *     COMM PID[/TID] [CPU] SECONDS.FRACTION: PERIOD EVENT[:MODIFIERS]:      of no tracepoint: page-faults, cycles:P
 *
 * COMM may contain anything, CPU and the thread's number may be missing (-F), and times have six or nine digits. Letters may
 * stand before the time that say in what mode the sample was taken (-F +misc: perf_sample__fprintf_misc). The time
 * is what is looked for: digits, a dot, six or nine digits and a colon between blanks; what lies before it is read from
 * its end, what lies behind it from its start. Parse results are fields, so that a line costs no object.
 */

const BLANK = 32
const COLON = 58
const DOT = 46
const SLASH = 47
const MINUS = 45
const CLOSE = 93
const MODES = new Set(Array.from('KUHGgMESp', (letter) => letter.charCodeAt(0)))
const MODE_LETTERS = 4
const RECORD = Uint8Array.from('PERF_RECORD_', (letter) => letter.charCodeAt(0))

export class PerfLine {
  commFrom = 0
  commTo = 0
  pid = 0
  tgid = -1
  /** -1: the line has none. */
  cpu = -1
  seconds = 0
  nanos = 0
  nameFrom = 0
  nameTo = 0
  payloadFrom = 0

  /** False: no event line. */
  parse(bytes: Uint8Array, from: number, to: number): boolean {
    let dot = from
    for (;;) {
      dot = bytes.indexOf(DOT, dot + 1)
      if (dot === -1 || dot >= to) return false
      const behind = this.#time(bytes, dot, to)
      if (behind !== -1 && this.#head(bytes, from, startOfDigits(bytes, dot, from)) && this.#name(bytes, behind, to)) {
        return true
      }
    }
  }

  /** Reads the time around a dot; returns the offset behind its colon, or -1. */
  #time(bytes: Uint8Array, dot: number, to: number): number {
    let i = dot + 1
    let fraction = 0
    while (i < to && isDigit(bytes[i])) fraction = fraction * 10 + (bytes[i++] - 48)
    const digits = i - dot - 1
    if ((digits !== 6 && digits !== 9) || bytes[i] !== COLON) return -1
    let seconds = 0
    let scale = 1
    let k = dot - 1
    for (; k >= 0 && isDigit(bytes[k]) && scale < 1e15; k--) {
      seconds += (bytes[k] - 48) * scale
      scale *= 10
    }
    if (k === dot - 1 || (bytes[k] !== BLANK && bytes[k] !== 43)) return -1
    this.seconds = seconds
    this.nanos = digits === 6 ? fraction * 1000 : fraction
    return i + 1
  }

  /** `COMM PID[/TID] [CPU] ` from its end. */
  #head(bytes: Uint8Array, from: number, to: number): boolean {
    let i = to
    while (i > from && (bytes[i - 1] === BLANK || bytes[i - 1] === 43)) i--
    if (MODES.has(bytes[i - 1])) i = behindModes(bytes, from, i)
    this.cpu = -1
    if (bytes[i - 1] === CLOSE) {
      let cpu = 0
      let scale = 1
      for (i -= 2; i > from && isDigit(bytes[i]); i--) {
        cpu += (bytes[i] - 48) * scale
        scale *= 10
      }
      if (bytes[i] !== 91 || scale === 1) return false
      this.cpu = cpu
      while (i > from && bytes[i - 1] === BLANK) i--
    }
    const last = this.#number(bytes, from, i)
    if (last === -1) return false
    i = this.#at
    this.tgid = -1
    if (bytes[i - 1] === SLASH) {
      const first = this.#number(bytes, from, i - 1)
      if (first === -1) return false
      this.tgid = first
      i = this.#at
    }
    this.pid = last
    if (i <= from || bytes[i - 1] !== BLANK) return false
    while (i > from && bytes[i - 1] === BLANK) i--
    let start = from
    while (start < i && bytes[start] === BLANK) start++
    this.commFrom = start
    this.commTo = i
    return true
  }

  /** Where the number that `#number` read begins. */
  #at = 0

  /** The number that ends at `to`; -1 for none, 0 for the -1 perf prints for what it does not know. */
  #number(bytes: Uint8Array, from: number, to: number): number {
    let value = 0
    let scale = 1
    let i = to
    for (; i > from && isDigit(bytes[i - 1]) && scale < 1e12; i--) {
      value += (bytes[i - 1] - 48) * scale
      scale *= 10
    }
    if (i === to) return -1
    if (bytes[i - 1] === MINUS) {
      i--
      value = 0
    }
    this.#at = i
    return value
  }

  /** `   sys:event: payload`, or a period before the name (`    1 sys:event:`, `   250000 cpu-clock:`). */
  #name(bytes: Uint8Array, from: number, to: number): boolean {
    let i = from
    while (i < to && bytes[i] === BLANK) i++
    let start = i
    while (i < to && isDigit(bytes[i])) i++
    if (i > start && bytes[i] === BLANK) {
      while (i < to && bytes[i] === BLANK) i++
      start = i
    } else i = start
    while (i < to && bytes[i] !== BLANK) i++
    if (i < start + 2 || bytes[i - 1] !== COLON || isRecord(bytes, start, i)) return false
    this.nameFrom = start
    this.nameTo = i - 1
    while (i < to && bytes[i] === BLANK) i++
    this.payloadFrom = i
    return true
  }
}

/** `PERF_RECORD_COMM:`: no sample. */
function isRecord(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from < RECORD.length) return false
  for (let i = 0; i < RECORD.length; i++) if (bytes[from + i] !== RECORD[i]) return false
  return true
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57
}

/** Before the letters that end at `to` and the blanks before them; `to` where they are none. */
function behindModes(bytes: Uint8Array, from: number, to: number): number {
  let i = to
  while (i > from && to - i < MODE_LETTERS && MODES.has(bytes[i - 1])) i--
  if (bytes[i - 1] !== BLANK) return to
  while (i > from && bytes[i - 1] === BLANK) i--
  return i
}

function startOfDigits(bytes: Uint8Array, dot: number, from: number): number {
  let i = dot
  while (i > from && isDigit(bytes[i - 1])) i--
  return i
}

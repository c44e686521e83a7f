/**
 * What follows the time of an event line: the event's name and its payload, in the spellings of the kernel's printers
 * (kernel/trace/trace_output.c, trace_syscalls.c) and of trace-cmd. What a Recorder gets as name and payload:
 *
 *     NAME: PAYLOAD              NAME, PAYLOAD                 (report pads after the colon; the blanks are not payload)
 *     sys_write(fd: 1, …)        sys_write, `fd: 1, …`         tracefs prints system calls without a colon
 *     sys_write -> 0x2           sys_write, `-> 0x2`
 *     FUNC <-PARENT              function, `FUNC <-PARENT`     the function tracer
 *     # ID buf: …                raw_data, `# ID buf: …`       trace_marker_raw
 *     <stack trace>              no event: the frames of the event before follow, one per line
 */

const SPACE = 32
const COLON = 58
const OPEN = 40
const LESS = 60

export const BODY_NONE = 0
/** Name and payload are bytes of the line. */
export const BODY_NAMED = 1
export const BODY_FUNCTION = 2
const BODY_RAW = 3
/** An event line whose printer names no event (old tracers). */
export const BODY_UNNAMED = 4
/** `    0:120:R   + [003]  2312: 94:R sleep` and `… ==> …` of the wakeup tracers (trace_ctxwake_print). */
const BODY_WAKEUP = 7
const BODY_SWITCH = 8
export const BODY_STACK = 5
export const BODY_USER_STACK = 6

const STACK = bytesOf('<stack trace')
const USER_STACK = bytesOf('<user stack trace')
const SYS = bytesOf('sys_')

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (c) => c.charCodeAt(0))
}

const constants = [BODY_FUNCTION, BODY_RAW, BODY_UNNAMED, BODY_WAKEUP, BODY_SWITCH].map((kind) => ({
  kind,
  bytes: bytesOf(nameOf(kind)),
}))

function nameOf(kind: number): string {
  if (kind === BODY_WAKEUP) return 'wakeup'
  if (kind === BODY_SWITCH) return 'context_switch'
  return kind === BODY_FUNCTION ? 'function' : kind === BODY_RAW ? 'raw_data' : '(unnamed)'
}

/** The name, as bytes, of an event whose line does not spell one. */
export function constantName(kind: number): Uint8Array {
  return (constants.find((constant) => constant.kind === kind) ?? constants[2]).bytes
}

/** Parse results are fields, so that a body costs no object. */
export class EventBody {
  nameFrom = 0
  nameTo = 0
  payloadFrom = 0
  payloadTo = 0

  /** `padded`: trace-cmd report, where blanks after `NAME:` are padding. Returns a BODY_*. */
  parse(bytes: Uint8Array, from: number, to: number, padded: boolean): number {
    this.nameFrom = from
    this.payloadFrom = from
    this.payloadTo = to
    if (from >= to) return BODY_NONE
    if (bytes[from] === LESS) return this.#stack(bytes, from, to, BODY_UNNAMED)
    if (bytes[from] === 35) return BODY_RAW
    const change = taskChange(bytes, from, to)
    if (change !== BODY_NONE) return change
    let i = from
    while (i < to && bytes[i] > SPACE && bytes[i] !== OPEN && !isNameEnd(bytes, i, to)) i++
    this.nameTo = i
    if (i === from) return BODY_UNNAMED
    if (i >= to) return BODY_NONE
    if (bytes[i] === COLON) return this.#colon(bytes, i, to, padded)
    return bytes[i] === OPEN ? this.#call(bytes, i, to) : this.#spaced(bytes, i, to)
  }

  #colon(bytes: Uint8Array, colon: number, to: number, padded: boolean): number {
    let i = colon + 1
    if (padded) while (i < to && bytes[i] === SPACE) i++
    else if (i < to && bytes[i] === SPACE) i++
    this.payloadFrom = i
    return padded && i < to && bytes[i] === LESS ? this.#stack(bytes, i, to, BODY_NAMED) : BODY_NAMED
  }

  /** `sys_write(…)`, or a function with its arguments (func-args). */
  #call(bytes: Uint8Array, open: number, to: number): number {
    const isSyscall = startsWith(bytes, this.nameFrom, to, SYS)
    if (!isSyscall && hasParent(bytes, open, to)) return BODY_FUNCTION
    this.payloadFrom = open + 1
    // Behind its parenthesis a copied line may have blanks.
    let end = to
    while (end > open && bytes[end - 1] === SPACE) end--
    this.payloadTo = bytes[end - 1] === 41 ? end - 1 : to
    return BODY_NAMED
  }

  /** `sys_write -> 0x2` or `func <-parent` or `func [module] <-parent [module]`. */
  #spaced(bytes: Uint8Array, space: number, to: number): number {
    if (space + 2 < to && bytes[space + 1] === 45 && bytes[space + 2] === 62) {
      this.payloadFrom = space + 1
      return BODY_NAMED
    }
    return hasParent(bytes, space, to) ? BODY_FUNCTION : BODY_UNNAMED
  }

  #stack(bytes: Uint8Array, from: number, to: number, otherwise: number): number {
    if (startsWith(bytes, from, to, STACK)) return BODY_STACK
    return startsWith(bytes, from, to, USER_STACK) ? BODY_USER_STACK : otherwise
  }
}

/** A colon that ends a name: the last byte, or followed by a blank. */
function isNameEnd(bytes: Uint8Array, at: number, to: number): boolean {
  return bytes[at] === COLON && (at + 1 >= to || bytes[at + 1] === SPACE)
}

function startsWith(bytes: Uint8Array, from: number, to: number, text: Uint8Array): boolean {
  if (to - from < text.length) return false
  for (let i = 0; i < text.length; i++) if (bytes[from + i] !== text[i]) return false
  return true
}

function hasParent(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i + 2 < to; i++)
    if (bytes[i] === SPACE && bytes[i + 1] === LESS && bytes[i + 2] === 45) return true
  return false
}

/** Behind the `(+12)` of report --ts-diff and the padding around it. */
export function behindDifference(bytes: Uint8Array, at: number, to: number): number {
  let i = at
  while (i < to && bytes[i] === 32) i++
  if (i + 2 < to && bytes[i] === 40 && (bytes[i + 1] === 43 || bytes[i + 1] === 45)) {
    let close = i + 2
    while (close < to && bytes[close] >= 48 && bytes[close] <= 57) close++
    if (close < to && bytes[close] === 41) i = close + 1
    while (i < to && bytes[i] === 32) i++
  }
  return i
}

/** PID:PRIO:STATE, then ` + ` or ` ==> `: the event's kind, BODY_NONE for anything else. */
function taskChange(bytes: Uint8Array, from: number, to: number): number {
  let i = from
  while (i < to && bytes[i] === SPACE) i++
  if (!isDigit(bytes[i])) return BODY_NONE
  for (let part = 0; part < 2; part++) {
    while (i < to && bytes[i] === SPACE) i++
    const first = i
    while (i < to && isDigit(bytes[i])) i++
    if (i === first || bytes[i++] !== COLON) return BODY_NONE
  }
  // The state, and its column.
  i++
  while (i < to && bytes[i] === SPACE) i++
  if (i + 2 < to && bytes[i] === 43 && bytes[i + 1] === SPACE) return BODY_WAKEUP
  return i + 3 < to && bytes[i] === 61 && bytes[i + 1] === 61 && bytes[i + 2] === 62 ? BODY_SWITCH : BODY_NONE
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57
}

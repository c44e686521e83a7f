/**
 * An event's payload text as named fields, for SQL's `event.args` and for people: what the trace printed, taken apart as
 * far as its spelling allows. One event has the same field names whichever tool printed it. Anything that fits no
 * spelling is kept under `text`; nothing is thrown, nothing is lost but blanks. Spans are not made from this: decoders
 * read the bytes (shared/spans), this makes an object per event and is for the events someone looks at.
 *
 * Numbers become numbers where they are quantities and fit one; pointers stay as spelled, they are names. File modes stay
 * octal text.
 */

import { parseGraph } from '../spans/decode-graph.ts'

export type EventArgs = Record<string, string | number>

type Entry = [string, string | number]

/** Fields that hold addresses: their hex is an identity, not a quantity. */
const POINTERS = new Set(
  'addr address buf caller filename folio ip iov lock_addr lockdep_addr mm page pathname ptr radix_entry start uaddr vec vm_end vm_start vma zero_page'.split(
    ' ',
  ),
)

/** Two comms and a few numbers; longer text is damage, and the expressions below would be slow on it. */
const SCHED_LENGTH = 512

/** Events whose payload is free text. */
const FREE_TEXT = new Set(['tracing_mark_write', 'print', 'bprint', 'bputs', 'raw_data', '(unnamed)'])

/** `name`: perf puts the system before it (`lock:lock_acquire`). */
export function eventArgs(name: string, payload: string): EventArgs {
  if (payload.trim() === '') return {}
  return Object.fromEntries(entriesOf(name.slice(name.indexOf(':') + 1), payload.trimStart()))
}

/** `untrimmed`: a blank at the end is an empty value of the last key (`mode `). */
function entriesOf(name: string, untrimmed: string): Entry[] {
  const text = untrimmed.trimEnd()
  if (FREE_TEXT.has(name)) return [['text', text]]
  if (name === 'function') return functionArgs(text)
  if (name.startsWith('funcgraph_')) return graphArgs(text)
  if (name.startsWith('sys_')) return syscallArgs(name, text)
  if (/^[\w.]+=/.test(text)) return equations(name, text)
  if (name.startsWith('lock_')) return lockdepArgs(name, text)
  if (name.startsWith('contention_')) return contentionArgs(text)
  if (name.startsWith('sched_')) return schedArgs(text)
  if (name.startsWith('dax_')) return daxArgs(text)
  return pairs(untrimmed.split(' '), name)
}

/** `FUNC <-PARENT`; trace-cmd writes `<--`. */
function functionArgs(text: string): Entry[] {
  const at = text.indexOf(' <-')
  if (at === -1) return [['text', text]]
  return [
    ['func', text.slice(0, at)],
    ['parent', text.slice(at + 3).replace(/^[-\s]+/, '')],
  ]
}

/** `+ 24.239 us  |  ext4_map_blocks();`: lengths in ns. */
function graphArgs(text: string): Entry[] {
  if (/^func=/.test(text)) return equations('funcgraph', text)
  const { name, depth, lengthNs, mark, shape } = parseGraph(text)
  if (shape === 'unknown') return [['text', text]]
  const out: Entry[] = name === '' ? [] : [['func', name]]
  if (depth >= 0) out.push(['depth', depth])
  if (lengthNs >= 0) out.push(['duration_ns', lengthNs])
  if (mark !== '') out.push(['mark', mark])
  return shape === 'leaf' ? [...out, ['leaf', 1]] : out
}

/** `fd: 1, count: 2b`, `-> 0x2`; trace-cmd has `0x2` for the return and, with -R, equations. */
function syscallArgs(name: string, text: string): Entry[] {
  const returned = /^(?:-> *)?(-?(?:0x)?[0-9a-f]+)$/.exec(text)
  if (returned !== null) return [['ret', signed(returned[1])]]
  if (/^[\w.]+=/.test(text)) return equations(name, text)
  const out: Entry[] = []
  for (const part of text.split(/, (?=(?:[a-z_]\w* (?:\* )*){0,8}[a-z_]\w*: )/)) {
    const colon = part.indexOf(': ')
    if (colon === -1) {
      out.push(['text', part])
      continue
    }
    // With the option verbose the type stands before it: `const char * buf: 0x7f…`.
    const key = part.slice(0, colon).replace(/^(?:[a-z_]\w* (?:\* )*)+(?=[a-z_]\w*$)/, '')
    out.push([key, syscallValue(key, part.slice(colon + 2))])
  }
  return out
}

/** trace_syscalls.c prints arguments in hex, before 6.x without `0x`. */
function syscallValue(key: string, text: string): string | number {
  if (!/^(0x)?[0-9a-f]+$/.test(text)) return text
  const hex = text.startsWith('0x') ? text : `0x${text}`
  return value(key, hex)
}

/** A 64-bit result: 0xfffffffffffffff2 is -14. */
function signed(text: string): string | number {
  if (text.startsWith('-')) return value('ret', text)
  const digits = text.replace(/^0x/, '')
  if (!/^[0-9a-f]{1,16}$/i.test(digits)) return text
  const number = Number(BigInt.asIntN(64, BigInt(`0x${digits}`)))
  return Number.isSafeInteger(number) ? number : text
}

/** `key=value key=value`; a value ends where the next `key=` begins, so it may contain blanks (comms do). */
function equations(name: string, text: string): Entry[] {
  const out: Entry[] = []
  for (const part of text.split(/ (?=[\w.]+=)/)) {
    const equals = part.indexOf('=')
    const key = part.slice(0, equals)
    const field = part.slice(equals + 1).trimEnd()
    out.push([key, fieldValue(name, key, field.endsWith(' ==>') ? field.slice(0, -4).trimEnd() : field)])
  }
  const flags = out.find(([key]) => key === 'flags')?.[1]
  if (name === 'lock_acquire' && typeof flags === 'number') out.push(['try', flags & 1], ['read', (flags >> 1) & 1])
  return out
}

/** `ADDRESS [try ][read ]NAME`: the name is the rest, blanks and all (include/trace/events/lock.h). */
function lockdepArgs(name: string, text: string): Entry[] {
  const found = /^(\S+) (try )?(read )?(.*)$/.exec(text)
  if (found === null) return [['text', text]]
  const [, address, tried, read, lock] = found
  if (name !== 'lock_acquire')
    return [
      ['lockdep_addr', address],
      ['name', text.slice(address.length + 1)],
    ]
  return [
    ['lockdep_addr', address],
    ['try', tried === undefined ? 0 : 1],
    ['read', read === undefined ? 0 : 1],
    ['name', lock],
  ]
}

/** `ADDRESS (flags=SPIN|MUTEX)`, `ADDRESS (ret=0)`. */
function contentionArgs(text: string): Entry[] {
  const found = /^(\S+) \((\w+)=([^)]*)\)$/.exec(text)
  if (found === null) return [['text', text]]
  return [
    ['lock_addr', found[1]],
    [found[2], value(found[2], found[3])],
  ]
}

/** trace-cmd's `npm ci:9249 [120] S ==> cc1:9635 [125]` and `npm:9257 [120] CPU:001`, named as tracefs names them. */
function schedArgs(text: string): Entry[] {
  if (text.length > SCHED_LENGTH) return [['text', text]]
  const change = /^(.*):(\d+) \[(-?\d+)\] (\S+) ==> (.*):(\d+) \[(-?\d+)\](?: (.*))?$/.exec(text)
  if (change !== null) {
    return [
      ['prev_comm', change[1]],
      ['prev_pid', Number(change[2])],
      ['prev_prio', Number(change[3])],
      ['prev_state', change[4]],
      ['next_comm', change[5]],
      ['next_pid', Number(change[6])],
      ['next_prio', Number(change[7])],
      ...rest(change[8]),
    ]
  }
  const wake = /^(.*):(\d+) \[(-?\d+)\](?: success=\d+)? CPU:(\d+)(?: (.*))?$/.exec(text)
  if (wake === null) return pairs(text.split(' '), '')
  return [
    ['comm', wake[1]],
    ['pid', Number(wake[2])],
    ['prio', Number(wake[3])],
    ['target_cpu', Number(wake[4])],
    ...rest(wake[5]),
  ]
}

function rest(text: string | undefined): Entry[] {
  return text === undefined ? [] : [['text', text]]
}

/** `dev D ino I shared FLAGS address A … RESULT` (include/trace/events/fs_dax.h): two words have no key. */
function daxArgs(text: string): Entry[] {
  const tokens = text.split(' ')
  const out: Entry[] = []
  const mapping = tokens.findIndex((token) => token === 'shared' || token === 'private')
  if (mapping !== -1) {
    out.push(['mapping', tokens[mapping]])
    const flagged = tokens[mapping + 1] !== 'address'
    if (flagged && mapping + 1 < tokens.length) out.push(['flags', tokens[mapping + 1]])
    tokens.splice(mapping, flagged ? 2 : 1)
  }
  return [...pairs(tokens, ''), ...out].map(([key, is]) => (key === 'text' ? ['result', is] : [key, is]))
}

const KEY = /^[a-z_][a-z0-9_]*[:,]?$/
const VALUE_START = /^(-?\d|0x|\[|\()/

/**
 * `key value key value`, one blank between: two blanks are an empty value. What is no key stands under `text`. A payload
 * whose first value is no number is prose.
 */
function pairs(tokens: string[], name: string): Entry[] {
  if (!KEY.test(tokens[0]) || tokens.length < 2 || !(VALUE_START.test(tokens[1]) || name.startsWith('mm_filemap_'))) {
    return [['text', tokens.join(' ')]]
  }
  const out: Entry[] = []
  const text: string[] = []
  for (let i = 0; i < tokens.length;) {
    const token = tokens[i++]
    const equals = token.indexOf('=')
    if (equals > 0)
      out.push([token.slice(0, equals), fieldValue(name, token.slice(0, equals), token.slice(equals + 1))])
    else if (!KEY.test(token) || i >= tokens.length) {
      if (token !== '') text.push(token)
    } else {
      i = takeValue(tokens, i, (is) => out.push([token.replace(/[:,]$/, ''), fieldValue(name, token, is)]))
    }
  }
  return text.length === 0 ? out : [...out, ['text', text.join(' ')]]
}

/** The value at `tokens[i]`, which may be `[several tokens]` and may have the next key glued to it. */
function takeValue(tokens: string[], i: number, give: (text: string) => void): number {
  let text = tokens[i]
  let next = i + 1
  if (text.startsWith('[') && !/[\])]$/.test(text)) {
    while (next < tokens.length && !text.includes(']')) text += ` ${tokens[next++]}`
  }
  const glued = /^(\[[^\]]*\]|\d+)([a-z]+(?:_[a-z]+)*)$/.exec(text)
  if (glued !== null && (text.startsWith('[') || glued[2].includes('_'))) {
    give(glued[1])
    tokens[next - 1] = glued[2]
    return next - 1
  }
  give(text.replace(/,$/, ''))
  return next
}

/** A record's field as tracefs prints it with the option fields: `0x2 (2)`, `(2)` of a byte. */
const TWICE = /^(?:(0x[0-9a-f]{1,16}) )?\((-?\d{1,20})\)$/

function fieldValue(name: string, key: string, text: string): string | number {
  const [, hex, decimal] = TWICE.exec(text) ?? []
  if (decimal !== undefined) return value(key, hex !== undefined && POINTERS.has(key) ? hex : decimal)
  // include/trace/events/filemap.h prints inode numbers as %lx without 0x.
  if ((key === 'ino' || key === 'i_ino') && name.startsWith('mm_filemap_')) return value(key, `0x${text}`)
  return key === 'ret' && text.startsWith('0x') ? signed(text) : value(key, text)
}

/** What `%p` prints of a pointer, in a trace that hides them; some have no letter in it. */
const HASHED = /^0{8}[0-9a-f]{8}$/

function value(key: string, text: string): string | number {
  if (/^-?\d{1,16}$/.test(text) && !HASHED.test(text)) {
    const number = Number(text)
    return Number.isSafeInteger(number) && !(key === 'mode' && text.startsWith('0') && text !== '0') ? number : text
  }
  if (!/^0x[0-9a-f]{1,16}$/i.test(text) || POINTERS.has(key)) return text
  const number = Number(text)
  if (key === 'fd' && number > 0x7fff_ffff && number <= 0xffff_ffff) return number - 0x1_0000_0000
  return Number.isSafeInteger(number) ? number : text
}

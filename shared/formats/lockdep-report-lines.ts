/**
 * Lines of a kernel log as lockdep's reports stand in them: quoted in mail, with a syslog or journal prefix, with times,
 * levels and CPU numbers, or bare. `cleaned` takes all of that off. A lock is printed as
 *
 *     ffff888012345678 (&mm->mmap_lock){++++}-{3:3}, at: do_madvise+0x1c/0x20 [module]       since Linux 5.8
 *      (&(&p->lock)->rlock){+.+.-.}, at: [<ffffffff811c206b>] free_swap_slot+0x8b/0x110      long ago
 *
 * (kernel/locking/lockdep.c: print_lock, print_lock_name.)
 */

import type { ReportLock } from '../model/extras.ts'

export interface LogLine {
  /** Without prefixes and blanks around. */
  readonly text: string
  /** ns of the log's clock; undefined where the line has none. */
  readonly atNs: number | undefined
}

/** A line of a log is short; what is longer is looked at this far. */
export const COLUMNS = 2048

const QUOTED = /^(?:[>|] ?)+/
const SYSLOG = /^(?:[A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d(?:[.,]\d+)?|\d{4}-\d\d-\d\d[T ]\S+) \S+ kernel(?:\[\d+\])?: ?/
/** dmesg -x, and dmesg --time-format iso. */
const FACILITY = /^[a-z][a-z0-9]{2,7} *:[a-z]{3,6} *: /
const ISO = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)? ?/
const LEVEL = /^<\d{1,2}>/
const TIME = /^\[ *(\d{1,10})\.(\d{6})(?:@\d+)?\](?:\[ *[TC]\d+\])? ?/
/** dmesg -T */
const DATE = /^\[[A-Z][a-z]{2} [A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d \d{4}\](?:\[ *[TC]\d+\])? ?/
/** rsyslog writes a newline inside a message so. */
const ESCAPED = /^#012/

export function cleaned(line: string): LogLine {
  let text = [QUOTED, SYSLOG, FACILITY, ISO, LEVEL, DATE].reduce((rest, prefix) => rest.replace(prefix, ''), line)
  const time = TIME.exec(text)
  if (time !== null) text = text.slice(time[0].length)
  const atNs = time === null ? undefined : Number(time[1]) * 1e9 + Number(time[2]) * 1000
  return { text: text.replace(ESCAPED, '').trim(), atNs }
}

const ADDRESS = String.raw`(?:0x)?[0-9a-f]{8,16}|\(____ptrval____\)|\(null\)`
const LOCK = new RegExp(
  String.raw`^(?:(${ADDRESS}) )?\((.+)\)\{([-+.?*]{4,8})\}(?:-\{(\d+:\d+)\})?(?:,? ?at:?(?: (.*))?)?[:.,]?$`,
)

/** The lock a line prints, however old the kernel; undefined: it prints none. */
export function lockOf(text: string): ReportLock | undefined {
  // `(A){..-.}-{2:2} -> (B){++++}-{2:2}` is an order, said once more.
  if (text.includes('} -> (')) return undefined
  const found = LOCK.exec(text.replace(/^#\d+: +/, ''))
  if (found === null) return undefined
  const [, address, name, usage, waitType, at] = found
  return {
    class: name,
    address: address === undefined || address.startsWith('(') ? null : address,
    usage,
    waitType: waitType ?? null,
    mode: null,
    tried: false,
    site: at === undefined || at === '' ? null : siteOf(at),
  }
}

/** Mail breaks a line before the call site, or behind its address. */
const CUT_AT = /\)\{[-+.?*]{4,8}\}\S* at:?(?: \[<[^>]*>\])?$/
const SITE = /^(?:\[<[^>]*>\] *)?[\w.$]+(?:\+0x[0-9a-f]+\/0x[0-9a-f]+| \(?[\w./-]+:\d+)/

/** A line that prints a lock and ends before its call site. */
export function endsAtSite(text: string): boolean {
  return CUT_AT.test(text)
}

export function isSite(text: string): boolean {
  return SITE.test(text)
}

/** `[<ffffffff811c206b>] free_swap_slot+0x8b/0x110 mm/swap.c:33 [inline]` → `free_swap_slot+0x8b/0x110`. */
export function siteOf(at: string): string {
  const [first = ''] = at
    .replace(/^\[<[^>]*>\] */, '')
    .trim()
    .split(' ')
  return first
}

const FRAME = /^(?:\[<[^>]*>\] *)?(\?? ?[\w.$]+\+0x[0-9a-f]+\/0x[0-9a-f]+|[\w.$]+ [\w./-]+\.[chS]:\d+)(?: .*)?$/

/** A frame of a call stack; undefined: the line is none. Guesses (`? f+0x1/0x2`) and inlined frames count as none. */
export function frameOf(text: string): string | undefined {
  const found = FRAME.exec(text)
  if (found === null || found[1].startsWith('?') || text.endsWith('[inline]')) return undefined
  return found[1].replace(/ .*$/, '')
}

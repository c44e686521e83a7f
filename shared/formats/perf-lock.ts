/**
 * The table `perf lock contention` prints (tools/perf/builtin-lock.c), from samples or from its BPF programs: per call site,
 * per lock (-l) or per task (-t) how often and how long was waited. Like /proc/lock_stat it is no trace: it has no events and
 * no times. perf names the caller a few frames up; where it printed the stack too (-v), the lock's name and the function that
 * asked for it come from there. The last lines, perf's figures about itself, are passed over.
 *
 *     contended   total wait     max wait     avg wait         type   caller
 *            73    102.89 ms     16.59 ms      1.41 ms      rwsem:W   vfs_fallocate+0x175
 */

import { decodeUtf8 } from '../base/bytes.ts'
import { ApiError } from '../base/errors.ts'
import { callerOf, functionOf } from '../model/call-site.ts'
import * as code from '../model/diagnostics.ts'
import { PERF_LOCK_TABLE, type LockStatRow, type LockStatSite } from '../model/extras.ts'
import type { LockKind, LockMode } from '../model/kinds.ts'
import { natureOf } from '../spans/lock-names.ts'
import { locksOfStack } from '../spans/stack-names.ts'
import type { Recorder } from '../spans/recorder.ts'
import type { FormatReader, StreamFormat } from './format.ts'
import { TextLines } from './text-lines.ts'

const HEADER =
  /^ *(contended|(?:total|max|avg|min) wait)((?: +(?:contended|(?:total|max|avg|min) wait))*) +(type +caller|pid +comm|address +symbol) *$/
const COLUMN = /contended|(?:total|max|avg|min) wait/g
const VALUE = String.raw` +(\d+(?:\.\d+)? (?:ns|us|ms|s|m)|\d+)`
const FRAME = /^\s+0x[0-9a-f]+ +(\S.*)?$/
const SUMMARY = /^=== output for debug/
const UNIT_NS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, m: 60e9 }
/** Lines are a few dozen characters and a symbol; longer ones are not matched against expressions. */
const COLUMNS = 2048
/** tools/perf/builtin-lock.c, lock_type_table: what the contention events' flags are printed as. */
const KINDS: ReadonlyMap<string, LockKind> = new Map([
  ['rwsem', 'rwsem'],
  ['mutex', 'mutex'],
  ['spinlock', 'spinlock'],
  ['rwlock', 'rwlock'],
  ['percpu-rwsem', 'percpu-rwsem'],
  ['pcpu-sem', 'percpu-rwsem'],
  ['rt-mutex', 'mutex'],
  ['rt_mutex', 'mutex'],
])

/** What a row is about. */
interface Subject {
  readonly type: string
  readonly mode: LockMode
  /** Behind the type in the class's name, where nothing names the lock: `in vfs_fallocate`. */
  readonly where: string
  readonly name: string | undefined
  readonly site: string | undefined
}

interface Figures {
  readonly contentions: number
  readonly totalNs: number
  readonly maxNs: number
  readonly minNs: number
}

class PerfLockReader implements FormatReader {
  readonly #recorder: Recorder
  readonly #lines: TextLines
  readonly #rows = new Map<string, LockStatRow>()
  readonly #sites = new Map<string, LockStatSite>()
  #columns: readonly string[] = []
  #of: 'type' | 'pid' | 'address' | undefined
  #row = /(?!)/
  #summary = false
  /** The row whose stack may follow. */
  #open: { readonly subject: Subject; readonly figures: Figures } | undefined
  #frames: string[] = []

  constructor(recorder: Recorder) {
    this.#recorder = recorder
    this.#lines = new TextLines({ recorder, columns: COLUMNS, line: (text) => this.#line(text) })
  }

  get lines(): number {
    return this.#lines.count
  }

  push(bytes: Uint8Array): void {
    this.#lines.push(bytes)
  }

  end(): void {
    this.#lines.end()
    this.#close()
    const { builder } = this.#recorder
    if (this.#of === undefined) {
      throw new ApiError(
        'bad-input',
        'this is no table of perf lock contention: it has no heading of one',
        'perf lock contention > X',
      )
    }
    this.#lines.sayUnfinished()
    if (this.#rows.size === 0) builder.diagnose('warning', code.NO_EVENTS, 'a table of waits without a single wait')
    builder.lockStat = {
      version: PERF_LOCK_TABLE,
      rows: [...this.#rows.values()],
      sites: [...this.#sites.values()],
    }
  }

  #line(text: string): void {
    if (text.trim() === '' || this.#summary) return
    const header = HEADER.exec(text)
    if (header !== null) return this.#begin(header)
    // What perf says before its table (-v) is about perf.
    if (this.#of === undefined) return
    if (SUMMARY.test(text)) {
      this.#summary = true
      return
    }
    const frame = FRAME.exec(text)
    if (frame !== null && this.#open !== undefined) this.#frames.push(frame[1] ?? '')
    else if (!this.#figures(text)) {
      this.#lines.skip(
        code.UNPARSED_LINE,
        `lines that are no row of the table, first: ${JSON.stringify(text.slice(0, 80))}`,
      )
    }
  }

  #begin([, first, more, subject]: RegExpExecArray): void {
    this.#close()
    if (this.#of !== undefined) {
      this.#lines.diagnose('warning', code.SEVERAL_TRACES, 'another table begins here: only the last one counts')
      this.#rows.clear()
      this.#sites.clear()
    }
    this.#columns = [first, ...(more.match(COLUMN) ?? [])]
    this.#of = subject.startsWith('type') ? 'type' : subject.startsWith('pid') ? 'pid' : 'address'
    this.#row = new RegExp(`^${VALUE.repeat(this.#columns.length)} +(\\S+)(?: +(.*?))? *$`)
  }

  #figures(text: string): boolean {
    const found = this.#row.exec(` ${text}`)
    if (found === null) return false
    const value = (column: string): number => {
      const at = this.#columns.indexOf(column)
      return at === -1 ? NaN : numberOf(found[at + 1])
    }
    this.#close()
    const figures = {
      contentions: value('contended'),
      totalNs: value('total wait'),
      maxNs: value('max wait'),
      minNs: value('min wait'),
    }
    const [word, rest = ''] = [found[this.#columns.length + 1], found[this.#columns.length + 2] as string | undefined]
    this.#open = { subject: this.#subject(word, rest), figures }
    return true
  }

  #subject(word: string, rest: string): Subject {
    if (this.#of === 'pid') {
      return { type: '', mode: 'exclusive', where: `of ${rest} (${word})`, name: undefined, site: undefined }
    }
    if (this.#of === 'address') {
      const [, symbol, type = ''] = /^(.*?) *(?:\(([^()]*)\))?$/.exec(rest) ?? []
      const name = symbol === '' || symbol === undefined ? undefined : symbol
      return { ...typed(type), where: `at ${word}`, name, site: undefined }
    }
    return { ...typed(word), where: `in ${functionOf(rest)}`, name: undefined, site: rest }
  }

  /** A row is complete when the next begins: its stack comes behind it. */
  #close(): void {
    const open = this.#open
    if (open === undefined) return
    this.#open = undefined
    const frames = this.#frames.join('\n')
    this.#frames = []
    const { subject, figures } = open
    const unnamed = `(unnamed ${subject.type === '' ? 'lock' : subject.type})`
    const locks = frames === '' ? undefined : locksOfStack(frames, unnamed)
    const name = subject.name ?? (locks?.length === 1 ? locks[0] : undefined)
    const { builder } = this.#recorder
    const lockClass =
      name === undefined
        ? builder.lockClass(`${unnamed} ${subject.where}`, KINDS.get(subject.type) ?? 'unknown')
        : builder.lockClass(name, natureOf(name).kind)
    this.#count(lockClass, subject.mode, figures)
    const site = (frames === '' ? undefined : callerOf(frames)) ?? subject.site
    if (site === undefined) return
    const key = `${lockClass} ${site}`
    const before = this.#sites.get(key)?.count ?? 0
    this.#sites.set(key, { lockClass, role: 'waiter', site, count: before + known(figures.contentions) })
  }

  #count(lockClass: number, mode: LockMode, { contentions, totalNs, maxNs, minNs }: Figures): void {
    const key = `${lockClass} ${mode}`
    const so = this.#rows.get(key)
    const least = so === undefined ? known(minNs) : Math.min(so.waitMinNs, known(minNs))
    this.#rows.set(key, {
      ...{ lockClass, mode, contentionBounces: 0, waitMeanNs: NaN, waitMinNs: least },
      contentions: (so?.contentions ?? 0) + known(contentions),
      waitMaxNs: Math.max(so?.waitMaxNs ?? 0, known(maxNs)),
      waitTotalNs: Math.min(Number.MAX_SAFE_INTEGER, (so?.waitTotalNs ?? 0) + known(totalNs)),
      ...{ acquisitions: 0, acquisitionBounces: 0, holdMinNs: 0, holdMaxNs: 0, holdTotalNs: 0, holdMeanNs: NaN },
    })
  }
}

/** `rwsem:W` */
function typed(word: string): { readonly type: string; readonly mode: LockMode } {
  const [type, mode] = word.split(':')
  return { type, mode: mode === 'R' ? 'shared' : 'exclusive' }
}

/** A column that was not asked for. */
function known(value: number): number {
  return value === value ? value : 0
}

/** `102.89 ms` in ns; a count as it is. */
function numberOf(printed: string): number {
  const [value, unit] = printed.split(' ') as [string, string | undefined]
  const number = Number(value) * (unit === undefined ? 1 : UNIT_NS[unit])
  return Math.min(Number.MAX_SAFE_INTEGER, Math.round(number))
}

export const perfLock: StreamFormat = {
  input: 'stream',
  id: 'perf-lock',
  title: 'perf lock contention table',
  extensions: ['txt'],
  sniff(head) {
    const lines = decodeUtf8(head, 0, Math.min(head.length, 16_384)).split('\n').slice(0, 60)
    return lines.some((line) => line.length < COLUMNS && HEADER.test(line)) ? 1 : 0
  },
  reader: (recorder) => new PerfLockReader(recorder),
}

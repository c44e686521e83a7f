/**
 * The tables `perf lock contention` and `perf lock report` print (perf-lock-table.ts has their layouts): per call site, per
 * lock, per task or per cgroup how often and how long was waited; a report also how often locks were taken. Like
 * /proc/lock_stat it is no trace: it has no events and no times. perf names the caller a few frames up; where it printed the
 * stack too (-v), the lock's name and the function that asked for it come from there. What perf says about itself before
 * and after a table is passed over. Names a report has cut (`ext4_do_writepag...`) stay cut.
 */

import { decodeUtf8 } from '../base/bytes.ts'
import { ApiError } from '../base/errors.ts'
import { callerOf, functionOf } from '../model/call-site.ts'
import * as code from '../model/diagnostics.ts'
import type { LockStatRow, LockStatSite } from '../model/extras.ts'
import type { LockKind, LockMode } from '../model/kinds.ts'
import { natureOf } from '../spans/lock-names.ts'
import { locksOfStack } from '../spans/stack-names.ts'
import type { Recorder } from '../spans/recorder.ts'
import type { FormatReader, StreamFormat } from './format.ts'
import { headingOf, type PerfLockFigures, type PerfLockHeading, type PerfLockSubject } from './perf-lock-table.ts'
import { TextLines } from './text-lines.ts'

const FRAME = /^\s+0x[0-9a-f]+ +(\S.*)?$/
const SUMMARY = /^===|^# debug:/
/** Lines are a few dozen characters and a symbol, or a stack of some; longer ones are not matched against expressions. */
const COLUMNS = 2048
/** builtin-lock.c: what has no symbol, or no task. */
const UNKNOWN = 'Unknown'
/** lock_type_table of builtin-lock.c: what the contention events' flags are printed as. */
const KINDS: ReadonlyMap<string, LockKind> = new Map([
  ['rwsem', 'rwsem'],
  ['mutex', 'mutex'],
  ['mutex-spin', 'mutex'],
  ['spinlock', 'spinlock'],
  ['rwlock', 'rwlock'],
  ['rwlock-rt', 'rwlock'],
  ['percpu-rwsem', 'percpu-rwsem'],
  ['pcpu-sem', 'percpu-rwsem'],
  ['rt-mutex', 'mutex'],
  ['rt_mutex', 'mutex'],
])

class PerfLockReader implements FormatReader {
  readonly #recorder: Recorder
  readonly #lines: TextLines
  readonly #rows = new Map<string, LockStatRow>()
  readonly #sites = new Map<string, LockStatSite>()
  /** Rows of a report: whether their names are callers, tasks or locks shows when all are there. */
  readonly #named: { readonly name: string; readonly figures: PerfLockFigures }[] = []
  #heading: PerfLockHeading | undefined
  #summary = false
  /** The row whose stack may follow. */
  #open: { readonly subject: PerfLockSubject; readonly figures: PerfLockFigures } | undefined
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
    if (this.#heading === undefined) {
      throw new ApiError(
        'bad-input',
        'this is no table of perf lock contention or perf lock report: it has no heading of one',
        'perf lock contention > X, or perf lock report > X 2>&1',
      )
    }
    this.#names()
    this.#lines.sayUnfinished()
    if (this.#rows.size === 0) builder.diagnose('warning', code.NO_EVENTS, 'a table of waits without a single wait')
    builder.lockStat = {
      version: this.#heading.columns.includes('acquired') ? 'perf lock report' : 'perf lock contention',
      rows: [...this.#rows.values()],
      sites: [...this.#sites.values()],
    }
  }

  #line(text: string): void {
    if (text.trim() === '' || this.#summary) return
    const heading = headingOf(text)
    if (heading !== undefined) return this.#begin(heading)
    // What perf says before its table (-v) is about perf.
    if (this.#heading === undefined) return
    if (SUMMARY.test(text)) {
      this.#summary = true
      return
    }
    const frame = FRAME.exec(text)
    if (frame !== null && this.#open !== undefined) this.#frames.push(frame[1] ?? '')
    else if (!this.#row(this.#heading, text)) {
      this.#lines.skip(
        code.UNPARSED_LINE,
        `lines that are no row of the table, first: ${JSON.stringify(text.slice(0, 80))}`,
      )
    }
  }

  #begin(heading: PerfLockHeading): void {
    this.#close()
    if (this.#heading !== undefined) {
      this.#lines.diagnose('warning', code.SEVERAL_TRACES, 'another table begins here: only the last one counts')
      this.#rows.clear()
      this.#sites.clear()
      this.#named.length = 0
    }
    this.#heading = heading
  }

  #row(heading: PerfLockHeading, text: string): boolean {
    const row = heading.row(text)
    if (row === undefined) return false
    this.#close()
    const { figures, subject, frames } = row
    if (typeof subject === 'string') this.#named.push({ name: subject, figures })
    else {
      this.#open = { subject, figures }
      this.#frames.push(...frames)
    }
    return true
  }

  /** A row is complete when the next begins: its stack comes behind it. */
  #close(): void {
    const open = this.#open
    if (open === undefined) return
    this.#open = undefined
    const frames = this.#frames.join('\n')
    this.#frames = []
    this.#add(open.subject, open.figures, frames)
  }

  #add(subject: PerfLockSubject, figures: PerfLockFigures, frames: string): void {
    const unnamed = `(unnamed ${subject.type === '' ? 'lock' : subject.type})`
    const called = subject.where === '' ? unnamed : `${unnamed} ${subject.where}`
    const locks = frames === '' ? undefined : locksOfStack(frames, unnamed)
    const name = subject.name ?? (locks?.length === 1 ? locks[0] : undefined)
    const { builder } = this.#recorder
    const lockClass =
      name === undefined
        ? builder.lockClass(called, KINDS.get(subject.type) ?? 'unknown')
        : builder.lockClass(name, natureOf(name).kind)
    this.#count(lockClass, subject.mode, figures)
    const site = (frames === '' ? undefined : callerOf(frames)) ?? subject.site
    if (site === undefined) return
    const key = `${lockClass} ${site}`
    const before = this.#sites.get(key)?.count ?? 0
    this.#sites.set(key, { lockClass, role: 'waiter', site, count: before + figures.contended })
  }

  /** Of several rows of one class the mean is what total and count say. */
  #count(
    lockClass: number,
    mode: LockMode,
    { acquired, contended, totalNs, maxNs, minNs, meanNs }: PerfLockFigures,
  ): void {
    const key = `${lockClass} ${mode}`
    const so = this.#rows.get(key)
    this.#rows.set(key, {
      ...{ lockClass, mode, contentionBounces: NaN },
      contentions: (so?.contentions ?? 0) + contended,
      waitMinNs: Math.min(so?.waitMinNs ?? minNs, minNs),
      waitMaxNs: Math.max(so?.waitMaxNs ?? 0, maxNs),
      waitTotalNs: Math.min(Number.MAX_SAFE_INTEGER, (so?.waitTotalNs ?? 0) + totalNs),
      waitMeanNs: so === undefined && totalNs !== totalNs ? meanNs : NaN,
      acquisitions: (so?.acquisitions ?? 0) + acquired,
      ...{ acquisitionBounces: NaN, holdMinNs: NaN, holdMaxNs: NaN, holdTotalNs: NaN, holdMeanNs: NaN },
    })
  }

  /**
   * A report has callers under `Name` where the kernel has no lockdep, classes where it has, and tasks with -t; nothing
   * prints which. Callers have offsets, and few tasks are called like a lock. A caller without a symbol is `Unknown`.
   */
  #names(): void {
    const names = this.#named.map(({ name }) => name).filter((name) => name !== UNKNOWN)
    const callers = names.length === 0 || names.some((name) => /\+(?:0x|\.\.\.$)/.test(name))
    const locks = names.filter((name) => natureOf(name).kind !== 'unknown').length
    const are = callers ? 'callers' : locks * 2 < names.length ? 'tasks' : 'classes'
    for (const { name, figures } of this.#named) this.#add(namedSubject(name, are), figures, '')
    if (callers) return
    const what = are === 'tasks' ? 'tasks (-t)' : 'lock classes'
    this.#lines.diagnose('info', 'perf-lock-names', `perf does not print what its names are: taken for ${what}`)
  }
}

function namedSubject(name: string, are: 'callers' | 'tasks' | 'classes'): PerfLockSubject {
  const unnamed = { type: '', mode: 'exclusive', where: '', name: undefined, site: undefined } as const
  if (name === UNKNOWN) return unnamed
  if (are === 'callers') return { ...unnamed, where: `in ${functionOf(name)}`, site: name }
  return are === 'tasks' ? { ...unnamed, where: `of ${name}` } : { ...unnamed, name }
}

export const perfLock: StreamFormat = {
  input: 'stream',
  id: 'perf-lock',
  title: 'perf lock contention or report table',
  extensions: ['txt', 'csv'],
  sniff(head) {
    const lines = decodeUtf8(head, 0, Math.min(head.length, 16_384)).split('\n').slice(0, 60)
    return lines.some((line) => line.length < COLUMNS && headingOf(line) !== undefined) ? 1 : 0
  },
  reader: (recorder) => new PerfLockReader(recorder),
}

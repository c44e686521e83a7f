/**
 * lockdep's reports in kernel log text: circular and recursive locking, inconsistent lock state, irq inversions and orders,
 * bad unlocks, locks held at exit, suspicious RCU usage, invalid wait contexts, and the lists of held locks that hung tasks
 * and sysrq-d print. Each becomes a report with its dependency chain (kernel/locking/lockdep.c: print_circular_bug and its
 * neighbours); the chain goes into the lock-order analysis like the orders a trace shows. Reports are events named
 * `lockdep_report`; all other lines of the log are passed over, which is no damage.
 *
 * Of a chain `-> #2 (C)`, `-> #1 (B)`, `-> #0 (A)`: B was asked for while A was held, with the stack below #1, C while B
 * was held; #0 is what happens now, A is asked for while C is held.
 */

import { decodeUtf8, encodeUtf8 } from '../base/bytes.ts'
import { ApiError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import * as code from '../model/diagnostics.ts'
import type { LockReport, ReportEdge, ReportKind, ReportLock, ReportTask } from '../model/extras.ts'
import { natureOf } from '../spans/lock-names.ts'
import type { Recorder } from '../spans/recorder.ts'
import type { FormatReader, StreamFormat } from './format.ts'
import { COLUMNS, cleaned, endsAtSite, frameOf, isSite, lockOf } from './lockdep-report-lines.ts'
import { TextLines } from './text-lines.ts'

/** Headlines, with or without `WARNING:`, `INFO:`, `BUG:` and brackets; the first that fits. */
const HEADLINES: readonly (readonly [RegExp, ReportKind])[] = [
  [/possible circular locking dependency detected/, 'circular'],
  [/possible recursive locking detected/, 'recursive'],
  [/inconsistent lock state/, 'inconsistent'],
  [/possible irq lock inversion dependency detected/, 'irq-inversion'],
  [/\S+-safe -> \S+-unsafe lock order detected/, 'irq-safe-unsafe'],
  [/bad unlock balance detected|bad contention detected/, 'bad-unlock'],
  [
    /lock held when returning to user space|still has locks held|lock held at task exit time|held lock freed/,
    'held-at-exit',
  ],
  [/suspicious RCU usage/, 'rcu'],
  [/Invalid wait context|Nested lock was not taken|MAX_LOCK\w* too low/, 'other'],
]
const MARKED = /^\[? ?(?:WARNING|INFO|BUG):? /
const HUNG = /^INFO: task (.+):(\d+) (?:blocked|is blocked) .*for more than \d+ seconds/
const ALL_HELD = /^Showing all locks held in the system/
const HELD_BY = /^(\d+) locks? held by (.+)\/(\d+)(?:\/\d+)?[:.]$/
const HELD = /^#\d+: /
const TASK = /^(.+)\/(\d+)(?: \[HC\S*)? (?:is trying to|just changed|takes|is leaving|is freeing|is exiting)/
const KERNEL = /^(?:(?:Not tainted|Tainted: .*) (?=\S+ #\d))?(\d+\.\d+\S*) (?:#\d+|Not tainted|Tainted)/
const CHAIN = /^-> #(\d+) \(?/
const REGISTERED = /state was registered at:$/
/** What is between them is of the rest of the log. */
const SCENARIO = /^(?:CPU\d|-{3,}|<Interrupt>|(?:r?lock|sync|local_irq_disable)\(|.*\);$)/
const SCENARIO_END = /^\*\*\* DEADLOCK \*\*\*$/
/** Lines of one report: a long chain has a few hundred. */
const REPORT_LINES = 5000
/** A class name that is printed by pieces is whole after this many lines. */
const PIECES = 4

interface Open {
  readonly kind: ReportKind
  readonly title: string
  readonly firstLine: number
  readonly atNs: number | undefined
  kernel: string | null
  task: { readonly comm: string; readonly pid: number } | undefined
  readonly tasks: { readonly comm: string; readonly pid: number; readonly held: ReportLock[] }[]
  wanted: ReportLock | null
  against: ReportLock | null
  /** The lock on the line before. */
  before: ReportLock | undefined
  /** As printed: the newest dependency first. */
  readonly chain: { readonly lock: ReportLock; readonly stack: string[] }[]
  /** Where the next frames belong. */
  stack: string[] | undefined
  readonly scenario: string[]
  inScenario: boolean
  lines: number
}

class LockdepReportReader implements FormatReader {
  readonly #recorder: Recorder
  readonly #lines: TextLines
  readonly #reports: LockReport[] = []
  #open: Open | undefined
  #pieces: { text: string; left: number } | undefined
  #firstNs: number | undefined
  #lastNs = 0
  #leftOut = 0

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
    this.#finish()
    const { builder } = this.#recorder
    if (this.#reports.length === 0) {
      throw new ApiError(
        'bad-input',
        'this is no lockdep report: there is no headline of one and no list of held locks in it',
        'dmesg > X after the kernel has printed one; lockdep needs CONFIG_PROVE_LOCKING',
      )
    }
    if (this.#leftOut > 0) {
      const what = `reports beyond ${limits.lockReports} were left out`
      builder.diagnose('warning', code.UNPARSED_LINE, what, undefined, this.#leftOut)
    }
    builder.lockReports.push(...this.#reports)
    builder.meta.startClock = String(this.#firstNs ?? 0)
    builder.meta.kernel = this.#reports.find(({ kernel }) => kernel !== null)?.kernel ?? undefined
  }

  #line(line: string): void {
    const { text, atNs } = cleaned(line)
    if (text === '') {
      if (this.#open !== undefined) this.#open.stack = this.#open.before = undefined
      return
    }
    for (const whole of this.#joined(text)) this.#whole(whole, atNs)
  }

  #whole(text: string, atNs: number | undefined): void {
    if (this.#begins(text, atNs)) return
    const open = this.#open
    if (open === undefined) return
    if (++open.lines > REPORT_LINES) this.#finish()
    else this.#inside(open, text)
  }

  /**
   * Consoles break a line in which a class name is printed: it is whole when its braces are there. Mail breaks it before
   * the call site. None: more is to come.
   */
  #joined(text: string): readonly string[] {
    const pieces = this.#pieces
    if (pieces !== undefined && endsAtSite(pieces.text)) {
      this.#pieces = undefined
      return isSite(text) ? [`${pieces.text} ${text}`] : [pieces.text, ...this.#joined(text)]
    }
    if (pieces !== undefined) {
      pieces.text += text
      pieces.left--
      if (endsAtSite(pieces.text) || (!pieces.text.includes('){') && pieces.left > 0)) return []
      this.#pieces = undefined
      return [pieces.text]
    }
    if (this.#open === undefined) return [text]
    if (!endsAtSite(text) && !/^(?:-> #\d+ |#\d+: .*)?\($/.test(text)) return [text]
    this.#pieces = { text, left: PIECES }
    return []
  }

  #begins(text: string, atNs: number | undefined): boolean {
    const hung = HUNG.exec(text)
    const kind = MARKED.test(text) ? HEADLINES.find(([pattern]) => pattern.test(text))?.[1] : undefined
    if (hung !== null) {
      this.#start('hung-task', text, atNs).task = { comm: hung[1], pid: Number(hung[2]) }
      return true
    }
    if (kind !== undefined) {
      this.#start(kind, text.replace(/^\[ *| *\]$/g, ''), atNs)
      return true
    }
    if (ALL_HELD.test(text) || (this.#open === undefined && HELD_BY.test(text))) {
      const open = this.#start('held-locks', ALL_HELD.test(text) ? text.replace(/:$/, '') : 'Locks held', atNs)
      if (!ALL_HELD.test(text)) this.#inside(open, text)
      return true
    }
    return false
  }

  #start(kind: ReportKind, title: string, atNs: number | undefined): Open {
    this.#finish()
    return (this.#open = {
      kind,
      title,
      firstLine: this.#lines.number,
      atNs,
      kernel: null,
      task: undefined,
      tasks: [],
      wanted: null,
      against: null,
      before: undefined,
      chain: [],
      stack: undefined,
      scenario: [],
      inScenario: false,
      lines: 0,
    })
  }

  #inside(open: Open, text: string): void {
    const held = HELD_BY.exec(text)
    if (held !== null) {
      open.inScenario = false
      open.tasks.push({ comm: held[2], pid: Number(held[3]), held: [] })
      return
    }
    if (/^-+$|^=+$/.test(text) && !open.inScenario) return
    const chain = CHAIN.exec(text)
    const lock = lockOf(chain === null ? text.replace(/^\.*\s*/, '') : text.slice(text.indexOf('(')).replace(/:$/, ''))
    const before = open.before
    open.before = lock
    if (chain !== null && lock !== undefined) {
      const entry = { lock, stack: [] }
      open.chain.push(entry)
      open.stack = entry.stack
    } else if (lock !== undefined) this.#lock(open, text, lock, before)
    else this.#words(open, text)
  }

  #lock(open: Open, text: string, lock: ReportLock, before: ReportLock | undefined): void {
    const last = open.tasks.at(-1)
    if (HELD.test(text) && last !== undefined) {
      // Inlined call sites are printed as lines of the same number, the outermost last.
      const number = text.slice(1, text.indexOf(':'))
      if (Number(number) < last.held.length) last.held[Number(number)] = lock
      else if (last.held.length < limits.heldLocks) last.held.push(lock)
      return
    }
    if (open.chain.length > 0 || open.inScenario) return
    // The same: a lock that is printed again at once is the same request.
    const again = before !== undefined && before.class === lock.class && before.address === lock.address
    if (open.wanted === null || (again && before === open.wanted)) open.wanted = lock
    // The locks that come later are those which the new order connects.
    else if (open.against === null || (again && before === open.against)) open.against = lock
  }

  #words(open: Open, text: string): void {
    open.kernel ??= KERNEL.exec(text)?.[1] ?? null
    const task = TASK.exec(text)
    if (task !== null) open.task ??= { comm: task[1], pid: Number(task[2]) }
    if (/^Possible unsafe locking scenario|^Possible interrupt unsafe locking scenario/.test(text)) {
      open.inScenario = true
      open.stack = undefined
      return
    }
    if (SCENARIO_END.test(text)) {
      open.inScenario = false
      return
    }
    if (open.inScenario) {
      if (SCENARIO.test(text)) open.scenario.push(text)
      return
    }
    if (REGISTERED.test(text) || /^(?:stack backtrace|Call Trace):?/.test(text)) {
      open.stack = open.chain.length === 0 ? [] : undefined
      return
    }
    const frame = frameOf(text)
    if (frame !== undefined && open.stack !== undefined && open.stack.length < limits.pathSegments)
      open.stack.push(frame)
  }

  #finish(): void {
    const open = this.#open
    // The log can end before a call site.
    if (open !== undefined && this.#pieces !== undefined) this.#inside(open, this.#pieces.text)
    this.#open = this.#pieces = undefined
    if (open === undefined) return
    if (this.#reports.length >= limits.lockReports) {
      this.#leftOut++
      return
    }
    const report = reportOf(open)
    this.#reports.push(report)
    this.#event(report)
  }

  /** A report is an event of the task it is about. Logs without times have all of them at 0. */
  #event(report: LockReport): void {
    const { builder } = this.#recorder
    for (const name of classesOf(report)) builder.lockClass(name, natureOf(name).kind)
    for (const { comm, pid } of report.tasks) if (pid > 0) builder.nameTask(builder.task(pid, 0), comm)
    const about = report.tasks[0]
    const task = builder.task(about?.pid ?? 0, 0)
    if (report.atNs !== null) this.#firstNs ??= report.atNs
    // A log that goes back in time (a reboot) goes on where it was.
    const ts = report.atNs === null ? this.#lastNs : Math.max(this.#lastNs, report.atNs - (this.#firstNs ?? 0))
    this.#lastNs = ts
    const payload = encodeUtf8(report.title)
    this.#recorder.event(ts, 0, task, 0, builder.eventNamed('lockdep_report'), payload, 0, payload.length)
    builder.annotate({ kind: 'lockdep', startNs: ts, endNs: undefined, text: report.title })
  }
}

function classesOf({ wanted, against, edges, tasks }: LockReport): ReadonlySet<string> {
  const locks = [...(wanted === null ? [] : [wanted]), ...(against === null ? [] : [against])]
  return new Set([
    ...locks.map((lock) => lock.class),
    ...edges.flatMap(({ from, to }) => [from, to]),
    ...tasks.flatMap(({ held }) => held.map((lock) => lock.class)),
  ])
}

function reportOf(open: Open): LockReport {
  const { kind, title, firstLine, kernel, atNs, wanted, against, scenario, task } = open
  const tasks: ReportTask[] = open.tasks.map(({ comm, pid, held }) => ({ comm, pid, held }))
  const known = task !== undefined && tasks.some(({ pid }) => pid === task.pid)
  return {
    kind,
    title,
    firstLine,
    kernel,
    atNs: atNs ?? null,
    tasks: task === undefined || known ? tasks : [{ ...task, held: [] }, ...tasks],
    wanted,
    against,
    edges: edgesOf(open),
    scenario,
  }
}

function edgesOf({ kind, chain, wanted, against }: Open): readonly ReportEdge[] {
  if (chain.length > 1) {
    // Printed newest first: the last is #0.
    const inOrder = [...chain].reverse()
    const orders = inOrder.map((entry, i) => {
      const from = i === 0 ? inOrder[inOrder.length - 1] : inOrder[i - 1]
      return { from: from.lock.class, to: entry.lock.class, stack: entry.stack }
    })
    return [...orders.slice(1), orders[0]]
  }
  if (wanted === null || against === null) return []
  const holds = kind === 'circular' || kind === 'recursive' || kind === 'irq-safe-unsafe' || kind === 'other'
  return holds ? [{ from: against.class, to: wanted.class, stack: [] }] : []
}

/** Lines of log looked at when a format is recognised. */
const SNIFF_LINES = 2000

export const lockdepReport: StreamFormat = {
  input: 'stream',
  id: 'lockdep-report',
  title: 'lockdep report in kernel log text',
  extensions: ['txt', 'log', 'dmesg'],
  sniff(head) {
    const lines = decodeUtf8(head, 0, Math.min(head.length, limits.sniffBytes)).split('\n', SNIFF_LINES)
    let held = 0
    for (const line of lines) {
      const { text } = cleaned(line.slice(0, COLUMNS))
      if (MARKED.test(text) && HEADLINES.some(([pattern]) => pattern.test(text))) return 0.95
      if (ALL_HELD.test(text) || HUNG.test(text)) return 0.9
      if (HELD_BY.test(text) || (HELD.test(text) && lockOf(text) !== undefined)) held++
    }
    return held > 1 ? 0.8 : 0
  },
  reader: (recorder) => new LockdepReportReader(recorder),
}

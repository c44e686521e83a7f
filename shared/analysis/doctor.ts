/**
 * The trace doctor: what this trace can and cannot answer, what was skipped, lost or odd in it, and the recording command
 * that would answer more. Kernel facts: lock:lock_* exist with CONFIG_LOCKDEP (include/trace/events/lock.h),
 * lock:contention_* since 5.19, mmap_lock:* since 5.11.
 *
 * It sees the spans and the counts of event types, not the raw events; what each CPU's events say (gaps, late beginnings,
 * clock steps) the importer has noted (shared/model/cpu-watch.ts).
 */

import * as z from 'zod'
import { SKIP_CODES } from '../model/diagnostics.ts'
import { SPAN_INFERRED, type Severity } from '../model/kinds.ts'
import type { Trace } from '../model/trace.ts'
import { timeText } from '../base/time.ts'
import { analysis } from './analysis.ts'
import { contention } from './contention.ts'
import { lockFacts } from './parts/scope.ts'
import { plainName, shows } from './parts/shows.ts'

export interface DoctorAnswer {
  readonly question: string
  /** Answered in full. */
  readonly ok: boolean
  readonly level: 'yes' | 'partly' | 'no'
  /** Why not, or what not; null where all is well. */
  readonly why: string | null
  /** Events that would answer it. */
  readonly events: readonly string[]
  /** A command that records what this answer lacks; null where nothing does or would. */
  readonly record: string | null
}

export interface DoctorFinding {
  readonly code: string
  readonly severity: Severity
  readonly message: string
  readonly count: number
  readonly firstLine: number | null
  /** Input that is not in the trace. */
  readonly skipped: boolean
  /** What to do about it next time; missing where there is nothing to do. */
  readonly record?: string
}

export interface DoctorResult {
  readonly answers: readonly DoctorAnswer[]
  /** Worst first. */
  readonly findings: readonly DoctorFinding[]
  /** Commands that would record what is missing. */
  readonly record: readonly string[]
}

export const doctor = analysis({
  id: 'doctor',
  title: 'Trace doctor',
  about: 'What can this trace answer, what is wrong with it, and what should be recorded to answer more?',
  params: z.object({}),
  run(trace): DoctorResult {
    const answers = answersOf(trace)
    return { answers, findings: findingsOf(trace), record: commands(trace, answers) }
  },
})

interface Question {
  readonly question: string
  readonly level: DoctorAnswer['level']
  readonly why: string
  readonly events: readonly string[]
  /** Options of trace-cmd beside the events. */
  readonly options?: string
}

function answersOf(trace: Trace): readonly DoctorAnswer[] {
  const seen = shows(trace)
  const holds = holdFacts(trace)
  const some = seen.holds && (holds.without > 0 || onlyOwn(trace))
  // Its command fails on any other kernel: available_events has none of the four.
  const lockdep = hasEvent(trace)(/^lock_acquire$/) ? '' : '; lock:lock_acquire needs a kernel with lockdep'
  const level = (known: boolean): DoctorAnswer['level'] => (known ? 'yes' : 'no')
  const questions: Question[] = [
    {
      question: 'Who waited for a lock, and how long',
      level: level(seen.waits),
      why: 'no lock or contention events were recorded',
      events: ['lock:contention_begin', 'lock:contention_end'],
    },
    {
      question: 'How long locks were held, and what was done under them',
      level: some ? 'partly' : level(seen.holds),
      why: some
        ? holds.without > 0
          ? `not for ${holds.without} of ${holds.classes} lock classes taken, which contention events alone show${lockdep}`
          : 'only of locks that print their own events (mmap_lock, those of XFS): no lockdep events were recorded; they need a kernel with lockdep'
        : seen.waits
          ? `only contention events were recorded${lockdep}`
          : `no lock events were recorded${lockdep}`,
      events: ['lock:lock_acquire', 'lock:lock_acquired', 'lock:lock_contended', 'lock:lock_release'],
    },
    {
      question: 'Latency of faults, truncates, hole punches, writes and syncs',
      level: level(seen.ops),
      why: 'no system call, page fault or filesystem events were recorded',
      events: ['syscalls', 'exceptions', 'fs_dax', 'ext4', 'xfs', 'jbd2'],
    },
    {
      question: 'When tasks ran, were runnable, or slept',
      level: level(seen.states),
      why: 'no scheduler events were recorded',
      events: ['sched:sched_switch', 'sched:sched_wakeup'],
    },
  ]
  questions.push(...moreQuestions(trace))
  const deduced = inferredClasses(trace)
  if (deduced.holders > 0) {
    questions.push({
      question: `Holders in ${deduced.holders} of ${holds.classes} lock classes taken`,
      level: 'partly',
      why: 'some were inferred from the order of events',
      events: [],
    })
  }
  if (deduced.names > 0) {
    questions.push({
      question: `Names of ${deduced.names} of ${holds.classes} lock classes taken`,
      level: 'partly',
      why: 'no event prints them: they are named by call stacks, or by who waits for them',
      events: [],
    })
  }
  return questions.map(({ level: answered, why, options = '', ...rest }) => ({
    ...rest,
    level: answered,
    ok: answered === 'yes',
    why: answered === 'yes' ? null : why,
    record: answered === 'yes' || !records(trace) ? null : commandFor(rest.events, options),
  }))
}

/** Holds are known, and all from mmap_lock:* or xfs_ilock: whatever else was held does not show. */
function onlyOwn(trace: Trace): boolean {
  const has = hasEvent(trace)
  return has(/^(mmap_lock_|xfs_ilock)/) && !has(/^lock_acquired?$/)
}

/** A simulation has all there is, a table and a report are made otherwise. */
function records({ meta }: Trace): boolean {
  return !['simulation', 'lock-stat', 'perf-lock', 'lockdep-report'].includes(meta.sourceFormat)
}

function commandFor(events: readonly string[], options = ''): string | null {
  if (events.length === 0 && options === '') return null
  return ['trace-cmd record -C mono', options, ...events.map((event) => `-e ${event}`), '-- COMMAND']
    .filter((word) => word !== '')
    .join(' ')
}

/** Asked only of traces whose other events make the question: a trace of locks alone is not short of a journal. */
function moreQuestions(trace: Trace): readonly Question[] {
  const { waits, ops } = shows(trace)
  const has = hasEvent(trace)
  const questions: Question[] = []
  if (waits && trace.extras?.lockStat === undefined) {
    questions.push({
      question: 'Which function asked for a lock',
      level: trace.extras?.spanStacks === undefined ? 'no' : 'yes',
      why: 'no call stacks were recorded',
      events: ['lock:contention_begin'],
      options: '-T',
    })
  }
  if (has(/^xfs_/) && !has(/^(xfs_ilock|lock_acquired?$)/)) {
    questions.push({
      question: 'How long locks of XFS inodes were held',
      level: 'no',
      why: 'xfs_ilock was not recorded, which needs no lockdep',
      events: ['xfs:xfs_ilock', 'xfs:xfs_ilock_nowait', 'xfs:xfs_ilock_demote', 'xfs:xfs_iunlock'],
    })
  }
  if (!ops) return questions
  const graph = has(/^funcgraph_/)
  const faults = graph || has(/^(page_fault_(user|kernel)|dax_p[tm]d_fault)$/)
  const calls = has(/^sys_|^funcgraph_/)
  questions.push({
    question: 'Latency of page faults alone and of system calls alone',
    level: faults && calls ? 'yes' : 'partly',
    why: faults ? 'no system calls were recorded' : 'no page faults were recorded',
    events: faults ? ['syscalls'] : ['exceptions:page_fault_user', 'fs_dax'],
  })
  const steps = graph || trace.phase.length > 0
  questions.push({
    question: 'What an operation spent its time in: mapping, allocating, zeroing, freeing',
    level: steps ? 'yes' : 'no',
    why: 'no events of the filesystem were recorded',
    events: ['fs_dax', 'ext4', 'xfs'],
  })
  if (!has(/^ext4_/)) return questions
  questions.push({
    question: 'Waiting for the journal: handles, commits',
    level: has(/^jbd2_(handle_start|start_commit)/) ? 'yes' : 'no',
    why: 'no jbd2 events were recorded',
    events: ['jbd2'],
  })
  return questions
}

function hasEvent(trace: Trace): (pattern: RegExp) => boolean {
  return (pattern) => trace.eventNames.some((name, id) => trace.eventCounts[id] > 0 && pattern.test(plainName(name)))
}

/** Classes that were seen, and those holds cannot be shown for. */
function holdFacts(trace: Trace): { readonly classes: number; readonly without: number } {
  const { rows } = contention.run(trace, contention.params.parse({ top: 10_000 }))
  const count = (test: (row: (typeof rows)[number]) => boolean): number =>
    new Set(rows.filter(test).map(({ classId }) => classId)).size
  return { classes: count(() => true), without: count((row) => row.holdTotalNs === null) }
}

/** Classes with holders, and with names, that no event told. */
function inferredClasses(trace: Trace): { readonly holders: number; readonly names: number } {
  const { classOf, guessed, listed } = lockFacts(trace)
  const { lock, flags, releasedNs } = trace.lockSpan.cols
  const holders = new Set<number>()
  const names = new Set<number>()
  for (let row = 0; row < trace.lockSpan.length; row++) {
    const id = lock[row]
    if (listed[id] === 0) continue
    if (guessed[id] === 1) names.add(classOf[id])
    // A wait that a stack named is inferred, too, but nothing says when its hold ended.
    if ((flags[row] & SPAN_INFERRED) !== 0 && releasedNs[row] >= 0) holders.add(classOf[id])
  }
  return { holders: holders.size, names: names.size }
}

/** A shell would take a star for a file name. */
function quoted(event: string): string {
  return event.includes('*') ? `'${event}'` : event
}

/** What to do about a finding the next time, by its code. */
const BIGGER = 'trace-cmd record -C mono -b 65536 -e EVENTS -- COMMAND'
const ADVICE: ReadonlyMap<string, string> = new Map([
  ['lost-events', BIGGER],
  ['lost-total', BIGGER],
  ['cpu-begins-late', BIGGER],
  ['cpu-ends-early', BIGGER],
  ['clock-ticks', 'trace-cmd record -C mono -e EVENTS -- COMMAND'],
  ['clock-step', 'trace-cmd record -C mono -e EVENTS -- COMMAND'],
  ['clock-backwards', 'trace-cmd record -C mono -e EVENTS -- COMMAND'],
  ['times-inferred', 'trace-cmd record -p function_graph -g handle_mm_fault -- COMMAND'],
  ['no-kernel-symbols', 'sudo cat /proc/kallsyms > kallsyms'],
])

function advised(record: string | undefined): { readonly record?: string } {
  return record === undefined ? {} : { record }
}

const RANK: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 }

function findingsOf(trace: Trace): readonly DoctorFinding[] {
  const found: DoctorFinding[] = trace.diagnostics.map(({ severity, code, message, count, firstLine }) => ({
    code,
    severity,
    message,
    count,
    firstLine: firstLine ?? null,
    skipped: SKIP_CODES.includes(code),
    ...advised(records(trace) ? ADVICE.get(code) : undefined),
  }))
  const remark = (code: string, severity: Severity, message: string, count = 1, record = ADVICE.get(code)): void => {
    found.push({ code, severity, message, count, firstLine: null, skipped: false, ...advised(record) })
  }
  const { lostEvents, clockUnit, clock } = trace.meta
  if (lostEvents !== undefined && lostEvents > 0) {
    remark('lost-total', 'warning', 'events lost by the recorder: waits and holds around them may be wrong', lostEvents)
  }
  if (clockUnit === 'tick')
    remark('clock-ticks', 'warning', `the clock ${clock} counts ticks, not time: record with mono`)
  for (const pair of PAIRS) {
    const missing = missingHalf(trace, pair)
    if (missing === undefined) continue
    const events = pair.names.replace(/ or .*$/, '')
    remark('missing-events', 'warning', missing, 1, commandFor([quoted(events)]) ?? undefined)
  }
  const silence = longestSilence(trace)
  if (silence !== undefined) remark('silence', 'info', silence)
  return found.sort((a, b) => RANK[a.severity] - RANK[b.severity])
}

/** Events that only mean something together. */
const PAIRS: readonly {
  readonly first: RegExp
  readonly second: RegExp
  readonly names: string
  readonly so: string
}[] = [
  { first: /^contention_begin$/, second: /^contention_end$/, names: 'lock:contention_end', so: 'waits have no end' },
  { first: /^lock_acquired$/, second: /^lock_release$/, names: 'lock:lock_release', so: 'holds have no end' },
  { first: /^lock_contended$/, second: /^lock_acquired$/, names: 'lock:lock_acquired', so: 'waits have no end' },
  { first: /^sys_enter_/, second: /^sys_exit_/, names: 'syscalls:sys_exit_*', so: 'system calls have no end' },
  {
    first: /^sched_switch$/,
    second: /^sched_(waking|wakeup)$/,
    names: 'sched:sched_waking',
    so: 'holders of unnamed locks cannot be inferred',
  },
  {
    first: /^jbd2_handle_start$/,
    second: /^jbd2_handle_stats$/,
    names: 'jbd2:jbd2_handle_stats',
    so: 'handles have no end',
  },
  {
    first: /^jbd2_start_commit$/,
    second: /^jbd2_end_commit$/,
    names: 'jbd2:jbd2_end_commit',
    so: 'commits have no end',
  },
  { first: /^xfs_ilock$/, second: /^xfs_iunlock$/, names: 'xfs:xfs_iunlock', so: 'inode locks have no end' },
  {
    first: /^mmap_lock_acquire_returned$/,
    second: /^mmap_lock_released$/,
    names: 'mmap_lock:mmap_lock_released',
    so: 'holds of mmap_lock have no end',
  },
  {
    first: /^dax_pte_fault$/,
    second: /^dax_pte_fault_done$/,
    names: 'fs_dax:dax_pte_fault_done',
    so: 'DAX faults have no end',
  },
  {
    first: /^page_fault_user$/,
    second: /^(dax_pte_fault_done|mmap_lock_released|lock_release|handle_mm_fault)$/,
    names: 'fs_dax:dax_pte_fault_done or mmap_lock:mmap_lock_released',
    so: 'page faults have no end',
  },
]

function missingHalf(trace: Trace, { first, second, names, so }: (typeof PAIRS)[number]): string | undefined {
  const has = hasEvent(trace)
  return has(first) && !has(second) ? `${names} was not recorded: ${so}` : undefined
}

/** A quarter of the trace without a single event is worth a word. */
function longestSilence({ rate, meta }: Trace): string | undefined {
  const { counts, bucketNs } = rate
  let longest = 0
  let run = 0
  for (const count of counts) {
    run = count === 0 ? run + 1 : 0
    if (run > longest) longest = run
  }
  const share = meta.durationNs === 0 ? 0 : (longest * bucketNs) / meta.durationNs
  if (share < 0.25 || share > 1) return undefined
  const [silent, whole] = [longest * bucketNs, meta.durationNs].map((ns) => timeText(ns, meta.clockUnit, ' '))
  return `no event at all for ${silent} of ${whole}`
}

/** One recording that has all of it. */
function commands(trace: Trace, answers: readonly DoctorAnswer[]): readonly string[] {
  if (!records(trace)) return []
  const events = [...new Set(answers.filter(({ ok }) => !ok).flatMap((answer) => answer.events))]
  const stacks = answers.some(({ ok, record }) => !ok && record?.includes(' -T ') === true)
  const command = commandFor(events, stacks ? '-T' : '')
  return command === null ? [] : [command]
}

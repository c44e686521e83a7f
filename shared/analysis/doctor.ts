/**
 * The trace doctor: what this trace can and cannot answer, what was skipped, lost or odd in it, and the recording command
 * that would answer more. Kernel facts: lock:lock_* exist with CONFIG_LOCKDEP (include/trace/events/lock.h),
 * lock:contention_* since 5.19, mmap_lock:* since 5.11.
 *
 * It sees the spans and the counts of event types, not the raw events: gaps are looked for in the event rate of the whole
 * trace, not CPU by CPU.
 */

import * as z from 'zod'
import { SKIP_CODES } from '../model/diagnostics.ts'
import type { Severity } from '../model/kinds.ts'
import type { Trace } from '../model/trace.ts'
import { analysis } from './analysis.ts'
import { contention } from './contention.ts'
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
}

export interface DoctorFinding {
  readonly code: string
  readonly severity: Severity
  readonly message: string
  readonly count: number
  readonly firstLine: number | null
  /** Input that is not in the trace. */
  readonly skipped: boolean
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
}

function answersOf(trace: Trace): readonly DoctorAnswer[] {
  const seen = shows(trace)
  const holds = holdFacts(trace)
  const some = seen.holds && holds.without > 0
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
        ? `not for ${holds.without} of ${holds.classes} lock classes, which contention events alone show`
        : seen.waits
          ? 'only contention events were recorded; holds need a lockdep kernel'
          : 'no lock events were recorded',
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
  if (holds.inferred > 0) {
    questions.push({
      question: `Holders in ${holds.inferred} of ${holds.classes} lock classes`,
      level: 'partly',
      why: 'some were inferred from the order of events',
      events: [],
    })
  }
  return questions.map(({ level: answered, why, ...rest }) => ({
    ...rest,
    level: answered,
    ok: answered === 'yes',
    why: answered === 'yes' ? null : why,
  }))
}

/** Classes holds cannot be shown for, and classes they had to be inferred for. */
function holdFacts(trace: Trace): { readonly classes: number; readonly without: number; readonly inferred: number } {
  const { rows } = contention.run(trace, contention.params.parse({ top: 10_000 }))
  const count = (test: (row: (typeof rows)[number]) => boolean): number =>
    new Set(rows.filter(test).map(({ classId }) => classId)).size
  return {
    classes: count(() => true),
    without: count((row) => row.holdTotalNs === null),
    inferred: count((row) => row.inferred),
  }
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
  }))
  const remark = (code: string, severity: Severity, message: string, count = 1): void => {
    found.push({ code, severity, message, count, firstLine: null, skipped: false })
  }
  const { lostEvents, clockUnit, clock } = trace.meta
  if (lostEvents !== undefined && lostEvents > 0) {
    remark('lost-total', 'warning', 'events lost by the recorder: waits and holds around them may be wrong', lostEvents)
  }
  if (clockUnit === 'tick')
    remark('clock-ticks', 'warning', `the clock ${clock} counts ticks, not time: record with mono`)
  for (const pair of PAIRS) {
    const missing = missingHalf(trace, pair)
    if (missing !== undefined) remark('missing-events', 'warning', missing)
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
    first: /^page_fault_user$/,
    second: /^(dax_pte_fault_done|mmap_lock_released|lock_release|handle_mm_fault)$/,
    names: 'fs_dax:dax_pte_fault_done or mmap_lock:mmap_lock_released',
    so: 'page faults have no end',
  },
]

function missingHalf(trace: Trace, { first, second, names, so }: (typeof PAIRS)[number]): string | undefined {
  const has = (pattern: RegExp): boolean =>
    trace.eventNames.some((name, id) => trace.eventCounts[id] > 0 && pattern.test(plainName(name)))
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
  return share < 0.25 || share > 1 ? undefined : `no event at all for ${Math.round(share * 100)} % of the trace`
}

/** Nothing to record where nothing is missing, or where a simulation has all there is. */
function commands({ meta }: Trace, answers: readonly DoctorAnswer[]): readonly string[] {
  const missing = answers.filter(({ ok }) => !ok).flatMap(({ events }) => events)
  if (missing.length === 0 || meta.sourceFormat === 'simulation') return []
  return [['trace-cmd record -C mono', ...missing.map((event) => `-e ${event}`), '-- COMMAND'].join(' ')]
}

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
import { FAULT_KINDS, OP_KINDS, SPAN_INFERRED, type OpKind, type Severity } from '../model/kinds.ts'
import type { Trace } from '../model/trace.ts'
import { timeText } from '../base/time.ts'
import { analysis } from './analysis.ts'
import { contention } from './contention.ts'
import { FAULT_ENDS, LOCKDEP, PAIRS, XFS_ILOCK } from './parts/event-pairs.ts'
import { lockFacts } from './parts/scope.ts'
import { plainName, shows } from './parts/shows.ts'
import { waitedNs } from './parts/wait-ends.ts'
import { contendedRows } from './parts/waits.ts'

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
  /** They may have been recorded and not have happened: a trace has no word for that. */
  readonly maybeRecorded: boolean
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

export interface DoctorRecording {
  readonly command: string
  readonly events: readonly string[]
  /** What these events ask of the kernel; null: nothing much. */
  readonly needs: string | null
}

export interface DoctorResult {
  readonly answers: readonly DoctorAnswer[]
  /** Worst first. */
  readonly findings: readonly DoctorFinding[]
  /** Commands that would record what is missing. */
  readonly record: readonly string[]
  /** The same with what each asks of the kernel: trace-cmd records nothing at all if one event of a command is not there. */
  readonly recordings: readonly DoctorRecording[]
}

export const doctor = analysis({
  id: 'doctor',
  title: 'Trace doctor',
  about: 'What can this trace answer, what is wrong with it, and what should be recorded to answer more?',
  params: z.object({}),
  run(trace): DoctorResult {
    const answers = answersOf(trace)
    const recordings = recordingsOf(trace, answers)
    // Functions instead of events: a recording of its own.
    const alone = answers.flatMap(({ events, record }) => (record !== null && events.length === 0 ? [record] : []))
    const record = [...recordings.map(({ command }) => command), ...new Set(alone)]
    return { answers, findings: findingsOf(trace), record, recordings }
  },
})

const TABLE_WAITS = 'a table has figures per lock: how long is known, who waited is not'
const TABLE_HOLDS = 'a table has figures per lock: how long is known, what was done meanwhile is not'

interface Question {
  readonly question: string
  readonly level: DoctorAnswer['level']
  readonly why: string
  readonly events: readonly string[]
  /** Options of trace-cmd beside the events. */
  readonly options?: string
  readonly maybeRecorded?: boolean
}

function answersOf(trace: Trace): readonly DoctorAnswer[] {
  const seen = shows(trace)
  const holds = holdFacts(trace)
  const table = trace.extras?.lockStat !== undefined
  const some = seen.holds && (holds.without > 0 || onlyOwn(trace) || table)
  // Its command fails on any other kernel: available_events has none of the four.
  const lockdep = hasEvent(trace)(/^lock_acquire$/) ? '' : '; lock:lock_acquire needs a kernel with lockdep'
  const level = (known: boolean): DoctorAnswer['level'] => (known ? 'yes' : 'no')
  const questions: Question[] = [
    waitsQuestion(trace),
    {
      question: 'How long locks were held, and what was done under them',
      level: some ? 'partly' : level(seen.holds),
      why:
        table && seen.holds
          ? TABLE_HOLDS
          : some
            ? holds.without > 0
              ? `not for ${holds.without} of ${holds.classes} lock classes taken, which contention events alone show${lockdep}`
              : 'only of locks that print their own events (mmap_lock, those of XFS): no lockdep events were recorded; they need a kernel with lockdep'
            : seen.waits
              ? `only contention events were recorded${lockdep}`
              : `no lock events were recorded${lockdep}`,
      events: LOCKDEP,
    },
    latencyQuestion(trace),
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
  return questions.map(({ level: answered, why, options = '', maybeRecorded = false, ...rest }) => ({
    ...rest,
    maybeRecorded: maybeRecorded && answered !== 'yes',
    level: answered,
    ok: answered === 'yes',
    why: answered === 'yes' ? null : why,
    record: answered === 'yes' || !records(trace) ? null : commandFor(rest.events, options),
  }))
}

function waitsQuestion(trace: Trace): Question {
  const { waits } = shows(trace)
  const locks = trace.lockSpan.length > 0
  const contended = contendedRows(trace)
  const measured = contended.length === 0 || contended.some((row) => waitedNs(trace, row) >= 0)
  const table = trace.extras?.lockStat !== undefined
  const level = waits ? (measured && !table ? 'yes' : 'partly') : locks ? 'partly' : 'no'
  return {
    question: 'Who waited for a lock, and how long',
    level,
    why: table
      ? TABLE_WAITS
      : waits
        ? 'no wait has an end in the trace: who waited is known, how long is not'
        : locks
          ? 'there are lock events and no contention among them: nothing waited, or lock_contended was not recorded'
          : 'no lock or contention events are in the trace: they were not recorded, or did not happen',
    events: ['lock:contention_begin', 'lock:contention_end'],
    maybeRecorded: !waits,
  }
}

/** Fewer operations of a kind than these may all have been going on when the trace ended. */
const SOME = 10

function latencyQuestion(trace: Trace): Question {
  const question = 'Latency of faults, truncates, hole punches, writes and syncs'
  const ops = hasKnownOps(trace)
  const measuredOps = trace.op.cols.durationNs.some((ns) => ns >= 0)
  const unmeasured = unmeasuredKinds(trace)
  const faults = unmeasured.every(({ name }) => FAULT_KINDS.has(name))
  if (!ops) {
    return {
      ...{ question, level: 'no', maybeRecorded: true },
      why: 'no system call, page fault or filesystem events are in the trace: they were not recorded, or did not happen',
      events: ['syscalls', ...FAULT_ENDS],
    }
  }
  const which = unmeasured.map(({ name, all, open }) => `${name} (${open} of ${all})`).join(', ')
  return {
    question,
    level: !measuredOps ? 'no' : unmeasured.length > 0 ? 'partly' : 'yes',
    why: measuredOps
      ? `most of these have no end in the trace, and so no duration: ${which}`
      : 'not one operation has an end in the trace: no duration is known',
    ...(faults && measuredOps ? faultEnds(trace) : { events: ['syscalls', ...FAULT_ENDS] }),
  }
}

/** What a trace needs for the ends of its faults: under a VMA's own lock they take no mmap_lock, and only their functions tell. */
function faultEnds(trace: Trace): Pick<Question, 'events' | 'options'> {
  const told = hasEvent(trace)(/^mmap_lock_released$/)
  return told ? { events: [], options: '-p function_graph -g handle_mm_fault' } : { events: FAULT_ENDS }
}

/** Slices of other programs (Chrome's, Perfetto's) are operations of no kind that is asked about. */
function hasKnownOps(trace: Trace): boolean {
  const { op, opKinds } = trace
  if (op.length > 0 && hasEvent(trace)(/^(sys_|funcgraph_)/)) return true
  const known = opKinds.map((kind) => OP_KINDS.some((one) => one === kind))
  return op.cols.kind.some((kind) => known[kind])
}

interface Unmeasured {
  readonly name: OpKind
  readonly all: number
  readonly open: number
}

/** Kinds of operations most of which have no end in the trace. */
function unmeasuredKinds({ op, opKinds }: Trace): readonly Unmeasured[] {
  const { kind, durationNs } = op.cols
  const all = new Uint32Array(opKinds.length)
  const open = new Uint32Array(opKinds.length)
  for (let row = 0; row < op.length; row++) {
    all[kind[row]]++
    if (!(durationNs[row] >= 0)) open[kind[row]]++
  }
  return OP_KINDS.map((name) => ({ name, at: opKinds.indexOf(name) }))
    .filter(({ at }) => all[at] >= SOME && open[at] * 2 > all[at])
    .map(({ name, at }) => ({ name, all: all[at], open: open[at] }))
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
  const { waits } = shows(trace)
  const has = hasEvent(trace)
  const questions: Question[] = []
  if (waits && trace.extras?.lockStat === undefined) {
    questions.push({
      question: 'Which function asked for a lock',
      level: trace.extras?.spanStacks === undefined ? 'no' : 'yes',
      why: 'no call stacks were recorded',
      events: ['lock:contention_begin', 'lock:contention_end'],
      options: '-T',
    })
  }
  if (has(/^xfs_/) && !has(/^(xfs_ilock|lock_acquired?$)/)) {
    questions.push({
      question: 'How long locks of XFS inodes were held',
      level: 'no',
      why: 'xfs_ilock was not recorded, which needs no lockdep',
      events: XFS_ILOCK,
    })
  }
  if (!hasKnownOps(trace)) return questions
  const graph = has(/^funcgraph_/)
  const simulated = has(/^op_begin$/)
  const faults = graph || has(/^(page_fault_(user|kernel)|dax_p[tm]d_fault)$/) || (simulated && someOp(trace, isFault))
  const endless = faults && unmeasuredKinds(trace).some(({ name }) => isFault(name))
  const calls = has(/^sys_|^funcgraph_/) || (simulated && someOp(trace, isCall))
  const measured = trace.op.cols.durationNs.some((ns) => ns >= 0)
  questions.push({
    question: 'Latency of page faults alone and of system calls alone',
    level: faults && calls && !endless ? 'yes' : (faults || calls) && measured ? 'partly' : 'no',
    why: endless
      ? 'most page faults have no end in the trace'
      : faults
        ? 'no system calls are in the trace: they were not recorded, or did not happen'
        : !calls
          ? 'neither page faults nor system calls are in the trace: they were not recorded, or did not happen'
          : 'no page faults are in the trace: they were not recorded, or did not happen',
    ...(endless
      ? faultEnds(trace)
      : { events: faults ? ['syscalls'] : calls ? FAULT_ENDS : ['syscalls', ...FAULT_ENDS] }),
    maybeRecorded: !endless,
  })
  const steps = graph || trace.phase.length > 0
  questions.push({
    question: 'What an operation spent its time in: mapping, allocating, zeroing, freeing',
    level: steps ? 'yes' : 'no',
    why: 'no events of a filesystem are in the trace: they were not recorded, or did not happen; record those the kernel has',
    events: ['fs_dax', 'ext4', 'xfs'],
    maybeRecorded: true,
  })
  if (!has(/^ext4_/)) return questions
  questions.push({
    question: 'Waiting for the journal: handles, commits',
    level: has(/^jbd2_(handle_start|start_commit)/) ? 'yes' : 'no',
    why: 'no jbd2 events are in the trace: they were not recorded, or did not happen',
    events: ['jbd2'],
    maybeRecorded: true,
  })
  return questions
}

const isFault = (kind: string): boolean => FAULT_KINDS.has(kind)
/** What the kernel does on its own account is none. */
const isCall = (kind: string): boolean => !isFault(kind) && !['commit', 'writeback', 'invalidate'].includes(kind)

function someOp({ op, opKinds }: Trace, test: (kind: string) => boolean): boolean {
  const tested = opKinds.map(test)
  return op.cols.kind.some((kind) => tested[kind])
}

function hasEvent(trace: Trace): (pattern: RegExp) => boolean {
  return (pattern) => trace.eventNames.some((name, id) => trace.eventCounts[id] > 0 && pattern.test(plainName(name)))
}

/** Classes that were seen, and those holds cannot be shown for. */
function holdFacts(trace: Trace): { readonly classes: number; readonly without: number } {
  const { rows } = contention.run(trace, contention.params.parse({ top: 10_000 }))
  const count = (test: (row: (typeof rows)[number]) => boolean): number =>
    new Set(rows.filter(test).map(({ classId }) => classId)).size
  return {
    classes: count(() => true),
    without: count(({ holdTotalNs, acquisitions }) => holdTotalNs === null && !(acquisitions > 0)),
  }
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
    remark('missing-events', 'warning', missing, 1, commandFor(pair.both) ?? undefined)
  }
  const silence = longestSilence(trace)
  if (silence !== undefined) remark('silence', 'info', silence)
  return found.sort((a, b) => RANK[a.severity] - RANK[b.severity])
}

function missingHalf(trace: Trace, { first, second, names, so }: (typeof PAIRS)[number]): string | undefined {
  const has = hasEvent(trace)
  return has(first) && !has(second) ? `no ${names} is in the trace: ${so}` : undefined
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

/** What has to be there, first what every kernel has. Events of which this trace has some are there. */
const NEEDS: readonly { readonly events: RegExp; readonly shown: RegExp; readonly needs: string }[] = [
  { events: /^lock:lock_/, shown: /^lock_(acquired?|contended|release)$/, needs: 'a kernel with lockdep' },
  { events: /^fs_dax(:|$)/, shown: /^dax_/, needs: 'a kernel with DAX' },
  { events: /^(ext4|jbd2)(:|$)/, shown: /^(ext4|jbd2)_/, needs: 'a kernel with ext4' },
  { events: /^xfs(:|$)/, shown: /^xfs_/, needs: 'a kernel with XFS' },
]

function recordingsOf(trace: Trace, answers: readonly DoctorAnswer[]): DoctorResult['recordings'] {
  if (!records(trace)) return []
  const has = hasEvent(trace)
  const missing = answers.filter(({ ok }) => !ok)
  const events = [...new Set(missing.flatMap((answer) => answer.events))]
  const stacks = missing.some(({ record }) => record?.includes(' -T ') === true)
  const needOf = (event: string): string | null =>
    NEEDS.find((need) => need.events.test(event) && !has(need.shown))?.needs ?? null
  return [null, ...NEEDS.map(({ needs }) => needs)].flatMap((needs) => {
    const part = events.filter((event) => needOf(event) === needs)
    const command = commandFor(part, needs === null && stacks ? '-T' : '')
    return command === null ? [] : [{ command, events: part, needs }]
  })
}

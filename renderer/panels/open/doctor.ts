/**
 * What a trace can and cannot answer, from what it recorded, and the recording command that would answer more. The
 * command is trace-cmd's, with events of the kernel's own tracepoint directories.
 */

import type { AnalysisResult } from '#shared/analysis/index.ts'
import type { ImportSummary, TraceInfo } from '#shared/contract/methods.ts'

export interface Answer {
  readonly question: string
  readonly ok: 'yes' | 'partly' | 'no'
  /** Why not, or what not. */
  readonly why?: string
  /** trace-cmd event arguments that would answer it. */
  readonly events: readonly string[]
}

/** What contention of the whole trace says about holds: classes it cannot show them for, and classes it had to infer. */
export interface HoldFacts {
  readonly classes: number
  readonly withoutHolds: number
  readonly inferred: number
}

export function holdFacts({ rows }: AnalysisResult<'contention'>): HoldFacts {
  const count = (test: (row: (typeof rows)[number]) => boolean): number =>
    new Set(rows.filter(test).map(({ classId }) => classId)).size
  return {
    classes: count(() => true),
    withoutHolds: count((row) => row.holdTotalNs === null),
    inferred: count((row) => row.inferred),
  }
}

const yes = (known: boolean): Answer['ok'] => (known ? 'yes' : 'no')

/** Kernel facts: lock:lock_* exist with CONFIG_LOCKDEP (include/trace/events/lock.h), lock:contention_* since 5.19. */
export function answers({ shows }: TraceInfo, holds: HoldFacts | undefined): readonly Answer[] {
  const some = shows.holds && holds !== undefined && holds.withoutHolds > 0
  return [
    {
      question: 'Who waited for a lock, and how long',
      ok: yes(shows.waits),
      why: 'no lock or contention events were recorded',
      events: ['lock:contention_begin', 'lock:contention_end'],
    },
    {
      question: 'How long locks were held, and what was done under them',
      ok: some ? 'partly' : yes(shows.holds),
      why: some
        ? `not for ${holds.withoutHolds} of ${holds.classes} lock classes, which contention events alone show`
        : shows.waits
          ? 'only contention events were recorded; holds need a lockdep kernel'
          : 'no lock events were recorded',
      events: ['lock:lock_acquire', 'lock:lock_acquired', 'lock:lock_contended', 'lock:lock_release'],
    },
    {
      question: 'Latency of faults, truncates, hole punches, writes and syncs',
      ok: yes(shows.ops),
      why: 'no system call, page fault or filesystem events were recorded',
      events: ['syscalls', 'exceptions', 'fs_dax', 'ext4', 'xfs', 'jbd2'],
    },
    {
      question: 'When tasks ran, were runnable, or slept',
      ok: yes(shows.states),
      why: 'no scheduler events were recorded',
      events: ['sched:sched_switch', 'sched:sched_wakeup'],
    },
    ...(holds && holds.inferred > 0
      ? [
          {
            question: `Holders in ${holds.inferred} of ${holds.classes} lock classes`,
            ok: 'partly' as const,
            why: 'some were inferred from the order of events',
            events: [],
          },
        ]
      : []),
  ]
}

/** What to run to get what is missing; undefined where nothing is. */
export function recordingCommand(list: readonly Answer[]): string | undefined {
  const missing = list.filter(({ ok }) => ok !== 'yes').flatMap(({ events }) => events)
  if (missing.length === 0) return undefined
  return ['trace-cmd record -C mono', ...missing.map((event) => `  -e ${event}`), '  -- COMMAND'].join(' \\\n')
}

export interface Finding {
  readonly text: string
  readonly count: number
  readonly firstLine: number | undefined
  readonly tone: 'warn' | 'bad' | 'dim'
}

/** With a capital, unless it begins with a name of the kernel's. */
function sentence(message: string): string {
  return /^[a-z]+ /.test(message) ? message.charAt(0).toUpperCase() + message.slice(1) : message
}

/** Everything that was skipped, lost or odd, worst first. Diagnostics that only repeat what was skipped are left out. */
export function findings(info: TraceInfo, imported: ImportSummary | null): readonly Finding[] {
  const skipped = (imported?.skipped ?? []).map(({ reason, count, firstLine }): Finding => ({
    text: `Skipped: ${reason}`,
    count,
    firstLine: firstLine ?? undefined,
    tone: 'warn',
  }))
  const reasons = new Set((imported?.skipped ?? []).map(({ reason }) => reason))
  const rest = info.diagnostics
    .filter(({ message }) => !reasons.has(message))
    .map(({ severity, message, count, firstLine }): Finding => ({
      text: sentence(message),
      count,
      firstLine,
      tone: severity === 'error' ? 'bad' : severity === 'warning' ? 'warn' : 'dim',
    }))
  const lost: Finding[] =
    info.lost === null
      ? []
      : [
          {
            text: 'Events lost by the recorder',
            count: info.lost,
            firstLine: undefined,
            tone: info.lost > 0 ? 'warn' : 'dim',
          },
        ]
  const rank = { bad: 0, warn: 1, dim: 2 }
  return [...lost, ...skipped, ...rest].sort((a, b) => rank[a.tone] - rank[b.tone])
}

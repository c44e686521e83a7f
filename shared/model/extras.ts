/**
 * What some inputs have beside events and spans: the call stacks of waits and holds, a /proc/lock_stat table, lockdep's
 * reports. Few traces have any of it, so a trace carries one optional field for all, and each is small: it is written and
 * read whole.
 */

import type { LockMode } from './kinds.ts'
import type { Ns } from './trace.ts'

/** Call stacks of lock spans: where the lock was asked for. Parallel arrays, ascending by span. */
export interface SpanStacks {
  readonly span: Uint32Array
  /** Index into `stacks`. */
  readonly stack: Uint32Array
}

/**
 * One line of /proc/lock_stat (kernel/locking/lockdep_proc.c), or of a table of perf lock: times are of all waits and holds of
 * the class. NaN is what the table does not say: perf's have no holds, others no means.
 */
export interface LockStatRow {
  /** Index into `lockClasses`, under the name lock_stat prints, version and subclass included. */
  readonly lockClass: number
  readonly mode: LockMode
  readonly contentions: number
  readonly contentionBounces: number
  readonly waitMinNs: Ns
  readonly waitMaxNs: Ns
  readonly waitTotalNs: Ns
  readonly waitMeanNs: Ns
  readonly acquisitions: number
  readonly acquisitionBounces: number
  readonly holdMinNs: Ns
  readonly holdMaxNs: Ns
  readonly holdTotalNs: Ns
  readonly holdMeanNs: Ns
}

/** Where a class was waited for, or was held while others waited: at most four of each per class. */
export interface LockStatSite {
  readonly lockClass: number
  readonly role: 'waiter' | 'holder'
  /** `function+0x77/0xc0`, as printed. */
  readonly site: string
  readonly count: number
}

export interface LockStat {
  readonly version: string
  readonly rows: readonly LockStatRow[]
  readonly sites: readonly LockStatSite[]
}

/** A lock somebody holds or wants, as a report names it. */
export interface ReportLock {
  readonly class: string
  readonly address: string | null
  /** `++++`: lockdep's usage bits; null where not printed. */
  readonly usage: string | null
  /** `3:3`: wait types; null where not printed. */
  readonly waitType: string | null
  readonly mode: LockMode | null
  readonly tried: boolean
  /** Where it was taken; null where not printed. */
  readonly site: string | null
}

/** "`from` was held when `to` was asked for", with the stack lockdep remembers of it. */
export interface ReportEdge {
  readonly from: string
  readonly to: string
  /** Innermost frame first; empty where the report has none. */
  readonly stack: readonly string[]
}

export const REPORT_KINDS = [
  'circular',
  'recursive',
  'inconsistent',
  'irq-inversion',
  'irq-safe-unsafe',
  'bad-unlock',
  'held-at-exit',
  'rcu',
  'held-locks',
  'hung-task',
  'other',
] as const
export type ReportKind = (typeof REPORT_KINDS)[number]

export interface ReportTask {
  readonly comm: string
  readonly pid: number
  readonly held: readonly ReportLock[]
}

/** One report of lockdep, or a list of held locks. */
export interface LockReport {
  readonly kind: ReportKind
  /** Lockdep's own headline. */
  readonly title: string
  readonly firstLine: number
  readonly kernel: string | null
  /** ns of the kernel log's clock; null where lines have no times. */
  readonly atNs: Ns | null
  readonly tasks: readonly ReportTask[]
  /** The lock that was asked for, and the one it depends on or conflicts with. */
  readonly wanted: ReportLock | null
  readonly against: ReportLock | null
  /** The existing dependency chain, outermost lock first, then the order that closes the circle: the report's own. */
  readonly edges: readonly ReportEdge[]
  /** lockdep's "possible unsafe locking scenario", line by line. */
  readonly scenario: readonly string[]
}

export interface TraceExtras {
  readonly spanStacks?: SpanStacks
  readonly lockStat?: LockStat
  readonly lockReports?: readonly LockReport[]
}

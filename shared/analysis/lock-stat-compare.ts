/**
 * The contention of a trace beside a /proc/lock_stat table of the same time. lock_stat knows class versions (`#2`) and
 * subclasses (`/1`) that trace events do not print, so its lines are added up per name; it cuts long names. It counts a
 * wait's time when it ends and an acquisition when it is released: what never was, is left out of the trace's too. Where the two
 * differ for a reason that is known, the row says which: the trace is right in all of these.
 */

import { plainClass } from '../model/class-name.ts'
import type { ContentionRow } from './parts/contention-row.ts'

export interface AgainstFigures {
  readonly contended: number
  readonly waitTotalNs: number
  /** null where the trace shows only waits. */
  readonly acquisitions: number | null
  readonly holdTotalNs: number | null
}

export interface AgainstRow {
  readonly class: string
  readonly mode: 'exclusive' | 'shared'
  /** null: not in it. */
  readonly trace: AgainstFigures | null
  readonly lockStat: AgainstFigures | null
  /** Trace over lock_stat; null where either does not know, or lock_stat has 0. */
  readonly contendedRatio: number | null
  readonly waitRatio: number | null
  readonly acquisitionsRatio: number | null
  readonly holdRatio: number | null
  /** Differs by more than the two ways of measuring explain; false also where there is nothing to compare. */
  readonly differs: boolean
  /** A known reason, as a sentence; null where none is needed or known. */
  readonly why: string | null
}

export interface LockStatComparison {
  /** Most waited-for (in the table) first. */
  readonly rows: readonly AgainstRow[]
  /** Rows with figures of both, and how many of them differ. */
  readonly compared: number
  readonly differ: number
}

/** kernel/locking/lockdep_proc.c, seq_stats: names are cut to 37 characters, less those of `#N` and `/N`. */
const LOCK_STAT_NAME = 33
/** Beyond these the two disagree: µs rounding of short times is absolute, sampling at the edges of the window relative. */
const RELATIVE = 0.05
const PER_WAIT_NS = 2000
const EDGE = 8

export function compareWithLockStat(
  trace: readonly ContentionRow[],
  table: readonly ContentionRow[],
): LockStatComparison {
  const ours = sums(trace, (row) => plainClass(row.class))
  const theirs = sums(table, (row) => plainClass(row.class))
  const rows: AgainstRow[] = []
  const found = new Set<string>()
  for (const [key, lockStat] of theirs) {
    const same = ours.has(key) ? key : cutName(key, ours)
    if (same !== undefined) found.add(same)
    rows.push(toRow(same ?? key, same === undefined ? null : (ours.get(same) ?? null), lockStat))
  }
  for (const [key, figures] of ours) if (!found.has(key)) rows.push(toRow(key, figures, null))
  return {
    rows: rows.sort((a, b) => waited(b) - waited(a)),
    compared: rows.filter((row) => row.trace !== null && row.lockStat !== null).length,
    differ: rows.filter(({ differs }) => differs).length,
  }
}

function waited({ lockStat, trace }: AgainstRow): number {
  return lockStat?.waitTotalNs ?? trace?.waitTotalNs ?? 0
}

function sums(rows: readonly ContentionRow[], nameOf: (row: ContentionRow) => string): Map<string, AgainstFigures> {
  const out = new Map<string, AgainstFigures>()
  for (const row of rows) {
    const key = `${row.mode} ${nameOf(row)}`
    const known = out.get(key)
    out.set(key, {
      contended: (known?.contended ?? 0) + row.contended,
      waitTotalNs: (known?.waitTotalNs ?? 0) + row.waitTotalNs - row.openWaitNs,
      acquisitions: Number.isNaN(row.acquisitions)
        ? (known?.acquisitions ?? null)
        : (known?.acquisitions ?? 0) + row.acquisitions - row.openHolds,
      holdTotalNs:
        row.holdTotalNs === null ? (known?.holdTotalNs ?? null) : (known?.holdTotalNs ?? 0) + row.holdTotalNs,
    })
  }
  return out
}

function cutName(key: string, among: ReadonlyMap<string, AgainstFigures>): string | undefined {
  if (key.length - key.indexOf(' ') - 1 < LOCK_STAT_NAME) return undefined
  return [...among.keys()].find((longer) => longer.startsWith(key))
}

function toRow(key: string, trace: AgainstFigures | null, lockStat: AgainstFigures | null): AgainstRow {
  const blank = key.indexOf(' ')
  const name = key.slice(blank + 1)
  const mode = key.slice(0, blank) === 'shared' ? 'shared' : 'exclusive'
  const differs = trace !== null && lockStat !== null && disagree(trace, lockStat)
  return {
    class: name,
    mode,
    trace,
    lockStat,
    contendedRatio: ratio(trace?.contended, lockStat?.contended),
    waitRatio: ratio(trace?.waitTotalNs, lockStat?.waitTotalNs),
    acquisitionsRatio: ratio(trace?.acquisitions, lockStat?.acquisitions),
    holdRatio: ratio(trace?.holdTotalNs, lockStat?.holdTotalNs),
    differs,
    why: differs && lockStat !== null && trace !== null ? reason({ name, mode, trace, lockStat }) : null,
  }
}

function ratio(a: number | null | undefined, b: number | null | undefined): number | null {
  return a === null || b === null || a === undefined || b === undefined || b === 0 ? null : a / b
}

function apart(a: number, b: number, slack: number): boolean {
  return Math.abs(a - b) > Math.max(slack, RELATIVE * Math.max(a, b))
}

function waitsApart(a: AgainstFigures, b: AgainstFigures): boolean {
  return apart(a.contended, b.contended, 1) || apart(a.waitTotalNs, b.waitTotalNs, PER_WAIT_NS * (b.contended + 1))
}

function disagree(a: AgainstFigures, b: AgainstFigures): boolean {
  const holds =
    a.holdTotalNs !== null &&
    b.holdTotalNs !== null &&
    apart(a.holdTotalNs, b.holdTotalNs, PER_WAIT_NS * ((b.acquisitions ?? 0) + 1))
  return waitsApart(a, b) || holds || (a.holdTotalNs !== null && apart(a.acquisitions ?? 0, b.acquisitions ?? 0, EDGE))
}

interface Differing {
  readonly name: string
  readonly mode: 'exclusive' | 'shared'
  readonly trace: AgainstFigures
  readonly lockStat: AgainstFigures
}

/** Reasons that are known from the sources (kernel/locking/lockdep.c: __lock_release re-acquires what was above). */
function reason({ name, mode, trace, lockStat }: Differing): string | null {
  if (trace.holdTotalNs === null) return 'the trace shows only waits of this lock'
  const holdNs = lockStat.holdTotalNs ?? 0
  if (waitsApart(trace, lockStat)) return trace.waitTotalNs < lockStat.waitTotalNs ? EDGES : null
  const [taken, counted] = [trace.acquisitions ?? 0, lockStat.acquisitions ?? 0]
  if (apart(taken, counted, EDGE) && taken < counted) {
    return apart(trace.holdTotalNs, holdNs, PER_WAIT_NS) ? EDGES : NOTES
  }
  if (trace.holdTotalNs <= holdNs) return null
  return name === '&mm->mmap_lock' && mode === 'exclusive' ? DOWNGRADE : RESTART
}

const EDGES = "lock_stat's time is longer than the trace's, or events were lost"
/** include/linux/lockdep.h: might_lock() acquires and releases for lockdep only; lock_stat counts it, the trace does not. */
const NOTES = 'lock_stat counts notes that a lock might be taken (might_fault) as acquisitions'
const DOWNGRADE = 'no event marks a downgrade: the trace counts the whole hold as exclusive'
const RESTART = 'lock_stat starts the hold again when a lock below is released first (out of order)'

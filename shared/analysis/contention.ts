/**
 * Lock contention with the columns of /proc/lock_stat, read and write apart. Other than there, an acquisition counts
 * though its release is not in the trace; its hold is not measured then. A wait that still went on when the trace ended
 * counts in the total with the time until then; one whose end went unseen is contended and not measured. Of locks that
 * only contention_begin/end show, acquisitions are not known: those that did not wait are not in the trace.
 *
 * Of an imported /proc/lock_stat table the rows are that table's lines, number by number, and a window does not apply.
 *
 * In a time window a wait or hold counts if it overlaps it, and so does the acquisition between them. Totals are clipped
 * to the window; mean, minimum, maximum and percentiles are of whole waits and holds.
 */

import * as z from 'zod'
import { SPAN_CONTENDED, SPAN_HOLD_KNOWN, SPAN_INFERRED } from '../model/kinds.ts'
import type { Trace } from '../model/trace.ts'
import { analysis, scopeSchema, type Scope } from './analysis.ts'
import { holdBreakdown } from './parts/breakdown.ts'
import { callSites } from './parts/call-sites.ts'
import { GroupedValues, PairIds, type Distribution } from './parts/grouping.ts'
import { lockStatRows } from './parts/lock-stat.ts'
import { clipped, lockFacts, overlaps, SpanFilter } from './parts/scope.ts'
import { labelName, otherLabel } from './parts/segments.ts'
import { isOpenWait, waitEnds } from './parts/wait-ends.ts'
import { contendedRows } from './parts/waits.ts'
import { kindName, known, modeName, taskRef } from './parts/words.ts'
import { CONTENTION_BY, type ContentionBy, type ContentionRow } from './parts/contention-row.ts'

export interface ContentionResult {
  readonly by: ContentionBy
  readonly rows: readonly ContentionRow[]
  /** Rows before the cut to `top`. */
  readonly total: number
  /** Distinct classes and locks that were acquired or waited for in scope. */
  readonly classes: number
  readonly instances: number
}

export const contention = analysis({
  id: 'contention',
  title: 'Lock contention',
  about: 'Which locks were waited for, how long, and how long they were held.',
  params: z.object({
    scope: scopeSchema.default({}),
    by: z.enum(CONTENTION_BY).default('class'),
    contendedOnly: z.boolean().default(false),
    top: z.int().positive().max(10_000).default(1000),
  }),
  run: (trace, params): ContentionResult => contentionOf(trace, { ...params, phases: params.by === 'class' }),
})

interface ContentionParams {
  readonly scope: Scope
  readonly by: ContentionBy
  readonly contendedOnly: boolean
  readonly top: number
  /** Only by class: also which phase takes most of each lock's hold time, which costs as much as the rest. */
  readonly phases: boolean
}

export function contentionOf(trace: Trace, params: ContentionParams): ContentionResult {
  const { scope, by, contendedOnly, top } = params
  const table = lockStatRows(trace, { scope, by, contendedOnly })
  if (table !== undefined) return { by, ...table, rows: table.rows.slice(0, top), total: table.rows.length }
  const tally = count(trace, params)
  const groups = order(tally, contendedOnly)
  const mostly = params.phases ? mostlyIn(trace, tally.phaseNs) : undefined
  const rows = groups.slice(0, top).map((group) => toRow(trace, { tally, group, by, mostly }))
  return { by, rows, total: groups.length, classes: tally.classes, instances: tally.instances }
}

/** What is counted per group while passing over the spans; waits and holds are kept for exact percentiles. */
interface Tally {
  /** Group id to (class, mode) or (lock, mode), and task, kind or 0. */
  readonly ids: PairIds
  readonly acquisitions: number[]
  readonly contended: number[]
  readonly waitTotalNs: number[]
  readonly openWaits: number[]
  readonly openWaitNs: number[]
  readonly openHolds: number[]
  readonly holdTotalNs: number[]
  /** SPAN_* bits of all its spans. */
  readonly flags: number[]
  readonly waits: GroupedValues
  readonly holds: GroupedValues
  /** ns per cell of the holds' breakdown; only by class. */
  readonly phaseNs: Float64Array
  classes: number
  instances: number
}

function newTally(trace: Trace, { by, phases }: ContentionParams): Tally {
  const heights = 2 * (by === 'instance' ? trace.locks.length : trace.lockClasses.length)
  const width =
    by === 'site'
      ? callSites(trace).names.length + 1
      : by === 'task'
        ? trace.tasks.length
        : by === 'op'
          ? trace.opKinds.length + 1
          : 1
  return {
    ids: new PairIds(heights, width),
    acquisitions: [],
    contended: [],
    waitTotalNs: [],
    openWaits: [],
    openWaitNs: [],
    openHolds: [],
    holdTotalNs: [],
    flags: [],
    waits: new GroupedValues(contendedRows(trace).length),
    holds: new GroupedValues(trace.lockSpan.length),
    phaseNs: new Float64Array(phases ? holdBreakdown(trace).cells.size : 0),
    classes: 0,
    instances: 0,
  }
}

function count(trace: Trace, params: ContentionParams): Tally {
  const { lock, flags, requestedNs, acquiredNs, releasedNs } = trace.lockSpan.cols
  const { guessed } = lockFacts(trace)
  const filter = new SpanFilter(trace, params.scope)
  const { window } = filter
  const waitEndNs = waitEnds(trace)
  const tally = newTally(trace, params)
  const groupOf = grouping(trace, tally, params.by)
  const phases = params.phases ? holdBreakdown(trace) : undefined
  const adding = { window }
  const seen = new Uint8Array(trace.locks.length)
  for (let row = 0; row < trace.lockSpan.length; row++) {
    if (!filter.keeps(row)) continue
    const requested = requestedNs[row]
    const acquired = acquiredNs[row]
    const waitEnd = waitEndNs[row]
    const bits = flags[row]
    // Comparisons with NaN are false: what is not known is not counted, and what has no known end counts where it began.
    const waited = (bits & SPAN_CONTENDED) !== 0 && overlaps(requested, waitEnd >= 0 ? waitEnd : requested, window)
    const released = (bits & SPAN_HOLD_KNOWN) !== 0 && releasedNs[row] >= 0 ? releasedNs[row] : acquired
    const held = overlaps(acquired >= 0 ? acquired : released, released, window)
    const got = held || (waited && acquired >= 0)
    if (!waited && !got) continue
    const id = lock[row]
    seen[id] = 1
    const group = groupOf(row)
    tally.flags[group] |= guessed[id] === 0 ? bits : bits | SPAN_INFERRED
    if (waited)
      addWait(tally, group, {
        requested,
        waitEnd,
        ns: clipped(requested, waitEnd, window),
        open: isOpenWait(trace, row),
      })
    if (!got) continue
    tally.acquisitions[group]++
    if ((bits & SPAN_HOLD_KNOWN) === 0) continue
    if (Number.isNaN(releasedNs[row])) tally.openHolds[group]++
    else if (held && released >= acquired) {
      tally.holds.add(group, released - acquired)
      tally.holdTotalNs[group] += clipped(acquired, released, window)
      if (phases !== undefined) phases.addTo(tally.phaseNs, row, adding)
    }
  }
  countLocks(trace, tally, seen)
  return tally
}

/** The group a span counts in. */
function grouping(trace: Trace, tally: Tally, by: ContentionBy): (row: number) => number {
  const { lock, mode, task, op } = trace.lockSpan.cols
  const { kind } = trace.op.cols
  const { classOf } = lockFacts(trace)
  const siteOf = by === 'site' ? callSites(trace).of : undefined
  const minorOf = (row: number): number => {
    if (siteOf !== undefined) return siteOf[row] + 1
    if (by === 'task') return task[row]
    return by === 'op' && op[row] !== -1 ? kind[op[row]] + 1 : 0
  }
  return (row) => {
    const major = (by === 'instance' ? lock[row] : classOf[lock[row]]) * 2 + mode[row]
    const group = tally.ids.id(major, minorOf(row))
    if (group === tally.flags.length) open(tally)
    return group
  }
}

interface Wait {
  readonly requested: number
  /** It still went on when the trace ended. */
  readonly open: boolean
  /** NaN: nothing is known of its length. */
  readonly waitEnd: number
  /** In the window. */
  readonly ns: number
}

function addWait(tally: Tally, group: number, { requested, open, waitEnd, ns }: Wait): void {
  tally.contended[group]++
  tally.waitTotalNs[group] += ns
  if (open) {
    tally.openWaits[group]++
    tally.openWaitNs[group] += ns
  } else if (waitEnd >= requested) tally.waits.add(group, waitEnd - requested)
}

function open(tally: Tally): void {
  tally.acquisitions.push(0)
  tally.contended.push(0)
  tally.waitTotalNs.push(0)
  tally.openWaits.push(0)
  tally.openWaitNs.push(0)
  tally.openHolds.push(0)
  tally.holdTotalNs.push(0)
  tally.flags.push(0)
}

function countLocks(trace: Trace, tally: Tally, seen: Uint8Array): void {
  const { classOf } = lockFacts(trace)
  const classes = new Uint8Array(trace.lockClasses.length)
  for (let id = 0; id < seen.length; id++) {
    if (seen[id] === 0) continue
    tally.instances++
    tally.classes += 1 - classes[classOf[id]]
    classes[classOf[id]] = 1
  }
}

/** Groups, most waited-for first. */
function order(tally: Tally, contendedOnly: boolean): number[] {
  const groups = tally.flags.map((_, group) => group)
  return groups
    .filter((group) => !contendedOnly || tally.contended[group] > 0)
    .sort((a, b) => mostWaited(totalsOf(tally, a), totalsOf(tally, b)) || a - b)
}

/** What is added up of a lock. */
export interface LockTotals {
  readonly acquisitions: number
  readonly contended: number
  readonly waitTotalNs: number
  readonly openWaits: number
  readonly openWaitNs: number
  readonly openHolds: number
  readonly holdTotalNs: number
}

function totalsOf(tally: Tally, group: number): LockTotals {
  return {
    acquisitions: tally.acquisitions[group],
    contended: tally.contended[group],
    waitTotalNs: tally.waitTotalNs[group],
    openWaits: tally.openWaits[group],
    openWaitNs: tally.openWaitNs[group],
    openHolds: tally.openHolds[group],
    holdTotalNs: tally.holdTotalNs[group],
  }
}

export function mostWaited(a: LockTotals, b: LockTotals): number {
  return (
    b.waitTotalNs - a.waitTotalNs ||
    b.contended - a.contended ||
    b.holdTotalNs - a.holdTotalNs ||
    b.acquisitions - a.acquisitions
  )
}

/** Of waits and of holds. */
export const LOCK_QUANTILES = [0.5, 0.99] as const

/** The numbers of a row. */
export function lockFigures(
  totals: LockTotals,
  {
    waits,
    holds,
    holdKnown,
  }: { readonly waits: Distribution; readonly holds: Distribution; readonly holdKnown: boolean },
) {
  return {
    acquisitions: holdKnown ? totals.acquisitions : NaN,
    contended: totals.contended,
    waitTotalNs: totals.waitTotalNs,
    openWaits: totals.openWaits,
    openWaitNs: totals.openWaitNs,
    waitMeanNs: known(waits.mean),
    waitMinNs: known(waits.min),
    waitMaxNs: known(waits.max),
    waitP50Ns: known(waits.quantiles[0]),
    waitP99Ns: known(waits.quantiles[1]),
    openHolds: totals.openHolds,
    // Not one of them was seen whole: that is no 0.
    holdTotalNs: holdKnown && (holds.count > 0 || totals.acquisitions === 0) ? totals.holdTotalNs : null,
    holdMeanNs: known(holds.mean),
    holdMinNs: known(holds.min),
    holdMaxNs: known(holds.max),
    holdP50Ns: known(holds.quantiles[0]),
    holdP99Ns: known(holds.quantiles[1]),
  }
}

type Mostly = ReadonlyMap<number, { readonly phase: string; readonly share: number }>

/** Per class and mode the phase (of any operation) that takes the largest part of the hold time. */
function mostlyIn(trace: Trace, ns: Float64Array): Mostly {
  const breakdown = holdBreakdown(trace)
  const ops = trace.opKinds.length + 1
  const sums = new Map<number, Map<number, number>>()
  for (let cell = 0; cell < ns.length; cell++) {
    if (ns[cell] === 0) continue
    const major = Math.floor(breakdown.group(cell) / ops)
    const labels = sums.get(major) ?? new Map<number, number>()
    sums.set(major, labels)
    const label = breakdown.label(cell)
    labels.set(label, (labels.get(label) ?? 0) + ns[cell])
  }
  const out = new Map<number, { phase: string; share: number }>()
  for (const [major, labels] of sums) {
    let total = 0
    let best: [label: number, ns: number] | undefined
    for (const [label, sum] of labels) {
      total += sum
      if (label < otherLabel(trace) && (best === undefined || sum > best[1])) best = [label, sum]
    }
    if (best !== undefined) out.set(major, { phase: labelName(trace, best[0]), share: best[1] / total })
  }
  return out
}

interface RowOf {
  readonly tally: Tally
  readonly group: number
  readonly by: ContentionBy
  readonly mostly: Mostly | undefined
}

function toRow(trace: Trace, { tally, group, by, mostly }: RowOf): ContentionRow {
  const major = tally.ids.first(group)
  const minor = tally.ids.second(group)
  const lock = Math.floor(major / 2)
  const classId = by === 'instance' ? lockFacts(trace).classOf[lock] : lock
  const address = by === 'instance' ? trace.locks[lock].address : undefined
  const namedBy = by === 'instance' ? trace.locks[lock].label : undefined
  const mostlyPhase = mostly?.get(major)
  const groups = tally.flags.length
  return {
    class: trace.lockClasses[classId].name,
    classId,
    ...(by === 'instance' ? { lock } : {}),
    ...(address === undefined ? {} : { address }),
    ...(namedBy === undefined ? {} : { namedBy }),
    ...(by === 'op' ? { op: kindName(trace, minor - 1) } : {}),
    ...(by === 'site' && minor > 0 ? { site: callSites(trace).names[minor - 1] } : {}),
    ...(by === 'task' ? { task: taskRef(trace, minor) } : {}),
    mode: modeName(major % 2),
    ...lockFigures(totalsOf(tally, group), {
      waits: tally.waits.of(group, groups, LOCK_QUANTILES),
      holds: tally.holds.of(group, groups, LOCK_QUANTILES),
      holdKnown: (tally.flags[group] & SPAN_HOLD_KNOWN) !== 0,
    }),
    ...(mostlyPhase === undefined ? {} : { mostlyIn: mostlyPhase }),
    inferred: (tally.flags[group] & SPAN_INFERRED) !== 0,
  }
}

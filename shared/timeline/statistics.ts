/**
 * Figures of a selection: spans that overlap a stretch of time, of all rows or some. Counts, extremes, mean and
 * percentiles are of whole spans and exact (nearest rank: always a measured value); totals are clipped to the selection.
 * A span whose end is not in the trace is counted, as unknown, and is in no other figure: it may have ended at once.
 * A span that is on several of the rows counts once.
 */

import { GroupedValues } from '../analysis/parts/grouping.ts'
import { lockFacts, overlaps, type Window } from '../analysis/parts/scope.ts'
import { limits } from '../base/limits.ts'
import { TASK_STATES } from '../model/kinds.ts'
import type { Trace } from '../model/trace.ts'
import type { SpanRef, StatisticsRow, TimelineStatistics } from './answers.ts'
import { drawnEnd, familiesOf, familyRows, type FamilySource, type SpanFamily } from './families.ts'
import { parseRowId, rowId, type RowPlace } from './row-ids.ts'
import { lockName } from './lock-name.ts'
import { SPAN_OF_FAMILY, type RowId } from './types.ts'

export interface StatisticsParams {
  readonly fromNs: number
  readonly toNs: number
  readonly rows?: readonly RowId[] | undefined
}

export function statisticsOf(trace: Trace, params: StatisticsParams): TimelineStatistics {
  const { fromNs, toNs } = params
  const window = { fromNs, toNs }
  const places = params.rows?.map((row) => parseRowId(trace, row))
  const { classOf } = lockFacts(trace)
  const { lock, mode } = trace.lockSpan.cols
  const { state } = trace.taskState.cols
  const classes = trace.lockClasses.flatMap(({ name }) => [name, `${name} (shared)`])
  const byClass = (span: number) => classOf[lock[span]] * 2 + mode[span]
  const tally = (family: SpanFamily, groups: number, group: (span: number) => number) =>
    new Tally(trace, { family, groups, group, window, places })
  const holds = tally('hold', classes.length, byClass)
  const waits = tally('wait', classes.length, byClass)
  const ops = tally('op', trace.opKinds.length, (span) => trace.op.cols.kind[span])
  const phases = tally('phase', trace.phaseNames.length, (span) => trace.phase.cols.name[span])
  const states = tally('state', TASK_STATES.length, (span) => state[span])
  const lockHolds = tally('hold', trace.locks.length, (span) => lock[span])
  const lockWaits = tally('wait', trace.locks.length, (span) => lock[span])
  const locks = lockHolds.present(lockWaits)
  return {
    fromNs,
    toNs,
    ops: ops.rows(trace.opKinds),
    phases: phases.rows(trace.phaseNames),
    holds: holds.rows(classes),
    waits: waits.rows(classes),
    locks: locks.slice(0, limits.plainTableRows).map((id) => ({
      lock: rowId('lock', id),
      name: lockName(trace, id),
      hold: lockHolds.row(id, lockName(trace, id)),
      wait: lockWaits.row(id, lockName(trace, id)),
    })),
    lockTotal: locks.length,
    states: states.rows(TASK_STATES),
  }
}

interface TallyOptions {
  readonly family: SpanFamily
  readonly groups: number
  readonly group: (span: number) => number
  readonly window: Window
  readonly places: readonly RowPlace[] | undefined
}

class Tally {
  readonly #family: SpanFamily
  readonly #groups: number
  readonly #values: GroupedValues
  readonly #count: Uint32Array
  readonly #unknown: Uint32Array
  readonly #total: Float64Array
  readonly #longest: Float64Array
  readonly #longestNs: Float64Array

  constructor(trace: Trace, { family, groups, group, window, places }: TallyOptions) {
    this.#family = family
    this.#groups = groups
    this.#values = new GroupedValues(trace[SPAN_OF_FAMILY[family]].length)
    this.#count = new Uint32Array(groups)
    this.#unknown = new Uint32Array(groups)
    this.#total = new Float64Array(groups)
    this.#longest = new Float64Array(groups).fill(-1)
    this.#longestNs = new Float64Array(groups).fill(-1)
    eachSpan(trace, family, places, window, (span, start, end) => this.#add(group(span), span, { start, end, window }))
  }

  #add(group: number, span: number, { start, end, window }: { start: number; end: number; window: Window }): void {
    this.#count[group]++
    if (Number.isNaN(end)) {
      this.#unknown[group]++
      return
    }
    const until = Math.max(start, end)
    this.#total[group] += Math.max(0, Math.min(until, window.toNs) - Math.max(start, window.fromNs))
    const ns = until - start
    this.#values.add(group, ns)
    if (ns <= this.#longestNs[group]) return
    this.#longestNs[group] = ns
    this.#longest[group] = span
  }

  row(group: number, name: string): StatisticsRow {
    const [p50, p90, p99] = [0, 1, 2]
    const { count, min, max, mean, quantiles } = this.#values.of(group, this.#groups, [0.5, 0.9, 0.99])
    const known = (ns: number) => (count === 0 ? null : ns)
    return {
      key: name,
      name,
      count: this.#count[group],
      unknown: this.#unknown[group],
      totalNs: this.#total[group],
      meanNs: known(mean),
      minNs: known(min),
      maxNs: known(max),
      p50Ns: known(quantiles[p50]),
      p90Ns: known(quantiles[p90]),
      p99Ns: known(quantiles[p99]),
      longest: this.#longest[group] < 0 ? null : ({ family: this.#family, id: this.#longest[group] } satisfies SpanRef),
    }
  }

  /** Those that have any, the most time first. */
  rows(names: readonly string[]): StatisticsRow[] {
    return this.present().map((group) => this.row(group, names[group]))
  }

  /** Groups with spans, here or in the other tally, the most time first. */
  present(other?: Tally): number[] {
    const sum = (group: number) => this.#total[group] + (other?.totalOf(group) ?? 0)
    const groups: number[] = []
    for (let group = 0; group < this.#groups; group++) {
      if (this.#count[group] > 0 || (other?.countOf(group) ?? 0) > 0) groups.push(group)
    }
    return groups.sort((a, b) => sum(b) - sum(a) || a - b)
  }

  totalOf(group: number): number {
    return this.#total[group]
  }

  countOf(group: number): number {
    return this.#count[group]
  }
}

type See = (span: number, start: number, end: number) => void

/** Spans of a family on some rows (undefined: on any) that overlap a window, each once. */
function eachSpan(
  trace: Trace,
  family: SpanFamily,
  places: readonly RowPlace[] | undefined,
  window: Window,
  see: See,
): void {
  const visit = (source: FamilySource, span: number): void => {
    if (overlaps(source.start[span], drawnEnd(trace, source, span), window))
      see(span, source.start[span], source.end(span))
  }
  if (places === undefined) {
    const { source, rows } = familyRows(trace, 'task', family)
    for (const span of rows) visit(source, span)
    return
  }
  const seen = new Uint8Array(trace[SPAN_OF_FAMILY[family]].length)
  for (const { section, number } of places) {
    // What a CPU runs are states of tasks.
    const its = family === 'state' && section === 'cpu' ? 'run' : family
    if (!familiesOf(section).includes(its)) continue
    const { source, starts, rows } = familyRows(trace, section, its)
    if (number >= source.rows) continue
    for (let i = starts[number]; i < starts[number + 1] && source.start[rows[i]] < window.toNs; i++) {
      if (seen[rows[i]] === 1) continue
      seen[rows[i]] = 1
      visit(source, rows[i])
    }
  }
}

/** The figures at the top of the overview: how many operations, what they waited, the worst wait, what failed. */

import { quantiles } from '../../base/quantiles.ts'
import type { Trace } from '../../model/trace.ts'
import type { Scope } from '../analysis.ts'
import { clipped, lockFacts, windowOf } from './scope.ts'
import { isOpenWait, waitedNs, waitEnds } from './wait-ends.ts'
import { showsWaits, waitsOfOps } from './waits.ts'
import { failureName, isFailure, known } from './words.ts'
import { told } from './shown-percentiles.ts'

export interface OverviewKeys {
  readonly operations: number
  /** The kind with the largest total time, and its percentiles; null when there are no operations. */
  readonly mainOp: { readonly op: string; readonly p50Ns: number | null; readonly p99Ns: number | null } | null
  /** Sum of all lock waiting, of waits that never ended up to the end of the trace; null where the trace cannot show waits. */
  readonly waitTotalNs: number | null
  /** The trace has lock events, whether or not it can show waits. */
  readonly locksTaken: boolean
  /** Of the operations' total time, 0…1. */
  readonly waitShare: number | null
  /** `open`: it was not seen to end, and lasted at least that long. */
  readonly worstWait: {
    readonly waitId: number
    readonly waitNs: number
    readonly open: boolean
    readonly class: string
  } | null
  /** Waits that still went on when the trace ended. */
  readonly openWaits: number
  /** Failed operations by result, most first: `SIGBUS`, `ENOSPC` …; null: of no operation the trace says how it ended. */
  readonly failed: number | null
  readonly failures: readonly { readonly name: string; readonly count: number }[]
}

interface InScope {
  readonly ops: Uint32Array
  /** Measured waits. */
  readonly waits: Uint32Array
}

export function keyFigures(trace: Trace, scope: Scope, { ops, waits }: InScope): OverviewKeys {
  return {
    operations: ops.length,
    mainOp: mainOp(trace, ops),
    waitTotalNs: showsWaits(trace).shows ? sumWaits(trace, scope, waits) : null,
    locksTaken: trace.lockSpan.length > 0,
    waitShare: waitShare(trace, scope, ops),
    worstWait: worstWait(trace, waits),
    openWaits: waits.reduce((sum, row) => sum + (isOpenWait(trace, row) ? 1 : 0), 0),
    ...failures(trace, ops),
  }
}

function mainOp(trace: Trace, ops: Uint32Array): OverviewKeys['mainOp'] {
  const { kind, durationNs } = trace.op.cols
  const total = new Float64Array(trace.opKinds.length)
  const count = new Uint32Array(trace.opKinds.length)
  for (const row of ops) {
    count[kind[row]]++
    if (durationNs[row] >= 0) total[kind[row]] += durationNs[row]
  }
  let best = -1
  for (let k = 0; k < total.length; k++) if (count[k] > 0 && (best === -1 || total[k] > total[best])) best = k
  if (best === -1) return null
  const durations = new Float64Array(count[best])
  let length = 0
  for (const row of ops) if (kind[row] === best && durationNs[row] >= 0) durations[length++] = durationNs[row]
  const [p50, p99] = quantiles(durations, length, [0.5, 0.99])
  return { op: trace.opKinds[best], p50Ns: told(0.5, length, known(p50)), p99Ns: told(0.99, length, known(p99)) }
}

function sumWaits(trace: Trace, scope: Scope, waits: Uint32Array): number {
  const { requestedNs } = trace.lockSpan.cols
  const endNs = waitEnds(trace)
  const window = windowOf(scope)
  let sum = 0
  for (const row of waits) sum += clipped(requestedNs[row], endNs[row], window)
  return sum
}

function waitShare(trace: Trace, scope: Scope, ops: Uint32Array): number | null {
  const { durationNs } = trace.op.cols
  const waitNs = waitsOfOps(trace, scope)
  let base = 0
  let waited = 0
  for (const row of ops) {
    if (!(durationNs[row] >= 0 && waitNs[row] >= 0)) continue
    base += durationNs[row]
    waited += waitNs[row]
  }
  return base > 0 ? waited / base : null
}

function worstWait(trace: Trace, waits: Uint32Array): OverviewKeys['worstWait'] {
  let worst = -1
  for (const row of waits) if (worst === -1 || waitedNs(trace, row) > waitedNs(trace, worst)) worst = row
  if (worst === -1) return null
  const lockClass = lockFacts(trace).classOf[trace.lockSpan.cols.lock[worst]]
  const open = isOpenWait(trace, worst)
  return { waitId: worst, waitNs: waitedNs(trace, worst), open, class: trace.lockClasses[lockClass].name }
}

function failures(trace: Trace, ops: Uint32Array): Pick<OverviewKeys, 'failed' | 'failures'> {
  const { kind, result } = trace.op.cols
  const counts = new Map<string, number>()
  let failed = 0
  let told = ops.length === 0
  for (const row of ops) {
    told ||= !Number.isNaN(result[row])
    if (!isFailure(result[row])) continue
    failed++
    const name = failureName(trace.opKinds[kind[row]], result[row])
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  const names = [...counts].map(([name, count]) => ({ name, count }))
  return {
    failed: told ? failed : null,
    failures: names.sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1)),
  }
}

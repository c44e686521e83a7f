/**
 * What one run contributes to a comparison: the same rows the latency and contention analyses give for a stored trace, so
 * that a comparison and the pages of its runs never disagree, and how latencies are spread. Plain data that crosses from
 * the thread that ran it; the trace itself stays there.
 */

import { contentionOf } from '../analysis/contention.ts'
import type { ContentionRow } from '../analysis/parts/contention-row.ts'
import { durationFigures, latency, OP_QUANTILES, type LatencyRow } from '../analysis/latency.ts'
import { distributionOf } from '../analysis/parts/grouping.ts'
import { opsIn } from '../analysis/parts/scope.ts'
import { isFailure } from '../analysis/parts/words.ts'
import { waitChains } from '../analysis/wait-chains.ts'
import { bucketOf } from '../base/quantiles.ts'
import type { WorstChain } from '../contract/simulation.ts'
import type { Trace } from '../model/trace.ts'

/** Buckets per octave of the latency spread: 2^7, each less than 1 % wide. */
export const SPREAD_SUB = 7

export interface RunFigures {
  readonly simulatedNs: number
  /** Of a run: loads, stores and system calls that succeeded; of a recording: operations that succeeded, all it shows. */
  readonly opsPerSecond: number
  readonly ops: readonly OpFigures[]
  readonly locks: readonly LockFigures[]
  /** Waiting for a lock class inside operations of a kind. */
  readonly waits: readonly { readonly op: string; readonly class: string; readonly ns: number }[]
  readonly spread: readonly Spread[]
  readonly spans: readonly KindSpan[]
  /** The longest wait, to its root; undefined: nobody waited. */
  readonly worstChain: ChainFigure | undefined
}

/** The latency analysis's row, but its times are those of operations that succeeded: failing fast is no speed. */
export interface OpFigures extends LatencyRow {
  /** How many that are. */
  readonly measured: number
  /** Of all that ended: what a recording, which does not tell of every fault whether it failed, can be held against. */
  readonly ended: Pick<LatencyRow, 'p50Ns' | 'p90Ns' | 'p99Ns'>
}

/** Without the phase that a hold is mostly in: no comparison says it. */
export type LockFigures = Omit<ContentionRow, 'mostlyIn'>

/** As much of a chain as a comparison tells. */
export type ChainFigure = Omit<WorstChain, 'seed'>

/** From the first begin to the last end of a kind of operation. */
export interface KindSpan {
  readonly op: string
  readonly count: number
  readonly ns: number
}

/** How many operations of a kind fell into each bucket, empty ones left out. */
export interface Spread {
  readonly op: string
  readonly bucket: Int32Array
  readonly count: Int32Array
}

interface Scope {
  readonly fromNs?: number
  readonly toNs?: number
}

/** `counted` tells which tasks are the workload: journal threads and timers are not. */
export function figuresOf(
  trace: Trace,
  simulatedNs: number,
  counted: (pid: number) => boolean,
  scope: Scope = {},
): RunFigures {
  const all = { scope, top: 10_000, phases: false } as const
  const byOp = contentionOf(trace, { ...all, by: 'op', contendedOnly: true })
  return {
    simulatedNs,
    opsPerSecond: simulatedNs > 0 ? (finishedOps(trace, counted, scope) * 1e9) / simulatedNs : 0,
    ops: opFigures(trace, scope),
    locks: contentionOf(trace, { ...all, by: 'class', contendedOnly: false }).rows,
    waits: byOp.rows.flatMap(({ op, class: name, waitTotalNs: ns }) =>
      op === undefined ? [] : [{ op, class: name, ns }],
    ),
    spread: spreadOf(trace, scope),
    spans: kindSpans(trace),
    worstChain: worstChain(trace, scope),
  }
}

/** The longest wait, to its root. */
export function worstChain(trace: Trace, scope: Scope): ChainFigure | undefined {
  const chain = waitChains.run(trace, { scope, worst: 1, onePerCause: false }).chains.at(0)
  if (chain === undefined) return undefined
  const { waitId, task, op, class: name, waitNs, startNs, links, rootTask, rootOp } = chain
  return {
    ...{ waitId, task, op, class: name, waitNs, startNs, rootTask, rootOp },
    links: links.map(({ task: holder, op: doing, phase, class: held, mode, overlapNs }) => {
      return { task: holder, op: doing, phase, class: held, mode, overlapNs }
    }),
  }
}

/** Those that began in the scope and succeeded. */
function finishedOps(
  { op, tasks }: Trace,
  counted: (pid: number) => boolean,
  { fromNs = -Infinity, toNs = Infinity }: Scope,
): number {
  const counts = tasks.map(({ pid }) => counted(pid))
  let finished = 0
  for (let row = 0; row < op.length; row++) {
    const within = op.cols.startNs[row] >= fromNs && op.cols.startNs[row] < toNs
    const succeeded = op.cols.durationNs[row] >= 0 && !isFailure(op.cols.result[row])
    if (within && succeeded && counts[op.cols.task[row]]) finished++
  }
  return finished
}

export function opFigures(trace: Trace, scope: Scope = {}): OpFigures[] {
  const { rows } = latency.run(trace, { scope, top: 10_000, by: 'op' })
  const { kind, durationNs, result } = trace.op.cols
  const durations = new Map(
    rows.flatMap(({ op, failed }) => (failed === null || failed === 0 ? [] : [[op, [] as number[]]])),
  )
  if (durations.size > 0) {
    for (const row of opsIn(trace, scope)) {
      if (!(durationNs[row] >= 0) || isFailure(result[row])) continue
      durations.get(trace.opKinds[kind[row]])?.push(durationNs[row])
    }
  }
  return rows.map((row) => {
    const succeeded = durations.get(row.op)
    const { p50Ns, p90Ns, p99Ns } = row
    const times = succeeded === undefined ? { ...row, measured: row.count - row.unfinished } : withTimes(row, succeeded)
    return { ...times, ended: { p50Ns, p90Ns, p99Ns } }
  })
}

function withTimes(row: LatencyRow, durations: readonly number[]): Omit<OpFigures, 'ended'> {
  return {
    ...row,
    measured: durations.length,
    totalNs: durations.length === 0 ? null : durations.reduce((sum, ns) => sum + ns, 0),
    ...durationFigures(distributionOf(Float64Array.from(durations), OP_QUANTILES)),
  }
}

export function kindSpans({ op, opKinds }: Trace): KindSpan[] {
  const spans = opKinds.map(() => ({ count: 0, first: Infinity, last: 0 }))
  const { kind, startNs, durationNs } = op.cols
  for (let row = 0; row < op.length; row++) {
    if (!(durationNs[row] >= 0)) continue
    const span = spans[kind[row]]
    span.count++
    span.first = Math.min(span.first, startNs[row])
    span.last = Math.max(span.last, startNs[row] + durationNs[row])
  }
  return spans.flatMap(({ count, first, last }, i) =>
    count === 0 ? [] : [{ op: opKinds[i], count, ns: last - first }],
  )
}

/** Of those that began in the scope and succeeded. */
function spreadOf({ op, opKinds }: Trace, { fromNs = -Infinity, toNs = Infinity }: Scope): Spread[] {
  const kinds = opKinds.map(() => new Map<number, number>())
  for (let row = 0; row < op.length; row++) {
    const ns = op.cols.durationNs[row]
    const startNs = op.cols.startNs[row]
    if (!(ns >= 0) || startNs < fromNs || startNs >= toNs || isFailure(op.cols.result[row])) continue
    const counts = kinds[op.cols.kind[row]]
    const bucket = bucketOf(ns, SPREAD_SUB)
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1)
  }
  return kinds.flatMap((counts, kind) => spreadRow(opKinds[kind], counts))
}

/** In the order of buckets; nothing of a kind that was not measured. */
export function spreadRow(op: string, counts: ReadonlyMap<number, number>): Spread[] {
  if (counts.size === 0) return []
  const buckets = [...counts.keys()].sort((a, b) => a - b)
  return [
    {
      op,
      bucket: Int32Array.from(buckets),
      count: Int32Array.from(buckets, (bucket) => counts.get(bucket) ?? 0),
    },
  ]
}

/**
 * Operation latency: counts, exact percentiles and the share spent waiting for locks. An operation counts, whole, in
 * every window it overlaps: its latency is not a matter of where somebody looks.
 */

import * as z from 'zod'
import type { Trace } from '../model/trace.ts'
import { analysis, scopeSchema, type Scope } from './analysis.ts'
import { GroupedValues, PairIds, type Distribution } from './parts/grouping.ts'
import { opsIn } from './parts/scope.ts'
import { waitsOfOps } from './parts/waits.ts'
import { isFailure, known, taskRef } from './parts/words.ts'

export const LATENCY_BY = ['op', 'task', 'inode'] as const

export interface LatencyRow {
  /** The group: an operation kind; with by=task or inode also that. */
  readonly op: string
  readonly task?: { readonly id: number; readonly comm: string; readonly pid: number }
  readonly inode?: { readonly id: number; readonly name: string }
  readonly count: number
  /** null: of none of them the trace says how it ended. */
  readonly failed: number | null
  /** Operations whose end was not seen: counted, not measured. */
  readonly unfinished: number
  /** Sum of the measured durations; null: not one was measured. */
  readonly totalNs: number | null
  readonly minNs: number | null
  readonly meanNs: number | null
  readonly p50Ns: number | null
  readonly p90Ns: number | null
  readonly p99Ns: number | null
  readonly p999Ns: number | null
  readonly maxNs: number | null
  /** Lock waiting inside these operations; null where the trace cannot show waits. */
  readonly waitNs: number | null
  /** Of the total time of the operations whose waits are known, 0…1. */
  readonly waitShare: number | null
}

export interface LatencyResult {
  readonly by: (typeof LATENCY_BY)[number]
  readonly rows: readonly LatencyRow[]
  readonly total: number
}

export const latency = analysis({
  id: 'latency',
  title: 'Operation latency',
  about: 'How long each kind of operation took, and how much of it was waiting.',
  params: z.object({
    scope: scopeSchema.default({}),
    by: z.enum(LATENCY_BY).default('op'),
    top: z.int().positive().max(10_000).default(1000),
  }),
  run(trace, { scope, by, top }): LatencyResult {
    const tally = count(trace, scope, by)
    const groups = order(tally, by)
    const rows = groups.slice(0, top).map((group) => toRow(trace, tally, group, by))
    return { by, rows, total: groups.length }
  },
})

type LatencyBy = (typeof LATENCY_BY)[number]

interface Tally {
  /** Group id to kind, and task or inode + 1. */
  readonly ids: PairIds
  readonly count: number[]
  readonly failed: number[]
  /** Operations of which the trace says how they ended. */
  readonly told: number[]
  readonly unfinished: number[]
  readonly totalNs: number[]
  /** Of the operations whose waits are known: how many, their time, their waits. */
  readonly waitKnown: number[]
  readonly waitBaseNs: number[]
  readonly waitNs: number[]
  readonly durations: GroupedValues
}

function newTally(trace: Trace, by: LatencyBy): Tally {
  const width = by === 'task' ? trace.tasks.length : by === 'inode' ? trace.inodes.length + 1 : 1
  return {
    ids: new PairIds(trace.opKinds.length, width),
    count: [],
    failed: [],
    told: [],
    unfinished: [],
    totalNs: [],
    waitKnown: [],
    waitBaseNs: [],
    waitNs: [],
    durations: new GroupedValues(trace.op.length),
  }
}

function count(trace: Trace, scope: Scope, by: LatencyBy): Tally {
  const { kind, task, inode, durationNs, result } = trace.op.cols
  const waitNs = waitsOfOps(trace, scope)
  const tally = newTally(trace, by)
  for (const row of opsIn(trace, scope)) {
    const group = tally.ids.id(kind[row], by === 'task' ? task[row] : by === 'inode' ? inode[row] + 1 : 0)
    if (group === tally.count.length) open(tally)
    tally.count[group]++
    if (!Number.isNaN(result[row])) tally.told[group]++
    if (isFailure(result[row])) tally.failed[group]++
    const duration = durationNs[row]
    if (!(duration >= 0)) {
      tally.unfinished[group]++
      continue
    }
    tally.durations.add(group, duration)
    tally.totalNs[group] += duration
    if (waitNs[row] >= 0) {
      tally.waitKnown[group]++
      tally.waitBaseNs[group] += duration
      tally.waitNs[group] += waitNs[row]
    }
  }
  return tally
}

function open(tally: Tally): void {
  const { count, failed, told, unfinished, totalNs, waitKnown, waitBaseNs, waitNs } = tally
  for (const column of [count, failed, told, unfinished, totalNs, waitKnown, waitBaseNs, waitNs]) column.push(0)
}

/** By operation in the order every page lists kinds; else the largest total first. */
function order(tally: Tally, by: LatencyBy): number[] {
  const groups = tally.count.map((_, group) => group)
  if (by === 'op') return groups.sort((a, b) => tally.ids.first(a) - tally.ids.first(b))
  return groups.sort((a, b) => tally.totalNs[b] - tally.totalNs[a] || tally.count[b] - tally.count[a] || a - b)
}

function toRow(trace: Trace, tally: Tally, group: number, by: LatencyBy): LatencyRow {
  const minor = tally.ids.second(group)
  return {
    op: trace.opKinds[tally.ids.first(group)],
    ...(by === 'task' ? { task: taskRef(trace, minor) } : {}),
    ...(by === 'inode' && minor > 0 ? { inode: { id: minor - 1, name: trace.inodes[minor - 1] } } : {}),
    ...latencyFigures({
      count: tally.count[group],
      failed: tally.told[group] > 0 ? tally.failed[group] : null,
      unfinished: tally.unfinished[group],
      totalNs: tally.totalNs[group],
      waitKnown: tally.waitKnown[group],
      waitBaseNs: tally.waitBaseNs[group],
      waitNs: tally.waitNs[group],
      durations: tally.durations.of(group, tally.count.length, OP_QUANTILES),
    }),
  }
}

export const OP_QUANTILES = [0.5, 0.9, 0.99, 0.999] as const

/** What is added up of a group of operations; waits of those whose waits are known: how many, their time, their waits. */
export interface OpTotals {
  readonly count: number
  readonly failed: number | null
  readonly unfinished: number
  readonly totalNs: number
  readonly waitKnown: number
  readonly waitBaseNs: number
  readonly waitNs: number
  readonly durations: Distribution
}

/** Of durations at OP_QUANTILES. */
export function durationFigures({ min, max, mean, quantiles }: Distribution) {
  return {
    minNs: known(min),
    meanNs: known(mean),
    p50Ns: known(quantiles[0]),
    p90Ns: known(quantiles[1]),
    p99Ns: known(quantiles[2]),
    p999Ns: known(quantiles[3]),
    maxNs: known(max),
  }
}

/** The numbers of a row. */
export function latencyFigures({ durations, waitKnown, waitBaseNs, waitNs, ...totals }: OpTotals) {
  return {
    count: totals.count,
    failed: totals.failed,
    unfinished: totals.unfinished,
    totalNs: durations.count === 0 ? null : totals.totalNs,
    ...durationFigures(durations),
    waitNs: waitKnown > 0 ? waitNs : null,
    waitShare: waitKnown > 0 && waitBaseNs > 0 ? waitNs / waitBaseNs : null,
  }
}

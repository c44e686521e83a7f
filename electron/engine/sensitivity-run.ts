/** Runs of a sensitivity question, in a thread of its pool: one that watches the holds, and one hold changed step by step. */

import { run as runModel } from '#shared/sim/run.ts'
import type { RunResult } from '#shared/sim/run-result.ts'
import { stretchHold, watchHolds, type Hold, type HoldWork, type RunPoint } from '#shared/whatif/sensitivity.ts'
import { eachOnce, mistakesIn } from './mistakes.ts'
import { material, modelFor, type OneRun } from './whatif-material.ts'

export interface Watched {
  readonly point: RunPoint
  /** The most frequent operation. */
  readonly op: string | undefined
  readonly work: readonly HoldWork[]
  readonly waits: readonly { readonly class: string; readonly waitTotalNs: number }[]
  readonly events: number
  readonly simulatedNs: number
  readonly mistakes: readonly string[]
}

export interface Varied {
  readonly points: readonly RunPoint[]
  readonly mistakes: readonly string[]
}

export interface Variation extends OneRun {
  readonly hold: Hold
  readonly changes: readonly number[]
  readonly op: string | undefined
}

/** `op`: what the latencies are of, where it is known. */
export function watch({ op: known, ...one }: OneRun & { readonly op?: string | undefined }): Watched {
  const holds = watchHolds()
  const result = runModel(modelFor(material(), one), holds.sink, holds)
  const { events, simulatedNs, opStats, lockStats } = result
  const op = known ?? [...opStats].sort((a, b) => b.count - a.count || (a.kind < b.kind ? -1 : 1)).at(0)?.kind
  const mistakes = mistakesIn(result.findings)
  return { point: pointOf(result, op), op, work: holds.work(), waits: lockStats, events, simulatedNs, mistakes }
}

export function vary({ hold, changes, op, ...one }: Variation): Varied {
  const runs = changes.map((change) => {
    const { sink, onStart } = stretchHold(hold, change)
    return runModel(modelFor(material(), one), sink, { onStart })
  })
  return {
    points: runs.map((run) => pointOf(run, op)),
    mistakes: eachOnce(runs.map(({ findings }) => mistakesIn(findings))),
  }
}

function pointOf({ opsPerSecond, opStats, deadlock }: RunResult, op: string | undefined): RunPoint {
  const stats = opStats.find(({ kind }) => kind === op)
  return {
    deadlocked: deadlock !== undefined,
    opsPerSecond,
    meanNs: stats?.meanNs ?? null,
    p50Ns: stats?.p50Ns ?? null,
    p99Ns: stats?.p99Ns ?? null,
  }
}

/** Runs of a scaling question, in a thread of its pool: the workload grown to a number of CPUs, and how fast it went. */

import { run as runModel, type RunSpec as ModelSpec } from '#shared/sim/run.ts'
import { grown } from '#shared/whatif/scaling.ts'
import { mistakesIn } from './mistakes.ts'
import { material, modelFor, type OneRun } from './whatif-material.ts'
import { ownPilot } from './whatif-run.ts'

export interface ScaledRun extends OneRun {
  readonly cpus: number
  /** A scenario's parameters at this size. */
  readonly set: Readonly<Record<string, number>>
  readonly maxEvents: number
}

export interface Scaled {
  readonly opsPerSecond: number
  readonly tasks: number
  readonly truncated: boolean
  readonly deadlocked: boolean
  readonly mistakes: readonly string[]
}

export function scale({ cpus, set, maxEvents, ...one }: ScaledRun): Scaled {
  let tasks = 0
  const { opsPerSecond, truncated, deadlock, findings } = runModel(sized(one, { cpus, set }), undefined, {
    maxEvents,
    onStart: ({ k }) => void (tasks = k.live),
  })
  return { opsPerSecond, tasks, truncated, deadlocked: deadlock !== undefined, mistakes: mistakesIn(findings) }
}

/** What an operation's steps cost does not grow with the machine: pilots are of the recorded one. */
function sized(one: OneRun, { cpus, set }: Pick<ScaledRun, 'cpus' | 'set'>): ModelSpec {
  const of = material()
  if (of.kind === 'scenario') {
    const { workload } = of
    return modelFor({ kind: 'scenario', workload: { ...workload, set: { ...workload.set, ...set, cpus } } }, one)
  }
  const own = grown({ workload: of.workload, pilot: ownPilot(of.workload, one.strategy) }, cpus).pilot
  return modelFor({ kind: 'trace', ...grown(of, cpus), own }, one)
}

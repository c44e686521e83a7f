/** Runs of a scaling question, in a thread of its pool: the workload grown to a number of CPUs, and how fast it went. */

import { run as runModel } from '#shared/sim/run.ts'
import { grown } from '#shared/whatif/scaling.ts'
import { mistakesIn } from './mistakes.ts'
import { material, modelFor, type Material, type OneRun } from './whatif-material.ts'

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
  readonly mistakes: readonly string[]
}

export function scale({ cpus, set, maxEvents, ...one }: ScaledRun): Scaled {
  let tasks = 0
  const { opsPerSecond, truncated, findings } = runModel(modelFor(sized(material(), { cpus, set }), one), undefined, {
    maxEvents,
    onStart: ({ k }) => void (tasks = k.live),
  })
  return { opsPerSecond, tasks, truncated, mistakes: mistakesIn(findings) }
}

function sized(of: Material, { cpus, set }: Pick<ScaledRun, 'cpus' | 'set'>): Material {
  if (of.kind === 'trace') return { kind: 'trace', ...grown(of, cpus) }
  const { workload } = of
  return { kind: 'scenario', workload: { ...workload, set: { ...workload.set, ...set, cpus } } }
}

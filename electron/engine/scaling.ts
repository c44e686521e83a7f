/**
 * The job behind "how far does it scale?": the same workload on more and more CPUs under every strategy, over a few seeds
 * that all share, in a pool of threads. A scenario with a number of threads gets more of them with the machine; a recorded
 * workload gets copies of its closed tasks. Large machines stop after a budget of happenings; rates need no end.
 */

import { limits } from '#shared/base/limits.ts'
import { ApiError } from '#shared/base/errors.ts'
import type { ScalingResult } from '#shared/contract/whatif.ts'
import { parseStrategy } from '#shared/sim/strategies/index.ts'
import { SCALING_METHOD, scalingOf, type ScaledRuns } from '#shared/whatif/scaling.ts'
import '../strategy/find.ts'
import type { JobContext } from './job-context.ts'
import { eachOnce } from './mistakes.ts'
import type { Scaled, ScaledRun } from './scaling-run.ts'
import { machineOf } from './sim-run.ts'
import { prepareSubject, runProgress, usualStrategies, withPool, type Subject } from './whatif-experiment.ts'

export interface ScalingOptions extends JobContext {
  readonly subject: Subject
  readonly strategies: readonly string[]
  readonly cpus: readonly number[]
  readonly seeds: readonly number[]
}

export async function scalingJob(options: ScalingOptions): Promise<ScalingResult> {
  const started = performance.now()
  const { subject, seeds, signal } = options
  const cpus = options.cpus.toSorted((a, b) => a - b)
  const named = options.strategies.length > 0 ? options.strategies : usualStrategies(subject)
  const strategies = named.map((id) => parseStrategy(id).label)
  const runs = strategies.length * cpus.length * seeds.length
  if (runs > limits.simRuns) {
    throw new ApiError('limit', `this needs ${runs} runs; ${limits.simRuns} are the most`, 'take fewer of something')
  }
  const { material, name, assumptions } = await prepareSubject(subject)
  const growth = subject.kind === 'trace' ? REPLAY_GROWTH : growthOf(subject.workload)
  const maxEvents = Math.max(limits.experimentRunEvents, Math.floor(limits.experimentEvents / runs))
  return withPool({ entry: 'scaling-run', material, signal, what: 'the scaling forecast' }, async (pool) => {
    const count = runProgress(options, 'scaling', runs)
    let cut = 0
    const mistakes: (readonly string[])[] = []
    const at = async (strategy: string, size: number): Promise<ScaledRuns> => {
      const done = await Promise.all(
        seeds.map(async (seed) => {
          const task: ScaledRun = { strategy, seed, stopNs: undefined, cpus: size, set: growth.at(size), maxEvents }
          const one = await pool.run<Scaled>('scale', task)
          if (one.truncated) cut++
          mistakes.push(one.mistakes)
          count(1)
          return one
        }),
      )
      // A scenario goes on as it began; what a recording does last may be what takes longest.
      const whole = subject.kind !== 'trace' || done.every(({ truncated }) => !truncated)
      return {
        cpus: size,
        tasks: done[0].tasks,
        opsPerSecond: done.map(({ opsPerSecond }) => opsPerSecond),
        deadlocked: done.map(({ deadlocked }) => deadlocked),
        whole,
      }
    }
    // Small machines first: every strategy shows its beginning early.
    const cells = await Promise.all(cpus.flatMap((size) => strategies.map((id) => at(id, size))))
    return {
      subject: name,
      cpus,
      seeds,
      strategies: strategies.map((id, s) =>
        scalingOf(
          id,
          cpus.map((_, c) => cells[c * strategies.length + s]),
        ),
      ),
      method: SCALING_METHOD,
      assumptions: [
        growth.said,
        ...(cut === 0
          ? []
          : [`${cut} of ${runs} runs were stopped after ${maxEvents} happenings; rates are up to there`]),
        ...assumptions,
      ],
      mistakes: eachOnce(mistakes),
      wallMs: Math.round(performance.now() - started),
    }
  })
}

/** How the workload grows with the machine, and how to say it. */
interface Growth {
  readonly said: string
  readonly at: (cpus: number) => Readonly<Record<string, number>>
}

const REPLAY_GROWTH: Growth = {
  said: `closed tasks are copied in proportion to the CPUs and act on the same files; open ones stay; all tasks together do ${limits.scalingOps} operations at most, copies of one task different parts of its own`,
  at: () => ({}),
}

function growthOf(workload: Extract<Subject, { kind: 'scenario' }>['workload']): Growth {
  const { threads, cpus } = machineOf(workload)
  if (threads === undefined) {
    return {
      said: `${workload.scenario} has no number of threads: its actors stay as many as they are`,
      at: () => ({}),
    }
  }
  const { name, value, max } = threads
  const size = (n: number) => Math.min(max, Math.max(1, Math.round((value * n) / cpus)))
  return {
    said: `${name} grows with the CPUs, ${value} on ${cpus}, ${max} at most; files stay as large as they are`,
    at: (n) => ({ [name]: size(n) }),
  }
}

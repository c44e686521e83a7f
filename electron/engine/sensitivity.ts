/**
 * The job behind "which lock should I shrink?": a run that watches what is done under each lock, then each hold made
 * shorter and longer over several seeds, the same for all, in a pool of threads. Where that would take too long the grid
 * gets coarser, then the runs shorter, and the answer says so; what was asked for by number stays.
 */

import { limits } from '#shared/base/limits.ts'
import type { SensitivityResult } from '#shared/contract/whatif.ts'
import { parseStrategy } from '#shared/sim/strategies/index.ts'
import {
  CHANGES,
  holdsToVary,
  lockRanking,
  sensitivityRows,
  sensitivityWords,
  type RunPoint,
  type VariedRuns,
} from '#shared/whatif/sensitivity.ts'
import '../strategy/find.ts'
import type { JobContext } from './job-context.ts'
import { eachOnce } from './mistakes.ts'
import type { Variation, Varied, Watched } from './sensitivity-run.ts'
import { prepareSubject, runProgress, usualStrategies, withPool, type Pool, type Subject } from './whatif-experiment.ts'
import type { OneRun } from './whatif-material.ts'

export interface SensitivityOptions extends JobContext {
  readonly subject: Subject
  readonly strategy: string | undefined
  readonly seeds: readonly number[]
  readonly top: number
}

/** A run may be cut to this part of itself, not further: less shows another workload. */
const SHORTEST = 0.25

export async function sensitivityJob(options: SensitivityOptions): Promise<SensitivityResult> {
  const started = performance.now()
  const { subject, seeds, top, signal } = options
  const { label: strategy } = parseStrategy(options.strategy ?? usualStrategies(subject)[0])
  const { material, name, assumptions, fidelity } = await prepareSubject(subject)
  return withPool({ entry: 'sensitivity-run', material, signal, what: 'the sensitivity analysis' }, async (pool) => {
    const first = await pool.run<Watched>('watch', { strategy, seed: seeds[0], stopNs: undefined })
    const found = [first.mistakes]
    const holds = holdsToVary(first.work, { waits: first.waits, most: top })
    const effort = effortFor(first, holds.length * seeds.length)
    const total = seeds.length * (1 + holds.length * effort.changes.length)
    const count = runProgress(options, 'varying holds', total)
    const base = await baseRuns(pool, { first, seeds, strategy, stopNs: effort.stopNs, count })
    const varied = await Promise.all(
      holds.map(async (hold): Promise<VariedRuns> => {
        const bySeed = await Promise.all(
          seeds.map(async (seed) => {
            const task: Variation = {
              strategy,
              seed,
              stopNs: effort.stopNs,
              hold,
              changes: effort.changes,
              op: first.op,
            }
            const { points, mistakes } = await pool.run<Varied>('vary', task)
            found.push(mistakes)
            count(points.length)
            return points
          }),
        )
        const runs = effort.changes.map((change, i) => ({ change, points: bySeed.map((points) => points[i]) }))
        return { hold, runs }
      }),
    )
    const rows = sensitivityRows(base, varied)
    const all = [base, ...varied.flatMap(({ runs }) => runs.map(({ points }) => points))].flat()
    const deadlocks = all.filter(({ deadlocked }) => deadlocked).length
    return {
      subject: name,
      strategy,
      seeds,
      op: first.op ?? null,
      rows,
      locks: lockRanking(rows, first.waits),
      words: rows.map(sensitivityWords),
      runs: total,
      deadlocks,
      assumptions: [...stuckSaid(deadlocks, total), ...SENSITIVITY_ASSUMPTIONS, ...effort.said, ...assumptions],
      fidelity,
      mistakes: eachOnce(found),
      wallMs: Math.round(performance.now() - started),
    }
  })
}

const SENSITIVITY_ASSUMPTIONS: readonly string[] = [
  'work under the lock is scaled, waiting is not: it follows from the run',
  'locks nobody waited for are left out: they only surround those that are asked about',
  'a phase counts with the phases inside it, and with the part of it that lies under the lock',
  'what runs outside the lock keeps its price; runs of one seed share their random numbers',
  'slope: relative change of throughput per doubling, by least squares from -50 % to +50 %',
]

function stuckSaid(deadlocks: number, runs: number): readonly string[] {
  return deadlocks === 0 ? [] : [`${deadlocks} of ${runs} runs ended in a deadlock: slopes and ratios leave them out`]
}

interface Effort {
  readonly changes: readonly number[]
  readonly stopNs: number | undefined
  readonly said: readonly string[]
}

/** How finely and how long, so that all runs together stay near `limits.experimentEvents`. */
function effortFor({ events, simulatedNs }: Watched, series: number): Effort {
  const affordable = limits.experimentEvents / Math.max(1, events)
  if (series * CHANGES.fine.length <= affordable) return { changes: CHANGES.fine, stopNs: undefined, said: [] }
  const changes = CHANGES.coarse
  const share = Math.max(SHORTEST, affordable / Math.max(1, series * changes.length))
  if (share >= 1) return { changes, stopNs: undefined, said: [] }
  const percent = Math.round(share * 100)
  const said = [`runs are cut to their first ${percent} %: ${series * changes.length} whole ones would take too long`]
  return { changes, stopNs: Math.round(simulatedNs * share), said }
}

interface BaseRuns {
  readonly first: Watched
  readonly seeds: readonly number[]
  readonly strategy: string
  readonly stopNs: number | undefined
  readonly count: (runs: number) => void
}

/** The runs as they are, one per seed. */
async function baseRuns(pool: Pool, { first, seeds, strategy, stopNs, count }: BaseRuns): Promise<RunPoint[]> {
  return Promise.all(
    seeds.map(async (seed, i) => {
      const one: OneRun & { readonly op: string | undefined } = { strategy, seed, stopNs, op: first.op }
      const point = i === 0 && stopNs === undefined ? first.point : (await pool.run<Watched>('watch', one)).point
      count(1)
      return point
    }),
  )
}

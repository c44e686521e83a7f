/**
 * The verdict of a compared strategy: every schedule of a small world is searched within a bound, and power is cut in it
 * at every place, with the same explorer the Races page and `faultline explore` have. A world that cannot be searched
 * leaves the verdict open and says why. Timed runs are not looked at here.
 */

import { ApiError, fromWireError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import { crashRunSchema, type CrashRunResult } from '#shared/contract/crash.ts'
import { exploreSchema, type ExploreResult } from '#shared/contract/exploration.ts'
import type { Searched, VerdictViolation } from '#shared/contract/simulation.ts'
import type { Answer } from './crash-run.ts'
import { explore } from './explore.ts'
import type { JobContext } from './jobs.ts'
import { startPool, type ThreadPool } from './pool.ts'

/** What is searched: a scenario in its size for a search, with the choices that were made. */
export interface World {
  readonly scenario: string
  readonly set: Readonly<Record<string, string | number | boolean>>
  readonly slots: Readonly<Record<string, string>>
  readonly fs: string | undefined
}

export interface SearchResult {
  readonly searched: readonly Searched[]
  readonly found: readonly VerdictViolation[]
}

export interface SearchOptions extends JobContext {
  readonly strategies: readonly string[]
  readonly worlds: readonly World[]
  /** Most schedules per strategy, all worlds together. */
  readonly schedules: number
  readonly onVerdict: (strategy: string, result: SearchResult) => void
}

export async function searchAll(options: SearchOptions): Promise<void> {
  const { strategies, worlds, signal, onProgress } = options
  const started = performance.now()
  const crashes = startPool({ entry: 'races-run', threads: 1 })
  const each = Math.max(1, Math.floor(options.schedules / worlds.length))
  const total = strategies.length * worlds.length * each
  let before = 0
  try {
    for (const strategy of strategies) {
      const searched: Searched[] = []
      const found: VerdictViolation[] = []
      for (const world of worlds) {
        const stage = `searching schedules of ${strategy} on ${world.scenario}`
        const one = await searchOne({
          ...{ strategy, world, schedules: each, crashes, signal },
          // Of all searches together, many of which end before they have seen so many.
          onProgress: ({ done, ...progress }) =>
            onProgress({
              ...progress,
              stage,
              done: before + done,
              total,
              elapsedMs: Math.round(performance.now() - started),
            }),
        })
        before += each
        searched.push(...one.searched)
        found.push(...one.found)
      }
      options.onVerdict(strategy, { searched, found })
    }
  } finally {
    await crashes.destroy()
  }
}

interface One {
  readonly strategy: string
  readonly world: World
  readonly schedules: number
  readonly crashes: ThreadPool
  readonly signal: AbortSignal
  readonly onProgress: JobContext['onProgress']
}

async function searchOne({ strategy, world, schedules, crashes, signal, onProgress }: One): Promise<SearchResult> {
  const { scenario, set, slots, fs } = world
  const place = { scenario, strategy, slots, set, ...(fs === undefined ? {} : { fs }) }
  try {
    const explored = await explore(exploreSchema.parse({ ...place, budget: schedules }), { signal, onProgress })
    const cuts = { subject: explored.subject, strategy, slots, budget: limits.compareCrashSteps }
    const answer = await crashes.run<Answer<CrashRunResult>>(crashRunSchema.parse(cuts), { signal, name: 'crashes' })
    if ('wire' in answer) throw fromWireError(answer.wire)
    return resultOf(explored, answer.value)
  } catch (error) {
    if (signal.aborted || !(error instanceof ApiError) || error.code === 'internal') throw error
    return { searched: [notSearched({ scenario, schedules, why: error.message })], found: [] }
  }
}

function resultOf(explored: ExploreResult, crash: CrashRunResult): SearchResult {
  const { subject, executions, complete, incomplete, bound } = explored
  const cuts = { points: crash.points, states: crash.states, complete: crash.complete }
  return {
    searched: [
      { subject, executions, complete, incomplete, bound, crash: { ...cuts, violations: crash.violations.length } },
    ],
    found: [...explored.violations, ...crash.violations].map(({ invariant, message, schedule }) => {
      return { invariant, message, count: 1, atNs: null, seed: null, schedule }
    }),
  }
}

function notSearched({ scenario, schedules, why }: { scenario: string; schedules: number; why: string }): Searched {
  return {
    subject: scenario,
    executions: 0,
    complete: false,
    incomplete: why,
    bound: { preemptions: null, depth: 0, budget: schedules },
    crash: { points: 0, states: 0, complete: false, violations: 0 },
  }
}

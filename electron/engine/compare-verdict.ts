/**
 * The verdict of a compared strategy: every schedule of a small world is searched within a bound, and power is cut in it
 * at every place, with the same explorer the Races page and `faultline explore` have. A world that cannot be searched
 * leaves the verdict open and says why. Timed runs are not looked at here.
 */

import { availableParallelism } from 'node:os'
import { ApiError, fromWireError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import { crashRunSchema, type CrashRunResult } from '#shared/contract/crash.ts'
import { exploreSchema, type ExploreResult } from '#shared/contract/exploration.ts'
import type { Searched, VerdictViolation } from '#shared/contract/simulation.ts'
import type { Answer } from './crash-run.ts'
import { explore } from './explore.ts'
import type { JobContext } from './job-context.ts'
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
  const threads = Math.min(availableParallelism(), worlds.length, limits.jobs)
  const crashes = startPool({ entry: 'races-run', threads })
  const each = Math.max(1, Math.floor(options.schedules / worlds.length))
  const total = strategies.length * worlds.length * each
  let before = 0
  try {
    for (const strategy of strategies) {
      // Power is cut in one world while the schedules of the next are searched.
      const results: Promise<SearchResult>[] = []
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
        results.push(one.result)
      }
      const all = await Promise.all(results)
      const searched = all.flatMap((result) => result.searched)
      options.onVerdict(strategy, { searched, found: all.flatMap((result) => result.found) })
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

/** When its schedules have been searched; the result comes when power has been cut in them, too. */
async function searchOne(one: One): Promise<{ readonly result: Promise<SearchResult> }> {
  const { strategy, world, schedules, signal, onProgress } = one
  const { scenario, set, slots, fs } = world
  const place = { scenario, strategy, slots, set, ...(fs === undefined ? {} : { fs }) }
  const leftOpen = (error: unknown): SearchResult => {
    if (signal.aborted || !(error instanceof ApiError) || error.code === 'internal') throw error
    return { searched: [notSearched({ scenario, schedules, why: error.message })], found: [] }
  }
  try {
    const explored = await explore(exploreSchema.parse({ ...place, budget: schedules }), { signal, onProgress })
    const result = cutPower(one, explored).catch(leftOpen)
    // Looked at when it is waited for: an earlier world's mistake comes first.
    result.catch(() => undefined)
    return { result }
  } catch (error) {
    return { result: Promise.resolve(leftOpen(error)) }
  }
}

async function cutPower(
  { strategy, world: { slots }, schedules, crashes, signal }: One,
  explored: ExploreResult,
): Promise<SearchResult> {
  const cuts = crashRunSchema.parse({
    ...{ subject: explored.subject, strategy, slots },
    schedules: Math.min(limits.exploreBudget, schedules * limits.compareCuts),
    budget: limits.compareCrashSteps,
  })
  const answer = await crashes.run<Answer<CrashRunResult>>(cuts, { signal, name: 'crashes' })
  if ('wire' in answer) throw fromWireError(answer.wire)
  return resultOf(explored, answer.value)
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

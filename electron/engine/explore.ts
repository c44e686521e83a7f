/**
 * Exploring, as the contract has it: checks what was asked for while it costs nothing, then lets threads go through the schedules
 * (explore-hunt.ts) and films what they found. Cancelling ends the threads, whatever they are doing.
 */

import { availableParallelism } from 'node:os'
import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import type { ExploreResult, ReplayResult } from '#shared/contract/exploration.ts'
import type { ParsedParams } from '#shared/contract/methods.ts'
import { decodeSchedule } from '#shared/explore/schedule.ts'
import { refuseTasks } from '#shared/explore/search.ts'
import { sharedMemory } from '#shared/explore/seen.ts'
import { subjectId } from '#shared/explore/subject.ts'
import { subjectOf } from '#shared/races/subjects.ts'
import { scenarios } from '#shared/sim/scenarios/index.ts'
import { silent } from '#shared/sim/sink.ts'
import { parseStrategy, type ResolvedStrategy } from '#shared/sim/strategies/index.ts'
import { ownStrategy } from '#shared/sim/strategies/own.ts'
import '../strategy/find.ts'
import { withoutStoppedHooks } from '../strategy/pulse.ts'
import { Hunt } from './explore-hunt.ts'
import { Team } from './explore-team.ts'
import { slotsOf } from './strategy-slots.ts'
import type { JobContext } from './job-context.ts'

type Params = ParsedParams<'explore.run'>

export function explore(params: Params, context: JobContext): Promise<ExploreResult> {
  return withoutStoppedHooks(() => search(params, context))
}

async function search(params: Params, context: JobContext): Promise<ExploreResult> {
  const started = performance.now()
  const { strategy, subject } = resolve(params)
  const { depth, budget, reduce, mode } = params
  const preemptions = params.preemptions ?? undefined
  const remembers = mode === 'dfs' && reduce && preemptions !== undefined
  const most = Math.min(params.workers ?? availableParallelism(), limits.jobs)
  // A search that remembers is often over before a second thread has begun, and alone it says the same every time.
  const alone = remembers && params.workers === undefined ? 1 : most
  const spec = {
    ...{ subject, strategy: strategy.label, preemptions, depth, reduce },
    memory: remembers && most > 1 ? sharedMemory() : undefined,
  }
  const team = new Team(context.signal)
  try {
    const tasks = await team.begin(alone, spec)
    const hunt = new Hunt(team, { preemptions, budget, onProgress: context.onProgress, started })
    const join = async () => {
      await team.begin(most - alone, spec)
      return team.threads.slice(alone)
    }
    if (mode !== 'dfs') await hunt.draw(mode, params.seed)
    else if (spec.memory !== undefined) await hunt.together(most > alone ? join : undefined)
    else await hunt.run()
    const { frontier } = hunt
    const lockOrder = await team.lockOrder()
    const violations = await team.films([...frontier.found.values()].slice(0, limits.exploreViolations))
    const incomplete = mode === 'dfs' ? hunt.leftOut(depth) : 'schedules were drawn by lot'
    return {
      scenario: params.scenario,
      subject,
      strategy: strategy.label,
      slots: slotsOf(strategy),
      fs: params.fs ?? strategy.fs,
      mode,
      tasks,
      executions: frontier.totals.executions,
      redundant: frontier.totals.redundant,
      steps: frontier.totals.steps,
      complete: incomplete === undefined,
      incomplete: incomplete ?? null,
      bound: { preemptions: preemptions ?? null, depth, budget },
      safe: frontier.found.size === 0,
      violations,
      violationCount: frontier.found.size,
      lockOrder,
      crash: null,
      workers: hunt.byWorker.length,
      byWorker: hunt.byWorker,
      wallMs: Math.round(performance.now() - started),
    }
  } catch (error) {
    if (context.signal.aborted) throw new ApiError('cancelled', 'the search was cancelled')
    throw error
  } finally {
    await team.close()
  }
}

export async function replay(
  { schedule, strategy }: ParsedParams<'schedule.replay'>,
  context: JobContext,
): Promise<ReplayResult> {
  // Refused here what is no schedule, before a thread starts.
  const given = decodeSchedule(schedule)
  const own = given.strategy.split(',')[0]
  // Who names the file that it was made with only says where its strategy is.
  const under = strategy === own || strategy === given.strategy ? undefined : strategy
  if (under === undefined) known(own)
  parseStrategy(under ?? given.strategy)
  return withoutStoppedHooks(async () => {
    const team = new Team(context.signal)
    try {
      return await team.spawn().call('replay', schedule, under)
    } catch (error) {
      if (context.signal.aborted) throw new ApiError('cancelled', 'the replay was cancelled')
      throw error
    } finally {
      await team.close()
    }
  })
}

/** A strategy of somebody's own is known only where its file was loaded: `mine.ts#1a2b3c4d`. */
function known(id: string): void {
  const [file, digest] = id.split('#')
  if (digest === undefined || ownStrategy(id) !== undefined) return
  throw new ApiError(
    'not-found',
    `the schedule was made under ${file}, a strategy file whose text begins its SHA-256 with ${digest}: it is not loaded here`,
    `give that file, unchanged: --strategy ./${file}, or load it in the window first`,
  )
}

/** What cannot be is refused before any thread starts. */
function resolve(params: Params): { readonly strategy: ResolvedStrategy; readonly subject: string } {
  const { scenario: id, set, rounds, seed, fs, mode } = params
  const scenario = scenarios.find(id)
  const named = params.strategy ?? scenario?.strategies[0]
  if (named === undefined) throw new ApiError('bad-request', `no strategy to explore ${id} under`, 'name one')
  const overrides = Object.entries(params.slots).map(([name, option]) => `${name}=${option}`)
  const strategy = parseStrategy(named, overrides)
  const subject = subjectId(id, { ...scenario?.search, ...set, rounds, seed, fs })
  const of = subjectOf(subject, strategy)
  if (mode === 'dfs') refuseTasks(of, of.build(silent).k.tasks.length)
  return { strategy, subject }
}

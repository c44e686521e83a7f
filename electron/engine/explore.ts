/**
 * Exploring, as the contract has it: checks what was asked for while it costs nothing, then shares the tree of schedules
 * among threads. Each thread works on one unit of the tree in slices; when somebody has nothing to do, the units that are
 * under way are stopped after their slice and what they have left is handed out (frontier.ts). The budget is counted in
 * schedules and kept exactly. Cancelling ends the threads, whatever they are doing.
 */

import { availableParallelism } from 'node:os'
import type { Worker } from 'node:worker_threads'
import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import type { ExploreResult, ExploreViolation, LockOrderResult, ReplayResult } from '#shared/contract/exploration.ts'
import type { ParsedParams, Progress } from '#shared/contract/methods.ts'
import { Frontier } from '#shared/explore/frontier.ts'
import { decodeSchedule } from '#shared/explore/schedule.ts'
import type { UnitSpec } from '#shared/explore/unit.ts'
import { subjectId } from '#shared/explore/subject.ts'
import { subjectOf } from '#shared/races/subjects.ts'
import { lockOrderRows } from '#shared/explore/verdict.ts'
import { OrderGraph } from '#shared/lockorder/order-graph.ts'
import type { OrderWitness } from '#shared/sim/invariants/lock-order.ts'
import { scenarios } from '#shared/sim/scenarios/index.ts'
import { parseStrategy, type ResolvedStrategy } from '#shared/sim/strategies/index.ts'
import { ownStrategy } from '#shared/sim/strategies/own.ts'
import '../strategy/find.ts'
import { withoutStoppedHooks } from '../strategy/pulse.ts'
import type { ExploreFunctions, ExploreSpec } from './explore-run.ts'
import { slotsOf } from './strategy-slots.ts'
import type { JobContext } from './jobs.ts'
import { spawnThread } from './spawn.ts'
import { callThread, type Thread } from './threads.ts'

type Params = ParsedParams<'explore.run'>

/** What a thread does before it looks up. */
const SLICE_MS = 40
const SLICE_EXECUTIONS = 5_000
const DRAW_EXECUTIONS = 200

export function explore(params: Params, context: JobContext): Promise<ExploreResult> {
  return withoutStoppedHooks(() => search(params, context))
}

async function search(params: Params, context: JobContext): Promise<ExploreResult> {
  const started = performance.now()
  const { strategy, subject } = resolve(params)
  const { depth, budget, reduce, mode } = params
  const preemptions = params.preemptions ?? undefined
  const spec: ExploreSpec = { subject, strategy: strategy.label, preemptions, depth, reduce }
  const count = Math.min(params.workers ?? threadsFor({ mode, preemptions, reduce }), limits.jobs)
  const team = new Team(context.signal, count)
  try {
    const tasks = await team.begin(spec)
    const hunt = new Hunt(team, { preemptions, budget, onProgress: context.onProgress, started })
    await (mode === 'dfs' ? hunt.run() : hunt.draw(mode, params.seed))
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
      workers: count,
      wallMs: Math.round(performance.now() - started),
    }
  } catch (error) {
    if (context.signal.aborted) throw new ApiError('cancelled', 'the search was cancelled')
    throw error
  } finally {
    await team.close()
  }
}

/**
 * A search that remembers where it was has one memory per thread: two go through much of it twice and are done later than
 * one (SC9 under K: 113 000 schedules against 65 000). What has no memory to share is worth every CPU.
 */
function threadsFor(asked: Pick<Params, 'mode' | 'reduce'> & { readonly preemptions: number | undefined }): number {
  const remembers = asked.mode === 'dfs' && asked.reduce && asked.preemptions !== undefined
  return remembers ? 1 : availableParallelism()
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
    const team = new Team(context.signal, 1)
    try {
      return await team.threads[0].call('replay', schedule, under)
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
  const { scenario: id, set, rounds, seed, fs } = params
  const scenario = scenarios.find(id)
  const named = params.strategy ?? scenario?.strategies[0]
  if (named === undefined) throw new ApiError('bad-request', `no strategy to explore ${id} under`, 'name one')
  const overrides = Object.entries(params.slots).map(([name, option]) => `${name}=${option}`)
  const strategy = parseStrategy(named, overrides)
  const subject = subjectId(id, { ...scenario?.search, ...set, rounds, seed, fs })
  subjectOf(subject, strategy)
  return { strategy, subject }
}

/** The threads of one search. */
class Team {
  readonly threads: readonly Thread<ExploreFunctions>[]
  readonly #workers: readonly Worker[]
  readonly #signal: AbortSignal
  readonly #stop = () => void this.close()

  constructor(signal: AbortSignal, count: number) {
    this.#workers = Array.from({ length: count }, () => spawnThread('explore-run'))
    this.threads = this.#workers.map((worker) =>
      callThread<ExploreFunctions>(worker, 'a thread of the search', () => undefined),
    )
    this.#signal = signal
    if (signal.aborted) this.#stop()
    signal.addEventListener('abort', this.#stop, { once: true })
  }

  async begin(spec: ExploreSpec): Promise<readonly string[]> {
    const [names] = await Promise.all(this.threads.map((thread) => thread.call('begin', spec)))
    return names
  }

  async lockOrder(): Promise<LockOrderResult> {
    const all = new OrderGraph<OrderWitness>()
    for (const edges of await Promise.all(this.threads.map((thread) => thread.call('order')))) {
      for (const { from, to, modes, witness } of edges) all.add(from, to, modes, () => witness)
    }
    return lockOrderRows(all)
  }

  async films(found: Parameters<ExploreFunctions['violation']>[0][]): Promise<readonly ExploreViolation[]> {
    const films: ExploreViolation[] = []
    let next = 0
    const work = async (thread: Thread<ExploreFunctions>) => {
      for (let i = next++; i < found.length; i = next++) films[i] = await thread.call('violation', found[i])
    }
    await Promise.all(this.threads.map(work))
    return films
  }

  async close(): Promise<void> {
    this.#signal.removeEventListener('abort', this.#stop)
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }
}

interface HuntOptions {
  readonly preemptions: number | undefined
  readonly budget: number
  readonly onProgress: (progress: Progress) => void
  readonly started: number
}

/** Hands units to threads until none are left, or the budget is. */
class Hunt {
  readonly frontier: Frontier
  readonly #team: Team
  readonly #options: HuntOptions
  /** Schedules that may still be handed out. */
  #left: number
  #done = 0
  #busy = 0
  #stopped = false
  #waiting: (() => void)[] = []

  constructor(team: Team, options: HuntOptions) {
    this.#team = team
    this.#options = options
    this.#left = options.budget
    this.frontier = new Frontier(options.preemptions)
  }

  async run(): Promise<void> {
    await Promise.all(this.#team.threads.map((thread) => this.#work(thread)))
  }

  /** Schedules by lot, until the budget is used up. */
  async draw(mode: 'random' | 'pct', seed: number): Promise<void> {
    const { totals, found } = this.frontier
    let next = 0
    const work = async (thread: Thread<ExploreFunctions>) => {
      while (next < this.#options.budget) {
        const from = next
        next = Math.min(from + DRAW_EXECUTIONS, this.#options.budget)
        const to = next
        const drawn = await thread.call('sample', { mode, seed, from, to })
        this.#done += to - from
        totals.executions += to - from
        totals.steps += drawn.steps
        totals.cut += drawn.cut
        for (const one of drawn.found) if (!found.has(one.key)) found.set(one.key, one)
        this.#report()
      }
    }
    await Promise.all(this.#team.threads.map(work))
  }

  async #work(thread: Thread<ExploreFunctions>): Promise<void> {
    for (;;) {
      const unit = this.#left > 0 ? this.frontier.take() : undefined
      if (unit !== undefined) {
        this.#busy++
        await this.#explore(thread, unit).finally(() => {
          this.#busy--
          this.#wake()
        })
      } else if (this.#busy === 0) {
        this.#wake()
        return
      } else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  async #explore(thread: Thread<ExploreFunctions>, unit: UnitSpec): Promise<void> {
    let given: UnitSpec | undefined = unit
    for (;;) {
      const executions = Math.min(this.#left, SLICE_EXECUTIONS)
      this.#left -= executions
      if (executions === 0 && given !== undefined) return this.frontier.giveBack(given)
      const slice = executions === 0 ? undefined : await thread.call('slice', { unit: given, executions, ms: SLICE_MS })
      given = undefined
      this.#left += executions - (slice?.executions ?? 0)
      this.#done += slice?.executions ?? 0
      this.#report()
      if (slice?.result !== undefined) return this.frontier.put(unit, slice.result)
      const wanted = this.#waiting.length > 0 && this.frontier.waiting === 0
      if (this.#left > 0 && !wanted) continue
      if (this.#left === 0) this.#stopped = true
      return this.frontier.put(unit, await thread.call('split'))
    }
  }

  #report(): void {
    const { budget, started, onProgress } = this.#options
    const elapsedMs = Math.round(performance.now() - started)
    onProgress({ stage: 'exploring', done: this.#done, total: budget, unit: 'runs', events: null, elapsedMs })
  }

  /** Why not everything within the bound was seen. */
  leftOut(depth: number): string | undefined {
    const { cut } = this.frontier.totals
    if (this.#stopped || this.frontier.waiting > 0) {
      const { waiting } = this.frontier
      return (
        `the budget of ${this.#options.budget} schedules was used up before all were seen, ` +
        `${waiting} ${waiting === 1 ? 'branch is' : 'branches are'} not gone into: a larger budget sees more, ` +
        'a smaller bound of preemptions asks for less'
      )
    }
    return cut === 0 ? undefined : `${cut} schedules were longer than ${depth} moves and were not followed to their end`
  }
}

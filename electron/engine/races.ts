/**
 * Races, as the contract has them: checks ids while it costs nothing and hands the work to a pool of threads that lives as long
 * as it is used. Cells of the matrix are kept by race and strategy, across restarts too (verdict-cache.ts): the model does not
 * change under them, so the same cell comes out the same. One race is always run.
 */

import { availableParallelism } from 'node:os'
import { ApiError, fromWireError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import { unknownId } from '#shared/base/registry.ts'
import type { CrashPointsResult, CrashRunResult } from '#shared/contract/crash.ts'
import type { ParsedParams, Progress } from '#shared/contract/methods.ts'
import type { RaceInfo, RaceResult, VerdictRow, VerdictsResult } from '#shared/contract/races.ts'
import { contender, isGroup, races } from '#shared/races/index.ts'
import { parseStrategy, plainPolicyOf, strategies, type ResolvedStrategy } from '#shared/sim/strategies/index.ts'
import { ownStrategy } from '#shared/sim/strategies/own.ts'
import '../strategy/find.ts'
import type { Answer } from './crash-run.ts'
import type { JobContext } from './job-context.ts'
import type { ThreadPool } from './pool.ts'
import type { RaceSpec, RowSpec } from './races-run.ts'
import type { VerdictCache } from './verdict-cache.ts'

/** Threads that nobody needs go after this. */
const IDLE_MS = 10_000

export interface RacesOptions {
  /** Nobody else waits for this thread (the command line): a single race runs right here, without the start of a thread. */
  readonly alone: boolean
  /** Cells across restarts; left out: nothing is kept beyond the engine's life. */
  readonly cache?: VerdictCache
}

export class Races {
  readonly #alone: boolean
  readonly #cells = new Map<string, VerdictRow>()
  readonly #cache: VerdictCache | undefined
  #warm: Promise<void> | undefined
  #pool: Promise<ThreadPool> | undefined

  constructor({ alone, cache }: RacesOptions) {
    this.#alone = alone
    this.#cache = cache
  }

  list(): RaceInfo[] {
    return races.items.map((race) => ({
      id: race.id,
      title: race.title,
      about: race.about,
      severity: race.severity,
      sources: race.sources,
      invariants: isGroup(race) ? [] : race.invariants,
      parts: isGroup(race) ? race.parts : null,
      scripts: isGroup(race) ? [] : race.scripts.map((script) => script.title),
    }))
  }

  async run({ race, strategy, slots, script }: ParsedParams<'race.run'>, { signal }: JobContext): Promise<RaceResult> {
    const overrides = Object.entries(slots).map(([name, option]) => `${name}=${option}`)
    const spec: RaceSpec = { race: races.get(race).id, strategy, slots: overrides, script }
    const resolved = possible(strategy, overrides)
    refuseScript(spec)
    // A user's own code runs in a thread, which can be ended.
    if (this.#alone && ownStrategy(resolved.id) === undefined) return (await import('./races-run.ts')).one(spec)
    const pool = await this.#started()
    return pool.run<RaceResult>(spec, { name: 'one', signal }).catch(sayCancelled(signal))
  }

  async verdicts(params: ParsedParams<'verdicts.run'>, context: JobContext): Promise<VerdictsResult> {
    const started = performance.now()
    const ids = params.races.length > 0 ? params.races.map((id) => races.get(id).id) : races.ids
    const against = params.strategies.length > 0 ? params.strategies : strategies.ids
    const labels = against.map((text) => possible(text).label)
    await (this.#warm ??= this.#remember())
    if (params.fresh) this.#cells.clear()
    const pool = await this.#started()
    let done = 0
    const report = () => context.onProgress(progressOf(done, ids.length * labels.length, started))
    report()
    const { signal } = context
    const row = (what: RowSpec) => pool.run<VerdictRow[]>(what, { name: 'row', signal }).catch(sayCancelled(signal))
    const cells = await Promise.all(
      ids.map(async (race) => {
        const known = labels.flatMap((label) => this.#cells.get(keyOf(race, label)) ?? [])
        const missing = labels.filter((label) => !known.some((row) => row.strategy === label))
        const rows = missing.length === 0 ? [] : await row({ race, strategies: missing })
        this.#keep(rows)
        done += labels.length
        report()
        const all = new Map([...known, ...rows].map((row) => [row.strategy, row]))
        return labels.flatMap((label) => all.get(label) ?? [])
      }),
    )
    return { rows: cells.flat(), wallMs: Math.round(performance.now() - started) }
  }

  async #remember(): Promise<void> {
    for (const row of (await this.#cache?.read()) ?? []) this.#cells.set(keyOf(row.race, row.strategy), row)
  }

  #keep(rows: readonly VerdictRow[]): void {
    this.#cache?.keep(rows)
    if (this.#cells.size + rows.length > limits.raceCells) this.#cells.clear()
    for (const row of rows) this.#cells.set(keyOf(row.race, row.strategy), row)
  }

  /** Power cuts, in the same threads. */
  async crashes(params: ParsedParams<'crash.run'>, { signal }: JobContext): Promise<CrashRunResult> {
    possible(params.strategy)
    const pool = await this.#started()
    const cut = pool.run<Answer<CrashRunResult>>(params, { name: 'crashes', signal })
    return valueOf(await cut.catch(sayCancelled(signal)))
  }

  async crashPoints(params: ParsedParams<'crash.points'>, { signal }: JobContext): Promise<CrashPointsResult> {
    const pool = await this.#started()
    const cut = pool.run<Answer<CrashPointsResult>>(params, { name: 'places', signal })
    return valueOf(await cut.catch(sayCancelled(signal)))
  }

  async close(): Promise<void> {
    await this.#cache?.close()
    await (await this.#pool)?.destroy()
  }

  #started(): Promise<ThreadPool> {
    // Loaded when it is wanted: one race alone needs no pool.
    this.#pool ??= import('./pool.ts').then(({ startPool }) =>
      startPool({
        entry: 'races-run',
        stay: 0,
        threads: Math.max(1, Math.min(limits.jobs, availableParallelism())),
        idleMs: IDLE_MS,
      }),
    )
    return this.#pool
  }
}

function refuseScript({ race: id, script }: RaceSpec): void {
  const race = races.get(id)
  if (script === undefined) return
  if (isGroup(race))
    throw new ApiError('bad-request', `${id} has no scripts of its own`, `ask for ${race.parts.join(', ')}`)
  if (script >= race.scripts.length) throw unknownId('script', String(script), Object.keys(race.scripts))
}

/** What cannot be is refused before any thread is asked. */
function possible(text: string, overrides: readonly string[] = []): ResolvedStrategy {
  const strategy = parseStrategy(text, overrides)
  return contender(strategy, plainPolicyOf(strategy)).strategy
}

function valueOf<T>(answer: Answer<T>): T {
  if ('wire' in answer) throw fromWireError(answer.wire)
  return answer.value
}

function keyOf(race: string, strategy: string): string {
  return `${race} ${strategy}`
}

function sayCancelled(signal: AbortSignal): (error: unknown) => never {
  return (error) => {
    if (signal.aborted) throw new ApiError('cancelled', 'the races were cancelled')
    throw error
  }
}

function progressOf(done: number, total: number, started: number): Progress {
  return {
    stage: 'running races',
    done,
    total,
    unit: 'runs',
    events: null,
    elapsedMs: Math.round(performance.now() - started),
  }
}

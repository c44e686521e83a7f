/**
 * Simulating, as the contract has it: checks what was asked for while it costs nothing, picks the place of the file, hands
 * the work to jobs, and opens what was kept. The model itself runs in threads, never here.
 */

import { randomBytes } from 'node:crypto'
import { basename, join } from 'node:path'
import { assert } from '#shared/base/assert.ts'
import { ApiError } from '#shared/base/errors.ts'
import { unknownId } from '#shared/base/registry.ts'
import type { ParsedParams } from '#shared/contract/methods.ts'
import type { OpenedFile } from '#shared/contract/files.ts'
import type { RecordedSchedule } from '#shared/contract/exploration.ts'
import type { CompareResult, RunResult, SimCatalog } from '#shared/contract/simulation.ts'
import { makeOwnFolder } from './data-dir.ts'
import type { Files } from './files.ts'
import type { Call } from './importing.ts'
import type { Jobs } from './jobs.ts'
import { stem } from './names.ts'
import type { Opening } from './opening.ts'
import { writablePath } from './rights.ts'
import { scheduleSpec } from './schedule-trace.ts'
import { seedsFrom } from './seeds.ts'
import { catalog, resolveRun, scenarioStrategies, summaryOf } from './sim-run.ts'

export interface SimulatingOptions {
  readonly jobs: Jobs
  readonly files: Files
  readonly opening: Opening
  /** Where kept runs go. */
  readonly folder: string
}

export type Place = { readonly out?: string | undefined; readonly force: boolean; readonly keep: boolean }

export class Simulating {
  readonly #options: SimulatingOptions

  constructor(options: SimulatingOptions) {
    this.#options = options
  }

  catalog(): SimCatalog {
    return catalog()
  }

  async run({ out, force, keep, ...what }: ParsedParams<'sim.run'>, call: Call): Promise<RunResult> {
    const started = performance.now()
    const spec = { ...what, strategy: what.strategy ?? scenarioStrategies(what.scenario)[0] }
    resolveRun(spec)
    const path = await this.target(`${spec.scenario}-${spec.strategy}-seed${spec.seed}`, { out, force, keep }, call)
    const [ran] = await this.#options.jobs.run('simulate', { runs: [spec], out: path, force }, call)
    return {
      ...summaryOf(spec, ran),
      file: shown(path, call),
      wallMs: Math.round(performance.now() - started),
      opened: await this.open(path, keep, call),
    }
  }

  /** One schedule of a search, as a trace that is open afterwards. */
  async schedule({ schedule }: ParsedParams<'schedule.record'>, call: Call): Promise<RecordedSchedule> {
    const spec = scheduleSpec(schedule)
    const place = { force: false, keep: true }
    const path = await this.target(`${spec.scenario}-${spec.strategy}-schedule`, place, call)
    await this.#options.jobs.run('simulate', { runs: [spec], out: path, force: false }, call)
    const opened = await this.open(path, true, call)
    assert(opened !== null, 'a schedule that was recorded is a file')
    return { schedule, opened }
  }

  async compare(params: ParsedParams<'sim.compare'>, call: Call): Promise<CompareResult> {
    const {
      out,
      force,
      keep,
      strategies: given,
      seeds: count,
      seed,
      baseline: base,
      sweep,
      explore,
      ...workload
    } = params
    const strategies = given.length > 0 ? given : scenarioStrategies(workload.scenario)
    const baseline = base ?? strategies[0]
    if (!strategies.includes(baseline)) throw unknownId('baseline', baseline, strategies)
    const twice = strategies.find((id, i) => strategies.indexOf(id) !== i)
    if (twice !== undefined) throw new ApiError('bad-request', `strategy ${twice} is there twice`, 'leave one out')
    for (const strategy of strategies) resolveRun({ ...workload, strategy, seed })
    const path = await this.target(`${workload.scenario}-${strategies.join('-')}`, { out, force, keep }, call)
    const seeds = seedsFrom(seed, count)
    const job = { workload, strategies, baseline, seeds, sweep, explore, out: path, force }
    const compared = await this.#options.jobs.run('compare', job, call)
    return { ...compared, file: shown(path, call), opened: await this.open(path, keep, call) }
  }

  /** Where a job's file goes; undefined: nothing is recorded. */
  async target(name: string, { out, keep }: Place, { client }: Call): Promise<string | undefined> {
    if (out !== undefined) return writablePath(out, client.rights)
    if (!keep) return undefined
    const { folder } = this.#options
    await makeOwnFolder(folder)
    return join(folder, `${stem(`${name}.x`)}-${randomBytes(4).toString('hex')}.faultline`)
  }

  async open(path: string | undefined, keep: boolean, call: Call): Promise<OpenedFile | null> {
    if (path === undefined || !keep) return null
    const { files, opening } = this.#options
    return (await opening.open({ source: files.grant(path) }, call)).opened
  }
}

/** Clients that may not see paths see names. */
export function shown(path: string | undefined, { client }: Call): string | null {
  return path === undefined ? null : client.rights.local ? path : basename(path)
}

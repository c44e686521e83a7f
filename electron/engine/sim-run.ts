/**
 * One run of the model into a trace sink, slice by slice, with room for messages and for whoever writes between two slices;
 * and from what a client asks for (names and text) to what the model takes (resolved and typed). Wrong names and values are
 * refused here, before any thread is started.
 */

import * as z from 'zod'
import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import { unknownId } from '#shared/base/registry.ts'
import type {
  CompareResult,
  ParamInfo,
  RunSummary,
  ScenarioInfo,
  SimCatalog,
  ViolationInfo,
} from '#shared/contract/simulation.ts'
import { TraceBuilder } from '#shared/model/builder.ts'
import { SIM_RUN } from '#shared/model/diagnostics.ts'
import type { TraceSink } from '#shared/model/trace.ts'
import { COSTS } from '#shared/sim/costs.ts'
import { MACHINE_SETTINGS } from '#shared/sim/machine-costs.ts'
import { filesystems } from '#shared/sim/fs/index.ts'
import { PHASES } from '#shared/sim/phases.ts'
import { SimRecorder } from '#shared/sim/record.ts'
import { prepare, runSlices, type Prepared, type RunSpec as ModelSpec } from '#shared/sim/run.ts'
import type { RunResult as ModelResult } from '#shared/sim/run-result.ts'
import { scenarios, type Scenario } from '#shared/sim/scenarios/index.ts'
import { parseStrategy, strategyNamed } from '#shared/sim/strategies/index.ts'
import type { RunFigures } from '#shared/whatif/figures.ts'
import { RunTally } from '#shared/whatif/run-tally.ts'
import '../strategy/find.ts'
import { MISTAKE } from './mistakes.ts'
import { ASSUMPTIONS, catalogOf, MODEL_SETTINGS } from './sim-catalog.ts'

/** As it crosses from clients and to threads: plain words. */
export interface RunSpec {
  readonly scenario: string
  readonly strategy: string
  readonly slots: Readonly<Record<string, string>>
  readonly fs?: string | undefined
  readonly set: Readonly<Record<string, string | number | boolean>>
  readonly seed: number
  /** Not a run in time but this schedule of a search (schedule-trace.ts); it says all that is above, too. */
  readonly schedule?: string
}

/** What is left of a run: everything but its trace. */
export interface RunOutcome {
  readonly strategy: string
  readonly title: string
  readonly slots: Readonly<Record<string, string>>
  readonly fs: string
  readonly params: Readonly<Record<string, number | string | boolean>>
  readonly digest: string
  /** Raw events of the trace. */
  readonly events: number
  readonly ops: number
  readonly simulatedNs: number
  readonly violations: readonly ViolationInfo[]
  readonly counters: Readonly<Record<string, number>>
  readonly deadlock: RunSummary['deadlock']
  /** The budget of happenings was used up before the end. */
  readonly truncated: boolean
  readonly opCounts: RunSummary['opCounts']
  /** Tasks that are no part of the workload: journal threads, timers. */
  readonly daemonPids: readonly number[]
}

export interface RunProgress {
  readonly doneNs: number
  readonly totalNs: number
  readonly events: number
}

export interface RunHost {
  stopped(): boolean
  /** Resolves when there is room for more batches; messages get their turn meanwhile. */
  room(): Promise<void>
  onProgress(progress: RunProgress): void
  /** Happenings after which the run stops; default: the limit of all runs. */
  readonly maxEvents?: number
}

export async function runInto(spec: RunSpec, sink: TraceSink, host: RunHost): Promise<RunOutcome> {
  const builder = new TraceBuilder(sink, nameOf(spec), 'simulation')
  const recorder = new SimRecorder({ builder, phases: PHASES })
  const prepared = prepare(resolveRun(spec), { sink: recorder, timed: true })
  const { k, stopAt } = prepared.world
  recorder.attach(k)
  builder.diagnose('info', SIM_RUN, JSON.stringify(spec))
  const result = await toEnd(prepared, host, () => builder.eventCount)
  if (result.truncated) {
    const budget = host.maxEvents ?? limits.simEvents
    const message = `the run stopped at ${k.now} of ${stopAt} ns: its budget of ${budget} happenings was used up`
    builder.diagnose('warning', 'sim-budget', message)
  }
  const meta = { scenario: spec.scenario, strategy: result.strategy.label, seed: String(spec.seed) }
  recorder.finish({ ...meta, cpus: prepared.machine.cpus, digest: result.digest }, k)
  return outcomeOf(prepared, result, builder.eventCount)
}

/** A run of which nothing is left but its figures: no trace is made. */
export async function runTallied(spec: RunSpec, host: RunHost): Promise<{ outcome: RunOutcome; figures: RunFigures }> {
  const tally = new RunTally()
  const prepared = prepare(resolveRun(spec), { sink: tally, timed: true })
  tally.attach(prepared.world.k)
  const result = await toEnd(prepared, host, () => tally.events)
  const outcome = outcomeOf(prepared, result, tally.events)
  return { outcome, figures: tally.finish(result) }
}

async function toEnd(prepared: Prepared, host: RunHost, events: () => number): Promise<ModelResult> {
  const { k, stopAt } = prepared.world
  const slices = runSlices(prepared, { maxEvents: host.maxEvents ?? limits.simEvents })
  for (;;) {
    const slice = slices.next()
    if (slice.done === true) return slice.value
    if (host.stopped()) throw new ApiError('cancelled', 'the simulation was cancelled; nothing of it was kept')
    host.onProgress({ doneNs: Math.min(k.now, stopAt), totalNs: stopAt, events: events() })
    await host.room()
  }
}

/** What a recorded run is called in its file. */
function nameOf({ scenario, strategy, seed }: RunSpec): string {
  return `${scenario} ${strategy} seed ${seed}`
}

function outcomeOf({ world }: Prepared, result: ModelResult, events: number): RunOutcome {
  const { strategy, deadlock } = result
  return {
    strategy: strategy.label,
    title: strategyNamed(strategy.id).title,
    slots: strategy.slots,
    fs: result.fs,
    params: result.params as RunOutcome['params'],
    digest: result.digest,
    events,
    ops: result.ops,
    simulatedNs: result.simulatedNs,
    violations: violationsOf(result),
    counters: result.counters,
    truncated: result.truncated,
    deadlock: deadlock === undefined ? null : { atNs: deadlock.atNs, cycle: cycleText(deadlock.cycle) },
    opCounts: result.opStats.map(({ kind, count, failed, meanNs, p50Ns, p99Ns, maxNs }) => ({
      op: kind,
      count,
      failed,
      meanNs,
      p50Ns,
      p99Ns,
      maxNs,
    })),
    daemonPids: world.k.tasks.filter(({ daemon }) => daemon).map(({ pid }) => pid),
  }
}

function cycleText(cycle: readonly { readonly task: string; readonly lock: string }[]): string {
  return cycle.map(({ task, lock }) => `${task} waits for ${lock === '' ? 'a wake-up' : lock}`).join(', ')
}

/** One entry per invariant: the first time it showed, and how often in all. Mistakes in a strategy's own file are told one by one. */
export function violationsOf({
  findings,
  findingCounts,
  seed,
}: Pick<ModelResult, 'findings' | 'findingCounts' | 'seed'>): ViolationInfo[] {
  const mistakes = findings.filter(({ invariant }) => invariant === MISTAKE)
  const others = Object.entries(findingCounts).filter(([invariant]) => invariant !== MISTAKE)
  const first = mistakes.map(({ invariant, message, atNs }) => ({ invariant, message, count: 1, atNs, seed }))
  return first.concat(
    others.map(([invariant, count]) => {
      const shown = findings.find((finding) => finding.invariant === invariant)
      return { invariant, message: shown?.message ?? invariant, count, atNs: shown?.atNs ?? 0, seed }
    }),
  )
}

/** The model's own specification of a run; throws what is wrong with it. */
export function resolveRun({ scenario: id, strategy, slots, fs, set, seed }: RunSpec): ModelSpec {
  const scenario = scenarios.get(id)
  const overrides = Object.entries(slots).map(([name, option]) => `${name}=${option}`)
  const { params, costs, machine, cpus } = settingsOf(scenario, set)
  const spec: ModelSpec = {
    scenario: id,
    params,
    strategy: parseStrategy(strategy, overrides),
    seed,
    costs,
    machine,
    ...(cpus === undefined ? {} : { cpus }),
    ...(fs === undefined ? {} : { fs: filesystems.get(fs).id }),
  }
  inRange(`${id}: `, paramsOf(scenario), params)
  inRange('', settingsFor(scenario, scenario.params.parse(params)), { ...costs, ...machine })
  return spec
}

/** A scenario may be about a machine with a price beyond the usual range: that price, and twice it, may be asked for. */
export function settingsFor(scenario: Scenario, params: Record<string, unknown>): readonly ParamInfo[] {
  const own: Readonly<Record<string, number | undefined>> = scenario.machine(params).costs ?? {}
  return MODEL_SETTINGS.map((one) => {
    const ns = own[one.name]
    if (ns === undefined || one.min === null || one.max === null) return one
    return { ...one, default: ns, min: Math.min(one.min, ns >> 1), max: Math.max(one.max, ns * 2) }
  })
}

const COST_IDS: readonly string[] = COSTS.map(({ id }) => id)
const MACHINE_IDS: readonly string[] = MACHINE_SETTINGS.map(({ id }) => id)

/** Names after `--set`: the scenario's parameters, the model's costs, the machine's. */
function settingsOf(scenario: Scenario, set: RunSpec['set']) {
  const shape = paramsOf(scenario)
  const params: Record<string, unknown> = {}
  const costs: Record<string, number> = {}
  const machine: Record<string, number> = {}
  let cpus: number | undefined
  for (const [name, value] of Object.entries(set)) {
    const param = shape.find((one) => one.name === name)
    if (param !== undefined) params[name] = typed(param, value)
    else if (COST_IDS.includes(name)) costs[name] = numberOf(name, value)
    else if (MACHINE_IDS.includes(name)) machine[name] = numberOf(name, value)
    else if (name === 'cpus') cpus = numberOf(name, value)
    else {
      const known = [...shape.map((one) => one.name), 'cpus', ...COST_IDS, ...MACHINE_IDS]
      throw unknownId(`parameter of ${scenario.id}`, name, known)
    }
  }
  return { params, costs, machine, cpus }
}

function numberOf(name: string, value: string | number | boolean): number {
  const number = typeof value === 'string' ? (/^-?\d+(\.\d+)?$/.test(value) ? Number(value) : NaN) : Number(value)
  if (Number.isFinite(number) && typeof value !== 'boolean') return number
  throw new ApiError('bad-request', `${name}=${value} is not a number`)
}

function typed(param: ParamInfo, value: string | number | boolean): unknown {
  if (param.type === 'number') return numberOf(param.name, value)
  if (param.type === 'choice') {
    const options = param.options ?? []
    if (!options.includes(String(value))) throw unknownId(`value of ${param.name}`, String(value), options)
    return String(value)
  }
  if (value === true || value === 'true') return true
  if (value === false || value === 'false') return false
  throw new ApiError('bad-request', `${param.name}=${value} is neither true nor false`)
}

/** Values outside their ranges are refused, said with the range. */
function inRange(whose: string, params: readonly ParamInfo[], values: Readonly<Record<string, unknown>>): void {
  for (const { name, min, max, unit } of params) {
    const value = values[name]
    if (typeof value !== 'number' || min === null || max === null) continue
    if (Number.isInteger(value) && value >= min && value <= max) continue
    const range = `a whole number from ${min} to ${max}${unit === null ? '' : ` ${unit}`}`
    throw new ApiError('bad-request', `${whose}${name}=${value} is not ${range}`)
  }
}

export function scenarioStrategies(id: string): readonly string[] {
  return scenarios.get(id).strategies
}

export function catalog(): SimCatalog {
  return catalogOf(scenarios.items.map(scenarioInfo))
}

function scenarioInfo(scenario: Scenario): ScenarioInfo {
  const params = paramsOf(scenario)
  return {
    id: scenario.id,
    title: scenario.title,
    question: scenario.question,
    about: scenario.about,
    params,
    search: (scenario.search ?? {}) as ScenarioInfo['search'],
    strategies: scenario.strategies,
    filesystems: filesystems.ids,
    threadParam: params.some(({ name }) => name === 'threads') ? 'threads' : null,
    expected: scenario.expected.map(({ text }) => text),
  }
}

/** The part of JSON schema that scenario parameters use. */
const fieldSchema = z.object({
  type: z.enum(['integer', 'number', 'string', 'boolean']),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  enum: z.array(z.string()).optional(),
  default: z.union([z.number(), z.string(), z.boolean()]),
  label: z.string().default(''),
  unit: z.string().default(''),
})

/** A form's fields from the schema that also checks them. */
function paramsOf({ params }: Scenario): ParamInfo[] {
  const { properties = {} } = z.toJSONSchema(params)
  return Object.entries(properties).map(([name, property]) => {
    const field = fieldSchema.parse(property)
    return {
      name,
      title: field.label,
      type: field.enum !== undefined ? 'choice' : field.type === 'boolean' ? 'switch' : 'number',
      unit: field.unit === '' ? null : field.unit,
      min: field.minimum ?? null,
      max: field.maximum ?? null,
      default: field.default,
      options: field.enum ?? (field.type === 'boolean' ? ['true', 'false'] : null),
      about: field.label,
    }
  })
}

export function unitOf(scenario: string, param: string): string | null {
  return paramsOf(scenarios.get(scenario)).find(({ name }) => name === param)?.unit ?? null
}

/** The machine a workload has by itself, and its number of threads where that is a parameter. */
export function machineOf({ scenario: id, set }: Pick<RunSpec, 'scenario' | 'set'>): {
  readonly cpus: number
  readonly threads: { readonly name: string; readonly value: number; readonly max: number } | undefined
} {
  const scenario = scenarios.get(id)
  const given = settingsOf(scenario, set)
  inRange(`${id}: `, paramsOf(scenario), given.params)
  const params = scenario.params.parse(given.params)
  const param = paramsOf(scenario).find(({ name }) => name === 'threads')
  const value = params['threads']
  return {
    cpus: given.cpus ?? scenario.machine(params).cpus,
    threads:
      param === undefined || typeof value !== 'number'
        ? undefined
        : { name: param.name, value, max: param.max ?? value },
  }
}

/** Parameters that are choices, not sizes: a search keeps them and has sizes of its own. */
export function choicesOf({ scenario: id, set }: Pick<RunSpec, 'scenario' | 'set'>): Record<string, string | boolean> {
  const choices = paramsOf(scenarios.get(id)).filter(({ type }) => type !== 'number')
  return Object.fromEntries(
    choices.flatMap(({ name, type }) => {
      const value = set[name]
      return value === undefined ? [] : [[name, type === 'switch' ? value === true || value === 'true' : String(value)]]
    }),
  )
}

/** What a comparison says of itself. */
export function describeWorkload(
  outcome: RunOutcome,
  scenario: string,
): Pick<CompareResult, 'workload' | 'assumptions'> {
  const { title, question } = scenarios.get(scenario)
  const { fs, params } = outcome
  return { workload: { kind: 'scenario', scenario, title, question, fs, params }, assumptions: ASSUMPTIONS }
}

export function summaryOf(spec: RunSpec, outcome: RunOutcome): Omit<RunSummary, 'file' | 'wallMs'> {
  const { title: _title, params, daemonPids: _daemons, ...rest } = outcome
  return { scenario: spec.scenario, seed: spec.seed, params, ...rest }
}

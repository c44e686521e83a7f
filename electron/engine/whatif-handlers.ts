/** What-if as the contract has it: checks names while it costs nothing and hands the work to jobs. */

import { ApiError } from '#shared/base/errors.ts'
import type { MethodName, ParsedParams } from '#shared/contract/methods.ts'
import type { ExperimentSubject, WhatIfResult } from '#shared/contract/whatif.ts'
import { parseStrategy } from '#shared/sim/strategies/index.ts'
import { checkPrices } from '#shared/whatif/prices.ts'
import type { Handlers } from './parts.ts'
import type { Handles } from './handles.ts'
import type { Call } from './importing.ts'
import type { Jobs } from './jobs.ts'
import { stem } from './names.ts'
import { seedsFrom } from './seeds.ts'
import { resolveRun, scenarioStrategies } from './sim-run.ts'
import { shown, type Simulating } from './simulating.ts'
import type { Subject } from './whatif-experiment.ts'

export type WhatIfMethod = Extract<MethodName, `whatif.${string}`>

interface Parts {
  readonly jobs: Jobs
  readonly handles: Handles
  readonly simulating: Simulating
}

export function whatIfHandlers(parts: Parts): Pick<Handlers, WhatIfMethod> {
  return {
    'whatif.compare': (params, call) => compare(parts, params, call),
    'whatif.backtest': (params, call) => backtest(parts, params, call),
    'whatif.sensitivity': (params, call) => sensitivity(parts, params, call),
    'whatif.scaling': (params, call) => scaling(parts, params, call),
    'whatif.traces': (params, call) => traces(parts, params, call),
  }
}

async function compare(
  { jobs, handles, simulating }: Parts,
  params: ParsedParams<'whatif.compare'>,
  call: Call,
): Promise<WhatIfResult> {
  const { file, trace, baseline, seed, seeds: count, arrival, set, explore, out: named, force, keep } = params
  const { strategies } = params
  for (const id of [...(baseline === undefined ? [] : [baseline]), ...strategies]) parseStrategy(id)
  const twice = strategies.find((id, i) => strategies.indexOf(id) !== i)
  if (twice !== undefined) throw new ApiError('bad-request', `strategy ${twice} is there twice`, 'leave one out')
  const { path, name } = handles.get(file)
  const out = await simulating.target(`${stem(name)}-${strategies.join('-')}`, { out: named, force, keep }, call)
  const { signal, onProgress } = call
  const seeds = seedsFrom(seed, count)
  const job = { path, trace, strategies, baseline, seeds, arrival, set: checkPrices(set), explore, out, force }
  const compared = await jobs.run('whatIf', job, { signal, onProgress })
  return { ...compared, file: shown(out, call), opened: await simulating.open(out, keep, call) }
}

function backtest({ jobs, handles }: Parts, params: ParsedParams<'whatif.backtest'>, { signal, onProgress }: Call) {
  const { from, to, strategy, baseline, seed, seeds: count, set } = params
  for (const id of [strategy, baseline]) if (id !== undefined) parseStrategy(id)
  const seeds = seedsFrom(seed, count)
  const at = ({ file, trace }: typeof from) => ({ path: handles.get(file).path, trace })
  const repeats = { from: params.repeats.from.map(at), to: params.repeats.to.map(at) }
  const options = { from: at(from), to: at(to), strategy, baseline, seeds, repeats, set: checkPrices(set) }
  return jobs.run('backtest', options, { signal, onProgress })
}

function sensitivity(
  { jobs, handles }: Parts,
  { subject, strategy, seed, seeds: count, top }: ParsedParams<'whatif.sensitivity'>,
  { signal, onProgress }: Call,
) {
  const of = subjectOf(handles, subject, strategy === undefined ? [] : [strategy])
  return jobs.run('sensitivity', { subject: of, strategy, seeds: seedsFrom(seed, count), top }, { signal, onProgress })
}

function scaling(
  { jobs, handles }: Parts,
  { subject, strategies, cpus, seed, seeds: count }: ParsedParams<'whatif.scaling'>,
  { signal, onProgress }: Call,
) {
  const twice = cpus.find((size, i) => cpus.indexOf(size) !== i)
  if (twice !== undefined) throw new ApiError('bad-request', `${twice} CPUs are there twice`, 'name each size once')
  const of = subjectOf(handles, subject, strategies)
  return jobs.run('scaling', { subject: of, strategies, cpus, seeds: seedsFrom(seed, count) }, { signal, onProgress })
}

/** Names that are wrong are refused here, before a thread starts. */
function subjectOf(handles: Handles, given: ExperimentSubject, strategies: readonly string[]): Subject {
  if (given.kind === 'trace') {
    for (const id of [given.baseline, ...strategies]) if (id !== undefined) parseStrategy(id)
    const { kind, file, ...replayed } = given
    return { kind, path: handles.get(file).path, ...replayed }
  }
  const { kind, ...workload } = given
  const named = strategies.length > 0 ? strategies : [scenarioStrategies(workload.scenario)[0]]
  for (const strategy of named) resolveRun({ ...workload, strategy, seed: 1 })
  return { kind, workload }
}

function traces({ jobs, handles }: Parts, { traces: asked }: ParsedParams<'whatif.traces'>, call: Call) {
  const named = asked.map(({ file, trace }, i) => {
    const { path, name } = handles.get(file)
    if (asked.findIndex((one) => one.file === file && one.trace === trace) < i) {
      throw new ApiError('bad-request', `${name} is there twice`, 'name another trace')
    }
    return { path, trace, name }
  })
  const { signal, onProgress } = call
  return jobs.run('traces', { traces: named }, { signal, onProgress })
}

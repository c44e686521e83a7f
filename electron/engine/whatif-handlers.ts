/** What-if as the contract has it: checks names while it costs nothing and hands the work to jobs. */

import { ApiError } from '#shared/base/errors.ts'
import type { MethodName, ParsedParams } from '#shared/contract/methods.ts'
import type { ExperimentSubject } from '#shared/contract/whatif.ts'
import { parseStrategy } from '#shared/sim/strategies/index.ts'
import type { Handlers } from './handlers.ts'
import type { Handles } from './handles.ts'
import type { Call } from './importing.ts'
import type { Jobs } from './jobs.ts'
import { resolveRun, scenarioStrategies } from './sim-run.ts'
import type { Subject } from './whatif-experiment.ts'

export type WhatIfMethod = Extract<MethodName, `whatif.${string}`>

export function whatIfHandlers(parts: {
  readonly jobs: Jobs
  readonly handles: Handles
}): Pick<Handlers, WhatIfMethod> {
  return {
    'whatif.compare': (params, call) => compare(parts, params, call),
    'whatif.backtest': (params, call) => backtest(parts, params, call),
    'whatif.sensitivity': (params, call) => sensitivity(parts, params, call),
    'whatif.scaling': (params, call) => scaling(parts, params, call),
  }
}

function compare(
  { jobs, handles }: Parameters<typeof whatIfHandlers>[0],
  params: ParsedParams<'whatif.compare'>,
  call: Call,
) {
  const { file, trace, baseline, seed, seeds: count, arrival } = params
  const strategies = params.strategies.includes(baseline) ? params.strategies : [baseline, ...params.strategies]
  for (const id of strategies) parseStrategy(id)
  const twice = strategies.find((id, i) => strategies.indexOf(id) !== i)
  if (twice !== undefined) throw new ApiError('bad-request', `strategy ${twice} is there twice`, 'leave one out')
  const seeds = Array.from({ length: count }, (_, i) => seed + i)
  const { path } = handles.get(file)
  const { signal, onProgress } = call
  return jobs.run('whatIf', { path, trace, strategies, baseline, seeds, arrival }, { signal, onProgress })
}

function backtest(
  { jobs, handles }: Parameters<typeof whatIfHandlers>[0],
  params: ParsedParams<'whatif.backtest'>,
  { signal, onProgress }: Call,
) {
  const { from, to, strategy, baseline, seed, seeds: count } = params
  for (const id of [strategy, baseline]) parseStrategy(id)
  const seeds = Array.from({ length: count }, (_, i) => seed + i)
  const at = ({ file, trace }: typeof from) => ({ path: handles.get(file).path, trace })
  return jobs.run('backtest', { from: at(from), to: at(to), strategy, baseline, seeds }, { signal, onProgress })
}

function sensitivity(
  { jobs, handles }: Parameters<typeof whatIfHandlers>[0],
  { subject, strategy, seed, seeds: count, top }: ParsedParams<'whatif.sensitivity'>,
  { signal, onProgress }: Call,
) {
  const of = subjectOf(handles, subject, strategy === undefined ? [] : [strategy])
  return jobs.run('sensitivity', { subject: of, strategy, seeds: seedsFrom(seed, count), top }, { signal, onProgress })
}

function scaling(
  { jobs, handles }: Parameters<typeof whatIfHandlers>[0],
  { subject, strategies, cpus, seed, seeds: count }: ParsedParams<'whatif.scaling'>,
  { signal, onProgress }: Call,
) {
  const of = subjectOf(handles, subject, strategies)
  return jobs.run('scaling', { subject: of, strategies, cpus, seeds: seedsFrom(seed, count) }, { signal, onProgress })
}

function seedsFrom(seed: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => seed + i)
}

/** Names that are wrong are refused here, before a thread starts. */
function subjectOf(handles: Handles, given: ExperimentSubject, strategies: readonly string[]): Subject {
  if (given.kind === 'trace') {
    for (const id of [given.baseline, ...strategies]) parseStrategy(id)
    return { kind: 'trace', path: handles.get(given.file).path, trace: given.trace, baseline: given.baseline }
  }
  const { kind, ...workload } = given
  const named = strategies.length > 0 ? strategies : [scenarioStrategies(workload.scenario)[0]]
  for (const strategy of named) resolveRun({ ...workload, strategy, seed: 1 })
  return { kind, workload }
}

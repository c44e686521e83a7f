/** What-if as the contract has it: checks names while it costs nothing and hands the work to jobs. */

import { ApiError } from '#shared/base/errors.ts'
import type { MethodName, ParsedParams } from '#shared/contract/methods.ts'
import { parseStrategy } from '#shared/sim/strategies/index.ts'
import type { Handlers } from './handlers.ts'
import type { Handles } from './handles.ts'
import type { Call } from './importing.ts'
import type { Jobs } from './jobs.ts'

export type WhatIfMethod = Extract<MethodName, `whatif.${string}`>

export function whatIfHandlers(parts: {
  readonly jobs: Jobs
  readonly handles: Handles
}): Pick<Handlers, WhatIfMethod> {
  return {
    'whatif.compare': (params, call) => compare(parts, params, call),
    'whatif.backtest': (params, call) => backtest(parts, params, call),
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

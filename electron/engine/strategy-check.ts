/** The first run of a strategy file, in a thread that may be ended: what it says of itself, or what is wrong with it. */

import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { toWireError, type WireError } from '#shared/base/errors.ts'
import type { OwnOptions } from '#shared/sim/strategies/own.ts'
import type { Strategy } from '#shared/sim/strategies/strategy.ts'
import { hooksOf, plainOptions, type HookNames } from '#shared/strategy/define.ts'
import { evaluate } from '../strategy/evaluate.ts'
import type { StrategySource } from '../strategy/shelf.ts'

export type StrategyAnswer =
  { readonly strategy: Strategy; readonly plain: OwnOptions; readonly hooks: HookNames } | { readonly error: WireError }

function answer(source: StrategySource): StrategyAnswer {
  try {
    const { strategy, options } = evaluate(source)
    return { strategy, plain: plainOptions(options), hooks: hooksOf(options) }
  } catch (thrown) {
    return { error: toWireError(thrown) }
  }
}

if (!isMainThread && parentPort !== null) parentPort.postMessage(answer(workerData as StrategySource))

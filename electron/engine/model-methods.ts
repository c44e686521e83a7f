/** Which methods need the simulated kernel, and how they are answered without it being there before it is needed. */

import type { Model, ModelOptions } from './model-handlers.ts'
import type { Handlers, LazyModel, ModelMethod } from './parts.ts'

const methods: Readonly<Record<ModelMethod, true>> = {
  'sim.catalog': true,
  'sim.run': true,
  'sim.compare': true,
  'strategy.load': true,
  'crash.run': true,
  'crash.points': true,
  'race.list': true,
  'race.run': true,
  'verdicts.run': true,
  'explore.run': true,
  'schedule.replay': true,
  'schedule.record': true,
  'whatif.compare': true,
  'whatif.backtest': true,
  'whatif.sensitivity': true,
  'whatif.scaling': true,
  'whatif.traces': true,
}

export function lazyModel(options: ModelOptions): LazyModel {
  let model: Promise<Model> | undefined
  const loaded = () => (model ??= import('./model-handlers.ts').then(({ createModel }) => createModel(options)))
  const handler = (method: ModelMethod) => async (params: never, call: never) =>
    ((await loaded()).handlers[method] as (params: never, call: never) => Promise<unknown>)(params, call)
  const entries = (Object.keys(methods) as ModelMethod[]).map((method) => [method, handler(method)] as const)
  return {
    handlers: Object.fromEntries(entries) as unknown as Pick<Handlers, ModelMethod>,
    async close() {
      await (await model)?.close()
    },
  }
}

/** All scenarios, SC1 first. */
import { registry } from '../../base/registry.ts'
import * as all from './all.ts'
import type { Scenario } from './scenario.ts'

export type { Machine, Scenario } from './scenario.ts'

const byNumber = (a: { id: string }, b: { id: string }) => Number(a.id.slice(2)) - Number(b.id.slice(2))

export const scenarios = registry<Scenario>(
  'scenario',
  // A scenario's steps take its own parsed parameters; callers with an id have passed them through its schema.
  (Object.values(all) as unknown as Scenario[]).sort(byNumber),
)

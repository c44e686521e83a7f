/**
 * The methods that need the simulated kernel, the races or the explorer: 150 files that most calls never need, so they
 * are loaded with the first call that does (`lazyModel`). It adds nothing to what those parts do.
 */

import { explore, replay } from './explore.ts'
import type { Files } from './files.ts'
import type { Handles } from './handles.ts'
import type { Jobs } from './jobs.ts'
import type { Handlers, ModelMethod } from './parts.ts'
import type { Opening } from './opening.ts'
import { OwnStrategies } from './own-strategies.ts'
import { Races, type RacesOptions } from './races.ts'
import { Simulating } from './simulating.ts'
import type { Uploads } from './uploads.ts'
import { whatIfHandlers } from './whatif-handlers.ts'

export interface ModelOptions {
  readonly jobs: Jobs
  readonly files: Files
  readonly opening: Opening
  readonly handles: Handles
  readonly uploads: Uploads
  /** Where kept runs go. */
  readonly folder: string
  readonly races: RacesOptions
}

export interface Model {
  readonly handlers: Pick<Handlers, ModelMethod>
  close(): Promise<void>
}

export function createModel({ jobs, files, opening, handles, uploads, folder, races: options }: ModelOptions): Model {
  const simulating = new Simulating({ jobs, files, opening, folder })
  const races = new Races(options)
  const ownStrategies = new OwnStrategies({ files, uploads })
  return {
    handlers: {
      'sim.catalog': () => Promise.resolve(simulating.catalog()),
      'sim.run': (params, call) => simulating.run(params, call),
      'sim.compare': (params, call) => simulating.compare(params, call),
      'strategy.load': (params, call) => ownStrategies.load(params, call),
      'crash.run': (params, call) => races.crashes(params, call),
      'crash.points': (params, call) => races.crashPoints(params, call),
      'race.list': () => Promise.resolve(races.list()),
      'race.run': (params, call) => races.run(params, call),
      'verdicts.run': (params, call) => races.verdicts(params, call),
      'explore.run': (params, call) => explore(params, call),
      'schedule.replay': (params, call) => replay(params, call),
      'schedule.record': (params, call) => simulating.schedule(params, call),
      ...whatIfHandlers({ jobs, handles, simulating }),
    },
    close: () => races.close(),
  }
}

/**
 * What can be explored: a fresh world with its actors, as often as wanted, and what is judged when nothing moves any more.
 * Scenarios are subjects (here), and so are races and whatever else sets tasks up in a world. A subject is deterministic:
 * the same moves on a new build give the same states. Everything that can be worked out once is worked out once, because a
 * world is built for every schedule.
 */

import { ApiError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { filesystems } from '../sim/fs/index.ts'
import { Checks } from '../sim/invariants/checks.ts'
import { parseParams, type RunSpec } from '../sim/run.ts'
import { scenarios } from '../sim/scenarios/index.ts'
import type { Machine } from '../sim/scenarios/scenario.ts'
import type { SimSink } from '../sim/sink.ts'
import { parseStrategy, policyOf, refuseFilesystem, type ResolvedStrategy } from '../sim/strategies/index.ts'
import { World } from '../sim/world.ts'

export interface Subject {
  /** Names it in schedules, with what differs from its defaults: `SC2`, `SC2;threads=2`, `R05`. No colon in it. */
  readonly id: string
  /** As a schedule names it: `F,tx=tx-before-locks`. */
  readonly strategy: string
  /** A fresh world in search mode, with its tasks, none of which has moved. */
  build(sink: SimSink): World
  /** All tasks have ended: tasks of the aftermath, which run one after the other. */
  settle?(world: World): void
  /** Nothing moves any more: what this subject alone can judge (`world.k.report`). */
  judge?(world: World): void
}

export interface SearchMachine {
  readonly machine: Pick<Machine, 'cpus' | 'blocks' | 'slots' | 'eadr'>
  readonly strategy: ResolvedStrategy
  readonly fs?: string | undefined
  readonly seed?: number | undefined
  /** How often each actor goes round its loop. */
  readonly rounds?: number | undefined
}

/** A world in search mode with its oracle, and nobody in it; the checks of the combination are done once. */
export function worldMaker(spec: SearchMachine): (sink: SimSink) => World {
  const fs = filesystems.get(spec.fs ?? spec.strategy.fs)
  refuseFilesystem(spec.strategy, fs.id)
  const { machine, strategy } = spec
  if (machine.blocks > limits.explorePages) {
    throw new ApiError(
      'limit',
      `the search would need ${machine.blocks} blocks, its limit is ${limits.explorePages}`,
      'a search builds a world per schedule: make its files smaller',
    )
  }
  const options = {
    cpus: machine.cpus,
    seed: spec.seed ?? 1,
    timed: false,
    policy: policyOf(strategy),
    dax: strategy.media === 'dax',
    fs,
    blocks: machine.blocks,
    jitter: false,
    ...(machine.slots === undefined ? {} : { slots: machine.slots }),
    ...(machine.eadr === undefined ? {} : { eadr: machine.eadr }),
  } as const
  const rounds = spec.rounds ?? Infinity
  return (sink) => {
    const world = new World({ ...options, sink })
    world.checks = new Checks(world)
    world.rounds = rounds
    return world
  }
}

export interface ScenarioSubjectSpec extends Pick<RunSpec, 'scenario' | 'params' | 'strategy'> {
  readonly fs?: string | undefined
  readonly seed?: number | undefined
  /** How often each actor goes round its loop; once if left out. */
  readonly rounds?: number | undefined
}

/** A scenario with given parameters, the rest at their defaults. */
export function scenarioSubject(spec: ScenarioSubjectSpec): Subject {
  const scenario = scenarios.get(spec.scenario)
  const params = parseParams(scenario, spec.params ?? {})
  const strategy = typeof spec.strategy === 'string' ? parseStrategy(spec.strategy) : spec.strategy
  const rounds = spec.rounds ?? 1
  const make = worldMaker({ machine: scenario.machine(params), strategy, fs: spec.fs, seed: spec.seed, rounds })
  return {
    id: subjectId(scenario.id, { ...spec.params, rounds, seed: spec.seed ?? 1, fs: spec.fs }),
    strategy: strategy.label,
    build(sink) {
      const world = make(sink)
      scenario.setUp(world, params)
      return world
    },
    settle: (world) => scenario.settle?.(world, params),
  }
}

/** What is said about a run besides its scenario's own parameters, with the values that go without saying. */
const COMMON = { rounds: 1, seed: 1, fs: undefined } as const

/** `SC2;faulters=2;rounds=2`: an id with what differs from its defaults. */
export function subjectId(id: string, settings: Readonly<Record<string, unknown>>): string {
  const common: Readonly<Record<string, unknown>> = COMMON
  const said = Object.entries(settings).filter(([name, value]) => value !== undefined && value !== common[name])
  return [id, ...said.map(([name, value]) => `${name}=${String(value)}`)].join(';')
}

export interface NamedSubject {
  readonly id: string
  readonly settings: Readonly<Record<string, string>>
}

/** The parts of a subject's id. */
export function parseSubjectId(text: string): NamedSubject {
  const [id, ...rest] = text.split(';')
  const settings = rest.map((part) => {
    const at = part.indexOf('=')
    if (at <= 0) throw new ApiError('bad-request', `'${part}' in '${text}' is no setting`, 'write ID;NAME=VALUE;…')
    return [part.slice(0, at), part.slice(at + 1)] as const
  })
  return { id, settings: Object.fromEntries(settings) }
}

/** The scenario that a schedule names; undefined if it names something else. */
export function scenarioOf(text: string, strategy: ResolvedStrategy): Subject | undefined {
  const { id, settings } = parseSubjectId(text)
  const scenario = scenarios.find(id)
  if (scenario === undefined) return undefined
  const { rounds, seed, fs, ...own } = settings
  return scenarioSubject({
    scenario: id,
    strategy,
    params: typed(own),
    fs,
    seed: seed === undefined ? undefined : wholeNumber('seed', seed),
    rounds: rounds === undefined ? undefined : wholeNumber('rounds', rounds),
  })
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0) throw new ApiError('bad-request', `${name}=${text} is no whole number`)
  return value
}

/** Words to the numbers and truths they spell; the scenario's own schema judges them. */
function typed(settings: Readonly<Record<string, string>>): Record<string, unknown> {
  const value = (text: string): unknown =>
    text === 'true' ? true : text === 'false' ? false : /^-?\d+$/.test(text) ? Number(text) : text
  return Object.fromEntries(Object.entries(settings).map(([name, text]) => [name, value(text)]))
}

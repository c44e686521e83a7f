/**
 * A race against a strategy as something to explore: the same tiny world built for every schedule. Moves, replay, search and
 * films are the explorer's.
 */

import type { ScriptLine } from '../explore/directed.ts'
import type { Subject } from '../explore/subject.ts'
import { filesystems } from '../sim/fs/index.ts'
import { Checks } from '../sim/invariants/checks.ts'
import type { Policy } from '../sim/policies/slots.ts'
import { silent, type SimSink } from '../sim/sink.ts'
import { policyOf, refuseFilesystem, type ResolvedStrategy } from '../sim/strategies/index.ts'
import type { Steps, StepsOf } from '../sim/task.ts'
import { World } from '../sim/world.ts'
import type { Actor, Contender, Race, Script } from './race.ts'
import { Watch } from './watch.ts'

const BLOCKS = 32
const SLOTS = 2
const CPUS = 4

/** `policy` where a test breaks one. Refuses what the strategy's filesystem cannot serve. */
export function contender(strategy: ResolvedStrategy, policy: Policy = policyOf(strategy)): Contender {
  refuseFilesystem(strategy, strategy.fs)
  return { strategy, policy, fs: filesystems.get(strategy.fs) }
}

interface Stage {
  readonly world: World
  readonly actors: readonly Actor[]
}

/** Sets the race up, again and again. */
function stageMaker(race: Race, on: Contender): (sink: SimSink) => Stage {
  const { strategy, fs } = on
  const options = {
    cpus: CPUS,
    seed: 1,
    timed: false,
    jitter: false,
    policy: withAssumptions(race, on),
    fs,
    dax: race.pageCache !== true && strategy.media === 'dax',
    blocks: race.blocks ?? BLOCKS,
    slots: SLOTS,
  } as const
  const watched = race.crashes === true || race.onContended !== undefined
  return (sink) => {
    const watch = watched ? new Watch(race, sink) : undefined
    const world = new World({ ...options, sink: watch ?? sink })
    world.checks = new Checks(world, race.tries)
    const actors = race.setUp(world)
    for (const { comm, steps } of actors) world.k.spawn(comm, withoutAnswer(steps))
    watch?.begin(world)
    return { world, actors }
  }
}

function* withoutAnswer(steps: StepsOf<unknown>): Steps {
  yield* steps
}

/** What the user chose stays as chosen. */
function withAssumptions(race: Race, on: Contender): Policy {
  const { policy, strategy } = on
  if (race.assumes === undefined) return policy
  const given = strategy.label.split(',').map((part) => part.split('=')[0].trim())
  const assumed = Object.entries(race.assumes(on)).filter(([name]) => !given.includes(name))
  return { ...policy, switches: { ...policy.switches, ...Object.fromEntries(assumed) } }
}

export function raceSubject(race: Race, on: Contender): Subject {
  const make = stageMaker(race, on)
  return { id: race.id, strategy: on.strategy.label, build: (sink) => make(sink).world }
}

/** Scripts as the explorer's: actors by the names their tasks have, locks by what they are called in this world. */
export function linesOf(race: Race, on: Contender): readonly (readonly ScriptLine[])[] {
  const { world, actors } = stageMaker(race, on)(silent)
  const comms = new Map(actors.map((actor) => [actor.id, actor.comm]))
  const daemon = world.k.tasks.find((task) => task.daemon)
  if (daemon !== undefined) comms.set('J', daemon.comm)
  const locks = lockNames(world)
  return race.scripts.map((script: Script) =>
    script.moves.map(({ actor, until }) => ({
      actor: comms.get(actor) ?? actor,
      until: { ...until, ...(until.name === undefined ? {} : { name: locks.get(until.name) ?? until.name }) },
    })),
  )
}

function lockNames(world: World): ReadonlyMap<string, string> {
  const [{ mapping, mapLock }] = world.inodes
  return new Map([
    ['i_mmap', mapping.immap.className],
    ['guard', mapping.invalidateLock.className],
    ['map lock', mapLock.className],
    ['i_rwsem', world.inodes[0].rwsem.className],
    ['range', '&mapping->range_lock'],
    ['entry', 'dax entry'],
    ['ptl', 'ptlock_ptr(ptdesc)'],
    ['handle', world.journal.lock.className],
  ])
}

/**
 * Every option of every slot, in instances small enough to enumerate: one operation per task on one or two pages. The search sees
 * exactly the violations and the end states that a naive enumeration sees, with reduction on and off: of the whole instance within
 * two preemptions, and without a bound from points in the middle of it, where a random schedule has led.
 */
import { describe, expect, it } from 'vitest'
import { stream } from '../../shared/base/prng.ts'
import { Execution } from '../../shared/explore/execution.ts'
import { Search } from '../../shared/explore/search.ts'
import { stateOf } from '../../shared/explore/state.ts'
import { worldMaker, type Subject } from '../../shared/explore/subject.ts'
import { commit, fileOf, inTurn } from '../../shared/races/stage.ts'
import { load, store } from '../../shared/sim/ops/access.ts'
import { invalidateEntries } from '../../shared/sim/ops/direct-io.ts'
import { punchHole } from '../../shared/sim/ops/punch-hole.ts'
import { process } from '../../shared/sim/scenarios/actors.ts'
import { parseStrategy, slots, strategies, type SlotName } from '../../shared/sim/strategies/index.ts'
import type { StepsOf } from '../../shared/sim/task.ts'
import type { World } from '../../shared/sim/world.ts'
import { enumerate } from './naive.ts'

/** Points in the middle, and schedules from each that are enumerated at most: where there are more it is moved on. */
const MIDDLES = 3
const ENOUGH = 2_500
/** More than any whole instance has. */
const WHOLE = 200_000

type Actors = (w: World) => readonly StepsOf<unknown>[]

const FIRST = { index: 0, slot: 0 }

/** What meets at each slot. */
const instances: Readonly<Record<SlotName, Actors>> = {
  guard(w) {
    const file = fileOf(w, { pages: 1, blocks: 'written' })
    return [load(w, process(w, file), FIRST), punchHole(w, file, { from: 0, to: 1 })]
  },
  pairing(w) {
    const vma = process(w, fileOf(w, { pages: 1 }))
    return [store(w, vma, FIRST), load(w, vma, FIRST)]
  },
  init(w) {
    const file = fileOf(w, { pages: 1 })
    return [store(w, process(w, file), FIRST), load(w, process(w, file), { index: 0, slot: 1 })]
  },
  cow(w) {
    const file = fileOf(w, { pages: 1, blocks: 'written' })
    return [store(w, process(w, file, { shared: false }), FIRST), punchHole(w, file, { from: 0, to: 1 })]
  },
  tx(w) {
    const file = fileOf(w, { pages: 1 })
    w.startJournal(Infinity)
    return [store(w, process(w, file), FIRST), punchHole(w, file, { from: 0, to: 1 }), commit(w)]
  },
  enospc(w) {
    const file = fileOf(w, { pages: 4, blocks: 'written' })
    const other = fileOf(w, { pages: 1 })
    w.startJournal(Infinity)
    return [store(w, process(w, other), FIRST), punchHole(w, file, { from: 0, to: 1 })]
  },
  wake(w) {
    const file = fileOf(w, { pages: 1 })
    const removes = () => invalidateEntries(w, { inode: file, from: 0, to: 1 })
    return [store(w, process(w, file), FIRST), removes(), removes(), removes()]
  },
}

/** Where more than two tasks meet: whom it is asked of first, and preemptions of the whole instance. */
const BASES: Partial<Record<SlotName, string>> = { tx: 'F', wake: 'K' }
const WITHIN: Partial<Record<SlotName, number>> = { tx: 1, wake: 1 }

/** A preset with that option, or one that it can be given to. */
function strategyWith(slot: SlotName, option: string): string {
  const own = strategies.items.find((one) => one.slots[slot] === option && BASES[slot] === undefined)
  if (own !== undefined) return own.id
  const able = [BASES[slot] ?? 'K', ...strategies.ids].map((id) => `${id},${slot}=${option}`).find(canBe)
  if (able === undefined) throw new Error(`no preset can have ${slot}=${option}`)
  return able
}

function canBe(text: string): boolean {
  try {
    parseStrategy(text)
    return true
  } catch {
    return false
  }
}

/** The instance with these moves made; at its end the state is reported, in letters: keys leave numbers out. */
function subjectOf(slot: SlotName, strategy: string, prefix: readonly number[] = []): Subject {
  const machine = { cpus: 4, blocks: 4, slots: 2 }
  const make = worldMaker({ machine, strategy: parseStrategy(strategy), rounds: 1 })
  return {
    id: slot,
    strategy,
    build(sink) {
      const world = make(sink)
      const { k } = world
      for (const [i, steps] of instances[slot](world).entries()) k.spawn(`t${i}`, inTurn(steps))
      for (const id of prefix) {
        k.tasks[id].footprint = 0
        k.step(k.tasks[id])
      }
      k.touched.length = 0
      return world
    },
    judge(world) {
      const state = [...stateOf(world)].map(([name, value]) => `${name}: ${value.replace(/page number \d+/, '')}`)
      const ends = world.k.tasks.map((task) => (task.daemon ? '' : task.state))
      const text = [...state.sort(), ...ends].join(' | ')
      const message = `ends as ${text.replace(/\d/g, (digit) => 'abcdefghij'[Number(digit)])}`
      world.k.report('S1', () => ({ message, objects: [] }))
    },
  }
}

function searched(subject: Subject, preemptions: number | undefined, reduce: boolean): string[] {
  const search = new Search(subject, { prefix: [], sleepers: [] }, { preemptions, depth: 1_000, reduce })
  while (search.next());
  return search
    .result()
    .found.map(({ key }) => key)
    .sort()
}

/** A random schedule of it: any task at any time. */
function randomMoves(subject: Subject, seed: number): readonly number[] {
  const lot = stream(seed, 0x510f, 0)
  const execution = new Execution(subject)
  while (!execution.atRest) {
    const able = execution.k.tasks.filter((task) => execution.canMove(task))
    execution.move(able[lot.below(able.length)].id)
  }
  return execution.moves
}

/** All from a point on a random schedule, as early as there are few enough. */
function middle(slot: SlotName, strategy: string, seed: number): { subject: Subject; found: ReadonlySet<string> } {
  const moves = randomMoves(subjectOf(slot, strategy), seed)
  for (let left = 10; ; left--) {
    const subject = subjectOf(slot, strategy, moves.slice(0, Math.max(0, moves.length - left)))
    const { complete, found } = enumerate(subject, { budget: ENOUGH })
    if (complete) return { subject, found }
  }
}

const violations = new Map<SlotName, Set<string>>()

const SLOTS = Object.keys(instances) as SlotName[]

describe.each(SLOTS.flatMap((slot) => slots[slot].ids.map((option) => [slot, option] as const)))(
  '%s=%s',
  (slot, option) => {
    const strategy = strategyWith(slot, option)

    const preemptions = WITHIN[slot] ?? 2
    it(`is searched to the same ends as by enumeration, within ${preemptions} preemptions`, () => {
      const subject = subjectOf(slot, strategy)
      const { complete, found } = enumerate(subject, { preemptions, budget: WHOLE })
      expect(complete).toBe(true)
      expect(searched(subject, preemptions, true)).toEqual([...found].sort())
      expect(searched(subject, preemptions, false)).toEqual([...found].sort())
      const bad = violations.get(slot) ?? new Set()
      for (const key of found) if (!key.startsWith('S1')) bad.add(`${option}: ${key}`)
      violations.set(slot, bad)
    })

    it('is searched to the same ends as by enumeration from its middle, without a bound', () => {
      for (let seed = 1; seed <= MIDDLES; seed++) {
        const { subject, found } = middle(slot, strategy, seed)
        expect(searched(subject, undefined, true)).toEqual([...found].sort())
        expect(searched(subject, undefined, false)).toEqual([...found].sort())
      }
    })
  },
)

it.each(SLOTS)('some option of %s breaks something there', (slot) => {
  expect([...(violations.get(slot) ?? [])]).not.toEqual([])
})

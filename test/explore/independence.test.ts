/**
 * What the reduction rests on: two moves whose footprints say that they do not depend on each other can change places, and
 * everything after them goes as it went: the same moves with the same footprints, the same findings, the same state. A mark that
 * is missing in the model hides orders from every search; this finds it without anyone knowing where to look.
 */
import { describe, expect, it } from 'vitest'
import { Execution } from '../../shared/explore/execution.ts'
import { codeOfAccess, dependent, FootprintSink } from '../../shared/explore/footprint.ts'
import { findingKey } from '../../shared/explore/search.ts'
import { stateOf } from '../../shared/explore/state.ts'
import { scenarioSubject, type Subject } from '../../shared/explore/subject.ts'
import { contender, isGroup, raceSubject, races } from '../../shared/races/index.ts'
import { stream } from '../../shared/base/prng.ts'
import { scenarios } from '../../shared/sim/scenarios/index.ts'
import { parseStrategy, strategies } from '../../shared/sim/strategies/index.ts'

const RUNS = Number(process.env['RUNS'] ?? 4)
const SWAPS = 4
const MOVES = 400

interface Made {
  readonly task: number
  readonly codes: readonly number[]
  /** Kinds of accesses: objects may have other numbers where they are made in another order. */
  readonly kinds: string
  readonly woke: ReadonlySet<number>
}

interface Run {
  readonly moves: readonly Made[]
  /** All its moves could be made. */
  readonly whole: boolean
  readonly end: string
}

function run(subject: Subject, choose: (execution: Execution, able: readonly number[]) => number | undefined): Run {
  const sink = new FootprintSink()
  const execution = new Execution(subject, sink)
  const { k } = execution
  const moves: Made[] = []
  let whole = true
  while (moves.length < MOVES) {
    const able = k.tasks.filter((task) => execution.canMove(task)).map(({ id }) => id)
    const id = choose(execution, able)
    if (id === undefined) break
    whole = able.includes(id)
    if (!whole) break
    const asleep = k.tasks.filter(({ state }) => state === 'blocked')
    sink.begin(id)
    k.touched.length = 0
    const { footprint } = k.tasks[id]
    if (footprint !== 0) sink.codes.push(codeOfAccess(footprint))
    execution.move(id)
    const codes = [...sink.codes, ...k.touched.map(codeOfAccess)]
    const woke = new Set(asleep.filter(({ state }) => state !== 'blocked').map((task) => task.id))
    moves.push({ task: id, codes, kinds: codes.map((code) => code % 8).join(), woke })
  }
  if (execution.atRest) execution.end()
  const found = k.findings.map(({ invariant, message }) => findingKey(invariant, message)).sort()
  const state = [...stateOf(execution.world)].map(([name, value]) => `${name}: ${value}`)
  return { moves, whole, end: [...k.tasks.map((task) => task.state), ...found, ...state.sort()].join('\n') }
}

/** What each task does, whoever goes between. */
function perTask({ moves }: Run): string {
  return moves
    .map(({ task, kinds }) => `${task} ${kinds}`)
    .sort()
    .join('\n')
}

function changePlaces(subject: Subject, seed: number): number {
  const lot = stream(seed, 0x5a5a, 0)
  const straight = run(subject, (execution, able) => {
    if (execution.atRest) return undefined
    return execution.lastWouldGoOn && lot.below(3) > 0 ? execution.last : able[lot.below(able.length)]
  })
  const { moves } = straight
  const pairs = moves.flatMap((move, i) => {
    const next = moves.at(i + 1)
    if (next === undefined || next.task === move.task || move.woke.has(next.task)) return []
    return dependent(move.codes, next.codes) ? [] : [i]
  })
  for (let n = 0; n < SWAPS && pairs.length > 0; n++) {
    const at = pairs[lot.below(pairs.length)]
    const order = moves.map(({ task }) => task)
    ;[order[at], order[at + 1]] = [order[at + 1], order[at]]
    let made = 0
    const swapped = run(subject, () => order.at(made++))
    const what = `${subject.id} under ${subject.strategy}, seed ${seed}, moves ${at} and ${at + 1}`
    expect([what, swapped.whole, perTask(swapped), swapped.end]).toEqual([what, true, perTask(straight), straight.end])
  }
  return pairs.length
}

describe('moves that do not depend on each other change places and nothing else changes', () => {
  it.each(races.items.filter((race) => !isGroup(race)).map(({ id }) => id))('in %s', (id) => {
    const race = races.get(id)
    if (isGroup(race) || (race.blocks ?? 0) > 256) return
    for (const strategy of strategies.ids) {
      const on = contender(parseStrategy(strategy))
      if (race.notApplicable(on) !== undefined) continue
      for (let seed = 1; seed <= RUNS; seed++) changePlaces(raceSubject(race, on), seed)
    }
  })

  it.each(scenarios.ids)('in %s', (scenario) => {
    for (const strategy of ['K', 'G', 'E']) {
      const subject = scenarioSubject({ scenario, strategy, params: scenarios.get(scenario).search ?? {} })
      for (let seed = 1; seed <= RUNS; seed++) expect(changePlaces(subject, seed)).toBeGreaterThan(0)
    }
  })
})

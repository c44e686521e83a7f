/**
 * Races, in a thread of the pool: one race with its film, or one row of the matrix. Nothing is imported here but the model and
 * its explorer, so that a thread is up in no time.
 */

import type { FilmLockOrder, RaceResult, VerdictRow } from '#shared/contract/races.ts'
import { direct } from '#shared/explore/directed.ts'
import { film, type Filmed } from '#shared/explore/replay.ts'
import { decodeSchedule } from '#shared/explore/schedule.ts'
import { classesOf, lockdepSees, modeBit, needsQueuedWriter } from '#shared/lockorder/order-graph.ts'
import { MODES } from '#shared/model/kinds.ts'
import {
  contender,
  expectedOf,
  isGroup,
  judgeRace,
  linesOf,
  races,
  raceSubject,
  type RaceVerdict,
} from '#shared/races/index.ts'
import { parseStrategy, type ResolvedStrategy } from '#shared/sim/strategies/index.ts'
import '../strategy/find.ts'

export { crashes, places } from './crash-run.ts'

export interface RaceSpec {
  readonly race: string
  readonly strategy: string
  readonly slots: readonly string[]
  /** Film this script instead of what decided. */
  readonly script: number | undefined
}

export function one({ race, strategy: text, slots, script }: RaceSpec): RaceResult {
  const started = performance.now()
  const strategy = parseStrategy(text, slots)
  const verdict = judgeRace(race, contender(strategy))
  const shown = filmOf(verdict, strategy, script)
  return {
    ...rowOf(race, strategy, verdict),
    schedule: shown?.schedule ?? null,
    script: script ?? verdict.script ?? null,
    reached: shown?.reached ?? [],
    title: races.get(race).title,
    fs: strategy.fs,
    slots: { ...strategy.slots, ...words(strategy.switches) },
    steps: shown?.steps ?? [],
    initialState: shown?.initialState ?? {},
    findings: shown?.findings ?? [],
    deadlock: shown?.deadlock ?? null,
    lockOrder: orderOf(shown?.lockOrder),
    wallMs: Math.round(performance.now() - started),
  }
}

type Shown = Filmed & { readonly reached?: readonly boolean[] }

function filmOf(verdict: RaceVerdict, strategy: ResolvedStrategy, script: number | undefined): Shown | undefined {
  const race = races.get(verdict.race)
  if (isGroup(race) || verdict.schedule === undefined) return undefined
  const on = contender(strategy)
  const subject = raceSubject(race, on)
  if (script === undefined) {
    return { ...film(subject, decodeSchedule(verdict.schedule).moves), schedule: verdict.schedule }
  }
  return direct(subject, linesOf(race, on)[script])
}

function orderOf(order: Filmed['lockOrder'] | undefined): FilmLockOrder {
  if (order === undefined) return { edges: [], cycles: [] }
  const pairs = MODES.flatMap((held) => MODES.map((wanted) => [held, wanted] as const))
  return {
    edges: order.edges.map(({ from, to, modes, witness }) => ({
      from,
      to,
      modes: pairs.filter(([held, wanted]) => (modes & modeBit(held, wanted)) !== 0),
      task: witness.by,
      move: witness.at,
    })),
    cycles: order.cycles.map((cycle) => ({
      classes: classesOf(cycle),
      edges: cycle.edges.map((edge) => order.edges.indexOf(edge)),
      lockdepSees: lockdepSees(classesOf(cycle)),
      needsQueuedWriter: needsQueuedWriter(cycle),
    })),
  }
}

function words(switches: ResolvedStrategy['switches']): Record<string, string> {
  return Object.fromEntries(Object.entries(switches).map(([name, value]) => [name, String(value)]))
}

export interface RowSpec {
  readonly race: string
  readonly strategies: readonly string[]
}

/** One race under many strategies. */
export function row({ race, strategies }: RowSpec): VerdictRow[] {
  return strategies.map((text) => {
    const strategy = parseStrategy(text)
    return rowOf(race, strategy, judgeRace(race, contender(strategy)))
  })
}

function rowOf(race: string, strategy: ResolvedStrategy, verdict: RaceVerdict): VerdictRow {
  return {
    race,
    strategy: strategy.label,
    outcome: verdict.outcome,
    expected: expectedOf(race, strategy) ?? null,
    invariants: verdict.invariants,
    why: verdict.why ?? null,
    schedule: verdict.schedule ?? null,
    decidedBy: verdict.race,
    executions: verdict.executions,
    complete: verdict.complete,
    within: verdict.within ?? null,
  }
}

/**
 * Races, in a thread of the pool: one race with its film, or one row of the matrix. Nothing is imported here but the model and
 * its explorer, so that a thread is up in no time.
 */

import type { RaceResult, VerdictRow } from '#shared/contract/races.ts'
import { film } from '#shared/explore/replay.ts'
import { decodeSchedule } from '#shared/explore/schedule.ts'
import { contender, expectedOf, judgeRace, raceOf, races, type RaceVerdict } from '#shared/races/index.ts'
import { parseStrategy, type ResolvedStrategy } from '#shared/sim/strategies/index.ts'

export interface RaceSpec {
  readonly race: string
  readonly strategy: string
  readonly slots: readonly string[]
}

export function one({ race, strategy: text, slots }: RaceSpec): RaceResult {
  const started = performance.now()
  const strategy = parseStrategy(text, slots)
  const verdict = judgeRace(race, contender(strategy))
  const subject = raceOf(verdict.race, strategy)
  const shown =
    subject === undefined || verdict.schedule === undefined
      ? undefined
      : film(subject, decodeSchedule(verdict.schedule).moves)
  return {
    ...rowOf(race, strategy, verdict),
    title: races.get(race).title,
    fs: strategy.fs,
    slots: { ...strategy.slots, ...words(strategy.switches) },
    steps: shown?.steps ?? [],
    initialState: shown?.initialState ?? {},
    wallMs: Math.round(performance.now() - started),
  }
}

function words(switches: ResolvedStrategy['switches']): Record<string, string> {
  return Object.fromEntries(Object.entries(switches).map(([name, value]) => [name, String(value)]))
}

/** One race under many strategies. */
export function row({ race, strategies }: { race: string; strategies: readonly string[] }): VerdictRow[] {
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
  }
}

/** Races judged as the command line does, for tests. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Policy } from '#shared/sim/policies/slots.ts'
import { contender, judgeRace, type RaceOutcome, type RaceVerdict } from '#shared/races/index.ts'
import { parseStrategy, policyOf } from '#shared/sim/strategies/index.ts'

export function verdictOf(race: string, strategy: string, budget?: number): RaceVerdict {
  return judgeRace(race, contender(parseStrategy(strategy)), budget === undefined ? {} : { budget })
}

/** The same with a policy that was tampered with. */
export function brokenVerdict(race: string, strategy: string, breakIt: (policy: Policy) => Policy): RaceVerdict {
  const resolved = parseStrategy(strategy)
  return judgeRace(race, contender(resolved, breakIt(policyOf(resolved))))
}

interface Verdicts {
  readonly columns: readonly string[]
  readonly rows: Readonly<
    Record<string, { readonly title: string; readonly cells: Readonly<Record<string, { readonly verdict: string }>> }>
  >
}

/** The verdict matrix of the specification, as published. */
export const published = JSON.parse(
  readFileSync(join(import.meta.dirname, '../fixtures/verdicts.json'), 'utf8'),
) as Verdicts

const MEANS: Readonly<Record<string, RaceOutcome | undefined>> = {
  vulnerable: 'violated',
  immune: 'held',
  hazard: 'hazard',
  na: 'not-applicable',
}

/** Asserted cells of a race's row. */
export function cellsOf(race: string): (readonly [strategy: string, outcome: RaceOutcome])[] {
  return Object.entries(published.rows[race].cells).flatMap(([strategy, { verdict }]) => {
    const outcome = MEANS[verdict]
    return outcome === undefined ? [] : [[strategy, outcome] as const]
  })
}

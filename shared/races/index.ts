/** The catalogue: every race by id, groups (any of several) among them. */

import { registry } from '../base/registry.ts'
import type { Subject } from '../explore/subject.ts'
import type { ResolvedStrategy } from '../sim/strategies/index.ts'
import * as all from './all.ts'
import { judge, type JudgeOptions, type RaceOutcome, type RaceVerdict } from './judge.ts'
import { isGroup, type Contender, type Race, type RaceGroup } from './race.ts'
import { contender, raceSubject } from './subject.ts'

export { expectedOf } from './expected.ts'
export type { RaceOutcome, RaceVerdict } from './judge.ts'
export { isGroup, type Contender, type Race, type RaceGroup } from './race.ts'
export { contender, linesOf, raceSubject } from './subject.ts'

function isRace(value: unknown): value is Race | RaceGroup {
  return typeof value === 'object' && value !== null && 'severity' in value
}

export const races = registry<Race | RaceGroup>(
  'race',
  Object.values(all)
    .filter(isRace)
    .sort((a, b) => (a.id < b.id ? -1 : 1)),
)

/** Worst first: a group comes out as the worst of its parts. */
const ORDER: readonly RaceOutcome[] = ['violated', 'hazard', 'held', 'not-applicable']

export function judgeRace(id: string, on: Contender, options: JudgeOptions = {}): RaceVerdict {
  const race = races.get(id)
  if (!isGroup(race)) return judge(race, on, options)
  const verdicts = race.parts.map((part) => judgeRace(part, on, options))
  const [worst] = verdicts.toSorted((a, b) => ORDER.indexOf(a.outcome) - ORDER.indexOf(b.outcome))
  return worst
}

/** What a schedule names by a race's id; undefined if there is no such race (or only a group of that name). */
export function raceOf(id: string, strategy: ResolvedStrategy): Subject | undefined {
  const race = races.find(id)
  return race === undefined || isGroup(race) ? undefined : raceSubject(race, contender(strategy))
}

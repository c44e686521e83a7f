/**
 * Everything that has an id and can be explored: scenarios, in the size they have for a search, and races of the catalogue.
 * A schedule names its subject by such an id.
 */

import { ApiError } from '../base/errors.ts'
import { unknownId } from '../base/registry.ts'
import { scenarios } from '../sim/scenarios/index.ts'
import type { ResolvedStrategy } from '../sim/strategies/index.ts'
import { parseSubjectId, scenarioOf, type Subject } from '../explore/subject.ts'
import { isGroup, raceOf, races } from './index.ts'

/** The subject that a schedule names. */
export function subjectOf(text: string, strategy: ResolvedStrategy): Subject {
  const found = scenarioOf(text, strategy) ?? raceOf(text, strategy)
  if (found !== undefined) return found
  const { id } = parseSubjectId(text)
  const race = races.find(id)
  if (race !== undefined && isGroup(race)) {
    throw new ApiError('bad-request', `${id} is several races`, `name one of ${race.parts.join(', ')}`)
  }
  if (race !== undefined) throw new ApiError('bad-request', `a race has no parameters, '${text}' gives some`)
  throw unknownId('scenario', id, [...scenarios.ids, ...races.ids])
}

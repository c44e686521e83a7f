/** Row ids as the window spells them: `task:12`. What is not one is refused with a sentence. */

import { ApiError } from '../base/errors.ts'
import type { Trace } from '../model/trace.ts'
import { countersOf } from './counters.ts'
import { ROW_SECTIONS, type RowId, type RowSection } from './types.ts'

export interface RowPlace {
  readonly section: RowSection
  /** Id in the section; of a counter, its place in the list of counters. */
  readonly number: number
}

export function rowId(section: Exclude<RowSection, 'counter'>, number: number): RowId {
  return `${section}:${number}`
}

export function parseRowId(trace: Trace, id: RowId): RowPlace {
  const colon = id.indexOf(':')
  const section = ROW_SECTIONS.find((one) => one === id.slice(0, colon))
  const rest = id.slice(colon + 1)
  const number =
    section === 'counter'
      ? countersOf(trace).findIndex((one) => one.id === rest)
      : /^\d{1,9}$/.test(rest)
        ? Number(rest)
        : -1
  if (section === undefined || number < 0) {
    throw new ApiError('bad-request', `there is no timeline row ${id}`, 'rows are listed by timeline.rows')
  }
  return { section, number }
}

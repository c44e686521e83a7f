/**
 * What the searched races say of a compared strategy: which are violated, which of the rest were searched to the end, how many
 * are still to come. "Safe" is never said; what was complete is said with its bound.
 */

import type { RaceInfo, VerdictRow } from '#shared/contract/races.ts'
import { formatCount } from '../../ui/format.ts'
import { severitiesOf } from '../races/matrix.ts'

export interface Safety {
  readonly violated: readonly { readonly id: string; readonly title: string; readonly cell: VerdictRow }[]
  readonly hazards: number
  /** Races that can be asked of it, among those computed. */
  readonly asked: number
  readonly complete: number
  readonly computed: number
  readonly total: number
}

/** Groups are left out: their parts are counted. */
export function safetyOf(list: readonly RaceInfo[], cell: (race: string) => VerdictRow | undefined): Safety {
  const single = list.filter(({ parts }) => parts === null)
  const order = severitiesOf(single)
  const known = single.flatMap((race) => {
    const one = cell(race.id)
    return one === undefined ? [] : [{ race, cell: one }]
  })
  const asked = known.filter((one) => one.cell.outcome !== 'not-applicable')
  const violated = asked
    .filter((one) => one.cell.outcome === 'violated')
    .sort((a, b) => order.indexOf(a.race.severity) - order.indexOf(b.race.severity))
    .map((one) => ({ id: one.race.id, title: one.race.title, cell: one.cell }))
  return {
    violated,
    hazards: asked.filter((one) => one.cell.outcome === 'hazard').length,
    asked: asked.length,
    complete: asked.filter((one) => one.cell.outcome === 'held' && one.cell.complete).length,
    computed: known.length,
    total: single.length,
  }
}

export function safetyWords(safety: Safety): string {
  const { violated, hazards, asked, complete, computed, total } = safety
  const left = computed < total ? `; ${formatCount(total - computed)} still to be run` : ''
  const held = asked - violated.length - hazards
  const parts = [
    `${formatCount(violated.length)} of ${formatCount(asked)} races violated`,
    ...(hazards > 0 ? [`${formatCount(hazards)} hazards`] : []),
    `${formatCount(held)} held, ${formatCount(complete)} of them searched to the end within 2 preemptions`,
  ]
  return parts.join(', ') + left
}

/** For a narrow cell without violations. */
export function safetyShort({ asked, complete, hazards, computed, total }: Safety): string {
  if (total === 0) return '…'
  if (computed < total) return `${formatCount(computed)} of ${formatCount(total)} run`
  const held = asked - hazards
  return complete === held
    ? `${formatCount(held)} held, bound 2`
    : `${formatCount(complete)}/${formatCount(held)} complete`
}

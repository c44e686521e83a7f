/**
 * The race × strategy matrix as plain functions: which rows are shown under a filter, what a cell means in a mark and in
 * words, where the arrow keys lead, and the table behind it. A cell is violated, held, held as far as was searched, hazard,
 * not applicable or not computed yet; each has a sign of its own beside its colour.
 */

import type { RaceInfo, VerdictRow } from '#shared/contract/races.ts'
import { counted, sentence } from '../../ui/format.ts'
import type { TableSpec } from '../../ui/table-spec.ts'

export interface MatrixFilter {
  /** Part of an id, a title or an invariant. */
  readonly text: string
  /** '' all. */
  readonly severity: string
  readonly show: 'all' | 'violated' | 'differs'
  /** Also the variants that a race of several is made of. */
  readonly variants: boolean
}

export type CellLook = 'violated' | 'hazard' | 'held' | 'partly' | 'not-applicable' | 'unknown'

export const LOOKS: Readonly<Record<CellLook, { readonly word: string; readonly about: string }>> = {
  violated: { word: 'violated', about: 'a schedule was found that breaks an invariant; a click shows it' },
  hazard: { word: 'hazard', about: 'nothing is lost or broken for good: time, or a rule of the kernel' },
  held: { word: 'held', about: 'nothing left out: every schedule with two preemptions or fewer was searched' },
  partly: { word: 'held so far', about: 'nothing found, and the search was not complete: this does not mean safe' },
  'not-applicable': { word: 'not applicable', about: 'the strategy has nothing this race could be about' },
  unknown: { word: 'not run yet', about: 'it has not been computed' },
}

export interface Spot {
  readonly row: number
  readonly column: number
}

export function cellKey(race: string, strategy: string): string {
  return `${race} ${strategy}`
}

/** A strategy above its column, which is narrow: one of the user's own by the beginning of its file's name. */
export function columnHead(strategy: string): string {
  const [id = '', ...overrides] = strategy.split(',')
  const short = id.includes('#') ? `${id.split('.')[0]?.slice(0, 4) ?? ''}…` : id
  return overrides.length > 0 ? `${short}′` : short
}

/** Columns of the user's own stand beside the presets, a little wider; the names give up what they need, as far as they can. */
export function widthOfNames(strategies: readonly string[]): number {
  const own = strategies.filter((strategy) => strategy.includes('#')).length
  return Math.max(NAMES_PX.least, NAMES_PX.most - own * NAMES_PX.perOwn)
}
const NAMES_PX = { most: 204, least: 108, perOwn: 32 } as const

export function lookOf(cell: VerdictRow | undefined): CellLook {
  if (cell === undefined) return 'unknown'
  if (cell.outcome === 'held') return cell.complete ? 'held' : 'partly'
  return cell.outcome
}

/** Computed and stated, and not the same. */
export function differs(cell: VerdictRow | undefined): boolean {
  return cell !== undefined && cell.expected !== null && cell.expected !== cell.outcome
}

type CellOf = (race: string, strategy: string) => VerdictRow | undefined

export function shownRaces(
  list: readonly RaceInfo[],
  filter: MatrixFilter,
  strategies: readonly string[],
  cell: CellOf,
): readonly RaceInfo[] {
  const parts = new Set(list.flatMap((race) => race.parts ?? []))
  const words = filter.text.trim().toLowerCase().split(/\s+/)
  return list.filter((race) => {
    if (!filter.variants && parts.has(race.id)) return false
    if (filter.severity !== '' && race.severity !== filter.severity) return false
    const text = [race.id, race.title, race.about, ...race.invariants].join(' ').toLowerCase()
    if (!words.every((word) => text.includes(word))) return false
    if (filter.show === 'all') return true
    const row = strategies.map((strategy) => cell(race.id, strategy))
    return row.some((one) => (filter.show === 'violated' ? one?.outcome === 'violated' : differs(one)))
  })
}

/** Severities that races have, worst first. */
const SEVERITIES = ['security', 'corruption', 'hang', 'liveness', 'resource', 'policy']
export function severitiesOf(list: readonly RaceInfo[]): readonly string[] {
  return [...new Set(list.map(({ severity }) => severity))].sort(
    (a, b) => SEVERITIES.indexOf(a) - SEVERITIES.indexOf(b),
  )
}

export function cellWords(race: RaceInfo, strategy: string, cell: VerdictRow | undefined): string {
  return [`${race.id} ${race.title}, strategy ${strategy}: ${outcomeWords(cell)}`, ...cellNotes(cell)].join('. ')
}

export function outcomeWords(cell: VerdictRow | undefined): string {
  const look = LOOKS[lookOf(cell)].word
  if (cell === undefined || cell.invariants.length === 0) return look
  return `${look}, ${cell.invariants.join(', ')}`
}

export function sentences(notes: readonly string[]): string {
  return notes.map(sentence).join(' ')
}

/** What is worth knowing beside the outcome, one sentence each. */
export function cellNotes(cell: VerdictRow | undefined): string[] {
  if (cell === undefined) return []
  const notes: string[] = []
  if (cell.why !== null) notes.push(cell.why)
  if (cell.decidedBy !== cell.race && cell.outcome !== 'not-applicable') notes.push(`decided by ${cell.decidedBy}`)
  if (cell.outcome === 'held') notes.push(searchWords(cell))
  if (differs(cell)) notes.push(`stated: ${cell.expected?.replace('-', ' ') ?? ''}; what runs here disagrees`)
  else if (cell.expected !== null) notes.push('as stated in the literature')
  return notes
}

export function searchWords({
  executions,
  complete,
  within,
}: Pick<VerdictRow, 'executions' | 'complete' | 'within'>): string {
  const count = counted(executions, 'schedule')
  if (complete) return `complete: ${count}, everything within 2 preemptions`
  const whole = within === null ? '' : `; complete within ${counted(within, 'preemption')}`
  return `not complete: the search stopped after ${count} within 2 preemptions${whole}`
}

export function stepTo(
  spot: Spot,
  key: string,
  size: { readonly rows: number; readonly columns: number },
): Spot | undefined {
  const { rows, columns } = size
  const to: Readonly<Record<string, Spot>> = {
    ArrowRight: { ...spot, column: spot.column + 1 },
    ArrowLeft: { ...spot, column: spot.column - 1 },
    ArrowDown: { ...spot, row: spot.row + 1 },
    ArrowUp: { ...spot, row: spot.row - 1 },
    Home: { ...spot, column: 0 },
    End: { ...spot, column: columns - 1 },
    PageDown: { ...spot, row: spot.row + 10 },
    PageUp: { ...spot, row: spot.row - 10 },
  }
  const next = to[key]
  if (next === undefined || rows === 0 || columns === 0) return undefined
  const inside = (value: number, count: number): number => Math.max(0, Math.min(count - 1, value))
  return { row: inside(next.row, rows), column: inside(next.column, columns) }
}

/** How many cells came out how, for the head. */
export function tally(
  races: readonly RaceInfo[],
  strategies: readonly string[],
  cell: CellOf,
): { readonly violated: number; readonly computed: number; readonly differ: number; readonly partly: number } {
  const all = races.flatMap((race) => strategies.map((strategy) => cell(race.id, strategy)))
  const count = (test: (one: VerdictRow | undefined) => boolean): number => all.filter(test).length
  return {
    violated: count((one) => one?.outcome === 'violated'),
    computed: count((one) => one !== undefined),
    differ: count(differs),
    partly: count((one) => lookOf(one) === 'partly'),
  }
}

/** One row per cell: what was computed beside what is stated. */
export function matrixTable(races: readonly RaceInfo[], strategies: readonly string[], cell: CellOf): TableSpec {
  return {
    columns: [
      { key: 'race', title: 'Race', kind: 'mono' },
      { key: 'title', title: 'Title' },
      { key: 'strategy', title: 'Strategy', kind: 'mono' },
      { key: 'outcome', title: 'Outcome' },
      { key: 'expected', title: 'Stated' },
      { key: 'invariants', title: 'Invariants' },
      { key: 'why', title: 'Why' },
      { key: 'executions', title: 'Schedules searched', kind: 'count' },
      { key: 'complete', title: 'Complete within 2 preemptions' },
      { key: 'schedule', title: 'Schedule', kind: 'mono' },
    ],
    rows: races.flatMap((race) =>
      strategies.flatMap((strategy) => {
        const one = cell(race.id, strategy)
        if (one === undefined) return []
        const { outcome, expected, invariants, why, executions, complete, schedule } = one
        const searched = outcome === 'held' ? [executions, complete ? 'yes' : 'no'] : [undefined, undefined]
        return [[race.id, race.title, strategy, outcome, expected, invariants.join(' '), why, ...searched, schedule]]
      }),
    ),
  }
}

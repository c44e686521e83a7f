/** `faultline list`: what ids there are. */

import { EXPORT_FORMATS } from '#shared/contract/export-formats.ts'
import type { AppInfo } from '#shared/contract/methods.ts'
import type { RaceInfo } from '#shared/contract/races.ts'
import type { ScenarioInfo, SimCatalog, SlotInfo, StrategyInfo } from '#shared/contract/simulation.ts'
import { unknownId } from '#shared/base/registry.ts'
import { json } from '../options.ts'
import { bold, columnsOf, dim, print, printable, printJson, printTable } from '../output.ts'
import { verb } from './verb.ts'

const LISTS = ['scenarios', 'strategies', 'slots', 'races', 'invariants', 'formats', 'analyses'] as const
type List = (typeof LISTS)[number]

interface Item {
  readonly id: string
  readonly title: string
}

export const list = verb({
  id: 'list',
  about: `what ids there are: ${LISTS.join(', ')}`,
  args: [{ name: '<WHAT>', about: LISTS.join(', '), known: LISTS }],
  options: { json },
  async run(session, [what], options) {
    const known = LISTS.find((id) => id === what)
    if (known === undefined) throw unknownId('list', what, LISTS)
    const simulated = SIMULATED.has(known) ? await session.call('sim.catalog', {}) : undefined
    const races = known === 'races' ? await session.call('race.list', {}) : undefined
    const items = races ?? itemsOf(known, await session.call('app.info', {}), simulated)
    if (options.json) printJson({ [known]: items })
    else if (simulated !== undefined) printCatalog(known, simulated)
    else if (races !== undefined) printRaces(races)
    else printItems(known, items)
    return 0
  },
})

const SIMULATED: ReadonlySet<List> = new Set(['scenarios', 'strategies', 'slots', 'invariants'])

function itemsOf(what: List, app: AppInfo, simulated: SimCatalog | undefined): readonly Item[] {
  switch (what) {
    case 'formats':
      return formats(app)
    case 'analyses':
      return app.analyses
    default:
      return simulated === undefined ? [] : itemsOfCatalog(simulated, what)
  }
}

function itemsOfCatalog(catalog: SimCatalog, what: List): readonly Item[] {
  return what === 'scenarios' || what === 'strategies' || what === 'slots' || what === 'invariants' ? catalog[what] : []
}

function printCatalog(what: List, catalog: SimCatalog): void {
  print(`${itemsOfCatalog(catalog, what).length} ${what}`)
  if (what === 'scenarios') catalog.scenarios.forEach(printScenario)
  else if (what === 'strategies') printStrategies(catalog.strategies)
  else if (what === 'slots') catalog.slots.forEach(printSlot)
  else printInvariants(catalog.invariants)
}

function printScenario({ id, title, question, params, strategies, filesystems }: ScenarioInfo): void {
  print(`\n${bold(`${id}  ${title}`)}`)
  print(`  ${printable(question)}`)
  print(`  ${dim('compares')} ${strategies.join(', ')} ${dim('on')} ${filesystems.join(', ')}`)
  for (const { name, title: what, type, unit, min, max, options, default: usual } of params) {
    const values = type === 'number' ? `${min} to ${max}${unit === null ? '' : ` ${unit}`}` : (options ?? []).join('|')
    print(`  --set ${name}=${usual}  ${what} (${values})`)
  }
}

function printStrategies(strategies: readonly StrategyInfo[]): void {
  const { name } = columnsOf(strategies)
  printTable([
    name('id', ({ id }) => id),
    name('title', ({ title }) => title),
    name('era', ({ era }) => era),
    name('protects', ({ protects }) => protects),
    name('costs', ({ costs }) => costs),
  ])
}

function printSlot({ id, title, slot, options }: SlotInfo): void {
  print(`\n${bold(slot === null ? id : `${id} (${slot})`)}  ${printable(title)}`)
  for (const option of options) print(`  ${id}=${option.id}  ${printable(option.about)}`)
}

function printInvariants(invariants: SimCatalog['invariants']): void {
  const { name } = columnsOf(invariants)
  printTable([
    name('id', ({ id }) => id),
    name('title', ({ title }) => title),
    name('severity', ({ severity }) => severity),
    name('says', ({ about }) => about),
  ])
}

function printRaces(races: readonly RaceInfo[]): void {
  print(`${races.length} races`)
  const { name } = columnsOf(races)
  printTable([
    name('id', ({ id }) => id),
    name('title', ({ title }) => title),
    name('severity', ({ severity }) => severity),
    name('violates', ({ invariants, parts }) =>
      parts === null ? invariants.join(', ') : `any of ${parts.join(', ')}`,
    ),
    name('says', ({ about }) => about),
  ])
}

/** Of formats that are written only: the others have theirs where they are read. */
const EXPORT_TITLES: Readonly<Partial<Record<(typeof EXPORT_FORMATS)[number], string>>> = {
  csv: 'CSV of one table',
  ndjson: 'NDJSON of one table: one JSON object per line',
  parquet: 'Parquet of one table',
  html: 'report of a trace: one page that needs nothing else',
  faultline: 'Faultline file',
}

/** Formats that can be read, written or both. */
function formats(
  app: AppInfo,
): (Item & { readonly extensions: readonly string[]; readonly reads: boolean; readonly writes: boolean })[] {
  const writes: readonly string[] = EXPORT_FORMATS
  const read = app.formats.map(({ id, title, extensions }) => ({
    id,
    title,
    extensions,
    reads: true,
    writes: writes.includes(id),
  }))
  const written = EXPORT_FORMATS.filter((id) => !read.some((format) => format.id === id)).map((id) => ({
    id,
    title: EXPORT_TITLES[id] ?? id,
    extensions: [id],
    // Faultline's own files need no import: they are opened.
    reads: id === 'faultline',
    writes: true,
  }))
  return [...read, ...written]
}

function printItems(what: List, items: readonly Item[]): void {
  const { name } = columnsOf(items)
  print(`${items.length} ${what}`)
  printTable([name('id', (item) => item.id), name('title', (item) => item.title), name(...lastColumn(what))])
}

function lastColumn(what: List): [head: string, of: (item: Item) => string] {
  if (what !== 'formats') return ['answers', (item) => ('about' in item ? String(item.about) : '')]
  return [
    'direction',
    (item) =>
      ['reads' in item && item.reads && 'in', 'writes' in item && item.writes && 'out'].filter(Boolean).join(', '),
  ]
}

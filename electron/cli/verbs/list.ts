/**
 * `faultline list`: what ids there are. Scenarios, strategies, slots, races and invariants belong to the simulator, which
 * this version does not have: their lists are empty and a note says why.
 */

import { EXPORT_FORMATS, type AppInfo } from '#shared/contract/methods.ts'
import { unknownId } from '#shared/base/registry.ts'
import { json } from '../options.ts'
import { columnsOf, note, print, printJson, printTable } from '../output.ts'
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
  args: [{ name: '<what>', about: LISTS.join('|') }],
  options: { json },
  async run(session, [what], options) {
    const known = LISTS.find((id) => id === what)
    if (known === undefined) throw unknownId('list', what, LISTS)
    const items = itemsOf(known, await session.call('app.info', {}))
    if (items.length === 0)
      note(`there are no ${known} in this version: it imports and analyses traces and does not simulate`)
    if (options.json) printJson({ [known]: items })
    else if (items.length > 0) printItems(known, items)
    return 0
  },
})

function itemsOf(what: List, app: AppInfo): readonly Item[] {
  switch (what) {
    case 'formats':
      return formats(app)
    case 'analyses':
      return app.analyses
    default:
      return []
  }
}

const EXPORT_TITLES: Readonly<Record<(typeof EXPORT_FORMATS)[number], string>> = {
  csv: 'CSV of one table',
  ndjson: 'NDJSON of one table: one JSON object per line',
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
    title: EXPORT_TITLES[id],
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

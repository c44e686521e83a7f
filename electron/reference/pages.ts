/** Every generated file by its path in the project, asked of the same engine the command line uses. */

import { connectInMemory } from '#electron/store/database.ts'
import { migrate } from '#electron/store/migrate.ts'
import type { Client } from '#shared/contract/methods.ts'
import { formatsPage, schemaPage, type ColumnInfo } from './files.ts'
import { racesPage, scenariosPage, strategiesPage } from './model.ts'
import { manPage, verbsPage } from './verbs.ts'
import manifest from '../../package.json' with { type: 'json' }

export async function referencePages(client: Client): Promise<ReadonlyMap<string, string>> {
  const [catalog, races, app] = await Promise.all([
    client.call('sim.catalog', {}),
    client.call('race.list', {}),
    client.call('app.info', {}),
  ])
  return new Map([
    ['docs/faultline.1', manPage(manifest.version)],
    ['docs/reference/command-line.md', verbsPage()],
    ['docs/reference/formats.md', formatsPage(app)],
    ['docs/reference/races.md', racesPage(races, catalog)],
    ['docs/reference/scenarios.md', scenariosPage(catalog)],
    ['docs/reference/sql.md', schemaPage(schemaColumns())],
    ['docs/reference/strategies.md', strategiesPage(catalog)],
  ])
}

/** Tables and columns, in SQLite's own listing. */
function schemaColumns(): readonly ColumnInfo[] {
  const db = connectInMemory()
  try {
    migrate(db)
    const rows = db.prepare(
      `SELECT m.name AS "table", p.name AS "column", p.type AS type
       FROM pragma_table_list m JOIN pragma_table_xinfo(m.name) p
       WHERE m.name NOT LIKE 'sqlite_%' AND m.type IN ('table', 'view') ORDER BY m.name, p.cid`,
    )
    return rows.all() as ColumnInfo[]
  } finally {
    db.close()
  }
}

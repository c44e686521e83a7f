/**
 * Brings a `.faultline` database to the newest schema. The state is `PRAGMA user_version`: the number of migrations
 * applied. They only go forward, one transaction each. It also says what the schema of each version looks like, so that
 * a file from a stranger can be compared with it before anything in it is used.
 * It knows nothing of files: copies and renames are open.ts's business.
 */

import { readdirSync, readFileSync } from 'node:fs'
import { assert } from '#shared/base/assert.ts'
import { connectInMemory, type Db } from './database.ts'

export const APPLICATION_ID = 0x464c544c

export interface Migration {
  /** 1, 2, 3 … : user_version after it. */
  readonly version: number
  readonly name: string
  readonly sql: string
}

export interface SchemaObject {
  readonly type: string
  readonly name: string
  readonly tbl_name: string
  readonly sql: string
}

let known: readonly Migration[] | undefined

/** The texts of migrations/, in order. The only place that knows where they are. */
export function migrations(): readonly Migration[] {
  known ??= readMigrations(new URL('../../migrations/', import.meta.url))
  return known
}

function readMigrations(folder: URL): readonly Migration[] {
  const names = readdirSync(folder)
    .filter((name) => /^\d{4}-[a-z0-9-]+\.sql$/.test(name))
    .sort()
  return names.map((name, i) => {
    assert(Number(name.slice(0, 4)) === i + 1, `migrations are numbered without gaps, ${name} is not number ${i + 1}`)
    return { version: i + 1, name, sql: readFileSync(new URL(name, folder), 'utf8') }
  })
}

export function newestVersion(): number {
  return migrations().length
}

export function versionOf(db: Db): number {
  return Number(db.pragma('user_version', { simple: true }))
}

/** Apply what is missing. Each migration and its number are one transaction. */
export function migrate(db: Db, to = newestVersion()): void {
  for (const { version, sql } of migrations()) {
    if (version <= versionOf(db) || version > to) continue
    db.transaction(() => {
      db.exec(sql)
      db.pragma(`user_version = ${version}`)
    })()
  }
}

const schemas = new Map<number, ReadonlyMap<string, SchemaObject>>()

/** What a database of this version consists of, by name: made by running the migrations. */
export function schemaOf(version: number): ReadonlyMap<string, SchemaObject> {
  let schema = schemas.get(version)
  if (schema === undefined) {
    const db = connectInMemory()
    try {
      migrate(db, version)
      schema = new Map(readSchema(db).map((object) => [object.name, object]))
    } finally {
      db.close()
    }
    schemas.set(version, schema)
  }
  return schema
}

/** Everything with a text of its own in a database's schema (automatic indices have none). */
export function readSchema(db: Db): readonly SchemaObject[] {
  return db
    .prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name')
    .all() as SchemaObject[]
}

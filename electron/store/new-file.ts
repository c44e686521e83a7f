/**
 * A new `.faultline` file, filled beside its place and renamed when it is complete. While it is filled there is no
 * journal, no sync and no index: if the process dies the draft is worthless anyway, and a draft never has the target's
 * name. Indices are made at the end from the texts of the migrations; then the bytes are forced to disk, then renamed.
 */

import { connect, type Db } from './database.ts'
import { migrate } from './migrate.ts'

/** Open an empty draft for loading. Everything until `finishLoading` is one transaction. */
export function openForLoading(path: string): LoadingDb {
  const db = connect(path, { readonly: false, mustExist: false })
  db.pragma('page_size = 16384')
  db.pragma('journal_mode = OFF')
  db.pragma('synchronous = OFF')
  db.pragma('locking_mode = EXCLUSIVE')
  db.pragma('foreign_keys = OFF')
  db.pragma('cache_size = -65536')
  migrate(db)
  const indices = db
    .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")
    .all() as IndexText[]
  for (const { name } of indices) db.exec(`DROP INDEX ${name}`)
  db.exec('BEGIN')
  return { db, indices }
}

interface IndexText {
  readonly name: string
  readonly sql: string
}

export interface LoadingDb {
  readonly db: Db
  readonly indices: readonly IndexText[]
}

/** Make the indices and close. The file is complete then, though perhaps not yet on disk. */
export function finishLoading({ db, indices }: LoadingDb): void {
  for (const { sql } of indices) db.exec(sql)
  db.exec('COMMIT')
  db.close()
}

/**
 * Opens a `.faultline` file somebody may have sent: is it a file, is it SQLite, is it ours, is it complete, can this
 * version read it, and does it consist of exactly the tables we make (no views, no triggers: nothing in a file may run)?
 * Each "no" is one sentence. Reading never changes a file; a file of an older version is migrated in a copy that takes
 * its place only when it is complete.
 */

import { closeSync, copyFileSync, existsSync, openSync, readSync, realpathSync, statSync, type Stats } from 'node:fs'
import { basename } from 'node:path'
import { ApiError } from '#shared/base/errors.ts'
import { connect, explain, isFolder, sqliteCode, type Db } from './database.ts'
import { Draft } from './draft.ts'
import { registerEventTable } from './event-table.ts'
import { hidePlaces } from './guard.ts'
import { APPLICATION_ID, migrate, newestVersion, readSchema, schemaOf, versionOf } from './migrate.ts'
import { checkSizes, HEAD_TABLES } from './sizes.ts'

export type { Db } from './database.ts'

const HEADER_BYTES = 100
const MAGIC = 'SQLite format 3\0'

/** Open for reading, with the `event` table. */
export function openFile(path: string): Db {
  return guarded(path, () => {
    takeBackHalfWrite(path)
    bringUpToDate(path)
    const db = connectChecked(path, true)
    registerEventTable(db)
    hidePlaces(db)
    return db
  })
}

/** Open for adding traces or annotations: SQLite's own journal keeps the file whole if we die. */
export function openFileForWriting(path: string): Db {
  return guarded(path, () => {
    takeBackHalfWrite(path)
    bringUpToDate(path)
    const db = connectChecked(path, false)
    db.pragma('foreign_keys = ON')
    registerEventTable(db)
    hidePlaces(db)
    return db
  })
}

/**
 * A program that was killed while it wrote a note left a journal beside the file: what it had half done has to be taken
 * back before the file can be read, and only a connection that may write can do that. One that is being written right
 * now is left alone by SQLite. Where it cannot be done, opening says what is wrong.
 */
function takeBackHalfWrite(path: string): void {
  if (!existsSync(`${path}-journal`) || !regularFile(path).isFile() || !looksLikeStore(headOf(path))) return
  try {
    const db = connect(path, { readonly: false, mustExist: true })
    try {
      harden(db)
      versionOf(db)
    } finally {
      db.close()
    }
  } catch (error) {
    if (sqliteCode(error) === undefined) throw error
  }
}

export function traceIds(db: Db): number[] {
  return db.prepare('SELECT id FROM trace ORDER BY id').pluck().all() as number[]
}

/** Does the file begin like a `.faultline` file? For telling it from traces to import; says nothing about its health. */
export function looksLikeStore(head: Uint8Array): boolean {
  if (head.length < HEADER_BYTES) return false
  const view = Buffer.from(head.buffer, head.byteOffset, HEADER_BYTES)
  return view.toString('latin1', 0, 16) === MAGIC && view.readUInt32BE(68) === APPLICATION_ID
}

/** What the first bytes say, without SQLite: the cheap and safe questions first. */
function inspect(path: string): { readonly version: number } {
  const name = basename(path)
  const stat = regularFile(path)
  const header = headOf(path)
  const got = header.length
  if (got === 0) throw new ApiError('bad-input', `${name} is empty`, 'record or import a trace into it')
  if (!MAGIC.startsWith(header.toString('latin1', 0, Math.min(16, got)))) {
    throw new ApiError('bad-input', `${name} is not a .faultline file`, 'if it is a trace, import it: faultline import')
  }
  if (got < HEADER_BYTES) throw cut(name)
  if (header.readUInt32BE(68) !== APPLICATION_ID) {
    throw new ApiError(
      'bad-input',
      `${name} is an SQLite database, but not one of Faultline's`,
      'choose a .faultline file',
    )
  }
  checkPages(name, header, stat)
  const version = header.readUInt32BE(60)
  if (version > newestVersion()) {
    throw new ApiError(
      'unsupported',
      `${name} was written by a newer Faultline (file version ${version}, this program reads up to ${newestVersion()})`,
      'update Faultline to open it',
    )
  }
  if (version < 1)
    throw new ApiError('bad-input', `${name} is damaged: it has no file version`, 'import the trace again')
  return { version }
}

/** At most HEADER_BYTES. */
function headOf(path: string): Buffer {
  const head = Buffer.alloc(HEADER_BYTES)
  const file = openSync(path, 'r')
  try {
    return head.subarray(0, readSync(file, head, 0, HEADER_BYTES, 0))
  } finally {
    closeSync(file)
  }
}

function regularFile(path: string): Stats {
  const name = basename(path)
  const stat = statSync(path, { throwIfNoEntry: false })
  // Who asks for it need not know the folder it was in: a browser is not told.
  if (stat === undefined) throw new ApiError('not-found', `${name}: no such file or folder`, 'check the path')
  if (stat.isDirectory()) throw isFolder(name)
  if (!stat.isFile()) {
    throw new ApiError(
      'bad-input',
      `${name} is not a regular file`,
      'a .faultline file cannot be read from a pipe or device',
    )
  }
  return stat
}

/** Header facts of the SQLite file format (sqlite.org/fileformat2.html, section 1.3). */
function checkPages(name: string, header: Buffer, stat: Stats): void {
  const raw = header.readUInt16BE(16)
  const pageSize = raw === 1 ? 65_536 : raw
  if (pageSize < 512 || (pageSize & (pageSize - 1)) !== 0) {
    throw new ApiError('bad-input', `${name} is damaged: pages of ${pageSize} bytes`, 'import the trace again')
  }
  if (stat.size < header.readUInt32BE(28) * pageSize) throw cut(name)
  if (header[18] !== 1 || header[19] !== 1) {
    throw new ApiError(
      'bad-input',
      `${name} is in SQLite's WAL mode, which cannot be read without writing beside it`,
      'run `PRAGMA journal_mode=DELETE` on it with an SQLite client',
    )
  }
}

function cut(name: string): ApiError {
  return new ApiError('bad-input', `${name} is cut short: its end is missing`, 'copy or download it again')
}

function connectChecked(path: string, readonly: boolean): Db {
  const db = connect(path, { readonly, mustExist: true })
  try {
    harden(db)
    checkSchema(db, basename(path), newestVersion())
    checkSizes(db, HEAD_TABLES)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** The file may be hostile: its schema may call nothing of ours, and damaged cells are noticed instead of followed. */
function harden(db: Db): void {
  db.pragma('trusted_schema = OFF')
  db.pragma('cell_size_check = ON')
  db.pragma('mmap_size = 0')
}

/** Our tables and indices exactly as the migrations make them; tables somebody added may stay, nothing that runs may. */
function checkSchema(db: Db, name: string, version: number): void {
  const ours = schemaOf(version)
  const found = readSchema(db)
  const byName = new Map(found.map((object) => [object.name, object]))
  for (const [key, object] of ours) {
    if (byName.get(key)?.sql !== object.sql) {
      throw new ApiError(
        'bad-input',
        `${name} is damaged: its ${object.type} ${key} is not what Faultline makes`,
        'import the trace again',
      )
    }
  }
  for (const { type, name: key, tbl_name: table, sql } of found) {
    if (ours.has(key)) continue
    const harmless = type === 'table' ? /^CREATE TABLE/i.test(sql) : type === 'index' && !ours.has(table)
    if (harmless) continue
    throw new ApiError(
      'bad-input',
      `${name} has a ${type} ${key} that Faultline did not make, and nothing in a file may run`,
      'drop it with an SQLite client if you made it yourself',
    )
  }
}

/** How often SQLite has changed a file, which stands in its head: what overwrites a file without SQLite need not count. */
export function changesOf(path: string): number {
  const head = headOf(path)
  return head.length < HEADER_BYTES ? 0 : head.readUInt32BE(24)
}

/** Again where somebody else changed the file meanwhile: most likely by doing the same. */
function bringUpToDate(path: string): void {
  while (inspect(path).version < newestVersion()) migrateFile(path)
}

/** Bring an older file to this version, in a copy that does not take the place of what somebody else made of it meanwhile. */
function migrateFile(path: string): void {
  const target = realpathSync(path)
  const draft = new Draft(target)
  try {
    const was = statSync(target)
    copyFileSync(target, draft.path)
    const db = connect(draft.path, { readonly: false, mustExist: true })
    try {
      harden(db)
      checkSchema(db, basename(path), versionOf(db))
      migrate(db)
    } finally {
      db.close()
    }
    draft.commitInstead(was)
  } catch (error) {
    draft.discard()
    const known = explain(error, path)
    if (!(known instanceof ApiError) || known.code !== 'permission') throw known
    throw new ApiError(
      'permission',
      `${basename(path)} was written by an older Faultline and cannot be brought up to date where it is: ${known.message}`,
      'copy it to a folder you can write to and open the copy',
    )
  }
}

/** Run something on a file so that whatever is wrong with it is said in one sentence. */
function guarded<T>(path: string, open: () => T): T {
  try {
    return open()
  } catch (error) {
    throw explain(error, path)
  }
}

/**
 * The one place that knows which SQLite binding is used, and what its failures mean to a user. Everything SQLite can
 * say about a file that is damaged, locked, full or not permitted becomes one sentence with the file's name; an error
 * in Faultline's own SQL stays what it is, a bug.
 */

import { existsSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import BetterSqlite from 'better-sqlite3'
import { ApiError } from '#shared/base/errors.ts'

export type Db = BetterSqlite.Database
export type Statement = BetterSqlite.Statement<unknown[], unknown>

/** What an SQL cell can be when it is read with numbers (not bigints). */
export type Cell = string | number | null | Uint8Array

/** What a parameter of a statement can be. */
export type Param = number | bigint | string | null

export function connect(path: string, options: { readonly readonly: boolean; readonly mustExist: boolean }): Db {
  return new BetterSqlite(path, { readonly: options.readonly, fileMustExist: options.mustExist })
}

export function connectInMemory(): Db {
  return new BetterSqlite(':memory:')
}

/** The code of an SQLite failure, `SQLITE_…`; undefined for anything else. */
export function sqliteCode(error: unknown): string | undefined {
  return error instanceof BetterSqlite.SqliteError ? error.code : undefined
}

/** What was thrown while working on a file, as users should see it. Anything that is not about the file is returned as it is. */
export function explain(error: unknown, path: string): unknown {
  const name = basename(path)
  const system = systemError(error, name)
  if (system !== undefined) return system
  const code = sqliteCode(error)
  if (code === undefined) return error
  const [kind] = code.replace('SQLITE_', '').split('_')
  switch (kind) {
    case 'CORRUPT':
    case 'NOTADB':
      return new ApiError('bad-input', `${name} is damaged: ${message(error)}`, 'import the trace again')
    case 'TOOBIG':
      return new ApiError('bad-input', `${name} has a value too large to be read`, 'import the trace again')
    case 'FULL':
      return new ApiError('permission', `${name} cannot be written: the disk is full`, 'free some space')
    case 'BUSY':
    case 'LOCKED':
      // Also what SQLite makes of ENOLCK (os_unix.c, sqliteErrorFromPosixError): a network drive without a lock service.
      return new ApiError(
        'permission',
        `${name} is being written by another program`,
        'try again when it is done; if there is none, its drive keeps no locks: keep the file on a local disk',
      )
    case 'PROTOCOL':
    case 'NOLFS':
      return unlockable(name)
    case 'IOERR':
      if (LOCK_FAILURES.has(code)) return unlockable(name)
      return new ApiError('permission', `${name} cannot be read or written: ${message(error)}`, 'check the disk')
    case 'READONLY':
    case 'CANTOPEN':
    case 'PERM':
    case 'AUTH':
      return new ApiError('permission', `${name} cannot be opened: ${message(error)}`, 'check its permissions')
    default:
      return error
  }
}

/** A drive that answers requests for a lock with an error: NFS, SMB and FUSE mounts without locks do. */
const LOCK_FAILURES = new Set([
  'SQLITE_IOERR_LOCK',
  'SQLITE_IOERR_RDLOCK',
  'SQLITE_IOERR_UNLOCK',
  'SQLITE_IOERR_CHECKRESERVEDLOCK',
])

function unlockable(name: string): ApiError {
  return new ApiError(
    'permission',
    `${name} cannot be locked where it is: its drive refuses locks, as network drives do that were set up without them`,
    'keep the file on a local disk',
  )
}

export function isFolder(name: string): ApiError {
  return new ApiError('bad-input', `${name} is a folder, not a file`, 'name a file in it')
}

/** The folder a file was to be in, where that is what is missing. */
function missingFolder(error: unknown): string | undefined {
  const path = error instanceof Error && 'path' in error && typeof error.path === 'string' ? error.path : undefined
  const folder = path === undefined ? undefined : dirname(path)
  return folder === undefined || existsSync(folder) ? undefined : folder
}

/** Failures of the file system; undefined for anything else. */
function systemError(error: unknown, name: string): ApiError | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR': {
      const folder = missingFolder(error)
      if (folder === undefined) return new ApiError('not-found', `${name}: no such file or folder`, 'check the path')
      return new ApiError('not-found', `${name}: there is no folder ${folder}`, 'make it, or choose another place')
    }
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new ApiError('permission', `${name}: not permitted to read or write there`, 'choose another place')
    case 'ENOSPC':
    case 'EDQUOT':
      return new ApiError('permission', `${name} cannot be written: the disk is full`, 'free some space')
    case 'EISDIR':
      return isFolder(name)
    case 'ENAMETOOLONG':
      return new ApiError('bad-input', `${name.slice(0, 40)}…: the name is too long`, 'choose a shorter name')
    case 'EIO':
      return new ApiError(
        'permission',
        `${name} cannot be read or written: the disk reports an error`,
        'check the disk',
      )
    default:
      return undefined
  }
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

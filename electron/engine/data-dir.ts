/**
 * Where Faultline keeps its own things: recent files, imports, uploads and downloads under way, logs. FAULTLINE_HOME
 * names it, else the system's usual place. Several engines may use one data directory at once, so what belongs to one
 * run lies in a folder named after its process, and folders of processes that are gone are removed by the next engine.
 */

import { randomBytes } from 'node:crypto'
import { access, constants, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join, sep } from 'node:path'
import envPaths from 'env-paths'
import { ApiError } from '#shared/base/errors.ts'
import { isAlive } from '../store/is-alive.ts'

export interface DataDir {
  readonly path: string
  /** Finished imports: `.faultline` files that files.open made. */
  readonly imports: string
  /** This engine's own: uploads and exports on their way. Created when first used. */
  readonly session: string
  readonly logs: string
}

export function dataDirAt(path = process.env['FAULTLINE_HOME'] ?? envPaths('faultline', { suffix: '' }).data): DataDir {
  const session = join(path, 'sessions', `${process.pid}-${randomBytes(4).toString('hex')}`)
  return { path, imports: join(path, 'imports'), session, logs: join(path, 'logs') }
}

const WHY_NOT: Readonly<Record<string, string>> = {
  EACCES: 'it may not write there',
  EPERM: 'it may not write there',
  EROFS: 'the disk is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk is full',
  ENOTDIR: 'a file is in its way',
  EEXIST: 'a file is in its way',
}

/** A folder of our own is made when something is first kept in it. */
export async function makeOwnFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true })
    await access(path, constants.W_OK)
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    throw new ApiError(
      'permission',
      `Faultline cannot keep files in ${path}: ${WHY_NOT[code] ?? message}`,
      'make room or permission there, or name another folder in FAULTLINE_HOME',
    )
  }
}

/** What failed, for a page elsewhere: where the folder lies on this machine is nothing to it. */
export function withoutFolder(thrown: unknown, { path }: DataDir): unknown {
  if (!(thrown instanceof ApiError)) return thrown
  const { code, message, hint, at } = thrown
  return new ApiError(code, message.replaceAll(`${path}${sep}`, `FAULTLINE_HOME${sep}`), hint, at)
}

/** Remove what engines that were killed left behind. Never fails: it is housekeeping. */
export async function removeDeadSessions(dir: DataDir): Promise<void> {
  const sessions = join(dir.path, 'sessions')
  const names = await readdir(sessions).catch(() => [])
  for (const name of names) {
    const pid = Number.parseInt(name, 10)
    if (!isAlive(pid)) await rm(join(sessions, name), { recursive: true, force: true }).catch(() => undefined)
  }
}

/** An import that is on no list is kept this long: it may be open in a window. */
const UNLISTED_DAYS = 7

/** Imports nobody would find again make room. Never fails: it is housekeeping. */
export async function removeUnlistedImports(dir: DataDir, listed: ReadonlySet<string>, now: number): Promise<void> {
  const names = await readdir(dir.imports).catch(() => [])
  for (const name of names) {
    const path = join(dir.imports, name)
    const age = now - ((await stat(path).catch(() => undefined))?.mtimeMs ?? now)
    if (!listed.has(path) && age > UNLISTED_DAYS * 86_400_000) await rm(path, { force: true }).catch(() => undefined)
  }
}

/** A file is there whole or not at all: written beside its place and renamed. */
export async function writeWhole(path: string, text: string): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true })
  const beside = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`
  try {
    await writeFile(beside, text)
    await rename(beside, path)
  } catch (error) {
    await rm(beside, { force: true })
    throw error
  }
}

/**
 * What a client may name. The command line names any path; the window names none (the shell's dialogs and drops make a
 * file known first); the browser names paths under --root, or none. Every path from a client goes through here.
 */

import { realpath, stat } from 'node:fs/promises'
import { isAbsolute, relative, resolve } from 'node:path'
import { ApiError } from '#shared/base/errors.ts'

export interface ClientRights {
  readonly paths: 'any' | 'root' | 'none'
  /** The user's own window or terminal: it sees full paths and every recent file. The browser sees its own only. */
  readonly local: boolean
}

/** A path to read, absolute. With `root` it is the real path, so that no link leads out. */
export async function readablePath(path: string, rights: ClientRights, root: string | undefined): Promise<string> {
  if (rights.paths === 'any') return resolve(path)
  if (rights.paths === 'none' || root === undefined) {
    throw new ApiError(
      'permission',
      'this page may not name files',
      'drop the file on the page, or start the server with --root',
    )
  }
  const wanted = resolve(root, path)
  const outside = new ApiError(
    'permission',
    `${path} is not under the served folder`,
    'start the server with another --root',
  )
  if (!isInside(root, wanted)) throw outside
  const real = await realpath(wanted).catch(() => undefined)
  if (real === undefined) throw new ApiError('not-found', `${path}: no such file`)
  if (!isInside(await realpath(root), real)) throw outside
  // Opening a pipe waits for who writes into it, and a few of those would have everybody else wait.
  const found = await stat(real)
  if (!found.isFile() && !found.isDirectory())
    throw new ApiError('bad-input', `${path} is a device or a pipe, not a file`)
  return real
}

/** A path to write, absolute. */
export function writablePath(path: string, rights: ClientRights): string {
  if (rights.paths === 'any') return resolve(path)
  throw new ApiError(
    'permission',
    'this page may not have files written',
    'leave the path out and save what comes back',
  )
}

export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return way !== '' && way !== '..' && !way.startsWith('../') && !way.startsWith('..\\') && !isAbsolute(way)
}

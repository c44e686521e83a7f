/**
 * A file that is written beside its place and gets its name only when it is complete and on disk. The draft's name says
 * which process of which machine writes it, so that one a killed process left behind is recognised and removed the next
 * time somebody writes to the same place; drafts of living processes are never touched.
 */

import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  type Stats,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { ApiError } from '#shared/base/errors.ts'
import { explain, isFolder } from './database.ts'
import { isAlive } from './is-alive.ts'
import { HOST } from './temp-folder.ts'

/** A process id can be taken by another program later: a draft nobody wrote to for a day is dead all the same. */
const DEAD_AFTER_MS = 24 * 3600 * 1000
/** Linux' `O_TMPFILE | O_RDWR` (`include/uapi/asm-generic/fcntl.h`), which Node has no name for. */
const NAMELESS = 0o20000000 | constants.O_DIRECTORY | constants.O_RDWR

export class Draft {
  readonly target: string
  readonly path: string
  #done = false

  /**
   * Nothing is created yet. Removes what killed processes left beside the same target. `path` is another draft's of the same
   * target: whoever starts a thread that writes it can discard it when the thread is no more.
   */
  constructor(target: string, path?: string) {
    this.target = resolve(target)
    refuseSpecial(this.target)
    removeStale(this.target)
    this.path = path ?? nameBeside(this.target, 'part')
  }

  /** Make the empty draft, so that a place that cannot be written to is known before any work is done. */
  create(): void {
    try {
      closeSync(openSync(this.path, 'wx'))
    } catch (error) {
      throw explain(error, this.target)
    }
  }

  /** Force the bytes to disk and give the file its name. Without `force` an existing file stays and is an error. */
  commit({ force }: { readonly force: boolean }): void {
    try {
      sync(this.path, 'r+')
      if (force) renameSync(this.path, this.target)
      else renameIfFree(this.path, this.target)
      this.#done = true
      syncFolder(dirname(this.target))
    } catch (error) {
      this.discard()
      throw explain(error, this.target)
    }
  }

  /** Take the place of a file as it was when this was made from it; of one that has been changed since, discard. */
  commitInstead({ ino, mtimeMs, size }: Stats): void {
    try {
      sync(this.path, 'r+')
      const now = statSync(this.target)
      if (now.ino !== ino || now.mtimeMs !== mtimeMs || now.size !== size) return this.discard()
      renameSync(this.path, this.target)
      this.#done = true
      syncFolder(dirname(this.target))
    } catch (error) {
      this.discard()
      throw explain(error, this.target)
    }
  }

  /** Remove the draft, if it is still one. Safe to call more than once. */
  discard(): void {
    if (this.#done) return
    rmSync(this.path, { force: true })
    rmSync(`${this.path}-journal`, { force: true })
  }
}

/**
 * Where a job may make a folder for what it works with, beside its result: nothing is made yet. One that a dead process left (or
 * the whole machine, without power) is removed here, like drafts.
 */
export function workFolder(target: string): string {
  removeStale(target)
  return nameBeside(target, 'work')
}

/** A device, a pipe, a socket: taking its name from it is never what is meant, and of /dev/null it harms everybody. */
function refuseSpecial(target: string): void {
  const stat = look(target, lstatSync)
  if (stat === undefined || stat.isFile() || stat.isDirectory() || stat.isSymbolicLink()) return
  throw new ApiError('bad-input', `${basename(target)} is a device or a pipe, not a file`, 'name a file')
}

/** What has a name. One that no file can have, or that may not be looked at, is somebody's mistake and no fault of ours. */
function look(path: string, by: typeof statSync = statSync): Stats | undefined {
  try {
    return by(path, { throwIfNoEntry: false })
  } catch (error) {
    throw explain(error, path)
  }
}

/** `--force` replaces an earlier result, not what is being read. */
export function refuseSource(target: string, sources: readonly string[]): void {
  const there = look(target)
  if (there === undefined) return
  for (const source of sources) {
    const read = statSync(source, { throwIfNoEntry: false })
    if (read === undefined || read.ino !== there.ino || read.dev !== there.dev) continue
    throw new ApiError('bad-input', `${basename(target)} is the file that is read`, 'give what is written another name')
  }
}

export function refuseExisting(target: string): void {
  if (existsSync(target)) throw exists(target)
}

/**
 * Before work of minutes whose result is to go there: a name that is taken, a place nothing can be written to. Nothing
 * stays, not even of a process killed right here: what is tried is a file without a name, wherever the system has those.
 */
export function refuseUnwritable(target: string, { force }: { readonly force: boolean }): void {
  const draft = new Draft(target)
  try {
    // A name that is too long is one for its draft as well.
    lstatSync(draft.path, { throwIfNoEntry: false })
  } catch (error) {
    throw explain(error, target)
  }
  if (!force) refuseExisting(target)
  if (look(target)?.isDirectory() === true) throw isFolder(basename(target))
  if (triedNameless(dirname(draft.path))) return
  draft.create()
  draft.discard()
}

/** False where there are no files without a name, or where one cannot be made: a named one says why. */
function triedNameless(folder: string): boolean {
  if (process.platform !== 'linux') return false
  try {
    closeSync(openSync(folder, NAMELESS))
    return true
  } catch {
    return false
  }
}

function exists(target: string): ApiError {
  return new ApiError(
    'exists',
    `${basename(target)} exists already`,
    'use --force to replace it, or --out for another name',
  )
}

function nameBeside(target: string, kind: 'part' | 'work'): string {
  const unique = randomBytes(4).toString('hex')
  return join(dirname(target), `${prefix(target)}${HOST}-${process.pid}-${unique}.${kind}`)
}

function prefix(target: string): string {
  return `.${basename(target)}.`
}

/** A hard link fails if the name is taken, a rename does not: together they never replace a file by accident. */
function renameIfFree(from: string, target: string): void {
  try {
    linkSync(from, target)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EEXIST') throw exists(target)
    // No hard links on this file system.
    refuseExisting(target)
    renameSync(from, target)
    return
  }
  rmSync(from, { force: true })
}

function removeStale(target: string): void {
  const folder = dirname(target)
  let names: string[]
  try {
    names = readdirSync(folder)
  } catch {
    // No folder, or not ours to read: creating the draft will say what is wrong.
    return
  }
  for (const name of names) {
    if (!name.startsWith(prefix(target))) continue
    const [, host, pid] =
      /^([0-9a-f]{8})-(\d+)-[0-9a-f]{8}\.(?:part(?:-journal)?|work)$/.exec(name.slice(prefix(target).length)) ?? []
    if (host !== HOST || !isDead(Number(pid), join(folder, name))) continue
    rmSync(join(folder, name), { force: true, recursive: true })
  }
}

function isDead(pid: number, path: string): boolean {
  if (!isAlive(pid)) return true
  const stat = statSync(path, { throwIfNoEntry: false })
  // When a folder changed says nothing of the files in it.
  return stat?.isFile() === true && performance.timeOrigin + performance.now() - stat.mtimeMs > DEAD_AFTER_MS
}

function sync(path: string, flags: 'r' | 'r+'): void {
  const file = openSync(path, flags)
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** Make the new name itself durable. Windows cannot sync folders and does not need it. */
function syncFolder(folder: string): void {
  if (process.platform !== 'win32') sync(folder, 'r')
}

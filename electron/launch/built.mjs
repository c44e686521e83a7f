/**
 * What is built and still as its sources are, told by times alone: whatever was changed, added or removed since is newer than
 * the result. Plain JavaScript: the command line's door asks it which program to load. It builds nothing.
 */

import { readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export const PROGRAM = 'out/cli/program.js'
const FROM_SOURCES = 'electron/cli/program.ts'
/** The libraries are built in: the lock file says which. */
const PROGRAM_SOURCES = ['electron', 'shared', 'vite.cli.config.ts', 'package.json', 'package-lock.json']

/** True when `built` is missing or something in `sources` was changed after it; paths are from `root`. */
export function isStale(built, sources, root = ROOT) {
  const made = statSync(resolve(root, built), { throwIfNoEntry: false })?.mtimeMs
  return made === undefined || sources.some((source) => newest(resolve(root, source)) > made)
}

function newest(path) {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return 0
  if (!stat.isDirectory()) return stat.mtimeMs
  // A folder's own time tells of files that were removed.
  return readdirSync(path).reduce((latest, name) => Math.max(latest, newest(join(path, name))), stat.mtimeMs)
}

export function isProgramStale(root = ROOT) {
  return isStale(PROGRAM, PROGRAM_SOURCES, root)
}

/** Path of the program: built, or where that is missing or old, its sources, which start slower and do the same. */
export function programPath(root = ROOT) {
  return join(root, isProgramStale(root) ? FROM_SOURCES : PROGRAM)
}

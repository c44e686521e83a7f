/**
 * Builds what a start needs and is missing or older than its sources: the page, and for the desktop the shell and the
 * engine. Built and packaged copies have nothing to build and no builder; there this finds everything in place.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ApiError } from '#shared/base/errors.ts'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))
export const PAGE = join(ROOT, 'out/web')
export const DESKTOP_ENTRY = join(ROOT, 'out/main/main.js')

const PAGE_SOURCES = ['renderer', 'shared', 'vite.config.ts', 'package.json']
const DESKTOP_SOURCES = ['electron', 'shared', 'electron.vite.config.ts', 'package.json']

/** True when `built` is missing or something in `sources` was changed after it. Sources that are not there count as old. */
export function isStale(built: string, sources: readonly string[]): boolean {
  const made = statSync(built, { throwIfNoEntry: false })?.mtimeMs
  return made === undefined || sources.some((source) => newest(source) > made)
}

function newest(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return 0
  if (!stat.isDirectory()) return stat.mtimeMs
  // A folder's own time tells of files that were removed.
  return readdirSync(path).reduce((latest, name) => Math.max(latest, newest(join(path, name))), stat.mtimeMs)
}

const inRoot = (names: readonly string[]) => names.map((name) => join(ROOT, name))

export async function buildPage(note: (text: string) => void): Promise<void> {
  if (!isStale(join(PAGE, 'index.html'), inRoot(PAGE_SOURCES))) return
  note('building the page')
  // Built beside and moved into place: a page that is being served or built twice is never half there.
  const beside = `${PAGE}.${process.pid}`
  try {
    await runVite('build', '--outDir', beside, '--emptyOutDir', '--logLevel', 'error')
    putInPlace(beside, PAGE)
  } finally {
    rmSync(beside, { recursive: true, force: true })
  }
}

/** In a process of its own: the builder's memory, several times ours, goes when it is done. */
async function runVite(...args: readonly string[]): Promise<void> {
  const vite = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin', 'vite.js')
  // A test runner's NODE_ENV would put Vue's development half into the page: larger, slower and not what users have.
  const env = { ...process.env, NODE_ENV: 'production' }
  const child = spawn(process.execPath, [vite, ...args], { cwd: ROOT, env, stdio: ['ignore', 'ignore', 'inherit'] })
  const [status] = (await once(child, 'close')) as [number | null]
  if (status !== 0) throw new ApiError('unsupported', 'the page could not be built', 'what the builder said is above')
}

/** Folders cannot be replaced in one step; if another process is faster, its build is as good. */
function putInPlace(built: string, place: string): void {
  const old = `${built}.old`
  try {
    if (existsSync(place)) renameSync(place, old)
    renameSync(built, place)
  } catch (error) {
    if (!existsSync(place)) throw error
  } finally {
    rmSync(old, { recursive: true, force: true })
  }
}

export async function buildDesktop(note: (text: string) => void): Promise<void> {
  const stale =
    isStale(DESKTOP_ENTRY, inRoot(DESKTOP_SOURCES)) || isStale(join(PAGE, 'index.html'), inRoot(PAGE_SOURCES))
  if (!stale) return
  note('building the desktop app')
  const { build } = await import('electron-vite')
  await build({ root: ROOT, configFile: join(ROOT, 'electron.vite.config.ts'), logLevel: 'error' })
}

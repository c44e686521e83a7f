/**
 * Builds what a start needs and is missing or older than its sources: the page, the command line, and for the desktop the
 * shell and the engine. Built and packaged copies have nothing to build and no builder; there this finds everything in place.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { ApiError } from '#shared/base/errors.ts'
import { isProgramStale, isStale, PROGRAM, ROOT } from './built.mjs'

export const PAGE = join(ROOT, 'out/web')
export const DESKTOP_ENTRY = join(ROOT, 'out/main/main.js')

const PAGE_SOURCES = ['renderer', 'shared', 'vite.config.ts', 'package.json']
const DESKTOP_SOURCES = ['electron', 'shared', 'electron.vite.config.ts', 'package.json']

export async function buildPage(note: (text: string) => void): Promise<void> {
  if (!isStale(join(PAGE, 'index.html'), PAGE_SOURCES)) return
  note('building the page')
  await runVite(PAGE, 'vite.config.ts')
}

/** The command line. */
export async function buildProgram(note: (text: string) => void): Promise<void> {
  if (!isProgramStale()) return
  note('building the command line')
  await runVite(dirname(join(ROOT, PROGRAM)), 'vite.cli.config.ts')
}

/** Built beside and moved into place: what is in use, or built twice, is never half there. */
async function runVite(place: string, config: string): Promise<void> {
  const beside = `${place}.${process.pid}`
  try {
    await vite('build', '--config', config, '--outDir', beside, '--emptyOutDir', '--logLevel', 'error')
    putInPlace(beside, place)
  } finally {
    rmSync(beside, { recursive: true, force: true })
  }
}

/** In a process of its own: the builder's memory, several times ours, goes when it is done. */
async function vite(...args: readonly string[]): Promise<void> {
  const builder = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin', 'vite.js')
  // A test runner's NODE_ENV would put Vue's development half into the page: larger, slower and not what users have.
  const env = { ...process.env, NODE_ENV: 'production' }
  const child = spawn(process.execPath, [builder, ...args], { cwd: ROOT, env, stdio: ['ignore', 'ignore', 'inherit'] })
  const [status] = (await once(child, 'close')) as [number | null]
  if (status !== 0) throw new ApiError('unsupported', 'the build failed', 'what the builder said is above')
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
  if (!isStale(DESKTOP_ENTRY, DESKTOP_SOURCES) && !isStale(join(PAGE, 'index.html'), PAGE_SOURCES)) return
  note('building the desktop app')
  const { build } = await import('electron-vite')
  await build({ root: ROOT, configFile: join(ROOT, 'electron.vite.config.ts'), logLevel: 'error' })
}

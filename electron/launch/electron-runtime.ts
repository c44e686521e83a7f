/**
 * Is Electron's runtime there, or can it be had? `npm ci` does not bring it; it comes from a release server that not
 * every machine reaches. So: look, then ask the server briefly, then let Electron's own installer fetch it, within
 * bounds. Whatever goes wrong is a reason in words, never a hang.
 */

import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

export type Runtime = { readonly path: string } | { readonly why: string }

/** How long the release server may take to answer, and the whole download. */
const ANSWER_MS = 3_000
const DOWNLOAD_MS = 180_000

/** The folder of the `electron` package; undefined where it is not installed. */
function packageFolder(): string | undefined {
  try {
    return dirname(createRequire(import.meta.url).resolve('electron/package.json'))
  } catch {
    return undefined
  }
}

/** The executable, if it is really there. Never downloads. */
export function installedRuntime(
  folder: string,
  override = process.env['ELECTRON_OVERRIDE_DIST_PATH'],
): string | undefined {
  const pathFile = join(folder, 'path.txt')
  if (!existsSync(pathFile)) return undefined
  const path = join(override ?? join(folder, 'dist'), readFileSync(pathFile, 'utf8'))
  return existsSync(path) ? path : undefined
}

/** A window needs a screen: on Linux one has to be named. */
export function hasDisplay(platform: NodeJS.Platform, env: NodeJS.ProcessEnv): boolean {
  return platform !== 'linux' || Boolean(env['DISPLAY']) || Boolean(env['WAYLAND_DISPLAY'])
}

export async function electronRuntime(note: (text: string) => void): Promise<Runtime> {
  if (!hasDisplay(process.platform, process.env)) return { why: 'there is no display for a window' }
  const folder = packageFolder()
  if (folder === undefined) return { why: 'Electron is not installed' }
  const installed = installedRuntime(folder)
  if (installed !== undefined) return { path: installed }
  if (!(await serverAnswers(folder)))
    return { why: "Electron's runtime is not here and its download server cannot be reached" }
  note("fetching Electron's runtime, once")
  await download(folder)
  const fetched = installedRuntime(folder)
  return fetched === undefined ? { why: "Electron's runtime could not be downloaded" } : { path: fetched }
}

async function serverAnswers(folder: string): Promise<boolean> {
  // Somebody who set up a mirror knows that it works; its layout is not ours to know.
  if (process.env['ELECTRON_MIRROR'] !== undefined || process.env['npm_config_electron_mirror'] !== undefined)
    return true
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }
  const url = `https://github.com/electron/electron/releases/download/v${version}/SHASUMS256.txt`
  try {
    return (await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(ANSWER_MS) })).ok
  } catch {
    return false
  }
}

/** Resolves when the installer has ended, however. */
function download(folder: string): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(folder, 'install.js')], { stdio: 'ignore', timeout: DOWNLOAD_MS })
    child.once('error', () => resolve())
    child.once('exit', () => resolve())
  })
}

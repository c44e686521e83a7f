/**
 * The tools of this folder, installed when first asked for: they are large, and nobody who only runs the program or its tests
 * needs them. Their peers (vitest, Stryker's core) are found in the folders above.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '../..')

/** Where a tool's file is; installs all of them if it is not there. */
export function tool(path: string): string {
  const file = join(import.meta.dirname, 'node_modules', path)
  if (!existsSync(file))
    spawnSync('npm', ['ci'], { cwd: import.meta.dirname, stdio: 'inherit', shell: process.platform === 'win32' })
  if (!existsSync(file)) throw new Error(`${path} is not there: npm ci in test/tools said why`)
  return file
}

/** A tool on this Node, with the surroundings tests have. */
export function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): boolean {
  const { status } = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, TZ: 'UTC', LC_ALL: 'C', ...env },
  })
  return status === 0
}

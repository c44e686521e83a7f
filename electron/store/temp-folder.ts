/**
 * Folders for a moment, in the system's place for temporary files: named by what they are for, the machine and the process,
 * so that what a killed process left goes when the next one makes a folder for the same. Who makes one removes it when done.
 * Other users' folders cannot be removed and stay; so do those of other machines and containers that share the place.
 */

import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { ApiError } from '#shared/base/errors.ts'
import { isAlive } from './is-alive.ts'

/** A process number means something on this machine (or in this container) only. */
export const HOST = createHash('sha256').update(hostname()).digest('hex').slice(0, 8)

export type TempKind = 'export' | 'lock-stat' | 'demo' | 'strategies' | 'spool'

/** A path nobody else has. Nothing is made. */
export function tempPath(kind: TempKind): string {
  return join(tmpdir(), `faultline-${kind}-${HOST}-${process.pid}-${randomBytes(16).toString('hex')}`)
}

export function tempFolder(kind: TempKind): string {
  removeDead(kind)
  const folder = tempPath(kind)
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException
    const hint = 'make room or permission there, or name another folder in TMPDIR'
    throw new ApiError('permission', `no temporary folder can be made in ${tmpdir()}: ${code}`, hint)
  }
  return folder
}

/** Folders of processes that were killed. Tidying up that fails is no reason to do nothing else. */
export function removeDead(kind: TempKind): void {
  const mine = new RegExp(`^faultline-${kind}-${HOST}-(\\d+)-[0-9a-f]{32}$`)
  orNot(() => {
    for (const name of readdirSync(tmpdir())) {
      const [, pid] = mine.exec(name) ?? []
      if (pid === undefined || isAlive(Number(pid))) continue
      orNot(() => rmSync(join(tmpdir(), name), { recursive: true, force: true }))
    }
  })
}

function orNot(tidy: () => void): void {
  try {
    tidy()
  } catch {
    // A place that cannot be listed, or what is not ours in it.
  }
}

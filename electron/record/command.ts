/**
 * Is there such a command? Looked up as execvp(3) does it, before anything is set up: a misspelt name records nothing, and a
 * command that ends with 127 by itself is not taken for one that was not found.
 */

import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { ApiError } from '#shared/base/errors.ts'

export function refuseMissing(name: string, cwd: string | undefined): void {
  const folders = name.includes('/') ? [''] : (process.env['PATH'] ?? '/usr/bin:/bin').split(delimiter)
  const found = name === '' ? [] : folders.map((folder) => resolve(cwd ?? '.', join(folder, name))).filter(isFile)
  if (found.length === 0) throw new ApiError('not-found', `there is no command '${name}'`, 'check its name')
  if (!found.some(canRun)) {
    throw new ApiError('permission', `${name} may not be run`, 'make it executable, or give the program that reads it')
  }
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile()
  } catch {
    return false
  }
}

function canRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

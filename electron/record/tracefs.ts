/**
 * The kernel's tracing files: where they are, and why they cannot be used where they cannot, in a sentence with what to do
 * about it. It mounts nothing and changes nothing.
 */

import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ApiError } from '#shared/base/errors.ts'

/** Documentation/trace/ftrace.rst: tracefs has its own mount point; before 4.1 it was a folder of debugfs. */
const USUAL = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing']

export interface Tracefs {
  readonly root: string
}

/** FAULTLINE_TRACEFS names another place, for containers that have it elsewhere. */
export function findTracefs(): Tracefs {
  if (process.platform !== 'linux') {
    throw new ApiError('unsupported', 'recording needs Linux', 'record there and import the trace here')
  }
  const root = [process.env['FAULTLINE_TRACEFS'] ?? '', ...mounted(), ...USUAL].find(isTracefs)
  if (root === undefined) {
    if (!mayLook()) throw notPermitted()
    throw new ApiError(
      'unsupported',
      'there is no tracefs on this machine',
      'mount it: mount -t tracefs tracefs /sys/kernel/tracing (a kernel without CONFIG_FTRACE has none)',
    )
  }
  try {
    accessSync(join(root, 'instances'), constants.W_OK | constants.X_OK)
  } catch {
    throw notPermitted()
  }
  return { root }
}

function notPermitted(): ApiError {
  return new ApiError(
    'permission',
    'recording needs root: the kernel lets nobody else into tracefs',
    'run it with sudo, or record with trace-cmd elsewhere and import its trace.dat',
  )
}

function mounted(): readonly string[] {
  try {
    return readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' '))
      .filter(([, , type]) => type === 'tracefs')
      .map(([, path]) => path.replaceAll('\\040', ' '))
  } catch {
    // Without /proc the usual places are looked at all the same.
    return []
  }
}

function isTracefs(path: string): boolean {
  if (path === '') return false
  try {
    return statSync(join(path, 'instances')).isDirectory() || statSync(join(path, 'trace_clock')).isFile()
  } catch {
    // Not there, or not ours to look into: told apart by the caller.
    return false
  }
}

function mayLook(): boolean {
  return process.getuid?.() === 0
}

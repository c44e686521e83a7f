/**
 * A thread that ends its process: when the process that started it is gone, when a statement has taken more memory than it
 * may, and when what it sorts is about to fill the disk. It is a thread of its own because the main thread may be inside a
 * statement that never returns, and SQLite as it is built here counts no memory (`SQLITE_DEFAULT_MEMSTATUS=0`), so that
 * its own limit on it does nothing.
 */

import { statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { workerData } from 'node:worker_threads'
import { limits } from '#shared/base/limits.ts'
import { isAlive } from '../store/is-alive.ts'

/** A statement takes up to a gigabyte of memory a second. */
const EVERY_MS = 100

const { parent } = workerData as { readonly parent: number }

/** Where SQLite puts what it sorts (os_unix.c, unixTempFileDir). */
function tempFolder(): string {
  return process.env['SQLITE_TMPDIR'] ?? process.env['TMPDIR'] ?? (process.platform === 'win32' ? tmpdir() : '/var/tmp')
}

function freeBytes(): number {
  try {
    const { bavail, bsize } = statfsSync(tempFolder())
    return bavail * bsize
  } catch {
    return Infinity // SQLite finds another folder, or says that there is none
  }
}

/** A disk that was nearly full before is not this process's doing. */
const spare = Math.min(limits.sqlSpareBytes, freeBytes() / 2)

setInterval(() => {
  const orphaned = process.ppid !== parent || !isAlive(parent)
  if (orphaned || process.memoryUsage.rss() > limits.sqlMemoryBytes || freeBytes() < spare)
    process.kill(process.pid, 'SIGKILL')
}, EVERY_MS)

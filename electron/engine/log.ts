/**
 * The engine's log: one line per job and per error, in <data>/logs, at most four files of a megabyte. Never on stdout
 * (that belongs to --json), never the contents of a trace. A log that cannot be written is no reason not to work.
 */

import { mkdirSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { pino, type Logger } from 'pino'

const LOG_BYTES = 1024 * 1024
const KEPT = 3

export type { Logger }

export function openLog(folder: string, host: string): Logger {
  const path = join(folder, 'engine.log')
  try {
    mkdirSync(folder, { recursive: true })
    if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > LOG_BYTES) rotate(path)
    return pino({ base: { host, pid: process.pid } }, pino.destination({ dest: path, sync: true }))
  } catch {
    return pino({ enabled: false })
  }
}

function rotate(path: string): void {
  for (let n = KEPT; n > 0; n--) {
    const from = n === 1 ? path : `${path}.${n - 1}`
    if (statSync(from, { throwIfNoEntry: false }) !== undefined) renameSync(from, `${path}.${n}`)
  }
}

/**
 * The two threads of an import, which are told what to do by their first message: so the first can be started before
 * anybody knows what that is, and load while the program that wants it still loads itself. Half of a short import is
 * loading. The second has nothing to do until the first has read something, and three that load at once take turns on two
 * cores. It knows nothing of what they do.
 */

import type { Worker } from 'node:worker_threads'
import { spawnThread } from './spawn.ts'

export interface ImportPair {
  readonly parser: Worker
  readonly writer: Worker
}

let ahead: Worker | undefined

/** For a process that is sure to import something soon. */
export function startAhead(): void {
  ahead ??= spawnThread('import-parser')
}

/** Two threads that nobody else has. */
export function importPair(): ImportPair {
  const parser = ahead ?? spawnThread('import-parser')
  ahead = undefined
  return { parser, writer: spawnThread('import-writer') }
}

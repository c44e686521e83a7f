/**
 * The two threads of an import, which are told what to do by their first message: so they can be started before anybody
 * knows what that is, and load while the program that wants them still loads itself. Half of a short import is loading.
 * It knows nothing of what they do.
 */

import type { Worker } from 'node:worker_threads'
import { spawnThread } from './spawn.ts'

export interface ImportPair {
  readonly parser: Worker
  readonly writer: Worker
}

let ahead: ImportPair | undefined

/** For a process that is sure to import something soon. */
export function startAhead(): void {
  ahead ??= start()
}

/** Two threads that nobody else has. */
export function importPair(): ImportPair {
  const pair = ahead ?? start()
  ahead = undefined
  return pair
}

function start(): ImportPair {
  return { parser: spawnThread('import-parser'), writer: spawnThread('import-writer') }
}

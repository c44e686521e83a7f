/**
 * A thread that ends its process when the process that started it is gone. It is a thread of its own because the main
 * thread may be inside a statement that never returns.
 */

import { workerData } from 'node:worker_threads'
import { isAlive } from '../store/is-alive.ts'

const EVERY_MS = 1_000

const { parent } = workerData as { readonly parent: number }

setInterval(() => {
  if (process.ppid !== parent || !isAlive(parent)) process.kill(process.pid, 'SIGKILL')
}, EVERY_MS)

/**
 * How the engine gets threads and processes. Run from sources the entries are .ts files, in a build .js files beside
 * this one. The SQL process is behind a seam: in the packaged desktop app only Electron's main process can fork, so the
 * shell hands the engine its own way of forking (electron/engine/entry.ts).
 */

import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Worker, type MessagePort } from 'node:worker_threads'

/** Megabytes of JavaScript heap the SQL process may use. */
const SQL_HEAP_MB = 1024

export function entryUrl(name: string): URL {
  return new URL(`./${name}${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)
}

type ThreadName = 'data-worker' | 'job-worker' | 'orphan-watch' | 'import-parser' | 'import-writer' | 'simulate-thread'

/** `transfer`: ports inside `workerData`, which move to the thread. */
export function spawnThread(name: ThreadName, workerData?: unknown, transfer: readonly MessagePort[] = []): Worker {
  return new Worker(entryUrl(name), { workerData, transferList: [...transfer], stdout: false, stderr: false })
}

/** A process of ours: messages either way, and it can be killed whatever it is doing. */
export interface Child {
  send(message: unknown): void
  onMessage(listener: (message: unknown) => void): void
  /** Called once when it has ended, with how. */
  onExit(listener: (how: string) => void): void
  kill(): void
}

export type ForkSql = () => Child

export const forkSql: ForkSql = () => {
  const child = fork(fileURLToPath(entryUrl('sql-process')), [], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    execArgv: [`--max-old-space-size=${SQL_HEAP_MB}`],
  })
  return {
    // The callback takes the error of a process that is already gone; its exit is told on its own.
    send: (message) => void child.send(message as object, () => undefined),
    onMessage: (listener) => void child.on('message', listener),
    onExit(listener) {
      child.once('error', (error) => listener(error.message))
      child.once('exit', (code, signal) => listener(signal ?? `exit ${code}`))
    },
    kill: () => void child.kill('SIGKILL'),
  }
}

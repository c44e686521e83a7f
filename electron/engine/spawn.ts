/**
 * How the engine gets threads and processes. Run from sources the entries are .ts files, in a build .js files beside
 * this one. The SQL process is behind a seam: in the packaged desktop app only Electron's main process can fork, so the
 * shell hands the engine its own way of forking (electron/engine/entry.ts).
 *
 * Node strips types with WebAssembly in every thread that loads TypeScript: our sources, or a user's own strategy. V8
 * collects WebAssembly code of all threads of a process together, and now and then aborts the process when threads come
 * and go meanwhile (`Check failed: jit_page.has_value()`, nodejs/node#64500). There is little code to collect, so it is
 * kept; the flag is read whenever a collection would start, so it may be set after V8 has. Memory protection keys, which
 * that issue speaks of, are not it: the table of code pages is kept with and without them (V8's
 * src/common/code-memory-access.cc).
 */

import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { Worker, type MessagePort } from 'node:worker_threads'
import { watchPulses } from '../strategy/pulse.ts'

/** Megabytes of JavaScript heap the SQL process may use. */
const SQL_HEAP_MB = 1024

const FROM_SOURCES = import.meta.url.endsWith('.ts')
setFlagsFromString('--no-wasm-code-gc')

/** Our threads stream: their heaps stay small, and young objects die if they are given the time. Megabytes. */
const YOUNG_MB = 32
setFlagsFromString(`--min-semi-space-size=${YOUNG_MB}`)

export function entryUrl(name: string): URL {
  return new URL(`./${name}${FROM_SOURCES ? '.ts' : '.js'}`, import.meta.url)
}

type ThreadName =
  | 'strategy-check'
  | 'data-worker'
  | 'explore-run'
  | 'job-worker'
  | 'sql-watch'
  | 'import-parser'
  | 'import-writer'
  | 'simulate-thread'

/** Threads in which code of a user's own strategy may run. */
const RUNS_HOOKS: ReadonlySet<ThreadName> = new Set(['explore-run', 'job-worker', 'simulate-thread'])
const hooked = new Set<Worker>()
let watch: (() => void) | undefined

/** `transfer`: ports inside `workerData`, which move to the thread. */
export function spawnThread(name: ThreadName, workerData?: unknown, transfer: readonly MessagePort[] = []): Worker {
  const worker = new Worker(entryUrl(name), { workerData, transferList: [...transfer], stdout: false, stderr: false })
  if (!RUNS_HOOKS.has(name)) return worker
  hooked.add(worker)
  worker.once('exit', () => hooked.delete(worker))
  watch ??= watchPulses(() => hooked)
  return worker
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
  // It is told whose child it is: if we die before it looks, it would take whoever adopted it for us.
  const child = fork(fileURLToPath(entryUrl('sql-process')), [String(process.pid)], {
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

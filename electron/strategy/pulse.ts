/**
 * Notices a hook of a user's own strategy that does not come back: a regular expression or another built-in function can go on
 * for ever, where no loop of the file goes round and nobody can throw. Each thread that runs such code says in shared memory when a
 * hook begins and ends; whoever started the thread looks there now and then, and ends it with a sentence about the strategy.
 */

import { getEnvironmentData, setEnvironmentData, threadId, type Worker } from 'node:worker_threads'
import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import type { Pulse } from '#shared/strategy/harness.ts'

const NAME = 'faultline-pulse'
/** Threads that can be told apart at once: their numbers modulo this. */
const THREADS = 1024
/** Per thread: hooks begun and ended, whether one runs, and what it is called. */
const BEATS = 0
const INSIDE = 1
const WORDS = 2
const TEXT_BYTES = 120
const RECORD = WORDS * 4 + TEXT_BYTES
const LOOK_MS = 1_000

/** Called where no thread has been started yet. */
export function preparePulse(): void {
  if (getEnvironmentData(NAME) !== undefined) return
  setEnvironmentData(NAME, new SharedArrayBuffer(THREADS * RECORD))
}

function memory(): SharedArrayBuffer | undefined {
  const found = getEnvironmentData(NAME)
  return found instanceof SharedArrayBuffer ? found : undefined
}

/** This thread's, for the hooks of one file. */
export function pulseOf(file: string): Pulse | undefined {
  const shared = memory()
  if (shared === undefined) return undefined
  const at = (threadId % THREADS) * RECORD
  const words = new Int32Array(shared, at, WORDS)
  const text = new Uint8Array(shared, at + WORDS * 4, TEXT_BYTES)
  let last = ''
  return {
    begin(where) {
      if (where !== last) {
        last = where
        text.fill(0)
        text.set(Buffer.from(`${file}: ${where}`).subarray(0, TEXT_BYTES - 1))
      }
      Atomics.add(words, BEATS, 1)
      Atomics.store(words, INSIDE, 1)
    },
    end() {
      Atomics.store(words, INSIDE, 0)
    },
  }
}

/** Hooks that did not come back, of a thread that was ended for it. */
export class StuckHook extends ApiError {
  constructor(what: string) {
    const seconds = limits.strategyHookMs / 1000
    super(
      'bad-input',
      `${what} has not come back for ${seconds} s and was stopped`,
      'look for a regular expression or another built-in function that goes on without end, and correct the file',
    )
  }
}

interface Watched {
  readonly beats: number
  readonly since: number
}

/** Ends threads in which a hook has run too long; they tell their owners so, as an error. Returns what ends the watch. */
export function watchPulses(threads: () => Iterable<Worker>): () => void {
  const seen = new Map<number, Watched>()
  const look = () => {
    const shared = memory()
    if (shared === undefined) return
    const now = performance.now()
    for (const worker of threads()) {
      const at = (worker.threadId % THREADS) * RECORD
      const words = new Int32Array(shared, at, WORDS)
      const beats = Atomics.load(words, BEATS)
      const before = seen.get(worker.threadId)
      if (Atomics.load(words, INSIDE) === 0 || before?.beats !== beats) {
        seen.set(worker.threadId, { beats, since: now })
      } else if (now - before.since >= limits.strategyHookMs) {
        seen.delete(worker.threadId)
        Atomics.store(words, INSIDE, 0)
        const bytes = Buffer.from(new Uint8Array(shared, at + WORDS * 4, TEXT_BYTES))
        worker.emit('error', new StuckHook(bytes.subarray(0, bytes.indexOf(0)).toString()))
        void worker.terminate()
      }
    }
  }
  const timer = setInterval(look, LOOK_MS).unref()
  return () => clearInterval(timer)
}

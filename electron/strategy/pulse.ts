/**
 * Notices a hook of a user's own strategy that does not come back: a regular expression or another built-in function can go on
 * for ever, where no loop of the file goes round and nobody can throw, or fill the memory. Each thread that runs such code says in
 * shared memory when a hook begins and ends and which line it is in; whoever started the thread looks there now and then, ends it, and
 * notes the hook. Then what the thread did is done again without that hook: it is a finding, and the run goes on.
 */

import { getEnvironmentData, setEnvironmentData, threadId, type Worker } from 'node:worker_threads'
import { ApiError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import type { Pulse } from '#shared/strategy/harness.ts'
import { noteStopped } from './shelf.ts'

const NAME = 'faultline-pulse'
/** Threads that can be told apart at once: their numbers modulo this. */
const THREADS = 1024
/** Per thread: hooks begun, the number of the thread while one runs, the line it is in, and its text: id, hook and file, a line each. */
const BEATS = 0
const INSIDE = 1
const LINE = 2
const WORDS = 3
const NOBODY = -1
const TEXT_BYTES = 500
const RECORD = WORDS * 4 + TEXT_BYTES
const LOOK_MS = 1_000
/** Looks, not the clock: a machine that stood still for a while has not let the hook run either. */
const MOST_LOOKS = limits.strategyHookMs / LOOK_MS

/** Called where no thread has been started yet. */
export function preparePulse(): void {
  if (getEnvironmentData(NAME) !== undefined) return
  setEnvironmentData(NAME, new SharedArrayBuffer(THREADS * RECORD))
}

function recordOf(thread: number): { readonly words: Int32Array; readonly text: Uint8Array } | undefined {
  const shared = getEnvironmentData(NAME)
  if (!(shared instanceof SharedArrayBuffer)) return undefined
  const at = (Math.max(0, thread) % THREADS) * RECORD
  return { words: new Int32Array(shared, at, WORDS), text: new Uint8Array(shared, at + WORDS * 4, TEXT_BYTES) }
}

/** This thread's, for the hooks of one strategy. */
export function pulseOf({ id, file }: { readonly id: string; readonly file: string }): Pulse | undefined {
  const record = recordOf(threadId)
  if (record === undefined) return undefined
  const { words, text } = record
  let last = ''
  return {
    place: words.subarray(LINE),
    begin(where) {
      if (where !== last) {
        last = where
        text.fill(0)
        text.set(Buffer.from(`${id}\n${where}\n${file}`).subarray(0, TEXT_BYTES - 1))
      }
      Atomics.add(words, BEATS, 1)
      Atomics.store(words, INSIDE, threadId)
    },
    end() {
      Atomics.store(words, INSIDE, NOBODY)
    },
  }
}

/** A hook cost its thread; it is noted, and whoever does the work again does it without. */
class StoppedHook extends ApiError {
  constructor(what: string) {
    super('bad-input', what, 'correct the file and load it again')
  }
}

/** Does it again for as long as hooks cost its threads; each of them once. */
export async function withoutStoppedHooks<T>(run: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await run()
    } catch (error) {
      if (!(error instanceof StoppedHook)) throw error
    }
  }
}

interface Watched {
  /** As long as it lives; afterwards it has none. */
  readonly thread: number
  beats: number
  /** How often one call of a hook has been seen. */
  looks: number
}

/** Ends threads in which a hook has run too long; they tell their owners so, as an error. Returns what ends the watch. */
export function watchPulses(threads: () => Iterable<Worker>): () => void {
  const seen = new WeakMap<Worker, Watched>()
  const look = () => {
    for (const worker of threads()) {
      const known = seen.get(worker)
      if (known === undefined) {
        const fresh = { thread: worker.threadId, beats: -1, looks: 0 }
        seen.set(worker, fresh)
        worker.prependListener('error', (error) => outOfMemory(worker, fresh, error))
        continue
      }
      const record = recordOf(known.thread)
      if (record === undefined) return
      const { words } = record
      const beats = Atomics.load(words, BEATS)
      if (Atomics.load(words, INSIDE) !== known.thread || known.beats !== beats) {
        known.beats = beats
        known.looks = 0
      } else if (++known.looks >= MOST_LOOKS) {
        worker.emit('error', stopped(record, `has not come back for ${limits.strategyHookMs / 1000} s and was stopped`))
        void worker.terminate()
      }
    }
  }
  const timer = setInterval(look, LOOK_MS).unref()
  return () => clearInterval(timer)
}

/** Before anybody else is told that the thread ran out of memory: was it in a hook? */
function outOfMemory(worker: Worker, { thread }: Watched, error: unknown): void {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'ERR_WORKER_OUT_OF_MEMORY') return
  const record = recordOf(thread)
  if (record === undefined || Atomics.load(record.words, INSIDE) !== thread) return
  worker.emit('error', stopped(record, 'filled the memory of its thread and was stopped'))
}

function stopped({ words, text }: NonNullable<ReturnType<typeof recordOf>>, what: string): StoppedHook {
  Atomics.store(words, INSIDE, NOBODY)
  const [id, where, file] = Buffer.from(text.subarray(0, text.indexOf(0)))
    .toString()
    .split('\n')
  const line = Atomics.load(words, LINE)
  const message = `${where} ${what}`
  noteStopped(id, { where, message, line: line === 0 ? undefined : line })
  return new StoppedHook(`${file}${line === 0 ? '' : `:${line}`}: ${message}`)
}

/**
 * The router's side of the data thread. Requests wait here, one at a time goes to the thread: a request that is
 * cancelled before its turn (the user dragged on) costs nothing. The thread is started when first needed and again
 * after a crash.
 */

import type { Worker } from 'node:worker_threads'
import { ApiError } from '#shared/base/errors.ts'
import type { DataFunctions } from './data-worker.ts'
import { spawnThread } from './spawn.ts'
import { callThread, type Thread } from './threads.ts'

export interface Reader {
  call<M extends keyof DataFunctions>(
    name: M,
    args: Parameters<DataFunctions[M]>,
    signal?: AbortSignal,
  ): Promise<ReturnType<DataFunctions[M]>>
  /** Have the thread ready before the first request. */
  start(): void
  close(): Promise<void>
}

export function createReader(): Reader {
  let worker: Worker | undefined
  let thread: Thread<DataFunctions> | undefined
  let tail: Promise<unknown> = Promise.resolve()

  function started(): Thread<DataFunctions> {
    if (thread !== undefined) return thread
    const own = spawnThread('data-worker')
    worker = own
    thread = callThread<DataFunctions>(own, 'the thread that reads traces', () => {
      if (worker === own) worker = thread = undefined
    })
    return thread
  }

  return {
    async call(name, args, signal) {
      const cancelled = new ApiError('cancelled', 'the request was cancelled')
      if (signal?.aborted === true) throw cancelled
      const answer = tail.then(() => {
        if (signal?.aborted === true) throw cancelled
        return started().call(name, ...args)
      })
      tail = answer.catch(() => undefined)
      if (signal === undefined) return answer
      return Promise.race([answer, aborted(signal, cancelled)])
    },
    start: () => void started(),
    async close() {
      await worker?.terminate()
    },
  }
}

function aborted(signal: AbortSignal, error: ApiError): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(error), { once: true }))
}

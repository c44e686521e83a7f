/**
 * Heavy work in threads of its own: imports, exports, integrity checks. A job is asked to stop first, so that it cleans
 * up after itself, and its thread is ended if it does not. Progress comes at most ten times a second. More jobs than
 * limits.jobs wait their turn; waiting ones can be cancelled too.
 */

import type { Worker } from 'node:worker_threads'
import { ApiError, fromWireError } from '#shared/base/errors.ts'
import { limits } from '#shared/base/limits.ts'
import type { JobContext, JobMessage } from './job-context.ts'
import type { JobName, JobParams, JobResult } from './job-worker.ts'
import { withoutStoppedHooks } from '../strategy/pulse.ts'
import { spawnThread } from './spawn.ts'

/** How long a job that was cancelled may take to clean up before its thread is ended. */
const GRACE_MS = 5_000

export interface Jobs {
  run<N extends JobName>(name: N, params: JobParams<N>, context: JobContext): Promise<JobResult<N>>
  /** The same turns and the same end for a job that has its own threads and only watches over them from this one. */
  watch<R>(name: string, job: (context: JobContext) => Promise<R>, context: JobContext): Promise<R>
  /** Cancels what runs and waits until it has ended. */
  close(): Promise<void>
}

export function createJobs(): Jobs {
  const running = new Set<Promise<unknown>>()
  /** Turns that are taken: of jobs that run and of those about to. */
  let taken = 0
  const waiting = new Set<() => void>()
  const closing = new AbortController()

  function wakeNext(): void {
    const [next] = waiting
    if (next === undefined) return
    waiting.delete(next)
    next()
  }

  async function turn(signal: AbortSignal): Promise<void> {
    while (taken >= limits.jobs) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const wake = () => resolve()
      waiting.add(wake)
      signal.addEventListener('abort', wake, { once: true })
      await promise
      signal.removeEventListener('abort', wake)
      const woken = !waiting.delete(wake)
      // Who does not come any more passes the turn it was given on.
      if (signal.aborted && woken) wakeNext()
      signal.throwIfAborted()
    }
    taken++
  }

  const watch: Jobs['watch'] = async (name, start, { signal: caller, onProgress }) => {
    const signal = AbortSignal.any([caller, closing.signal])
    const cancelled = new ApiError('cancelled', `the ${name} was cancelled`)
    if (signal.aborted) throw cancelled
    await turn(signal).catch(() => Promise.reject(cancelled))
    try {
      // Cancelled while it was given its turn: nobody would tell it any more.
      if (signal.aborted) throw cancelled
      const own = start({ signal, onProgress })
      running.add(own)
      return await own.finally(() => running.delete(own))
    } finally {
      taken--
      wakeNext()
    }
  }

  return {
    watch,
    run: async (name, params, context) =>
      (await watch(
        name,
        (job) => withoutStoppedHooks(() => runThread(spawnThread('job-worker', { name, params }), job)),
        context,
      )) as JobResult<typeof name>,
    async close() {
      closing.abort()
      await Promise.allSettled(running)
    },
  }
}

function runThread(worker: Worker, { signal, onProgress }: JobContext): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let outcome: (() => void) | undefined
    let grace: NodeJS.Timeout | undefined
    const cancel = () => {
      worker.postMessage('cancel')
      grace = setTimeout(() => void worker.terminate(), GRACE_MS)
    }
    signal.addEventListener('abort', cancel, { once: true })
    worker.on('message', (message: JobMessage) => {
      switch (message.kind) {
        case 'progress':
          return onProgress(message.progress)
        case 'done':
          outcome = () => resolve(message.result)
          return
        case 'failed':
          outcome = () => reject(fromWireError(message.error))
      }
    })
    worker.on('error', (error: Error) => (outcome ??= () => reject(error)))
    // The job is over when its thread is: only then is everything it had open closed.
    worker.on('exit', () => {
      clearTimeout(grace)
      signal.removeEventListener('abort', cancel)
      if (outcome !== undefined) outcome()
      else if (signal.aborted) reject(new ApiError('cancelled', 'the job was cancelled'))
      else reject(new Error('a job ended without a result'))
    })
  })
}

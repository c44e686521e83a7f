/**
 * A job's thread: runs one job to its end and goes. `jobs` is the whole list of what runs here. A job gets a signal that
 * says stop and a progress function that may be called as often as it likes; ten reports a second leave the thread.
 */

import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { assert } from '#shared/base/assert.ts'
import { toWireError } from '#shared/base/errors.ts'
import type { Progress } from '#shared/contract/methods.ts'
import { checkFile } from '../store/check.ts'
import { compareJob } from './compare.ts'
import { exportJob } from './export.ts'
import { importTrace } from './import.ts'
import type { JobContext, JobMessage } from './jobs.ts'
import { simulateJob } from './simulate.ts'

const PROGRESS_EVERY_MS = 100

const jobs = {
  import: importTrace,
  export: exportJob,
  check: checkFile,
  simulate: simulateJob,
  compare: compareJob,
} as const

export type JobName = keyof typeof jobs
/** What crosses to the thread: the job's options without what the thread adds. */
export type JobParams<N extends JobName> = Omit<Parameters<(typeof jobs)[N]>[0], keyof JobContext>
export type JobResult<N extends JobName> = Awaited<ReturnType<(typeof jobs)[N]>>

type AnyJob = (options: object) => unknown

async function run(): Promise<void> {
  assert(parentPort !== null, 'a job runs in a thread')
  const port = parentPort
  const say = (message: JobMessage) => port.postMessage(message)
  const { name, params } = workerData as { name: JobName; params: object }
  const stop = new AbortController()
  port.on('message', () => stop.abort())
  const onProgress = throttled((progress) => say({ kind: 'progress', progress }))
  try {
    const result = await (jobs[name] as AnyJob)({ ...params, signal: stop.signal, onProgress })
    say({ kind: 'done', result })
  } catch (thrown) {
    say({ kind: 'failed', error: toWireError(thrown) })
  } finally {
    port.close()
  }
}

function throttled(send: (progress: Progress) => void): (progress: Progress) => void {
  let last = -Infinity
  let stage: string | undefined
  return (progress) => {
    const now = performance.now()
    if (progress.stage === stage && now - last < PROGRESS_EVERY_MS) return
    last = now
    stage = progress.stage
    send(progress)
  }
}

if (!isMainThread) void run()

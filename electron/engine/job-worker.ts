/**
 * A job's thread: runs one job to its end and goes. `jobs` is the whole list of what runs here; only the one that runs is
 * loaded (all of them take 80 ms, a simulated kernel among them). A job gets a signal that says stop and a progress
 * function that may be called as often as it likes; ten reports a second leave the thread.
 */

import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { assert } from '#shared/base/assert.ts'
import { toWireError } from '#shared/base/errors.ts'
import type { Progress } from '#shared/contract/methods.ts'
import type { JobContext, JobMessage } from './job-context.ts'

const PROGRESS_EVERY_MS = 100

const jobs = {
  export: async () => (await import('./export.ts')).exportJob,
  check: async () => (await import('../store/check.ts')).checkFile,
  simulate: async () => (await import('./simulate.ts')).simulateJob,
  compare: async () => (await import('./compare.ts')).compareJob,
  whatIf: async () => (await import('./whatif.ts')).whatIfJob,
  sensitivity: async () => (await import('./sensitivity.ts')).sensitivityJob,
  traces: async () => (await import('./whatif-traces.ts')).tracesJob,
  scaling: async () => (await import('./scaling.ts')).scalingJob,
  backtest: async () => (await import('./whatif-backtest.ts')).backtestJob,
  record: async () => (await import('./record.ts')).recordJob,
  sweepPlan: async () => (await import('./sweep.ts')).planJob,
  sweep: async () => (await import('./sweep.ts')).sweepJob,
  sweepMerge: async () => (await import('./sweep-merge.ts')).mergeJob,
  search: async () => (await import('./timeline-search.ts')).searchEvents,
} as const

export type JobName = keyof typeof jobs
type Job<N extends JobName> = Awaited<ReturnType<(typeof jobs)[N]>>
/** What crosses to the thread: the job's options without what the thread adds. */
export type JobParams<N extends JobName> = Omit<Parameters<Job<N>>[0], keyof JobContext>
export type JobResult<N extends JobName> = Awaited<ReturnType<Job<N>>>

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
    const job = (await jobs[name]()) as AnyJob
    const result = await job({ ...params, signal: stop.signal, onProgress })
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
    if (progress.stage === stage && progress.partial === undefined && now - last < PROGRESS_EVERY_MS) return
    last = now
    stage = progress.stage
    send(progress)
  }
}

if (!isMainThread) void run()

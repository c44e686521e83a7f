/**
 * Pools of our own worker threads. Code of a user's own strategy may run in them, so each pool is watched: a hook that does not
 * come back costs its thread, and the task is done again without it. A pool that is destroyed leaves nothing behind.
 */

import { Piscina } from 'piscina'
import { watchPulses, withoutStoppedHooks } from '../strategy/pulse.ts'
import { entryUrl } from './spawn.ts'

export interface PoolOptions {
  readonly entry: string
  readonly threads: number
  /** Fewest that stay; left out: all of them. */
  readonly stay?: number
  /** Threads nobody needs go after this, ms. */
  readonly idleMs?: number
  /** What lies in every thread. */
  readonly workerData?: unknown
}

export interface ThreadPool {
  run<T>(task: unknown, options: { readonly name?: string; readonly signal: AbortSignal }): Promise<T>
  destroy(): Promise<void>
}

export function startPool({ entry, threads, stay = threads, idleMs, workerData }: PoolOptions): ThreadPool {
  const pool = new Piscina({
    filename: entryUrl(entry).href,
    minThreads: stay,
    maxThreads: threads,
    ...(idleMs === undefined ? {} : { idleTimeout: idleMs }),
    ...(workerData === undefined ? {} : { workerData }),
  })
  // A thread that dies twice, of its memory and of being stopped for it, has no task left to say so to.
  pool.on('error', () => undefined)
  const unwatch = watchPulses(() => pool.threads)
  return {
    run: <T>(task: unknown, { name = 'default', signal }: { readonly name?: string; readonly signal: AbortSignal }) =>
      withoutStoppedHooks(async () => (await pool.run(task, { name, signal })) as T),
    async destroy() {
      unwatch()
      await pool.destroy()
    },
  }
}

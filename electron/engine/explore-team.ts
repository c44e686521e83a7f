/**
 * The threads of one search: begun together, or some of them once the search turns out to be long. Whoever has begun can be asked;
 * all are gone when the search is, or is cancelled.
 */

import type { Worker } from 'node:worker_threads'
import type { ExploreViolation, LockOrderResult } from '#shared/contract/exploration.ts'
import { lockOrderRows } from '#shared/explore/verdict.ts'
import { OrderGraph } from '#shared/lockorder/order-graph.ts'
import type { OrderWitness } from '#shared/sim/invariants/lock-order.ts'
import type { ExploreFunctions, ExploreSpec } from './explore-run.ts'
import { spawnThread } from './spawn.ts'
import { callThread, type Thread } from './threads.ts'

export type ExploreThread = Thread<ExploreFunctions>

export class Team {
  /** Those that have begun. */
  readonly threads: ExploreThread[] = []
  readonly #workers: Worker[] = []
  readonly #signal: AbortSignal
  readonly #stop = () => void this.close()

  constructor(signal: AbortSignal) {
    this.#signal = signal
    signal.addEventListener('abort', this.#stop, { once: true })
  }

  /** One more thread, which searches nothing. */
  spawn(): ExploreThread {
    const worker = spawnThread('explore-run')
    this.#workers.push(worker)
    if (this.#signal.aborted) this.#stop()
    return callThread<ExploreFunctions>(worker, 'a thread of the search', () => undefined)
  }

  /** More threads, ready to search; and the names of the tasks there are. */
  async begin(count: number, spec: Omit<ExploreSpec, 'lane'>): Promise<readonly string[]> {
    const first = this.#workers.length
    const threads = Array.from({ length: count }, () => this.spawn())
    const [names] = await Promise.all(threads.map((thread, i) => thread.call('begin', { ...spec, lane: first + i })))
    this.threads.push(...threads)
    return names
  }

  async lockOrder(): Promise<LockOrderResult> {
    const all = new OrderGraph<OrderWitness>()
    for (const edges of await Promise.all(this.threads.map((thread) => thread.call('order')))) {
      for (const { from, to, modes, witness } of edges) all.add(from, to, modes, () => witness)
    }
    return lockOrderRows(all)
  }

  async films(found: Parameters<ExploreFunctions['violation']>[0][]): Promise<readonly ExploreViolation[]> {
    const films: ExploreViolation[] = []
    let next = 0
    const work = async (thread: ExploreThread) => {
      for (let i = next++; i < found.length; i = next++) films[i] = await thread.call('violation', found[i])
    }
    await Promise.all(this.threads.map(work))
    return films
  }

  async close(): Promise<void> {
    this.#signal.removeEventListener('abort', this.#stop)
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }
}

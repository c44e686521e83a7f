/** What a simulated machine is made of: its CPUs, what its own moves cost, who hears of them, and which scheduler drives it. */

import type { Ns } from '../model/trace.ts'
import type { FairOptions } from './cpus.ts'
import type { SimSink } from './sink.ts'

/** Fixed prices of the machine itself, ns. */
export interface MachineCosts {
  readonly lock: Ns
  readonly unlock: Ns
  readonly spinHandoff: Ns
  readonly wake: Ns
  readonly contextSwitch: Ns
  readonly quantum: Ns
  /** Each other reader of an rwsem makes a shared acquisition this much dearer (one cache line). */
  readonly sharedLine: Ns
}

export interface KernelOptions {
  readonly cpus: number
  readonly seed: number
  readonly costs: MachineCosts
  readonly sink: SimSink
  /** False: search. */
  readonly timed: boolean
  /**
   * The machine a recording was made on rather than the model's own: CPUs that share time fairly, readers that take a free
   * rwsem past its queue, spinning that no tracepoint shows.
   */
  readonly recorded?: FairOptions | undefined
}

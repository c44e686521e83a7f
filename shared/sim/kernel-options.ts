/** What a simulated machine is made of: its CPUs, what its own moves cost, who hears of them, and which scheduler drives it. */

import type { Ns } from '../model/trace.ts'
import type { SimSink } from './sink.ts'

/** Of the fair scheduler, for the whole machine; kernel/sched/fair.c scales them by 1 + log2(CPUs), as `fairOptions` does. */
export interface FairOptions {
  /** Time in which everybody has a turn, and the shortest turn. */
  readonly latencyNs: Ns
  readonly shortestNs: Ns
  /** How far behind whoever runs a woken task must be to preempt. */
  readonly wakeupNs: Ns
  readonly tickNs: Ns
  /** Ran less than this ago: too warm to be moved to another CPU. */
  readonly warmNs: Ns
  /** How long a slice lasts, of what the times above make of it: ticks that a host takes away from its guest end it late. */
  readonly sliceScale: number
  /** A woken task stays with its CPU though another is idle (no shared cache to look for one in). */
  readonly sticky: boolean
  /** Classes of rwsems whose waiters' spinning the recording shows. */
  readonly seenSpinning: ReadonlySet<string> | 'all'
}

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

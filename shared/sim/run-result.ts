/** What a simulated run comes to: how many operations took how long, who waited for what, and what went wrong. A value. */

import type { OrderEdge } from '../lockorder/order-graph.ts'
import type { Ns } from '../model/trace.ts'
import type { OrderWitness } from './invariants/lock-order.ts'
import type { InvariantSeverity } from './invariants/invariants.ts'
import type { ResolvedStrategy } from './strategies/index.ts'

export interface RunFinding {
  readonly invariant: string
  readonly severity: InvariantSeverity
  readonly message: string
  /** Who and what the sentence names. */
  readonly tasks: readonly string[]
  readonly objects: readonly string[]
  /** In whose move it showed. */
  readonly task: { readonly id: number; readonly pid: number; readonly comm: string }
  readonly atNs: Ns
  /** Happenings before it. */
  readonly event: number
}

export interface RunOpStats {
  readonly kind: string
  readonly count: number
  readonly failed: number
  readonly meanNs: Ns
  readonly p50Ns: Ns
  readonly p90Ns: Ns
  readonly p99Ns: Ns
  readonly p999Ns: Ns
  readonly maxNs: Ns
}

export interface RunLockStats {
  readonly class: string
  readonly acquisitions: number
  readonly contended: number
  readonly waitTotalNs: Ns
  readonly holdTotalNs: Ns
}

export interface RunResult {
  readonly scenario: string
  readonly strategy: ResolvedStrategy
  readonly fs: string
  readonly seed: number
  /** Parameters with their defaults filled in. */
  readonly params: Readonly<Record<string, unknown>>
  readonly digest: string
  readonly events: number
  readonly ops: number
  readonly simulatedNs: Ns
  /** Loads, stores and system calls of the workload that succeeded, up to `simulatedNs`. */
  readonly completed: number
  /** Of those. */
  readonly opsPerSecond: number
  readonly findings: readonly RunFinding[]
  /** Findings by invariant, those beyond the cap included. */
  readonly findingCounts: Readonly<Record<string, number>>
  readonly deadlock:
    { readonly atNs: Ns; readonly cycle: readonly { readonly task: string; readonly lock: string }[] } | undefined
  /** Tasks that had not ended when nothing could happen any more, or long after the end. */
  readonly hung: readonly string[]
  readonly opStats: readonly RunOpStats[]
  readonly lockStats: readonly RunLockStats[]
  readonly counters: Readonly<Record<string, number>>
  readonly lockOrder: {
    readonly edges: readonly OrderEdge<OrderWitness>[]
    readonly cycles: readonly OrderCircle[]
  }
  /** The budget of happenings was used up before the end. */
  readonly truncated: boolean
}

/** A circle in the lock order: each class was asked for while the one before it was held, the first under the last. */
export interface OrderCircle {
  readonly classes: readonly string[]
  readonly lockdepSees: boolean
  readonly needsQueuedWriter: boolean
}

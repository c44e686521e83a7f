/** Wait chains: from a wait to the task that held the lock, to what that one waited for, down to the root. */
import * as z from 'zod'
import { analysis, scopeSchema } from './analysis.ts'

export interface ChainLink {
  readonly taskId: number
  readonly task: string
  readonly pid: number
  /** The holder's operation and what it spent most of the overlap in; null unknown. */
  readonly op: string | null
  readonly phase: string | null
  /** The lock the previous task waited for and this one held. */
  readonly class: string
  readonly mode: 'exclusive' | 'shared'
  /** `holder`, or `queued-writer`: it stood before the waiter in the queue. */
  readonly kind: 'holder' | 'queued-writer'
  readonly spanId: number
  /** null where the trace cannot show holds. */
  readonly heldNs: number | null
  readonly overlapNs: number
  readonly acquiredNs: number | null
  readonly inferred: boolean
}

export interface WaitChain {
  /** Row number of the waiting lockSpan: the id that `chain --wait` takes. */
  readonly waitId: number
  readonly taskId: number
  readonly task: string
  readonly pid: number
  readonly op: string | null
  readonly opId: number | null
  readonly class: string
  readonly classId: number
  readonly mode: 'exclusive' | 'shared'
  readonly startNs: number
  readonly waitNs: number
  readonly links: readonly ChainLink[]
  /** The last task of the chain and what it was doing; null where the holder is unknown. */
  readonly rootTask: string | null
  readonly rootOp: string | null
  /** True where the chain was cut at limits.chainLinks or closes on itself. */
  readonly cut: boolean
  /** Waits of the same cause (class, holder op and phase) this one stands for; set when `onePerCause`. */
  readonly alike?: number
}

export interface WaitChainsResult {
  readonly chains: readonly WaitChain[]
  /** Waits in scope. */
  readonly total: number
}

export const waitChains = analysis({
  id: 'wait-chains',
  title: 'Wait chains',
  about: 'Who held what, doing what, for how long, up to the root holder.',
  params: z.object({
    scope: scopeSchema.default({}),
    worst: z.int().positive().max(1000).default(10),
    waitId: z.int().nonnegative().optional(),
    /** Only the worst of each (class, holder operation, holder phase). */
    onePerCause: z.boolean().default(false),
  }),
  run(): WaitChainsResult {
    throw new Error('assertion failed: being written')
  },
})

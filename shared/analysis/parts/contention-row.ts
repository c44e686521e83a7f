/** A row of the contention table: a class, an instance, an operation, a task or a call site, and its waits and holds. */

export interface ContentionRow {
  readonly class: string
  /** Row numbers to select by. `lock` only for `instance`. */
  readonly classId: number
  readonly lock?: number
  readonly address?: string
  /** `instance`: where the name comes from, if no event prints it (NAMED_* of kinds.ts). */
  readonly namedBy?: string
  /** `op`: operation kind that waited or held. */
  readonly op?: string
  /** `site`: the function that asked for the lock; missing where no call stack tells. */
  readonly site?: string
  /** `task`: row number, comm and pid of the task that waited or held. */
  readonly task?: { readonly id: number; readonly comm: string; readonly pid: number }
  readonly mode: 'exclusive' | 'shared'
  /** NaN (null in JSON) where the trace shows only waits, and for the call sites of a lock_stat table. */
  readonly acquisitions: number
  readonly contended: number
  /** With `openWaitNs`. NaN for the call sites of a lock_stat table: it has only counts of waits. */
  readonly waitTotalNs: number
  /** Of `contended` and `waitTotalNs`, waits that still went on when the trace ended: each lasted at least so long. */
  readonly openWaits: number
  readonly openWaitNs: number
  readonly waitMeanNs: number | null
  readonly waitMinNs: number | null
  readonly waitMaxNs: number | null
  readonly waitP50Ns: number | null
  readonly waitP99Ns: number | null
  /** Of `acquisitions`, those whose release is not in the trace: they are not in the hold times. */
  readonly openHolds: number
  /** null where the trace cannot show holds of this lock, or shows none of them whole. */
  readonly holdTotalNs: number | null
  readonly holdMeanNs: number | null
  readonly holdMinNs: number | null
  readonly holdMaxNs: number | null
  readonly holdP50Ns: number | null
  readonly holdP99Ns: number | null
  /** Phase with the largest share of the hold time (only by class), with that share 0…1; missing where no phase is known. */
  readonly mostlyIn?: { readonly phase: string; readonly share: number }
  readonly inferred: boolean
}

export const CONTENTION_BY = ['class', 'instance', 'op', 'task', 'site'] as const
export type ContentionBy = (typeof CONTENTION_BY)[number]

/**
 * Percentiles as people are shown them: a dash where there are so few values that one cannot be told from their maximum (p50 takes
 * 2, p90 10, p99 100, p99.9 1000 of them). Scripts get every percentile with its count, whatever it is worth.
 */

import type { ContentionRow } from './contention-row.ts'
import type { LatencyRow } from '../latency.ts'

/** Why a dash stands there. */
export const TOO_FEW = 'too few of them to tell it from the longest'

/** A quantile of `count` values, or null. */
export function told(q: number, count: number, value: number | null): number | null {
  return count >= Math.round(1 / (1 - q)) ? value : null
}

/** Those of a row of operations: the ones not seen to end are counted, not measured. */
export function toldOf({ count, unfinished, ...row }: LatencyRow) {
  const measured = count - unfinished
  return {
    p50: told(0.5, measured, row.p50Ns),
    p90: told(0.9, measured, row.p90Ns),
    p99: told(0.99, measured, row.p99Ns),
    p999: told(0.999, measured, row.p999Ns),
  }
}

type LockPercentiles = Pick<
  ContentionRow,
  'contended' | 'acquisitions' | 'waitP50Ns' | 'waitP99Ns' | 'holdP50Ns' | 'holdP99Ns'
>

/**
 * Those of a row of locks. Holds are not counted apart from acquisitions; in a range of time there are a few more of them, those that
 * were held before it.
 */
export function toldOfLock({ contended, acquisitions, ...row }: LockPercentiles) {
  return {
    waitP50: told(0.5, contended, row.waitP50Ns),
    waitP99: told(0.99, contended, row.waitP99Ns),
    holdP50: told(0.5, acquisitions, row.holdP50Ns),
    holdP99: told(0.99, acquisitions, row.holdP99Ns),
  }
}

/** What a trace can show at all: "no waits" means that nobody waited only where waiting would have been recorded. */

import { SPAN_CONTENDED, SPAN_HOLD_KNOWN } from '../../model/kinds.ts'
import type { Trace } from '../../model/trace.ts'
import { perTrace } from './per-trace.ts'

export interface Shows {
  readonly holds: boolean
  readonly waits: boolean
  readonly states: boolean
  readonly ops: boolean
}

/** A table of /proc/lock_stat or perf lock, by what is known of an opened trace: figures per lock, no moments and nobody who waited. */
export function isTable(info: {
  readonly events: number
  readonly lockSpans: number
  readonly shows: Pick<Shows, 'waits'>
}): boolean {
  return info.events === 0 && info.lockSpans === 0 && info.shows.waits
}

const WAIT_EVENTS: ReadonlySet<string> = new Set(['contention_begin', 'lock_contended', 'mmap_lock_start_locking'])

/** Event names without their system: perf prints `lock:contention_begin`. */
export function plainName(name: string): string {
  return name.slice(name.lastIndexOf(':') + 1)
}

export const shows = perTrace((trace: Trace): Shows => ({
  holds:
    trace.extras?.lockStat?.rows.some(({ holdTotalNs }) => holdTotalNs === holdTotalNs) === true ||
    anyFlag(trace, SPAN_HOLD_KNOWN),
  waits:
    trace.extras?.lockStat !== undefined ||
    anyFlag(trace, SPAN_CONTENDED) ||
    trace.eventNames.some((name) => WAIT_EVENTS.has(plainName(name))),
  states: trace.taskState.length > 0,
  ops: trace.op.length > 0,
}))

function anyFlag({ lockSpan }: Trace, flag: number): boolean {
  const { flags } = lockSpan.cols
  for (let i = 0; i < lockSpan.length; i++) if ((flags[i] & flag) !== 0) return true
  return false
}

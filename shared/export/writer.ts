/**
 * What a writer of a trace format gets and does. It is a generator: after each piece it yields how many rows (events or
 * spans) the piece had, so that its host can write the bytes out, say how far it is and stop; it never holds the whole
 * output. It reads the trace's columns and its raw events in file order, and knows neither files nor SQL.
 */

import type { EventChunk, Ns, Trace } from '../model/trace.ts'
import type { ByteOut } from './out.ts'

export interface Exported {
  readonly trace: Trace
  /** The raw events of chunks that touch the window, in file order; may be asked for more than once. */
  readonly events: () => Iterable<EventChunk>
  /** Events in [from, to) and spans that overlap it are written. The whole trace: 0 … Infinity. */
  readonly window: Window
  /**
   * Per lock span: when its wait ended, got or given up; the trace's end of one that still went on then; NaN not known. The
   * analyses know it (shared/analysis/parts/wait-ends.ts), and a writer does not see them.
   */
  readonly waitEnds: Float64Array
}

export interface Window {
  readonly from: Ns
  readonly to: Ns
}

export type TraceWriter = (source: Exported, out: ByteOut) => Generator<number, void, void>

/** Rows between two yields. */
export const ROWS_PER_STEP = 4096

/** The time of the trace's clock at 0 as seconds and ns, exact for clocks of any size. */
export function startOf(startClock: string): { readonly hi: number; readonly lo: number } {
  const start = BigInt(startClock)
  const hi = start / 1_000_000_000n
  return { hi: Number(hi), lo: Number(start - hi * 1_000_000_000n) }
}

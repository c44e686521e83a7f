/**
 * The codes importers give to input they could not use. A code in SKIP_CODES means bytes of the input are not in the
 * trace; the import summary's `skipped` is the diagnostics with these codes, so nothing is dropped silently. Every other
 * diagnostic is a remark about input that was used.
 */

import type { Diagnostic } from './trace.ts'

export const UNPARSED_LINE = 'unparsed-line'
export const LINE_TOO_LONG = 'line-too-long'
export const ORPHAN_FRAME = 'stack-frame-without-event'
export const TIME_OUT_OF_RANGE = 'time-out-of-range'

export const UNKNOWN_EVENT_TYPE = 'unknown-event-type'
export const DAMAGED_DATA = 'damaged-data'

/** Remarks about input that was used. */
export const LOST_EVENTS = 'lost-events'
export const SEVERAL_TRACES = 'several-traces'
export const OVERLAPPING_TRACES = 'overlapping-traces'
export const PER_CPU_PARTS = 'per-cpu-parts'
export const SEVERAL_BUFFERS = 'several-buffers'
export const OUT_OF_ORDER = 'out-of-order'
export const MIXED_CLOCKS = 'mixed-clocks'
export const LONG_TASK_NAMES = 'long-task-names'
export const LOG_PREFIX = 'log-prefix'
export const LINE_MARKS = 'line-marks'
export const UNFINISHED_LINE = 'unfinished-last-line'
export const NO_EVENTS = 'no-events'
export const RAW_TIMES = 'times-without-unit'
export const DELTA_TIMES = 'times-are-differences'
export const TIMES_INFERRED = 'times-inferred'
export const TASK_UNKNOWN = 'task-unknown'
export const LATENCY_SUMMARY = 'latency-summary'
export const NO_SYMBOLS = 'no-kernel-symbols'
export const SYMBOLS_FROM = 'kernel-symbols-from'
export const FOREIGN_SYMBOLS = 'foreign-kernel-symbols'
export const PRINT_FORMAT = 'print-format'
export const BAD_EVENT_FORMAT = 'bad-event-format'
export const TOO_MANY_NAMES = 'too-many-event-names'

/** Put by the host, which decompresses: the rest of a compressed input was missing or damaged. */
export const TRUNCATED_COMPRESSION = 'truncated-compression'
export const TRAILING_BYTES = 'bytes-after-compression'

/** Under this code a simulated trace keeps what its run was given, as JSON, so that it can be made again. */
export const SIM_RUN = 'sim-run'

export const SKIP_CODES: readonly string[] = [
  UNPARSED_LINE,
  LINE_TOO_LONG,
  ORPHAN_FRAME,
  TIME_OUT_OF_RANGE,
  UNKNOWN_EVENT_TYPE,
  DAMAGED_DATA,
  TRUNCATED_COMPRESSION,
  TRAILING_BYTES,
]

export function isSkip(diagnostic: Diagnostic): boolean {
  return SKIP_CODES.includes(diagnostic.code)
}

/** A diagnostic as people read it; scripts get the message as it is. */
export function diagnosticWords({ code, message }: Pick<Diagnostic, 'code' | 'message'>): string {
  return code === SIM_RUN ? (runWords(message) ?? message) : message
}

function runWords(text: string): string | undefined {
  let run: unknown
  try {
    run = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof run !== 'object' || run === null || !('scenario' in run && 'strategy' in run && 'seed' in run))
    return undefined
  const chosen = (values: unknown) =>
    typeof values === 'object' && values !== null
      ? Object.entries(values).map(([name, value]) => `${name}=${String(value)}`)
      : []
  const slots = 'slots' in run ? chosen(run.slots) : []
  const set = 'set' in run ? chosen(run.set) : []
  return [
    `simulated: scenario ${String(run.scenario)} under strategy ${[String(run.strategy), ...slots].join(',')}`,
    ...('fs' in run ? [`on ${String(run.fs)}`] : []),
    ...(set.length === 0 ? [] : [`with ${set.join(', ')}`]),
    `seed ${String(run.seed)}`,
    ...('schedule' in run ? [`schedule ${String(run.schedule)}`] : []),
  ].join(', ')
}

/**
 * The summary of an import: how much there was, what of it was used, what was not and why.
 */

import type { Diagnostic, TraceEnd } from '#shared/model/trace.ts'
import { isSkip, LOST_EVENTS } from '#shared/model/diagnostics.ts'
import type { Parsed } from './import-messages.ts'

/** Ends of something whose begin is not in the trace: a few are normal where recording began, many are a warning. */
const UNMATCHED = /^unmatched-|-without-(?:begin|enter|acquire)$/

interface Read {
  readonly end: TraceEnd
  readonly format: string
  readonly lines: number | undefined
  readonly bytes: number
}

export function summarize({ end, format, lines, bytes }: Read): Parsed {
  const { meta, diagnostics } = end
  const startNs = Number(meta.startClock)
  const timed = meta.eventCount > 0 || end.rows.op > 0 || end.rows.lockSpan > 0
  return {
    format,
    lines: lines ?? null,
    bytes,
    events: meta.eventCount,
    // What the trace's own clock read; `--from` and `--to` count from there. A table or a report has no times.
    startNs: timed ? startNs : null,
    endNs: timed ? startNs + meta.durationNs : null,
    tasks: end.tasks.length,
    locks: end.locks.length,
    lockClasses: end.lockClasses.length,
    ops: end.rows.op,
    lockSpans: end.rows.lockSpan,
    skipped: diagnostics.filter(isSkip).map(({ code, count, firstLine, message }) => ({
      reason: code,
      count,
      firstLine: firstLine ?? null,
      message,
    })),
    warnings: diagnostics.filter(isWarning).map(({ code, message, count, firstLine }) => ({
      ...{ code, message, count },
      firstLine: firstLine ?? null,
    })),
    lost: meta.lostEvents ?? null,
    unmatched: unmatched(diagnostics),
  }
}

/** That events were lost and that begins are missing the summary says in numbers. */
function isWarning(diagnostic: Diagnostic): boolean {
  const { severity, code } = diagnostic
  return severity !== 'info' && !isSkip(diagnostic) && code !== LOST_EVENTS && !UNMATCHED.test(code)
}

function unmatched(diagnostics: readonly Diagnostic[]): number {
  return diagnostics.reduce((sum, { code, count }) => sum + (UNMATCHED.test(code) ? count : 0), 0)
}

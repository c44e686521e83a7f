/**
 * A loaded trace as the open page and the filters need it: its figures, what it can and cannot show, and what there is
 * to choose from. Tables that are not needed for that are not loaded. The long lists are cut at limits.replyRows.
 */

import { shows } from '#shared/analysis/parts/shows.ts'
import { limits } from '#shared/base/limits.ts'
import type { Trace, TraceMeta } from '#shared/model/trace.ts'
import type { StoredTrace } from '../store/load.ts'
import type { TraceInfo } from '#shared/contract/files.ts'

export function describeTrace({ id, rows }: StoredTrace, trace: Trace): TraceInfo {
  const { meta } = trace
  return {
    id,
    name: meta.name,
    format: meta.sourceFormat,
    strategy: meta.strategy ?? null,
    scenario: meta.scenario ?? null,
    events: meta.eventCount,
    ops: rows.op,
    lockSpans: rows.lock_span,
    tasks: trace.tasks.length,
    idleTasks: trace.tasks.reduce((sum, { pid }) => sum + (pid === 0 ? 1 : 0), 0),
    lockClasses: trace.lockClasses.length,
    locks: trace.locks.length,
    durationNs: lengthOf(meta),
    lost: meta.lostEvents ?? null,
    clock: meta.clock,
    clockUnit: meta.clockUnit,
    startClock: meta.startClock,
    startUnixNs: meta.startUnixNs ?? null,
    kernel: meta.kernel ?? null,
    cpus: meta.cpus ?? null,
    diagnostics: trace.diagnostics,
    shows: { ...shows(trace), states: rows.task_state > 0, ops: rows.op > 0 },
    opKinds: kindsPresent(trace),
    taskList: trace.tasks.slice(0, limits.replyRows).map(({ pid, comm }, task) => ({ id: task, pid, comm })),
    classList: trace.lockClasses
      .slice(0, limits.replyRows)
      .map(({ name, kind }, lockClass) => ({ id: lockClass, name, kind })),
  }
}

/** A table has no times, and of a single report only one moment is known. */
function lengthOf({ sourceFormat, durationNs }: TraceMeta): number | null {
  if (sourceFormat === 'lock-stat' || sourceFormat === 'perf-lock') return null
  return sourceFormat === 'lockdep-report' && durationNs === 0 ? null : durationNs
}

function kindsPresent({ op, opKinds }: Trace): string[] {
  const present = new Uint8Array(opKinds.length)
  for (let i = 0; i < op.length; i++) present[op.cols.kind[i]] = 1
  return opKinds.filter((_, kind) => present[kind] === 1)
}

/**
 * A loaded trace as the open page and the filters need it: its figures, what it can and cannot show, and what there is
 * to choose from. Tables that are not needed for that are not loaded. The long lists are cut at limits.replyRows.
 */

import { limits } from '#shared/base/limits.ts'
import { SPAN_CONTENDED, SPAN_HOLD_KNOWN } from '#shared/model/kinds.ts'
import type { Trace } from '#shared/model/trace.ts'
import type { StoredTrace } from '../store/load.ts'
import type { TraceInfo } from '#shared/contract/methods.ts'

/** Events that record waiting for a lock; where one of them was recorded, "no waits" means that nobody waited. */
const WAIT_EVENTS = new Set(['contention_begin', 'lock_contended', 'mmap_lock_start_locking'])

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
    lockClasses: trace.lockClasses.length,
    locks: trace.locks.length,
    durationNs: meta.durationNs,
    lost: meta.lostEvents ?? null,
    clock: meta.clock,
    clockUnit: meta.clockUnit,
    startClock: meta.startClock,
    kernel: meta.kernel ?? null,
    cpus: meta.cpus ?? null,
    diagnostics: trace.diagnostics,
    shows: {
      holds: anyFlag(trace, SPAN_HOLD_KNOWN),
      waits: anyFlag(trace, SPAN_CONTENDED) || trace.eventNames.some((name) => WAIT_EVENTS.has(name)),
      states: rows.task_state > 0,
      ops: rows.op > 0,
    },
    opKinds: kindsPresent(trace),
    taskList: trace.tasks.slice(0, limits.replyRows).map(({ pid, comm }, task) => ({ id: task, pid, comm })),
    classList: trace.lockClasses
      .slice(0, limits.replyRows)
      .map(({ name, kind }, lockClass) => ({ id: lockClass, name, kind })),
  }
}

function anyFlag({ lockSpan }: Trace, flag: number): boolean {
  const { flags } = lockSpan.cols
  for (let i = 0; i < lockSpan.length; i++) if ((flags[i] & flag) !== 0) return true
  return false
}

function kindsPresent({ op, opKinds }: Trace): string[] {
  const present = new Uint8Array(opKinds.length)
  for (let i = 0; i < op.length; i++) present[op.cols.kind[i]] = 1
  return opKinds.filter((_, kind) => present[kind] === 1)
}

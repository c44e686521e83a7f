/**
 * Single spans: where they are drawn, what is known of them, and what they are in words. Whatever the trace does not say
 * is null and unsaid.
 */

import { groupRows } from '../analysis/parts/grouping.ts'
import { perTrace } from '../analysis/parts/per-trace.ts'
import { lockFacts } from '../analysis/parts/scope.ts'
import { waitOver } from '../analysis/parts/wait-ends.ts'
import { edges, holdOf, waitOf } from '../analysis/parts/waits.ts'
import { failureName, isFailure, known, modeName } from '../analysis/parts/words.ts'
import { ApiError } from '../base/errors.ts'
import { SPAN_CONTENDED, SPAN_INFERRED, TASK_STATES } from '../model/kinds.ts'
import type { Trace } from '../model/trace.ts'
import type { SpanDetails, SpanRef, SpanSpot } from './answers.ts'
import { drawnEnd, familyRows } from './families.ts'
import { lockName } from './lock-name.ts'
import { rowId } from './row-ids.ts'
import { SLICE_OPEN, SPAN_OF_FAMILY, type RowId } from './types.ts'
import { lasting } from './words.ts'

/** The span, if the trace has it. */
export function checkedSpan(trace: Trace, span: SpanRef): SpanRef {
  const { length } = trace[SPAN_OF_FAMILY[span.family]]
  const { family, id } = span
  const has = id < length && (family !== 'wait' || (trace.lockSpan.cols.flags[id] & SPAN_CONTENDED) !== 0)
  if (!has) throw new ApiError('not-found', `this trace has no ${family} ${id}`, 'spans are named by a view')
  return span
}

export function spotOf(trace: Trace, { family, id }: SpanRef): SpanSpot {
  const { source } = familyRows(trace, family === 'run' ? 'cpu' : 'task', family)
  const spot = (name: string, startNs: number, endNs: number, ...rows: readonly (RowId | undefined)[]): SpanSpot => ({
    family,
    id,
    name,
    startNs,
    endNs: known(Math.max(startNs, endNs)),
    untilNs: Math.max(startNs, drawnEnd(trace, source, id)),
    flags: source.flags(id) | (Number.isNaN(endNs) ? SLICE_OPEN : 0),
    rows: rows.filter((row) => row !== undefined),
  })
  switch (family) {
    case 'op': {
      const { kind, startNs, durationNs, task, cpu, inode } = trace.op.cols
      const onInode = inode[id] >= 0 ? rowId('inode', inode[id]) : undefined
      const onCpu = cpu[id] >= 0 ? rowId('cpu', cpu[id]) : undefined
      return spot(
        trace.opKinds[kind[id]],
        startNs[id],
        startNs[id] + durationNs[id],
        rowId('task', task[id]),
        onCpu,
        onInode,
      )
    }
    case 'phase': {
      const { name, startNs, durationNs, task } = trace.phase.cols
      return spot(trace.phaseNames[name[id]], startNs[id], startNs[id] + durationNs[id], rowId('task', task[id]))
    }
    case 'hold':
    case 'wait': {
      const { lock, task, requestedNs, acquiredNs, releasedNs } = trace.lockSpan.cols
      const [from, to] = family === 'hold' ? [acquiredNs[id], releasedNs[id]] : [requestedNs[id], waitOver(trace, id)]
      // A hold of which only the end is known is at least somewhere.
      const start = [from, requestedNs[id], acquiredNs[id], releasedNs[id]].find((ns) => ns >= 0) ?? 0
      return spot(lockName(trace, lock[id]), start, to, rowId('task', task[id]), rowId('lock', lock[id]))
    }
    case 'state':
    case 'run': {
      const { state, startNs, durationNs, task, cpu } = trace.taskState.cols
      const name = family === 'run' ? trace.tasks[task[id]].comm : TASK_STATES[state[id]]
      const onCpu = cpu[id] >= 0 && state[id] === 0 ? rowId('cpu', cpu[id]) : undefined
      return spot(name, startNs[id], startNs[id] + durationNs[id], rowId('task', task[id]), onCpu)
    }
  }
}

/** Lock spans by the operation they lie in. */
export const spansByOp = perTrace((trace) => groupRows(trace.lockSpan.cols.op, trace.op.length))

/** Wait edges by the span that stood in the way. */
export const edgesByHolder = perTrace((trace) => groupRows(trace.waitEdge.cols.holder, trace.lockSpan.length))

export function detailsOf(trace: Trace, ref: SpanRef): SpanDetails {
  const span = checkedSpan(trace, ref)
  const { family, id } = span
  const table = trace[SPAN_OF_FAMILY[family]]
  const task = table.cols.task[id]
  const op =
    family === 'op'
      ? id
      : family === 'phase'
        ? trace.phase.cols.op[id]
        : ofLock(family)
          ? trace.lockSpan.cols.op[id]
          : -1
  const { comm, pid } = trace.tasks[task]
  const base = {
    ...spotOf(trace, span),
    task: { row: rowId('task', task), comm, pid },
    op: op === -1 ? null : opFacts(trace, op),
    ...(ofLock(family) ? lockDetails(trace, id) : NO_LOCK),
    cpu: cpuOf(trace, span),
    inferred: ofLock(family)
      ? (trace.lockSpan.cols.flags[id] & SPAN_INFERRED) !== 0
      : family === 'op' && trace.op.cols.inferred[id] === 1,
  }
  return { ...base, words: wordsOf(trace, base) }
}

function ofLock(family: SpanRef['family']): boolean {
  return family === 'hold' || family === 'wait'
}

type LockDetails = Pick<
  SpanDetails,
  'lock' | 'requestedNs' | 'acquiredNs' | 'releasedNs' | 'waitNs' | 'heldNs' | 'holders' | 'waiters'
>

const NO_LOCK: LockDetails = {
  lock: null,
  requestedNs: null,
  acquiredNs: null,
  releasedNs: null,
  waitNs: null,
  heldNs: null,
  holders: 0,
  waiters: 0,
}

function lockDetails(trace: Trace, id: number): LockDetails {
  const { lock, mode, requestedNs, acquiredNs, releasedNs } = trace.lockSpan.cols
  const { byWaiter } = edges(trace)
  const byHolder = edgesByHolder(trace)
  const { address } = trace.locks[lock[id]]
  return {
    lock: {
      row: rowId('lock', lock[id]),
      class: trace.lockClasses[lockFacts(trace).classOf[lock[id]]].name,
      label: lockName(trace, lock[id]),
      address: address ?? null,
      mode: modeName(mode[id]),
    },
    requestedNs: known(requestedNs[id]),
    acquiredNs: known(acquiredNs[id]),
    releasedNs: known(releasedNs[id]),
    waitNs: known(waitOf(trace, id)),
    heldNs: known(holdOf(trace, id)),
    holders: byWaiter.starts[id + 1] - byWaiter.starts[id],
    waiters: byHolder.starts[id + 1] - byHolder.starts[id],
  }
}

function opFacts(trace: Trace, op: number): NonNullable<SpanDetails['op']> {
  const { result, waitNs, inode, offset, length } = trace.op.cols
  return {
    ...spotOf(trace, { family: 'op', id: op }),
    result: known(result[op]),
    waitNs: known(waitNs[op]),
    inode: inode[op] === -1 ? null : trace.inodes[inode[op]],
    offset: known(offset[op]),
    length: known(length[op]),
  }
}

function cpuOf(trace: Trace, { family, id }: SpanRef): number | null {
  const cpu =
    family === 'op' ? trace.op.cols.cpu[id] : family === 'state' || family === 'run' ? trace.taskState.cols.cpu[id] : -1
  return cpu < 0 ? null : cpu
}

function wordsOf(trace: Trace, details: Omit<SpanDetails, 'words'>): string[] {
  const { family, name, task, startNs, endNs, op, lock } = details
  const who = `${task.comm} (${task.pid})`
  const lasted = endNs === null ? 'and was not seen to end' : `for ${lasting(trace, endNs - startNs)}`
  switch (family) {
    case 'op': {
      const waited = op?.waitNs === null || op === null ? '' : `, ${lasting(trace, op.waitNs)} of it waiting for locks`
      const failed =
        op !== null && op.result !== null && isFailure(op.result)
          ? [`It failed with ${failureName(name, op.result)}.`]
          : []
      return [`${who} was in ${name} ${lasted}${waited}.`, ...failed]
    }
    case 'phase':
      return [`${who} was in ${name}${op === null ? '' : ` of ${op.name}`} ${lasted}.`]
    case 'state':
    case 'run':
      return [`${who} was ${TASK_STATES[trace.taskState.cols.state[details.id]]} ${lasted}.`]
    case 'wait':
      return [
        `${who} waited ${lasted} for ${lock?.label ?? name} (${lock?.mode ?? ''})${op === null ? '' : ` in ${op.name}`}.`,
        ...(endNs !== null && details.acquiredNs === null ? ['It gave up and did not get it.'] : []),
      ]
    case 'hold': {
      const others =
        details.waiters === 0
          ? []
          : [`${details.waiters === 1 ? 'One other' : `${details.waiters} others`} waited for it meanwhile.`]
      return [
        `${who} held ${lock?.label ?? name} (${lock?.mode ?? ''}) ${lasted}${op === null ? '' : ` in ${op.name}`}.`,
        ...others,
      ]
    }
  }
}

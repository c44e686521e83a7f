/**
 * assertTrace: what must hold in every trace, whoever built it. It runs after importers and simulations in tests, and
 * where a trace crosses a door. A violation is a bug in the builder, never bad input, so it throws and names the row.
 * Unknown times (NaN) are allowed everywhere they can occur; wrong ones are not.
 */

import { assert } from '../base/assert.ts'
import { EDGE_KINDS, MODES, SPAN_CONTENDED, SPAN_INFERRED, SPAN_TRY, TASK_STATES } from './kinds.ts'
import { SPAN_TABLES, type Trace } from './trace.ts'

export function assertTrace(trace: Trace): void {
  checkTables(trace)
  checkDictionaries(trace)
  checkOps(trace)
  checkPhases(trace)
  checkLockSpans(trace)
  checkEdges(trace)
  checkStates(trace)
}

function checkTables(trace: Trace): void {
  for (const table of SPAN_TABLES) {
    const { length, cols } = trace[table]
    for (const [name, column] of Object.entries(cols)) {
      assert(column.length >= length, `${table}.${name} has ${column.length} cells for ${length} rows`)
    }
  }
  const { durationNs } = trace.meta
  assert(Number.isSafeInteger(durationNs) && durationNs >= 0, `the duration ${durationNs} is not a number of ns`)
}

function checkDictionaries(trace: Trace): void {
  trace.locks.forEach((lock, row) => {
    assert(trace.lockClasses[lock.lockClass] !== undefined, `lock ${row} has no class ${lock.lockClass}`)
    inRange(lock.inode, trace.inodes.length, -1, `lock ${row}: inode`)
  })
  for (const [what, names] of Object.entries({
    'operation kinds': trace.opKinds,
    'phase names': trace.phaseNames,
    inodes: trace.inodes,
    'event names': trace.eventNames,
    'lock classes': trace.lockClasses.map(({ name }) => name),
  })) {
    assert(new Set(names).size === names.length, `${what} repeat`)
  }
  assert(trace.eventCounts.length === trace.eventNames.length, 'event counts and names differ in number')
}

function checkOps(trace: Trace): void {
  const { length, cols } = trace.op
  for (let row = 0; row < length; row++) {
    const what = `op ${row}`
    inRange(cols.task[row], trace.tasks.length, 0, `${what}: task`)
    inRange(cols.kind[row], trace.opKinds.length, 0, `${what}: kind`)
    inRange(cols.inode[row], trace.inodes.length, -1, `${what}: inode`)
    within(trace, cols.startNs[row], cols.durationNs[row], what)
    assert(!Number.isNaN(cols.startNs[row]), `${what} has no start`)
    const wait = cols.waitNs[row]
    assert(Number.isNaN(wait) || wait >= 0, `${what} waited ${wait} ns`)
    assert(!(wait > cols.durationNs[row]), `${what} waited ${wait} ns of ${cols.durationNs[row]}`)
  }
}

function checkPhases(trace: Trace): void {
  const { length, cols } = trace.phase
  const ops = trace.op.cols
  for (let row = 0; row < length; row++) {
    const what = `phase ${row} (${trace.phaseNames[cols.name[row]] ?? '?'})`
    inRange(cols.task[row], trace.tasks.length, 0, `${what}: task`)
    inRange(cols.name[row], trace.phaseNames.length, 0, `${what}: name`)
    within(trace, cols.startNs[row], cols.durationNs[row], what)
    const op = cols.op[row]
    inRange(op, trace.op.length, -1, `${what}: op`)
    if (op < 0) continue
    assert(ops.task[op] === cols.task[row], `${what} is of another task than its op ${op}`)
    assert(cols.startNs[row] >= ops.startNs[op], `${what} begins before its op ${op}`)
    const end = cols.startNs[row] + cols.durationNs[row]
    const opEnd = ops.startNs[op] + ops.durationNs[op]
    assert(!(end > opEnd) && !(cols.startNs[row] > opEnd), `${what} ends at ${end}, after its op ${op} at ${opEnd}`)
  }
}

function checkLockSpans(trace: Trace): void {
  const { length, cols } = trace.lockSpan
  for (let row = 0; row < length; row++) {
    const what = `lockSpan ${row}`
    inRange(cols.lock[row], trace.locks.length, 0, `${what}: lock`)
    inRange(cols.task[row], trace.tasks.length, 0, `${what}: task`)
    inRange(cols.op[row], trace.op.length, -1, `${what}: op`)
    inRange(cols.mode[row], MODES.length, 0, `${what}: mode`)
    const requested = cols.requestedNs[row]
    const acquired = cols.acquiredNs[row]
    const released = cols.releasedNs[row]
    for (const time of [requested, acquired, released]) within(trace, time, 0, what)
    assert(!(acquired < requested), `${what} was acquired at ${acquired}, before it was asked for at ${requested}`)
    assert(!(released < acquired) && !(released < requested), `${what} was released at ${released}, before it was had`)
    const flags = cols.flags[row]
    if (Number.isNaN(requested)) assert((flags & SPAN_INFERRED) !== 0, `${what} was never asked for, yet not inferred`)
    if ((flags & SPAN_CONTENDED) === 0) {
      assert(!(acquired > requested), `${what} waited without being contended`)
    } else assert((flags & SPAN_TRY) === 0, `${what} is a trylock that waited`)
    const op = cols.op[row]
    if (op >= 0) assert(trace.op.cols.task[op] === cols.task[row], `${what} is of another task than its op ${op}`)
  }
}

function checkEdges(trace: Trace): void {
  const { length, cols } = trace.waitEdge
  const spans = trace.lockSpan.cols
  for (let row = 0; row < length; row++) {
    const what = `waitEdge ${row}`
    const { [row]: waiter } = cols.waiter
    const { [row]: holder } = cols.holder
    inRange(waiter, trace.lockSpan.length, 0, `${what}: waiter`)
    inRange(holder, trace.lockSpan.length, 0, `${what}: holder`)
    inRange(cols.phase[row], trace.phaseNames.length, -1, `${what}: phase`)
    inRange(cols.kind[row], EDGE_KINDS.length, 0, `${what}: kind`)
    assert(waiter !== holder, `${what}: a span waits for itself`)
    assert(spans.lock[waiter] === spans.lock[holder], `${what} joins spans of two locks`)
    assert((spans.flags[waiter] & SPAN_CONTENDED) !== 0, `${what}: span ${waiter} did not wait`)
    const overlap = cols.overlapNs[row]
    const wait = spans.acquiredNs[waiter] - spans.requestedNs[waiter]
    assert(overlap >= 0 && !(overlap > wait), `${what} overlaps ${overlap} ns of a wait of ${wait}`)
  }
}

function checkStates(trace: Trace): void {
  const { length, cols } = trace.taskState
  const ends = new Map<number, number>()
  for (let row = 0; row < length; row++) {
    const what = `taskState ${row}`
    inRange(cols.task[row], trace.tasks.length, 0, `${what}: task`)
    inRange(cols.state[row], TASK_STATES.length, 0, `${what}: state`)
    within(trace, cols.startNs[row], cols.durationNs[row], what)
    const task = cols.task[row]
    assert(!(cols.startNs[row] < (ends.get(task) ?? -Infinity)), `${what} begins before the task's last state ended`)
    ends.set(task, cols.startNs[row] + cols.durationNs[row])
  }
}

function inRange(value: number, length: number, least: number, what: string): void {
  assert(
    Number.isInteger(value) && value >= least && value < length,
    `${what} ${value} is out of range ${least}…${length - 1}`,
  )
}

/** Known times are integers inside the trace. */
function within(trace: Trace, startNs: number, durationNs: number, what: string): void {
  if (Number.isNaN(startNs)) return
  assert(Number.isSafeInteger(startNs) && startNs >= 0, `${what} begins at ${startNs}`)
  assert(Number.isNaN(durationNs) || durationNs >= 0, `${what} lasts ${durationNs} ns`)
  assert(!(startNs + durationNs > trace.meta.durationNs), `${what} ends after the trace`)
  assert(startNs <= trace.meta.durationNs, `${what} begins after the trace`)
}

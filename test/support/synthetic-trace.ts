/**
 * Traces made of numbers alone, for benchmarks and for tests that need many rows: tasks that run operation after
 * operation, each with nested phases and nested locks, some of them contended and explained by wait edges. Shapes are
 * those of recorded DAX traces (a few hot classes, whole microseconds, some unknown ends); the values mean nothing.
 * A linear congruential generator makes the same trace from the same seed everywhere.
 */

import { allocate, type Columns, type Schema } from '#shared/base/columns.ts'
import {
  OP_KINDS,
  SPAN_CONTENDED,
  SPAN_HOLD_KNOWN,
  SPAN_INFERRED,
  SPAN_IRQ,
  TASK_STATES,
  type LockKind,
} from '#shared/model/kinds.ts'
import { spanSchemas, type SpanTable, type Trace } from '#shared/model/trace.ts'

export interface SyntheticSize {
  readonly lockSpans: number
  readonly phases: number
  readonly ops: number
  readonly tasks: number
  readonly locks: number
  readonly seed: number
}

/** Numbers 0 … 2^32 - 1; the constants are Numerical Recipes'. */
export function lcg(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const CLASSES: readonly (readonly [string, LockKind])[] = [
  ['mapping.invalidate_lock', 'rwsem'],
  ['&mm->mmap_lock', 'rwsem'],
  ['&sb->s_type->i_mutex_key', 'rwsem'],
  ['&ei->i_data_sem', 'rwsem'],
  ['&journal->j_state_lock', 'rwlock'],
  ['&xa->xa_lock', 'spinlock'],
  ['rcu_read_lock', 'annotation'],
  ...Array.from({ length: 60 }, (_, i) => [`class ${i}`, 'spinlock'] as const),
]
const PHASES = ['map_blocks', 'zero', 'unmap', 'journal', 'es_lookup', 'alloc', 'free', 'dax_fault', 'commit_wait']

type Tables = { [K in SpanTable]: Columns<(typeof spanSchemas)[K]> }

function emptyTables(rows: Readonly<Record<SpanTable, number>>): Tables {
  const tables: Record<string, Columns<Schema>> = {}
  for (const [table, schema] of Object.entries(spanSchemas)) {
    const length = rows[table as SpanTable]
    tables[table] = { length, cols: allocate(schema, length) }
  }
  return tables as unknown as Tables
}

export function syntheticTrace(size: SyntheticSize): Trace {
  const random = lcg(size.seed)
  const tables = emptyTables({
    op: size.ops,
    phase: size.phases,
    lockSpan: size.lockSpans,
    waitEdge: Math.floor(size.lockSpans / 5),
    taskState: size.ops,
  })
  const endNs = fillOps(tables, size, random)
  fillPhases(tables, size, random)
  fillSpans(tables, size, random)
  fillEdges(tables, random)
  return {
    meta: {
      name: 'synthetic',
      sourceFormat: 'simulation',
      clock: 'mono',
      clockUnit: 'ns',
      startClock: '0',
      startUnixNs: undefined,
      durationNs: endNs,
      eventCount: size.lockSpans * 3,
      lostEvents: 0,
      kernel: undefined,
      machine: undefined,
      cpus: 2,
      scenario: undefined,
      strategy: undefined,
      seed: String(size.seed),
      digest: undefined,
    },
    diagnostics: [],
    rate: { bucketNs: Math.ceil(endNs / 4000), counts: new Uint32Array(4000).fill(Math.ceil(size.lockSpans / 1000)) },
    tasks: Array.from({ length: size.tasks }, (_, id) => ({ pid: 1000 + id, tgid: 1000, comm: `task ${id % 9}` })),
    lockClasses: CLASSES.map(([name, kind]) => ({ name, kind })),
    locks: Array.from({ length: size.locks }, (_, id) => ({
      lockClass: id % CLASSES.length,
      address: id.toString(16).padStart(16, '0'),
      label: undefined,
      inode: id % 3 === 0 ? id % 2 : -1,
    })),
    inodes: ['259:0:12', '259:0:13'],
    eventNames: ['lock_acquire', 'lock_acquired', 'lock_release'],
    eventCounts: [size.lockSpans, size.lockSpans, size.lockSpans],
    opKinds: OP_KINDS,
    phaseNames: PHASES,
    stacks: [],
    ...tables,
  }
}

/** Operations of all tasks side by side, one after the other in each, and the state each leaves the task in. */
function fillOps(tables: Tables, { tasks }: SyntheticSize, random: (below: number) => number): number {
  const { op, taskState } = tables
  const free = new Float64Array(tasks)
  let endNs = 0
  for (let row = 0; row < op.length; row++) {
    const task = row % tasks
    const start = free[task] + random(20) * 1000
    const duration = (1 + random(30) + (random(100) === 0 ? random(5000) : 0)) * 1000
    free[task] = start + duration
    endNs = Math.max(endNs, free[task])
    op.cols.task[row] = task
    op.cols.kind[row] = random(OP_KINDS.length)
    op.cols.startNs[row] = start
    op.cols.durationNs[row] = random(5000) === 0 ? NaN : duration
    op.cols.waitNs[row] = random(duration)
    op.cols.inode[row] = random(3) - 1
    op.cols.offset[row] = random(4096) * 4096
    op.cols.length[row] = 4096
    op.cols.result[row] = random(200) === 0 ? -14 : 0
    op.cols.cpu[row] = random(2)
    taskState.cols.task[row] = task
    taskState.cols.state[row] = random(TASK_STATES.length)
    taskState.cols.startNs[row] = start
    taskState.cols.durationNs[row] = duration
    taskState.cols.cpu[row] = random(2)
  }
  return endNs
}

/** Length of an operation's busy part, also of one whose end is not known. */
function spanOf(tables: Tables, op: number): number {
  const { durationNs } = tables.op.cols
  return Number.isNaN(durationNs[op]) ? 10_000 : durationNs[op]
}

/** Each operation gets its share of phases in a row of nested pairs. */
function fillPhases(tables: Tables, { phases, ops }: SyntheticSize, random: (below: number) => number): void {
  const { cols } = tables.phase
  const perOp = Math.max(1, Math.ceil(phases / Math.max(1, ops)))
  for (let row = 0; row < phases; row++) {
    const op = Math.min(ops - 1, Math.floor(row / perOp))
    const slot = spanOf(tables, op) / perOp
    const depth = row % 2
    cols.op[row] = op
    cols.task[row] = tables.op.cols.task[op]
    cols.name[row] = random(PHASES.length)
    cols.startNs[row] = Math.floor(tables.op.cols.startNs[op] + slot * (row % perOp))
    cols.durationNs[row] = Math.max(0, Math.floor(slot * (2 - depth) * 0.9))
    cols.depth[row] = depth
  }
}

/** Lock spans inside operations; a third contended, a few without known ends, some in interrupts. */
function fillSpans(tables: Tables, { lockSpans, ops, locks }: SyntheticSize, random: (below: number) => number): void {
  const { cols } = tables.lockSpan
  const perOp = Math.max(1, Math.ceil(lockSpans / Math.max(1, ops)))
  for (let row = 0; row < lockSpans; row++) {
    const op = Math.min(ops - 1, Math.floor(row / perOp))
    const length = spanOf(tables, op)
    const contended = random(3) === 0
    const start = tables.op.cols.startNs[op] + Math.floor((length * (row % perOp)) / perOp / 2)
    const wait = contended ? random(length / 2) : 0
    cols.lock[row] = random(4) === 0 ? random(locks) : random(Math.min(locks, 7))
    cols.task[row] = tables.op.cols.task[op]
    cols.op[row] = random(50) === 0 ? -1 : op
    cols.mode[row] = random(2)
    cols.flags[row] =
      SPAN_HOLD_KNOWN |
      (contended ? SPAN_CONTENDED : 0) |
      (random(100) === 0 ? SPAN_INFERRED : 0) |
      (random(100) === 0 ? SPAN_IRQ : 0)
    cols.requestedNs[row] = start
    cols.acquiredNs[row] = random(5000) === 0 ? NaN : start + wait
    cols.releasedNs[row] = random(5000) === 0 ? NaN : start + wait + random(length / 2)
  }
}

/** Edges to neighbouring spans of other tasks that overlap the wait, as far as there are any. */
function fillEdges(tables: Tables, random: (below: number) => number): void {
  const { waitEdge, lockSpan } = tables
  for (let row = 0; row < waitEdge.length; row++) {
    const waiter = Math.min(lockSpan.length - 1, row * 5 + random(5))
    const holder = Math.min(lockSpan.length - 1, Math.max(0, waiter + random(200) - 100))
    waitEdge.cols.waiter[row] = waiter
    waitEdge.cols.holder[row] = holder
    const from = Math.max(lockSpan.cols.requestedNs[waiter], lockSpan.cols.acquiredNs[holder])
    const to = Math.min(lockSpan.cols.acquiredNs[waiter], lockSpan.cols.releasedNs[holder])
    waitEdge.cols.overlapNs[row] = to > from ? to - from : 0
    waitEdge.cols.phase[row] = random(3) === 0 ? -1 : random(PHASES.length)
    waitEdge.cols.kind[row] = random(20) === 0 ? 1 : 0
  }
}

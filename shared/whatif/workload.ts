/**
 * From a trace to a workload: what each task did with which arguments, what each operation asked of the machine (demands.ts),
 * and what lay between two of them. Operations the model does not know stay in that gap as fixed delay; those that hold
 * mmap_lock meanwhile do so again. Says what the trace gave and what it could not give. It judges nothing and runs nothing.
 */

import { contention } from '../analysis/contention.ts'
import { ApiError } from '../base/errors.ts'
import { counted, timeText } from '../base/time.ts'
import { MODES } from '../model/kinds.ts'
import type { Ns, Trace } from '../model/trace.ts'
import { arrivalOf, askedFor, checkArrivals, type Arrival, type ArrivalChoice } from './arrival.ts'
import { calibrationOf, type Calibration } from './calibration.ts'
import { Demands, type Demand } from './demands.ts'
import { filesOf, PAGE, type Files, type WorkloadFile } from './files.ts'
import { machineOf, type RecordedMachine } from './machine.ts'
import { lockName } from './names.ts'
import { checkPrices, type Prices } from './prices.ts'
import { saidOf } from './said.ts'
import { barriersOf } from './start.ts'

export const REPLAYED = [
  'read_fault',
  'write_fault',
  'mkwrite',
  'cow_fault',
  'pmd_fault',
  'truncate',
  'punch_hole',
  'read',
  'write',
  'fsync',
  'fdatasync',
  'msync',
] as const
export type ReplayedKind = (typeof REPLAYED)[number]

interface Begun {
  /** Time between the last operation (or the trace's start) and this one: on a CPU, and off it. */
  readonly thinkCpuNs: Ns
  readonly thinkSleepNs: Ns
  /** When the task was no longer asleep before it; it may have waited for a CPU then. */
  readonly readyNs: Ns
  /** Where it began; -1: the trace does not tell. */
  readonly cpu: number
  readonly startNs: Ns
  readonly durationNs: Ns
}

export interface WorkloadOp extends Begun, Demand {
  readonly kind: ReplayedKind
  readonly file: number
  /** Of the file's pages, counted over those the trace touches. */
  readonly page: number
  readonly pages: number
  /** False: the trace does not say where, it could be anywhere. */
  readonly placed: boolean
}

/** What the model does not know but whose hold of mmap_lock it repeats: mmap, munmap, madvise, faults of other memory. */
export interface OutsideOp extends Begun {
  readonly kind: 'outside'
  readonly name: string
  readonly mode: 'shared' | 'exclusive'
  /** Before, under and after mmap_lock: work, and sleep under it. */
  readonly beforeNs: Ns
  readonly heldNs: Ns
  readonly heldSleepNs: Ns
  /** Then shared, where it was downgraded (munmap frees page tables so). */
  readonly sharedNs: Ns
  readonly sharedSleepNs: Ns
  readonly afterNs: Ns
}

export interface WorkloadTask {
  readonly comm: string
  readonly mm: number
  readonly arrival: Arrival
  readonly evidence: string
  /** Began when all of its address space were there, and this much later; undefined: when it did. */
  readonly barrierNs: Ns | undefined
  readonly ops: readonly WorkloadOp[]
  /** Everything in order: indices into `ops`, and what lies between them. A task without `ops` ends with the others. */
  readonly steps: readonly (number | OutsideOp)[]
}

export interface Workload extends RecordedMachine {
  readonly fs: string
  readonly dax: boolean
  readonly durationNs: Ns
  readonly files: readonly WorkloadFile[]
  readonly tasks: readonly WorkloadTask[]
  readonly calibration: Calibration
  /** A simulated trace: it ran on the model's own CPUs, with draws of its seed. */
  readonly simulated: boolean
  /** Set by the user, instead of what was calibrated. */
  readonly prices: Prices
  /** What came from the trace, in sentences; what did not; what it cannot tell. */
  readonly fromTrace: readonly string[]
  readonly defaults: readonly string[]
  readonly missing: readonly string[]
}

export interface WorkloadOptions {
  readonly arrival?: ArrivalChoice | undefined
  readonly prices?: Prices | undefined
}

export function workloadOf(trace: Trace, options: WorkloadOptions = {}): Workload {
  const { name, clock, clockUnit } = trace.meta
  if (clockUnit === 'tick') {
    const instead = `record with a clock that tells time: ${RECORD.replace('record', 'record -C mono')}`
    throw noTime({ name, clock, cannot: 'be replayed', instead: `${instead}; what it can answer: ${answered(trace)}` })
  }
  const inodes = inodesOf(trace)
  const rows = rowsOf(trace, inodes)
  if (rows.every(({ outside }) => outside !== undefined)) throw nothingToReplay(trace)
  const replayed = rows.flatMap(({ row, outside }) => (outside === undefined ? [row] : []))
  const files = filesOf(trace, { rows: replayed, inodes })
  const demands = new Demands(trace, inodes)
  const { tasks, ids } = tasksOf(trace, { rows, inodes, files, demands, options })
  const fromNs = rows[0].from
  const machine = machineOf(trace, { tasks: ids, times: demands.times, fromNs })
  const workload = {
    ...machine,
    ...filesystemOf(trace),
    durationNs: trace.meta.durationNs,
    files: files.list,
    tasks,
    simulated: trace.meta.sourceFormat === 'simulation',
    prices: checkPrices(options.prices ?? {}),
    calibration: calibrationOf(trace, new Set<string>(REPLAYED)),
  }
  return { ...workload, ...saidOf(trace, { workload, demands }) }
}

export function operations({ tasks }: Pick<Workload, 'tasks'>): number {
  return tasks.reduce((sum, { ops }) => sum + ops.length, 0)
}

/** Some of a task's operations one after the other, with what lies between them; it begins when the task began. */
export function opsFrom(task: WorkloadTask, from: number, most: number): WorkloadTask {
  const end = task.steps.indexOf(from + most)
  const steps = task.steps.slice(from === 0 ? 0 : task.steps.indexOf(from), end < 0 ? undefined : end)
  const ops = task.ops.slice(from, from + most)
  if (from > 0) ops[0] = { ...ops[0], readyNs: task.ops[0].readyNs }
  return { ...task, ops, steps: steps.map((step) => (typeof step === 'number' ? step - from : step)) }
}

/** The beginning of a workload: of every task the same part. */
export function beginning(workload: Workload, ops: number): Workload {
  const share = ops / operations(workload)
  return share >= 1
    ? workload
    : { ...workload, tasks: workload.tasks.map((task) => opsFrom(task, 0, Math.ceil(task.ops.length * share))) }
}

/** A hold of mmap_lock by what the model does not know. */
interface Hold {
  readonly mode: 'shared' | 'exclusive'
  readonly from: Ns
  readonly since: Ns
  readonly to: Ns
  /** How long it was shared after that; `to` where it was not. */
  readonly sharedTo: Ns
}

/** What can be done again: an operation (`row`), or a hold of mmap_lock in an operation or outside of all (-1). */
interface Row {
  readonly row: number
  readonly task: number
  readonly from: Ns
  readonly to: Ns
  readonly outside: Hold | undefined
}

/** What can be done again, by time; what is inside an operation comes with it. */
function rowsOf(trace: Trace, inodes: Int32Array): Row[] {
  const { cols, length } = trace.op
  const { inOps, alone } = mmapHolds(trace)
  const rows: Row[] = [...alone]
  for (let row = 0; row < length; row++) {
    if (!(cols.durationNs[row] >= 0)) continue
    const known = kindOf(trace, row) !== undefined && inodes[row] >= 0
    const outside = known ? undefined : inOps.get(row)
    if (!known && outside === undefined) continue
    const from = cols.startNs[row]
    rows.push({ row, task: cols.task[row], from, to: from + cols.durationNs[row], outside })
  }
  rows.sort((a, b) => a.from - b.from || b.to - a.to)
  const busyUntil = new Map<number, number>()
  return rows.filter(({ task, from, to }) => {
    if (from < (busyUntil.get(task) ?? -1)) return false
    busyUntil.set(task, to)
    return true
  })
}

/**
 * The file of each operation, -1 not known. System calls name a descriptor, and not every one leaves an event with its inode
 * (ftruncate that grows a file leaves none): where all others of a task are about one file, so are these.
 */
function inodesOf(trace: Trace): Int32Array {
  const { cols, length } = trace.op
  const only = new Map<number, number>()
  for (let row = 0; row < length; row++) {
    if (cols.inode[row] < 0 || kindOf(trace, row) === undefined) continue
    const seen = only.get(cols.task[row])
    only.set(cols.task[row], seen === undefined || seen === cols.inode[row] ? cols.inode[row] : SEVERAL)
  }
  return Int32Array.from({ length }, (_, row) => {
    const given = cols.inode[row]
    if (given >= 0 || !BY_DESCRIPTOR.has(trace.opKinds[cols.kind[row]])) return given
    return Math.max(-1, only.get(cols.task[row]) ?? -1)
  })
}

const SEVERAL = -2
const BY_DESCRIPTOR = new Set(['truncate', 'punch_hole', 'read', 'write', 'fsync', 'fdatasync'])

function kindOf(trace: Trace, row: number): ReplayedKind | undefined {
  const name = trace.opKinds[trace.op.cols.kind[row]]
  return REPLAYED.find((kind) => kind === name)
}

/** The first whole hold of mmap_lock inside each operation, and those outside of all (brk, mprotect, clone). */
function mmapHolds({ lockSpan, locks, lockClasses }: Trace) {
  const inOps = new Map<number, Hold>()
  const alone: { readonly task: number; hold: Hold }[] = []
  const isMmap = lockClasses.map(({ name }) => lockName(name) === 'mmap_lock')
  const { cols } = lockSpan
  const last = new Map<number, { readonly row: number; readonly keep: (sharedTo: Ns) => void }>()
  for (let row = 0; row < lockSpan.length; row++) {
    const op = cols.op[row]
    const task = cols.task[row]
    if (!isMmap[locks[cols.lock[row]].lockClass]) continue
    const to = cols.releasedNs[row]
    const since = cols.acquiredNs[row]
    if (!(to >= since)) continue
    const before = last.get(task)
    last.delete(task)
    if (before !== undefined && isDowngrade(lockSpan, { from: before.row, to: row })) {
      before.keep(to)
      continue
    }
    if (inOps.has(op)) continue
    const from = cols.requestedNs[row] <= since ? cols.requestedNs[row] : since
    const hold = { mode: MODES[cols.mode[row]], from, since, to, sharedTo: to }
    if (op >= 0) {
      inOps.set(op, hold)
      last.set(task, { row, keep: (sharedTo) => inOps.set(op, { ...hold, sharedTo }) })
    } else {
      const one = { task, hold }
      alone.push(one)
      last.set(task, { row, keep: (sharedTo) => (one.hold = { ...hold, sharedTo }) })
    }
  }
  const rows = alone.map(({ task, hold }): Row => ({
    row: -1,
    task,
    from: hold.from,
    to: hold.sharedTo,
    outside: hold,
  }))
  return { inOps, alone: rows }
}

/** mmap_write_downgrade: a shared hold that begins as the exclusive one ends, with no time to ask for it. */
function isDowngrade(
  { cols }: Trace['lockSpan'],
  { from, to }: { readonly from: number; readonly to: number },
): boolean {
  return (
    cols.lock[from] === cols.lock[to] &&
    MODES[cols.mode[from]] === 'exclusive' &&
    MODES[cols.mode[to]] === 'shared' &&
    cols.releasedNs[from] === cols.acquiredNs[to] &&
    !(cols.requestedNs[to] < cols.acquiredNs[to])
  )
}

const RECORD =
  'trace-cmd record -e fs_dax -e ext4 -e jbd2 -e mmap_lock -e exceptions -e syscalls -e sched -e lock:contention_begin -e lock:contention_end -- WORKLOAD'

function nothingToReplay(trace: Trace): ApiError {
  const { op, lockSpan, meta } = trace
  const what =
    op.length > 0
      ? 'none of its operations names a file the model could act on'
      : lockSpan.length > 0
        ? 'it has waits for locks and no operations: who waited can be told, what they did cannot'
        : 'it has no operations'
  return new ApiError(
    'bad-input',
    `${meta.name} cannot be replayed: ${what}`,
    `record its operations too: ${RECORD}; what it can answer: ${answered(trace)}`,
  )
}

export interface TicksOnly {
  readonly name: string
  readonly clock: string
  /** What takes times, and what to do or ask instead. */
  readonly cannot: string
  readonly instead: string
}

/** Times of `counter` and `x86-tsc` are no nanoseconds: rates and costs would be made up. */
export function noTime({ name, clock, cannot, instead }: TicksOnly): ApiError {
  return new ApiError('bad-input', `${name} cannot ${cannot}: its clock ${clock} counts ticks, not time`, instead)
}

function answered(trace: Trace): string {
  if (trace.lockSpan.length > 0) return `faultline contention${mostWaited(trace)}`
  if (trace.op.length > 0) return `faultline latency, how long its ${counted(trace.op.length, 'operation')} took`
  return 'faultline doctor, what its events tell'
}

function mostWaited(trace: Trace): string {
  const { rows } = contention.run(trace, { by: 'class', scope: {}, top: 1, contendedOnly: true })
  const row = rows.at(0)
  if (row === undefined) return ''
  const time = timeText(row.waitTotalNs, trace.meta.clockUnit, ' ')
  return `, where ${row.class} was waited for longest, ${time} in ${counted(row.contended, 'wait')}`
}

interface TaskContext {
  readonly rows: readonly Row[]
  readonly inodes: Int32Array
  readonly files: Files
  readonly demands: Demands
  readonly options: WorkloadOptions
}

function tasksOf(trace: Trace, { rows, inodes, files, demands, options }: TaskContext) {
  const { cols } = trace.op
  const byTask = new Map<number, { readonly ops: WorkloadOp[]; readonly steps: (number | OutsideOp)[] }>()
  const busyUntil = new Map<number, Ns>()
  const first = rows[0].from
  for (const { row, task, from: startNs, to, outside } of rows) {
    const from = busyUntil.get(task) ?? first
    const gap = demands.times.of(task, { from, to: startNs })
    // Where no scheduling event speaks of a task, its pause takes nobody's CPU.
    const known = demands.times.known
    const thinkSleepNs = Math.round(known ? gap.asleep + gap.unseen : startNs - from)
    const begun = {
      thinkSleepNs,
      readyNs: Math.round(from - first) + thinkSleepNs,
      cpu: row < 0 ? -1 : cols.cpu[row],
      thinkCpuNs: known ? Math.round(gap.cpu - gap.unseen) : 0,
      startNs: Math.round(startNs - first),
      durationNs: Math.round(to - startNs),
    }
    let mine = byTask.get(task)
    if (mine === undefined) byTask.set(task, (mine = { ops: [], steps: [] }))
    if (outside !== undefined)
      mine.steps.push({
        ...begun,
        ...outsideOf(demands, {
          name: row < 0 ? OUTSIDE_ALL : trace.opKinds[cols.kind[row]],
          task,
          from: startNs,
          to,
          outside,
        }),
      })
    else {
      mine.steps.push(mine.ops.length)
      const { commits, workNs, sleepNs } = demands.of(row)
      mine.ops.push({
        kind: kindOf(trace, row) ?? 'read_fault',
        ...placeOf(trace, { row, inode: inodes[row], files }),
        ...begun,
        commits,
        workNs: workNs.map(Math.round),
        sleepNs: Math.round(sleepNs),
      })
    }
    busyUntil.set(task, to)
  }
  checkArrivals(
    options.arrival,
    [...byTask.keys()].map((task) => trace.tasks[task]),
  )
  const mms = mmsOf(trace)
  const mmOf = (task: number) => mms.get(task) ?? 1_000_000 + (trace.tasks[task].tgid ?? trace.tasks[task].pid)
  const used = new Set([...byTask].flatMap(([task, { ops }]) => (ops.length > 0 ? [mmOf(task)] : [])))
  // Who only holds the mmap_lock of those that work is there too.
  const working = [...byTask].filter(([task]) => used.has(mmOf(task)))
  working.sort(([a], [b]) => trace.tasks[a].pid - trace.tasks[b].pid)
  const tasks = working.map(([task, { ops, steps }]) => {
    const { comm, pid } = trace.tasks[task]
    const mm = mmOf(task)
    return { comm, mm, ...arrivalOf(ops, askedFor(options.arrival, { comm, pid })), ops, steps }
  })
  const barriers = demands.times.known ? barriersOf(tasks) : []
  return {
    tasks: tasks.map((task, i): WorkloadTask => ({ ...task, barrierNs: barriers[i] })),
    ids: new Set(working.map(([task]) => task)),
  }
}

/** What a replay calls a hold of mmap_lock outside of all operations. */
const OUTSIDE_ALL = 'mmap_lock'

function outsideOf(
  demands: Demands,
  {
    name,
    task,
    from,
    to,
    outside,
  }: Pick<Row, 'task' | 'from' | 'to'> & { readonly name: string; readonly outside: Hold },
) {
  const held = demands.times.of(task, { from: outside.since, to: outside.to })
  const shared = demands.times.of(task, { from: outside.to, to: outside.sharedTo })
  return {
    kind: 'outside',
    name,
    mode: outside.mode,
    beforeNs: Math.round(demands.times.of(task, { from, to: outside.from }).cpu),
    heldNs: Math.round(held.cpu),
    heldSleepNs: Math.round(held.asleep),
    sharedNs: Math.round(shared.cpu),
    sharedSleepNs: Math.round(shared.asleep),
    afterNs: Math.round(to > outside.sharedTo ? demands.times.of(task, { from: outside.sharedTo, to }).cpu : 0),
  } as const
}

/** write(fd) does not say where: such operations are spread over what is touched of the file, the golden ratio apart. */
const SPREAD = new Set(['write', 'read'])
const GOLDEN = 0.6180339887498949

function placeOf(trace: Trace, { row, inode, files }: { row: number; inode: number; files: Files }) {
  const { cols } = trace.op
  const length = cols.length[row] > 0 ? cols.length[row] : PAGE
  const number = files.numberOf.get(inode) ?? 0
  if (!(cols.offset[row] >= 0) && SPREAD.has(trace.opKinds[cols.kind[row]])) {
    const { pages } = files.list[number]
    const page = Math.floor(((row * GOLDEN) % 1) * pages)
    const most = Math.max(1, Math.min(pages - page, Math.ceil(length / PAGE)))
    return { file: number, page, pages: most, placed: false }
  }
  const offset = cols.offset[row] >= 0 ? cols.offset[row] : 0
  const page = files.rank(inode, offset)
  return {
    file: files.numberOf.get(inode) ?? 0,
    page,
    pages: Math.max(1, files.rank(inode, offset + length) - page),
    placed: true,
  }
}

/** Tasks that take the same mmap_lock share an address space. */
function mmsOf({ lockSpan, locks, lockClasses }: Trace): ReadonlyMap<number, number> {
  const mms = new Map<number, number>()
  for (let row = 0; row < lockSpan.length; row++) {
    const lock = lockSpan.cols.lock[row]
    if (lockName(lockClasses[locks[lock].lockClass].name) === 'mmap_lock') mms.set(lockSpan.cols.task[row], lock)
  }
  return mms
}

function filesystemOf(trace: Trace): { readonly fs: string; readonly dax: boolean } {
  const has = (pattern: RegExp) => trace.eventNames.some((name, i) => trace.eventCounts[i] > 0 && pattern.test(name))
  if (trace.meta.sourceFormat === 'simulation') {
    const locks = (pattern: RegExp) => trace.lockClasses.some(({ name }) => pattern.test(name))
    return { fs: locks(/truncate_mutex/) ? 'ext2' : locks(/^&?xfs_/) ? 'xfs' : 'ext4', dax: true }
  }
  const fs = has(/^ext4_/) ? 'ext4' : has(/^xfs_/) ? 'xfs' : has(/^jbd2_/) ? 'ext4' : 'ext2'
  return { fs, dax: has(/^dax_/) }
}

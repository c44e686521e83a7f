/**
 * From a trace to a workload: what each task did with which arguments, how long each operation worked (its service time:
 * what is left of its duration without waiting for locks and without waiting for a CPU), and what lay between two of them.
 * Operations the model does not know stay in that gap as fixed delay. Says what the trace gave and what it could not give.
 * It judges nothing and runs nothing.
 */

import { ApiError } from '../base/errors.ts'
import type { Ns, Trace } from '../model/trace.ts'
import { TASK_STATES } from '../model/kinds.ts'

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

export interface WorkloadOp {
  readonly kind: ReplayedKind
  readonly file: number
  /** Of the file's pages, counted over those the trace touches. */
  readonly page: number
  readonly pages: number
  /** Time between the last operation (or the trace's start) and this one: on a CPU, and off it. */
  readonly thinkCpuNs: Ns
  readonly thinkSleepNs: Ns
  readonly startNs: Ns
  readonly durationNs: Ns
  readonly serviceNs: Ns
}

export interface WorkloadTask {
  readonly comm: string
  readonly mm: number
  readonly arrival: 'closed' | 'open'
  readonly evidence: string
  readonly ops: readonly WorkloadOp[]
}

export interface WorkloadFile {
  readonly name: string
  readonly pages: number
  /** Pages without a block when the trace began. */
  readonly holes: readonly number[]
}

export interface Workload {
  readonly cpus: number
  readonly fs: string
  readonly dax: boolean
  readonly durationNs: Ns
  readonly files: readonly WorkloadFile[]
  readonly tasks: readonly WorkloadTask[]
  readonly commitEveryNs: Ns | undefined
  /** How long a task typically ran before another took its CPU; undefined: the trace shows too few such cases. */
  readonly sliceNs: Ns | undefined
  /** What came from the trace, in sentences; what did not; what it cannot tell. */
  readonly fromTrace: readonly string[]
  readonly defaults: readonly string[]
  readonly missing: readonly string[]
}

export interface WorkloadOptions {
  readonly arrival?: 'closed' | 'open'
}

export function workloadOf(trace: Trace, options: WorkloadOptions = {}): Workload {
  const replayed = replayedOps(trace)
  if (replayed.length === 0) throw nothingToReplay(trace)
  const files = filesOf(trace, replayed)
  const sched = trace.taskState.length > 0
  const times = new TaskTimes(trace)
  const tasks = tasksOf(trace, { rows: replayed, files, times, options })
  const cpus = cpusOf(trace, { sched, tasks: tasks.length })
  const { fs, dax } = filesystemOf(trace)
  const sliceNs = sliceOf(trace)
  return {
    cpus,
    fs,
    dax,
    durationNs: trace.meta.durationNs,
    files: files.list,
    tasks,
    commitEveryNs: commitInterval(trace),
    sliceNs,
    fromTrace: [
      `${replayed.length} operations of ${tasks.length} tasks on ${files.list.length} files, with their arguments`,
      sched
        ? 'service times: time on a CPU and asleep inside each operation, without lock waits and run-queue delay'
        : 'service times: duration of each operation without the lock waits the trace shows',
      ...(sliceNs === undefined
        ? []
        : [`time slice: a task that lost its CPU had run for ${sliceNs} ns in the median`]),
      `filesystem ${fs}${dax ? ' with DAX' : ''}, from the names of its events`,
    ],
    defaults: [
      ...(sliceNs === undefined ? ['time slice: too few tasks lost their CPU to another'] : []),
      'how an operation divides its service time over its steps: the proportions of the price list',
      'prices of the machine itself: hand-over of a lock, wake-up, context switch',
    ],
    missing: missingOf(trace, sched),
  }
}

function kindOf(trace: Trace, row: number): ReplayedKind | undefined {
  const name = trace.opKinds[trace.op.cols.kind[row]]
  return REPLAYED.find((kind) => kind === name)
}

/** Rows of operations that can be done again, by time; those inside another operation come with it. */
function replayedOps(trace: Trace): number[] {
  const { cols, length } = trace.op
  const rows: number[] = []
  for (let row = 0; row < length; row++) {
    if (kindOf(trace, row) === undefined || cols.inode[row] < 0 || !(cols.durationNs[row] >= 0)) continue
    rows.push(row)
  }
  rows.sort((a, b) => cols.startNs[a] - cols.startNs[b] || cols.durationNs[b] - cols.durationNs[a])
  const busyUntil = new Map<number, number>()
  return rows.filter((row) => {
    const task = cols.task[row]
    if (cols.startNs[row] < (busyUntil.get(task) ?? -1)) return false
    busyUntil.set(task, cols.startNs[row] + cols.durationNs[row])
    return true
  })
}

function nothingToReplay(trace: Trace): ApiError {
  const what =
    trace.op.length === 0 ? 'it has no operations' : 'none of its operations names a file the model could act on'
  return new ApiError(
    'bad-input',
    `${trace.meta.name} cannot be replayed: ${what}`,
    'record fs_dax:*, exceptions:page_fault_user, ext4:*, syscalls and sched:* as well, e.g. trace-cmd record -e fs_dax -e ext4 -e jbd2 -e exceptions -e syscalls -e sched -e lock',
  )
}

interface Files {
  readonly list: readonly WorkloadFile[]
  readonly numberOf: ReadonlyMap<number, number>
  /** Byte offset to page among those touched. */
  rank(inode: number, byte: number): number
}

const PAGE = 4096

/** Files with only the pages the trace touches, in their order: a range keeps what is in it. */
function filesOf(trace: Trace, rows: readonly number[]): Files {
  const { cols } = trace.op
  const touched = new Map<number, Set<number>>()
  const creates = creatingOps(trace)
  const first = new Map<string, boolean>()
  for (const row of rows) {
    const inode = cols.inode[row]
    const set = touched.get(inode) ?? new Set([0])
    touched.set(inode, set)
    if (!(cols.offset[row] >= 0)) continue
    const page = Math.floor(cols.offset[row] / PAGE)
    set.add(page)
    const key = `${inode}:${page}`
    if (!first.has(key)) first.set(key, creates.has(row))
  }
  const pages = new Map([...touched].map(([inode, set]) => [inode, [...set].sort((a, b) => a - b)]))
  const numberOf = new Map([...touched.keys()].map((inode, i) => [inode, i]))
  return {
    numberOf,
    list: [...pages].map(([inode, sorted]) => ({
      name: trace.inodes[inode],
      pages: sorted.length,
      holes: sorted.flatMap((page, rank) => (first.get(`${inode}:${page}`) === true ? [rank] : [])),
    })),
    rank: (inode, byte) => lowerBound(pages.get(inode) ?? [0], Math.floor(byte / PAGE)),
  }
}

function lowerBound(sorted: readonly number[], value: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle] < value) low = middle + 1
    else high = middle
  }
  return low
}

const CREATES = new Set(['journal', 'handle', 'load_hole', 'alloc', 'zero'])

/** Operations that found no block: a read that mapped the hole page, a write that had to open a handle. */
function creatingOps({ phase, phaseNames }: Trace): ReadonlySet<number> {
  const rows = new Set<number>()
  for (let row = 0; row < phase.length; row++) {
    if (phase.cols.op[row] >= 0 && CREATES.has(phaseNames[phase.cols.name[row]])) rows.add(phase.cols.op[row])
  }
  return rows
}

/** Time of a task by state between two moments, for moments that come in order. */
class TaskTimes {
  readonly #rows = new Map<number, number[]>()
  readonly #at = new Map<number, number>()
  readonly #trace: Trace

  constructor(trace: Trace) {
    this.#trace = trace
    const { cols, length } = trace.taskState
    for (let row = 0; row < length; row++) {
      const rows = this.#rows.get(cols.task[row])
      if (rows === undefined) this.#rows.set(cols.task[row], [row])
      else rows.push(row)
    }
    for (const rows of this.#rows.values()) rows.sort((a, b) => cols.startNs[a] - cols.startNs[b])
  }

  between(task: number, from: Ns, to: Ns): { readonly runnable: Ns; readonly asleep: Ns } {
    const { cols } = this.#trace.taskState
    const rows = this.#rows.get(task) ?? []
    let at = this.#at.get(task) ?? 0
    let runnable = 0
    let asleep = 0
    for (; at < rows.length && cols.startNs[rows[at]] < to; at++) {
      const row = rows[at]
      const end = cols.startNs[row] + cols.durationNs[row]
      const overlap = Math.min(end, to) - Math.max(cols.startNs[row], from)
      const state = TASK_STATES[cols.state[row]]
      if (overlap > 0 && state === 'runnable') runnable += overlap
      else if (overlap > 0 && state !== 'running') asleep += overlap
      if (!(end <= to)) break
    }
    this.#at.set(task, at)
    return { runnable, asleep }
  }
}

interface TaskContext {
  readonly rows: readonly number[]
  readonly files: Files
  readonly times: TaskTimes
  readonly options: WorkloadOptions
}

function tasksOf(trace: Trace, { rows, files, times, options }: TaskContext): WorkloadTask[] {
  const { cols } = trace.op
  const byTask = new Map<number, WorkloadOp[]>()
  const busyUntil = new Map<number, Ns>()
  const first = rows.length > 0 ? cols.startNs[rows[0]] : 0
  for (const row of rows) {
    const task = cols.task[row]
    const startNs = cols.startNs[row]
    const durationNs = cols.durationNs[row]
    const from = busyUntil.get(task) ?? first
    const gap = times.between(task, from, startNs)
    const inside = times.between(task, startNs, startNs + durationNs)
    const known = trace.taskState.length > 0
    const sleep = known ? Math.min(startNs - from, gap.asleep) : startNs - from
    const op: WorkloadOp = {
      kind: kindOf(trace, row) ?? 'read_fault',
      ...placeOf(trace, { row, files }),
      thinkSleepNs: Math.round(sleep),
      thinkCpuNs: Math.round(Math.max(0, startNs - from - sleep - gap.runnable)),
      startNs: Math.round(startNs - first),
      durationNs: Math.round(durationNs),
      serviceNs: Math.round(Math.max(1, durationNs - waited(cols.waitNs[row]) - inside.runnable)),
    }
    const ops = byTask.get(task)
    if (ops === undefined) byTask.set(task, [op])
    else ops.push(op)
    busyUntil.set(task, startNs + durationNs)
  }
  const mms = mmsOf(trace)
  return [...byTask].map(([task, ops]) => ({
    comm: trace.tasks[task].comm,
    mm: mms.get(task) ?? 1_000_000 + (trace.tasks[task].tgid ?? trace.tasks[task].pid),
    ...arrivalOf(ops, options.arrival),
    ops,
  }))
}

function waited(ns: number): number {
  return ns > 0 ? ns : 0
}

function placeOf(trace: Trace, { row, files }: { row: number; files: Files }) {
  const { cols } = trace.op
  const inode = cols.inode[row]
  const offset = cols.offset[row] >= 0 ? cols.offset[row] : 0
  const length = cols.length[row] > 0 ? cols.length[row] : PAGE
  const page = files.rank(inode, offset)
  return {
    file: files.numberOf.get(inode) ?? 0,
    page,
    pages: Math.max(1, files.rank(inode, offset + length) - page),
  }
}

/** Tasks that take the same mmap_lock share an address space. */
function mmsOf({ lockSpan, locks, lockClasses }: Trace): ReadonlyMap<number, number> {
  const mms = new Map<number, number>()
  for (let row = 0; row < lockSpan.length; row++) {
    const lock = lockSpan.cols.lock[row]
    if (/mmap_(lock|sem)/.test(lockClasses[locks[lock].lockClass].name)) mms.set(lockSpan.cols.task[row], lock)
  }
  return mms
}

/**
 * Open: operations begin at a steady pace whatever the last one took. Closed: the pause is what is steady. The arrivals
 * must spread less than a quarter of their mean, and less than half as widely as the pauses.
 */
function arrivalOf(ops: readonly WorkloadOp[], asked: 'closed' | 'open' | undefined) {
  if (asked !== undefined) return { arrival: asked, evidence: 'as asked for' } as const
  const between = ops.slice(1).map((op, i) => op.startNs - ops[i].startNs)
  const pauses = ops.slice(1).map((op) => op.thinkCpuNs + op.thinkSleepNs)
  const [steady, loose] = [variation(between), variation(pauses)]
  const text = `begins vary by ${steady.toFixed(2)} of their mean distance, pauses by ${loose.toFixed(2)}`
  const open = ops.length >= 20 && steady < 0.25 && steady * 2 < loose
  return { arrival: open ? 'open' : 'closed', evidence: text } as const
}

function variation(values: readonly number[]): number {
  if (values.length < 2) return 0
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  if (mean === 0) return 0
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / values.length) / mean
}

/** Without scheduling events waiting for a CPU cannot be told from work, so there must be a CPU for each task. */
function cpusOf(trace: Trace, { sched, tasks }: { sched: boolean; tasks: number }): number {
  const seen = trace.op.cols.cpu.reduce((most, cpu) => Math.max(most, cpu + 1), 1)
  const cpus = trace.meta.cpus ?? seen
  return sched ? cpus : Math.max(cpus, tasks)
}

function filesystemOf(trace: Trace): { readonly fs: string; readonly dax: boolean } {
  const has = (pattern: RegExp) => trace.eventNames.some((name, i) => trace.eventCounts[i] > 0 && pattern.test(name))
  const fs = has(/^ext4_/) ? 'ext4' : has(/^xfs_/) ? 'xfs' : has(/^jbd2_/) ? 'ext4' : 'ext2'
  return { fs, dax: has(/^dax_/) || trace.meta.sourceFormat === 'simulation' }
}

const FEWEST_SLICES = 20
const SHORTEST_SLICE: Ns = 10_000

/**
 * A kernel preempts whoever runs when a task wakes that has had less of the CPU, so slices are far shorter than the
 * scheduler's own. The model has one length for all: the median of those that ended with the task still runnable.
 */
function sliceOf({ taskState }: Trace): Ns | undefined {
  const { cols, length } = taskState
  const endOfRun = new Map<string, Ns>()
  for (let row = 0; row < length; row++) {
    if (TASK_STATES[cols.state[row]] !== 'running' || !(cols.durationNs[row] > 0)) continue
    endOfRun.set(`${cols.task[row]} ${cols.startNs[row] + cols.durationNs[row]}`, cols.durationNs[row])
  }
  const slices: Ns[] = []
  for (let row = 0; row < length; row++) {
    if (TASK_STATES[cols.state[row]] !== 'runnable') continue
    const ran = endOfRun.get(`${cols.task[row]} ${cols.startNs[row]}`)
    if (ran !== undefined) slices.push(ran)
  }
  if (slices.length < FEWEST_SLICES) return undefined
  slices.sort((a, b) => a - b)
  return Math.max(SHORTEST_SLICE, Math.round(slices[slices.length >> 1]))
}

function commitInterval(trace: Trace): Ns | undefined {
  const { cols, length } = trace.op
  let commits = 0
  for (let row = 0; row < length; row++) if (trace.opKinds[cols.kind[row]] === 'commit') commits++
  return commits === 0 ? undefined : Math.max(1_000_000, Math.round(trace.meta.durationNs / commits))
}

function missingOf(trace: Trace, sched: boolean): string[] {
  const missing: string[] = []
  if (!sched) missing.push('waiting for a CPU counts as work: record sched:sched_switch and sched:sched_wakeup')
  if ((trace.meta.lostEvents ?? 0) > 0) {
    missing.push(
      `${String(trace.meta.lostEvents)} events were lost: operations around them are missing; record with larger buffers (trace-cmd record -b)`,
    )
  }
  if (trace.lockSpan.length === 0) missing.push('lock waits: record lock:contention_begin and lock:contention_end')
  missing.push('spinning before contention_begin counts as work: the kernel records only waiters that gave up spinning')
  return missing
}

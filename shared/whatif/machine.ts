/**
 * The machine a trace was recorded on, as far as the trace shows it: CPUs, how long a woken task takes to run on an idle
 * one, whether it stays with its CPU while another is idle, what else ran there, how long a journal commit takes. Each has a
 * default that is said to be one. Nothing here is fitted to another trace.
 */

import { firstWhere } from '../base/search.ts'
import { TASK_STATES } from '../model/kinds.ts'
import type { Ns, Trace } from '../model/trace.ts'
import { ENOUGH } from './calibration.ts'
import { slicesOf, type Slices } from './slices.ts'
import { SYNCS, type Interval, type TaskTimes } from './demands.ts'

export interface RecordedMachine {
  readonly cpus: number
  /** From wake-up to running on an idle CPU; undefined: the trace shows too few. */
  readonly wakeNs: Ns | undefined
  /** Woken tasks stay with their CPU though another is idle. */
  readonly sticky: boolean
  /** How long turns on a CPU are; undefined: too few ended for somebody else. */
  readonly slices: Slices | undefined
  /** Classes of rwsems whose waiters' spinning the trace shows. */
  readonly seenSpinning: ReadonlySet<string> | 'all'
  /** Commits once their transaction is closed, one after the other: asleep for the device, and working on a CPU. */
  readonly commit: { readonly sleepNs: readonly Ns[]; readonly workNs: readonly Ns[] } | undefined
  /** Commits nobody asked for come this often. */
  readonly commitEveryNs: Ns | undefined
  /** Tasks outside the workload that took CPU time, as bursts. */
  readonly background: readonly BackgroundTask[]
}

export interface BackgroundTask {
  readonly comm: string
  /** Pairs: asleep, then working. */
  readonly sleepNs: readonly Ns[]
  readonly workNs: readonly Ns[]
}

/** Other tasks with less of the machine than this are left out. */
const SMALLEST_SHARE = 0.002

export interface MachineContext {
  /** Tasks of the workload. */
  readonly tasks: ReadonlySet<number>
  readonly times: TaskTimes
  readonly fromNs: Ns
}

export function machineOf(trace: Trace, context: MachineContext): RecordedMachine {
  const wakes = wakesOf(trace)
  const cpus = cpusOf(trace, context.tasks.size)
  return {
    cpus,
    slices: slicesOf(trace, cpus),
    wakeNs: wakes.ontoIdle.length < ENOUGH ? undefined : Math.round(mean(wakes.ontoIdle)),
    sticky: wakes.stayed + wakes.moved >= ENOUGH && wakes.stayed > wakes.moved,
    seenSpinning: seenSpinning(trace),
    ...commitsOf(trace, context.times),
    background: backgroundOf(trace, context),
  }
}

/** lock_contended and mmap_lock_start_locking come before a waiter spins, contention_begin after (kernel/locking/rwsem.c). */
function seenSpinning(trace: Trace): ReadonlySet<string> | 'all' {
  const has = (event: string) => (trace.eventCounts[trace.eventNames.indexOf(event)] ?? 0) > 0
  if (has('lock_contended')) return 'all'
  return new Set(has('mmap_lock_start_locking') ? ['&mm->mmap_lock'] : [])
}

/** Without scheduling events waiting for a CPU cannot be told from work, so there must be a CPU for each task. */
function cpusOf(trace: Trace, tasks: number): number {
  const seen = trace.op.cols.cpu.reduce((most, cpu) => Math.max(most, cpu + 1), 1)
  const cpus = trace.meta.cpus ?? seen
  return trace.taskState.length > 0 ? cpus : Math.max(cpus, tasks)
}

interface Wakes {
  readonly ontoIdle: Ns[]
  /** With the task's CPU busy and another idle. */
  stayed: number
  moved: number
}

function wakesOf(trace: Trace): Wakes {
  const { cols, length } = trace.taskState
  const idle = idleOf(trace)
  const wakes: Wakes = { ontoIdle: [], stayed: 0, moved: 0 }
  const lastCpu = new Map<number, number>()
  const lastEnd = new Map<number, Ns>()
  const woken = new Map<number, Ns>()
  for (let row = 0; row < length; row++) {
    const task = cols.task[row]
    if (trace.tasks[task].pid === 0) continue
    const state = TASK_STATES[cols.state[row]]
    if (state === 'runnable' && lastEnd.get(task) !== cols.startNs[row]) woken.set(task, cols.startNs[row])
    if (state !== 'running') continue
    const at = woken.get(task)
    const before = lastCpu.get(task)
    woken.delete(task)
    lastCpu.set(task, cols.cpu[row])
    lastEnd.set(task, cols.startNs[row] + cols.durationNs[row])
    if (at === undefined || before === undefined) continue
    if (idle.at(cols.cpu[row], at)) wakes.ontoIdle.push(cols.startNs[row] - at)
    if (idle.at(before, at) || !idle.elsewhere(before, at)) continue
    if (cols.cpu[row] === before) wakes.stayed++
    else wakes.moved++
  }
  return wakes
}

/** When each CPU ran its idle task. */
function idleOf({ taskState, tasks }: Trace) {
  const { cols, length } = taskState
  const spans = new Map<number, { from: Ns; to: Ns }[]>()
  for (let row = 0; row < length; row++) {
    if (tasks[cols.task[row]].pid !== 0 || TASK_STATES[cols.state[row]] !== 'running') continue
    const list = spans.get(cols.cpu[row]) ?? []
    spans.set(cols.cpu[row], list)
    list.push({ from: cols.startNs[row], to: cols.startNs[row] + cols.durationNs[row] })
  }
  for (const list of spans.values()) list.sort((a, b) => a.from - b.from)
  const at = (cpu: number, time: Ns): boolean => {
    const list = spans.get(cpu) ?? []
    return (list[firstWhere(0, list.length, (i) => !(list[i].to < time))]?.from ?? Infinity) < time
  }
  return { at, elsewhere: (cpu: number, time: Ns) => [...spans.keys()].some((one) => one !== cpu && at(one, time)) }
}

/**
 * Commits that begin inside a sync are asked for again by it, whether it was seen to wait (the journal's thread may take its
 * CPU before it sleeps); the rest come by a timer.
 */
function commitsOf(trace: Trace, times: TaskTimes): Pick<RecordedMachine, 'commit' | 'commitEveryNs'> {
  const { op, phase } = trace
  const kind = trace.opKinds.indexOf('commit')
  const locking = trace.phaseNames.indexOf('commit_locking')
  const closed = new Map<number, Ns>()
  const syncs: Interval[] = []
  for (let row = 0; row < phase.length; row++) {
    const { name, startNs, durationNs } = phase.cols
    if (!(durationNs[row] >= 0)) continue
    if (name[row] === locking) closed.set(phase.cols.op[row], startNs[row] + durationNs[row])
  }
  for (let row = 0; row < op.length; row++) {
    const { startNs, durationNs } = op.cols
    if (!SYNCS.has(trace.opKinds[op.cols.kind[row]])) continue
    syncs.push({ from: startNs[row], to: durationNs[row] >= 0 ? startNs[row] + durationNs[row] : Infinity })
  }
  const spent = { sleepNs: [] as Ns[], workNs: [] as Ns[] }
  let alone = 0
  for (let row = 0; row < op.length; row++) {
    const { startNs, durationNs, task } = op.cols
    if (op.cols.kind[row] !== kind || !(durationNs[row] >= 0)) continue
    const to = startNs[row] + durationNs[row]
    if (!syncs.some((sync) => sync.from <= startNs[row] && sync.to > startNs[row])) alone++
    const { cpu, asleep } = times.of(task[row], { from: closed.get(row) ?? startNs[row], to })
    spent.workNs.push(times.known ? Math.round(cpu) : 0)
    spent.sleepNs.push(Math.round(asleep))
  }
  const enough = spent.workNs.length >= ENOUGH
  return {
    commit: enough ? spent : undefined,
    commitEveryNs: alone === 0 ? undefined : Math.max(1_000_000, Math.round(trace.meta.durationNs / alone)),
  }
}

/** The journal's thread is the model's own. */
function backgroundOf(trace: Trace, { tasks, fromNs }: MachineContext): BackgroundTask[] {
  const { cols, length } = trace.taskState
  const bursts = new Map<number, { readonly sleepNs: Ns[]; readonly workNs: Ns[]; last: Ns; total: Ns; ready: Ns }>()
  for (let row = 0; row < length; row++) {
    const task = cols.task[row]
    const { pid, comm } = trace.tasks[task]
    if (pid === 0 || tasks.has(task) || comm.startsWith('jbd2')) continue
    const state = TASK_STATES[cols.state[row]]
    const end = cols.startNs[row] + cols.durationNs[row]
    if (!(end > fromNs)) continue
    const start = Math.max(fromNs, cols.startNs[row])
    const one = bursts.get(task) ?? { sleepNs: [], workNs: [], last: fromNs, total: 0, ready: 0 }
    bursts.set(task, one)
    if (state === 'runnable') one.ready += end - start
    if (state !== 'running') continue
    one.sleepNs.push(Math.round(Math.max(0, start - one.last - one.ready)))
    one.workNs.push(Math.round(end - start))
    one.total += end - start
    one.last = end
    one.ready = 0
  }
  const least = trace.meta.durationNs * SMALLEST_SHARE
  return [...bursts].flatMap(([task, { sleepNs, workNs, total }]) =>
    total < least ? [] : [{ comm: trace.tasks[task].comm, sleepNs, workNs }],
  )
}

/** Not the median: what waits come to in all is asked, and wake-ups have a tail. */
function mean(values: readonly Ns[]): Ns {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

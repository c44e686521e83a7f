/** What a trace gave to its workload, what stayed default, and what it cannot tell, in sentences. */

import { counted, timeText } from '../base/time.ts'
import type { Trace } from '../model/trace.ts'
import { isModelled, type Demands } from './demands.ts'
import { lockName } from './names.ts'
import type { Workload } from './workload.ts'

export type Said = Pick<Workload, 'fromTrace' | 'defaults' | 'missing'>

export interface SaidContext {
  readonly workload: Omit<Workload, keyof Said>
  readonly demands: Demands
}

export function saidOf(trace: Trace, { workload, demands }: SaidContext): Said {
  return {
    fromTrace: fromTrace({ workload, demands }),
    defaults: defaults(workload),
    missing: missing(trace, { workload, demands }),
  }
}

function mean(values: readonly number[]): string {
  return timeText(values.reduce((sum, ns) => sum + ns, 0) / values.length)
}

function fromTrace({ workload, demands }: SaidContext): string[] {
  const { tasks, files, fs, dax, wakeNs, sticky, slices, background, commit, calibration } = workload
  const ops = tasks.reduce((sum, task) => sum + task.ops.length, 0)
  const outside = tasks.reduce((sum, task) => sum + task.steps.length - task.ops.length, 0)
  const measured = calibration.parameters.filter(({ source }) => source === 'measured')
  return [
    `${counted(ops, 'operation')} of ${counted(tasks.length, 'task')} on ${counted(files.length, 'file')}, with their arguments`,
    demands.times.known
      ? 'work of each operation, by part of it: its time on a CPU without lock waits; sleep that no lock explains'
      : 'work of each operation: its duration without the lock waits the trace shows',
    ...(outside === 0 ? [] : [`${outside} operations outside the model, as fixed delay with their hold of mmap_lock`]),
    ...(demands.spunNs < 1 ? [] : [`${timeText(demands.spunNs)} of running time taken for spinning, not for work`]),
    ...(wakeNs === undefined ? [] : [`wake-up on an idle CPU: ${timeText(wakeNs)} on average`]),
    ...(sticky ? ['woken tasks stay with their CPU though another is idle'] : []),
    ...(slices === undefined
      ? []
      : [
          `turns on a CPU: ${slices.scale.toFixed(2)} × as long as kernel 6.1's (median of ${slices.samples} that ended for a task that had waited)`,
        ]),
    ...(background.length === 0 ? [] : [`${background.length} other tasks that took CPU time`]),
    ...(commit === undefined
      ? []
      : [
          `${commit.workNs.length} commits, once closed: ${mean(commit.workNs)} on a CPU and ${mean(commit.sleepNs)} asleep on average`,
        ]),
    ...(measured.length === 0
      ? []
      : [
          `medians of their own: ${measured.map(({ id, ns, samples }) => `${id} ${timeText(ns ?? 0)} (${samples} samples)`).join(', ')}`,
        ]),
    ...(demands.tailShare === 0
      ? []
      : [
          `the block-map lock is kept for ${Math.round(demands.tailShare * 100)} % of what a fault does after its last mapping: the median of the holders that were seen to wake a waiter`,
        ]),
    beginnings(tasks),
    `filesystem ${fs}${dax ? ' with DAX' : ''}, from the names of its events`,
  ]
}

function beginnings(tasks: SaidContext['workload']['tasks']): string {
  const together = tasks.filter(({ barrierNs }) => barrierNs !== undefined).length
  return together === 0
    ? 'each task begins when it began, on the CPU where it did'
    : `${together} tasks begin together when the last one is there: all others slept until then`
}

function defaults({ wakeNs, slices, commit, fs, calibration }: SaidContext['workload']): string[] {
  const of = (source: string) => calibration.parameters.flatMap((one) => (one.source === source ? [one.id] : []))
  return [
    ...(wakeNs === undefined ? ['wake-up on an idle CPU: too few in the trace'] : []),
    ...(commit === undefined && fs === 'ext4' ? ['log write of a commit: too few in the trace'] : []),
    ...(slices === undefined ? ["turns on a CPU: as long as kernel 6.1's, too few that ended for another task"] : []),
    'the scheduler: preemption by woken tasks and ticks as in kernel 6.1 with HZ=250',
    'hand-over of a lock to who spins for it',
    `scaled to what a part of an operation took, in the proportions of the price list: ${of('scaled').join(', ')}`,
    `from the price list: ${calibration.parameters
      .flatMap(({ id, source, defaultNs, basis }) =>
        source === 'default' ? [`${id} ${timeText(defaultNs)} (${basis})`] : [],
      )
      .join(', ')}`,
  ]
}

function missing(trace: Trace, { workload, demands }: SaidContext): string[] {
  const { times } = demands
  const said: string[] = []
  if (!times.known) said.push('waiting for a CPU counts as work: record sched:sched_switch and sched:sched_wakeup')
  if ((trace.meta.lostEvents ?? 0) > 0) {
    said.push(
      `${String(trace.meta.lostEvents)} events were lost: operations around them are missing and their time counts as pause; record with larger buffers (trace-cmd record -b 100000)`,
    )
  }
  if (trace.lockSpan.length === 0) {
    said.push('lock waits, so waiting counts as work: record lock:contention_begin and lock:contention_end')
  }
  if (trace.phase.length === 0) {
    said.push('how an operation divides over its steps: record fs_dax, ext4 and jbd2 events')
  }
  said.push(...places(workload), ...tails(trace, { workload, demands }))
  const kept = keptWaits(trace)
  if (kept.length > 0) said.push(`locks the model does not have, their waits kept as they were: ${kept.join(', ')}`)
  if (!demands.seesSpinning)
    said.push('spinning before contention_begin, except where another task surely had the lock meanwhile')
  return said
}

/** Where what happened, as far as that is not in the trace. */
function places({ tasks, files, simulated }: SaidContext['workload']): string[] {
  const ops = tasks.flatMap((task) => task.ops)
  const spread = ops.filter(({ placed }) => !placed).length
  return [
    ...(spread === 0
      ? []
      : [
          `where ${spread} reads and writes by descriptor went: they are spread evenly over the ${files.reduce((sum, { pages }) => sum + pages, 0)} pages the trace touches; pwrite64 and pread64, or the filesystem's own events, would tell`,
        ]),
    ...(simulated
      ? [
          'what a scenario does between its operations: loads and stores that fault not, waiting for each other, blocks set aside; a replay of its operations alone differs by that, its scenario run again with what its file keeps does not',
        ]
      : []),
    ...(ops.length < FEW_OPS ? [`how rare delays are: ${ops.length} operations have no p99 worth the name`] : []),
  ]
}

const FEW_OPS = 100

function tails({ phaseNames, meta }: Trace, { workload, demands }: SaidContext): string[] {
  const maps = workload.fs === 'ext4' && phaseNames.includes('map_blocks')
  if (!maps || meta.sourceFormat === 'simulation' || demands.tailShare > 0) return []
  return [
    'how long the block-map lock is kept after the mapping: too few of its holders wake a waiter that is seen; record lock:lock_acquired and lock:lock_release (lockdep), or a longer time',
  ]
}

/** The longest waits inside operations for locks that a replay does not wait for by itself. */
function keptWaits({ lockSpan, locks, lockClasses }: Trace): string[] {
  const totals = new Map<string, number>()
  const { cols } = lockSpan
  for (let row = 0; row < lockSpan.length; row++) {
    const { name } = lockClasses[locks[cols.lock[row]].lockClass]
    const ns = cols.acquiredNs[row] - cols.requestedNs[row]
    if (cols.op[row] >= 0 && ns > 0 && !isModelled(name))
      totals.set(lockName(name), (totals.get(lockName(name)) ?? 0) + ns)
  }
  return [...totals]
    .sort((a, b) => b[1] - a[1])
    .slice(0, 5)
    .map(([name, ns]) => `${name} ${timeText(ns)}`)
}

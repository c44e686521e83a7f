/** What a trace gave to its workload, what stayed default, and what it cannot tell, in sentences. */

import { formatNs } from '../base/time.ts'
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
    missing: missing(trace, demands),
  }
}

function time(ns: number): string {
  const { value, unit } = formatNs(ns)
  return `${value} ${unit}`
}

function mean(values: readonly number[]): string {
  return time(values.reduce((sum, ns) => sum + ns, 0) / values.length)
}

function fromTrace({ workload, demands }: SaidContext): string[] {
  const { tasks, files, fs, dax, wakeNs, sticky, background, commit, calibration } = workload
  const ops = tasks.reduce((sum, task) => sum + task.ops.length, 0)
  const outside = tasks.reduce((sum, task) => sum + task.steps.length - task.ops.length, 0)
  const measured = calibration.parameters.filter(({ source }) => source === 'measured')
  return [
    `${ops} operations of ${tasks.length} tasks on ${files.length} files, with their arguments`,
    demands.times.known
      ? 'work of each operation, by part of it: its time on a CPU without lock waits; sleep that no lock explains'
      : 'work of each operation: its duration without the lock waits the trace shows',
    ...(outside === 0 ? [] : [`${outside} operations outside the model, as fixed delay with their hold of mmap_lock`]),
    ...(demands.spunNs < 1 ? [] : [`${time(demands.spunNs)} of running time taken for spinning, not for work`]),
    ...(wakeNs === undefined ? [] : [`wake-up on an idle CPU: ${time(wakeNs)} on average`]),
    ...(sticky ? ['woken tasks stay with their CPU though another is idle'] : []),
    ...(background.length === 0 ? [] : [`${background.length} other tasks that took CPU time`]),
    ...(commit === undefined
      ? []
      : [
          `${commit.workNs.length} commits, once closed: ${mean(commit.workNs)} on a CPU and ${mean(commit.sleepNs)} asleep on average`,
        ]),
    ...(measured.length === 0 ? [] : [`medians of their own: ${measured.map(({ id }) => id).join(', ')}`]),
    `filesystem ${fs}${dax ? ' with DAX' : ''}, from the names of its events`,
  ]
}

function defaults({ wakeNs, commit, fs, calibration }: SaidContext['workload']): string[] {
  const of = (source: string) => calibration.parameters.flatMap((one) => (one.source === source ? [one.id] : []))
  return [
    ...(wakeNs === undefined ? ['wake-up on an idle CPU: too few in the trace'] : []),
    ...(commit === undefined && fs === 'ext4' ? ['log write of a commit: too few in the trace'] : []),
    'the scheduler: slices, preemption by woken tasks and ticks as in kernel 6.1 with HZ=250',
    'hand-over of a lock to who spins for it',
    `scaled to what a part of an operation took, in the proportions of the price list: ${of('scaled').join(', ')}`,
    `from the price list: ${of('default').join(', ')}`,
  ]
}

function missing(trace: Trace, { times }: Demands): string[] {
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
  const kept = keptWaits(trace)
  if (kept.length > 0) said.push(`locks the model does not have, their waits kept as they were: ${kept.join(', ')}`)
  said.push('spinning before contention_begin, except where another task surely had the lock meanwhile')
  return said
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
    .map(([name, ns]) => `${name} ${time(ns)}`)
}

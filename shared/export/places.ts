/**
 * Which process and thread a track belongs to, for viewers that know only pid and tid. A task is a thread of its thread
 * group, or of itself where the trace does not say; what is no task gets numbers no task can have (the kernel's largest is
 * 2^22, include/linux/threads.h).
 */

import type { Trace } from '../model/trace.ts'
import type { Track } from './tracks.ts'

export interface Place {
  readonly pid: number
  readonly tid: number
}

const CPUS = 4_194_305
const EVENTS = 4_194_306
const COUNTERS = 4_194_307
/** Thread numbers of lanes of locks, and, behind a task's lanes, of the idle tasks but the first: all have the number 0. */
const LOCKS = 10_000_000
const LANES = 64
const IDLE = LANES - 1
/** More than there can be CPUs. */
const NO_CPU = 100_000

export const processes: Readonly<Record<number, string>> = {
  [CPUS]: 'CPUs',
  [EVENTS]: 'ftrace events',
  [COUNTERS]: 'waiting for locks',
}

export function placeOf(trace: Trace, { kind, task, index }: Track): Place {
  if (kind === 'cpu') return { pid: CPUS, tid: index }
  if (kind === 'counter') return { pid: COUNTERS, tid: index }
  const { pid, tid } = taskPlace(trace, task)
  return kind === 'thread' ? { pid, tid } : { pid, tid: LOCKS + task * LANES + Math.min(index, IDLE - 1) }
}

export function taskPlace(trace: Trace, task: number): Place {
  const { pid, tgid } = trace.tasks[task]
  const another = pid === 0 && trace.tasks.findIndex((one) => one.pid === 0) !== task
  return { pid: tgid ?? pid, tid: another ? LOCKS + task * LANES + IDLE : pid }
}

/** Raw events stand under their CPU; where it is not known, behind all of them. */
export function eventPlace(cpu: number): Place {
  return { pid: EVENTS, tid: cpu < 0 ? NO_CPU : cpu }
}

/** A process is called as its main thread is; without one in the trace, as its first thread. */
export function processNames(trace: Trace): ReadonlyMap<number, string> {
  const names = new Map<number, string>()
  for (const { pid, tgid, comm } of trace.tasks) {
    const group = tgid ?? pid
    if (group === pid || !names.has(group)) names.set(group, group === 0 ? 'swapper' : comm)
  }
  return names
}

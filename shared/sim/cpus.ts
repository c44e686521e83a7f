/**
 * Who gets which CPU. `FifoCpus` is the model's own scheduler: one queue for all, first come first served. `FairCpus` is
 * what a recorded workload ran on: a queue per CPU, virtual time, sleepers that preempt when they wake, slices that end at
 * ticks (kernel/sched/fair.c of 6.1: place_entity, wakeup_preempt_entity, check_preempt_tick; newidle balance leaves tasks
 * alone whose cache is warm). Neither knows weights, groups or NUMA.
 */

import type { Ns } from '../model/trace.ts'
import type { KernelOptions, FairOptions } from './kernel-options.ts'
import { RunQueue } from './run-queue.ts'
import type { SimTask } from './task.ts'

export interface Cpus {
  /** Tasks that wait for this CPU. */
  waiting(cpu: number): number
  /** Somebody waits who should not have to. */
  readonly presses: boolean
  /** A woken task's CPU if it is idle, which it is no longer then; else -1 and the task is queued. */
  claim(task: SimTask, now: Ns): number
  /** Back in the queue it came from, having lost its CPU. */
  push(task: SimTask, now: Ns): void
  /** The next task of a CPU whose last one has left it; undefined: it is idle from now on. */
  next(cpu: number, now: Ns): SimTask | undefined
  /** Whose turn is over by the queued task's claim, if anybody's. */
  victim(queued: SimTask, now: Ns): SimTask | undefined
  /** How much of `ns` the running task may work before its slice is looked at. */
  piece(task: SimTask, ns: Ns, now: Ns): Ns
  /** Has its slice ended, with somebody more entitled waiting? */
  over(task: SimTask, now: Ns): boolean
  /** When a spinning task's slice is looked at next. */
  looksAgain(now: Ns): Ns
  /** On a CPU from `at` on; off it. */
  started(task: SimTask, at: Ns): void
  stopped(task: SimTask, now: Ns): void
}

export function cpusOf({ cpus, costs, recorded }: KernelOptions): Cpus {
  return recorded === undefined ? new FifoCpus(cpus, costs.quantum) : new FairCpus(cpus, recorded)
}

class FifoCpus implements Cpus {
  readonly #idle: number[]
  readonly #queue = new RunQueue()
  readonly #quantum: Ns

  constructor(cpus: number, quantum: Ns) {
    this.#idle = Array.from({ length: cpus }, (_, cpu) => cpus - 1 - cpu)
    this.#quantum = quantum
  }

  waiting(): number {
    return this.#queue.size
  }

  get presses(): boolean {
    return this.#queue.presses
  }

  claim(task: SimTask): number {
    const cpu = this.#idle.pop()
    if (cpu !== undefined) return cpu
    this.#queue.push(task)
    return -1
  }

  push(task: SimTask): void {
    this.#queue.push(task)
  }

  next(cpu: number): SimTask | undefined {
    if (this.#queue.size > 0) return this.#queue.take()
    this.#idle.push(cpu)
    return undefined
  }

  victim(): undefined {
    return undefined
  }

  piece(task: SimTask, ns: Ns, now: Ns): Ns {
    if (this.#queue.size === 0 || task.atomic > 0 || task.realtime) return ns
    return Math.max(0, Math.min(ns, task.sliceStart + this.#quantum - now))
  }

  over(task: SimTask, now: Ns): boolean {
    return this.#queue.size > 0 && task.atomic === 0 && !task.realtime && now - task.sliceStart >= this.#quantum
  }

  looksAgain(): Ns {
    return Infinity
  }

  started(): void {
    // Nothing is counted.
  }

  stopped(): void {
    // Nothing is counted.
  }
}

/** HZ=250. */
export const TICK_NS = 4_000_000

/** sysctl_sched_latency 6 ms, min_granularity 0.75 ms, wakeup_granularity 1 ms, migration_cost 0.5 ms. */
export function fairOptions({
  cpus,
  ...machine
}: { cpus: number } & Pick<FairOptions, 'sticky' | 'seenSpinning' | 'sliceScale'>): FairOptions {
  const factor = scaleOf(cpus)
  return {
    latencyNs: LATENCY_NS * factor,
    shortestNs: SHORTEST_NS * factor,
    wakeupNs: 1_000_000 * factor,
    tickNs: TICK_NS,
    warmNs: 500_000,
    ...machine,
  }
}

const LATENCY_NS = 6_000_000
const SHORTEST_NS = 750_000

/** sysctl_sched_tunable_scaling: logarithmic, of at most 8 CPUs. */
function scaleOf(cpus: number): number {
  return 1 + (31 - Math.clz32(Math.min(cpus, 8)))
}

/** A turn on a CPU for which so many others wait, up to the tick that ends it (sched_slice). */
export function idealSliceNs(cpus: number, waiting: number): Ns {
  return scaleOf(cpus) * Math.max(SHORTEST_NS, Math.floor(LATENCY_NS / (waiting + 1)))
}

class FairCpus implements Cpus {
  readonly presses = false
  readonly #queues: SimTask[][]
  readonly #runner: (SimTask | undefined)[]
  /** Virtual time of each CPU: never behind who has had least of it. */
  readonly #floor: Float64Array
  readonly #options: FairOptions
  #idle: number

  constructor(cpus: number, options: FairOptions) {
    this.#queues = Array.from({ length: cpus }, () => [])
    this.#runner = Array.from({ length: cpus }, () => undefined)
    this.#floor = new Float64Array(cpus)
    this.#options = options
    this.#idle = cpus
  }

  waiting(cpu: number): number {
    return this.#queues[cpu].length
  }

  claim(task: SimTask, now: Ns): number {
    const { sticky, latencyNs } = this.#options
    const cpu = this.#cpuFor(task, sticky)
    if (task.home !== cpu) this.#move(task, cpu)
    // place_entity, GENTLE_FAIR_SLEEPERS: who slept is owed half a period at most.
    task.virtual = Math.max(task.virtual, this.#least(cpu, now) - latencyNs / 2)
    if (this.#runner[cpu] === undefined && this.#queues[cpu].length === 0) return cpu
    this.#queues[cpu].push(task)
    return -1
  }

  push(task: SimTask): void {
    this.#queues[task.home].push(task)
  }

  next(cpu: number, now: Ns): SimTask | undefined {
    const task = this.#take(cpu) ?? this.#pull(cpu, now)
    if (task === undefined) return undefined
    this.#floor[cpu] = Math.max(this.#floor[cpu], task.virtual)
    return task
  }

  victim(queued: SimTask, now: Ns): SimTask | undefined {
    const runner = this.#runner[queued.home]
    if (runner === undefined || runner === queued) return undefined
    return this.#virtualOf(runner, now) - queued.virtual > this.#options.wakeupNs ? runner : undefined
  }

  piece(task: SimTask, ns: Ns, now: Ns): Ns {
    if (task.atomic > 0 || this.#queues[task.cpu].length === 0) return ns
    return task.mustYield ? 0 : Math.max(0, Math.min(ns, this.#sliceEnd(task) - now))
  }

  over(task: SimTask, now: Ns): boolean {
    const queue = this.#queues[task.cpu]
    if (task.atomic > 0 || queue.length === 0) return false
    if (task.mustYield) return true
    if (now < this.#sliceEnd(task)) return false
    const virtual = this.#virtualOf(task, now)
    if (queue.some((other) => other.virtual < virtual)) return true
    task.sliceStart = now
    return false
  }

  looksAgain(now: Ns): Ns {
    const { tickNs } = this.#options
    return (Math.floor(now / tickNs) + 1) * tickNs
  }

  started(task: SimTask, at: Ns): void {
    if (this.#runner[task.cpu] === undefined) this.#idle--
    this.#runner[task.cpu] = task
    task.home = task.cpu
    task.ranFrom = at
  }

  stopped(task: SimTask, now: Ns): void {
    if (this.#runner[task.home] !== task) return
    task.virtual = this.#virtualOf(task, now)
    task.ranUntil = now
    this.#runner[task.home] = undefined
    this.#idle++
  }

  /** check_preempt_tick looks at ticks only. */
  #sliceEnd(task: SimTask): Ns {
    const { latencyNs, shortestNs, tickNs, sliceScale } = this.#options
    const ideal = sliceScale * Math.max(shortestNs, Math.floor(latencyNs / (this.#queues[task.cpu].length + 1)))
    return Math.ceil((task.sliceStart + ideal) / tickNs) * tickNs
  }

  #virtualOf(task: SimTask, now: Ns): Ns {
    return this.#runner[task.home] === task ? task.virtual + Math.max(0, now - task.ranFrom) : task.virtual
  }

  #cpuFor(task: SimTask, sticky: boolean): number {
    const { home, movesTo } = task
    task.movesTo = -1
    if (movesTo >= 0 && movesTo < this.#queues.length) return movesTo
    const isIdle = (cpu: number) => this.#runner[cpu] === undefined && this.#queues[cpu].length === 0
    if (home >= 0 && (sticky || this.#idle === 0 || isIdle(home))) return home
    if (this.#idle > 0) {
      const idle = this.#runner.findIndex((_, cpu) => isIdle(cpu))
      if (idle >= 0) return idle
    }
    return home >= 0 ? home : this.#shortestQueue()
  }

  #shortestQueue(): number {
    let best = 0
    for (let cpu = 1; cpu < this.#queues.length; cpu++) if (this.#load(cpu) < this.#load(best)) best = cpu
    return best
  }

  #load(cpu: number): number {
    return this.#queues[cpu].length + (this.#runner[cpu] === undefined ? 0 : 1)
  }

  #move(task: SimTask, cpu: number): void {
    task.virtual += this.#floor[cpu] - (task.home < 0 ? 0 : this.#floor[task.home])
    task.home = cpu
  }

  /** Virtual time a newcomer is placed against. */
  #least(cpu: number, now: Ns): Ns {
    const runner = this.#runner[cpu]
    let least = runner === undefined ? Infinity : this.#virtualOf(runner, now)
    for (const task of this.#queues[cpu]) least = Math.min(least, task.virtual)
    if (least !== Infinity) this.#floor[cpu] = Math.max(this.#floor[cpu], least)
    return this.#floor[cpu]
  }

  #take(cpu: number): SimTask | undefined {
    const queue = this.#queues[cpu]
    if (queue.length === 0) return undefined
    let best = 0
    for (let i = 1; i < queue.length; i++) if (queue[i].virtual < queue[best].virtual) best = i
    return queue.splice(best, 1)[0]
  }

  /** newidle_balance: from the longest queue, whoever has not run lately. */
  #pull(cpu: number, now: Ns): SimTask | undefined {
    let from = -1
    for (let other = 0; other < this.#queues.length; other++) {
      if (this.#queues[other].length > (from < 0 ? 0 : this.#queues[from].length)) from = other
    }
    if (from < 0) return undefined
    const queue = this.#queues[from]
    const at = queue.findIndex((task) => now - task.ranUntil >= this.#options.warmNs)
    if (at < 0) return undefined
    const [task] = queue.splice(at, 1)
    this.#move(task, cpu)
    return task
  }
}

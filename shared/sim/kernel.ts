/**
 * The simulated kernel's heart: tasks on CPUs, a clock, locks and wait queues. Model code (operations, policies) is
 * written once as generators against this class; two schedulers drive it.
 *
 *   time order   every piece of work takes its time on a CPU, the earliest event is next: `runUntil`
 *   search       no time at all; every acquisition and every visible access is a choice: `step`
 *
 * A method that returns true says "yield now": `if (k.lock(mapping.immap, 'exclusive')) yield`. In time order an
 * uncontended lock or a plain access costs no yield, which is why one kernel is fast enough for both.
 * It models no interrupts, NUMA or priorities.
 */

import { assert } from '../base/assert.ts'
import { EventHeap } from '../base/heap.ts'
import { StreamTable } from '../base/prng.ts'
import { limits } from '../base/limits.ts'
import type { Ns } from '../model/trace.ts'
import { cpusOf, type Cpus } from './cpus.ts'
import { circleFrom, circleTold, type Deadlock } from './deadlock.ts'
import { holding, lockMistake, type Finding, type Told } from './finding.ts'
import type { KernelOptions, MachineCosts } from './kernel-options.ts'
import { FIRST_OBJECT, LockTable, passOn, type LockMode, type LockSpec, type SimLock, type WaitQueue } from './locks.ts'
import type { SimSink } from './sink.ts'
import { heldAt, HoldPool, SimTask, type Steps, type StepsOf } from './task.ts'

export class Kernel {
  readonly timed: boolean
  /** A recorded machine (kernel-options.ts). */
  readonly late: boolean
  readonly seed: number
  readonly costs: MachineCosts
  readonly sink: SimSink
  readonly tasks: SimTask[] = []
  readonly locks: readonly SimLock[]
  readonly findings: Finding[] = []
  /** Findings by invariant, those beyond the cap included. */
  readonly findingCounts = new Map<string, number>()
  /** The first wait-for cycle; the run ends with it. */
  deadlock: Deadlock | undefined
  now: Ns = 0
  /** The task whose code runs. */
  current!: SimTask
  /** Told of each finding when it comes up, and when a task's code fails, which ends the task: whose code runs knows its line. */
  onFinding: ((invariant: string, message: string) => void) | undefined
  onFailure: ((error: unknown) => void) | undefined
  /** Steps of tasks taken. */
  stepsTaken = 0
  /** Search: what a move touches besides locks and its `see`, coded as `footprint`; who searches empties it. */
  readonly touched: number[] = []
  /** How long a piece of work takes instead of what it costs, its phase begun: the question "what if it were shorter?". */
  stretch: ((task: SimTask, ns: Ns) => Ns) | undefined
  readonly #heap = new EventHeap()
  readonly #cpus: Cpus
  readonly #table: LockTable
  readonly #streams: StreamTable
  readonly #pool = new HoldPool()
  #live = 0
  /** Of the `runUntil` that runs. */
  #end: Ns = -Infinity
  #maxSteps = 0
  #objects = FIRST_OBJECT

  constructor(options: KernelOptions) {
    this.timed = options.timed
    this.seed = options.seed
    this.costs = options.costs
    this.sink = options.sink
    this.#streams = new StreamTable(options.seed)
    this.#cpus = cpusOf(options)
    this.late = options.recorded !== undefined
    this.#table = new LockTable(options.recorded)
    this.locks = this.#table.locks
  }

  newLock(className: string, spec: LockSpec, inode = -1): SimLock {
    return this.#table.add(className, spec, inode)
  }

  /** Numbers of `count` objects that tasks share. */
  objects(count: number): number {
    const first = this.#objects
    this.#objects += count
    return first
  }

  knows(lockOrObject: number): boolean {
    return lockOrObject < (lockOrObject < FIRST_OBJECT ? this.locks.length : this.#objects)
  }

  spawn(comm: string, steps: Steps, options: { daemon?: boolean; startNs?: Ns; realtime?: boolean } = {}): SimTask {
    const id = this.tasks.length
    const task = new SimTask({ id, pid: 1000 + id, comm, daemon: options.daemon === true, steps, pool: this.#pool })
    task.realtime = options.realtime === true
    this.tasks.push(task)
    if (!task.daemon) this.#live++
    if (!this.timed) return task
    task.state = 'sleeping'
    this.#heap.push(this.now + (options.startNs ?? 0), timerOf(task))
    return task
  }

  /** Tasks other than daemons that have not ended. */
  get live(): number {
    return this.#live
  }

  /** Work for `ns` on the CPU, shown as phase `phase`. */
  work(phase: number, ns: Ns): boolean {
    const task = this.current
    this.sink.phaseBegin(task, phase)
    if (!this.timed) {
      this.sink.phaseEnd(task, phase)
      return false
    }
    const total = (this.stretch === undefined ? ns : this.stretch(task, ns)) + task.owed
    task.owed = 0
    if (this.#undisturbed(task, total)) {
      this.now += total
      this.stepsTaken++
      this.sink.phaseEnd(task, phase)
      return false
    }
    task.leaf = phase
    this.#spend(task, total)
    return true
  }

  /** A phase with other steps inside: `enter` … `leave`. */
  enter(phase: number): void {
    this.sink.phaseBegin(this.current, phase)
  }

  leave(phase: number): void {
    this.sink.phaseEnd(this.current, phase)
  }

  /**
   * Steps whose answer nobody asks for: `if (k.call(steps)) yield` is `yield* steps`, but whoever resumes the task goes straight to
   * its innermost steps instead of through all that wait for them.
   */
  call(steps: StepsOf<unknown>): boolean {
    return this.current.call(steps)
  }

  lock(lock: SimLock, mode: LockMode, layer = 'fs'): boolean {
    const task = this.current
    this.sink.lockAcquire(task, lock, mode, false)
    task.waitingMode = mode
    task.waitingSince = this.now
    task.pendingLayer = layer
    if (!this.timed) {
      task.waitingFor = lock
      return true
    }
    if (lock.admits(mode)) {
      this.#grant(lock, task, mode)
      return false
    }
    task.waitingFor = lock
    this.#contend(task, lock, mode)
    return true
  }

  tryLock(lock: SimLock, mode: LockMode, layer = 'fs'): boolean {
    const task = this.current
    const got = lock.admits(mode)
    this.sink.lockAcquire(task, lock, mode, true)
    if (!got) return false
    task.waitingSince = this.now
    task.pendingLayer = layer
    this.#grant(lock, task, mode)
    return true
  }

  /** `mode` where the code says how it believes it holds the lock: a mismatch is V12. */
  unlock(lock: SimLock, mode?: LockMode): void {
    const task = this.current
    const at = heldAt(task, lock)
    if (at === -1) {
      this.report('V12', () => lockMistake(task, `releases ${lock.className} which it does not hold`, lock))
      return
    }
    const took = task.held[at].mode
    if (mode !== undefined && mode !== took)
      this.report('V12', () => lockMistake(task, `took ${lock.className} ${took} and releases it ${mode}`, lock))
    lock.leave(task, at, this.now)
    if (!lock.spec.sleeps) task.atomic--
    task.owed += this.costs.unlock
    this.sink.lockRelease(task, lock)
    if (lock.free) passOn(lock, this)
  }

  /** Sleep until woken from `queue`. The caller looks again at what it waited for. */
  sleepOn(queue: WaitQueue, exclusive: boolean): boolean {
    this.touch(queue.objectIn(this), true)
    queue.add(this.current, exclusive)
    this.#block(this.current, 'blocked')
    if (this.current.waitsForTasks !== undefined) this.checkDeadlock(this.current)
    return true
  }

  /** Wakes all that wait non-exclusively and up to `exclusives` exclusive waiters. Returns how many woke. */
  wake(queue: WaitQueue, exclusives: number): number {
    this.touch(queue.objectIn(this), queue.waiters.length > 0)
    if (queue.waiters.length === 0) return 0
    const woken = queue.take(exclusives)
    for (const task of woken) this.rouse(task, this.current)
    queue.woken += woken.length
    return woken.length
  }

  /** Off the CPU for `ns`; in search just a point where others may go first. */
  sleep(ns: Ns): boolean {
    if (this.timed) this.#heap.push(this.now + ns, timerOf(this.current))
    this.#block(this.current, this.timed ? 'sleeping' : 'runnable')
    return true
  }

  /** An access to shared state that another task could see: a switch point in search, nothing in time order. */
  see(object: number, write: boolean): boolean {
    if (this.timed) return false
    this.current.footprint = write ? -1 - object : object
    return true
  }

  /** Search: shared state that a move reads or changes after its first access, where nobody could come between. */
  touch(object: number, write: boolean): void {
    if (!this.timed) this.touched.push(write ? -1 - object : object)
  }

  /** All are counted, the first ones told and kept. */
  report(invariant: string, tell: () => Told, task: SimTask = this.current): void {
    this.sink.finding(task, invariant)
    const sum = (this.findingCounts.get(invariant) ?? 0) + 1
    this.findingCounts.set(invariant, sum)
    if (sum > limits.simFindings && this.onFinding === undefined) return
    const { message, objects, tasks = [task.comm] } = tell()
    if (sum <= limits.simFindings) this.findings.push({ invariant, message, tasks, objects, task, at: this.now })
    this.onFinding?.(invariant, message)
  }

  /** The running task is about to sleep for something that others hold or must do: is it a circle? Time ends at the first. */
  checkDeadlock(task: SimTask): void {
    const cycle = circleFrom(task)
    if (cycle === undefined || (this.timed && this.deadlock !== undefined)) return
    this.deadlock ??= { at: this.now, cycle }
    this.report('V11', () => circleTold(cycle), task)
  }

  /** Time order: runs until `end`, until only daemons are left, or until nothing can happen any more (then false). */
  runUntil(end: Ns, maxSteps: number): boolean {
    const heap = this.#heap
    this.#end = end
    this.#maxSteps = maxSteps
    while (this.#live > 0 && heap.size > 0 && heap.time <= end && this.stepsTaken < maxSteps) {
      this.now = heap.time
      const payload = heap.pop()
      const task = this.tasks[payload >> 1]
      if ((payload & 1) === 1) this.rouse(task, undefined)
      else if (task.due === this.now) this.#resume(task)
      if (this.deadlock !== undefined) return false
    }
    return this.#live === 0 || heap.size > 0
  }

  /** Search: one move of a task that `canStep`. */
  step(task: SimTask): void {
    assert(!this.timed && this.canStep(task), 'step of a task that cannot move')
    this.current = task
    if (task.waitingFor !== undefined && task.state !== 'blocked') {
      const lock = task.waitingFor
      if (!lock.admits(task.waitingMode)) {
        this.#contend(task, lock, task.waitingMode)
        return
      }
      task.waitingFor = undefined
      this.#grant(lock, task, task.waitingMode)
    }
    this.#advance(task)
  }

  canStep(task: SimTask): boolean {
    return task.state === 'runnable' || task.state === 'running'
  }

  #resume(task: SimTask): void {
    this.current = task
    task.due = NaN
    if (task.state === 'spinning') {
      if (this.#cpus.over(task, this.now)) this.#displace(task)
      else this.#spins(task)
      return
    }
    if (task.remaining > 0) {
      if (this.#cpus.over(task, this.now)) this.#preempt(task)
      else this.#spend(task, task.remaining)
      return
    }
    // The end of a step is where someone urgent gets the CPU.
    if (this.#cpus.presses && task.atomic === 0 && !task.realtime && task.leaf !== -1) {
      this.#preempt(task)
      return
    }
    task.state = 'running'
    if (task.leaf !== -1) {
      this.sink.phaseEnd(task, task.leaf)
      task.leaf = -1
    }
    if (task.given !== undefined) {
      this.sink.lockAcquired(task, task.given)
      task.given = undefined
    }
    if (task.waitingFor !== undefined && !this.#retry(task, task.waitingFor)) return
    this.#advance(task)
  }

  #advance(task: SimTask): void {
    this.stepsTaken++
    if (!task.goOn(this.onFailure)) return
    if (task.held.length > 0) this.report('V12', () => holding(task, 'ends holding'))
    if (!task.daemon) this.#live--
    this.#block(task, 'done')
  }

  /**
   * Will nothing happen anywhere before the running task has worked for `ns`? Then its time passes at once: what follows is
   * what would follow if it gave up the CPU and were the next to be resumed, without the way through all its callers.
   */
  #undisturbed(task: SimTask, ns: Ns): boolean {
    const until = this.now + ns
    return (
      this.#heap.time > until &&
      until <= this.#end &&
      this.stepsTaken < this.#maxSteps &&
      this.#cpus.waiting(task.cpu) === 0 &&
      task.state === 'running' &&
      this.deadlock === undefined
    )
  }

  #spend(task: SimTask, ns: Ns): void {
    const piece = this.#cpus.piece(task, ns, this.now)
    task.remaining = ns - piece
    this.#resumeAt(task, this.now + piece)
  }

  #resumeAt(task: SimTask, at: Ns): void {
    this.#heap.push((task.due = at), task.id << 1)
  }

  #preempt(task: SimTask): void {
    const cpu = task.cpu
    task.cpu = -1
    task.state = 'runnable'
    this.#cpus.stopped(task, this.now)
    this.#cpus.push(task, this.now)
    this.#spinnersGiveUp(task)
    this.#dispatch(cpu, task)
  }

  #grant(lock: SimLock, task: SimTask, mode: LockMode): void {
    lock.enter(task, { mode, layer: task.pendingLayer, since: this.now })
    lock.granted(this.now - task.waitingSince)
    if (!lock.spec.sleeps) task.atomic++
    task.beaten = false
    task.owed += this.costs.lock
    if (mode === 'shared' && lock.spec.kind === 'rwsem') task.owed += this.costs.sharedLine * (lock.readers - 1)
    // A recording shows that a sleeper has it when it runs again, as contention_end and lock_acquired do.
    if (this.late && task.state !== 'running' && task.state !== 'spinning') task.given = lock
    else this.sink.lockAcquired(task, lock)
  }

  /** The lock is not to be had: spin where the lock lets one spin, else queue and sleep. */
  #contend(task: SimTask, lock: SimLock, mode: LockMode): void {
    const hopes = mode === 'exclusive' && lock.hopeful(this.late)
    if (!hopes || lock.spec.spinsUnseen !== true) this.sink.lockContended(task, lock)
    if (this.timed && (!lock.spec.sleeps || hopes)) {
      lock.spin(task)
      this.#spins(task)
      this.checkDeadlock(task)
      return
    }
    lock.enqueue(task)
    // Without time a spinner only waits: that is no sleep, whatever it holds.
    if (lock.spec.sleeps) this.#block(task, 'blocked')
    else task.state = 'blocked'
    this.checkDeadlock(task)
  }

  /** On its CPU until its slice ends, if it may be taken from it. */
  #spins(task: SimTask): void {
    task.state = 'spinning'
    if (this.late && task.waitingFor?.spec.sleeps === true) this.#resumeAt(task, this.#cpus.looksAgain(this.now))
  }

  /** Woken for a free lock, or back on a CPU it lost spinning for one: takes it, or was beaten to it. */
  #retry(task: SimTask, lock: SimLock): boolean {
    const { gaveUp } = task
    if (lock.letsHave(task)) {
      task.waitingFor = undefined
      this.#grant(lock, task, task.waitingMode)
      return true
    }
    if (gaveUp) this.#giveUpSpinning(lock, task)
    else if (lock.promise(task, this.now)) this.#spins(task)
    else this.#block(task, 'blocked')
    this.checkDeadlock(task)
    return false
  }

  /** Direct grant: the waiter owns the lock from now on, and goes on when it is back on a CPU. */
  hand(lock: SimLock, task: SimTask): void {
    task.waitingFor = undefined
    this.#grant(lock, task, task.waitingMode)
    if (task.state === 'spinning') {
      task.state = 'running'
      this.#resumeAt(task, this.now + this.costs.spinHandoff)
    } else if (task.state === 'blocked') this.rouse(task, this.current)
  }

  /** Off the CPU. Whoever spins for a lock this task owns goes to sleep with it. */
  #block(task: SimTask, state: 'blocked' | 'sleeping' | 'done' | 'runnable'): void {
    if (task.atomic > 0 && state !== 'done') this.report('V10', () => holding(task, 'sleeps while it holds'))
    task.state = state
    if (!this.timed) return
    task.due = NaN
    const cpu = task.cpu
    task.cpu = -1
    if (cpu >= 0) this.#cpus.stopped(task, this.now)
    this.#spinnersGiveUp(task)
    if (cpu >= 0) this.#dispatch(cpu, task)
  }

  #spinnersGiveUp(owner: SimTask): void {
    for (const { lock } of owner.held) {
      if (!lock.spec.sleeps || lock.owner !== owner) continue
      if (lock.queue.length > 0 && lock.queue.first.state === 'spinning') this.#block(lock.queue.first, 'blocked')
      if (lock.spinners.length > 0) for (const spinner of lock.spinners.takeAll()) this.#giveUpSpinning(lock, spinner)
    }
  }

  #giveUpSpinning(lock: SimLock, spinner: SimTask): void {
    if (lock.spec.spinsUnseen === true) this.sink.lockContended(spinner, lock)
    lock.enqueue(spinner)
    this.#block(spinner, 'blocked')
  }

  rouse(task: SimTask, by: SimTask | undefined): void {
    if (this.timed) this.sink.wakeup(task, by)
    task.state = 'runnable'
    if (!this.timed) return
    const cpu = this.#cpus.claim(task, this.now)
    if (cpu >= 0) return this.#place(task, cpu, this.costs.wake, undefined)
    const victim = this.#cpus.victim(task, this.now)
    if (victim !== undefined) this.#displace(victim)
  }

  #dispatch(cpu: number, previous: SimTask): void {
    const next = this.#cpus.next(cpu, this.now)
    if (next === undefined) this.sink.switch(cpu, previous, undefined)
    else this.#place(next, cpu, this.costs.contextSwitch, previous)
  }

  /** Somebody more entitled has woken: who runs goes at once, or where it may next be preempted. */
  #displace(task: SimTask): void {
    if (task.atomic > 0 || task.realtime || (task.state === 'running' && !(task.due > this.now))) {
      task.mustYield = true
      return
    }
    if (task.state === 'spinning') {
      // Only a lock that sleeps lets go of its spinners.
      if (task.waitingFor?.letGo(task) !== true) return
      task.due = NaN
      this.#preempt(task)
      return
    }
    if (task.state !== 'running') return
    task.remaining += task.due - this.now
    task.due = NaN
    this.#preempt(task)
  }

  #place(task: SimTask, cpu: number, delay: Ns, previous: SimTask | undefined): void {
    task.placed(cpu, this.now + delay)
    this.#cpus.started(task, task.sliceStart)
    this.sink.switch(cpu, previous, task)
    this.#resumeAt(task, task.sliceStart)
  }

  /** The next 32 bits of the running task's own stream for a purpose: drawing from one shifts no other. */
  draw(purpose: number): number {
    return this.#streams.u32(this.current.id, purpose)
  }
}

function timerOf(task: SimTask): number {
  return (task.id << 1) | 1
}

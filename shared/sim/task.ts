/**
 * A simulated task: a generator that yields whenever it cannot go on by itself (time must pass, a lock is taken, another
 * task's move could matter), and the bookkeeping the kernel keeps beside it. What a yield waits for stands in the task,
 * not in the yielded value, so that stepping a task allocates nothing.
 */

import type { Ns } from '../model/trace.ts'
import type { LockMode, SimLock } from './locks.ts'

/** What model code is made of. `yield` means: the kernel said I must wait. */
export type Steps = Generator<undefined, void, undefined>

/** Steps that end in an answer: `const mapping = yield* mapBlocks(…)`. */
export type StepsOf<T> = Generator<undefined, T, undefined>

/**
 * What all generators inherit. Those of each generator function are of a hidden class of their own, so that `steps.next`
 * would be searched for whenever a task goes on.
 */
const generators = Object.getPrototypeOf(nothing.prototype) as StepsOf<unknown>

function* nothing(): Steps {
  yield
}

export type RunState = 'running' | 'spinning' | 'runnable' | 'blocked' | 'sleeping' | 'done'

/** A hold. When it is over it is used for the next one, whoever's that is: of a task's own nothing is in the cache any more. */
export interface Held {
  lock: SimLock
  task: SimTask
  /** The lock's: the order of classes is looked at with every request, the locks themselves are not. */
  classNumber: number
  mode: LockMode
  /** Layer that took it: `fs`, `mm` … (a hand-over between layers is what R14 is about). */
  layer: string
  since: Ns
  /** Its place among the lock's shared holds, -1 exclusive. */
  slot: number
}

/** Holds that are over, of all tasks of a kernel: the first `length`. */
export class HoldPool {
  readonly #holds: Held[] = []
  #length = 0

  take(
    task: SimTask,
    lock: SimLock,
    how: { readonly mode: LockMode; readonly layer: string; readonly since: Ns },
  ): Held {
    const { mode, layer, since } = how
    const { classNumber } = lock
    if (this.#length === 0) return { lock, task, classNumber, mode, layer, since, slot: -1 }
    const hold = this.#holds[--this.#length]
    hold.lock = lock
    hold.task = task
    hold.classNumber = classNumber
    hold.mode = mode
    hold.layer = layer
    hold.since = since
    hold.slot = -1
    return hold
  }

  give(hold: Held): void {
    this.#holds[this.#length++] = hold
  }
}

export class SimTask {
  readonly id: number
  readonly pid: number
  readonly comm: string
  /** Kernel threads and other tasks a run may end without. */
  readonly daemon: boolean
  steps: Steps
  /** Steps called from `steps` and not yet over, the innermost last. */
  readonly #inner: StepsOf<unknown>[] = []
  /** How many. */
  #depth = 0
  state: RunState = 'runnable'
  /** CPU it is on, -1 none. */
  cpu = -1
  /** Runs until it sleeps: no time slice, and yield() gives the CPU to nobody. */
  realtime = false
  /** When its time slice began. */
  sliceStart: Ns = 0
  /** When it is resumed, as things stand. */
  due: Ns = NaN
  /** Somebody more entitled waits for its CPU. */
  mustYield = false
  /** Fair scheduling (cpus.ts): virtual time, the CPU whose queue it belongs to (-1 none yet), when it last began and stopped. */
  virtual: Ns = 0
  home = -1
  /** Where a replay knows it to go when it next wakes; -1: the scheduler says. */
  movesTo = -1
  ranFrom: Ns = 0
  ranUntil: Ns = -Infinity
  /** Time charged but not yet spent (lock and unlock costs), added to the next piece of work. */
  owed: Ns = 0
  /** Rest of a piece of work that a time slice cut. */
  remaining: Ns = 0
  /** Lock it waits for, if it does. */
  waitingFor: SimLock | undefined
  /** The annotated (lock-like) thing it sleeps for, if it does. */
  waitingOn: SimLock | undefined
  /** Whose move would end that sleep. */
  waitsForTasks: (() => Iterable<SimTask>) | undefined
  /** Lost its CPU while it spun for a lock. */
  gaveUp = false
  /** The lock it got asleep, until it runs (a recorded machine). */
  given: SimLock | undefined
  waitingMode: LockMode = 'exclusive'
  waitingSince: Ns = 0
  /** Layer that asks for the lock it waits for. */
  pendingLayer = 'fs'
  /** Search: the shared object its next move reads (>= 0) or writes (-1 - object). */
  footprint = 0
  /** Search: times it asked whether to go round once more. */
  rounds = 0
  /** Woken for a free lock and beaten to it: the next release hands it over directly. */
  beaten = false
  readonly held: Held[] = []
  readonly #pool: HoldPool
  /** Spinning locks held: it must not sleep meanwhile (V10). */
  atomic = 0
  /** Phase begun by `work` and to be ended on resumption; -1 none. */
  leaf = -1

  constructor(options: { id: number; pid: number; comm: string; daemon: boolean; steps: Steps; pool?: HoldPool }) {
    this.id = options.id
    this.pid = options.pid
    this.comm = options.comm
    this.daemon = options.daemon
    this.steps = options.steps
    this.#pool = options.pool ?? new HoldPool()
  }

  /** On a CPU from `at` on. */
  placed(cpu: number, at: Ns): void {
    this.cpu = cpu
    this.sliceStart = at
    this.mustYield = false
  }

  /** A new hold of it, the newest. */
  holds(lock: SimLock, how: { readonly mode: LockMode; readonly layer: string; readonly since: Ns }): Held {
    // push() is a call where arrays of several kinds have been seen.
    return (this.held[this.held.length] = this.#pool.take(this, lock, how))
  }

  /** The hold at `at` is over. */
  lets(at: number): Held {
    const { held } = this
    const hold = held[at]
    for (let i = at + 1; i < held.length; i++) held[i - 1] = held[i]
    held.pop()
    this.#pool.give(hold)
    return hold
  }

  get onCpu(): boolean {
    return this.cpu >= 0
  }

  /** Begins steps inside those that run. True: they have stopped, and whoever called must `yield` until they are over. */
  call(steps: StepsOf<unknown>): boolean {
    if (generators.next.call(steps).done === true) return false
    this.#inner[this.#depth++] = steps
    return true
  }

  /** To the next stop; true: there is none, the task has ended. So it has where its code fails and somebody is told. */
  goOn(onFailure?: (error: unknown) => void): boolean {
    try {
      return this.#toNextStop()
    } catch (error) {
      if (onFailure === undefined) throw error
      onFailure(error)
      return true
    }
  }

  #toNextStop(): boolean {
    const inner = this.#inner
    for (;;) {
      const depth = this.#depth
      const { done } = generators.next.call(depth === 0 ? this.steps : inner[depth - 1])
      // Those that stopped have come in from the innermost outwards.
      if (this.#depth > depth + 1) turn(inner, depth, this.#depth - 1)
      if (done !== true) return false
      if (depth === 0) return true
      this.#depth--
    }
  }
}

function turn(list: StepsOf<unknown>[], from: number, to: number): void {
  for (let low = from, high = to; low < high; low++, high--) {
    const one = list[low]
    list[low] = list[high]
    list[high] = one
  }
}

/** Where a task's newest hold of a lock stands in `held`, -1 nowhere. */
export function heldAt({ held }: SimTask, lock: SimLock): number {
  for (let i = held.length - 1; i >= 0; i--) if (held[i].lock === lock) return i
  return -1
}

/** Classes of the locks it holds, for sentences. */
export function heldNames({ held }: SimTask): string {
  return held.map(({ lock }) => lock.className).join(', ')
}

/**
 * Locks of the simulated kernel: one state, several descriptors. A descriptor says who may wait how (spin on the CPU,
 * sleep), whether a newcomer may take a free lock before the queue (stealing), and how readers are let in. The grant
 * rules follow kernel/locking/{mutex,rwsem,qspinlock}.c of 6.x; the kernel (kernel.ts)
 * moves the tasks.
 */

import type { SimSink } from './sink.ts'
import { heldAt, type Held, type SimTask } from './task.ts'
import type { Ns } from '../model/trace.ts'
import type { LockKind } from '../model/kinds.ts'

export type LockMode = 'exclusive' | 'shared'

export interface LockSpec {
  readonly kind: LockKind
  /** Waiters may sleep. Otherwise they spin in FIFO order and their CPU time is lost. */
  readonly sleeps: boolean
  /** An exclusive newcomer spins while the owner is on a CPU (optimistic spinning), and may overtake the queue. */
  readonly optimistic: boolean
  /** Readers let in together when one reaches the head of the queue. */
  readonly readerBatch: number
  /** A waiter queued longer than this gets the lock handed over. */
  readonly handoffNs: Ns
  /** A reader may take a lock nobody holds past those who queue for it (rwsem of 5.11 on), unless it is promised. */
  readonly readersSteal?: boolean
  /** No tracepoint shows a waiter before it gives up spinning. */
  readonly spinsUnseen?: boolean
}

/** Ids of locks lie below it, numbers for objects that `see` names from it on. */
export const FIRST_OBJECT = 1 << 24

export const MUTEX: LockSpec = { kind: 'mutex', sleeps: true, optimistic: true, readerBatch: 0, handoffNs: Infinity }
export const RWSEM: LockSpec = { kind: 'rwsem', sleeps: true, optimistic: true, readerBatch: 256, handoffNs: 4_000_000 }
/**
 * As recorded kernels have it: rwsem_down_read_slowpath (5.11 on) gives a reader a lock nobody has, whoever queues;
 * rwsem_down_write_slowpath spins before trace_contention_begin.
 */
const RWSEM_RECORDED: LockSpec = { ...RWSEM, readersSteal: true, spinsUnseen: true }
/** Where a recording shows the spinning too: lock_contended and mmap_lock_start_locking come before it. */
const RWSEM_SEEN: LockSpec = { ...RWSEM_RECORDED, spinsUnseen: false }
export const SPINLOCK: LockSpec = {
  kind: 'spinlock',
  sleeps: false,
  optimistic: false,
  readerBatch: 0,
  handoffNs: Infinity,
}
export const RWLOCK: LockSpec = {
  kind: 'rwlock',
  sleeps: false,
  optimistic: false,
  readerBatch: 256,
  handoffNs: Infinity,
}
/** Freeze levels: readers share nothing but a counter of their CPU. */
export const PERCPU_RWSEM: LockSpec = { ...RWSEM, kind: 'percpu-rwsem', optimistic: false }
/** A folio's lock bit: sleepers on a hashed wait queue, granted in order (mm/filemap.c: folio_unlock). */
export const FOLIO: LockSpec = { kind: 'bit-lock', sleeps: true, optimistic: false, readerBatch: 0, handoffNs: 0 }
/** Lock-like waiting the kernel only annotates: whoever annotates does the waiting (annotate.ts). */
export const ANNOTATED: LockSpec = { kind: 'bit-lock', sleeps: true, optimistic: false, readerBatch: 256, handoffNs: 0 }
/** Strict FIFO, no stealing: closed forms (M/D/1, serialisation) hold for it, and tests of the kernel use it. */
export const FIFO: LockSpec = { kind: 'mutex', sleeps: true, optimistic: false, readerBatch: 0, handoffNs: 0 }

/** Tasks in the order they came. Taking the first costs the same however many wait. */
export class TaskQueue {
  #tasks: SimTask[] = []
  #head = 0

  get length(): number {
    return this.#tasks.length - this.#head
  }

  /** The first; only where there is one. */
  get first(): SimTask {
    return this.#tasks[this.#head]
  }

  push(task: SimTask): void {
    this.#tasks[this.#tasks.length] = task
  }

  shift(): SimTask {
    const first = this.#tasks[this.#head++]
    // One by one: that costs each task once, and cutting an array by its length is a call out of compiled code.
    if (this.#head === this.#tasks.length) for (; this.#head > 0; this.#head--) this.#tasks.pop()
    else if (this.#head >= 64 && this.#head * 2 > this.#tasks.length) {
      this.#tasks.splice(0, this.#head)
      this.#head = 0
    }
    return first
  }

  remove(task: SimTask): void {
    if (task === this.first) this.shift()
    else this.#tasks.splice(this.#tasks.indexOf(task, this.#head), 1)
  }

  /** Takes out everyone. */
  takeAll(): SimTask[] {
    const all = this.#tasks.slice(this.#head)
    this.#tasks = []
    this.#head = 0
    return all
  }

  /** Takes out those who want to share, wherever they stand, at most `most`. */
  takeReaders(most: number): SimTask[] {
    const taken: SimTask[] = []
    const stay: SimTask[] = []
    for (let i = this.#head; i < this.#tasks.length; i++) {
      const task = this.#tasks[i]
      ;(task.waitingMode === 'shared' && taken.length < most ? taken : stay).push(task)
    }
    this.#tasks = stay
    this.#head = 0
    return taken
  }
}

/** Of locks nobody has waited for yet: most locks of a run are like that. Never pushed to. */
const NOBODY = new TaskQueue()
const NO_HOLDS: Held[] = []

/** What locks of one name share: totals of the run as well, for a run with a lock per page is not to look into each of them. */
export class LockClass {
  readonly name: string
  readonly number: number
  acquisitions = 0
  contended = 0
  waitNs: Ns = 0
  holdNs: Ns = 0

  constructor(name: string, number: number) {
    this.name = name
    this.number = number
  }
}

export class SimLock {
  readonly id: number
  readonly of: LockClass
  readonly spec: LockSpec
  /** Inode number it belongs to, -1 none. */
  readonly inode: number
  owner: SimTask | undefined
  /** Shared holds. */
  readers = 0
  /** Sleeping waiters, first come first. */
  queue = NOBODY
  /** Waiters that keep their CPU, first come first. */
  spinners = NOBODY
  /** The first `readers` entries are the shared holds, each at its own `slot`, in no order. */
  #shared = NO_HOLDS

  constructor(options: { id: number; of: LockClass; spec: LockSpec; inode: number }) {
    this.id = options.id
    this.of = options.of
    this.spec = options.spec
    this.inode = options.inode
  }

  get className(): string {
    return this.of.name
  }

  get classNumber(): number {
    return this.of.number
  }

  get free(): boolean {
    return this.owner === undefined && this.readers === 0
  }

  /** May a newcomer have it now? A queued waiter keeps later readers out (that is what makes a convoy). */
  admits(mode: LockMode): boolean {
    if (this.owner !== undefined) return false
    if (mode === 'shared' && this.spec.readersSteal === true) {
      return this.queue.length === 0 || (this.readers === 0 && !this.queueHeadInsists())
    }
    if (mode === 'shared') return this.queue.length === 0 && this.spinners.length === 0
    if (this.readers > 0) return false
    return this.queue.length === 0 || this.spec.optimistic ? !this.queueHeadInsists() : false
  }

  /** The first sleeper was beaten once: the lock is promised to it. */
  queueHeadInsists(): boolean {
    return this.queue.length > 0 && this.queue.first.beaten
  }

  /** The first sleeper gets the next turn, whoever spins. A stealing rwsem promises it only to who was woken and beaten. */
  headIsDue(now: Ns): boolean {
    if (this.queue.length === 0) return false
    const { beaten, waitingSince } = this.queue.first
    return beaten || (this.spec.readersSteal !== true && now - waitingSince >= this.spec.handoffNs)
  }

  /** Is it worth spinning for? A recorded lock nobody has is promised to a sleeper that does not run yet. */
  hopeful(recorded: boolean): boolean {
    return this.spec.optimistic && (this.owner?.onCpu === true || (recorded && this.free))
  }

  /** For who was woken for it, or comes back to a CPU lost while spinning. */
  letsHave(task: SimTask): boolean {
    const { gaveUp, waitingMode } = task
    task.gaveUp = false
    if (gaveUp) return this.admits(waitingMode)
    if (this.owner !== undefined || (waitingMode !== 'shared' && this.readers > 0)) return false
    this.queue.remove(task)
    return true
  }

  /** To who was beaten to it: a mutex once, an rwsem for long enough. True: it spins (rwsem_down_write_slowpath, handoff_set). */
  promise(task: SimTask, now: Ns): boolean {
    const { handoffNs, readersSteal } = this.spec
    task.beaten = handoffNs === Infinity || now - task.waitingSince >= handoffNs
    return task.beaten && readersSteal === true && this.owner?.onCpu === true
  }

  /** A spinner loses its CPU; it queues when it is back on one. False: this lock's spinners keep theirs. */
  letGo(spinner: SimTask): boolean {
    if (!this.spec.sleeps) return false
    spinner.gaveUp = this.queue.length === 0 || this.queue.first !== spinner
    if (spinner.gaveUp) this.spinners.remove(spinner)
    return true
  }

  /** Waits for it asleep. */
  enqueue(task: SimTask): void {
    if (this.queue === NOBODY) this.queue = new TaskQueue()
    this.queue.push(task)
  }

  /** Waits for it on its CPU. */
  spin(task: SimTask): void {
    if (this.spinners === NOBODY) this.spinners = new TaskQueue()
    this.spinners.push(task)
  }

  granted(waited: Ns): void {
    const { of } = this
    of.acquisitions++
    if (waited === 0) return
    of.contended++
    of.waitNs += waited
  }

  /** The task holds it from `since` on. */
  enter(task: SimTask, how: { readonly mode: LockMode; readonly layer: string; readonly since: Ns }): void {
    const held = task.holds(this, how)
    if (how.mode === 'exclusive') {
      this.owner = task
      return
    }
    if (this.#shared === NO_HOLDS) this.#shared = []
    held.slot = this.readers++
    this.#shared[held.slot] = held
  }

  /** The hold of a task at `at` of what it holds ends. */
  leave(task: SimTask, at: number, now: Ns): void {
    const hold = task.lets(at)
    this.of.holdNs += now - hold.since
    if (hold.slot < 0) {
      this.owner = undefined
      return
    }
    this.readers--
    const last = this.#shared.pop()
    if (last === undefined || last === hold) return
    last.slot = hold.slot
    this.#shared[last.slot] = last
  }

  /** Tasks that have it, in the order of their numbers. */
  holders(): SimTask[] {
    if (this.owner !== undefined) return [this.owner]
    return [...new Set(this.#shared.map((hold) => hold.task))].sort((a, b) => a.id - b.id)
  }
}

/** What a lock that has become free does with those who wait for it. */
export interface NextUp {
  readonly late: boolean
  readonly timed: boolean
  readonly now: Ns
  /** The task owns the lock from now on. */
  hand(lock: SimLock, task: SimTask): void
  /** Whose code lets the lock go. */
  readonly current: SimTask
  rouse(task: SimTask, by: SimTask): void
}

export function passOn(lock: SimLock, next: NextUp): void {
  const { spec, spinners, queue } = lock
  if (spinners.length > 0 && !lock.headIsDue(next.now)) {
    if (spinners.first.waitingMode === 'exclusive') next.hand(lock, spinners.shift())
    else for (const task of spinners.takeReaders(spec.readerBatch)) next.hand(lock, task)
    // The first sleeper is woken all the same, loses, and is promised the next turn.
    if (spec.optimistic && queue.length > 0 && queue.first.state === 'blocked') next.rouse(queue.first, next.current)
    return
  }
  if (queue.length === 0) return
  const head = queue.first
  if (head.waitingMode === 'shared') {
    for (const task of queue.takeReaders(spec.readerBatch)) next.hand(lock, task)
    return
  }
  const open = spec.optimistic && next.timed && !lock.headIsDue(next.now)
  // rwsem_mark_wake only wakes a writer, promised or not: until it runs nobody has the lock.
  if (open || (next.late && head.state !== 'spinning')) {
    if (head.state === 'blocked') next.rouse(head, next.current)
    return
  }
  next.hand(lock, queue.shift())
}

/** downgrade_write (kernel/locking/rwsem.c): its owner shares it from now on, and readers that are first in line do, too. */
export function downgrade(lock: SimLock, next: NextUp & { readonly sink: SimSink }): void {
  const { current, now, sink } = next
  const at = heldAt(current, lock)
  const { layer } = current.held[at]
  lock.leave(current, at, now)
  sink.lockRelease(current, lock)
  sink.lockAcquire(current, lock, 'shared', false)
  lock.enter(current, { mode: 'shared', layer, since: now })
  lock.granted(0)
  sink.lockAcquired(current, lock)
  if (lock.queue.length === 0 || lock.queue.first.waitingMode !== 'shared') return
  for (const task of lock.queue.takeReaders(lock.spec.readerBatch)) next.hand(lock, task)
}

type Recorded = { readonly seenSpinning: ReadonlySet<string> | 'all' }

/** The locks of a run, numbered, and their classes. */
export class LockTable {
  readonly locks: SimLock[] = []
  readonly #classes = new Map<string, LockClass>()
  readonly #recorded: Recorded | undefined

  /** `recorded`: locks as the machine of a recording has them. */
  constructor(recorded?: Recorded) {
    this.#recorded = recorded
  }

  add(className: string, spec: LockSpec, inode: number): SimLock {
    let of = this.#classes.get(className)
    if (of === undefined) this.#classes.set(className, (of = new LockClass(className, this.#classes.size)))
    const { seenSpinning } = this.#recorded ?? {}
    const seen = seenSpinning === 'all' || seenSpinning?.has(className) === true
    const as = seenSpinning === undefined || spec !== RWSEM ? spec : seen ? RWSEM_SEEN : RWSEM_RECORDED
    const lock = new SimLock({ id: this.locks.length, of, spec: as, inode })
    this.locks.push(lock)
    return lock
  }
}

interface Waiter {
  readonly task: SimTask
  readonly exclusive: boolean
}

/** Of queues nobody has slept on yet. Never pushed to. */
const NO_WAITERS: Waiter[] = []

/** A wait queue: tasks that sleep until somebody wakes them. `exclusive` waiters are woken one at a time. */
export class WaitQueue {
  readonly name: string
  /** Its number as a shared object of a search, -1 none yet. */
  object = -1
  /** Woken and not yet looked again, where the waiter keeps count. */
  woken = 0
  waiters = NO_WAITERS
  /** Those among them that are not exclusive. */
  #together = 0

  constructor(name: string) {
    this.name = name
  }

  /** Its number, which it gets when a search first meets it. */
  objectIn(kernel: { readonly timed: boolean; objects(count: number): number }): number {
    if (this.object === -1 && !kernel.timed) this.object = kernel.objects(1)
    return this.object
  }

  add(task: SimTask, exclusive: boolean): void {
    if (this.waiters === NO_WAITERS) this.waiters = []
    if (!exclusive) this.#together++
    this.waiters.push({ task, exclusive })
  }

  /** Takes out, in order, all that wait non-exclusively and up to `exclusives` that wait exclusively. */
  take(exclusives: number): SimTask[] {
    const { waiters } = this
    const taken: SimTask[] = []
    let left = exclusives
    let stay = 0
    let at = 0
    for (; at < waiters.length && (left > 0 || this.#together > 0); at++) {
      const waiter = waiters[at]
      if (waiter.exclusive && left === 0) {
        waiters[stay++] = waiter
        continue
      }
      if (waiter.exclusive) left--
      else this.#together--
      taken.push(waiter.task)
    }
    if (stay < at) waiters.splice(stay, at - stay)
    return taken
  }
}

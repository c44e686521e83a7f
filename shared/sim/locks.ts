/**
 * Locks of the simulated kernel: one state, several descriptors. A descriptor says who may wait how (spin on the CPU,
 * sleep), whether a newcomer may take a free lock before the queue (stealing), and how readers are let in. The grant
 * rules follow kernel/locking/{mutex,rwsem,qspinlock}.c of 6.x as DOMAIN.md 2.2 sums them up; the kernel (kernel.ts)
 * moves the tasks.
 */

import type { SimTask } from './task.ts'
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
}

export const MUTEX: LockSpec = { kind: 'mutex', sleeps: true, optimistic: true, readerBatch: 0, handoffNs: Infinity }
export const RWSEM: LockSpec = { kind: 'rwsem', sleeps: true, optimistic: true, readerBatch: 256, handoffNs: 4_000_000 }
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

export class SimLock {
  readonly id: number
  readonly className: string
  readonly classNumber: number
  readonly spec: LockSpec
  /** Inode number it belongs to, -1 none. */
  readonly inode: number
  owner: SimTask | undefined
  /** Shared holds. */
  readers = 0
  /** Totals of the run: what the recorder's tables say in detail. */
  acquisitions = 0
  contended = 0
  waitNs: Ns = 0
  holdNs: Ns = 0
  /** Sleeping waiters, first come first. */
  readonly queue: SimTask[] = []
  /** Waiters that keep their CPU, first come first. */
  readonly spinners: SimTask[] = []

  constructor(options: { id: number; className: string; classNumber: number; spec: LockSpec; inode: number }) {
    this.id = options.id
    this.className = options.className
    this.classNumber = options.classNumber
    this.spec = options.spec
    this.inode = options.inode
  }

  get free(): boolean {
    return this.owner === undefined && this.readers === 0
  }

  /** May a newcomer have it now? A queued waiter keeps later readers out (that is what makes a convoy). */
  admits(mode: LockMode): boolean {
    if (this.owner !== undefined) return false
    if (mode === 'shared') return this.queue.length === 0 && this.spinners.length === 0
    if (this.readers > 0) return false
    return this.queue.length === 0 || this.spec.optimistic ? !this.queueHeadInsists() : false
  }

  /** The first sleeper was beaten once: the lock is promised to it. */
  queueHeadInsists(): boolean {
    return this.queue.length > 0 && this.queue[0].beaten
  }

  granted(waited: Ns): void {
    this.acquisitions++
    if (waited === 0) return
    this.contended++
    this.waitNs += waited
  }

  enter(task: SimTask, mode: LockMode): void {
    if (mode === 'exclusive') this.owner = task
    else this.readers++
  }

  leave(task: SimTask): void {
    if (this.owner === task) this.owner = undefined
    else this.readers--
  }

  /** Takes queued readers out of the queue, at most a batch. */
  takeReaders(from: SimTask[]): SimTask[] {
    const taken: SimTask[] = []
    for (let i = 0; i < from.length && taken.length < this.spec.readerBatch;) {
      if (from[i].waitingMode === 'shared') taken.push(...from.splice(i, 1))
      else i++
    }
    return taken
  }
}

/** A wait queue: tasks that sleep until somebody wakes them. `exclusive` waiters are woken one at a time. */
export class WaitQueue {
  readonly name: string
  /** Its number as a shared object of a search, -1 none yet. */
  object = -1
  /** Woken and not yet looked again, where the waiter keeps count. */
  woken = 0
  readonly waiters: { readonly task: SimTask; readonly exclusive: boolean }[] = []

  constructor(name: string) {
    this.name = name
  }
}
